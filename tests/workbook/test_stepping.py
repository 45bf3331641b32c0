"""One step for all sheets: the cell in which it is typed, and the bars that move it."""

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from engine import load_experiment
from tests.workbook.spreadsheets import convert
from workbook.plan import plan
from workbook.records import ScrollBar, small_sheet
from workbook.sheets.stepping import LONGEST, step_bars
from workbook.table.layout import Layout
from workbook.write import write

STEPPED = {"explorer", "derivation", "story", "landscape", "predictions", "maps"}


def a_layout(steps: int) -> Layout:
    return Layout(load_experiment("and").columns, steps)


def test_every_sheet_that_shows_a_step_has_a_bar_for_the_same_cell() -> None:
    sheets = plan(replace(load_experiment("conv"), steps=3)) + plan(replace(load_experiment("and"), steps=3))
    bars = {sheet.name: list(sheet.scroll_bars) for sheet in sheets if sheet.scroll_bars}
    assert set(bars) == STEPPED
    assert {(bar.cell, bar.most) for of in bars.values() for bar in of} == {("'explorer'!$B$3", 3)}
    for sheet in sheets:
        typed = [cell for row in sheet.rows() for cell in row if cell.style == "input"]
        labels = {(cell.row, cell.column): cell.value for row in sheet.rows() for cell in row if cell.style == "label"}
        steps = [cell for cell in typed if labels.get((cell.row, cell.column - 1)) == "step"]
        assert len(steps) == (sheet.name == "explorer"), f"{sheet.name}: the step is typed in one place"


@pytest.mark.parametrize(("steps", "bars"), [(1, 0), (2, 1), (LONGEST, 1), (LONGEST + 1, 0)])
def test_there_is_a_bar_where_it_can_move_and_excel_can_count(steps: int, bars: int) -> None:
    assert len(step_bars(a_layout(steps), "A1", "B1")) == bars


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """A workbook of two sheets with a bar each."""
    one, other = ScrollBar("'one'!$B$3", 80, "C2", "E2"), ScrollBar("'one'!$B$3", 80, "A1", "A1")
    sheets = [small_sheet(name, [], widths={"C": 9}, scroll_bars=[bar]) for name, bar in (("one", one), ("two", other))]
    write(sheets, tmp_path / "bars.xlsx")
    return tmp_path / "bars.xlsx"


def test_libreoffice_has_the_bars_and_their_cell(bars: Path, tmp_path: Path) -> None:
    convert([bars], "fods", tmp_path, tmp_path)
    controls = re.findall(r"<form:value-range[^>]*>", bars.with_suffix(".fods").read_text())
    assert len(controls) == 2
    for control in controls:
        assert 'form:linked-cell="one.B3"' in control
        assert 'form:min-value="1"' in control
        assert 'form:max-value="80"' in control


def test_the_file_holds_what_excel_reads_of_a_bar(bars: Path) -> None:
    with zipfile.ZipFile(bars) as archive:
        drawing = archive.read("xl/drawings/vmlDrawing1.vml").decode()
        assert '<legacyDrawing r:id="rId1"/>' in archive.read("xl/worksheets/sheet1.xml").decode()
    data = re.findall(r'<x:ClientData ObjectType="Scroll">(.*?)</x:ClientData>', drawing)
    assert len(data) == 1
    told = dict(re.findall(r"<x:(\w+)>([^<]*)</x:", data[0]))
    assert told["Anchor"].replace(" ", "").startswith("2,0,1,0,4,")  # from the left of C2 into E2
    assert (told["FmlaLink"], told["Min"], told["Max"], told["Val"]) == ("'one'!$B$3", "1", "80", "1")
