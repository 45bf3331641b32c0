"""The cells of a workbook as arrays of values, and its formulas with what they read."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from workbook.spreadsheet.areas import Address, Area, area_at, bare_text, quoted
from workbook.spreadsheet.arrays import Array
from workbook.spreadsheet.book import Book, ErrorValue, Sheet
from workbook.spreadsheet.references import CONSTANTS, area_of, check_direct, meaning, moves_with_its_row, references_of
from workbook.spreadsheet.shapes import Shape, shape_of
from workbook.spreadsheet.trees import Name, Range, Reference, Tree, UnsupportedError

# Formulas that the user typed on the command line stand on a sheet of their own, one a row.
TYPED = "="


@dataclass(frozen=True)
class Formula:
    """A formula.

    Attributes:
        area: the cells that it fills: one, but for array formulas.
        home: the cell that its references are relative to.
        array: whether it computes with whole arrays, as array formulas do.
    """

    area: Area
    home: Address
    shape: Shape
    array: bool

    @cached_property
    def text(self) -> str:
        """The formula as it stands in the cell, without its `=`."""
        return self.shape.text(self.home.row)

    @property
    def tree(self) -> Tree:
        """The formula parsed.

        Raises:
            UnsupportedError: it uses what is not supported.
        """
        return self.shape.parsed.tree

    @property
    def kind(self) -> str:
        """The operation that is done last; "" if there is none, or if that cannot be told."""
        try:
            return self.shape.parsed.kind
        except UnsupportedError:
            return ""


class Cells:
    """Values and formulas of a book by their cells, with those that were typed on the command line."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.sheets = {sheet.name: sheet for sheet in book.sheets}
        self._typed: list[tuple[Formula, Array]] = []
        self._changed: set[tuple[str, int]] = set()  # the columns of a copy whose values it no longer shares
        self._reads: dict[Area, list[Area]] = {}
        self._formulas: dict[Address, Formula | None] = {}
        self._inside: dict[Area, list[Address]] = {}
        self._reads_of: dict[tuple[str, str], list[tuple[Area, bool]] | None] = {}
        self._owners = {sheet.name: _owners(sheet) for sheet in book.sheets}

    def copied(self) -> "Cells":
        """The same cells, whose values can be changed without changing these; what is not changed is shared."""
        sheets = [replace(sheet, values=dict(sheet.values)) for sheet in self.book.sheets]
        other = copy(self)
        other.book = replace(self.book, sheets=sheets)
        other.sheets = {sheet.name: sheet for sheet in sheets}
        other._typed = list(self._typed)
        other._changed = set()
        return other

    def put(self, area: Area, value: Array) -> None:
        """Change the values of some cells of a copy; nan stands for an error."""
        if area.sheet == TYPED:
            for at in range(area.top - 1, area.bottom):
                self._typed[at] = (self._typed[at][0], value)
            return
        values = self.sheets[area.sheet].values
        for (row, column), cell in np.ndenumerate(value):
            if (area.sheet, area.left + column) not in self._changed:
                self._changed.add((area.sheet, area.left + column))
                values[area.left + column] = dict(values.get(area.left + column, {}))
            held = ErrorValue("#NUM!") if isinstance(cell, float) and np.isnan(cell) else cell
            held = float(held) if isinstance(held, np.floating | np.bool_) else held
            values[area.left + column][area.top + row] = held

    def formula(self, address: Address) -> Formula | None:
        """The formula that fills a cell; None if there is none."""
        if address.sheet == TYPED:
            return self._typed[address.row - 1][0]
        if address not in self._formulas:
            self._formulas[address] = self._formula(address)
        return self._formulas[address]

    def _formula(self, address: Address) -> Formula | None:
        sheet, row, column = address
        area = self._owners[sheet].get(column, {}).get(row)
        row, column = (row, column) if area is None else (area.top, area.left)
        shape = self.sheets[sheet].shape(row, column)
        if shape is None or not shape.key:
            return None
        home = Address(sheet, row, column)
        return Formula(area or area_at(home), home, shape, array=area is not None)

    def formulas_in(self, area: Area) -> Sequence[Address]:
        """The first cells of the formulas that fill some of these cells; an array's may come more than once."""
        if area.sheet == TYPED:
            return [area.first]
        if area.size == 1 and not self._owners[area.sheet]:
            return [area.first] if area.top in self.sheets[area.sheet].shapes.get(area.left, {}) else []
        found = self._inside.get(area)
        if found is None:
            found = self._inside[area] = list(self._formulas_in(area))
        return found

    def _formulas_in(self, area: Area) -> Iterator[Address]:
        shapes, owners = self.sheets[area.sheet].shapes, self._owners[area.sheet]
        for column in range(area.left, area.right + 1):
            for row in _within(shapes.get(column, {}), area.top, area.bottom):
                yield Address(area.sheet, row, column)
            members = owners.get(column, {})
            for row in _within(members, area.top, area.bottom):
                yield members[row].first

    def value(self, area: Area) -> Array:
        """The values that stand in the sheet."""
        if area.sheet == TYPED:
            formula, value = self._typed[area.top - 1]
            return value[area.top - formula.area.top : area.bottom + 1 - formula.area.top, area.left - 1 : area.right]
        columns = [self.sheets[area.sheet].values.get(column, {}) for column in range(area.left, area.right + 1)]
        rows = range(area.top, area.bottom + 1)
        cells = [[column.get(row) for row in rows] for column in columns]
        plain = all(type(cell) is float for column in cells for cell in column)
        if plain:
            return np.array(cells, dtype=float).T
        found = np.empty((len(columns), len(rows)), dtype=object)
        for at, column in enumerate(cells):
            found[at, :] = [np.nan if isinstance(cell, ErrorValue) else cell for cell in column]
        return found.T

    def read(self, leaf: Reference | Range, home: Address) -> Array:
        """The values that a reference in a formula leads to."""
        return self.value(self.area_of(leaf, home))

    def spilled(self, area: Area) -> tuple[Area, Array]:
        """All that the formula in a cell fills, with its values."""
        formula = self.formula(area.first)
        area = area if formula is None else formula.area
        return area, self.value(area)

    def type_in(self, text: str, sheet: str, rows_down: int = 0) -> Formula:
        """A formula without its `=`, as if it stood in the first cell of a sheet, or further down."""
        filled, home = Address(TYPED, len(self._typed) + 1, 1), Address(sheet, 1 + rows_down, 1)
        return Formula(area_at(filled), home, shape_of(text, 1), array=True)

    def keep(self, formula: Formula, value: Array) -> Area:
        """Add a typed formula with its value; the area that it fills."""
        top = len(self._typed) + 1
        area = Area(TYPED, top, 1, top + value.shape[0] - 1, value.shape[1])
        kept = Formula(area, formula.home, formula.shape, array=True)
        self._typed += [(kept, value)] * value.shape[0]
        return area

    def area_of(self, leaf: Reference | Range, home: Address) -> Area:
        """The cells that a reference in a formula leads to.

        Raises:
            UnsupportedError: it leads to no cells of this book.
        """
        return area_of(self.book, leaf, home)

    def meaning(self, name: Name, home: Address) -> Tree:
        """The tree of a name in a formula.

        Raises:
            UnsupportedError: it stands for nothing.
        """
        return meaning(self.book, name, home.sheet)

    def reads(self, tree: Tree, home: Address) -> Iterator[Area]:
        """The areas that a formula reads, in the order of its references, repetitions included.

        Raises:
            UnsupportedError: something in it leads nowhere, or it finds its cells by itself (OFFSET).
        """
        return (self.area_of(leaf, home) for leaf in references_of(self.book, tree, home.sheet))

    def read_by(self, formula: Formula) -> list[Area]:
        """The areas that a formula reads, each once; looked up once.

        Raises:
            UnsupportedError: as for `reads`.
        """
        found = self._reads.get(formula.area)
        if found is None:
            moved = self._moved(formula)
            found = list(dict.fromkeys(self.reads(formula.tree, formula.home) if moved is None else moved))
            self._reads[formula.area] = found
        return found

    def readable(self, formula: Formula) -> list[Area]:
        """The areas that a formula reads; none if that cannot be told."""
        try:
            return self.read_by(formula)
        except UnsupportedError:
            return []

    def formulas_read_by(self, formula: Formula) -> list[Address]:
        """The first cells of the formulas that a formula reads; none if that cannot be told."""
        return [inner for area in self.readable(formula) for inner in self.formulas_in(area)]

    def _moved(self, formula: Formula) -> list[Area] | None:
        """The areas that a formula reads, moved from where another of its shape reads them; None where that differs."""
        sheet, row, _ = formula.home
        key = formula.shape.key, sheet
        if key not in self._reads_of:
            self._reads_of[key] = self._read_by_shape(formula)
        found = self._reads_of[key]
        if found is None or any(moves and row + area.top < 1 for area, moves in found):
            return None
        return [
            Area(area.sheet, row + area.top, area.left, row + area.bottom, area.right) if moves else area
            for area, moves in found
        ]

    def _read_by_shape(self, formula: Formula) -> list[tuple[Area, bool]] | None:
        """What a shape reads, in rows counted from its own where they move with it; None where it has names, or a
        range grows.
        """
        parsed = formula.shape.parsed
        check_direct(parsed.form.kinds)
        found = []
        row = formula.home.row
        for leaf in parsed.leaves():
            if isinstance(leaf, Name) and leaf.text.upper() not in CONSTANTS:
                return None
            if isinstance(leaf, Reference | Range):
                area, moves = self.area_of(leaf, formula.home), moves_with_its_row(leaf)
                if moves is None:
                    return None
                at = Area(area.sheet, area.top - row, area.left, area.bottom - row, area.right)
                found.append((at if moves else area, moves))
        return found

    def text(self, area: Area) -> str:
        """An area as a formula on another sheet names it: Sheet1!A13:B14."""
        if area.sheet == TYPED:
            return f"={self._typed[area.top - 1][0].text}"
        return f"{quoted(area.sheet)}!{bare_text(area)}"


def _within(rows: dict[int, object] | dict[int, Shape] | dict[int, Area], top: int, bottom: int) -> Iterator[int]:
    if len(rows) < bottom - top + 1:
        return (row for row in rows if top <= row <= bottom)
    return (row for row in range(top, bottom + 1) if row in rows)


def _owners(sheet: Sheet) -> dict[int, dict[int, Area]]:
    """The cells of the array formula that fills a cell, by column and row."""
    sheet.filled_by_arrays()  # within the reader's limits
    owners: dict[int, dict[int, Area]] = {}
    for (top, left), (bottom, right) in sheet.arrays.items():
        area = Area(sheet.name, top, left, bottom, right)
        for _, row, column in area.addresses():
            owners.setdefault(column, {})[row] = area
    return owners
