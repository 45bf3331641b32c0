"""A table with anybody's headers as it comes before the judge, and whether it is what it was taken for."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from engine.columns import activation_name
from workbook.inspect.find.case import Case, Group, partly_filled
from workbook.inspect.find.groups import groups
from workbook.inspect.find.headers import GIVEN, kind_of
from workbook.inspect.find.network import variables
from workbook.inspect.find.numbers import Expected
from workbook.inspect.find.understand import Understood
from workbook.inspect.find.wording import expected_text
from workbook.spreadsheet.letters import letters_of
from workbook.spreadsheet.shapes import REFERENCE
from workbook.spreadsheet.trees import Operation, Variable

FEWEST_UNRELATED = 3


class UnderstoodCase(Case):
    """Such a table, taken for one of a plain network."""

    gives_numbers = False
    needs_values = True  # so that what a slip costs can be told

    def __init__(self, understood: Understood) -> None:
        self.understood, self.network = understood, understood.network
        self.book, self.table, self.numbers = understood.book, understood.table, understood.numbers
        self.names = [name for name in self.network.columns.names if name in self.table.columns]
        self.samples = self.network.samples
        unlike = () if understood.one_sample else self.samples
        self.judged = [name for name in self.names if name not in unlike]
        rate = understood.rate
        self.rate = (None, None) if rate is None else (rate.value, rate.text)

    @property
    def asked(self) -> list[str]:
        """Of the weights, whose first row is given, only where there is a second row to compute."""
        second = self.table.steps > 1 or self._is_read(self.table.last_row + 1)
        given = self.samples if second else self.network.given
        return [name for name in (*self.names, *self.table.empty) if name not in given]

    def given_rows(self, name: str) -> Sequence[int]:
        """The first row of weights and samples."""
        there = self.table.steps - self.table.ends_early(name)
        return range(min(there, name in self.network.given))

    def _grouped(self, name: str) -> Iterator[Group]:
        """As for a Case."""
        return groups(self.understood, name)

    def unjudgeable(self, name: str) -> str | None:
        """As for a Case."""
        if name in self.unrelated:
            return "it follows in no row from the row above, as if these were no steps of one training"
        return "a column that it is computed from is missing" if self.network.expected(name) is None else None

    def holds(self, name: str, group: Group) -> bool:
        """As for a Case."""
        return group.tree is not None and self.understood.scene.holds(name, group.tree)

    def expected(self, name: str, rows: Sequence[int]) -> Expected | None:
        """As for a Case: a sample as in the first row, since one that is typed over is a slip of its own row."""
        tree = self.network.expected(name)
        if tree is None:
            return None
        if name not in self.samples:
            return self.numbers.expected_of(name, tree, rows)
        first = np.full(len(rows), self.numbers.columns[name][0])
        return first, np.abs(first) * 1e-9 + 1e-15

    def expected_text(self, name: str, row: int) -> str | None:
        """As for a Case."""
        return expected_text(self.understood, name, self.table.at[row])

    @property
    def lacking(self) -> list[str]:
        """Columns that no present column's check covers, or a second row to fill."""
        covered = set(self.network.known)
        pending = [name for name in self.names if self.network.expected(name) is not None]
        while pending:
            name = pending.pop()
            known = self.table.steps > 1 or name not in self.network.given
            for leaf in variables(self.network.definitions[name].tree) if known else []:
                if leaf.name in self.network.definitions and leaf.name not in covered:
                    covered.add(leaf.name)
                    pending.append(leaf.name)
        missing = [name for name in self.network.columns.names if name not in covered]
        lines = [f"no column for {', '.join(missing)}: not checked"] if missing else []
        if self.table.steps == 1 and self._is_read(self.table.last_row + 1):
            lines.append(f"row {self.table.last_row + 1} is empty, but formulas read it: the update is not checked")
        return lines + [self._partly_filled] * self._is_begun

    @property
    def _is_begun(self) -> bool:
        """Whether the last row holds more than the weights that the row above leads to, and not all of a step."""
        begun = (name for name in self.table.columns if not self.table.ends_early(name))
        return self.table.rows.partial and any(kind_of(name) not in {*GIVEN, "weight", "bias"} for name in begun)

    @property
    def _partly_filled(self) -> str:
        empty = [name for name in self.table.columns if self.table.ends_early(name)]
        return partly_filled(self.table.last_row, empty)

    def _is_read(self, row: int) -> bool:
        """Whether a formula outside of the table names a cell of its columns in a row, as an exercise's marks do."""
        columns = {letters_of(column) for column in self.table.columns.values()}
        return any(
            match[4] == str(row) and match[2].upper() in columns
            for shapes in self.table.sheet.shapes.values()
            for at, shape in shapes.items()
            if self.table.step(at) is None
            for match in REFERENCE.finditer(shape.text(at))
            if match[2]
        )

    @property
    def begun(self) -> set[str]:
        """As for a Case: such a table counts as it stands."""
        return set()

    @property
    def remarks(self) -> list[str]:
        """As for a Case."""
        rate = self.understood.rate
        told = [self.network.variant] if self.network.variant else []
        told += [f"learning rate: {rate.note}"] if rate is not None and rate.note else []
        if not self.understood.one_sample:
            told.append(
                "targets and inputs change from row to row, as if every row were another sample: they are not judged"
            )
        return told + [self._partly_filled] * (self.table.rows.partial and not self._is_begun)

    @cached_property
    def unrelated(self) -> list[str]:
        """Typed weights, without gradients, of which none follows from the row above in any row."""
        weights = [name for name in self.names if name in self.network.given and name not in self.samples]
        gradients = [name for name in self.names if kind_of(name) == "gradient"]
        typed = set(weights) <= set(self.table.typed)
        if gradients or not typed or self.table.steps < FEWEST_UNRELATED:
            return []
        rows = range(1, self.table.steps)
        return weights if all(self.off(name, rows).all() for name in weights) else []

    def look_alikes(self) -> list[str]:
        """Losses that stand apart and are right in no row: loss curves of other runs."""
        rows = range(self.table.steps)
        apart = [name for name in self.table.detached if name in self.names and self._is_known(name)]
        apart = [name for name in apart if self.off(name, rows).all()]
        return apart + [name for name in self.network.columns.loss_names if self._is_error(name)]

    def _is_known(self, name: str) -> bool:
        return self.network.expected(name) is not None

    def _is_error(self, name: str) -> bool:
        """Whether a column that is headed `error 1` holds the error itself, target less output, and no loss."""
        if name not in self.names or "err" not in str(self.table.header(name)).casefold():
            return False
        columns = self.network.columns
        index = columns.loss_names.index(name)
        target, output = columns.target_names[index], activation_name(columns.neuron_names(columns.depth - 1)[index])
        error = Operation("-", (Variable(target, 0), Variable(output, 0)))
        trees = [group.tree for group in self.groups(name)]
        return all(
            tree is not None
            and any(self.understood.scene.same(tree, sign) for sign in (error, Operation("neg", (error,))))
            for tree in trees
        )

    def is_doubled(self) -> bool:
        """Whether most losses and most gradients are twice what they should be in the first row."""
        for kind in ("loss", "gradient"):
            names = [name for name in self.names if kind_of(name) == kind and self._is_known(name)]
            if 2 * sum(map(self._is_twice, names)) <= len(names):
                return False
        return True

    def _is_twice(self, name: str) -> bool:
        expected = self.expected(name, [0])
        if expected is None:
            return False
        due, uncertain = (float(numbers[0]) for numbers in expected)
        return due != 0 and abs(self.numbers.columns[name][0] - 2 * due) <= 3 * uncertain
