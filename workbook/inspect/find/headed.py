"""A table with this project's own headers, and the network and the method that it is taken for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine import Columns
from workbook.inspect.find.numbers import OurNumbers
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.trees import Variable


@dataclass(frozen=True)
class Headed:
    """Such a table.

    Attributes:
        table: with these columns alone, in the rows of the sheet that hold passes.
        columns: its columns, as the engine has them.
        constants: the cell of the learning rate and of each constant.
        numbers: what stands in the columns and in these cells.
    """

    book: Book
    table: Table
    columns: Columns
    constants: dict[str, Address]
    numbers: OurNumbers

    @property
    def sheet(self) -> Sheet:
        """Where it stands."""
        return self.table.sheet

    @property
    def sheet_columns(self) -> dict[str, int]:
        """The sheet's column of each name, from 1."""
        return self.table.columns

    @property
    def rows(self) -> Sequence[int]:
        """The rows of the sheet that hold passes, side by side."""
        return self.table.at

    def cell(self, name: str, row: int) -> str:
        """The address of a name's cell in a row of the sheet."""
        return self.table.cell(name, row)

    def constant(self, name: str) -> str | None:
        """The frozen cell of a constant that no column holds."""
        cell = self.constants.get("eta" if name == "eta_0" else name)
        return None if cell is None or name in self.sheet_columns else cell.frozen

    def operand(self, leaf: Variable) -> str:
        """The cell that a variable stands in, with rows relative to the own one as in a shape's key: L‹0›.

        A constant that has no cell is called by its name.
        """
        if leaf.name in self.sheet_columns:
            return f"{self.table.letter(leaf.name)}‹{leaf.row}›"
        return self.constant(leaf.name) or leaf.name

    def number(self, name: str) -> float | None:
        """The value of a constant."""
        return self.numbers.constants.get(name)


def is_plain(columns: Columns) -> bool:
    """Whether the table is one of a sigmoid network without biases and one sample, which the other judge takes.

    So it does where the losses have no ½: whether that is a slip the gradients decide, which no loss's columns tell.
    """
    plain = Columns.plain(columns.sizes)
    without_half = replace(plain, network=replace(plain.network, loss="squared-error"))
    return columns in (plain, without_half)
