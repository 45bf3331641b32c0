"""A table with this project's own headers, and the network and the method that it is taken for."""

from dataclasses import dataclass, replace

from engine import Columns
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.letters import letters_of


@dataclass(frozen=True)
class Headed:
    """Such a table.

    Attributes:
        columns: its columns, as the engine has them.
        places: the sheet's column of each name, from 1.
        rows: the rows of the sheet that hold passes.
        constants: the cell, (column, row), of the learning rate and of each constant.
    """

    book: Book
    sheet: Sheet
    columns: Columns
    places: dict[str, int]
    rows: range
    constants: dict[str, tuple[int, int]]

    def cell(self, name: str, row: int) -> str:
        """The address of a name's cell in a row of the sheet."""
        return f"{letters_of(self.places[name])}{row}"

    def number(self, name: str) -> float | None:
        """The value of a constant."""
        value = self.sheet.value(*self.constants[name]) if name in self.constants else None
        return value if isinstance(value, float) else None


def is_plain(columns: Columns) -> bool:
    """Whether the table is one of a sigmoid network without biases and one sample, which the other judge takes.

    So it does where the losses have no ½: whether that is a slip the gradients decide, which no loss's columns tell.
    """
    plain = Columns.plain(columns.sizes)
    without_half = replace(plain, network=replace(plain.network, loss="squared-error"))
    return columns in (plain, without_half)
