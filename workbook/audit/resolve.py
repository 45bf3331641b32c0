"""What a user's formula computes from: every reference followed to a number of the network or to a constant."""

import math
from collections.abc import Mapping

from workbook.audit.headers import kind_of
from workbook.audit.network import FAR
from workbook.audit.rates import Rate, named_cell
from workbook.audit.read import Book, Sheet
from workbook.audit.shapes import Shape
from workbook.audit.tables import Table
from workbook.definitions import ETA
from workbook.trees import (
    Name,
    Number,
    Operation,
    Range,
    Reference,
    Tree,
    UnsupportedError,
    Variable,
    parse,
    references,
    replaced,
)

LONGEST_CHAIN = 12
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
        if isinstance(leaf, Reference):
            there = self._sheet(sheet, leaf)
            return self.cell(there, leaf.column, row_of(leaf, row), home, left)
        if isinstance(leaf, Range):
            return self._block(sheet, leaf, row, home, left)
        if isinstance(leaf, Name):
            target = named_cell(self.book, sheet, leaf.text)
            if target is None:
                raise UnsupportedError(f"the name {leaf.text} stands for no cell")
            return self.cell(*target, home, left)
        return leaf

    def _sheet(self, sheet: Sheet, reference: Reference) -> Sheet:
        there = sheet if reference.sheet is None else self.book.sheet(reference.sheet)
        if there is None:
            raise UnsupportedError(f"the sheet {reference.sheet} is not there")
        return there

    def _block(self, sheet: Sheet, cells: Range, row: int, home: int, left: int) -> Tree:
        there = self._sheet(sheet, cells.first)
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
        return Number(value if isinstance(value, float) else math.nan)

    def variable(self, sheet: Sheet, column: int, row: int, home: int) -> Variable | None:
        """The variable of the network that a cell holds, if it is one."""
        rate, place = self.rate, (sheet.name, column, row)
        if rate is not None and rate.cell == place:
            return ETA
        if sheet is self.table.sheet and self.table.first_row <= row <= self.table.last_row:
            if rate is not None and rate.column == column:
                return ETA if rate.value is not None or row - home == rate.offset else Variable("eta", FAR)
            if (name := self.names.get(column)) is not None and name != "eta":
                return self._of_column(name, row, home)
        name = self.labelled.get(place)
        return Variable(name, 0) if name is not None and name != "eta" and kind_of(name) != "bias" else None

    def _of_column(self, name: str, row: int, home: int) -> Variable:
        if self.one_sample and name[0] in "ti":
            return Variable(name, 0)
        return Variable(name, row - home if row - home in (0, -1) else FAR)

    def _signature(self, sheet: Sheet, shape: Shape, row: int, home: int, left: int) -> Signature:
        """What besides the shape decides where its references lead from a row."""
        if left == 0:
            return ("too long",)
        marks: list[object] = []
        for reference in references(shape.key):
            if isinstance(reference, Name):
                if (target := named_cell(self.book, sheet, reference.text)) is not None:
                    marks.append(self._mark(*target, home, left))
                continue
            if sheet is self.table.sheet and reference.sheet is None and self._stays(reference, row):
                continue
            there = sheet if reference.sheet is None else self.book.sheet(reference.sheet)
            if there is None:
                continue
            marks.append(self._mark(there, reference.column, row_of(reference, row), home, left))
        return tuple(marks)

    def _stays(self, reference: Reference, row: int) -> bool:
        """Whether a reference leads to the same variable from every row of the table but the first."""
        neighbour = not reference.frozen and reference.row in (0, -1)
        return neighbour and reference.column in self.names and self.table.first_row < row <= self.table.last_row

    def _mark(self, sheet: Sheet, column: int, row: int, home: int, left: int) -> object:
        if (variable := self.variable(sheet, column, row, home)) is not None:
            return variable
        inner = sheet.shape(column, row)
        if inner is not None:
            in_rows = sheet is self.table.sheet and self.table.first_row < row <= self.table.last_row
            distance = row - home if in_rows and abs(row - home) <= 1 else FAR  # from further away all is FAR
            return (distance, inner.key, *self._signature(sheet, inner, row, home, left - 1))
        return (sheet.value(column, row),)


def row_of(reference: Reference, row: int) -> int:
    """The row that a reference in a formula of a row leads to."""
    return reference.row if reference.frozen else row + reference.row
