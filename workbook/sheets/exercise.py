"""The exercise for a class: rows 21 and 22 are the student's, and a mark above each column judges them live."""

import random
from dataclasses import replace

import numpy as np

from engine import Experiment, FloatArray, descend
from workbook.definitions import Definition, definitions, given_names
from workbook.layout import ETA, ETA_LABEL, FIRST_ROW, HEADER_ROW, Layout, letter, place
from workbook.records import Cell, Highlight, Sheet, small_sheet
from workbook.sheets.training import (
    COLUMN_WIDTH,
    MAIN_SHEET,
    loss_curve,
    sparklines,
    training_rows,
    typed_in,
    validations,
)
from workbook.stored import as_stored

MARK_ROWS = {FIRST_ROW: 17, FIRST_ROW + 1: 18}

CHART_LAST = "T15"
HINTS_SHEET = "hints"
# A cell is right within 1e-9 + 1e-6 of what it should be: no slip of the hand is as small, no formula as far off.
ABSOLUTE, RELATIVE = "0.000000001", "0.000001"

HOW_TO = (
    "Fill the empty cells of row 21 with formulas, from left to right, then all of row 22: there the weights learn.",
    "Row 17 judges row 21, row 18 judges row 22, each cell from your other cells: ✓ right, ✗ not yet.",
    "All ✓? Fill row 22 down to the last row: the loss curve appears. Stuck? The sheet 'hints' unfolds hint by hint.",
)


def drawn_experiment(default: Experiment, seed: int) -> Experiment:
    """The experiment with other round numbers in it: the same seed, the same numbers."""
    generator = random.Random(seed)  # noqa: S311 - exercises, not secrets
    weights = sum(matrix.size for matrix in default.weights)
    # No two alike, so that no slip hides behind equal numbers.
    drawn = iter(generator.sample([n / 100 for n in range(5, 100, 5 if weights < 19 else 1)], weights))
    return replace(
        default,
        weights=tuple(np.array([[next(drawn) for _ in row] for row in matrix]) for matrix in default.weights),
        inputs=np.array([generator.sample([n / 100 for n in range(5, 100, 5)], default.network.inputs)]),
        targets=np.array([generator.sample([n / 100 for n in range(1, 100, 7)], default.sizes[-1])]),
    )


def exercise_sheets(experiment: Experiment, *, solution: bool) -> list[Sheet]:
    """The exercise's sheets: blank where the student works, or with the whole table filled in."""
    experiment = as_stored(experiment)
    layout = Layout(experiment.columns, experiment.steps)
    values = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    chart = replace(loss_curve(MAIN_SHEET, layout, values), last=CHART_LAST)
    if not solution:
        chart = replace(chart, series=[replace(chart.series[0], values=[])])
    last = letter(len(layout.columns.names) - 1)
    main = small_sheet(
        MAIN_SHEET,
        _cells(experiment, layout, values, solution=solution),
        widths={f"A:{last}": COLUMN_WIDTH},
        heights={2: 24.0},
        charts=[chart],
        sparklines=sparklines(MAIN_SHEET, layout),
        validations=validations(layout),
        highlights=[Highlight(f"A17:{last}18", "✓", "green"), Highlight(f"A17:{last}18", "✗", "red")],
        frozen_rows=HEADER_ROW,
        names={"eta": ETA},
        paper="A3",
    )
    return [main, _hints_sheet(layout)]


def asked_cells(layout: Layout) -> list[tuple[int, str]]:
    """The rows and columns that the student fills."""
    given = set(given_names(layout.columns))
    first = [(FIRST_ROW, name) for name in layout.columns.names if name not in given]
    return first + [(FIRST_ROW + 1, name) for name in layout.columns.names if layout.steps > 1]


def _cells(experiment: Experiment, layout: Layout, values: FloatArray, *, solution: bool) -> list[Cell]:
    asked = asked_cells(layout)
    total, last = len(asked), letter(len(layout.columns.names) - 1)
    (row, label), (_, column) = place(ETA_LABEL), place(ETA)
    done = float(total if solution else 0)
    cells = [
        Cell(2, 0, "title", "Backpropagation, by your own hand"),
        *(Cell(4 + line, 0, "text", text) for line, text in enumerate(HOW_TO)),
        Cell(8, 0, "heading", f"{done:g} of {total} done", f'=COUNTIF(A17:{last}18,"✓")&" of {total} done"'),
        Cell(row, label, "label", "eta"),
        Cell(row, column, "input", experiment.learning_rate),
        *(Cell(HEADER_ROW, place, "header", name) for place, name in enumerate(layout.columns.names)),
    ]
    for row, name in asked:
        mark = "✓" if solution else ""
        cells.append(Cell(MARK_ROWS[row], layout.columns.names.index(name), "mark", mark, _mark(layout, row, name)))
    return cells + (_filled(layout, values) if solution else _blank(layout, values))


def _blank(layout: Layout, values: FloatArray) -> list[Cell]:
    names = layout.columns.names
    given = [
        Cell(FIRST_ROW, names.index(n), "input", float(values[0, names.index(n)])) for n in given_names(layout.columns)
    ]
    return given + [Cell(row, names.index(name), "todo", None) for row, name in asked_cells(layout)]


def _filled(layout: Layout, values: FloatArray) -> list[Cell]:
    table = training_rows(layout, values, 0.0, "", (), typed_in)
    return [cell for cells in table for cell in cells if cell.row >= FIRST_ROW]


def _formula(layout: Layout, definition: Definition, row: int) -> str:
    return layout.formula(definition.tree).at(row)


def _mark(layout: Layout, row: int, name: str) -> str:
    """✓, ✗, or nothing while the cell is empty; text or an error in a cell is a ✗."""
    cell = f"{layout.letters[name]}{row}"
    right = _formula(layout, definitions(layout.columns)[name], row).removeprefix("=")
    judged = f'IF(ABS({cell}-({right}))<={ABSOLUTE}+{RELATIVE}*ABS({right}),"✓","✗")'
    return f'=IF(ISBLANK({cell}),"",IFERROR(IF(ISNUMBER({cell}),{judged},"✗"),"✗"))'


def _hints_sheet(layout: Layout) -> Sheet:
    """Three columns of hints, each folded; the + that unfolds it stands above the narrow column before it."""
    letters = layout.letters
    headers = ("column", "+ idea", "the idea", "+ formula", "the formula", "+ cell", "the cell")
    cells = [
        Cell(1, 0, "title", "Hints"),
        Cell(2, 0, "text", "Stuck? Click the first + above the sheet: it unfolds the idea."),
        Cell(3, 0, "text", "The second + unfolds the formula, the third what to type into the cell."),
        *(Cell(5, column, "header_left", text) for column, text in enumerate(headers)),
    ]
    texts: dict[int, list[str]] = {2: [], 4: [], 6: []}
    for row, (name, definition) in enumerate(definitions(layout.columns).items(), start=6):
        where = FIRST_ROW + 1 if definition.typed_in else FIRST_ROW
        hints = (
            definition.idea,
            definition.text + (" (of the row above)" if definition.typed_in else ""),
            f"{letters[name]}{where}:  {_formula(layout, definition, where)}",
        )
        cells.append(Cell(row, 0, "label", name))
        for column, text in zip(texts, hints, strict=True):
            cells.append(Cell(row, column, "beside", text))
            texts[column].append(text)
    hint_widths = {letter(column): float(min(max(map(len, lines)) + 2, 255)) for column, lines in texts.items()}
    return small_sheet(
        HINTS_SHEET,
        cells,
        widths={"A": 12, "B": 11, "D": 11, "F": 11, **hint_widths},
        heights={1: 24.0},
        collapsed=list(hint_widths),
        frozen_rows=5,
    )
