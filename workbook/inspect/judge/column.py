"""Judging one column: its numbers, each by the others of its row, and its formulas by what they compute."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from engine import FloatArray
from workbook.inspect.find.headers import kind_of
from workbook.inspect.find.numbers import is_counted_up
from workbook.inspect.find.resolve import BIAS
from workbook.inspect.find.understand import Understood
from workbook.inspect.find.wording import content, expected_text
from workbook.inspect.findings import Finding, Unjudged
from workbook.inspect.judge.cause import UNNAMED, Cause, Causes
from workbook.inspect.judge.groups import OTHERS_EVERYWHERE, Group
from workbook.spreadsheet.book import ErrorValue
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Tree, UnsupportedError

# A column that was filled down in more variants than this holds one fault.
MOST_FAULTS = 5
# So many different formulas of a column are looked into in vain, each for some seconds at most.
MOST_SEARCHES = 2
NO_VALUE = "not judged: its formula has no stored value"


class Outcome(IntEnum):
    """What a cell's number is, by the numbers of its own row."""

    RIGHT = 0
    OFF = 1
    NO_NUMBER = 2
    NO_VALUE = 3
    UNKNOWN = 4


def classify(
    got: FloatArray,
    expected: FloatArray,
    uncertain: FloatArray,
    *,
    typed: NDArray[np.bool_],
    computed: NDArray[np.bool_],
) -> NDArray[np.int_]:
    """The Outcome of each cell of a column.

    Args:
        got: what stands there, nan where that is no number.
        expected: what should, nan where what it is computed from is no number.
        uncertain: how far off it may be.
        typed: where no number has come out of a formula, so that one that is missing is a fault of the cell itself.
        computed: where a value stands at all; a formula may have none.
    """
    with np.errstate(all="ignore"):
        near = np.abs(got - expected) <= uncertain
    number, known = np.isfinite(got), np.isfinite(expected)
    return np.select(
        [~computed, typed & ~number, ~known, ~number, near],
        [Outcome.NO_VALUE, Outcome.NO_NUMBER, Outcome.UNKNOWN, Outcome.NO_NUMBER, Outcome.RIGHT],
        Outcome.OFF,
    )


def finding(
    understood: Understood,
    kind: str,
    name: str,
    at: Sequence[int],
    cause: str,
    *,
    given: bool = False,
    deviation: float | None = None,
) -> Finding:
    """What is to be said about a column in these rows of the sheet; the first is shown.

    Args:
        given: whether a number is expected there, and no formula.
    """
    return Finding(
        kind="root" if kind == "root" else "note",
        column=name,
        cell=understood.table.cell(name, at[0]),
        rows=len(at),
        formula=content(understood, name, at[0]),
        expected=None if given else expected_text(understood, name, at[0]),
        cause=cause,
        deviation=deviation,
        at=tuple(at),
    )


class Column:
    """A column with what it should be.

    Attributes:
        outcomes: the Outcome of each cell.
        overwritten: rows that were overwritten as a whole, which are reported apart.
        named: whether to look for the slip behind typed numbers.
    """

    def __init__(
        self,
        understood: Understood,
        causes: Causes,
        name: str,
        expected: FloatArray,
        uncertain: FloatArray,
        overwritten: Collection[int],
        *,
        named: bool,
    ) -> None:
        self.understood, self.table, self.name = understood, understood.table, name
        self.expected, self.uncertain, self.overwritten = expected, uncertain, overwritten
        self.causes, self.named = causes, named
        self.got = understood.numbers.columns[name]
        self.given = name in understood.network.given
        self.sample = name in understood.network.samples
        shapes = self.table.sheet.shapes.get(self.table.columns[name], {})
        typed = np.array([row not in shapes for row in self.table.at])
        typed[0] |= self.given
        computed = np.ones_like(typed)
        computed[self.table.without_value(name)] = False
        self.outcomes = classify(self.got, expected, uncertain, typed=typed, computed=computed)

    def findings(self, groups: list[Group]) -> Iterator[Finding | Unjudged]:
        """What is to be said about the column, whose cells are in these groups."""
        wrong: list[tuple[Shape, Group]] = []
        for group in groups:
            rows = [row for row in group.rows if not (row == 0 and self.given)]
            if group.rows[0] == 0 and self.given:
                yield from self._given_cell()
            if not rows:
                continue
            group = Group(group.shape, tuple(rows), group.tree, group.reason)
            if group.shape is None:
                yield from self._typed(group)
            elif group.reason == BIAS:
                yield Unjudged(self.name, BIAS)  # its numbers are not those of a network without one
            elif group.tree is None:
                yield from self._by_value(group, f"{group.reason}: judged by its numbers alone")
            elif self.understood.scene.holds(self.name, group.tree):
                yield from self._shown_errors(group)
            else:
                wrong.append((group.shape, group))
        for members in self._few(list(self._alike(wrong))):
            yield from self._wrong_formula(members)

    def _few(self, alike: list[list[tuple[Group, Cause]]]) -> list[list[tuple[Group, Cause]]]:
        """Wrong formulas that are alike; all together where the column holds more slips than anybody makes in one."""
        faults = [members for members in alike if members[0][1].kind == "root"]
        if len(faults) <= MOST_FAULTS:
            return alike
        first = faults[0][0][1]
        words = f"{first.words}; {len(faults) - 1} other slips, or variants of it, are in the column"
        together = [(group, replace(first, words=words)) for members in faults for group, _ in members]
        return [together, *(members for members in alike if members not in faults)]

    def _alike(self, groups: list[tuple[Shape, Group]]) -> Iterable[list[tuple[Group, Cause]]]:
        """Wrong formulas with their causes; together what is filled down, computes the same, or has one cause."""
        found: dict[object, list[tuple[Group, Cause]]] = {}
        causes: dict[Tree | None, Cause] = {}
        searches = 0
        for shape, group in groups:
            cause = causes.get(group.tree)
            if cause is None:
                row = self.table.at[group.rows[0]]
                thorough = searches < MOST_SEARCHES
                cause = self.causes.cause_of_formula(self.understood, self.name, shape, row, thorough=thorough)
                searches += cause.words == UNNAMED
            causes[group.tree] = cause
            keys = [(cause.kind, alike) for alike in (group.tree, shape, cause.words)]
            members = next((found[key] for key in keys if key in found), [])
            members.append((group, cause))
            found |= dict.fromkeys(keys, members)
        return {id(members): members for members in found.values()}.values()

    def _which(self, rows: Collection[int], *outcomes: Outcome) -> list[int]:
        """Those of some rows whose cells have one of some outcomes."""
        at = np.asarray(rows, dtype=int)
        found: list[int] = at[np.isin(self.outcomes[at], outcomes)].tolist()
        return found

    def _given_cell(self) -> Iterator[Finding]:
        if self.outcomes[0] == Outcome.NO_VALUE:
            yield self._finding("note", [0], NO_VALUE)
        elif self.outcomes[0] == Outcome.NO_NUMBER:
            yield self._finding("root", [0], f"{self._what(0)}; expected a number")

    def _wrong_formula(self, members: list[tuple[Group, Cause]]) -> Iterator[Finding]:
        """One finding for a formula, however many rows it was filled down to and whatever it reads there."""
        rows = sorted(row for group, _ in members for row in group.rows)
        # A drifting reference tells most where it reads a number of the table, not the text of a header.
        cause = next((cause for group, cause in members if rows[0] in group.rows), members[0][1])
        if cause.kind != "right":
            yield self._finding(cause.kind, rows, cause.text(self.table.at[rows[0]]))

    def _shown_errors(self, group: Group) -> Iterator[Finding]:
        if rows := self._which(group.rows, Outcome.NO_NUMBER):
            hint = ": EXP of more than 709 is an error; MIN guards it" if kind_of(self.name) == "activation" else ""
            yield self._finding("root", rows, f"the formula is right, but {self._what(rows[0])}{hint}")

    def _by_value(self, group: Group, note: str) -> Iterator[Finding | Unjudged]:
        if off := self._which(group.rows, Outcome.OFF, Outcome.NO_NUMBER):
            yield self._finding("root", off, self._cause_by_value(group, off[0], note))
        unknown = self._which(group.rows, Outcome.UNKNOWN, Outcome.NO_VALUE)
        if len(unknown) == len(group.rows):
            yield Unjudged(self.name, note)
        elif unknown:
            yield self._finding("note", unknown, "not judged: its value, or one that it is computed from, is no number")
        yield self._finding("note", list(group.rows), note)

    def _cause_by_value(self, group: Group, row: int, note: str) -> str:
        if group.reason == OTHERS_EVERYWHERE and group.shape is not None:
            try:
                cause = self.causes.cause_of_formula(self.understood, self.name, group.shape, self.table.at[row])
            except UnsupportedError:
                cause = None
            if cause is not None and cause.kind == "root":
                return cause.text(self.table.at[row])
        return f"the numbers are not what the column should be ({note})"

    def _typed(self, group: Group) -> Iterator[Finding | Unjudged]:
        rows = [row for row in group.rows if row not in self.overwritten]
        yield from self._not_numbers(self._which(rows, Outcome.NO_NUMBER))
        unknown, off, right = (self._which(rows, one) for one in (Outcome.UNKNOWN, Outcome.OFF, Outcome.RIGHT))
        whole = 2 * len(group.rows) >= self.table.steps - self.given
        if unknown and whole and not off and not right:
            yield Unjudged(self.name, "what it is computed from is not known")
        elif unknown:
            yield self._finding("note", unknown, "a typed number, not judged: what it is computed from is no number")
        if off:
            yield self._finding("root", off, self._cause_of_typed(off, whole=whole))
        elif right and not whole and not self.sample:
            yield self._finding("note", right, "typed over the formula, with the right value")

    def _not_numbers(self, rows: list[int]) -> Iterator[Finding]:
        kinds: dict[str, list[int]] = {}
        for row in rows:
            kinds.setdefault(self._what(row), []).append(row)
        for what, members in kinds.items():
            yield self._finding("root", members, f"{what}; expected a number")

    def _cause_of_typed(self, rows: list[int], *, whole: bool) -> str:
        value, expected = self.got[rows[0]], self.expected[rows[0]]
        if self.sample:
            if is_counted_up(self.got):
                return "the fill handle has counted it up; it should stay the same in every row"
            return f"{value:.10g} is typed here; {self.name} is {expected:.10g} in the first row"
        if not whole:
            rounded = abs(value - expected) <= 1e-3 * abs(expected)
            return f"{value:.10g} is typed over the formula" + (": a rounded number" if rounded else "")
        cause = self.causes.cause_of_numbers(self.understood, self.name, rows) if self.named and len(rows) > 1 else None
        what = f": {cause.text(self.table.at[rows[0]])}" if cause else ""
        return f"the typed numbers are not what the column should be{what}"

    def _what(self, row: int) -> str:
        value = self.table.sheet.value(self.table.columns[self.name], self.table.at[row])
        if value is None:
            return "the cell is empty"
        if isinstance(value, ErrorValue):
            return f"the cell shows the error {value.text}"
        return f"the cell holds the text '{value[:30]}'" if isinstance(value, str) else f"the cell holds {value}"

    def _finding(self, kind: str, rows: list[int], cause: str) -> Finding:
        at, given = [self.table.at[row] for row in rows], rows[0] == 0 and self.given
        return finding(self.understood, kind, self.name, at, cause, given=given, deviation=self._deviation(rows))

    def _deviation(self, rows: list[int]) -> float | None:
        with np.errstate(all="ignore"):
            off = np.abs(self.got[rows] - self.expected[rows])
            share = np.where(off <= self.uncertain[rows], 0.0, off / np.abs(self.expected[rows]))
        known = share[np.isfinite(share)]
        return float(known.max()) if len(known) else None
