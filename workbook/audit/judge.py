"""Judging a table cell by cell, each from the numbers of its own row, and each formula by what it means."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from engine import FloatArray
from workbook.audit.causes import Cause, cause_of_formula, cause_of_numbers
from workbook.audit.findings import Finding, Judgement, Unjudged
from workbook.audit.groups import OTHERS_EVERYWHERE, Group, groups
from workbook.audit.headers import kind_of
from workbook.audit.network import FAR, variables
from workbook.audit.numbers import is_counted_up
from workbook.audit.read import ErrorValue
from workbook.audit.resolve import BIAS
from workbook.audit.table_sheet import TableSheet
from workbook.trees import Tree, UnsupportedError

# So many typed numbers in a row of formulas, and the row as a whole was overwritten.
FEWEST_OVERWRITTEN = 3
# A cache that is further off than this is not what its formula gives.
STALE = 1e-6

NO_VALUE = "not judged: its formula has no stored value"


class Judge:
    """Finds what is wrong in one table."""

    def __init__(self, sheet: TableSheet) -> None:
        self.sheet = sheet
        self.table = sheet.table
        self.names = [name for name in sheet.network.columns.names if name in self.table.columns]
        self._right: dict[str, tuple[FloatArray, FloatArray] | None] = {}

    @cached_property
    def judgement(self) -> Judgement:
        """The roots and notes of all columns, and which of them could not be checked."""
        given: list[Finding | Unjudged] = [*self._overwritten_rows]
        for name in self.names:
            if name in self.sheet.network.samples and not self.sheet.one_sample:
                continue
            given += self._column(name)
        return Judgement(
            tuple(one for one in given if isinstance(one, Finding)),
            {one.column: one.why for one in given if isinstance(one, Unjudged)},
        )

    def look_alikes(self) -> list[str]:
        """Losses that stand apart and are right in no row: loss curves of other runs."""
        apart = []
        for name in self.table.detached & set(self.names):
            expected = self._expected(name)
            if expected is not None:
                right, uncertain = expected
                if not np.any(np.abs(self.sheet.numbers.columns[name] - right) <= uncertain):
                    apart.append(name)
        return apart

    def stale(self) -> int:
        """How many formulas have no cached value, or one that they do not give."""
        return sum(self._stale_rows(name, group) for name in self.names for group in self._groups[name] if group.shape)

    def _stale_rows(self, name: str, group: Group) -> int:
        cells = self.table.sheet.values.get(self.table.columns[name], {})
        missing = sum(self.table.first_row + row not in cells for row in group.rows)
        if missing or group.tree is None or any(variable.row == FAR for variable in variables(group.tree)):
            return missing
        given, uncertain = self.sheet.numbers.expected(group.tree, group.rows)
        got = self.sheet.numbers.columns[name][list(group.rows)]
        with np.errstate(all="ignore"):
            return int(np.count_nonzero(np.abs(got - given) > STALE * np.abs(given) + 10 * uncertain))

    def _expected(self, name: str) -> tuple[FloatArray, FloatArray] | None:
        """What a column should be by its own rows, and how uncertain that is; None if that cannot be computed."""
        if name not in self._right:
            tree = self.sheet.network.expected(name)
            self._right[name] = None if tree is None else self.sheet.numbers.expected(tree)
        return self._right[name]

    @cached_property
    def _groups(self) -> dict[str, list[Group]]:
        return {name: list(groups(self.sheet, name)) for name in self.names}

    def _column(self, name: str) -> list[Finding | Unjudged]:
        expected = self._expected(name)
        if expected is None:
            return [Unjudged(name, "a column that it is computed from is missing")]
        right, uncertain = expected
        if name in self.sheet.network.samples:
            # Against the first row: one that is typed over is a slip of its own row alone.
            first = self.sheet.numbers.columns[name][0]
            right, uncertain = np.full_like(right, first), np.full_like(right, abs(first) * 1e-9 + 1e-15)
        checked = _Column(self, name, right, uncertain + self.sheet.numbers.rounded[name])
        return list(checked.findings(self._groups[name]))

    @cached_property
    def overwritten(self) -> dict[int, list[str]]:
        """Rows whose cells are typed numbers in columns that are formulas elsewhere, with those columns."""
        rows: dict[int, list[str]] = {}
        columns = 0
        for name in self.names:
            typed = [row for group in self._groups[name] if group.shape is None for row in group.rows]
            typed = [row for row in typed if row > 0 or name not in self.sheet.network.given]
            if 2 * len(typed) >= self.table.steps:
                continue
            columns += 1
            for row in typed:
                rows.setdefault(row, []).append(name)
        fewest = max(FEWEST_OVERWRITTEN, columns / 2)
        return {row: names for row, names in sorted(rows.items()) if len(names) >= fewest}

    @cached_property
    def _overwritten_rows(self) -> list[Finding]:
        found = []
        for row, names in self.overwritten.items():
            wrong = [name for name in names if self._is_off(name, row)]
            at = self.table.first_row + row
            first = (wrong or names)[0]
            words = f"{len(names)} formulas of row {at} are overwritten with typed numbers, as by the fill handle"
            expected = self.sheet.expected_text(first, at)
            found.append(
                Finding(
                    "root" if wrong else "note", first, self.table.cell(first, at), 1, self.shown(first, row), expected,
                    words + ("" if wrong else "; they have the right values"), None, (at,),
                )
            )  # fmt: skip
        return found

    def _is_off(self, name: str, row: int) -> bool:
        expected = self._expected(name)
        if expected is None:
            return False
        right, uncertain = expected
        return not abs(self.sheet.numbers.columns[name][row] - right[row]) <= uncertain[row]

    def shown(self, name: str, row: int) -> str | None:
        """What stands in a cell: its formula, or its value as it would be typed."""
        column, at = self.table.columns[name], self.table.first_row + row
        shape, value = self.table.sheet.shape(column, at), self.table.sheet.value(column, at)
        if shape is not None:
            return "=" + shape.text(at)
        if isinstance(value, ErrorValue):
            return value.text
        return None if value is None else repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


class _Column:
    """Judges the groups of one column."""

    def __init__(self, judge: Judge, name: str, expected: FloatArray, uncertain: FloatArray) -> None:
        self.judge, self.sheet, self.table, self.name = judge, judge.sheet, judge.table, name
        self.expected, self.uncertain = expected, uncertain
        self.got = judge.sheet.numbers.columns[name]
        with np.errstate(all="ignore"):
            self.off = ~(np.abs(self.got - expected) <= uncertain) & np.isfinite(expected)
        self.given = name in judge.sheet.network.given
        self.sample = name in judge.sheet.network.samples

    def findings(self, groups: list[Group]) -> Iterator[Finding | Unjudged]:
        by_shape: dict[str, list[tuple[Group, Cause]]] = {}
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
            elif self.sheet.right(self.name, group.tree):
                yield from self._shown_errors(group)
            else:
                cause = cause_of_formula(self.sheet, self.name, group.shape, self.table.first_row + rows[0])
                by_shape.setdefault(group.shape.key, []).append((group, cause))
        for members in by_shape.values():
            yield from self._wrong_formula(members)

    def _given_cell(self) -> Iterator[Finding]:
        if self.sheet.unknown(self.name, 0):
            yield self._finding("note", [0], NO_VALUE)
        elif not np.isfinite(self.got[0]):
            yield self._finding("root", [0], f"{self._what(0)}; expected a number")

    def _wrong_formula(self, members: list[tuple[Group, Cause]]) -> Iterator[Finding]:
        """One root for a formula, however many rows it was filled down to and whatever it reads there."""
        for kind in ("root", "note"):
            of_this_kind = [(group, cause) for group, cause in members if cause.kind == kind]
            if not of_this_kind:
                continue
            rows = sorted(row for group, _ in of_this_kind for row in group.rows)
            # A drifting reference tells most where it reads a number of the table, not the text of a header.
            cause = next((cause for group, cause in of_this_kind if rows[0] in group.rows), of_this_kind[0][1])
            yield self._finding("root" if kind == "root" else "note", rows, cause.text)

    def _shown_errors(self, group: Group) -> Iterator[Finding]:
        rows = [row for row in group.rows if not np.isfinite(self.got[row]) and np.isfinite(self.expected[row])]
        rows = [row for row in rows if not self.sheet.unknown(self.name, row)]
        if rows:
            what = self._what(rows[0])
            hint = ": EXP of more than 709 is an error; MIN guards it" if kind_of(self.name) == "activation" else ""
            yield self._finding("root", rows, f"the formula is right, but {what}{hint}")

    def _by_value(self, group: Group, note: str) -> Iterator[Finding | Unjudged]:
        off = [row for row in group.rows if self.off[row] and not self.sheet.unknown(self.name, row)]
        if off:
            yield self._finding("root", off, self._cause_by_value(group, off[0], note))
        unknown = [
            row for row in group.rows if not np.isfinite(self.expected[row]) or self.sheet.unknown(self.name, row)
        ]
        if len(unknown) == len(group.rows):
            yield Unjudged(self.name, note)
        elif unknown:
            yield self._finding("note", unknown, "not judged: its value, or one that it is computed from, is no number")
        yield self._finding("note", list(group.rows), note)

    def _cause_by_value(self, group: Group, row: int, note: str) -> str:
        if group.reason == OTHERS_EVERYWHERE and group.shape is not None:
            try:
                cause = cause_of_formula(self.sheet, self.name, group.shape, self.table.first_row + row)
            except UnsupportedError:
                cause = None
            if cause is not None and cause.kind == "root":
                return cause.text
        return f"the numbers are not what the column should be ({note})"

    def _typed(self, group: Group) -> Iterator[Finding | Unjudged]:
        rows = [row for row in group.rows if self.name not in self.judge.overwritten.get(row, [])]
        holes = [row for row in rows if not np.isfinite(self.got[row])]
        yield from self._not_numbers(holes)
        numbers = [row for row in rows if np.isfinite(self.got[row])]
        unknown = [row for row in numbers if not np.isfinite(self.expected[row])]
        off = [row for row in numbers if self.off[row]]
        whole = 2 * len(group.rows) >= self.table.steps - self.given
        if unknown and whole and len(unknown) == len(numbers):
            yield Unjudged(self.name, "what it is computed from is not known")
        elif unknown:
            yield self._finding("note", unknown, "a typed number, not judged: what it is computed from is no number")
        judged = [row for row in numbers if np.isfinite(self.expected[row])]
        if off:
            yield self._finding("root", off, self._cause_of_typed(off, whole=whole))
        elif judged and not whole and not self.sample:
            yield self._finding("note", judged, "typed over the formula, with the right value")

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

        def test(tree: Tree) -> bool:
            with np.errstate(all="ignore"):
                values, uncertain = self.sheet.numbers.expected(tree)
                return bool(np.all(np.abs(values[rows] - self.got[rows]) <= uncertain[rows]))

        cause = cause_of_numbers(self.sheet, self.name, test, self.table.first_row + rows[0]) if len(rows) > 1 else None
        return "the typed numbers are not what the column should be" + (f": {cause.text}" if cause else "")

    def _what(self, row: int) -> str:
        value = self.table.sheet.value(self.table.columns[self.name], self.table.first_row + row)
        if value is None:
            return "the cell is empty"
        if isinstance(value, ErrorValue):
            return f"the cell shows the error {value.text}"
        return f"the cell holds the text '{value[:30]}'" if isinstance(value, str) else f"the cell holds {value}"

    def _finding(self, kind: str, rows: list[int], cause: str) -> Finding:
        at = self.table.first_row + rows[0]
        return Finding(
            kind="root" if kind == "root" else "note",
            column=self.name,
            cell=self.table.cell(self.name, at),
            rows=len(rows),
            formula=self.judge.shown(self.name, rows[0]),
            expected=self.sheet.expected_text(self.name, at) if not (rows[0] == 0 and self.given) else None,
            cause=cause,
            deviation=self._deviation(rows),
            at=tuple(self.table.first_row + row for row in rows),
        )

    def _deviation(self, rows: list[int]) -> float | None:
        with np.errstate(all="ignore"):
            off = np.abs(self.got[rows] - self.expected[rows])
            share = np.where(off <= self.uncertain[rows], 0.0, off / np.abs(self.expected[rows]))
        known = share[np.isfinite(share)]
        return float(known.max()) if len(known) else None
