"""Planned sheets become an .xlsx file. The one module that knows XlsxWriter."""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import xlsxwriter
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from engine import InputError
from engine.files import check_ending, replacing
from workbook.generated import FileKind, mark
from workbook.records import Cell, Chart, Drawing, Overlay, SheetPlan, Validation
from workbook.write_cells import RowWorksheet
from workbook.write_charts import line_chart, overlay_chart
from workbook.write_controls import add_scroll_bar
from workbook.write_drawing import xy_chart
from workbook.write_pages import set_pages
from workbook.write_rules import conditional_formats
from workbook.write_styles import EXPONENT_FORMAT, NEEDS_AN_EXPONENT, NUMBER_STYLES, STYLES, TABS

# From here on the file takes longer than two seconds, and its sheets show a progress bar.
ROWS_WORTH_A_PROGRESS_BAR = 500

T = TypeVar("T")
# The same input gives the same bytes: a file says nothing of when it was made.
CREATED = datetime(2000, 1, 1, tzinfo=UTC)


def write(sheets: Sequence[SheetPlan], path: Path, kind: FileKind = "workbook", *, large: bool = False) -> None:
    """Write a workbook; a file that stands at `path` is replaced only when the new one is whole.

    Whether it may be replaced at all is asked before, see generated.refuse_to_replace.

    Args:
        large: whether the sheets hold many cells each: one progress bar counts them.

    Raises:
        InputError: `path` does not end in .xlsx or cannot be written, or a cell's value is nan or infinite.
    """
    check_ending(path, ".xlsx")
    with replacing(path) as part:
        # Rows go to disk as they come, so that a million of them fit in memory.
        options = {"constant_memory": True, "use_zip64": True}
        try:
            with xlsxwriter.Workbook(part, options) as book:
                book.set_properties({"created": CREATED})
                for sheet in _counted(sheets, len(sheets), path.name) if large else sheets:
                    _SheetWriter(book, sheet, quiet=large).write()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise error.args[0] from None  # the OSError that XlsxWriter wraps
        mark(part, kind)


def _counted(things: Iterable[T], count: int, name: str) -> Iterable[T]:
    """The things with a progress bar; in a browser, where there is no console, without."""
    if sys.platform == "emscripten":
        return things
    from rich.console import Console
    from rich.progress import track

    return track(things, total=count, description=name, console=Console(stderr=True))


class _SheetWriter:
    def __init__(self, book: Any, sheet: SheetPlan, *, quiet: bool) -> None:
        self.book, self.sheet, self.quiet = book, sheet, quiet
        self.worksheet = book.add_worksheet(sheet.name, worksheet_class=RowWorksheet)
        self.formats = {style: book.add_format(properties) for style, properties in STYLES.items()}
        # The columns of the cells that hold numbers, with the first and the last of the rows that have them in these.
        self.number_blocks: list[tuple[list[int], int, int]] = []

    def write(self) -> None:
        self.set_up()
        self.write_cells()
        self.add_exponents()
        self.insert_charts()
        _check(set_pages(self.worksheet, self.sheet), self.sheet.name)
        for bar in self.sheet.scroll_bars:
            _check(add_scroll_bar(self.worksheet, bar, self.size(bar.first, bar.last)), bar)
        for line in self.sheet.sparklines:
            _check(self.worksheet.add_sparkline(line.row - 1, line.column, {"range": line.range}), line)
        for validation in self.sheet.validations:
            self.add_validation(validation)
        for choice in self.sheet.choices:
            texts = {"validate": "list", "source": f"={choice.texts}"}
            _check(self.worksheet.data_validation(choice.cell, texts), choice)
        for cells, options in conditional_formats(self.book, self.sheet):
            _check(self.worksheet.conditional_format(cells, options), options)

    def set_up(self) -> None:
        sheet, worksheet = self.sheet, self.worksheet
        for columns, width in sheet.widths.items():
            _check(worksheet.set_column(_columns(columns), width), columns)
        self.fold()
        worksheet.outline_settings(symbols_right=False)
        worksheet.set_default_row(sheet.row_height)
        worksheet.set_zoom(sheet.zoom)
        worksheet.freeze_panes(sheet.frozen_rows, 0)
        if not sheet.gridlines:
            worksheet.hide_gridlines(2)
        if sheet.hidden == "hidden":
            worksheet.hide()
        elif sheet.hidden == "very hidden":
            worksheet.very_hidden()
        if sheet.tab:
            worksheet.set_tab_color(TABS[sheet.tab])
        for name, cell in sheet.names.items():
            self.book.define_name(name, f"='{sheet.name}'!{cell}")

    def fold(self) -> None:
        """Fold the columns, those within others one level deeper."""
        folds = [
            [xl_cell_to_rowcol(f"{end}1")[1] for end in _columns(columns).split(":")]
            for columns in self.sheet.collapsed
        ]
        # Excel looks for the mark before the columns, as outline_settings says, LibreOffice always after them.
        marked = {beside for first, last in folds for beside in (first - 1, last + 1)}
        for column in sorted(marked.union(*(range(first, last + 1) for first, last in folds))):
            level = sum(first <= column <= last for first, last in folds)
            options = {"level": level, "hidden": level > 0, "collapsed": column in marked}
            _check(self.worksheet.set_column(column, column, self.width(column), None, options), column)

    def write_cells(self) -> None:
        rows: Iterable[list[Cell]] = self.sheet.rows()
        count = self.sheet.row_count
        if not self.quiet and count >= ROWS_WORTH_A_PROGRESS_BAR:
            rows = _counted(rows, count, self.sheet.name)
        for cells in rows:
            if cells and cells[0].row in self.sheet.heights:
                row = cells[0].row
                _check(self.worksheet.set_row(row - 1, self.sheet.heights[row]), row)
            if cells:
                self.check_numbers(cells)
                _check(self.worksheet.write_row_of(cells, self.formats), cells[0])
                self.note_numbers(cells)

    def check_numbers(self, cells: Iterable[Cell]) -> None:
        """Refuse a row with a number that is not finite.

        Raises:
            InputError: there is one.
        """
        for row, column, _, value, _ in cells:
            if isinstance(value, float) and not math.isfinite(value):
                where = f"{self.sheet.name}!{xl_rowcol_to_cell(row - 1, column)}"
                raise InputError(f"{where}: got {value}, expected a finite number; take smaller weights or inputs")

    def note_numbers(self, cells: Sequence[Cell]) -> None:
        """Note where in a row numbers stand: most often in the same columns as in the row above."""
        columns, row = [cell.column for cell in cells if cell.style in NUMBER_STYLES], cells[0].row - 1
        above, first, last = self.number_blocks[-1] if self.number_blocks else ([], row, row)
        if columns == above and last == row - 1:
            self.number_blocks[-1] = (above, first, row)
        else:
            self.number_blocks.append((columns, row, row))

    def add_exponents(self) -> None:
        """Show an exponent where seven decimals would be too many or too few, see NEEDS_AN_EXPONENT."""
        options = {"type": "formula", "format": self.book.add_format({"num_format": EXPONENT_FORMAT})}
        for first, last, left, right in _rectangles(_runs(self.number_blocks)):
            criteria = NEEDS_AN_EXPONENT.format(cell=xl_rowcol_to_cell(first, left))
            status = self.worksheet.conditional_format(first, left, last, right, {**options, "criteria": criteria})
            _check(status, criteria)

    def insert_charts(self) -> None:
        sheet, book = self.sheet, self.book
        made: list[tuple[Chart | Drawing | Overlay, Any]] = [(chart, line_chart(book, chart)) for chart in sheet.charts]
        made += [(drawing, xy_chart(book, drawing)) for drawing in sheet.drawings]
        for overlay in sheet.overlays:
            share = self.size(overlay.first, overlay.last)["width"] / self.size(overlay.first, _end(overlay))["width"]
            made.append((overlay, overlay_chart(book, overlay, share)))
        for record, chart in made:
            chart.show_hidden_data()
            chart.set_size(self.size(record.first, _end(record)))
            _check(self.worksheet.insert_chart(record.first, chart, {"object_position": 1}), record)

    def size(self, first: str, last: str) -> dict[str, int]:
        """Pixels from the first cell's upper left to one short of the last cell's lower right."""
        first_row, first_column = xl_cell_to_rowcol(first)
        last_row, last_column = xl_cell_to_rowcol(last)
        # Excel's own measures at its default font: 7 pixels a character and 5 of padding; 4 pixels for 3 points.
        widths = [self.width(column) * 7 + 5.5 for column in range(first_column, last_column + 1)]
        heights = [
            self.sheet.heights.get(row, self.sheet.row_height) * 4 / 3 for row in range(first_row + 1, last_row + 2)
        ]
        return {"width": sum(map(int, widths)) - 1, "height": sum(map(int, heights)) - 1}

    def width(self, column: int) -> float:
        for columns, width in self.sheet.widths.items():
            first, last = (xl_cell_to_rowcol(f"{end}1")[1] for end in _columns(columns).split(":"))
            if first <= column <= last:
                return width
        return 8.43  # Excel's own

    def add_validation(self, validation: Validation) -> None:
        limits = {"criteria": ">=", "value": validation.least}
        if validation.most is not None:
            limits = {"criteria": "between", "minimum": validation.least, "maximum": validation.most}
        options = {
            "validate": "integer" if validation.whole else "decimal",
            **limits,
            "input_title": validation.title,
            "input_message": validation.message,
            "error_title": validation.title,
            "error_message": validation.message,
        }
        _check(self.worksheet.data_validation(validation.range, options), validation)


def _runs(blocks: Iterable[tuple[Sequence[int], int, int]]) -> dict[int, list[tuple[int, int]]]:
    """Blocks of rows that have cells in the same columns, from the top, as each column's runs (first row, last row)."""
    runs: dict[int, list[tuple[int, int]]] = {}
    for columns, first, last in blocks:
        for column in columns:
            own = runs.setdefault(column, [])
            if own and own[-1][1] == first - 1:
                own[-1] = (own[-1][0], last)
            else:
                own.append((first, last))
    return runs


def _rectangles(runs: Mapping[int, Sequence[tuple[int, int]]]) -> Iterator[tuple[int, int, int, int]]:
    """Runs of rows by column, those of neighbouring columns joined, as (first row, last row, left, right)."""
    by_rows: dict[tuple[int, int], list[int]] = {}
    for column in sorted(runs):
        for rows in runs[column]:
            by_rows.setdefault(rows, []).append(column)
    for (first, last), columns in by_rows.items():
        for _, group in groupby(enumerate(columns), key=lambda pair: pair[1] - pair[0]):
            joined = [column for _, column in group]
            yield first, last, joined[0], joined[-1]


def _end(chart: Chart | Drawing | Overlay) -> str:
    """The last cell that it covers."""
    return (chart.legend or chart.last) if isinstance(chart, Overlay) else chart.last


def _columns(columns: str) -> str:
    return columns if ":" in columns else f"{columns}:{columns}"


def _check(status: int | None, record: object) -> None:
    """XlsxWriter reports a write outside the sheet, or out of order, by its return value alone."""
    if status:
        raise ValueError(f"XlsxWriter refused {record}: status {status}")
