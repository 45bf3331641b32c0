"""The values of an OpenDocument spreadsheet (.ods, as LibreOffice writes it), within the limits of the reader.

Not through python-calamine, which reads an error as an empty cell, and makes room for every cell that a file claims.
"""

import math
import zipfile
from pathlib import Path

from engine import InputError
from workbook.spreadsheet.archive import Archive, Handler, check_place, reporting
from workbook.spreadsheet.book import Book, ErrorValue, Sheet, Value
from workbook.spreadsheet.limits import LONGEST_TEXT

CELLS = {"table-cell", "covered-table-cell"}


def read_opendocument(path: Path) -> Book:
    """Read the values of every sheet of an .ods file; its formulas are left out.

    Raises:
        InputError: the file cannot be opened, is something else, is damaged, or is larger than limits.LIMITS.
    """
    with reporting(path):
        if not zipfile.is_zipfile(path):
            raise InputError("damaged or not an OpenDocument file, which is a zip archive")
        with zipfile.ZipFile(path) as file:
            if b"encryption-data" in file.read("META-INF/manifest.xml"):
                raise InputError("has a password; open it and save it without one")
            archive = Archive(file)
            content = _Content(archive)
            archive.parse("content.xml", content)
    return Book(path, content.sheets, {})


class _Content(Handler):
    """The sheets' cells; rows and cells that are repeated stand in the file once, with a number."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.sheets: list[Sheet] = []
        self.row = self.column = self.rows = self.columns = 1
        self.cell: dict[str, str] = {}
        self.words = ""
        self.inside = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            self.sheets.append(Sheet(attributes.get("table:name", "")))
            self.row, self.rows = 1, 0
        elif name == "table-row":
            self.row, self.rows = self.row + self.rows, _times(attributes, "table:number-rows-repeated")
            self.column = 1
        elif name in CELLS:
            self.columns = _times(attributes, "table:number-columns-repeated")
            self.cell, self.words = attributes, ""
        elif name in ("p", "annotation") and self.inside != "annotation":
            self.inside = name

    def end(self, name: str) -> None:
        if name == self.inside:
            self.inside = ""
        elif name in CELLS:
            if self.sheets and (value := self._value()) is not None:
                self._keep(value, self.sheets[-1])
            self.column += self.columns

    def text(self, text: str) -> None:
        if self.inside == "p":
            self.words = (self.words + text)[:LONGEST_TEXT]

    def _value(self) -> Value | None:
        if self.cell.get("calcext:value-type") == "error":
            return ErrorValue(self.words[:20])
        if "office:value" in self.cell:
            number = float(self.cell["office:value"])
            return number if math.isfinite(number) else ErrorValue("#NUM!")
        if "office:boolean-value" in self.cell:
            return self.cell["office:boolean-value"] == "true"
        return self.words or None

    def _keep(self, value: Value, sheet: Sheet) -> None:
        last_row, last_column = self.row + self.rows - 1, self.column + self.columns - 1
        check_place(last_row, last_column)
        self.archive.count_cells(self.rows * self.columns)
        for column in range(self.column, last_column + 1):
            sheet.values.setdefault(column, {}).update(dict.fromkeys(range(self.row, last_row + 1), value))


def _times(attributes: dict[str, str], name: str) -> int:
    return max(1, int(attributes.get(name, "1")))
