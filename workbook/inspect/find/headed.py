"""A table with this project's own headers, and the network and the method that it is taken for."""

from dataclasses import dataclass, replace

from engine import Columns
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.trees import Variable


@dataclass(frozen=True)
class Headed:
    """Such a table.

    Attributes:
        columns: its columns, as the engine has them.
        places: the sheet's column of each name, from 1.
        rows: the rows of the sheet that hold passes.
        constants: the cell of the learning rate and of each constant.
    """

    book: Book
    sheet: Sheet
    columns: Columns
    places: dict[str, int]
    rows: range
    constants: dict[str, Address]

    def cell(self, name: str, row: int) -> str:
        """The address of a name's cell in a row of the sheet."""
        return Address(self.sheet.name, row, self.places[name]).bare

    def constant(self, name: str) -> str | None:
        """The frozen cell of a constant that no column holds."""
        cell = self.constants.get("eta" if name == "eta_0" else name)
        return None if cell is None or name in self.places else cell.frozen

    def operand(self, leaf: Variable, row: int) -> str:
        """The cell that a variable stands in, read from a row of the table, from 0."""
        return self.constant(leaf.name) or self.cell(leaf.name, self.rows[0] + row + leaf.row)

    def number(self, name: str) -> float | None:
        """The value of a constant."""
        cell = self.constants.get(name)
        value = None if cell is None else self.sheet.value(cell.column, cell.row)
        return value if isinstance(value, float) else None


def is_plain(columns: Columns) -> bool:
    """Whether the table is one of a sigmoid network without biases and one sample, which the other judge takes.

    So it does where the losses have no ½: whether that is a slip the gradients decide, which no loss's columns tell.
    """
    plain = Columns.plain(columns.sizes)
    without_half = replace(plain, network=replace(plain.network, loss="squared-error"))
    return columns in (plain, without_half)
