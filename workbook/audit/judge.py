"""Judging a table cell by cell, each from the numbers of its own row, and each formula by what it means."""

from functools import cached_property

import numpy as np

from engine import FloatArray
from workbook.audit.column import Column
from workbook.audit.findings import Finding, Judgement, Unjudged
from workbook.audit.groups import Group, groups
from workbook.audit.network import FAR, variables
from workbook.audit.understand import Understood
from workbook.audit.wording import content, expected_text

# So many typed numbers in a row of formulas, and the row as a whole was overwritten.
FEWEST_OVERWRITTEN = 3
# A cache that is further off than this is not what its formula gives.
STALE = 1e-6


class Judge:
    """Finds what is wrong in one table."""

    def __init__(self, understood: Understood) -> None:
        self.understood = understood
        self.table = understood.table
        self.names = [name for name in understood.network.columns.names if name in self.table.columns]
        self._right: dict[str, tuple[FloatArray, FloatArray] | None] = {}

    @cached_property
    def judgement(self) -> Judgement:
        """The roots and notes of all columns, and which of them could not be checked."""
        given: list[Finding | Unjudged] = [*self._overwritten_rows]
        for name in self.names:
            if name in self.understood.network.samples and not self.understood.one_sample:
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
                if not np.any(np.abs(self.understood.numbers.columns[name] - right) <= uncertain):
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
        given, uncertain = self.understood.numbers.expected(group.tree, group.rows)
        got = self.understood.numbers.columns[name][list(group.rows)]
        with np.errstate(all="ignore"):
            return int(np.count_nonzero(np.abs(got - given) > STALE * np.abs(given) + 10 * uncertain))

    def _expected(self, name: str) -> tuple[FloatArray, FloatArray] | None:
        """What a column should be by its own rows, and how uncertain that is; None if that cannot be computed."""
        if name not in self._right:
            tree = self.understood.network.expected(name)
            self._right[name] = None if tree is None else self.understood.numbers.expected(tree)
        return self._right[name]

    @cached_property
    def _groups(self) -> dict[str, list[Group]]:
        return {name: list(groups(self.understood, name)) for name in self.names}

    def _column(self, name: str) -> list[Finding | Unjudged]:
        expected = self._expected(name)
        if expected is None:
            return [Unjudged(name, "a column that it is computed from is missing")]
        right, uncertain = expected
        if name in self.understood.network.samples:
            # Against the first row: one that is typed over is a slip of its own row alone.
            first = self.understood.numbers.columns[name][0]
            right, uncertain = np.full_like(right, first), np.full_like(right, abs(first) * 1e-9 + 1e-15)
        overwritten = [row for row, names in self.overwritten.items() if name in names]
        column = Column(
            self.understood, name, right, uncertain + self.understood.numbers.rounded[name], frozenset(overwritten)
        )
        return list(column.findings(self._groups[name]))

    @cached_property
    def overwritten(self) -> dict[int, list[str]]:
        """Rows whose cells are typed numbers in columns that are formulas elsewhere, with those columns."""
        rows: dict[int, list[str]] = {}
        columns = 0
        for name in self.names:
            typed = [row for group in self._groups[name] if group.shape is None for row in group.rows]
            typed = [row for row in typed if row > 0 or name not in self.understood.network.given]
            if 2 * len(typed) >= self.table.steps:
                continue
            columns += 1
            for row in typed:
                rows.setdefault(row, []).append(name)
        fewest = max(FEWEST_OVERWRITTEN, columns / 2)
        return {row: names for row, names in sorted(rows.items()) if len(names) >= fewest}

    @cached_property
    def _overwritten_rows(self) -> list[Finding]:
        return [self._overwritten_row(row, names) for row, names in self.overwritten.items()]

    def _overwritten_row(self, row: int, names: list[str]) -> Finding:
        wrong = [name for name in names if self._is_off(name, row)]
        at = self.table.first_row + row
        first = (wrong or names)[0]
        words = f"{len(names)} formulas of row {at} are overwritten with typed numbers, as by the fill handle"
        return Finding(
            kind="root" if wrong else "note",
            column=first,
            cell=self.table.cell(first, at),
            rows=1,
            formula=content(self.understood, first, at),
            expected=expected_text(self.understood, first, at),
            cause=words + ("" if wrong else "; they have the right values"),
            at=(at,),
        )

    def _is_off(self, name: str, row: int) -> bool:
        expected = self._expected(name)
        if expected is None:
            return False
        right, uncertain = expected
        return not abs(self.understood.numbers.columns[name][row] - right[row]) <= uncertain[row]
