"""What a user's formula computes from: every reference followed to a number of the network or to a constant."""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Literal

from workbook.inspect.find.headers import kind_of, typed_number
from workbook.inspect.find.network import FAR
from workbook.inspect.find.rates import Rate
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.book import Book
from workbook.spreadsheet.parser import parse
from workbook.spreadsheet.references import (
    LONGEST_CHAIN,
    cell_of,
    corners,
    definition_of,
    followed,
    meaning,
    row_of,
    without_names,
)
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import (
    Name,
    Number,
    Operation,
    Range,
    Reference,
    Text,
    Tree,
    UnsupportedError,
    Variable,
    leaves,
    replaced,
)
from workbook.table.updates import ETA

LARGEST_RANGE = 200
BIAS = "it adds a bias, which the audit cannot judge yet"

Signature = tuple[object, ...]
Way = Literal["moves", "stays", "varies"]


class Resolver:
    """Turns formulas of one table into trees over the network's variables."""

    def __init__(
        self,
        book: Book,
        table: Table,
        rate: Rate | None,
        labelled: Mapping[Address, str],
        *,
        one_sample: bool,
    ) -> None:
        """Args:
        labelled: our names for labelled cells outside of the table.
        one_sample: whether all rows have the same targets and inputs.
        """
        self.book, self.table, self.rate, self.labelled = book, table, rate, labelled
        self.one_sample = one_sample
        self.names = {column: name for name, column in table.columns.items()}
        self._found: dict[Signature, Tree | UnsupportedError] = {}

    def tree(self, shape: Shape, row: int) -> Tree:
        """What a formula in a row of the table computes.

        Raises:
            UnsupportedError: it cannot be followed; the message says why.
        """
        key = (shape.key, *self.signature(shape, row))
        if key not in self._found:
            try:
                self._found[key] = self._resolved(self._home(row), shape, row, LONGEST_CHAIN)
            except UnsupportedError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, UnsupportedError):
            raise found
        return found

    def signature(self, shape: Shape, row: int) -> Signature:
        """What decides, besides the shape, which tree a formula in a row of the table is."""
        return self._signature(self._home(row), shape, row, LONGEST_CHAIN)

    def leaf(self, leaf: Tree, row: int) -> Tree:
        """What one operand of a formula in a row of the table is."""
        return self._leaf(self._home(row), leaf, row, LONGEST_CHAIN)

    def _home(self, row: int) -> Address:
        """A cell in a row of the table, from which references are followed: their rows are relative to it, their
        columns are not.
        """
        return Address(self.table.sheet.name, row, 1)

    def _resolved(self, address: Address, shape: Shape, row: int, left: int) -> Tree:
        """What the formula in a cell computes, seen from a row of the table."""
        if left == 0:
            raise UnsupportedError("it refers to itself, or through too many other cells")
        return replaced(parse(shape.key), lambda leaf: self._leaf(address, leaf, row, left))

    def _leaf(self, address: Address, leaf: Tree, row: int, left: int) -> Tree:
        if isinstance(leaf, Range):
            return self._block(address, leaf, row, left)
        if isinstance(leaf, Reference):
            return self.cell(self._target(address, leaf), row, left)
        if isinstance(leaf, Name):
            return self._named(address, leaf, row, left)
        if isinstance(leaf, Text):
            raise UnsupportedError("it works with texts")
        return leaf

    def _named(self, address: Address, name: Name, row: int, left: int) -> Tree:
        if self.rate is not None and self.rate.name == definition_of(self.book, name, address.sheet):
            return ETA
        without_names(self.book, name, address.sheet)  # raises where names refer to each other
        tree = meaning(self.book, name, address.sheet)
        return replaced(tree, lambda inner: self._leaf(address, inner, row, left))

    def _target(self, address: Address, leaf: Reference) -> Address:
        if (target := cell_of(self.book, leaf, address)) is not None:
            return target
        raise UnsupportedError(f"the sheet {leaf.sheet} is not there")

    def _block(self, address: Address, cells: Range, row: int, left: int) -> Tree:
        sheet = self._target(address, cells.first).sheet
        top, bottom = sorted((row_of(cells.first, address.row), row_of(cells.last, address.row)))
        start, end = sorted((cells.first.column, cells.last.column))
        if (bottom - top + 1) * (end - start + 1) > LARGEST_RANGE:
            raise UnsupportedError("it takes a large range")
        area = Area(sheet, top, start, bottom, end)
        return Operation("block", tuple(self.cell(inner, row, left) for inner in area.addresses()))

    def cell(self, address: Address, row: int, left: int = LONGEST_CHAIN) -> Tree:
        """What a cell holds, seen from a row of the table."""
        if (variable := self.variable(address, row)) is not None:
            return variable
        meaning = self.labelled.get(address, "")
        if kind_of(meaning) == "bias":
            raise UnsupportedError(BIAS)
        shape = self.book.shape(address)
        if shape is not None:
            return self._resolved(address, shape, row, left - 1)
        value = self.book.value(address)
        if value is None:
            return Number(0.0)  # as a spreadsheet reads an empty cell
        number = typed_number(value)
        return Number(math.nan if number is None else number)

    def variable(self, address: Address, row: int) -> Variable | None:
        """The variable of the network that a cell holds, seen from a row of the table; None if it holds none."""
        rate, column = self.rate, address.column
        if rate is not None and rate.cell == address:
            return ETA
        steps = self._steps_on(address, row)
        if steps is not None:
            if rate is not None and rate.column == column:
                return ETA if rate.value is not None or steps == rate.offset else Variable("eta", FAR)
            if (name := self.names.get(column)) is not None and name != "eta":
                return self._of_column(name, steps)
        name = self.labelled.get(address)
        return Variable(name, 0) if name is not None and name != "eta" and kind_of(name) != "bias" else None

    def _of_column(self, name: str, steps: int) -> Variable:
        if self.one_sample and name[0] in "ti":
            return Variable(name, 0)
        return Variable(name, steps if steps in (0, -1) else FAR)

    def _steps_on(self, address: Address, row: int) -> int | None:
        """How many steps a cell stands below a row of the table; None for what stands in no row of it."""
        there = self.table.step(address.row) if self._is_beside(address) else None
        return None if there is None else there - (self.table.step(row) or 0)

    def _is_beside(self, address: Address) -> bool:
        """Whether a cell stands on the table's sheet."""
        return address.sheet == self.table.sheet.name

    def _signature(self, address: Address, shape: Shape, row: int, left: int) -> Signature:
        """What besides the shape decides where the references of the formula in a cell lead."""
        if left == 0:
            return ("too long",)
        marks: list[object] = []
        in_rows = self._is_beside(address) and self.table.follows(address.row)
        for reference in corners(self.book, shape.key, address.sheet):
            if in_rows and self._leads(reference) == "moves":
                continue
            if (target := cell_of(self.book, reference, address)) is not None:
                marks.append(self._mark(target, row, left))
        return tuple(marks)

    def _mark(self, address: Address, row: int, left: int) -> object:
        if (variable := self.variable(address, row)) is not None:
            return variable
        inner = self.book.shape(address)
        if inner is not None:
            steps, follows = self._steps_on(address, row), self.table.follows(address.row)
            distance = steps if steps in (-1, 0, 1) and follows else FAR  # further away all is FAR
            return (distance, inner.key, *self._signature(address, inner, row, left - 1))
        return (self.book.value(address),)

    def uniform(self, shape: Shape) -> bool:
        """Whether a formula leads to the same variables from every row of the table that follows another one."""
        try:
            operands = list(leaves(parse(shape.key)))
        except UnsupportedError:
            return True  # from every row to none
        return all(self._leads(leaf) != "varies" for leaf in operands)

    def _leads(self, leaf: Tree) -> Way:
        """Where a leaf of a formula leads from the table's rows but the first: with the row, to the same variable of
        each; to the same constant; or to anything else.
        """
        leaf = followed(self.book, leaf, self.table.sheet.name)
        if isinstance(leaf, Operation):
            return _of_all({self._leads(inner) for inner in leaves(leaf)})
        if isinstance(leaf, Range):
            between = range(leaf.first.column, leaf.last.column + 1)
            return _of_all({self._leads(replace(end, column=at)) for end in (leaf.first, leaf.last) for at in between})
        target = cell_of(self.book, leaf, self._home(0))
        if target is None:
            return "stays"
        if not isinstance(leaf, Reference) or leaf.frozen:
            return "stays" if self._is_constant(target) else "varies"
        rate, column = self.rate, target.column
        of_row = self.names.get(column, "eta") != "eta" or (rate is not None and rate.column == column)
        return "moves" if self._is_beside(target) and target.row in (0, -1) and of_row else "varies"

    def _is_constant(self, address: Address) -> bool:
        """Whether a cell is the same to every row: no formula, whose references may move, and no cell of a row."""
        if self._is_beside(address) and self.table.step(address.row) is not None:
            return self.one_sample and kind_of(self.names.get(address.column, "")) in ("target", "input")
        is_rate = self.rate is not None and self.rate.cell == address
        return is_rate or self.book.shape(address) is None


def _of_all(ways: Collection[Way]) -> Way:
    return "varies" if "varies" in ways else "moves" if "moves" in ways else "stays"
