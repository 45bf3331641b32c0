"""Formulas over an Excel table's columns are read as formulas over its cells."""

import re
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests.workbook.handmade import HandMade, only_root, save
from workbook.inspect.audit import audit
from workbook.spreadsheet.letters import letters_of
from workbook.spreadsheet.read import read
from workbook.spreadsheet.structured import ExcelTable, plain

TABLES = {
    "steps": ExcelTable("My sheet", 4, 2, 10, ("w1", "w2", "E [total]", "it's"), totals=1),
    "bare": ExcelTable("Other", 1, 1, 3, ("x", "y"), headers=0),
}


@pytest.mark.parametrize(
    ("formula", "cells"),
    [
        ("Steps[[#This Row],[w1]]*2", "$B6*2"),
        ("steps[@w2]", "$C6"),
        ("Steps[@[w1]:[w2]]", "$B6:$C6"),
        ("SUM(Steps[W1])", "SUM($B$5:$B$9)"),
        ("SUM(Steps[[w1]:[E '[total']]])", "SUM($B$5:$D$9)"),
        ("Steps[it''s]", "$E$5:$E$9"),
        ("SUM(Steps[])", "SUM($B$5:$E$9)"),
        ("Steps[#Headers]", "$B$4:$E$4"),
        ("Steps[[#Totals],[w1]]", "$B$10"),
        ("Steps[[#Headers],[#Data],[w1]]", "$B$4:$B$9"),
        ("Steps[[#All],[w2]]", "$C$4:$C$10"),
        ("SUM(Bare[x])+Steps[@w1]", "SUM(Other!$A$1:$A$3)+$B6"),
        ('"Steps[w1]"&Steps[@w1]', '"Steps[w1]"&$B6'),
    ],
)
def test_a_structured_reference_is_its_cells(formula: str, cells: str) -> None:
    assert plain(formula, TABLES, "My sheet", 6) == cells


@pytest.mark.parametrize(
    "formula", ["Steps[w9]", "Nothing[w1]", "Steps[[#Some],[w1]]", "[1]Sheet!A1", "Bare[#Headers]"]
)
def test_what_leads_nowhere_stays(formula: str) -> None:
    assert plain(formula, TABLES, "My sheet", 6) == formula


def test_this_row_is_a_row_of_the_table() -> None:
    assert plain("Steps[@w1]", TABLES, "My sheet", 10) == "Steps[@w1]"


def as_table(path: Path, made: HandMade) -> Path:
    """The sheet as an Excel table, with structured references to all cells of a formula's own row."""
    shown = read(save(path, made.cells)).sheets[0]
    top = made.top
    names = {column: str(text) for (row, column), text in made.cells.items() if row == top}
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Steps")
        for (row, column), content in made.cells.items():
            if isinstance(content, str) and content.startswith("="):
                text = content
                for at, name in names.items():
                    text = re.sub(rf"(?<![A-Z$]){letters_of(at)}{row}\b", f"T[[#This Row],[{name}]]", text)
                sheet.write_formula(row - 1, column - 1, text, None, shown.value(row, column))
            else:
                sheet.write(row - 1, column - 1, content)
        columns = [{"header": names[at]} for at in sorted(names)]
        bottom = max(row for row, _ in made.cells)
        sheet.add_table(top - 1, min(names) - 1, bottom - 1, max(names) - 1, {"name": "T", "columns": columns})
    return path


def test_an_excel_table_is_audited(tmp_path: Path) -> None:
    report = audit(as_table(tmp_path / "table.xlsx", HandMade(rows=4)))
    assert report.error is None
    assert report.verdict == "right"
    made = HandMade(rows=4).plant("h1", "w2*i2", "w3*i2")
    assert only_root(audit(as_table(tmp_path / "slipped.xlsx", made))).column == "h1"


def test_a_sheet_without_the_table_it_names_is_not_judged_right(tmp_path: Path) -> None:
    path = as_table(tmp_path / "table.xlsx", HandMade(rows=4))
    book = openpyxl.load_workbook(path)
    del book.worksheets[0].tables["T"]
    book.save(tmp_path / "none.xlsx")
    assert audit(tmp_path / "none.xlsx").verdict != "right"
