"""What a user's formula computes from: every reference followed to a number of the network or to a constant."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from workbook.inspect.find.headers import kind_of, typed_number
from workbook.inspect.find.network import FAR
from workbook.inspect.find.rates import Rate
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.parser import parse, references
from workbook.spreadsheet.references import LONGEST_CHAIN, Cell, cell_of, row_of
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
    leaves,
    replaced,
)
from workbook.table.updates import ETA

LARGEST_RANGE = 200
BIAS = "it adds a bias, which the audit cannot judge yet"

Signature = tuple[object, ...]


class Resolver:
    """Turns formulas of one table into trees over the network's variables."""

    def __init__(
        self,
        book: Book,
        table: Table,
        rate: Rate | None,
        labelled: Mapping[tuple[str, int, int], str],
        *,
        one_sample: bool,
    ) -> None:
        """Args:
        labelled: our names for labelled cells outside of the table, by (sheet, column, row).
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
                self._found[key] = self._resolved(self.table.sheet, shape, row, row, LONGEST_CHAIN)
            except UnsupportedError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, UnsupportedError):
            raise found
        return found

    def signature(self, shape: Shape, row: int) -> Signature:
        """What decides, besides the shape, which tree a formula in a row of the table is."""
        return self._signature(self.table.sheet, shape, row, row, LONGEST_CHAIN)

    def leaf(self, leaf: Tree, row: int) -> Tree:
        """What one operand of a formula in a row of the table is."""
        return self._leaf(self.table.sheet, leaf, row, row, LONGEST_CHAIN)

    def _resolved(self, sheet: Sheet, shape: Shape, row: int, home: int, left: int) -> Tree:
        if left == 0:
            raise UnsupportedError("it refers to itself, or through too many other cells")
        return replaced(parse(shape.key), lambda leaf: self._leaf(sheet, leaf, row, home, left))

    def _leaf(self, sheet: Sheet, leaf: Tree, row: int, home: int, left: int) -> Tree:
        if isinstance(leaf, Range):
            return self._block(sheet, leaf, row, home, left)
        return self.cell(*self._target(sheet, leaf, row), home, left) if isinstance(leaf, Reference | Name) else leaf

    def _target(self, sheet: Sheet, leaf: Reference | Name, row: int) -> Cell:
        if (target := cell_of(self.book, sheet, leaf, row)) is not None:
            return target
        if isinstance(leaf, Name):
            raise UnsupportedError(f"the name {leaf.text} stands for no cell")
        raise UnsupportedError(f"the sheet {leaf.sheet} is not there")

    def _block(self, sheet: Sheet, cells: Range, row: int, home: int, left: int) -> Tree:
        there, _, _ = self._target(sheet, cells.first, row)
        top, bottom = sorted((row_of(cells.first, row), row_of(cells.last, row)))
        start, end = sorted((cells.first.column, cells.last.column))
        if (bottom - top + 1) * (end - start + 1) > LARGEST_RANGE:
            raise UnsupportedError("it takes a large range")
        places = [(column, at) for at in range(top, bottom + 1) for column in range(start, end + 1)]
        return Operation("block", tuple(self.cell(there, column, at, home, left) for column, at in places))

    def cell(self, sheet: Sheet, column: int, row: int, home: int, left: int = LONGEST_CHAIN) -> Tree:
        """What a cell holds, seen from the row `home` of the table."""
        if (variable := self.variable(sheet, column, row, home)) is not None:
            return variable
        meaning = self.labelled.get((sheet.name, column, row), "")
        if kind_of(meaning) == "bias":
            raise UnsupportedError(BIAS)
        shape = sheet.shape(column, row)
        if shape is not None:
            return self._resolved(sheet, shape, row, home, left - 1)
        value = sheet.value(column, row)
        if value is None:
            return Number(0.0)  # as a spreadsheet reads an empty cell
        number = typed_number(value)
        return Number(math.nan if number is None else number)

    def variable(self, sheet: Sheet, column: int, row: int, home: int) -> Variable | None:
        """The variable of the network that a cell holds, if it is one."""
        rate, place = self.rate, (sheet.name, column, row)
        if rate is not None and rate.cell == place:
            return ETA
        steps = self._steps_on(sheet, row, home)
        if steps is not None:
            if rate is not None and rate.column == column:
                return ETA if rate.value is not None or steps == rate.offset else Variable("eta", FAR)
            if (name := self.names.get(column)) is not None and name != "eta":
                return self._of_column(name, steps)
        name = self.labelled.get(place)
        return Variable(name, 0) if name is not None and name != "eta" and kind_of(name) != "bias" else None

    def _of_column(self, name: str, steps: int) -> Variable:
        if self.one_sample and name[0] in "ti":
            return Variable(name, 0)
        return Variable(name, steps if steps in (0, -1) else FAR)

    def _steps_on(self, sheet: Sheet, row: int, home: int) -> int | None:
        """How many steps a row is below the row `home` of the table; None for what is no row of it."""
        there = self.table.step(row) if sheet is self.table.sheet else None
        return None if there is None else there - (self.table.step(home) or 0)

    def _signature(self, sheet: Sheet, shape: Shape, row: int, home: int, left: int) -> Signature:
        """What besides the shape decides where its references lead from a row."""
        if left == 0:
            return ("too long",)
        marks: list[object] = []
        in_rows = sheet is self.table.sheet and self.table.follows(row)
        for reference in references(shape.key):
            if in_rows and self._leads(sheet, reference) == "moves":
                continue
            if (target := cell_of(self.book, sheet, reference, row)) is not None:
                marks.append(self._mark(*target, home, left))
        return tuple(marks)

    def _mark(self, sheet: Sheet, column: int, row: int, home: int, left: int) -> object:
        if (variable := self.variable(sheet, column, row, home)) is not None:
            return variable
        inner = sheet.shape(column, row)
        if inner is not None:
            steps = self._steps_on(sheet, row, home)
            distance = steps if steps in (-1, 0, 1) and self.table.follows(row) else FAR  # further away all is FAR
            return (distance, inner.key, *self._signature(sheet, inner, row, home, left - 1))
        return (sheet.value(column, row),)

    def uniform(self, shape: Shape) -> bool:
        """Whether a formula leads to the same variables from every row of the table that follows another one."""
        try:
            operands = list(leaves(parse(shape.key)))
        except UnsupportedError:
            return True  # from every row to none
        return all(self._leads(self.table.sheet, leaf) != "varies" for leaf in operands)

    def _leads(self, sheet: Sheet, leaf: Tree) -> Literal["moves", "stays", "varies"]:
        """Where a leaf of a formula leads from the table's rows but the first: with the row, to the same variable of
        each; to the same constant; or to anything else.
        """
        if isinstance(leaf, Range):
            between = range(leaf.first.column, leaf.last.column + 1)
            ways = {self._leads(sheet, replace(end, column=at)) for end in (leaf.first, leaf.last) for at in between}
            return "varies" if "varies" in ways else "moves" if "moves" in ways else "stays"
        target = cell_of(self.book, sheet, leaf, 0)
        if target is None:
            return "stays"
        there, column, row = target
        if not isinstance(leaf, Reference) or leaf.frozen:
            return "stays" if self._is_constant(there, column, row) else "varies"
        of_row = self.names.get(column, "eta") != "eta" or (self.rate is not None and self.rate.column == column)
        return "moves" if there is self.table.sheet and row in (0, -1) and of_row else "varies"

    def _is_constant(self, sheet: Sheet, column: int, row: int) -> bool:
        """Whether a cell is the same to every row: no formula, whose references may move, and no cell of a row."""
        if sheet is self.table.sheet and self.table.step(row) is not None:
            return self.one_sample and kind_of(self.names.get(column, "")) in ("target", "input")
        at = (sheet.name, column, row)
        return sheet.shape(column, row) is None or (self.rate is not None and self.rate.cell == at)
