"""A workbook as plain sheets of values and formulas, from whatever file they were read."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from engine import InputError
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.limits import LIMITS, MOST_CELLS
from workbook.spreadsheet.shapes import Shape


@dataclass(frozen=True)
class ErrorValue:
    """What an error cell shows, such as #DIV/0!."""

    text: str


Value = float | str | bool | ErrorValue


@dataclass
class Sheet:
    """The cells of a worksheet that hold something, by column and then row, both from 1.

    Attributes:
        values: typed values and the cached values of formulas.
        shapes: the formulas; that of an array formula stands in its first cell.
        arrays: the last cell that an array formula fills by its first one, both (row, column).
        state: "visible", "hidden" or "veryHidden".
    """

    name: str
    state: str = "visible"
    values: dict[int, dict[int, Value]] = field(default_factory=dict)
    shapes: dict[int, dict[int, Shape]] = field(default_factory=dict)
    arrays: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def value(self, row: int, column: int) -> Value | None:
        """A cell's value; None for an empty cell or a formula without a cached value."""
        return self.values.get(column, {}).get(row)

    def shape(self, row: int, column: int) -> Shape | None:
        """A cell's formula."""
        return self.shapes.get(column, {}).get(row)

    def holds(self, row: int, column: int) -> bool:
        """Whether a cell holds something."""
        return self.value(row, column) is not None or self.shape(row, column) is not None

    @cached_property
    def used(self) -> tuple[int, int]:
        """The last row and column that hold a value."""
        return max((max(rows) for rows in self.values.values() if rows), default=1), max(self.values, default=1)

    def filled_by_arrays(self) -> set[tuple[int, int]]:
        """The cells, as (row, column), that array formulas fill, at most MOST_CELLS."""
        filled: set[tuple[int, int]] = set()
        for (top, left), (bottom, right) in self.arrays.items():
            if (right - left + 1) * (bottom - top + 1) + len(filled) > MOST_CELLS:
                raise InputError(f"array formulas fill more cells than the audit takes: {LIMITS}")
            filled.update((row, column) for column in range(left, right + 1) for row in range(top, bottom + 1))
        return filled


@dataclass(frozen=True)
class Book:
    """A workbook.

    Attributes:
        sheets: its worksheets in their order.
        names: what its defined names, in lower case, stand for on the one sheet that they belong to, or on all (None).
    """

    path: Path
    sheets: list[Sheet]
    names: dict[tuple[str, str | None], str]

    def twin(self, sheet: Sheet) -> Sheet:
        """The worksheet that has the name of one of another state of the same file."""
        return next(own for own in self.sheets if own.name == sheet.name)

    def sheet(self, name: str) -> Sheet | None:
        """The worksheet of a name; Excel ignores case."""
        return next((sheet for sheet in self.sheets if sheet.name.casefold() == name.casefold()), None)

    def at(self, address: Address) -> Sheet:
        """The worksheet that a cell stands on."""
        return self._by_name[address.sheet]

    def value(self, address: Address) -> Value | None:
        """A cell's value; None for an empty cell or a formula without a cached value."""
        return self.at(address).value(address.row, address.column)

    def shape(self, address: Address) -> Shape | None:
        """A cell's formula."""
        return self.at(address).shape(address.row, address.column)

    @cached_property
    def _by_name(self) -> dict[str, Sheet]:
        return {sheet.name: sheet for sheet in self.sheets}
