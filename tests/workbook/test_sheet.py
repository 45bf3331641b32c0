"""How the sheet looks: the geometry that it mirrors, and which cells hold which formulas."""

import re
import zipfile
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.formula import Tokenizer
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import coordinate_from_string
from openpyxl.worksheet.worksheet import Worksheet

from engine import Columns, InputError, Network, default_experiment, load_experiment
from workbook.plan import plan
from workbook.table.layout import Layout

HEADERS = (
    "t1 t2 i1 i2 w1 w2 w3 w4 h1 a_h1 h2 a_h2 w5 w6 w7 w8 o1 a_o1 o2 a_o2 E1 E2 E_tot "
    "∂E/∂w1 ∂E/∂w2 ∂E/∂w3 ∂E/∂w4 ∂E/∂w5 ∂E/∂w6 ∂E/∂w7 ∂E/∂w8"
)
DASHBOARD = {"E9", "E10", "E11", "E12", "E13", "E14", "F14"}
GIVEN = [f"{column}21" for column in "ABCDEFGHMNOP"]


@pytest.fixture(scope="module")
def sheet(book: Path) -> Worksheet:
    sheet = openpyxl.load_workbook(book)["assignment6-calculations"]
    assert isinstance(sheet, Worksheet)
    return sheet


def test_the_learning_rate_is_in_g19(sheet: Worksheet) -> None:
    assert (sheet["F19"].value, sheet["G19"].value) == ("eta", 1)


def test_the_headers_stand_in_row_20(sheet: Worksheet) -> None:
    row = sheet[20]
    assert [cell.value for cell in row] == HEADERS.split()
    for cell in row:
        assert (cell.font.color.rgb, cell.font.sz, cell.fill.fgColor.rgb) == ("FFFFFFFF", 11, "FF000000")


def test_80_steps_stand_in_rows_21_to_100(sheet: Worksheet) -> None:
    assert sheet.max_row == 100
    assert all(sheet.cell(row, column).value is not None for row in range(21, 101) for column in range(1, 32))
    assert sheet["A22"].font.sz == 9
    assert sheet["A22"].font.color.rgb == "FF44546A"
    assert {sheet.cell(row, 23).fill.fgColor.rgb for row in range(21, 101)} == {"FFC00000"}


def test_the_given_row_is_that_of_the_worked_example(sheet: Worksheet) -> None:
    assert [sheet[cell].value for cell in GIVEN] == [0.5, 0.5, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55]


def test_exactly_the_computed_cells_hold_formulas(sheet: Worksheet) -> None:
    formulas = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
    table = {f"{get_column_letter(column)}{row}" for row in range(21, 101) for column in range(1, 32)}
    assert formulas == table - set(GIVEN) | DASHBOARD


def test_no_formula_reaches_beyond_its_row_the_row_above_and_eta(sheet: Worksheet) -> None:
    for row in range(21, 101):
        for column in range(1, 32):
            formula = sheet.cell(row, column).value
            if not isinstance(formula, str):
                continue
            operands = [token.value for token in Tokenizer(formula).items if token.subtype == "RANGE"]
            assert operands
            for operand in operands:
                assert operand == "$G$19" or coordinate_from_string(operand)[1] in (row, row - 1), formula


def test_a_few_formulas_letter_for_letter(sheet: Worksheet) -> None:
    assert sheet["A22"].value == "=A21"
    assert sheet["G24"].value == "=G23 - $G$19*Z23"
    assert sheet["I21"].value == "=E21*C21 + F21*D21"
    assert sheet["J21"].value == "=1/(1+EXP(MIN(709,-I21)))"
    assert sheet["U21"].value == "=0.5*(A21-R21)^2"
    assert sheet["AB21"].value == "=(R21-A21)*R21*(1-R21)*J21"
    assert sheet["Z21"].value == "=((R21-A21)*R21*(1-R21)*N21 + (T21-B21)*T21*(1-T21)*P21)*L21*(1-L21)*C21"


def test_the_loss_curve_covers_n2_to_t17(book: Path) -> None:
    drawing = zipfile.ZipFile(book).read("xl/drawings/drawing1.xml").decode()
    anchor = r"<xdr:col>(\d+)</xdr:col><xdr:colOff>(\d+)</xdr:colOff><xdr:row>(\d+)</xdr:row><xdr:rowOff>(\d+)"
    (from_, to) = re.findall(anchor, drawing)
    assert from_ == ("13", "0", "1", "0")
    assert (to[0], to[2]) == ("19", "16")
    xml = zipfile.ZipFile(book).read("xl/charts/chart1.xml").decode()
    assert "<a:t>Loss Curve</a:t>" in xml
    assert "<c:f>'assignment6-calculations'!$W$21:$W$100</c:f>" in xml
    assert '<c:symbol val="none"/>' in xml
    assert "<c:legend>" not in xml
    assert "<c:smooth" not in xml
    assert '<c:scatterStyle val="lineMarker"/>' in xml


def test_sparklines_stand_in_w102_to_aa102(book: Path) -> None:
    xml = zipfile.ZipFile(book).read("xl/worksheets/sheet1.xml").decode()
    for column in ("W", "X", "Y", "Z", "AA"):
        range_ = f"<xm:f>'assignment6-calculations'!{column}21:{column}100</xm:f>"
        assert f"{range_}<xm:sqref>{column}102</xm:sqref>" in xml
    assert xml.count("<x14:sparkline>") == 5


def test_inputs_look_like_inputs_and_nothing_else_does(sheet: Worksheet) -> None:
    yellow = {c.coordinate for row in sheet.iter_rows() for c in row if c.fill.fgColor.rgb == "FFFFF2CC"}
    assert yellow == {"G19", *GIVEN}


def test_inputs_admit_numbers_only(sheet: Worksheet) -> None:
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert set(rules) == {"G19", *GIVEN}
    eta = rules["G19"]
    assert (eta.type, eta.operator, eta.formula1) == ("decimal", "greaterThanOrEqual", "0")
    assert "from 0 up" in eta.error
    assert "from 0 up" in eta.prompt


def test_eta_is_a_defined_name(book: Path) -> None:
    assert openpyxl.load_workbook(book).defined_names["eta"].attr_text == "'assignment6-calculations'!$G$19"


def test_title_three_lines_and_the_dashboard_stand_left_of_the_chart(sheet: Worksheet) -> None:
    texts = {cell.coordinate: cell.value for row in sheet["A1:M17"] for cell in row if cell.value is not None}
    look_for = {f"G{row}" for row in range(8, 13)}
    rest = [cell for cell in texts if cell not in look_for]
    dashboard = [f"{c}{row}" for row in range(9, 15) for c in "AE"]
    assert rest == ["A2", "A3", "A4", "A5", "A6", "A8", *dashboard, "F14"]
    assert look_for < texts.keys()
    # 13 columns of 8.43 characters lie between A and the chart.
    assert max(len(str(text)) for cell, text in texts.items() if cell not in DASHBOARD) < 13 * 8.43


def test_the_first_screen_holds_eta_the_curve_and_15_rows(sheet: Worksheet) -> None:
    zoom = (sheet.sheet_view.zoomScale or 100) / 100
    default = sheet.sheet_format.defaultRowHeight
    points = sum(sheet.row_dimensions[row].height or default for row in range(1, 20 + 15 + 1))
    # LibreOffice shows 585 pixels of cells below its tool bars where the screen has 768.
    assert points * 4 / 3 * zoom < 585
    # It shows 1265 of 1366 pixels of cells, and draws a column about 71 pixels wide; the chart ends with T, the 20th.
    assert sheet.column_dimensions["A"].width < 9.2
    assert 20 * 71 * zoom < 1265


def test_panes_numbers_and_printing(sheet: Worksheet) -> None:
    assert sheet.freeze_panes == "A21"
    assert sheet["W50"].number_format == "0.0000000"
    assert sheet["W50"].alignment.shrink_to_fit
    # One page wide is what a file says by saying nothing.
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (None, 0)
    assert sheet.sheet_properties.pageSetUpPr is not None
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    # Where one sheet repeats rows, LibreOffice draws dashes through the texts of all sheets.
    assert not [
        other.title for other in (sheet.parent.worksheets if sheet.parent else [sheet]) if other.print_title_rows
    ]


def test_a_tabs_colour_tells_what_its_sheet_is_for(book: Path) -> None:
    colours: dict[str, set[str]] = {}
    for sheet in openpyxl.load_workbook(book):
        colour = sheet.sheet_properties.tabColor
        colours.setdefault(colour.rgb if colour else "none", set()).add(sheet.title)
    rates = {"learning rates", *(f"rate {run}" for run in range(1, 8))}
    teach = {"story", "explorer", "derivation", "landscape"}
    assert sorted(colours.values(), key=min) == [{"assignment6-calculations"}, {"check"}, teach, rates]


def test_other_lengths_and_excels_limit() -> None:
    assert Layout(Columns.plain((2, 2, 2)), 1_048_556).last_row == 1_048_576
    with pytest.raises(InputError) as error:
        Layout(Columns.plain((2, 2, 2)), 1_048_557)
    assert str(error.value) == "steps: got 1048557, expected at most 1048556: Excel's rows below the header"


@pytest.mark.parametrize(("name", "rows"), [("batch-norm", 4), ("deep", 160)])
def test_no_column_has_100_alike_formulas_below_one_another_where_an_update_has_several_rows(
    name: str, rows: int
) -> None:
    """LibreOffice would compute them together, and take old values for those that wait for one another."""
    made = load_experiment(name)
    layout = Layout(replace(made.columns, method=replace(made.method, batch_size=rows)), 320 // rows)
    for column, formulas in layout.formulas.items():
        by_row = [formulas[row % len(formulas)] for row in range(layout.rows)]
        assert max(len(list(alike)) for _, alike in groupby(by_row)) < 100, column


def test_a_layer_that_no_cell_can_add_up_is_refused() -> None:
    with pytest.raises(InputError) as error:
        Layout(Columns.plain((201, 1)), 1)
    assert str(error.value) == (
        "network: got a layer of 201, expected at most 200 inputs or neurons in a layer of a workbook: "
        "a cell adds them all up"
    )
    assert Layout(Columns.plain((200, 1)), 1).formulas["o1"][0].at(21).count("*") == 200


def test_a_network_whose_formulas_excel_cannot_hold_is_refused() -> None:
    sizes = [4] * 6
    weights = tuple(np.zeros((after, before)) for before, after in pairwise(sizes))
    big = replace(
        default_experiment(),
        network=Network.plain(tuple(sizes)),
        weights=weights,
        biases=(),
        inputs=np.zeros((1, 4)),
        targets=np.zeros((1, 4)),
    )
    with pytest.raises(InputError, match=r"a formula of its table has \d+ characters, Excel's limit is 8192"):
        plan(big)


def test_a_table_whose_formulas_grow_too_long_further_down_is_refused() -> None:
    columns = Columns.plain((4, 4, 4, 4, 3, 3))
    assert Layout(columns, 99).last_row == 119
    with pytest.raises(InputError, match=r"a formula of its table has 9\d{3} characters, Excel's limit is 8192"):
        Layout(columns, 100_000)
