"""References and names lead to the same cells for the audit, which asks for one cell, and for gradcheck."""

from pathlib import Path

import numpy as np
import pytest

from workbook.spreadsheet.areas import Address, Area, area_at
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.parser import parse, parse_arrays
from workbook.spreadsheet.references import cell_of, without_names
from workbook.spreadsheet.shapes import shape_of
from workbook.spreadsheet.trace import number_named
from workbook.spreadsheet.trees import Name, Reference, UnsupportedError

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
HOME = Address("Sheet", 5, 1)


@pytest.mark.parametrize(
    ("text", "sheet", "address"),
    [
        ("B4", "Sheet", Address("Sheet", 4, 2)),
        ("$B$4", "Sheet", Address("Sheet", 4, 2)),
        ("other!B4", "Sheet", Address("Other", 4, 2)),
        ("'it''s η'!$B$4", "Sheet", Address("it's η", 4, 2)),
        ("rate", "Sheet", Address("it's η", 2, 2)),
        ("RATE", "Sheet", Address("it's η", 2, 2)),
        ("rate", "Other", Address("Other", 3, 3)),
        ("Other!rate", "Sheet", Address("Other", 3, 3)),
        ("'it''s η'!rate", "Other", Address("it's η", 2, 2)),
        ("same", "Sheet", Address("it's η", 2, 2)),
        ("beside", "Sheet", Address("Other", 5, 4)),
    ],
)
def test_one_cell_is_the_same_to_both(text: str, sheet: str, address: Address) -> None:
    key = shape_of(text, 5).key
    home = Address(sheet, 5, 1)
    assert cell_of(BOOK, parse(key), home) == address
    assert list(Cells(BOOK).reads(parse_arrays(key), home)) == [area_at(address)]


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
    assert cell_of(BOOK, parse(key), HOME) is None
    with pytest.raises(UnsupportedError, match=why):
        list(Cells(BOOK).reads(parse_arrays(key), HOME))


@pytest.mark.parametrize("text", ["half", "Sum/4", "(1+1)/4"])
def test_a_name_may_stand_for_a_number_or_a_formula(text: str) -> None:
    book = Book(Path("made.xlsx"), SHEETS, {("half", None): "0.5", ("sum", None): "half+Other!$A$1+half"})
    assert number_named(Cells(book), Name("Sum"), HOME) == 2.0
    assert (
        evaluate(without_names(book, parse(text), "Sheet"), {Reference("Other", 1, 1, frozen=True): np.float64(1)})
        == 0.5
    )


def test_names_of_names_of_names_are_followed_to_an_end() -> None:
    names: dict[tuple[str, str | None], str] = {
        (f"name.{depth}", None): "+".join([f"name.{depth + 1}"] * 20) for depth in range(11)
    }
    book = Book(Path("made.xlsx"), SHEETS, {**names, ("name.11", None): "1"})
    with pytest.raises(UnsupportedError, match="its names stand for a very long formula"):
        without_names(book, Name("name.0"), "Sheet")


@pytest.mark.parametrize("text", ["Other!A:B", "many"])
def test_of_whole_columns_the_used_rows_are_read(text: str) -> None:
    found = list(Cells(BOOK).reads(parse_arrays(shape_of(text, 5).key), HOME))
    assert found == [Area("Other", 1, 1, 7, 2)]
    assert cell_of(BOOK, parse(shape_of(text, 5).key), HOME) is None


@pytest.mark.parametrize(
    ("address", "text", "bare", "frozen"),
    [(Address("Sheet", 7, 28), "Sheet!AB7", "AB7", "$AB$7"), (Address("it's η", 2, 1), "'it''s η'!A2", "A2", "$A$2")],
)
def test_an_address_is_printed_as_a_formula_writes_it(address: Address, text: str, bare: str, frozen: str) -> None:
    assert (str(address), address.bare, address.frozen) == (text, bare, frozen)
    assert list(area_at(address).addresses()) == [area_at(address).first] == [address]
