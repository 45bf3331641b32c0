"""How a sheet is printed, for `write`."""

from typing import Any

from workbook.records import SheetPlan

PAPERS = {"A3": 8, "A4": 9}


def set_pages(worksheet: Any, sheet: SheetPlan) -> int:
    """Set up the pages of a sheet, one page wide; the result is XlsxWriter's status.

    No rows are repeated on the pages after the first: where one sheet of a book repeats some, LibreOffice draws dashes
    on the screen of all its sheets, through their texts, where pages would end that are printed in full size.
    """
    worksheet.set_landscape()
    worksheet.set_paper(PAPERS[sheet.paper])
    worksheet.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.6)
    worksheet.fit_to_pages(1, 0)
    worksheet.set_footer("&L&A&RPage &P of &N")
    status: int | None = worksheet.print_area(sheet.print_area) if sheet.print_area else 0
    return status or 0
