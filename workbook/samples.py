"""Workbooks to try the audit and gradcheck on: one that is right, and two with a slip of the kind that people make."""

import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from engine import default_experiment
from workbook.plan import plan
from workbook.records import Cell, SheetPlan, small_sheet
from workbook.spreadsheet.read import read
from workbook.spreadsheet.recalculate import recalculated
from workbook.table.layout import Layout
from workbook.write import write

# One neuron, y = tanh(w1 x1 + w2 x2 + w3 x3 + b), learns from four samples: a step of descent on their summed loss.
PARAMETERS = {"w1": 0.3, "w2": -0.2, "w3": 0.4, "b": 0.1}
RATE = 0.25
SAMPLES = ((-1.0, -0.5, 1.0, -0.8), (-1.0, 1.0, 0.5, 0.8), (0.5, -1.0, -1.0, -0.8), (1.0, 0.5, 1.0, 0.8))
HEADERS = ("x1", "x2", "x3", "target", "z", "y", "loss", "dloss/dz", "dloss/dw1", "dloss/dw2", "dloss/dw3", "dloss/db")
FIRST = 10  # the row of the first sample; their sum stands below the last
SUM = FIRST + len(SAMPLES)


def samples(folder: Path) -> dict[Path, list[SheetPlan]]:
    """The sheets of each file: `right.xlsx`, `theirs.xlsx` and, for gradcheck, `neuron.xlsx`."""
    experiment = default_experiment()
    table = plan(experiment)[0]
    return {
        folder / "right.xlsx": [table],
        folder / "theirs.xlsx": [slipped(table, Layout(experiment.columns, experiment.steps))],
        folder / "neuron.xlsx": [neuron()],
    }


def slipped(table: SheetPlan, layout: Layout) -> SheetPlan:
    """The table of the default network with the slip that the README tells of: in ∂E/∂w3, a_h1 in the place of a_h2."""
    gradient = layout.columns.names.index("∂E/∂w3")

    def slip(cell: Cell) -> Cell:
        if cell.column != gradient or cell.formula is None:
            return cell
        correct, wrong = (f"{layout.letters[name]}{cell.row}" for name in ("a_h2", "a_h1"))
        return cell._replace(formula=cell.formula.replace(correct, wrong))

    def rows() -> Iterator[list[Cell]]:
        return ([slip(cell) for cell in row] for row in table.rows())

    return with_values(replace(table, rows=rows))


def with_values(sheet: SheetPlan) -> SheetPlan:
    """The sheet with the values that its formulas give, as a spreadsheet program saves them."""
    with tempfile.TemporaryDirectory() as folder:
        write([sheet], Path(folder) / "sheet.xlsx")
        book, _ = recalculated(read(Path(folder) / "sheet.xlsx"), 0)
    values = book.sheets[0]

    def cell_with_value(cell: Cell) -> Cell:
        value = values.value(cell.row, cell.column + 1)
        return cell if cell.formula is None or not isinstance(value, float | str) else cell._replace(value=value)

    rows = [[cell_with_value(cell) for cell in row] for row in sheet.rows()]
    return replace(sheet, rows=lambda: iter(rows))


def neuron() -> SheetPlan:
    """The neuron's sheet; its slip: dloss/dw2 lacks the factor 1 - y^2, the derivative of tanh."""
    samples = [list(_sample(row, *sample)) for row, sample in enumerate(SAMPLES, start=FIRST)]
    cells = [Cell(1, 0, "heading", "One neuron: a step of gradient descent"), Cell(2, 3, "label", "after the step")]
    cells += [Cell(FIRST - 1, column, "header", header) for column, header in enumerate(HEADERS)]
    cells += [cell for row in samples for cell in row]
    sums = {}
    for column in (6, 8, 9, 10, 11):
        letter = "ABCDEFGHIJKL"[column]
        sums[column] = sum(float(row[column].value or 0) for row in samples)
        cells.append(Cell(SUM, column, "number", sums[column], f"=SUM({letter}{FIRST}:{letter}{SUM - 1})"))
    for row, (name, value) in enumerate(PARAMETERS.items(), start=3):
        after = value - RATE * sums[row + 5]
        cells += [Cell(row, 0, "label", name), Cell(row, 1, "input", value)]
        cells.append(Cell(row, 3, "number", after, f"=B{row}-$B$7*{'IJKL'[row - 3]}{SUM}"))
    cells += [Cell(7, 0, "label", "learning rate"), Cell(7, 1, "input", RATE), Cell(SUM, 0, "label", "sum")]
    return small_sheet("neuron", cells, {"A:L": 12})


def _sample(row: int, x1: float, x2: float, x3: float, target: float) -> Iterator[Cell]:
    """The cells of a row: what is given, then a formula and its value each."""
    w1, w2, w3, b = PARAMETERS.values()
    z = w1 * x1 + w2 * x2 + w3 * x3 + b
    y = math.tanh(z)
    slope = (y - target) * (1 - y**2)
    computed = (
        (z, f"=$B$3*A{row}+$B$4*B{row}+$B$5*C{row}+$B$6"),
        (y, f"=TANH(E{row})"),
        ((y - target) ** 2 / 2, f"=(F{row}-D{row})^2/2"),
        (slope, f"=(F{row}-D{row})*(1-F{row}^2)"),
        (slope * x1, f"=H{row}*A{row}"),
        ((y - target) * x2, f"=(F{row}-D{row})*B{row}"),  # the slip
        (slope * x3, f"=H{row}*C{row}"),
        (slope, f"=H{row}"),
    )
    given = (x1, x2, x3, target)
    yield from (Cell(row, column, "input", value) for column, value in enumerate(given))
    for column, (value, formula) in enumerate(computed, start=len(given)):
        yield Cell(row, column, "number", value, formula)
