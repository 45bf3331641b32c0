"""Cells outside of the tables that say what another one holds."""

from collections.abc import Iterable
from dataclasses import dataclass

from workbook.inspect.find.headers import labelled_number, meaning, typed_number
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.book import Sheet


@dataclass(frozen=True)
class LabelledCell:
    """A cell that says what another one holds, such as `eta` left of 0.5; or both in one: `eta = 0.5`."""

    name: str
    address: Address
    value: float | None


def find_labels(sheet: Sheet, tables: Iterable[Table]) -> list[LabelledCell]:
    """The labelled cells of a sheet outside of the headers of its tables."""
    header_rows = {table.header_row for table in tables}
    return [
        label
        for column, cells in sheet.values.items()
        for row, text in cells.items()
        if isinstance(text, str) and row not in header_rows and (label := _label(sheet, column, row, text)) is not None
    ]


def _label(sheet: Sheet, column: int, row: int, text: str) -> LabelledCell | None:
    if (both := labelled_number(text)) is not None:
        return LabelledCell(both[0], Address(sheet.name, row, column), both[1])
    if (name := meaning(text)) is None:
        return None
    for beside in ((row, column + 1), (row, column + 2), (row + 1, column)):
        value = sheet.value(*beside)
        number = typed_number(value)
        if number is not None or (value is None and sheet.shape(*beside) is not None):
            return LabelledCell(name, Address(sheet.name, *beside), number)
    return None
