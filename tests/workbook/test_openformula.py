"""Formulas of .ods files, by examples after OpenDocument 1.3, part 4, and as LibreOffice writes what Excel spells."""

from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula

from tests.commands import error_line, run
from tests.workbook.spreadsheets import convert
from workbook.spreadsheet.files import load
from workbook.spreadsheet.openformula import excel_formula


@pytest.mark.parametrize(
    ("opened", "excel"),
    [
        ("of:=[.A1]*2", "A1*2"),
        ("of:=SUM([.$A$1:.B2];1)", "SUM($A$1:B2,1)"),
        ("of:=[$Sheet1.A1]+[Sheet1.A1:Sheet1.B2]", "'Sheet1'!A1+'Sheet1'!A1:B2"),
        ("of:=[$'it''s [mine].'.A1:.$B2]", "'it''s [mine].'!A1:$B2"),
        ('of:=IF([.A1]="[.A1];{1;2}";"say ""a;b""";0)', 'IF(A1="[.A1];{1;2}","say ""a;b""",0)'),
        ("of:=SUMPRODUCT([.A1:.B2];{1;2|3;4})", "SUMPRODUCT(A1:B2,{1,2;3,4})"),
        ("of:=SUM([.A1:.A2]~[.B1:.B2])", "SUM(A1:A2,B1:B2)"),
        ("of:=COM.MICROSOFT.CONCAT([.A:.A];[.1:.2])", "CONCAT(A:A,1:2)"),
        ("of:=[.#REF!]+1", "#REF!+1"),
        ("=1+2", "1+2"),
    ],
)
def test_a_formula_as_excel_spells_it(opened: str, excel: str) -> None:
    assert excel_formula(opened) == excel


FORMULAS = {
    "A2": "=A1*$B$1+SUM($A1:B1)",
    "A3": "=A2*$B$1+SUM($A2:B2)",
    "A4": "=SUMPRODUCT('it''s mine'!A1:B2,{1,2;3,4})",
    "A5": '=IF(A1>rate,"a;b [.A1]",MAX(0,-A1))',
    "A6": "=1/(1+EXP(-A1))",
}


def test_libreoffice_s_file_has_the_formulas_of_the_one_that_it_converted(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet, other = book.create_sheet("first", 0), book.create_sheet("it's mine", 1)
    sheet["A1"], sheet["B1"] = 0.5, 2
    for cell, formula in FORMULAS.items():
        sheet[cell] = formula
    sheet["D1"] = ArrayFormula("D1:E2", "=MMULT('it''s mine'!A1:B2,'it''s mine'!A1:B2)")
    for number, cell in enumerate(("A1", "B1", "A2", "B2")):
        other[cell] = number
    book.defined_names["rate"] = DefinedName("rate", attr_text="first!$B$1")
    book.save(tmp_path / "a.xlsx")
    convert([tmp_path / "a.xlsx"], "ods", tmp_path, tmp_path)
    excel, opened = load(tmp_path / "a.xlsx"), load(tmp_path / "a.ods")
    assert opened.sheets[0].shapes == excel.sheets[0].shapes
    assert opened.sheets[0].arrays == excel.sheets[0].arrays == {(1, 4): (2, 5)}
    assert opened.sheets[0].value(2, 1) == 3.5
    assert opened.names["rate", None] == "'first'!$B$1"


def test_gradcheck_reads_an_ods_and_says_what_a_csv_lacks(tmp_path: Path) -> None:
    run("workbook", "samples", ".", folder=tmp_path)
    convert([tmp_path / "neuron.xlsx"], "ods", tmp_path, tmp_path)
    by_ending = [run("workbook", "gradcheck", f"neuron.{ending}", folder=tmp_path) for ending in ("xlsx", "ods")]
    assert by_ending[0].stdout == by_ending[1].stdout
    assert [done.returncode for done in by_ending] == [1, 1]
    (tmp_path / "neuron.csv").write_text("w,1\n", encoding="utf-8")
    line = (
        "error: neuron.csv: a .csv file holds no formulas, expected the workbook (.xlsx, .ods) that it was saved from"
    )
    assert error_line("workbook", "gradcheck", "neuron.csv", folder=tmp_path) == line
