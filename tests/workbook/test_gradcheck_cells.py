"""What formulas mean to the gradient check: names, the cell beside a formula, a number spread over cells."""

from pathlib import Path

import numpy as np
import pytest
from openpyxl import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula

from workbook.inspect.gradcheck import checked
from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.graph import differentiated
from workbook.spreadsheet.read import read
from workbook.spreadsheet.recalculate import recalculated


def one(row: int, column: int) -> Area:
    return Area("Sheet", row, column, row, column)


def cells_of(book: Workbook, path: Path) -> Cells:
    book.save(path)
    return Cells(recalculated(read(path), 1)[0])


@pytest.mark.parametrize("quoted", ["'it''s η'!rate", "'IT''S η'!rate", "rate"])
def test_a_name_is_found_with_its_sheet_before_it(tmp_path: Path, quoted: str) -> None:
    book = Workbook()
    sheet, other = book.worksheets[0], book.create_sheet("it's η")
    other["B2"] = 0.25
    name = DefinedName("rate", attr_text="'it''s η'!$B$2")
    (book.defined_names if quoted == "rate" else other.defined_names)["rate"] = name
    sheet["A1"], sheet["A2"], sheet["A3"] = 3.0, f"=A1*{quoted}", 0.0
    book.save(tmp_path / "named.xlsx")
    cells = Cells(read(tmp_path / "named.xlsx"))
    formula = cells.formula(Address("Sheet", 2, 1))
    assert formula is not None
    assert cells.read_by(formula) == [one(1, 1), Area("it's η", 2, 2, 2, 2)]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("EXP(A1:A3)", np.exp(3.0)),
        ("SIN(A1:A3)", np.cos(3.0)),
        ("COSH(A1:A3)", np.sinh(3.0)),
        ("ATAN(A1:A3)", 1 / (1 + 3.0**2)),
        ("IF(A1>0,A1:A3)", 1),
        ("IFERROR(A1:A3,7)", 1),
    ],
)
def test_a_function_of_a_range_takes_the_cell_beside_it(tmp_path: Path, formula: str, expected: float) -> None:
    book = Workbook()
    for row in (1, 2, 3):
        book.worksheets[0][f"A{row}"] = float(row)
    book.worksheets[0]["B3"] = f"={formula}"
    book.save(tmp_path / "beside.xlsx")
    cells = Cells(read(tmp_path / "beside.xlsx"))
    found = differentiated(cells, one(3, 2), [Area("Sheet", 1, 1, 3, 1)]).by(Area("Sheet", 1, 1, 3, 1))[0]
    np.testing.assert_allclose(found, np.array([[0.0], [0.0], [expected]]))


@pytest.mark.parametrize(("gradient", "status"), [("=SUM(K2:K4)", 0), ("=SUM(K2:K3)", 1)])
def test_an_array_formula_that_spreads_one_number_is_followed(tmp_path: Path, gradient: str, status: int) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row, (x, y) in enumerate([(1, 2), (2, 3), (3, 5)], start=2):
        sheet[f"D{row}"], sheet[f"E{row}"] = x, y
    sheet["B1"], sheet["B2"] = 0.5, 0.2
    arrays = {"F2": "F2:F4=B1", "G2": "G2:G4=B2", "H2": "H2:H4=(F2:F4*D2:D4+G2:G4-E2:E4)^2"}
    arrays |= {"K2": "K2:K4=2*(F2:F4*D2:D4+G2:G4-E2:E4)*D2:D4", "L2": f"L2:L3{gradient}"}
    for place, text in arrays.items():
        where, _, formula = text.partition("=")
        sheet[place] = ArrayFormula(where, f"={formula}")
    sheet["I2"], sheet["M2"] = "=SUM(H2:H4)", "=2*SUM(F2*D2+G2-E2,F3*D3+G3-E3,F4*D4+G4-E4)"
    cells = cells_of(book, tmp_path / "spread.xlsx")
    check = checked(cells, one(2, 9), [(one(1, 2), one(3, 12)), (one(2, 2), one(2, 13))], "gradients")
    assert check.status == status
