"""MATCH, ISNUMBER and IFERROR over cells of every kind, as the spreadsheet programs have them."""

from pathlib import Path

import numpy as np
import pytest

from tests.workbook.spreadsheets import Values, by_ironcalc, by_libreoffice, poisoned
from workbook.records import Cell, small_sheet
from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.cells import Cells, Formula
from workbook.spreadsheet.evaluator import content_of
from workbook.spreadsheet.functions import FUNCTIONS
from workbook.spreadsheet.read import read
from workbook.spreadsheet.shapes import shape_of
from workbook.spreadsheet.trace import traced
from workbook.spreadsheet.trees import Number, Operation, Text, UnsupportedError, Variable
from workbook.write import write

# A: numbers in no order, an empty cell and texts among them; B: rising; C: falling; D: texts in order.
CELLS: dict[str, list[float | str | None]] = {
    "A": [0.7, -1.3, None, "Two", 2.1, "two", 2.1],
    "B": [1.0, 2.0, 2.0, 3.5, 5.0, 8.0, 9.0],
    "C": [9.0, 8.0, 5.0, 3.5, 2.0, 2.0, 1.0],
    "D": ["ash", "Beech", "elm", "fir", "lime", "oak", "yew"],
}
FORMULAS: dict[str, float | str] = {
    "MATCH(MAX(A1:A7),A1:A7,0)": 5,
    'MATCH("TWO",A1:A7,0)': 4,
    'IFERROR(MATCH(0,A1:A7,0),"none")': "none",
    'IFERROR(MATCH("three",A1:A7,0),"none")': "none",
    "MATCH(2,B1:B7)": 3,
    "MATCH(4,B1:B7,1)": 4,
    'IFERROR(MATCH(0.5,B1:B7),"none")': "none",
    "MATCH(3,C1:C7,-1)": 4,
    'IFERROR(MATCH(10,C1:C7,-1),"none")': "none",
    'MATCH("fig",D1:D7)': 3,
    'IFERROR(MATCH(2,D1:D7,0),"none")': "none",
    "SUMPRODUCT(MATCH(B1:B7,B1:B7,0))": 1 + 2 + 2 + 4 + 5 + 6 + 7,
    "SUMPRODUCT(MATCH(1,(1/(2-B1:B7)<0)*1,0))": 4,  # the errors of the two before it are no match
    "IF(MATCH(MAX(B1:B7),B1:B7,0)=MATCH(MAX(C1:C7),C1:C7,0),1,0)": 0,
    "INDEX(D1:D7,MATCH(5,B1:B7,0))": "lime",
    "IF(ISNUMBER(A1),1,0)": 1,
    "IF(ISNUMBER(A3),1,0)": 0,
    "IF(ISNUMBER(A4),1,0)": 0,
    "IF(ISNUMBER(1/(A1-A1)),1,0)": 0,
    'IFERROR(A4,"an error")': "Two",
    'IFERROR(IF(A1>0,"above","below"),"an error")': "above",
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lookup") / "book.xlsx"
    given = [
        Cell(row, "ABCD".index(column), "text", cell)
        for column, cells in CELLS.items()
        for row, cell in enumerate(cells, start=1)
        if cell is not None
    ]
    asked = [Cell(row, 5, "text", content, f"={text}") for row, (text, content) in enumerate(FORMULAS.items(), start=1)]
    write([small_sheet("S", [*given, *asked], {})], path)
    return path


# Of equal numbers in order IronCalc takes the first, Excel and LibreOffice the last; it seeks one number at a time.
IN_IRONCALC = {"MATCH(2,B1:B7)": 2, "SUMPRODUCT(MATCH(B1:B7,B1:B7,0))": "#N/A"}


def shown(values: Values) -> dict[str, object]:
    return {text: values.get(f"F{row}") for row, text in enumerate(FORMULAS, start=1)}


def test_ironcalc_shows_the_same(book: Path) -> None:
    assert shown(by_ironcalc(poisoned(book, book.with_name("p.xlsx")))["S"]) == FORMULAS | IN_IRONCALC


def test_libreoffice_shows_the_same(book: Path, tmp_path: Path) -> None:
    (recalculated,) = by_libreoffice([poisoned(book, tmp_path / "p.xlsx")], tmp_path)
    assert shown(recalculated["S"]) == FORMULAS


@pytest.mark.parametrize("row", range(1, len(FORMULAS) + 1), ids=FORMULAS)
def test_it_is_computed_so_from_the_cells(book: Path, row: int) -> None:
    cells = Cells(read(book))
    formula = cells.formula(Address("S", row, 6))
    assert formula is not None
    assert traced(cells, formula).value.item() == list(FORMULAS.values())[row - 1]


def test_copies_of_a_formula_are_matched_each_in_its_own_row() -> None:
    match = FUNCTIONS["MATCH"].value
    among = np.array([[[3.0], [1.0]], [[1.0], [3.0]]])  # (2 copies, 2 rows, 1)
    assert match(np.array([[3.0]]), among, np.array([[0.0]])).ravel().tolist() == [1.0, 2.0]


@pytest.mark.parametrize(("text", "why"), [("MATCH(1,A1:B7,0)", "several rows"), ('MATCH("t*",A1:A7,0)', "a pattern")])
def test_what_is_not_computed_here_is_said(book: Path, text: str, why: str) -> None:
    cells = Cells(read(book))
    formula = Formula(Area("S", 1, 7, 1, 7), Address("S", 1, 7), shape_of(text, 1), array=False)
    with pytest.raises(UnsupportedError, match=why):
        traced(cells, formula)


def test_a_tree_may_hold_texts_and_whole_ranges() -> None:
    line = Variable("line", 0)
    position = Operation("MATCH", (Operation("MAX", (line,)), line, Number(0)))
    tree = Operation("IF", (Operation("=", (position, Number(2))), Text("✓"), Text("✗")))
    assert content_of(tree, {"line": np.array([[0.1, 0.9]])}) == "✓"
    assert content_of(tree, {"line": np.array([[0.9, 0.1]])}) == "✗"
