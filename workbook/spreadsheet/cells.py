"""The cells of a workbook as arrays of values, and its formulas with what they read."""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from workbook.spreadsheet.arrays import Array
from workbook.spreadsheet.letters import letters_of
from workbook.spreadsheet.read import Book, ErrorValue, Sheet
from workbook.spreadsheet.shapes import Shape, shape_of
from workbook.spreadsheet.trees import (
    Name,
    Operation,
    Range,
    Reference,
    Tree,
    UnsupportedError,
    leaves,
    parse_arrays,
    unquoted,
)

# Formulas that the user typed on the command line stand on a sheet of their own, one a row.
TYPED = "="
LONGEST_CHAIN_OF_NAMES = 8
LARGEST_AREA = 20_000_000
EXTERNAL = re.compile(r"\[\d+\]|\[[^\]]+\.xls\w?\]")

Place = tuple[str, int, int]  # sheet, row, column


@dataclass(frozen=True, order=True)
class Area:
    """The cells between two corners of one sheet, both included, counted from 1."""

    sheet: str
    top: int
    left: int
    bottom: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top + 1, self.right - self.left + 1

    @property
    def size(self) -> int:
        """How many cells."""
        return self.shape[0] * self.shape[1]

    def places(self) -> Iterator[Place]:
        """Every cell, row by row."""
        if self.top == self.bottom and self.left == self.right:
            return iter(((self.sheet, self.top, self.left),))
        rows, columns = range(self.top, self.bottom + 1), range(self.left, self.right + 1)
        return ((self.sheet, row, column) for row in rows for column in columns)

    def part(self, row: int, column: int, shape: tuple[int, int]) -> "Area":
        """Some of its cells: so many rows and columns from a place that is counted from 0."""
        top, left = self.top + row, self.left + column
        return Area(self.sheet, top, left, top + shape[0] - 1, left + shape[1] - 1)

    def cell(self, row: int, column: int) -> "Area":
        """One of its cells, counted from 0."""
        return self.part(row, column, (1, 1))

    def __contains__(self, place: Place) -> bool:
        """Whether a cell is one of these."""
        sheet, row, column = place
        return sheet == self.sheet and self.top <= row <= self.bottom and self.left <= column <= self.right


def area_at(place: Place) -> Area:
    """The area of one cell."""
    sheet, row, column = place
    return Area(sheet, row, column, row, column)


@dataclass(frozen=True)
class Formula:
    """A formula.

    Attributes:
        area: the cells that it fills: one, but for array formulas.
        home: the place that its references are relative to.
        array: whether it computes with whole arrays, as array formulas do.
    """

    area: Area
    home: Place
    shape: Shape
    array: bool

    @cached_property
    def text(self) -> str:
        """The formula as it stands in the cell, without its `=`."""
        return self.shape.text(self.home[1])

    @cached_property
    def tree(self) -> Tree:
        """The formula parsed.

        Raises:
            UnsupportedError: it uses what is not supported.
        """
        if EXTERNAL.search(self.shape.key):
            raise UnsupportedError("it refers to another workbook")
        return parse_arrays(self.shape.key)


class Cells:
    """Values and formulas of a book by place, with those that were typed on the command line."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.sheets = {sheet.name: sheet for sheet in book.sheets}
        self._typed: list[tuple[Formula, Array]] = []
        self._changed: set[tuple[str, int]] = set()  # the columns of a copy that are its own
        self._used: dict[str, tuple[int, int]] = {}
        self._names: dict[tuple[str, str], Tree] = {}
        self._reads: dict[Place, list[Area]] = {}
        self._formulas: dict[Place, Formula | None] = {}
        self._inside: dict[Area, list[Place]] = {}
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

    def formula(self, place: Place) -> Formula | None:
        """The formula that fills a cell; None if there is none."""
        if place[0] == TYPED:
            return self._typed[place[1] - 1][0]
        if place not in self._formulas:
            self._formulas[place] = self._formula(place)
        return self._formulas[place]

    def _formula(self, place: Place) -> Formula | None:
        sheet, row, column = place
        area = self._owners[sheet].get(column, {}).get(row)
        row, column = (row, column) if area is None else (area.top, area.left)
        shape = self.sheets[sheet].shape(column, row)
        if shape is None or not shape.key:
            return None
        return Formula(area or area_at((sheet, row, column)), (sheet, row, column), shape, array=area is not None)

    def formulas_in(self, area: Area) -> Sequence[Place]:
        """The first cells of the formulas that fill some of these cells; an array's may come more than once."""
        if area.sheet == TYPED:
            return [(area.sheet, area.top, area.left)]
        if area.size == 1 and not self._owners[area.sheet]:
            is_formula = area.top in self.sheets[area.sheet].shapes.get(area.left, {})
            return [(area.sheet, area.top, area.left)] if is_formula else []
        if area not in self._inside:
            self._inside[area] = list(self._formulas_in(area))
        return self._inside[area]

    def _formulas_in(self, area: Area) -> Iterator[Place]:
        shapes, owners = self.sheets[area.sheet].shapes, self._owners[area.sheet]
        for column in range(area.left, area.right + 1):
            for row in _within(shapes.get(column, {}), area.top, area.bottom):
                yield area.sheet, row, column
            members = owners.get(column, {})
            for row in _within(members, area.top, area.bottom):
                yield area.sheet, members[row].top, members[row].left

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

    def read(self, leaf: Reference | Range, home: Place) -> Array:
        """The values that a reference in a formula leads to."""
        return self.value(self.area_of(leaf, home))

    def spilled(self, area: Area) -> tuple[Area, Array]:
        """All that the formula in a cell fills, with its values."""
        formula = self.formula((area.sheet, area.top, area.left))
        area = area if formula is None else formula.area
        return area, self.value(area)

    def type_in(self, text: str, sheet: str, rows_down: int = 0) -> Formula:
        """A formula without its `=`, as if it stood in the first cell of a sheet, or further down."""
        place = (sheet, 1 + rows_down, 1)
        return Formula(area_at((TYPED, len(self._typed) + 1, 1)), place, shape_of(text, 1), array=True)

    def keep(self, formula: Formula, value: Array) -> Area:
        """Add a typed formula with its value; the area that it fills."""
        top = len(self._typed) + 1
        area = Area(TYPED, top, 1, top + value.shape[0] - 1, value.shape[1])
        kept = Formula(area, formula.home, formula.shape, array=True)
        self._typed += [(kept, value)] * value.shape[0]
        return area

    def area_of(self, leaf: Reference | Range, home: Place) -> Area:
        """The cells that a reference in a formula leads to.

        Raises:
            UnsupportedError: it leads to no cells of this book.
        """
        if isinstance(leaf, Reference):
            row = leaf.row if leaf.frozen else home[1] + leaf.row
            if row < 1:
                raise UnsupportedError("it leads off the sheet")
            return area_at((self._sheet(leaf.sheet, home), row, leaf.column))
        one, other = (
            self.area_of(leaf.first, home),
            self.area_of(Reference(leaf.first.sheet, leaf.last.column, leaf.last.row, leaf.last.frozen), home),
        )
        area = Area(
            one.sheet,
            min(one.top, other.top),
            min(one.left, other.left),
            max(one.top, other.top),
            max(one.left, other.left),
        )
        if _is_whole(leaf):
            bottom, right = self._used_size(area.sheet)
            area = Area(
                area.sheet,
                area.top,
                area.left,
                max(area.top, min(area.bottom, bottom)),
                max(area.left, min(area.right, right)),
            )
        if area.size > LARGEST_AREA:
            raise UnsupportedError("it takes a very large range")
        return area

    def _sheet(self, name: str | None, home: Place) -> str:
        if name is None:
            return home[0]
        found = self.book.sheet(name)
        if found is None:
            raise UnsupportedError(
                "it refers to another workbook" if name.startswith("[") else f"there is no sheet '{name}'"
            )
        return found.name

    def _used_size(self, name: str) -> tuple[int, int]:
        """The last row and column of a sheet that hold something."""
        if name not in self._used:
            columns = self.sheets[name].values
            bottom = max((max(rows) for rows in columns.values() if rows), default=1)
            self._used[name] = bottom, max(columns, default=1)
        return self._used[name]

    def named(self, name: str, sheet: str) -> Tree | None:
        """What a defined name stands for, seen from a sheet.

        Raises:
            UnsupportedError: what it stands for cannot be read.
        """
        if (name, sheet) not in self._names:
            own, _, bare = name.rpartition("!")
            there = self.book.sheet(unquoted(own)) if own else None
            where = sheet if there is None else there.name
            text = self.book.names.get((bare.casefold(), where)) or self.book.names.get((bare.casefold(), None))
            if text is None:
                return None
            self._names[name, sheet] = parse_arrays(shape_of(text, 1).key)
        return self._names[name, sheet]

    def reads(self, tree: Tree, home: Place) -> Iterator[Area]:
        """The areas that a formula reads.

        Raises:
            UnsupportedError: something in it leads nowhere, or it finds its cells by itself (OFFSET).
        """
        return (self.area_of(leaf, home) for leaf in self.references(tree, home))

    def references(self, tree: Tree, home: Place, left: int = LONGEST_CHAIN_OF_NAMES) -> Iterator[Reference | Range]:
        """The references in a formula, and in what its names stand for.

        Raises:
            UnsupportedError: as for `reads`.
        """
        if left == 0:
            raise UnsupportedError("its names refer to each other")
        _check_direct(tree)
        for leaf in leaves(tree):
            if isinstance(leaf, Reference | Range):
                yield leaf
            elif isinstance(leaf, Name) and leaf.text.upper() not in ("TRUE", "FALSE"):
                yield from self.references(self.meaning(leaf, home), home, left - 1)

    def read_by(self, formula: Formula) -> list[Area]:
        """The areas that a formula reads, looked up once.

        Raises:
            UnsupportedError: as for `reads`.
        """
        place = (formula.area.sheet, formula.area.top, formula.area.left)
        if place not in self._reads:
            moved = self._moved(formula)
            self._reads[place] = list(self.reads(formula.tree, formula.home)) if moved is None else moved
        return self._reads[place]

    def readable(self, formula: Formula) -> list[Area]:
        """The areas that a formula reads; none if that cannot be told."""
        try:
            return self.read_by(formula)
        except UnsupportedError:
            return []

    def formulas_read_by(self, formula: Formula) -> list[Place]:
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
        _check_direct(formula.tree)
        found = []
        row = formula.home[1]
        for leaf in leaves(formula.tree):
            if isinstance(leaf, Name) and leaf.text.upper() not in ("TRUE", "FALSE"):
                return None
            if isinstance(leaf, Reference | Range):
                area, moves = self.area_of(leaf, formula.home), moves_with_its_row(leaf)
                if moves is None:
                    return None
                at = Area(area.sheet, area.top - row, area.left, area.bottom - row, area.right)
                found.append((at if moves else area, moves))
        return found

    def meaning(self, name: Name, home: Place) -> Tree:
        """The tree of a name in a formula.

        Raises:
            UnsupportedError: it stands for nothing.
        """
        tree = self.named(name.text, home[0])
        if tree is None:
            raise UnsupportedError(f"the name {name.text} stands for nothing")
        return tree

    def text(self, area: Area) -> str:
        """An area as a formula on another sheet names it: Sheet1!A13:B14."""
        if area.sheet == TYPED:
            return f"={self._typed[area.top - 1][0].text}"
        quoted = area.sheet if re.fullmatch(r"[^\W\d]\w*", area.sheet) else "'" + area.sheet.replace("'", "''") + "'"
        return f"{quoted}!{bare_text(area)}"


def bare_text(area: Area) -> str:
    """An area without its sheet: A13:B14."""
    first = f"{letters_of(area.left)}{area.top}"
    return first if area.size == 1 else f"{first}:{letters_of(area.right)}{area.bottom}"


def moves_with_its_row(leaf: Reference | Range) -> bool | None:
    """Whether a reference leads further down from a formula further down; None if only one end of a range does."""
    one, other = (leaf, leaf) if isinstance(leaf, Reference) else (leaf.first, leaf.last)
    if one.frozen != other.frozen or (isinstance(leaf, Range) and not one.frozen and _is_whole(leaf)):
        return None
    return not one.frozen


def _is_whole(cells: Range) -> bool:
    return (cells.first.row, cells.last.row) == (1, 1_048_576) or (cells.first.column, cells.last.column) == (1, 16_384)


def _check_direct(tree: Tree) -> None:
    if isinstance(tree, Operation):
        if tree.kind in ("OFFSET", "INDIRECT"):
            raise UnsupportedError(f"it uses {tree.kind}, which finds its cells by itself")
        for operand in tree.operands:
            _check_direct(operand)


def _within(rows: dict[int, object] | dict[int, Shape] | dict[int, Area], top: int, bottom: int) -> Iterator[int]:
    if len(rows) < bottom - top + 1:
        return (row for row in rows if top <= row <= bottom)
    return (row for row in range(top, bottom + 1) if row in rows)


def _owners(sheet: Sheet) -> dict[int, dict[int, Area]]:
    """The cells of the array formula that fills a cell, by column and row."""
    sheet.filled_by_arrays()  # within the reader's limits
    owners: dict[int, dict[int, Area]] = {}
    for (left, top), (right, bottom) in sheet.arrays.items():
        area = Area(sheet.name, top, left, bottom, right)
        for _, row, column in area.places():
            owners.setdefault(column, {})[row] = area
    return owners
