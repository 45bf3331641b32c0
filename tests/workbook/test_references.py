"""References and names lead to the same cells for the audit, which asks for one cell, and for gradcheck."""

from pathlib import Path

import pytest

from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.parser import parse, parse_arrays
from workbook.spreadsheet.references import cell_of
from workbook.spreadsheet.shapes import shape_of
from workbook.spreadsheet.trees import UnsupportedError

NAMES = {
    ("rate", None): "'it''s η'!$B$2",
    ("rate", "Other"): "Other!$C$3",
    ("same", None): "rate",
    ("circle", None): "round",
    ("round", None): "circle",
    ("beside", None): "Other!$D1",
    ("many", None): "Other!$A:$B",
    ("moved", None): "OFFSET(Other!$A$1,1,0)",
}
SHEETS = [Sheet("Sheet"), Sheet("it's η"), Sheet("Other", values={1: {1: 1.0, 7: 2.0}, 2: {3: 1.0}})]
BOOK = Book(Path("made.xlsx"), SHEETS, NAMES)


@pytest.mark.parametrize(
    ("text", "sheet", "place"),
    [
        ("B4", "Sheet", ("Sheet", 4, 2)),
        ("$B$4", "Sheet", ("Sheet", 4, 2)),
        ("other!B4", "Sheet", ("Other", 4, 2)),
        ("'it''s η'!$B$4", "Sheet", ("it's η", 4, 2)),
        ("rate", "Sheet", ("it's η", 2, 2)),
        ("RATE", "Sheet", ("it's η", 2, 2)),
        ("rate", "Other", ("Other", 3, 3)),
        ("Other!rate", "Sheet", ("Other", 3, 3)),
        ("'it''s η'!rate", "Other", ("it's η", 2, 2)),
        ("same", "Sheet", ("it's η", 2, 2)),
        ("beside", "Sheet", ("Other", 5, 4)),
    ],
)
def test_one_cell_is_the_same_to_both(text: str, sheet: str, place: tuple[str, int, int]) -> None:
    key = shape_of(text, 5).key
    there = BOOK.sheet(sheet)
    assert there is not None
    found = cell_of(BOOK, there, parse(key), 5)
    assert found is not None
    assert (found[0].name, found[2], found[1]) == place
    assert list(Cells(BOOK).reads(parse_arrays(key), (sheet, 5, 1))) == [Area(place[0], *place[1:], *place[1:])]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nothing", "the name nothing stands for nothing"),
        ("circle", "its names refer to each other"),
        ("Nowhere!B4", "there is no sheet 'Nowhere'"),
        ("moved", "it uses OFFSET, which finds its cells by itself"),
    ],
)
def test_what_leads_nowhere_leads_nowhere_for_both(text: str, why: str) -> None:
    key = shape_of(text, 5).key
    assert cell_of(BOOK, SHEETS[0], parse(key), 5) is None
    with pytest.raises(UnsupportedError, match=why):
        list(Cells(BOOK).reads(parse_arrays(key), ("Sheet", 5, 1)))


@pytest.mark.parametrize("text", ["Other!A:B", "many"])
def test_of_whole_columns_the_used_rows_are_read(text: str) -> None:
    found = list(Cells(BOOK).reads(parse_arrays(shape_of(text, 5).key), ("Sheet", 5, 1)))
    assert found == [Area("Other", 1, 1, 7, 2)]
    assert cell_of(BOOK, SHEETS[0], parse(shape_of(text, 5).key), 5) is None
