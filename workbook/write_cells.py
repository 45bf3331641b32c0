"""A worksheet that writes whole rows of cells: the innermost loop of a file."""

from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import CellBlankTuple, CellFormulaTuple, CellStringTuple, Worksheet

from workbook.records import Cell, Style

_letters = cache(xl_col_to_name)
_column = itemgetter(Cell._fields.index("column"))  # which is faster than by its name


class RowWorksheet(Worksheet):  # type: ignore[misc] # XlsxWriter ships no types
    """A worksheet whose rows are each written at once, in the bytes that XlsxWriter writes for their cells.

    XlsxWriter keeps each cell until its row is full, and looks through every formula once for each of 29 functions
    newer than the file format, to spell them with a prefix, and once more for functions whose results spill into other
    cells. We use none of them, and so writing takes a third of the time.
    """

    previous_row: int  # the first row that is not written yet

    def __init__(self) -> None:
        super().__init__()
        # XlsxWriter numbers its formats in the order in which cells first use them.
        self._xf: dict[Style, int] = {}

    def _prepare_formula(self, formula: str, *_: object) -> str:
        return formula.removeprefix("=")

    def write_row_of(self, cells: Sequence[Cell], formats: Mapping[Style, Any]) -> int:
        """Write a row's cells, below all that is written; return XlsxWriter's status, 0 where they are in the sheet."""
        ordered = sorted(cells, key=_column)
        row = ordered[0].row - 1
        for end in (ordered[0], ordered[-1]):
            if status := self._check_dimensions(row, end.column):
                return int(status)
        if row > self.previous_row:
            self._write_single_row(row)
        self._write_row(row, None, self.row_info.get(row))
        pieces: list[str] = []
        for cell in ordered:
            at, column, style, value, formula = cell
            if value is None or isinstance(value, str):
                self.fh.write("".join(pieces))
                pieces.clear()
                self._write_cell(row, column, self._record(cell, formats[style]))
                continue
            if style not in self._xf:
                self._xf[style] = formats[style]._get_xf_index()
            xf = self._xf[style]
            if formula is None:
                pieces.append(f'<c r="{_letters(column)}{at}" s="{xf}"><v>{value:.16G}</v></c>')
            else:
                text = self._escape_data(self._prepare_formula(formula))
                pieces.append(f'<c r="{_letters(column)}{at}" s="{xf}"><f>{text}</f><v>{value}</v></c>')
        self.fh.write("".join(pieces) + "</row>")
        self.previous_row = row + 1
        return 0

    def _record(self, cell: Cell, style: Any) -> Any:
        """A cell without a number, as XlsxWriter keeps it."""
        if cell.formula is not None:
            return CellFormulaTuple(self._prepare_formula(cell.formula), style, cell.value)
        return CellBlankTuple(style) if cell.value is None else CellStringTuple(cell.value, style)
