"""Areas: the cells between two corners of a sheet."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from workbook.spreadsheet.letters import letters_of

Place = tuple[str, int, int]  # sheet, row, column


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

    def holds(self, place: Place) -> bool:
        """Whether a cell is one of these."""
        sheet, row, column = place
        return sheet == self.sheet and self.top <= row <= self.bottom and self.left <= column <= self.right


def area_at(place: Place) -> Area:
    """The area of one cell."""
    sheet, row, column = place
    return Area(sheet, row, column, row, column)


def place_of(area: Area) -> Place:
    """The first cell of an area."""
    return area[:3]


def bare_text(area: Area) -> str:
    """An area without its sheet: A13:B14."""
    first = f"{letters_of(area.left)}{area.top}"
    return first if area.size == 1 else f"{first}:{letters_of(area.right)}{area.bottom}"


def quoted(sheet: str) -> str:
    """A sheet's name as a formula writes it."""
    return sheet if re.fullmatch(r"[^\W\d]\w*", sheet) else "'" + sheet.replace("'", "''") + "'"
