"""The exercise for a class: a few rows are the student's, and a mark above each column judges them live."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from engine import Experiment, InputError, descend
from workbook.records import Cell, Highlight, Sheet, small_sheet
from workbook.sheets.hints import hints_sheet
from workbook.sheets.training import (
    COLUMN_WIDTH,
    MAIN_SHEET,
    NETWORK_ROW,
    loss_curve,
    sparklines,
    training_rows,
    typed_in,
    validations,
)
from workbook.stored import as_stored
from workbook.table.definition import Definition
from workbook.table.definitions import definitions
from workbook.table.layout import ETA, FIRST_ROW, FORMULA_LIMIT_OF_EXCEL, HEADER_ROW, Layout, letter, place

LAST_MARK_ROW = 18
# A cell is right within 1e-9 + 1e-6 of what it should be: no slip of the hand is as small, no formula as far off.
ABSOLUTE, RELATIVE = "0.000000001", "0.000001"

HOW_TO = (
    "Fill the empty cells of row 21 with formulas, from left to right, then all of row 22: there the weights learn.",
    "Row 17 judges row 21, row 18 judges row 22, each cell from your other cells: ✓ right, ✗ not yet.",
    "All ✓? Fill row 22 down to the last row: the loss curve appears. Stuck? The sheet 'hints' unfolds hint by hint.",
)


@dataclass(frozen=True)
class Task:
    """What the student fills: in each row of the sheet some columns, in the table's order."""

    layout: Layout

    @cached_property
    def asked(self) -> dict[int, list[str]]:
        """The columns by row.

        The first row has every formula of a pass. The one below it has the update of the weights or, inside a batch,
        that they repeat; then the update is in the first row of the second batch. Where the samples come round again,
        targets and inputs refer to their first rows.
        """
        columns, defined = self.layout.columns, definitions(self.layout.columns)
        whole = [FIRST_ROW, FIRST_ROW + 1, FIRST_ROW + columns.method.batch_size]
        again = FIRST_ROW + columns.samples
        asked = {}
        for row in sorted({*whole, again}):
            names = columns.names if row in whole else columns.of("target", "input")
            asked[row] = [name for name in names if row - FIRST_ROW >= defined[name].typed_in]
        return {row: names for row, names in asked.items() if row <= self.layout.last_row}

    @property
    def total(self) -> int:
        """How many cells."""
        return sum(map(len, self.asked.values()))

    @cached_property
    def mark_rows(self) -> dict[int, int]:
        """The row of marks for each row."""
        return dict(zip(self.asked, range(LAST_MARK_ROW - len(self.asked) + 1, LAST_MARK_ROW + 1), strict=True))

    @property
    def marks(self) -> str:
        """All marks."""
        return f"A{min(self.mark_rows.values())}:{letter(len(self.layout.columns.names) - 1)}{LAST_MARK_ROW}"

    @property
    def worked_out(self) -> range:
        """The rows of the first batch that are given as numbers, since they would be like the one above."""
        return range(FIRST_ROW + 2, min(FIRST_ROW + self.layout.columns.method.batch_size, self.layout.last_row + 1))

    def how_to(self) -> tuple[str, ...]:
        """What to do."""
        columns, batch = self.layout.columns, self.layout.columns.method.batch_size
        second, again = FIRST_ROW + batch, FIRST_ROW + columns.samples
        if columns.samples == 1:
            return HOW_TO
        marks = f"Rows {min(self.mark_rows.values())} to {LAST_MARK_ROW} judge rows {_listed(list(self.asked))}, "
        marks += "each cell from your other cells: ✓ right, ✗ not yet."
        stuck = "Then the loss curve appears. Stuck? The sheet 'hints' unfolds hint by hint."
        samples = f"All ✓? Fill t and i of row {again} down to the end,"
        if batch == 1:
            fill = "Fill the empty cells of row 21 from left to right, then those of row 22: there the weights learn."
            return fill, marks, f"{samples} and all else of row 22.", stuck
        given = {2: "", 3: " Row 23 is given."}.get(batch, f" Rows 23-{second - 1} are given.")
        fill = "Fill row 21, then row 22: the next sample, the same weights."
        rest = f"row {second + 1}" if batch == 2 else f"rows {second + 1}-{second + batch - 1}"
        copy = f"all else of row 22 to {rest}, then of rows {second}-{second + batch - 1} down."
        return f"{fill}{given} Row {second}: there the weights learn.", marks, f"{samples} {copy}", stuck


def _listed(rows: list[int]) -> str:
    """21, 22 and 25."""
    return " and ".join(", ".join(map(str, part)) for part in (rows[:-1], rows[-1:]) if part)


def exercise_sheets(experiment: Experiment, *, solution: bool, student: str = "", exam: bool = False) -> list[Sheet]:
    """The exercise's sheets: blank where the student works, or with the whole table filled in.

    An exam has neither marks nor hints.

    Args:
        student: whose it is, as it stands on the sheet; nobody's by default.

    Raises:
        InputError: the table does not fit on an Excel sheet, a formula not in a cell, or the numbers overflow.
    """
    experiment = as_stored(experiment)
    layout = Layout(experiment.columns, experiment.steps)
    task = Task(layout)
    values = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    chart = replace(loss_curve(MAIN_SHEET, layout, values), last=f"T{min(task.mark_rows.values()) - 2}")
    if not solution:
        # No loss yet, but its axis is as long as the table.
        chart = replace(chart, series=[replace(chart.series[0], values=[math.nan] * layout.rows)])
    table = [
        cell
        for cells in training_rows(layout, values, experiment.learning_rate, "", (), typed_in)
        for cell in cells
        if cell.row >= place(ETA)[0] or cell.row == NETWORK_ROW
    ]
    main = small_sheet(
        MAIN_SHEET,
        [
            *([Cell(3, 0, "heading", student)] if student else []),
            *(_exam_heads(task) if exam else _marks(task, solution=solution)),
            *(table if solution else _blank(task, table)),
        ],
        widths={f"A:{letter(len(layout.columns.names) - 1)}": COLUMN_WIDTH},
        tab="table",
        heights={2: 24.0},
        charts=[chart],
        sparklines=sparklines(MAIN_SHEET, layout),
        validations=validations(layout),
        highlights=[] if exam else [Highlight(task.marks, "✓", "green"), Highlight(task.marks, "✗", "red")],
        frozen_rows=HEADER_ROW,
        names={"eta": ETA},
        paper="A3",
    )
    return [main] if exam else [main, hints_sheet(layout)]


def _exam_heads(task: Task) -> Iterator[Cell]:
    """What stands above the table of an exam: what to do, and nothing that judges it."""
    yield Cell(2, 0, "title", "Backpropagation, by your own hand")
    rows = _listed(list(task.asked))
    yield Cell(4, 0, "text", f"Fill the empty cells of rows {rows} with formulas, from left to right.")
    yield Cell(5, 0, "text", "This is an exam: no cell is marked, and there are no hints.")


def _marks(task: Task, *, solution: bool) -> Iterator[Cell]:
    """What stands above the table: what to do, how much of it is done, and the marks."""
    columns, done = task.layout.columns, task.total if solution else 0
    yield Cell(2, 0, "title", "Backpropagation, by your own hand")
    yield from (Cell(row, 0, "text", text) for row, text in enumerate(task.how_to(), start=4))
    count = f'=COUNTIF({task.marks},"✓")&" of {task.total} done"'
    yield Cell(8, 0, "heading", f"{done} of {task.total} done", count)
    for row, names in task.asked.items():
        for name in names:
            formula = _mark(task.layout, row, definitions(columns)[name])
            yield Cell(task.mark_rows[row], columns.place[name], "mark", "✓" if solution else "", formula)


def _blank(task: Task, table: list[Cell]) -> Iterator[Cell]:
    """The table with only what is given: what is typed in, and the rows of the first batch that are worked out."""
    for cell in table:
        if cell.formula is None:
            yield cell
        elif cell.row in task.worked_out:
            yield cell._replace(formula=None)
    for row, names in task.asked.items():
        yield from (Cell(row, task.layout.columns.place[name], "todo", None) for name in names)


def _mark(layout: Layout, row: int, definition: Definition) -> str:
    """✓, ✗, or nothing while the cell is empty; text or an error in a cell is a ✗."""
    cell = f"{layout.letters[definition.name]}{row}"
    right = layout.formula(definition.tree_of(row - FIRST_ROW)).at(row).removeprefix("=")
    judged = f'IF(ABS({cell}-({right}))<={ABSOLUTE}+{RELATIVE}*ABS({right}),"✓","✗")'
    formula = f'=IF(ISBLANK({cell}),"",IFERROR(IF(ISNUMBER({cell}),{judged},"✗"),"✗"))'
    if len(formula) > FORMULA_LIMIT_OF_EXCEL:
        raise InputError(
            f"network: the mark of {definition.name} has {len(formula)} characters, "
            f"Excel's limit is {FORMULA_LIMIT_OF_EXCEL}; take a smaller network, or one with deltas"
        )
    return formula
