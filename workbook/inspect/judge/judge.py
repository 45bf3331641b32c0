"""Judging a table cell by cell, each from the numbers beside it, and each formula by what it means."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from workbook.inspect.find.case import Case
from workbook.inspect.findings import Finding, Judgement, Unjudged
from workbook.inspect.judge.cause import Causes
from workbook.inspect.judge.column import Column, finding
from workbook.spreadsheet.trees import Tree

# So many typed numbers in a row of formulas, and the row as a whole was overwritten.
FEWEST_OVERWRITTEN = 3
# To look for the slip in a column of typed numbers takes a good part of a second; so many are looked into.
MOST_NAMED = 8
# A cache that is further off than this is not what its formula gives.
STALE = 1e-6


class Judge:
    """Finds what is wrong in one table."""

    def __init__(self, case: Case, causes: Causes) -> None:
        self.case, self.causes, self.table = case, causes, case.table

    @cached_property
    def judgement(self) -> Judgement:
        """The roots and notes of all columns, and which of them could not be checked."""
        given: list[Finding | Unjudged] = [*self._overwritten_rows, *self._frozen_rows]
        for name in self.case.judged:
            given += self._column(name)
        unjudged = {one.column: one.why for one in given if isinstance(one, Unjudged)}
        return Judgement(
            tuple(one for one in given if isinstance(one, Finding)),
            unjudged,
            tuple(name for name in self.case.judged if name not in unjudged),
        )

    @property
    def is_log(self) -> bool:
        """Whether its rows are no steps of one training, but the results of several, say."""
        return not self.judgement.checked or bool(self.case.unrelated)

    def _column(self, name: str) -> list[Finding | Unjudged]:
        if (why := self.case.unjudgeable(name)) is not None:
            return [Unjudged(name, why)]
        apart = {row for row, names in self.overwritten.items() if name in names} | set(self._frozen)
        return list(Column(self.case, self.causes, name, apart, named=name not in self._too_many).findings())

    @cached_property
    def _too_many(self) -> list[str]:
        """Columns of typed numbers that are off, but for the first few: to look for the slip takes a while in each."""
        typed = [name for name in self.case.judged if not any(group.shape for group in self.case.groups(name))]
        off = [name for name in typed if self.case.off(name, range(1, self.table.steps)).any()]
        return off[MOST_NAMED:]

    def stale(self) -> int:
        """How many formulas have no cached value, or one that they do not give, where that matters."""
        if not self.case.needs_values:
            return 0
        return sum(self._stale_rows(name) for name in self.case.names)

    def _stale_rows(self, name: str) -> int:
        missing = self.table.without_value(name)
        followed = (
            (group.tree, group.rows)
            for group in self.case.groups(name)
            if not missing or set(missing).isdisjoint(group.rows)
        )
        return len(missing) + sum(self._differing(name, tree, rows) for tree, rows in followed if tree is not None)

    def _differing(self, name: str, tree: Tree, rows: Sequence[int]) -> int:
        """In how many rows a formula gives another number than the cached one."""
        numbers = self.case.numbers
        got = numbers.columns[name][list(rows)]
        with np.errstate(all="ignore"):
            given = numbers.given(tree, rows)
            if not np.any(np.abs(got - given) > STALE * np.abs(given)):
                return 0  # and no need to know how uncertain it is, which takes a while
            _, uncertain = numbers.expected(tree, rows)
            return int(np.count_nonzero(np.abs(got - given) > STALE * np.abs(given) + 10 * uncertain))

    @cached_property
    def _frozen(self) -> list[int]:
        """Rows of typed numbers at the end that just repeat the row above, where that one would go on learning."""
        names = [name for name in self.case.names if name not in self.case.samples]
        columns = [self.case.numbers.columns[name] for name in names]
        shapes = [self.table.sheet.shapes.get(self.table.columns[name], {}) for name in names]
        row = self.table.steps - 1
        while (
            row > 0
            and not any(self.table.at[row] in cells for cells in shapes)
            and all(values[row] == values[row - 1] for values in columns)
        ):
            row -= 1
        rows = list(range(row + 1, self.table.steps))
        return rows if any(self._off(names, row) for row in rows[:1]) else []

    @cached_property
    def _frozen_rows(self) -> list[Finding]:
        if not self._frozen:
            return []
        first = self._off(self.case.names, self._frozen[0])[0]
        above = self.table.at[self._frozen[0] - 1]
        cause = f"frozen: from here on the rows repeat the numbers of row {above}"
        return [finding(self.case, "root", first, self._frozen, cause)]

    @cached_property
    def overwritten(self) -> dict[int, list[str]]:
        """Rows whose cells are typed numbers in columns that are formulas elsewhere, with those columns."""
        rows: dict[int, list[str]] = {}
        columns = 0
        for name in self.case.names:
            typed = [row for group in self.case.groups(name) if group.shape is None for row in group.rows]
            typed = [row for row in typed if row not in self._frozen]
            if 2 * len(typed) >= self.table.steps:
                continue
            columns += 1
            for row in typed:
                rows.setdefault(row, []).append(name)
        fewest = max(FEWEST_OVERWRITTEN, columns / 2)
        return {row: names for row, names in sorted(rows.items()) if len(names) >= fewest}

    @cached_property
    def _overwritten_rows(self) -> list[Finding]:
        empty = self.case.empty_rows
        found = (self._overwritten_row(row, names) for row, names in self.overwritten.items() if row not in empty)
        return [one for one in found if one.kind == "root" or not self.case.gives_numbers]

    def _overwritten_row(self, row: int, names: list[str]) -> Finding:
        wrong = self._off(names, row)
        where = f"{len(names)} formulas of row {self.table.at[row]}"
        words = f"{where} are overwritten with typed numbers, as by the fill handle"
        cause = words + ("" if wrong else "; they have the right values")
        return finding(self.case, "root" if wrong else "note", (wrong or names)[0], [row], cause)

    def _off(self, names: Sequence[str], row: int) -> list[str]:
        """Those whose cells in a row are not what they should be."""
        return [name for name in names if self.case.off(name, [row])[0]]
