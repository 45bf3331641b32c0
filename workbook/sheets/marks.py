"""The sheet `marks` of the exercise, which judges each cell out of the student's sight: its formulas are the answers.

It is hidden, not protected: a protected sheet would keep the student from trying things out beside the table.
"""

import re
from collections.abc import Iterator, Sequence

from engine import InputError
from workbook.records import Cell, SheetPlan, small_sheet
from workbook.sheets.task import Task
from workbook.sheets.training import MAIN_SHEET
from workbook.table.definition import Definition
from workbook.table.definitions import definitions
from workbook.table.layout import FIRST_ROW, FORMULA_LIMIT_OF_EXCEL, Layout, letter, on_sheet, row_and_column

MARKS = "marks"
# A cell is right within 1e-9 + 1e-6 of what it should be: no slip is as small.
ABSOLUTE, RELATIVE = "0.000000001", "0.000001"
RANGE = re.compile(r"\$?[A-Z]+\$?\d+:\$?[A-Z]+\$?\d+")


def marks_sheet(task: Task, table: Sequence[Cell], *, solution: bool) -> SheetPlan:
    """The marks, each where the exercise shows it, and below them the cells that they read, in their own places too.

    So a formula here has the student's own cells without the name of their sheet, and fits where it would not with it.

    Raises:
        InputError: a formula does not fit in a cell.
    """
    return small_sheet(
        MARKS, [*_marks(task, solution=solution), *_read(task, table, solution=solution)], {}, hidden="very hidden"
    )


def _marks(task: Task, *, solution: bool) -> Iterator[Cell]:
    defined = definitions(task.layout.columns)
    for row, names in task.asked.items():
        for name in names:
            formula = _mark(task.layout, row, defined[name])
            column = task.layout.columns.index[name]
            yield Cell(task.mark_rows[row], column, "mark", "✓" if solution else "✗", formula)


def _read(task: Task, table: Sequence[Cell], *, solution: bool) -> Iterator[Cell]:
    """The constants and the rows down to the last one that what is asked reads."""
    constants = set(map(row_and_column, task.layout.constants.values()))
    last = max(row + offset for row, names in task.asked.items() for offset in _offsets(task.layout, row, names))
    for cell in table:
        if FIRST_ROW <= cell.row <= last or (cell.row, cell.column) in constants:
            given = solution or cell.formula is None or cell.row in task.worked_out
            there = on_sheet(MAIN_SHEET, f"{letter(cell.column)}{cell.row}")
            yield Cell(cell.row, cell.column, "number", cell.value if given else 0.0, f"={there}")


def _offsets(layout: Layout, row: int, names: Sequence[str]) -> Iterator[int]:
    """How far below it a row reads at most, by column."""
    for name in names:
        formulas = layout.formulas[name]
        yield max((0, *formulas[(row - FIRST_ROW) % len(formulas)].offsets))


def _mark(layout: Layout, row: int, definition: Definition) -> str:
    """✓ or ✗; text or an error in a cell is a ✗."""
    cell = f"{layout.letters[definition.name]}{row}"
    expected = layout.formula(definition.tree_of(row - FIRST_ROW)).at(row).removeprefix("=")
    # A mean leaves empty cells out, which here are zeros.
    expected = RANGE.sub(lambda found: on_sheet(MAIN_SHEET, found[0]), expected)
    judged = f'IF(ABS({cell}-({expected}))<={ABSOLUTE}+{RELATIVE}*ABS({expected}),"✓","✗")'
    formula = f'=IFERROR(IF(ISNUMBER({cell}),{judged},"✗"),"✗")'
    if len(formula) > FORMULA_LIMIT_OF_EXCEL:
        raise InputError(
            f"network: the mark of {definition.name} has {len(formula)} characters, "
            f"Excel's limit is {FORMULA_LIMIT_OF_EXCEL}; take a smaller network, or one with deltas"
        )
    return formula
