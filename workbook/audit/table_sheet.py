"""One table with all that is needed to judge it: network, learning rate, numbers, and the user's own addresses."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from openpyxl.utils import get_column_letter

from engine import FloatArray
from workbook.audit.headers import kind_of
from workbook.audit.network import Network, same
from workbook.audit.numbers import Numbers, one_sample
from workbook.audit.rates import Rate, named_cell
from workbook.audit.read import Book, ErrorValue, Sheet
from workbook.audit.resolve import Resolver, row_of
from workbook.audit.shapes import Shape
from workbook.audit.tables import Label, Table
from workbook.definitions import ETA
from workbook.trees import (
    Leaf,
    Name,
    Number,
    Range,
    Reference,
    Tree,
    UnsupportedError,
    Value,
    Variable,
    evaluate,
    leaves,
    parse,
    pieces,
    printed,
)


class TableSheet:
    """A table, understood."""

    def __init__(
        self, book: Book, table: Table, sizes: tuple[int, ...], rate: Rate | None, labels: Sequence[Label]
    ) -> None:
        self.book, self.table, self.rate = book, table, rate
        bare = Network(sizes, frozenset())
        self.labelled = {
            label.name: label
            for label in labels
            if label.name in bare.samples and label.name not in table.columns and label.value is not None
        }
        self.network = Network(sizes, frozenset(table.columns) | frozenset(self.labelled))
        values = {name: label.value for name, label in self.labelled.items() if label.value is not None}
        self.numbers = Numbers(table, self.network, rate, values)
        self.one_sample = one_sample(self.numbers.columns, self.network.samples)
        meant = [label for label in labels if kind_of(label.name) == "bias"] + list(self.labelled.values())
        cells = {(table.sheet.name, label.column, label.row): label.name for label in meant}
        self.resolver = Resolver(book, table, rate, cells, one_sample=self.one_sample)

    @cached_property
    def scene(self) -> dict[Variable, FloatArray]:
        """Random rows of a right table."""
        rate = self.rate
        typed = rate is not None and rate.cell is None and rate.column is None
        return self.network.scene(same_samples=self.one_sample, rate=rate.value if rate is not None and typed else None)

    @cached_property
    def _right(self) -> dict[str, Value]:
        return {name: evaluate(column.tree, self.scene) for name, column in self.network.definitions.items()}

    def right(self, name: str, tree: Tree) -> bool:
        """Whether a tree computes what a column should be, in every right table."""
        return same(self.evaluated(tree), self._right[name])

    def same(self, tree: Tree, other: Tree) -> bool:
        """Whether two trees compute the same in every right table."""
        return same(self.evaluated(tree), self.evaluated(other))

    def evaluated(self, tree: Tree) -> Value:
        """A tree's value in the random rows."""
        return evaluate(tree, self.scene)

    def always(self, variable: Variable, number: float) -> bool:
        """Whether a variable is this number in every row: typed in its place, it changes nothing."""
        values = self.numbers.of(variable)
        known = values[np.isfinite(values)]
        return len(known) > 0 and bool(np.all(np.abs(known - number) <= 1e-9 * abs(number)))

    def unknown(self, name: str, row: int) -> bool:
        """Whether a formula stands in a row, from 0, whose value nobody has computed."""
        cell = (self.table.columns[name], self.table.first_row + row)
        return self.table.sheet.value(*cell) is None and self.table.sheet.shape(*cell) is not None

    def uniform(self, shape: Shape) -> bool:
        """Whether a formula leads to the same variables from every row of the table but the first."""
        return all(self._leads_alike(leaf) for leaf in _leaves(shape))

    def _leads_alike(self, leaf: Tree) -> bool:
        if isinstance(leaf, Range):
            columns = range(leaf.first.column, leaf.last.column + 1)
            corners = (leaf.first, leaf.last)
            return all(self._leads_alike(replace(corner, column=at)) for corner in corners for at in columns)
        if isinstance(leaf, Name):
            target = named_cell(self.book, self.table.sheet, leaf.text)
            return target is None or self._is_constant(*target)
        if not isinstance(leaf, Reference):
            return True
        there = self.table.sheet if leaf.sheet is None else self.book.sheet(leaf.sheet)
        if there is None:
            return True
        if leaf.frozen:
            return self._is_constant(there, leaf.column, leaf.row)
        beside = self.rate is not None and self.rate.column == leaf.column
        in_table = beside or self.resolver.names.get(leaf.column, "eta") != "eta"
        return there is self.table.sheet and leaf.row in (0, -1) and in_table

    def _is_constant(self, sheet: Sheet, column: int, row: int) -> bool:
        """Whether a cell is the same to every row: no formula, whose references may move, and no cell of a row."""
        if sheet is self.table.sheet and self.table.first_row <= row <= self.table.last_row:
            return self.one_sample and self.resolver.names.get(column, "") in self.network.samples
        at = (sheet.name, column, row)
        return sheet.shape(column, row) is None or (self.rate is not None and self.rate.cell == at)

    # How things are called in the user's own cells.

    def place(self, variable: Variable, row: int) -> str:
        """Where a variable stands, seen from a row: L21."""
        if variable.name == "eta":
            return self.rate_text(row)
        if variable.name in self.labelled:
            label = self.labelled[variable.name]
            return f"${get_column_letter(label.column)}${label.row}"
        if variable.name not in self.table.columns:
            return variable.name
        return self.table.cell(variable.name, row + max(variable.row, -1))

    def rate_text(self, row: int) -> str:
        """How an update in a row should refer to the learning rate."""
        if self.rate is None:
            return "eta"
        return self.rate.text if self.rate.column is None else f"{self.rate.text}{row + self.rate.offset}"

    def shown(self, tree: Tree, row: int) -> str:
        """What is expected, with its place: a_h2 (L21)."""
        if isinstance(tree, Number):
            return f"{tree.value:g}"
        if tree == ETA:
            return f"the learning rate ({self.rate_text(row)})"
        if isinstance(tree, Variable):
            return f"{tree.name} ({self.place(tree, row)})"
        return self.spelled_tree(tree, row)

    def expected_text(self, name: str, row: int) -> str | None:
        """The right formula of a cell, ready to paste."""
        tree = self.network.expected(name)
        if tree is None:
            return None
        return "=" + printed(tree, lambda leaf: self.rate_text(row) if leaf == ETA else self.place(leaf, row))

    def spelled(self, leaf: Reference, row: int) -> str:
        """A reference as it stands in a row's formula."""
        dollars = ("$" if leaf.dollar else "", "$" if leaf.frozen else "")
        return f"{dollars[0]}{get_column_letter(leaf.column)}{dollars[1]}{row_of(leaf, row)}"

    def spelled_tree(self, tree: Tree, row: int) -> str:
        """A tree in the user's cells."""

        def text(piece: str | Leaf) -> str:
            if isinstance(piece, Variable):
                return self.place(piece, row)
            if isinstance(piece, Number):
                return f"{piece.value:.10g}"
            return piece if isinstance(piece, str) else "?"

        return "".join(map(text, pieces(tree, spaced=False)))

    def described(self, sheet: str | None, column: int, row: int) -> str:
        """What a cell is, in words: w3, the text 'w3', an error, empty."""
        there = self.table.sheet if sheet is None else self.book.sheet(sheet)
        if there is None:
            return "nothing"
        variable = self.resolver.variable(there, column, row, row)
        if isinstance(variable, Variable):
            return "the learning rate" if variable == ETA else variable.name
        value = there.value(column, row)
        if isinstance(value, ErrorValue):
            return f"the error {value.text}"
        if value is None:
            return "nothing"
        return f"the text '{value[:30]}'" if isinstance(value, str) else f"{value:.10g}"


def _leaves(shape: Shape) -> list[Tree]:
    try:
        return list(leaves(parse(shape.key)))
    except UnsupportedError:
        return [Name("unsupported")]
