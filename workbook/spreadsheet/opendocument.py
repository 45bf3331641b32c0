"""The cells of an OpenDocument spreadsheet (.ods, as LibreOffice writes it), within the limits of the reader.

Not through python-calamine, which reads an error as an empty cell, and makes room for every cell that a file claims.
"""

import math
import zipfile
from pathlib import Path

from engine import InputError
from workbook.spreadsheet.archive import Archive, Handler, check_on_sheet, reporting
from workbook.spreadsheet.book import Book, ErrorValue, Sheet, Value
from workbook.spreadsheet.limits import LONGEST_TEXT
from workbook.spreadsheet.openformula import excel_formula, excel_reference
from workbook.spreadsheet.shapes import shape_of

CELLS = {"table-cell", "covered-table-cell"}


def read_opendocument(path: Path) -> Book:
    """Read the values and the formulas of every sheet of an .ods file, and its defined names.

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
    return Book(path, content.sheets, content.names)


class _Content(Handler):
    """The sheets' cells; rows and cells that are repeated stand in the file once, with a number."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.sheets: list[Sheet] = []
        self.names: dict[tuple[str, str | None], str] = {}
        self.own: str | None = None
        self.row = self.column = self.rows = self.columns = 1
        self.cell: dict[str, str] = {}
        self.words = ""
        self.inside = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            self.own = attributes.get("table:name", "")
            self.sheets.append(Sheet(self.own))
            self.row, self.rows = 1, 0
        elif name == "table-row":
            self.row, self.rows = self.row + self.rows, _times(attributes, "table:number-rows-repeated")
            self.column = 1
        elif name in CELLS:
            self.columns = _times(attributes, "table:number-columns-repeated")
            self.cell, self.words = attributes, ""
        elif name == "named-range":
            self._define(attributes, excel_reference(attributes.get("table:cell-range-address", "")))
        elif name == "named-expression":
            self._define(attributes, excel_formula(f"={attributes.get('table:expression', '')}"))
        elif name in ("p", "annotation") and self.inside != "annotation":
            self.inside = name

    def end(self, name: str) -> None:
        if name == self.inside:
            self.inside = ""
        elif name in CELLS:
            value, formula = self._value(), self.cell.get("table:formula", "")
            if self.sheets and (formula or value is not None):
                self._keep(value, formula, self.sheets[-1])
            self.column += self.columns
        elif name == "table":
            self.own = None

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

    def _keep(self, value: Value | None, formula: str, sheet: Sheet) -> None:
        last_row, last_column = self.row + self.rows - 1, self.column + self.columns - 1
        check_on_sheet(last_row, last_column)
        self.archive.count_cells(self.rows * self.columns)
        rows = range(self.row, last_row + 1)
        for column in range(self.column, last_column + 1):
            if value is not None:
                sheet.values.setdefault(column, {}).update(dict.fromkeys(rows, value))
            if formula:
                text = excel_formula(formula)
                sheet.shapes.setdefault(column, {}).update((row, shape_of(text, row)) for row in rows)
        if "table:number-matrix-rows-spanned" in self.cell:
            bottom, right = self._spanned(self.row, "rows"), self._spanned(self.column, "columns")
            check_on_sheet(bottom, right)
            sheet.arrays[self.row, self.column] = bottom, right

    def _spanned(self, first: int, what: str) -> int:
        return first + _times(self.cell, f"table:number-matrix-{what}-spanned") - 1

    def _define(self, attributes: dict[str, str], meaning: str) -> None:
        self.names[attributes.get("table:name", "").casefold(), self.own] = meaning[:LONGEST_TEXT]


def _times(attributes: dict[str, str], name: str) -> int:
    return max(1, int(attributes.get(name, "1")))
