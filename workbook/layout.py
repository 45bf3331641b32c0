"""Where things stand on the sheet, and how a formula over names becomes one over cells. Rows are Excel's, from 1."""

import re
from dataclasses import dataclass
from functools import cached_property

from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name

from engine import Columns, InputError
from workbook.formulas import Formula

ETA_LABEL = "F19"
ETA = "$G$19"
HEADER_ROW = 20
FIRST_ROW = HEADER_ROW + 1
LAST_ROW_OF_EXCEL = 1_048_576
COLUMNS_OF_EXCEL = 16_384
FORMULA_LIMIT_OF_EXCEL = 8_192
MAX_STEPS = LAST_ROW_OF_EXCEL - HEADER_ROW

NAME = re.compile(r"∂E/∂w\d+|[A-Za-z_]+\d*")


def place(cell: str) -> tuple[int, int]:
    """The row, from 1, and the column, from 0, of a reference such as G19 or $G$19."""
    row, column = xl_cell_to_rowcol(cell)
    return row + 1, column


@dataclass(frozen=True)
class Layout:
    """The geometry of a table of `steps` rows whose first column is A.

    Raises:
        InputError: the table does not fit on an Excel sheet.
    """

    sizes: tuple[int, ...]
    steps: int

    @cached_property
    def columns(self) -> Columns:
        """The table's columns."""
        return Columns(self.sizes)

    def __post_init__(self) -> None:
        if self.steps > MAX_STEPS:
            raise InputError(f"steps: got {self.steps}, expected at most {MAX_STEPS}: Excel's rows below the header")
        if len(self.columns.names) > COLUMNS_OF_EXCEL:
            raise InputError(
                f"network: its table has {len(self.columns.names)} columns, Excel's limit is {COLUMNS_OF_EXCEL}; "
                "take a smaller network"
            )

    @property
    def last_row(self) -> int:
        """The row of the last step."""
        return HEADER_ROW + self.steps

    def letter(self, name: str) -> str:
        """The column of a name: W for E_tot of the 2-2-2 network."""
        return str(xl_col_to_name(self.columns.names.index(name)))

    def column_range(self, name: str) -> str:
        """All steps of a column, as absolute references: $W$21:$W$100."""
        letter = self.letter(name)
        return f"${letter}${FIRST_ROW}:${letter}${self.last_row}"

    def template(self, formula: Formula) -> str:
        """A formula over cells, with `{row}` and `{above}` where a row's own number and the one before it belong.

        Raises:
            InputError: the formula is longer than Excel takes.
        """
        row = "{above}" if formula.from_row_above else "{row}"

        def reference(match: re.Match[str]) -> str:
            name = match[0]
            if name == "eta":
                return ETA
            return f"{self.letter(name)}{row}" if name in self.columns.names else name

        text = "=" + NAME.sub(reference, formula.text)
        longest = text.format(row=self.last_row, above=self.last_row)
        if len(longest) > FORMULA_LIMIT_OF_EXCEL:
            raise InputError(
                f"network: a formula of its table has {len(longest)} characters, "
                f"Excel's limit is {FORMULA_LIMIT_OF_EXCEL}; take a smaller network"
            )
        return text
