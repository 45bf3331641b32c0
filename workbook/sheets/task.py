"""What the exercise asks for: which cells the student fills, and what the sheet says about them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from workbook.table.definitions import definitions
from workbook.table.layout import FIRST_ROW, Layout, letter

LAST_MARK_ROW = 18
JUDGED = "each cell from your other cells: ✓ right, ✗ not yet."
STUCK = "Stuck? The sheet 'hints' unfolds hint by hint."
GRADED = "Write formulas, not numbers. Each cell is graded by your other cells, so one slip costs one cell."


@dataclass(frozen=True)
class Task:
    """What the student fills: in each row of the sheet some columns, in the table's order."""

    layout: Layout

    @cached_property
    def asked(self) -> dict[int, list[str]]:
        """The columns by row.

        The first row has every formula of a pass. The one below it has the update of the weights or, inside a batch,
        that they repeat; then the update is in the first row of the second batch. Of a sequence the last step has
        formulas of its own. Where the samples come round again, targets and inputs refer to their first rows.
        """
        columns, defined = self.layout.columns, definitions(self.layout.columns)
        last = FIRST_ROW + columns.network.time - 1
        whole = [FIRST_ROW, FIRST_ROW + 1, last, FIRST_ROW + columns.method.batch_size]
        again = FIRST_ROW + columns.samples
        asked = {}
        for row in sorted({*whole, again}):
            names = columns.names if row in whole else columns.of("target", "counted", "input")
            asked[row] = [name for name in names if row - FIRST_ROW >= defined[name].typed_in]
        return {row: names for row, names in asked.items() if row <= self.layout.last_row}

    @property
    def total(self) -> int:
        """How many cells."""
        return sum(map(len, self.asked.values()))

    @cached_property
    def mark_rows(self) -> dict[int, int]:
        """The row of marks for each row."""
        return dict(zip(self.asked, range(LAST_MARK_ROW - len(self.asked) + 1, LAST_MARK_ROW + 1), strict=True))

    @property
    def marks(self) -> str:
        """All marks."""
        return f"A{min(self.mark_rows.values())}:{letter(len(self.layout.columns.names) - 1)}{LAST_MARK_ROW}"

    @property
    def worked_out(self) -> list[int]:
        """The rows of the first batch that are given as numbers, since they would be like the one above."""
        end = min(FIRST_ROW + self.layout.columns.method.batch_size, self.layout.last_row + 1)
        return [row for row in range(FIRST_ROW + 2, end) if row not in self.asked]

    def how_to(self, *, exam: bool) -> list[str]:
        """What to do, a line each; an exam has no marks and no hints."""
        return [*self._filling(), GRADED if exam else f"{self._judges} {JUDGED}"]

    def completing(self, *, exam: bool) -> list[str]:
        """What to do once these cells are right, a line each."""
        first, *others = self._copying()
        return [f"Done? {first}", *others] if exam else [f"All ✓? {first}", *others, STUCK]

    def _copying(self) -> list[str]:
        columns, batch = self.layout.columns, self.layout.columns.method.batch_size
        second, last = FIRST_ROW + batch, f"down to row {self.layout.last_row}"
        if columns.samples == 1:
            return [f"Fill row 22 {last}: the loss curve appears."]
        samples = f"Fill t and i of row {FIRST_ROW + columns.samples} {last}."
        if columns.network.time > 1:
            return [
                f"{samples} Give {_span(second + 1, second + batch - 1)} the formulas of the steps that they are:",
                "a first one reads the initial state, nothing flows back to a last one. Then fill all of them down.",
            ]
        if batch == 1:
            return [samples, f"Fill all other cells of row 22 {last}: the loss curve appears."]
        return [
            f"{samples} Copy all other cells of row 22 into {_span(second + 1, second + batch - 1)}.",
            f"Then fill {_span(second, second + batch - 1)}, all but t and i, {last}: the loss curve appears.",
        ]

    @property
    def _judges(self) -> str:
        rows = list(self.asked)
        if self.layout.columns.samples == 1 and len(rows) > 1:
            return f"Row {LAST_MARK_ROW - 1} judges row 21, row {LAST_MARK_ROW} row 22,"
        return f"The rows from {min(self.mark_rows.values())} judge {_listed(rows)},"

    def _filling(self) -> Iterator[str]:
        columns, batch = self.layout.columns, self.layout.columns.method.batch_size
        second, again = FIRST_ROW + batch, FIRST_ROW + columns.samples
        if columns.network.time > 1:
            yield from self._filling_sequences()
        elif batch == 1:
            yield (
                "Fill the empty cells of row 21 with formulas, from left to right, then all of row 22: "
                "there the weights learn."
            )
        else:
            given = {2: "", 3: " Row 23 is given."}.get(
                batch, f" Rows 23 {'and' if batch == 4 else 'to'} {second - 1} are given."
            )
            yield "1. Fill row 21 with formulas, from left to right: the first sample."
            yield f"2. Fill row 22: the next sample. Its weights are still those of row 21.{given}"
            learned = f"There the weights learn, from rows 21 to {second - 1}."
            if second == again:
                yield f"3. Fill row {second}: the first sample again (t and i refer to row 21). {learned}"
            elif again in self.asked:
                yield f"3. Fill row {second}. {learned} Then t and i of row {again}: they refer to row 21."
            else:
                yield f"3. Fill row {second}: the next sample. {learned}"
        if batch == 1 < columns.samples and again in self.asked:
            yield f"Fill t and i of row {again}, where the samples start again: they refer to row 21."

    def _filling_sequences(self) -> Iterator[str]:
        columns = self.layout.columns
        last, second = FIRST_ROW + columns.network.time - 1, FIRST_ROW + columns.method.batch_size
        given = f" {_listed(self.worked_out).capitalize()} {'is' if len(self.worked_out) == 1 else 'are'} given."
        yield "1. Fill row 21 with formulas, from left to right: the first step of a sequence."
        middle = "" if last == FIRST_ROW + 1 else f", which reads row 21; then row {last}, the last step"
        yield f"2. Fill row 22: the next step{middle}.{given * bool(self.worked_out)}"
        yield f"3. What flows back to a step, ∂E/∂h, comes from the row below it; nothing flows back to row {last}."
        yield f"4. Fill row {second}. There the weights learn, from rows 21 to {second - 1}."


def _listed(rows: list[int]) -> str:
    """Rows 21, 22 and 25."""
    words = " and ".join(", ".join(map(str, part)) for part in (rows[:-1], rows[-1:]) if part)
    return f"row{'s' * (len(rows) > 1)} {words}"


def _span(first: int, last: int) -> str:
    return f"row {first}" if first == last else f"rows {first} to {last}"
