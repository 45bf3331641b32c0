"""Columns by their letters and by their number.

XlsxWriter and openpyxl have these functions too, but take a quarter of a second to load, which an audit of a small
workbook would spend for nothing else.
"""

import re
from functools import cache

MOST_LETTERS = 3
LAST = 26 + 26**2 + 26**3
CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]+)")


@cache
def letters_of(column: int) -> str:
    """A for 1.

    Raises:
        ValueError: it is not from 1 to LAST, which has three letters.
    """
    if not 1 <= column <= LAST:
        raise ValueError(f"{column} is no column's number; expected 1 to {LAST}")
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


@cache
def column_of(letters: str) -> int:
    """1 for A or a.

    Raises:
        ValueError: it is not one to three letters.
    """
    if not (letters.isascii() and letters.isalpha() and len(letters) <= MOST_LETTERS):
        raise ValueError(f"'{letters}' is no column; expected one to three letters, A to ZZZ")
    column = 0
    for letter in letters.upper():
        column = 26 * column + ord(letter) - ord("A") + 1
    return column


def coordinates_of(cell: str) -> tuple[int, int]:
    """The row and the column, both from 1, of a reference such as G19 or $G$19.

    Raises:
        ValueError: it is no such reference.
    """
    match = CELL.fullmatch(cell)
    if match is None:
        raise ValueError(f"'{cell}' is no cell; expected a reference such as G19")
    return int(match[2]), column_of(match[1])
