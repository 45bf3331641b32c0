"""A table that was saved as text (.csv): commas, semicolons or tabs between the cells."""

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path

from engine import InputError
from workbook.spreadsheet.archive import check_on_sheet, reporting
from workbook.spreadsheet.book import Book, ErrorValue, Sheet, Value
from workbook.spreadsheet.limits import LIMITS, LONGEST_TEXT, MOST_CELLS

MOST_BYTES = 150_000_000
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def read_text(path: Path) -> Book:
    """Read a .csv file as a workbook of one sheet that holds values only.

    Where semicolons or tabs stand between the cells, a comma may be a number's decimal point.

    Raises:
        InputError: the file cannot be read, is no such table, or is larger than limits.LIMITS.
    """
    with reporting(path):
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"larger than {MOST_BYTES // 1_000_000} MB, which the audit takes of a text file")
        data = path.read_bytes()
        if b"\0" in data:
            raise InputError("not a CSV file: it holds bytes that no text does")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")  # as older programs write it
        sheet = Sheet(path.stem)
        for number, (row, column, value) in enumerate(_cells(text), start=1):
            check_on_sheet(row, column)
            if number > MOST_CELLS:
                raise InputError(f"more cells than the audit takes: {LIMITS}")
            sheet.values.setdefault(column, {})[row] = value
    return Book(path, [sheet], {})


def _cells(text: str) -> Iterator[tuple[int, int, Value]]:
    lines = text.splitlines(keepends=True)
    start = "".join(lines[:100])
    # One in every line, or nearly, tells it: a decimal comma stands in such lines too, but a semicolon does not.
    separator = next((sign for sign in ";\t" if 2 * start.count(sign) > min(len(lines), 100)), ",")
    try:
        for row, cells in enumerate(csv.reader(lines, delimiter=separator), start=1):
            for column, cell in enumerate(cells, start=1):
                if content := cell.strip():
                    yield row, column, _value(content, separator)
    except csv.Error as error:
        raise InputError(f"not a CSV file: {error}") from None


def _value(text: str, separator: str) -> Value:
    number = text if separator == "," else text.replace(",", ".")
    if NUMBER.fullmatch(number):
        value = float(number)
        return value if math.isfinite(value) else ErrorValue("#NUM!")
    return ErrorValue(text[:20]) if text.startswith("#") else text[:LONGEST_TEXT]
