"""Columns by letters, as openpyxl and XlsxWriter have them."""

import openpyxl.utils
import pytest
from xlsxwriter.utility import xl_cell_to_rowcol

from workbook.spreadsheet.letters import LAST, column_of, coordinates_of, letters_of


def test_every_column_has_the_letters_that_openpyxl_gives_it() -> None:
    for column in range(1, LAST + 1):
        assert letters_of(column) == openpyxl.utils.get_column_letter(column)
        assert column_of(letters_of(column)) == column_of(letters_of(column).lower()) == column
    assert letters_of(LAST) == "ZZZ"


@pytest.mark.parametrize("cell", ["A1", "$G$19", "XFD1048576", "AA$7"])
def test_a_cell_stands_where_xlsxwriter_puts_it(cell: str) -> None:
    row, column = xl_cell_to_rowcol(cell)
    assert coordinates_of(cell) == (row + 1, column + 1)


@pytest.mark.parametrize("column", [0, -1, LAST + 1])
def test_a_number_without_a_column(column: int) -> None:
    with pytest.raises(ValueError, match="no column's number"):
        letters_of(column)


@pytest.mark.parametrize("letters", ["", "ABCD", "A1", "Ä", "$A"])
def test_letters_without_a_column(letters: str) -> None:
    with pytest.raises(ValueError, match="is no column"):
        column_of(letters)


@pytest.mark.parametrize("cell", ["", "7", "G", "G19:H20", "'s'!G19"])
def test_a_reference_to_no_cell(cell: str) -> None:
    with pytest.raises(ValueError, match="is no cell"):
        coordinates_of(cell)
