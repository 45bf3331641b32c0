"""What a person sees: the displayed text of cells, parsed back and compared with their values."""

import csv
import math
import subprocess
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from engine import Experiment, default_experiment
from tests.workbook.spreadsheets import soffice
from workbook.plan import plan
from workbook.write import write

# All sheets as UTF-8 CSV, cells as they are shown.
AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,true,false,false,-1"


def negative() -> Experiment:
    default = default_experiment()
    return replace(default, weights=tuple(-matrix for matrix in default.weights), steps=20)


@pytest.mark.parametrize(
    "experiment",
    [*(replace(default_experiment(), learning_rate=rate, steps=20) for rate in (0.1, 1.0, 2.0, 1e4)), negative()],
    ids=["0.1", "1", "2", "10000", "negative weights"],
)
def test_every_sheet_shows_each_numbers_sign_and_value(experiment: Experiment, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write(plan(experiment), path)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [soffice(), profile, "--headless", "--convert-to", AS_SHOWN, "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    book = openpyxl.load_workbook(path, data_only=True)
    compared, wrong = 0, []
    for sheet in book.worksheets:
        assert isinstance(sheet, Worksheet)
        with (tmp_path / f"book-{sheet.title}.csv").open(encoding="utf-8", newline="") as file:
            shown = list(csv.reader(file))
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
                    text = shown[cell.row - 1][cell.column - 1]
                    compared += 1
                    # An exponent format keeps two digits at least, the others seven decimals.
                    if not math.isclose(float(text), cell.value, rel_tol=0.05, abs_tol=5.1e-8):
                        wrong.append(f"{sheet.title}!{cell.coordinate}: {cell.value} shows as {text}")
    assert compared > 5_000
    assert wrong == []


def test_the_large_and_the_small_have_an_exponent(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write(plan(default_experiment()), path)
    for sheet in openpyxl.load_workbook(path).worksheets:
        assert isinstance(sheet, Worksheet)
        exponents = [
            area
            for area in sheet.conditional_formatting
            for rule in area.rules
            if rule.dxf is not None and rule.dxf.numFmt is not None and rule.dxf.numFmt.formatCode == "0.000E+00"
        ]
        decimals = {c.coordinate for row in sheet.iter_rows() for c in row if c.number_format == "0.0000000"}
        without = {cell for cell in decimals if not any(cell in area for area in exponents)}
        assert without == set(), sheet.title
