"""The cells of a worksheet in an .xlsx file: values and formulas together, what was filled down kept once."""

import math
from collections.abc import Mapping

from engine import InputError
from workbook.spreadsheet.archive import Archive, Handler, check_on_sheet
from workbook.spreadsheet.book import ErrorValue, Sheet, Value
from workbook.spreadsheet.letters import column_of, letters_of
from workbook.spreadsheet.limits import LONGEST_TEXT
from workbook.spreadsheet.shapes import Shape, shape_of
from workbook.spreadsheet.structured import ExcelTable, plain


class Worksheet(Handler):
    """The cells of a worksheet."""

    def __init__(self, sheet: Sheet, archive: Archive, strings: list[str], tables: Mapping[str, ExcelTable]) -> None:
        self.sheet, self.archive, self.strings, self.tables = sheet, archive, strings, tables
        self.row = self.column = 0
        self.kind = self.formula_kind = self.inside = self.value = self.formula = ""
        self.index = self.filled_range = ""
        self.shared: dict[str, tuple[str, int, int]] = {}
        self.filled: dict[tuple[str, int], Shape] = {}
        self.letters: dict[str, int] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.inside = name
        if name == "c":
            self.kind = attributes.get("t", "n")
            self._go_to(attributes.get("r"))
            self.value = self.formula = self.formula_kind = ""
        elif name == "f":
            self.formula_kind, self.index = attributes.get("t", "normal"), attributes.get("si", "")
            self.filled_range = attributes.get("ref", "")
        elif name == "row":
            self.row = self._whole(attributes["r"], "a row's number") if "r" in attributes else self.row + 1
            self.column = 0

    def end(self, name: str) -> None:
        self.inside = ""
        if name == "c" and (self.value or self.formula_kind):
            self._keep()

    def text(self, text: str) -> None:
        if self.inside == "v" or self.inside == "t":
            self.value += text
        elif self.inside == "f":
            self.formula += text

    def _go_to(self, reference: str | None) -> None:
        if reference is None:
            self.column += 1
            return
        letters = reference.rstrip("0123456789")
        if letters not in self.letters:
            try:
                self.letters[letters] = column_of(letters)
            except ValueError:
                raise InputError(self._damaged(reference, "the address of a cell")) from None
        self.column = self.letters[letters]
        if reference != f"{letters}{self.row}":
            self.row = self._whole(reference[len(letters) :], "the row in a cell's address")

    def _keep(self) -> None:
        column, row = self.column, self.row
        check_on_sheet(row, column)
        self.archive.count_cells(1)
        if self.value:
            values = self.sheet.values.get(column)
            if values is None:
                values = self.sheet.values[column] = {}
            values[row] = self._typed(self.value)
        if self.formula_kind:
            shapes = self.sheet.shapes.get(column)
            if shapes is None:
                shapes = self.sheet.shapes[column] = {}
            shapes[row] = self._shape(shapes.get(row - 1))
            if self.formula_kind == "array":
                self.sheet.arrays[row, column] = _last_cell(self.filled_range, row, column)

    def _typed(self, text: str) -> Value:
        if self.kind == "s":
            return self._string(self._whole(text, "the number of a text"))
        if self.kind == "b":
            return text == "1"
        if self.kind == "e":
            return ErrorValue(text[:20])
        if self.kind in ("str", "inlineStr", "d"):
            return text[:LONGEST_TEXT]
        try:
            number = float(text)
        except ValueError:
            raise InputError(self._damaged(text, "a number")) from None
        return number if math.isfinite(number) else ErrorValue("#NUM!")

    def _string(self, number: int) -> str:
        if not 0 <= number < len(self.strings):
            raise InputError(f"damaged: a cell refers to text {number} of {len(self.strings)}")
        return self.strings[number]

    def _whole(self, text: str, what: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise InputError(self._damaged(text, what)) from None

    def _damaged(self, got: str, expected: str) -> str:
        cell = f"{letters_of(self.column)}{self.row}" if self.row > 0 and self.column > 0 else "the first row"
        return f"damaged: '{self.sheet.name}', at {cell}: got '{got[:40]}', expected {expected}"

    def _shape(self, above: Shape | None) -> Shape:
        """The cell's formula; the same object as the one above where that was only filled down."""
        if self.tables and "[" in self.formula:
            self.formula = plain(self.formula, self.tables, self.sheet.name, self.row)
        if self.formula_kind == "shared":
            if self.formula:
                self.shared[self.index] = (self.formula, self.column, self.row)
            key = (self.index, self.column)
            if key not in self.filled:
                if self.index not in self.shared:
                    raise InputError(self._damaged(self.index, "the number of a shared formula"))
                formula, column, row = self.shared[self.index]
                self.filled[key] = shape_of(formula, row, self.column - column)
            return self.filled[key]
        if above is not None and above.text(self.row) == self.formula:
            return above
        return shape_of(self.formula, self.row)


def _last_cell(cells: str, row: int, column: int) -> tuple[int, int]:
    """The last of the cells that an array formula fills, if they begin with its own."""
    from openpyxl.utils import range_boundaries  # which takes long to load, for what few workbooks have

    left, top, right, bottom = range_boundaries(cells)
    if (left, top) != (column, row) or right is None or bottom is None:
        raise InputError(f"damaged: an array formula in row {row}, column {column} fills {cells[:40]}")
    return bottom, right
