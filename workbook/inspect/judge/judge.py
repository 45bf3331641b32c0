"""Judging a table cell by cell, each from the numbers of its own row, and each formula by what it means."""

from functools import cached_property

import numpy as np

from engine import FloatArray
from engine.columns import activation_name
from workbook.inspect.find.headers import kind_of
from workbook.inspect.find.network import FAR, variables
from workbook.inspect.find.understand import Understood
from workbook.inspect.findings import Finding, Judgement, Unjudged
from workbook.inspect.judge.cause import Causes
from workbook.inspect.judge.column import Column, finding
from workbook.inspect.judge.groups import Group, groups
from workbook.spreadsheet.trees import Operation, Variable

# So many typed numbers in a row of formulas, and the row as a whole was overwritten.
FEWEST_OVERWRITTEN = 3
# To look for the slip in a column of typed numbers takes a good part of a second; so many are looked into.
MOST_NAMED = 8
FEWEST_UNRELATED = 3
# A cache that is further off than this is not what its formula gives.
STALE = 1e-6


class Judge:
    """Finds what is wrong in one table."""

    def __init__(self, understood: Understood, causes: Causes) -> None:
        self.understood, self.causes = understood, causes
        self.table = understood.table
        self.names = [name for name in understood.network.columns.names if name in self.table.columns]
        self._right: dict[str, tuple[FloatArray, FloatArray] | None] = {}

    @cached_property
    def judgement(self) -> Judgement:
        """The roots and notes of all columns, and which of them could not be checked."""
        given: list[Finding | Unjudged] = [*self._overwritten_rows, *self._frozen_rows]
        for name in self._judged:
            given += self._column(name)
        unjudged = {one.column: one.why for one in given if isinstance(one, Unjudged)}
        return Judgement(
            tuple(one for one in given if isinstance(one, Finding)),
            unjudged,
            tuple(name for name in self._judged if name not in unjudged),
        )

    @cached_property
    def is_log(self) -> bool:
        """Whether its rows are no steps of one training, but the results of several, say."""
        return not self.judgement.checked or bool(self._unrelated)

    @cached_property
    def _unrelated(self) -> list[str]:
        """Typed weights, without gradients, of which none follows from the row above in any row."""
        network = self.understood.network
        weights = [name for name in self.names if name in network.given and name not in network.samples]
        gradients = [name for name in self.names if kind_of(name) == "gradient"]
        formulas = any(group.shape is not None for name in weights for group in self._groups[name])
        if gradients or formulas or self.table.steps < FEWEST_UNRELATED:
            return []
        follows = any(not self._is_off(name, row) for name in weights for row in range(1, self.table.steps))
        return [] if follows else weights

    @property
    def _judged(self) -> list[str]:
        samples = () if self.understood.one_sample else self.understood.network.samples
        return [name for name in self.names if name not in samples]

    def look_alikes(self) -> list[str]:
        """Losses that stand apart and are right in no row: loss curves of other runs."""
        apart = []
        for name in self.table.detached & set(self.names):
            expected = self._expected(name)
            if expected is not None:
                right, uncertain = expected
                if not np.any(np.abs(self.understood.numbers.columns[name] - right) <= uncertain):
                    apart.append(name)
        return apart + [name for name in self.understood.network.columns.loss_names if self._is_error(name)]

    def _is_error(self, name: str) -> bool:
        """Whether a column that is headed `error 1` holds the error itself, target less output, and no loss."""
        if name not in self.names or "err" not in str(self.table.header(name)).casefold():
            return False
        columns = self.understood.network.columns
        place = columns.loss_names.index(name)
        target, output = columns.target_names[place], activation_name(columns.neuron_names(columns.depth - 1)[place])
        error = Operation("-", (Variable(target, 0), Variable(output, 0)))
        trees = [group.tree for group in self._groups[name]]
        return all(
            tree is not None
            and any(self.understood.scene.same(tree, sign) for sign in (error, Operation("neg", (error,))))
            for tree in trees
        )

    def is_doubled(self) -> bool:
        """Whether most losses and most gradients are twice what they should be in the first row."""
        for kind in ("loss", "gradient"):
            names = [name for name in self.names if kind_of(name) == kind and self._expected(name) is not None]
            if 2 * sum(map(self._is_twice, names)) <= len(names):
                return False
        return True

    def _is_twice(self, name: str) -> bool:
        expected = self._expected(name)
        if expected is None:
            return False
        right, uncertain = (float(numbers[0]) for numbers in expected)
        return right != 0 and abs(self.understood.numbers.columns[name][0] - 2 * right) <= 3 * uncertain

    def stale(self) -> int:
        """How many formulas have no cached value, or one that they do not give."""
        return sum(self._stale_rows(name, group) for name in self.names for group in self._groups[name] if group.shape)

    def _stale_rows(self, name: str, group: Group) -> int:
        cells = self.table.sheet.values.get(self.table.columns[name], {})
        missing = sum(self.table.at[row] not in cells for row in group.rows)
        if missing or group.tree is None or any(variable.row == FAR for variable in variables(group.tree)):
            return missing
        numbers = self.understood.numbers
        got = numbers.columns[name][list(group.rows)]
        with np.errstate(all="ignore"):
            given = numbers.given(group.tree, group.rows)
            if not np.any(np.abs(got - given) > STALE * np.abs(given)):
                return 0  # and no need to know how uncertain it is, which takes a while
            _, uncertain = numbers.expected(group.tree, group.rows)
            return int(np.count_nonzero(np.abs(got - given) > STALE * np.abs(given) + 10 * uncertain))

    def _expected(self, name: str) -> tuple[FloatArray, FloatArray] | None:
        """What a column should be by its own rows, and how uncertain that is; None if that cannot be computed."""
        if name not in self._right:
            tree, numbers = self.understood.network.expected(name), self.understood.numbers
            if tree is None:
                self._right[name] = None
            else:
                right, uncertain = numbers.expected(tree)
                self._right[name] = right, uncertain + numbers.rounded[name]
        return self._right[name]

    @cached_property
    def _groups(self) -> dict[str, list[Group]]:
        return {name: list(groups(self.understood, name)) for name in self.names}

    def _column(self, name: str) -> list[Finding | Unjudged]:
        expected = self._expected(name)
        if name in self._unrelated:
            return [
                Unjudged(name, "it follows in no row from the row above, as if these were no steps of one training")
            ]
        if expected is None:
            return [Unjudged(name, "a column that it is computed from is missing")]
        right, uncertain = expected
        if name in self.understood.network.samples:
            # Against the first row: one that is typed over is a slip of its own row alone.
            first = self.understood.numbers.columns[name][0]
            right, uncertain = np.full_like(right, first), np.full_like(right, abs(first) * 1e-9 + 1e-15)
        apart = {row for row, names in self.overwritten.items() if name in names} | set(self._frozen)
        column = Column(self.understood, self.causes, name, right, uncertain, apart, named=name not in self._too_many)
        return list(column.findings(self._groups[name]))

    @cached_property
    def _too_many(self) -> list[str]:
        """Columns of typed numbers that are off, but for the first few: to look for the slip takes a while in each."""
        typed = [name for name in self._judged if not any(group.shape for group in self._groups[name])]
        off = [name for name in typed if any(self._is_off(name, row) for row in range(1, self.table.steps))]
        return off[MOST_NAMED:]

    @cached_property
    def _frozen(self) -> list[int]:
        """Rows of typed numbers at the end that just repeat the row above, where that one would go on learning."""
        names = [name for name in self.names if name not in self.understood.network.samples]
        columns = [self.understood.numbers.columns[name] for name in names]
        shapes = [self.table.sheet.shapes.get(self.table.columns[name], {}) for name in names]
        row = self.table.steps - 1
        while (
            row > 0
            and not any(self.table.at[row] in cells for cells in shapes)
            and all(values[row] == values[row - 1] for values in columns)
        ):
            row -= 1
        rows = list(range(row + 1, self.table.steps))
        return rows if any(self._is_off(name, row) for name in names for row in rows[:1]) else []

    @cached_property
    def _frozen_rows(self) -> list[Finding]:
        if not self._frozen:
            return []
        rows = [self.table.at[row] for row in self._frozen]
        first = next(name for name in self.names if self._is_off(name, self._frozen[0]))
        cause = f"frozen: from here on the rows repeat the numbers of row {self.table.above(rows[0])}"
        return [finding(self.understood, "root", first, rows, cause)]

    @cached_property
    def overwritten(self) -> dict[int, list[str]]:
        """Rows whose cells are typed numbers in columns that are formulas elsewhere, with those columns."""
        rows: dict[int, list[str]] = {}
        columns = 0
        for name in self.names:
            typed = [row for group in self._groups[name] if group.shape is None for row in group.rows]
            typed = [row for row in typed if row > 0 or name not in self.understood.network.given]
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
        rows = [row for row in self.overwritten if self.table.at[row] not in self.empty_rows]
        return [self._overwritten_row(row, self.overwritten[row]) for row in rows]

    @cached_property
    def empty_rows(self) -> list[int]:
        """The rows of the sheet in which nothing stands, and which the next row is computed from all the same."""
        places, sheet = self.table.columns.values(), self.table.sheet
        return [row for row in self.table.at if not any(sheet.holds(column, row) for column in places)]

    def _overwritten_row(self, row: int, names: list[str]) -> Finding:
        wrong = [name for name in names if self._is_off(name, row)]
        at = self.table.at[row]
        first = (wrong or names)[0]
        words = f"{len(names)} formulas of row {at} are overwritten with typed numbers, as by the fill handle"
        cause = words + ("" if wrong else "; they have the right values")
        return finding(self.understood, "root" if wrong else "note", first, [at], cause)

    def _is_off(self, name: str, row: int) -> bool:
        expected = self._expected(name)
        if expected is None:
            return False
        right, uncertain = expected
        return not abs(self.understood.numbers.columns[name][row] - right[row]) <= uncertain[row]
