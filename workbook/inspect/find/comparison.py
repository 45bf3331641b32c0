"""The formulas of a table with our headers against the definitions of its columns, by what both compute."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np

from engine import FloatArray
from workbook.inspect.find.case import Group
from workbook.inspect.find.draws import Draws
from workbook.inspect.find.headed import Headed
from workbook.inspect.find.numbers import Expected
from workbook.inspect.find.scene import equal
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.evaluator import Value, evaluate
from workbook.spreadsheet.parser import parse
from workbook.spreadsheet.references import cell_of, followed
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import (
    Name,
    Number,
    Operation,
    Range,
    Reference,
    Tree,
    UnsupportedError,
    Variable,
    replaced,
)
from workbook.table.definitions import definitions

LARGEST_RANGE = 200


class Comparison:
    """Compares a table with the network and the method that it is taken for."""

    def __init__(self, headed: Headed) -> None:
        self.headed, self.columns = headed, headed.columns
        self.defined = definitions(self.columns)
        self.draws = Draws(self.columns, self.defined)
        self._offsets: dict[Shape, tuple[int, ...]] = {}
        self.names_at = {column: name for name, column in headed.sheet_columns.items()}
        self.constants_at = {cell: name for name, cell in headed.constants.items()}
        if self.columns.method.schedule != "constant" and "eta" in headed.constants:
            self.constants_at[headed.constants["eta"]] = "eta_0"

    def asked(self, names: Sequence[str]) -> int:
        """How many cells of some columns are computed."""
        return sum(max(len(self.headed.rows) - self.defined[name].typed_in, 0) for name in names)

    def matches(self, names: Sequence[str]) -> float:
        """How many cells of some columns hold what they should: by their formulas, or else by their numbers."""
        found = 0.0
        for name in names:
            for group in self.groups(name):
                if group.tree is not None:
                    found += len(group.rows) * self.holds(name, group)
                else:
                    off = self.headed.numbers.off(name, group.rows, self.expected(name, group.rows))
                    found += np.count_nonzero(~off)
        return found

    def holds(self, name: str, group: Group) -> bool:
        """Whether the formula of a group computes what the column should be in its place of the batch."""
        return group.tree is not None and self.same(group.tree, self.defined[name].tree_of(group.rows[0]))

    def same(self, tree: Tree, other: Tree) -> bool:
        """Whether two trees compute the same in every table of this kind."""
        mine, theirs = self._values(tree), self._values(other)
        return mine is not None and theirs is not None and equal(mine, theirs)

    def ratio(self, tree: Tree, other: Tree) -> FloatArray | None:
        """One tree divided by another, in every draw; None where one can't be computed."""
        mine, theirs = self._values(tree), self._values(other)
        if mine is None or theirs is None:
            return None
        with np.errstate(all="ignore"):
            return np.atleast_1d(np.asarray(mine / theirs))

    def groups(self, name: str) -> list[Group]:
        """The computed cells of a column: those with one formula in one place of their batch together."""
        definition = self.defined[name]
        found: dict[tuple[Shape, int, tuple[object, ...]] | None, list[int]] = defaultdict(list)
        shapes = self.headed.sheet.shapes.get(self.headed.sheet_columns[name], {})
        for number, row in enumerate(self.headed.rows):
            if number >= definition.typed_in:
                shape = shapes.get(row)
                if shape is None:
                    found[None].append(number)
                else:
                    found[shape, number % len(definition.trees), self._outside(shape, row)].append(number)
        groups = [self._group(tuple(rows), None if key is None else key[0]) for key, rows in found.items()]
        return [group for group in groups if not group.reason] + _together([group for group in groups if group.reason])

    def _group(self, rows: tuple[int, ...], shape: Shape | None) -> Group:
        if shape is None:
            return Group(None, rows)
        try:
            tree = self.tree(shape, self.headed.rows[rows[0]])
            with suppress(KeyError):  # what is not drawn, the place in a batch
                evaluate(tree, self.draws)  # a function that is not supported shows here
        except UnsupportedError as error:
            return Group(shape, rows, reason=str(error))
        return Group(shape, rows, tree)

    def _values(self, tree: Tree) -> Value | None:
        """A tree's value in every draw; None where it has none, or reads what is not drawn."""
        try:
            return evaluate(tree, self.draws)
        except (UnsupportedError, KeyError):
            return None

    def _outside(self, shape: Shape, row: int) -> tuple[object, ...]:
        """Where a formula's references lead that leave the table's rows from this one."""
        if shape not in self._offsets:
            self._offsets[shape] = _row_offsets(shape)
        offsets, rows = self._offsets[shape], self.headed.rows
        if not offsets or (row + min(offsets) in rows and row + max(offsets) in rows):
            return ()
        return tuple(row + offset for offset in offsets if row + offset not in rows)

    def tree(self, shape: Shape, row: int) -> Tree:
        """What a formula in a row of the sheet computes, over the table's variables.

        Raises:
            UnsupportedError: it uses what is not supported.
        """

        def change(leaf: Tree) -> Tree:
            if isinstance(leaf, Name):
                return self._named(leaf, row)
            if isinstance(leaf, Reference):
                return self._cell(leaf, row)
            if isinstance(leaf, Range):
                return self._block(leaf, row)
            return leaf

        return replaced(parse(shape.key), change)

    def _named(self, leaf: Name, row: int) -> Tree:
        book, sheet = self.headed.book, self.headed.sheet.name
        if isinstance(cells := followed(book, leaf, sheet), Range):
            return self._block(cells, row)
        target = cell_of(book, leaf, Address(sheet, row, 1))
        if target is None:
            raise UnsupportedError(f"the name {leaf.text} stands for no cell")
        return self._cell(Reference(target.sheet, target.column, target.row, frozen=True), row)

    def _cell(self, leaf: Reference, row: int) -> Tree:
        at = leaf.row if leaf.frozen else row + leaf.row
        if leaf.sheet is not None and leaf.sheet != self.headed.sheet.name:
            raise UnsupportedError(f"it refers to the sheet {leaf.sheet}")
        if (constant := self.constants_at.get(Address(self.headed.sheet.name, at, leaf.column))) is not None:
            return Variable(constant, 0)
        if (name := self.names_at.get(leaf.column)) is not None and at in self.headed.rows:
            if leaf.frozen:
                raise UnsupportedError(f"it refers to {self.headed.cell(name, at)} from every row")
            return Variable(name, leaf.row)
        value = self.headed.sheet.value(at, leaf.column)
        return Number(value if isinstance(value, float) else 0.0 if value is None else np.nan)

    def _block(self, cells: Range, row: int) -> Tree:
        first, last = cells.first, cells.last
        if first.frozen or last.frozen or first.column != last.column or last.row - first.row > LARGEST_RANGE:
            raise UnsupportedError("it takes a range that is no column of rows nearby")
        rows = range(first.row, last.row + 1)
        return Operation(
            "block", tuple(self._cell(Reference(first.sheet, first.column, at, frozen=False), row) for at in rows)
        )

    def expected(self, name: str, rows: Sequence[int]) -> Expected:
        """What a column should be in some rows by the numbers around them, and how uncertain that is."""
        at, trees = np.asarray(rows, dtype=int), self.defined[name].trees
        found = np.zeros((2, len(at)))
        for index, tree in enumerate(trees):
            if (here := at % len(trees) == index).any():
                found[:, here] = self.headed.numbers.expected_of(name, tree, at[here].tolist())
        return found[0], found[1]


def _together(groups: Sequence[Group]) -> list[Group]:
    """Those that cannot be followed for one reason as one group."""
    found: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        found[group.reason].append(group)
    return [
        Group(alike[0].shape, tuple(sorted(row for group in alike for row in group.rows)), reason=reason)
        for reason, alike in found.items()
    ]


def _row_offsets(shape: Shape) -> tuple[int, ...]:
    """How far below its own row a formula's references lead; none where it cannot be read."""
    try:
        return tuple(leaf.row for leaf in _references(parse(shape.key)) if not leaf.frozen)
    except UnsupportedError:
        return ()


def _references(tree: Tree) -> Iterator[Reference]:
    if isinstance(tree, Operation):
        for operand in tree.operands:
            yield from _references(operand)
    elif isinstance(tree, Reference):
        yield tree
    elif isinstance(tree, Range):
        yield from (tree.first, tree.last)
