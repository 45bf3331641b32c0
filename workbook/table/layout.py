"""Where things stand on a training sheet, and how a definition becomes a formula over cells.

Rows are Excel's, from 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from engine import Columns, InputError
from workbook.spreadsheet.letters import coordinates_of, letters_of
from workbook.spreadsheet.limits import COLUMNS_OF_EXCEL, ROWS_OF_EXCEL
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Tree, Variable
from workbook.table.definitions import constant_names, definitions

ETA_LABEL = "F19"
ETA = "$G$19"
HEADER_ROW = 20
FIRST_ROW = HEADER_ROW + 1
FORMULA_LIMIT_OF_EXCEL = 8_192
MAX_ROWS = ROWS_OF_EXCEL - HEADER_ROW
# A sum of more terms is nested more deeply than it can be printed.
MOST_NEURONS = 200
# Cells of a column that LibreOffice may take for one; see Layout._in_short_runs.
LONGEST_RUN = 50
# The constants of an optimizer or a schedule stand right of eta; each has room for its label.
CELLS_PER_CONSTANT = 3


def row_and_column(cell: str) -> tuple[int, int]:
    """The row, from 1, and the column, from 0, of a reference such as G19 or $G$19."""
    row, column = coordinates_of(cell)
    return row, column - 1


def letter(column: int) -> str:
    """The letters of a column that is counted from 0: A for 0, AE for 30."""
    return letters_of(column + 1)


def on_sheet(sheet: str, reference: str) -> str:
    """A cell or range of a sheet, as formulas elsewhere refer to it."""
    return f"'{sheet}'!{reference}"


def over_cells(tree: Tree, cell_of: Callable[[Variable], str]) -> str:
    """A tree as a formula in a cell.

    Raises:
        InputError: the formula would be longer than Excel takes.
    """
    return within_limit("=" + printed(tree, cell_of))


def within_limit(formula: str) -> str:
    """A formula.

    Raises:
        InputError: it is longer than Excel takes.
    """
    if len(formula) > FORMULA_LIMIT_OF_EXCEL:
        raise InputError(
            f"network: a formula of its table has {len(formula)} characters, "
            f"Excel's limit is {FORMULA_LIMIT_OF_EXCEL}; take a smaller network"
        )
    return formula


@dataclass(frozen=True)
class RowFormula:
    """A formula for any row: `text` with a field for each of the rows that it reads, `offsets` from its own."""

    text: str
    offsets: tuple[int, ...]

    def at(self, row: int) -> str:
        """The formula in a row of the sheet."""
        return self.text.format(*[row + offset for offset in self.offsets])

    def in_brackets(self) -> Self:
        """The same with brackets around all of it."""
        return replace(self, text=f"=({self.text.removeprefix('=')})")


def side_by_side(formulas: Sequence[RowFormula]) -> RowFormula:
    """The formulas of a row as one text, a line each: filled in together they take less than half the time."""
    offsets = tuple(dict.fromkeys(offset for formula in formulas for offset in formula.offsets))
    fields = {offset: f"{{{number}}}" for number, offset in enumerate(offsets)}
    lines = (formula.text.format(*(fields[offset] for offset in formula.offsets)) for formula in formulas)
    return RowFormula("\n".join(lines), offsets)


@dataclass(frozen=True)
class Layout:
    """The geometry of a table of `steps` updates of the weights whose first column is A.

    Raises:
        InputError: the table does not fit on an Excel sheet.
    """

    columns: Columns
    steps: int

    def __post_init__(self) -> None:
        if self.rows > MAX_ROWS:
            most = MAX_ROWS // self.columns.method.batch_size
            raise InputError(f"steps: got {self.steps}, expected at most {most}: Excel's rows below the header")
        if max(self.columns.sizes) > MOST_NEURONS:
            raise InputError(
                f"network: got a layer of {max(self.columns.sizes)}, expected at most {MOST_NEURONS} inputs or neurons "
                "in a layer of a workbook: a cell adds them all up"
            )
        if len(self.columns.names) > COLUMNS_OF_EXCEL:
            raise InputError(
                f"network: its table has {len(self.columns.names)} columns, Excel's limit is {COLUMNS_OF_EXCEL}; "
                "take a smaller network"
            )
        for formula in {each for by_row in self.formulas.values() for each in by_row}:
            within_limit(formula.at(self.last_row))  # better noticed now than when it is written

    @property
    def rows(self) -> int:
        """The rows of the table."""
        return self.steps * self.columns.method.batch_size

    @property
    def epoch(self) -> int:
        """The steps that take every sample once, as far as there are so many."""
        return min(self.steps, -(-self.columns.samples // self.columns.method.batch_size))

    @cached_property
    def letters(self) -> dict[str, str]:
        """The column of each name: W for E_tot of the 2-2-2 network."""
        return {name: letter(column) for column, name in enumerate(self.columns.names)}

    @cached_property
    def constants(self) -> dict[str, str]:
        """The cell of the learning rate and of each constant: $G$19 for eta."""
        row, first = row_and_column(ETA)
        return {
            name: f"${letter(first + CELLS_PER_CONSTANT * number)}${row}"
            for number, name in enumerate(constant_names(self.columns))
        }

    @property
    def last_row(self) -> int:
        """The row of the last sample of the last step."""
        return HEADER_ROW + self.rows

    def range(self, name: str) -> str:
        """All rows of a column: $W$21:$W$100."""
        return f"${self.letters[name]}${FIRST_ROW}:${self.letters[name]}${self.last_row}"

    @cached_property
    def formulas(self) -> dict[str, tuple[RowFormula, ...]]:
        """Each column's formulas over cells, by the position of a row in its batch."""
        by_row = {name: tuple(map(self.formula, own.trees)) for name, own in definitions(self.columns).items()}
        if self.columns.method.batch_size == 1:
            return by_row
        return {name: self._in_short_runs(own) for name, own in by_row.items()}

    def _in_short_runs(self, formulas: tuple[RowFormula, ...]) -> tuple[RowFormula, ...]:
        """A column's formulas by the position of a row in its batch; in brackets where too many alike would follow.

        LibreOffice (7.4) computes 100 and more alike formulas of a column together; where such a run reads cells that
        wait for rows further up in it, it may take their old values. Brackets change no number, and end a run.
        """
        rows = self.columns.method.batch_size
        ends = {*range(LONGEST_RUN - 1, rows, LONGEST_RUN)} | ({rows - 1} if len(formulas) == 1 else set())
        by_row = [formulas[row % len(formulas)] for row in range(rows)]
        return tuple(formula.in_brackets() if row in ends else formula for row, formula in enumerate(by_row))

    def formula(self, tree: Tree) -> RowFormula:
        """A tree over the table's columns as a formula over cells."""
        offsets: list[int] = []

        def cell(variable: Variable) -> str:
            if variable.name not in self.letters:
                return self.constants[variable.name]
            if variable.row not in offsets:
                offsets.append(variable.row)
            return f"{self.letters[variable.name]}{{{offsets.index(variable.row)}}}"

        return RowFormula("=" + printed(tree, cell), tuple(offsets))
