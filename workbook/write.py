"""Planned sheets become an .xlsx file. The one module that knows XlsxWriter."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from rich.console import Console
from rich.progress import track
from xlsxwriter.utility import xl_cell_to_rowcol
from xlsxwriter.worksheet import Worksheet

from engine import InputError
from engine.files import replacing
from workbook.plan import Chart, Sheet, Style, Validation

# From here on a file takes longer than two seconds and shows a progress bar.
ROWS_WORTH_A_PROGRESS_BAR = 5_000

DARK_SLATE = "#44546A"
# Seven decimals, until a number is too wide for its column.
NUMBER_FORMAT = "[>=10000]0.000000E+00;[<=-10000]-0.000000E+00;0.0000000"
STYLES: dict[Style, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 18, "font_color": DARK_SLATE},
    "text": {"font_size": 11, "font_color": DARK_SLATE},
    "label": {"font_size": 11, "bold": True, "align": "right"},
    "header": {"font_size": 11, "font_color": "#FFFFFF", "bg_color": "#000000", "align": "right"},
    "input": {"font_size": 9, "font_color": "#0000FF", "bg_color": "#FFF2CC", "border": 1, "border_color": "#BF9000"},
    "number": {"font_size": 9, "font_color": DARK_SLATE, "num_format": NUMBER_FORMAT},
    "loss": {"font_size": 9, "font_color": "#FFFFFF", "bg_color": "#C00000", "num_format": NUMBER_FORMAT},
}
A3 = 8
LABELS_ON_THE_STEP_AXIS = 20


def write(sheets: Sequence[Sheet], path: Path) -> None:
    """Write a workbook; a file that stands at `path` is replaced only when the new one is whole.

    Raises:
        InputError: `path` does not end in .xlsx or cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise InputError(f"{path}: expected a file name that ends in .xlsx")
    with replacing(path) as part:
        # Rows go to disk as they come, so that a million of them fit in memory.
        options = {"constant_memory": True, "use_zip64": True}
        try:
            with xlsxwriter.Workbook(part, options) as book:
                formats = {style: book.add_format(properties) for style, properties in STYLES.items()}
                for sheet in sheets:
                    _write_sheet(book, sheet, formats)
        except xlsxwriter.exceptions.FileCreateError as error:
            raise OSError(str(error)) from error


def _write_sheet(book: Any, sheet: Sheet, formats: dict[Style, Any]) -> None:
    worksheet = book.add_worksheet(sheet.name)
    worksheet.set_column(0, sheet.column_count - 1, sheet.column_width)
    worksheet.freeze_panes(sheet.frozen_rows, 0)
    _set_up_printing(worksheet, sheet)
    for name, cell in sheet.names.items():
        book.define_name(name, f"='{sheet.name}'!{cell}")
    _write_cells(worksheet, sheet, formats)
    for chart in sheet.charts:
        _insert_chart(book, worksheet, sheet, chart)
    for line in sheet.sparklines:
        _check(worksheet.add_sparkline(line.row - 1, line.column, {"range": f"'{sheet.name}'!{line.range}"}), line)
    for validation in sheet.validations:
        _add_validation(worksheet, validation)


def _set_up_printing(worksheet: Worksheet, sheet: Sheet) -> None:
    worksheet.set_landscape()
    worksheet.set_paper(A3)
    worksheet.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.6)
    worksheet.fit_to_pages(1, 0)
    worksheet.repeat_rows(sheet.frozen_rows - 1)
    worksheet.set_footer("&L&A&RPage &P of &N")


def _write_cells(worksheet: Worksheet, sheet: Sheet, formats: dict[Style, Any]) -> None:
    bar = track(
        sheet.rows(),
        total=sheet.row_count,
        description=sheet.name,
        console=Console(stderr=True),
        disable=sheet.row_count < ROWS_WORTH_A_PROGRESS_BAR,
    )
    for cells in bar:
        for cell in cells:
            row, style = cell.row - 1, formats[cell.style]
            if cell.row in sheet.row_heights and cell is cells[0]:
                _check(worksheet.set_row(row, sheet.row_heights[cell.row]), cell)
            if cell.formula is not None:
                status = worksheet.write_formula(row, cell.column, cell.formula, style, cell.value)
            elif isinstance(cell.value, str):
                status = worksheet.write_string(row, cell.column, cell.value, style)
            else:
                status = worksheet.write_number(row, cell.column, cell.value, style)
            _check(status, cell)


def _insert_chart(book: Any, worksheet: Worksheet, sheet: Sheet, chart: Chart) -> None:
    line = book.add_chart({"type": "line"})
    line.add_series(
        {
            "values": f"='{sheet.name}'!{chart.range}",
            "values_data": chart.values,
            "marker": {"type": "none"},
            "smooth": False,
            "line": {"color": "#4472C4", "width": 2.25},
        }
    )
    line.set_title(
        {"name": chart.title, "name_font": {"size": 14, "bold": False, "color": "#595959"}, "overlay": False}
    )
    line.set_legend({"none": True})
    line.set_y_axis({"line": {"none": True}, "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}})
    steps_a_label = max(1, round(len(chart.values) / LABELS_ON_THE_STEP_AXIS))
    line.set_x_axis(
        {
            "line": {"color": "#D9D9D9"},
            "major_tick_mark": "none",
            "interval_unit": steps_a_label,
            "num_font": {"rotation": 360},  # XlsxWriter's word for explicitly horizontal
        }
    )
    line.set_size(_size(sheet, chart))
    _check(worksheet.insert_chart(chart.first, line, {"object_position": 1}), chart)


def _size(sheet: Sheet, chart: Chart) -> dict[str, int]:
    """Pixels from the first cell's upper left to one short of the last cell's lower right."""
    (first_row, first_column), (last_row, last_column) = xl_cell_to_rowcol(chart.first), xl_cell_to_rowcol(chart.last)
    # Excel's own measures at its default font: 7 pixels a character and 5 of padding; 4 pixels for 3 points.
    columns, column = last_column - first_column + 1, int(sheet.column_width * 7 + 0.5) + 5
    heights = [sheet.row_heights.get(row, 15.0) for row in range(first_row + 1, last_row + 2)]
    return {"width": columns * column - 1, "height": sum(int(4 / 3 * points) for points in heights) - 1}


def _add_validation(worksheet: Worksheet, validation: Validation) -> None:
    limits = {"criteria": ">=", "value": validation.least}
    if validation.most is not None:
        limits = {"criteria": "between", "minimum": validation.least, "maximum": validation.most}
    options = {
        "validate": "decimal",
        **limits,
        "input_title": validation.title,
        "input_message": validation.message,
        "error_title": validation.title,
        "error_message": validation.message,
    }
    _check(worksheet.data_validation(validation.range, options), validation)


def _check(status: int | None, record: object) -> None:
    """XlsxWriter reports a write outside the sheet, or out of order, by its return value alone."""
    if status:
        raise ValueError(f"XlsxWriter refused {record}: status {status}")
