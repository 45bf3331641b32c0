"""Where the references of a formula lead: the one place that follows them."""

import re

from workbook.spreadsheet.letters import place_of
from workbook.spreadsheet.read import Book, Sheet
from workbook.spreadsheet.trees import Name, Reference, Tree, unquoted

# Of names that stand for names, and of formulas that refer to formulas.
LONGEST_CHAIN = 12
CELL = re.compile(r"\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}")

# A sheet, and a column and a row of it, both from 1.
Cell = tuple[Sheet, int, int]


def cell_of(book: Book, sheet: Sheet, leaf: Tree, row: int) -> Cell | None:
    """The one cell that a reference or a name leads to, in a formula in a row of a sheet; None if there is none."""
    if isinstance(leaf, Reference):
        there = sheet if leaf.sheet is None else book.sheet(leaf.sheet)
        return None if there is None else (there, leaf.column, row_of(leaf, row))
    return _named_cell(book, sheet, leaf.text, LONGEST_CHAIN) if isinstance(leaf, Name) else None


def row_of(reference: Reference, row: int) -> int:
    """The row that a reference in a formula of a row leads to."""
    return reference.row if reference.frozen else row + reference.row


def _named_cell(book: Book, sheet: Sheet, name: str, left: int) -> Cell | None:
    """The cell that a defined name stands for in the formulas of a sheet, directly or by way of other names.

    The name may have a sheet before it.
    """
    scope, _, key = name.rpartition("!")
    owner = book.sheet(unquoted(scope)) if scope else sheet
    if owner is None:
        return None
    text = book.names.get((key.casefold(), owner.name), book.names.get((key.casefold(), None), ""))
    sheet_name, _, target = text.rpartition("!")
    if CELL.fullmatch(target) is None:
        return _named_cell(book, owner, text, left - 1) if text and left else None
    there = book.sheet(unquoted(sheet_name))
    if there is None:
        return None
    row, column = place_of(target)
    return there, column, row
