"""Whole workbooks of any experiment: written, and compared with the engine cell by cell."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from engine import Columns, Experiment, FloatArray, Method, descend
from tests.workbook.spreadsheets import Book, Values, poisoned
from workbook.plan import plan, steps_elsewhere
from workbook.sheets.training import MAIN_SHEET
from workbook.stored import as_stored
from workbook.table.layout import FIRST_ROW, Layout, letter
from workbook.write import write


def written(experiment: Experiment, folder: Path, name: str = "book") -> Path:
    """Its workbook with every formula's cache wrong."""
    write(plan(experiment), folder / f"{name}-as-written.xlsx")
    return poisoned(folder / f"{name}-as-written.xlsx", folder / f"{name}.xlsx")


def shortened(experiment: Experiment, rows: int = 24, steps: int = 3) -> Experiment:
    """The experiment with about so many rows, in whole batches, and at least so many steps."""
    return replace(experiment, steps=max(steps, rows // experiment.method.batch_size))


def cell(columns: Columns, name: str, row: int = 0) -> str:
    """Where a column's number of a row, counted from 0, stands on a sheet with the table."""
    return f"{letter(columns.index[name])}{FIRST_ROW + row}"


def retyped(experiment: Experiment, numbers: dict[str, float]) -> Experiment:
    """The experiment after the learning rate, `eta`, or constants of the main sheet were typed anew."""
    numbers = dict(numbers)
    rate = numbers.pop("eta", experiment.learning_rate)
    constants = dict(experiment.method.constants)
    assert numbers.keys() <= constants.keys()
    method = replace(experiment.method, constants=tuple((constants | numbers).items()))
    runs = tuple(replace(run, method=method) if run.method == experiment.method else run for run in experiment.runs)
    return replace(experiment, learning_rate=rate, method=method, runs=runs)


def wrong_cells(values: Values, numbers: FloatArray) -> list[str]:
    """The cells of a sheet's table that are not these numbers, (T, C)."""
    wrong = []
    for row, line in enumerate(numbers.tolist()):
        for column, expected in enumerate(line):
            at = f"{letter(column)}{FIRST_ROW + row}"
            got = values.get(at)
            if not isinstance(got, int | float) or not abs(got - expected) <= 1e-12 + 1e-9 * abs(expected):
                wrong.append(at)
    return wrong


def wrong_tables(book: Book, experiment: Experiment) -> dict[str, list[str]]:
    """The cells of the main table and of each run's that are not what the engine computes, by sheet."""
    experiment = as_stored(experiment)
    rows = steps_elsewhere(Layout(experiment.columns, experiment.steps)) * experiment.method.batch_size
    own = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    tables = {MAIN_SHEET: own} | {
        _run_sheet(book, number): descend(experiment.as_run(run), [run.learning_rate]).numbers.values[:rows, :, 0]
        for number, run in enumerate(experiment.sweep, start=1)
    }
    assert {sheet for sheet in book if sheet.startswith(("rate ", "run "))} == tables.keys() - {MAIN_SHEET}
    wrong = {sheet: wrong_cells(book[sheet], numbers) for sheet, numbers in tables.items()}
    return {sheet: cells for sheet, cells in wrong.items() if cells}


def _run_sheet(book: Book, number: int) -> str:
    return next(name for name in (f"rate {number}", f"run {number}") if name in book)


def overflows(experiment: Experiment) -> bool:
    """Whether a number of its run or of its sweep does."""
    return not all(
        np.isfinite(descend(experiment.as_run(run), [rate], keep_overflow=True).numbers.values).all()
        for run in experiment.sweep
        for rate in (run.learning_rate, experiment.learning_rate)
    )


def with_method(experiment: Experiment, method: Method) -> Experiment:
    """The experiment trained by another method, on batches as before."""
    return replace(experiment, method=replace(method, batch_size=experiment.method.batch_size), runs=())
