"""The exercise for a class: a few rows are the student's, and a mark above each column judges them live."""

import math
from collections.abc import Iterator
from dataclasses import replace

from engine import Experiment, descend
from workbook.records import Cell, Highlight, SheetPlan, small_sheet
from workbook.sheets.hints import hints_sheet
from workbook.sheets.marks import MARKS, marks_sheet
from workbook.sheets.sketch import sketch
from workbook.sheets.task import Task
from workbook.sheets.training import (
    COLUMN_WIDTH,
    MAIN_SHEET,
    NETWORK_ROW,
    ZOOM,
    loss_curve,
    sparklines,
    training_rows,
    typed_in,
    validations,
)
from workbook.stored import as_stored
from workbook.table.layout import ETA, HEADER_ROW, Layout, letter, on_sheet, row_and_column

COUNT_ROW = 8


def exercise_sheets(
    experiment: Experiment, *, solution: bool, student: str = "", exam: bool = False
) -> list[SheetPlan]:
    """The exercise's sheets: blank where the student works, or with the whole table filled in.

    Args:
        student: whose it is, as it stands on the sheet; nobody's by default.
        exam: without marks and hints, which would tell what is right.

    Raises:
        InputError: the table does not fit on an Excel sheet, a formula not in a cell, or the numbers overflow.
    """
    experiment = as_stored(experiment)
    layout = Layout(experiment.columns, experiment.steps)
    task = Task(layout)
    values = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    above_marks = min(task.mark_rows.values()) - 2
    chart = replace(loss_curve(MAIN_SHEET, layout, values), first="P2", last=f"U{above_marks}")
    if not solution:
        # No loss yet, but its axis is as long as the table.
        chart = replace(chart, series=[replace(chart.series[0], values=[math.nan] * layout.rows)])
    table = [
        cell
        for cells in training_rows(layout, values, experiment.learning_rate, "", (), typed_in)
        for cell in cells
        if cell.row >= row_and_column(ETA)[0] or cell.row == NETWORK_ROW
    ]
    main = small_sheet(
        MAIN_SHEET,
        [
            *([Cell(3, 0, "heading", student)] if student else []),
            *_above(task, exam=exam),
            *(() if exam else _marks(task, solution=solution)),
            *(table if solution else _blank(task, table)),
        ],
        widths={f"A:{letter(len(layout.columns.names) - 1)}": COLUMN_WIDTH},
        tab="table",
        heights={2: 24.0},
        zoom=ZOOM,
        charts=[chart],
        sparklines=sparklines(MAIN_SHEET, layout),
        validations=validations(layout),
        highlights=[] if exam else [Highlight(task.marks, "✓", "green"), Highlight(task.marks, "✗", "red")],
        frozen_rows=HEADER_ROW,
        names={"eta": ETA},
        paper="A3",
    )
    drawn = sketch(layout.columns, 2, above_marks)
    behind = [] if exam else [hints_sheet(layout), marks_sheet(task, table, solution=solution)]
    if drawn is None:
        return [main, *behind]
    points, drawing = drawn
    return [replace(main, drawings=[drawing]), *behind, points]


def _above(task: Task, *, exam: bool) -> Iterator[Cell]:
    """The instructions: above the count of finished cells how to have cells judged, below it how to go on."""
    yield Cell(2, 0, "title", "Backpropagation, by your own hand")
    lines = task.how_to(exam=exam)
    yield from (Cell(row, 0, "text", text) for row, text in enumerate(lines, start=COUNT_ROW - len(lines)))
    yield from (Cell(row, 0, "text", text) for row, text in enumerate(task.completing(exam=exam), start=COUNT_ROW + 1))


def _marks(task: Task, *, solution: bool) -> Iterator[Cell]:
    """How much is done, and a mark for each cell, which says nothing of the right formula to who clicks it."""
    done = task.total if solution else 0
    count = f'=COUNTIF({task.marks},"✓")&" of {task.total} done"'
    yield Cell(COUNT_ROW, 0, "heading", f"{done} of {task.total} done", count)
    for row, names in task.asked.items():
        for name in names:
            mark_row, column = task.mark_rows[row], task.layout.letters[name]
            judged = f'=IF(ISBLANK({column}{row}),"",{on_sheet(MARKS, f"{column}{mark_row}")})'
            yield Cell(mark_row, task.layout.columns.index[name], "mark", "✓" if solution else "", judged)


def _blank(task: Task, table: list[Cell]) -> Iterator[Cell]:
    """The table with only what is given: what is typed in, and the rows of the first batch that are worked out."""
    for cell in table:
        if cell.formula is None:
            yield cell
        elif cell.row in task.worked_out:
            yield cell._replace(formula=None)
    for row, names in task.asked.items():
        yield from (Cell(row, task.layout.columns.index[name], "todo", None) for name in names)
