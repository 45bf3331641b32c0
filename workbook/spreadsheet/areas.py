"""Where cells are: an address is that of one, an area holds those between two corners of a sheet."""

import re
from collections.abc import Iterator
from itertools import product, repeat
from typing import NamedTuple

from workbook.spreadsheet.letters import letters_of


class Address(NamedTuple):
    """One cell: its sheet, its row and its column, both counted from 1."""

    sheet: str
    row: int
    column: int

    @property
    def bare(self) -> str:
        """The address without its sheet: B7."""
        return f"{letters_of(self.column)}{self.row}"

    @property
    def frozen(self) -> str:
        """The address without its sheet, as it stays when a formula is filled: $B$7."""
        return f"${letters_of(self.column)}${self.row}"

    def __str__(self) -> str:
        """The address as a formula on another sheet writes it: Sheet1!B7."""
        return f"{quoted(self.sheet)}!{self.bare}"


class Area(NamedTuple):
    """The cells between two corners of one sheet, both included, counted from 1.

    A tuple, since a large book has hundreds of thousands.
    """

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
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)

    @property
    def first(self) -> Address:
        """The cell in its upper left corner."""
        return tuple.__new__(Address, self[:3])  # a third of the time that Address(…) takes, half a million times

    def addresses(self) -> Iterator[Address]:
        """Every cell, row by row."""
        if self.top == self.bottom and self.left == self.right:
            return iter((self.first,))
        rows, columns = range(self.top, self.bottom + 1), range(self.left, self.right + 1)
        return map(tuple.__new__, repeat(Address), product((self.sheet,), rows, columns))

    def part(self, row: int, column: int, shape: tuple[int, int]) -> "Area":
        """Some of its cells: so many rows and columns from one that is counted from 0."""
        top, left = self.top + row, self.left + column
        return Area(self.sheet, top, left, top + shape[0] - 1, left + shape[1] - 1)

    def cell(self, row: int, column: int) -> "Area":
        """One of its cells, counted from 0."""
        return self.part(row, column, (1, 1))

    def holds(self, address: Address) -> bool:
        """Whether a cell is one of these."""
        sheet, row, column = address
        return sheet == self.sheet and self.top <= row <= self.bottom and self.left <= column <= self.right


def area_at(address: Address) -> Area:
    """The area of one cell."""
    sheet, row, column = address
    return Area(sheet, row, column, row, column)


def bare_text(area: Area) -> str:
    """An area without its sheet: A13:B14."""
    last = Address(area.sheet, area.bottom, area.right)
    return last.bare if area.size == 1 else f"{area.first.bare}:{last.bare}"


def quoted(sheet: str) -> str:
    """A sheet's name as a formula writes it."""
    return sheet if re.fullmatch(r"[^\W\d]\w*", sheet) else "'" + sheet.replace("'", "''") + "'"
