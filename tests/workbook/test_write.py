"""What the writer takes over from XlsxWriter, for speed."""

import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from xlsxwriter.worksheet import Worksheet, re_dynamic_function

from engine import default_experiment, load_experiment
from workbook.generated import PART
from workbook.plan import plan
from workbook.records import Cell, SheetPlan, Style, small_sheet
from workbook.sheets.exercise import exercise_sheets
from workbook.write import write
from workbook.write_cells import RowWorksheet


def test_rows_are_written_in_the_bytes_that_xlsxwriter_writes_cell_by_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = replace(load_experiment("xor"), steps=3, learning_rates=(0.5, 1.0))
    sheets = [replace(sheet, charts=(), drawings=(), overlays=()) for sheet in plan(experiment)]
    write(sheets, tmp_path / "ours.xlsx")
    monkeypatch.setattr(RowWorksheet, "write_row_of", _cell_by_cell)
    write(sheets, tmp_path / "theirs.xlsx")
    parts = [_parts(tmp_path / f"{who}.xlsx") for who in ("ours", "theirs")]
    assert [part for part in parts[0] if parts[0][part] != parts[1][part]] == []
    assert sum(b"<row" in part for part in parts[0].values()) == len(sheets)


def _cell_by_cell(worksheet: RowWorksheet, cells: Iterable[Cell], formats: Mapping[Style, Any]) -> int:
    for row, column, style, value, formula in cells:
        at = (row - 1, column)
        if formula is not None:
            assert worksheet.write_formula(*at, formula, formats[style], value) == 0
        elif value is None:
            assert worksheet.write_blank(*at, None, formats[style]) == 0
        elif isinstance(value, str):
            assert worksheet.write_string(*at, value, formats[style]) == 0
        else:
            assert worksheet.write_number(*at, value, formats[style]) == 0
    return 0


def _parts(path: Path) -> dict[str, bytes]:
    """What a file holds, the numbers of its styles aside: they are counted as the styles are first written."""
    with zipfile.ZipFile(path) as archive:
        return {
            name: re.sub(rb' s="\d+"', b"", archive.read(name))
            for name in archive.namelist()
            if name not in ("xl/styles.xml", PART)
        }


def test_a_row_outside_of_the_sheet_is_no_silent_loss(tmp_path: Path) -> None:
    sheet = small_sheet("far", [Cell(1, 0, "text", "near"), Cell(2, 16384, "number", 1.0)], {})
    with pytest.raises(ValueError, match="XlsxWriter refused"):
        write([sheet], tmp_path / "far.xlsx")


@pytest.mark.parametrize(
    "plan_sheets",
    [
        lambda: plan(replace(default_experiment(), steps=3)),
        lambda: exercise_sheets(default_experiment(), solution=False),
        lambda: exercise_sheets(default_experiment(), solution=True),
    ],
    ids=["workbook", "exercise", "solution"],
)
def test_xlsxwriter_would_write_every_formula_as_we_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan_sheets: Callable[[], list[SheetPlan]]
) -> None:
    """Functions newer than the file format, such as CONCAT, need a prefix, and some, such as SORT, more than that.

    We write neither, so no sheet may use them.
    """
    ours, theirs = RowWorksheet._prepare_formula, Worksheet._prepare_formula
    same: dict[str, bool] = {}

    def compared(worksheet: RowWorksheet, formula: str, *_: object) -> str:
        written = theirs(worksheet, formula, expand_future_functions=True)
        same[formula] = ours(worksheet, formula) == written and not re_dynamic_function.search(formula)
        return ours(worksheet, formula)

    monkeypatch.setattr(RowWorksheet, "_prepare_formula", compared)
    write(plan_sheets(), tmp_path / "book.xlsx")
    assert len(same) > 50
    assert [formula for formula in same if not same[formula]] == []
