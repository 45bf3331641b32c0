"""Where things stand on a training sheet, and how a definition becomes a formula over cells.

Rows are Excel's, from 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name

from engine import Columns, InputError
from workbook.definitions import ETA as RATE
from workbook.definitions import Definition
from workbook.trees import Tree, Variable, printed

ETA_LABEL = "F19"
ETA = "$G$19"
HEADER_ROW = 20
FIRST_ROW = HEADER_ROW + 1
LAST_ROW_OF_EXCEL = 1_048_576
COLUMNS_OF_EXCEL = 16_384
FORMULA_LIMIT_OF_EXCEL = 8_192
MAX_STEPS = LAST_ROW_OF_EXCEL - HEADER_ROW


def place(cell: str) -> tuple[int, int]:
    """The row, from 1, and the column, from 0, of a reference such as G19 or $G$19."""
    row, column = xl_cell_to_rowcol(cell)
    return row + 1, column


def letter(column: int) -> str:
    """A for 0."""
    return str(xl_col_to_name(column))


def on_sheet(sheet: str, reference: str) -> str:
    """A cell or range of a sheet, as formulas elsewhere refer to it."""
    return f"'{sheet}'!{reference}"


def over_cells(tree: Tree, cell_of: Callable[[Variable], str]) -> str:
    """A tree as a formula in a cell.

    Raises:
        InputError: the formula would be longer than Excel takes.
    """
    formula = "=" + printed(tree, cell_of)
    if len(formula) > FORMULA_LIMIT_OF_EXCEL:
        raise InputError(
            f"network: a formula of its table has {len(formula)} characters, "
            f"Excel's limit is {FORMULA_LIMIT_OF_EXCEL}; take a smaller network"
        )
    return formula


@dataclass(frozen=True)
class Layout:
    """The geometry of a table of `steps` rows whose first column is A.

    Raises:
        InputError: the table does not fit on an Excel sheet.
    """

    sizes: tuple[int, ...]
    steps: int

    def __post_init__(self) -> None:
        if self.steps > MAX_STEPS:
            raise InputError(f"steps: got {self.steps}, expected at most {MAX_STEPS}: Excel's rows below the header")
        if len(self.columns.names) > COLUMNS_OF_EXCEL:
            raise InputError(
                f"network: its table has {len(self.columns.names)} columns, Excel's limit is {COLUMNS_OF_EXCEL}; "
                "take a smaller network"
            )

    @cached_property
    def columns(self) -> Columns:
        """The table's columns."""
        return Columns(self.sizes)

    @cached_property
    def letters(self) -> dict[str, str]:
        """The column of each name: W for E_tot of the 2-2-2 network."""
        return {name: letter(column) for column, name in enumerate(self.columns.names)}

    @property
    def last_row(self) -> int:
        """The row of the last step."""
        return HEADER_ROW + self.steps

    def range(self, name: str) -> str:
        """All steps of a column: $W$21:$W$100."""
        return f"${self.letters[name]}${FIRST_ROW}:${self.letters[name]}${self.last_row}"

    def template(self, definition: Definition) -> str:
        """A column's formula over cells, with `{row}` and `{above}` for a row's own number and the one before."""

        def cell(variable: Variable) -> str:
            if variable == RATE:
                return ETA
            return self.letters[variable.name] + ("{above}" if variable.row else "{row}")

        return over_cells(definition.tree, cell)
