"""How a sheet is printed, for `write`."""

from typing import Any

from xlsxwriter.utility import xl_cell_to_rowcol, xl_range_abs

from workbook.records import Chart, Drawing, Overlay, Sheet

PAPERS = {"A3": 8, "A4": 9}
# Rows that find room on a printed page of full size.
FIRST_PAGE = {"A3": 50, "A4": 32}


def set_pages(book: Any, worksheet: Any, sheet: Sheet) -> int:
    """Set up the pages of a sheet whose cells are written, one page wide; the result is XlsxWriter's status."""
    worksheet.set_landscape()
    worksheet.set_paper(PAPERS[sheet.paper])
    worksheet.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.6)
    worksheet.fit_to_pages(1, 0)
    worksheet.set_footer("&L&A&RPage &P of &N")
    status: int | None = None
    if sheet.print_area:
        status = worksheet.print_area(sheet.print_area)
    elif sheet.frozen_rows:
        status = _repeat_header(book, worksheet, sheet)
    return status or 0


def _repeat_header(book: Any, worksheet: Any, sheet: Sheet) -> int | None:
    """Let the pages after the first begin with the last of the frozen rows.

    Where a sheet repeats rows LibreOffice draws dashes on the screen, through its texts, where pages end if all is
    printed in full size; where it has two areas to print it draws none. So the first page is an area of its own.
    """
    pictures: list[Chart | Drawing | Overlay] = [*sheet.charts, *sheet.drawings, *sheet.overlays]
    drawn = [xl_cell_to_rowcol(picture.last) for picture in pictures]
    bottom = max([worksheet.dim_rowmax, *(row for row, _ in drawn)])
    right = max([worksheet.dim_colmax, *(column for _, column in drawn)])
    first = FIRST_PAGE[sheet.paper]
    if bottom < first:
        return None
    worksheet.repeat_rows(sheet.frozen_rows - 1)
    areas = [xl_range_abs(0, 0, first - 1, right), xl_range_abs(first, 0, bottom, right)]
    printed = ",".join(f"'{sheet.name}'!{area}" for area in areas)
    status: int | None = book.define_name(f"'{sheet.name}'!_xlnm.Print_Area", f"={printed}")
    return status
