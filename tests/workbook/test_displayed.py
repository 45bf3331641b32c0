"""What a person sees: the displayed text of cells, parsed back and compared with their values."""

import csv
import itertools
import math
import re
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import openpyxl
import pypdfium2
import pytest
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string
from openpyxl.worksheet.worksheet import Worksheet

from engine import InputError, default_experiment, descend
from tests.workbook.spreadsheets import by_ironcalc, by_openpyxl, convert, error_cells
from workbook.plan import plan
from workbook.records import Cell, small_sheet
from workbook.write import write

GRADIENTS = ("X", "Y", "Z", "AA", "AB", "AC", "AD", "AE")
# All sheets as UTF-8 CSV, cells as they are shown.
AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,true,false,false,-1"


RATES = (0.1, 1.0, 2.0, 1e4)


def book_of(sign: int, rate: float) -> str:
    return f"{'negative' if sign < 0 else 'positive'}-{rate:g}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workbooks of small and large rates, with weights of either sign; all that LibreOffice shows of them."""
    folder, default = tmp_path_factory.mktemp("shown"), default_experiment()
    paths = []
    for sign, rate in itertools.product((1, -1), RATES):
        weights = tuple(sign * matrix for matrix in default.weights)
        paths.append(folder / f"{book_of(sign, rate)}.xlsx")
        write(plan(replace(default, weights=weights, learning_rate=rate, steps=20)), paths[-1])
    convert(paths, AS_SHOWN, folder, folder)
    convert(paths, "pdf", folder, folder)
    return folder


either_sign = pytest.mark.parametrize("sign", [1, -1], ids=["", "negative weights"])


@pytest.mark.parametrize("rate", RATES)
@either_sign
def test_every_sheet_shows_each_numbers_sign_and_value(rate: float, sign: int, folder: Path) -> None:
    name = book_of(sign, rate)
    book = openpyxl.load_workbook(folder / f"{name}.xlsx", data_only=True)
    compared, wrong = 0, []
    for sheet in book.worksheets:
        assert isinstance(sheet, Worksheet)
        with (folder / f"{name}-{sheet.title}.csv").open(encoding="utf-8", newline="") as file:
            shown = list(csv.reader(file))
        for row in sheet.iter_rows():
            for cell in row:
                hidden = cell.number_format == ";;;"  # a tile of the landscape is seen by its colour
                if isinstance(cell.value, int | float) and not isinstance(cell.value, bool) and not hidden:
                    text = shown[cell.row - 1][cell.column - 1]
                    compared += 1
                    # An exponent format keeps two digits at least, an axis three decimals, the others seven.
                    rounding = 5.1e-4 if cell.number_format == "0.000" else 5.1e-8
                    if not math.isclose(float(text), cell.value, rel_tol=0.05, abs_tol=rounding):
                        wrong.append(f"{sheet.title}!{cell.coordinate}: {cell.value} shows as {text}")
    assert compared > 5_000
    assert wrong == []


def _displayed(value: float) -> str:
    """What a cell of seven decimals shows: an exponent for the large and the small."""
    if value != 0 and not 0.0001 <= abs(value) < 10000:
        return f"{value:.3E}"
    return f"{value:z.7f}"


@pytest.mark.parametrize("rate", RATES)
@either_sign
def test_a_page_shows_the_large_and_the_small_with_an_exponent_and_nothing_as_hashes(
    rate: float, sign: int, folder: Path
) -> None:
    path = folder / f"{book_of(sign, rate)}.xlsx"
    pages: dict[str, str] = {}
    document = pypdfium2.PdfDocument(path.with_suffix(".pdf"))
    for page in document:
        text = page.get_textpage().get_text_range()
        sheet = text.split(" Page ")[0]  # the footer comes first
        pages[sheet] = pages.get(sheet, "") + text
    document.close()
    book = openpyxl.load_workbook(path, data_only=True)
    for worksheet in book.worksheets:
        assert isinstance(worksheet, Worksheet)
        text = pages[worksheet.title]
        assert "###" not in text
        if worksheet.title in ("check", "learning rates", "landscape", "story"):
            continue  # not all of their cells are printed
        shown = Counter(text.split())
        numbers = [
            cell.value
            for row in worksheet.iter_rows()
            for cell in row
            if cell.number_format == "0.0000000" and isinstance(cell.value, int | float)
        ]
        missing = Counter(map(_displayed, numbers)) - shown
        assert len(numbers) >= 30
        # A decimal half may be rounded either way; an exponent is never exactly between two.
        assert sum(missing.values()) <= 2, (worksheet.title, missing)


def test_the_large_and_the_small_have_an_exponent(book: Path) -> None:
    for sheet in openpyxl.load_workbook(book).worksheets:
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


def test_the_dashboard_shows_the_step_that_halved_the_loss_as_a_whole_number(book: Path) -> None:
    sheet = openpyxl.load_workbook(book, data_only=True).worksheets[0]
    assert isinstance(sheet, Worksheet)
    assert (sheet["A11"].value, sheet["E11"].value, sheet["E11"].number_format) == ("halved at step", 13, "General")


def test_the_dashboard_follows_the_learning_rate(book: Path) -> None:
    for rate, halved, verdict in (
        (0, "never", "stands still"),
        (0.1, "never", "slow"),
        (2, 7, "falls"),
        (10000, "never", "saturated"),
    ):
        values = by_ironcalc(book, {"G19": rate})["assignment6-calculations"]
        assert (values["E11"], values["E13"]) == (halved, verdict)
        losses = [values[f"W{row}"] for row in range(21, 101)]
        assert (values["E9"], values["E10"]) == (losses[0], losses[-1])
        gradients = [values[f"{column}{row}"] for column in GRADIENTS for row in (100,)]
        assert values["E12"] == max(abs(float(str(gradient))) for gradient in gradients)


def test_no_formula_spells_a_number_with_an_exponent(tmp_path: Path) -> None:
    # Some spreadsheet libraries cannot parse 1E-9. Formats inside quotes are texts.
    path = tmp_path / "book.xlsx"
    write(plan(replace(default_experiment(), steps=2)), path)
    formulas = [
        str(cell.value)
        for sheet in openpyxl.load_workbook(path).worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    assert [f for f in formulas if re.search(r"\d[eE][+-]?\d", re.sub('"[^"]*"', "", f))] == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("formula", [None, "=1"], ids=["typed", "cache"])
def test_nan_and_inf_are_refused_with_their_cell(value: float, formula: str | None, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_text("as it was")
    with pytest.raises(InputError, match=r"^some sheet!B3: got -?(nan|inf), expected a finite number"):
        write([small_sheet("some sheet", [Cell(3, 1, "number", value, formula)], widths={})], path)
    assert path.read_text() == "as it was"


def test_a_weight_of_ten_million_makes_a_workbook_that_holds_no_nan(tmp_path: Path) -> None:
    default = default_experiment()
    first = default.weights[0].copy()
    first[0, 0] = 1e7
    path = tmp_path / "book.xlsx"
    write(plan(replace(default, weights=(first, default.weights[1]), steps=3)), path)
    assert error_cells(by_ironcalc(path)) == []
    values = by_openpyxl(path)["check"]
    assert values["B3"] == "PASS"
    assert by_ironcalc(path)["check"]["B3"] == "PASS"


@pytest.mark.parametrize("count", [1, 8, 27])
def test_any_number_of_learning_rates_has_curves_verdicts_and_losses(count: int, tmp_path: Path) -> None:
    rates = tuple(0.1 * number for number in range(1, count + 1))
    experiment = replace(default_experiment(), learning_rates=rates, steps=5)
    path = tmp_path / "book.xlsx"
    write(plan(experiment), path)
    sheet = openpyxl.load_workbook(path)["learning rates"]
    assert isinstance(sheet, Worksheet)
    with zipfile.ZipFile(path) as archive:
        charts = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/charts/chart")]
    assert len([chart for chart in charts if chart.count("<c:ser>") == count and "10^" not in chart]) >= 2
    assert {sheet[f"B{row}"].number_format for row in range(6, 6 + count)} == {"0.0E+00"}
    values = by_ironcalc(path)
    assert error_cells(values) == []
    losses = descend(experiment).numbers.loss
    for run in range(count):
        assert values["learning rates"][f"B{6 + run}"] == pytest.approx(losses[-1, run], rel=1e-9)
        assert values["learning rates"][f"D{6 + run}"] in ("slow", "falls")


def test_the_logarithmic_chart_draws_losses_of_exactly_0_at_its_lower_end(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write(plan(replace(default_experiment(), learning_rates=(2.0,), steps=600)), path)
    with zipfile.ZipFile(path) as archive:
        charts = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/charts/chart")]
    (logarithmic,) = (chart for chart in charts if "<c:logBase" in chart)
    losses = re.findall(r"<c:v>([^<]+)</c:v>", logarithmic.split("<c:yVal>")[1])
    assert descend(replace(default_experiment(), learning_rates=(2.0,), steps=600)).numbers.loss[-1, 0] == 0
    assert min(map(float, losses)) == 1e-34
    assert '<c:plotVisOnly val="1"/>' not in logarithmic
    sheet = by_ironcalc(path)["learning rates"]
    drawn = [sheet[f"V{row}"] for row in range(6, 606)]
    assert drawn == [max(float(str(sheet[f"T{row}"])), 1e-34) for row in range(6, 606)]


@pytest.mark.parametrize(("steps", "unit"), [(1, 1), (5, 1), (7, 2), (80, 20), (81, 20), (1000, 200), (2000, 500)])
def test_the_axis_of_every_chart_has_a_few_round_steps(steps: int, unit: int, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write(plan(replace(default_experiment(), steps=steps, learning_rates=(1.0,)))[:1], path)
    with zipfile.ZipFile(path) as archive:
        chart = archive.read("xl/charts/chart1.xml").decode()
    axis = chart.split("<c:valAx>")[1]
    assert f'<c:majorUnit val="{unit}"/>' in axis
    assert steps / unit <= 5
    # Whole units from 0 on; the points stand at 1, 2, … because they have no x of their own.
    assert float(re.findall(r'<c:max val="([\d.]+)"/>', axis)[0]) % unit == 0
    assert "<c:xVal>" not in chart


@pytest.mark.parametrize("count", range(1, 9))
def test_no_chart_of_the_learning_rates_is_cut_by_the_end_of_a_page(count: int) -> None:
    rates = tuple(0.1 * number for number in range(1, count + 1))
    sheets = {sheet.name: sheet for sheet in plan(replace(default_experiment(), learning_rates=rates))}
    sheet = sheets["learning rates"]
    # A character of Calibri 11 is 7 pixels wide, a cell 5 more; A3, less the margins, is as wide as the losses reach.
    pixels = 0.0
    for columns, width in sheet.widths.items():
        first, last = (column_index_from_string(name) for name in (columns.split(":") * 2)[:2])
        pixels += (5 + 7 * width) * (last - first + 1) if first <= column_index_from_string("S") + count else 0
    rows = pixels * (297 - 25.4) / (420 - 20.3) / (sheet.row_height / 0.75)
    assert all(coordinate_from_string(chart.last)[1] < rows for chart in sheet.charts)
