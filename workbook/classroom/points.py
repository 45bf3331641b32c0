"""What a filled exercise is worth: each cell that was asked, judged from the student's own other cells."""

import math
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from engine import Experiment, InputError
from engine.columns import ColumnKind
from workbook.sheets.marks import ABSOLUTE, RELATIVE
from workbook.sheets.task import Task
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.book import Book, ErrorValue, Sheet
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.trees import Variable, leaves
from workbook.table.definition import Definition
from workbook.table.definitions import definitions
from workbook.table.layout import FIRST_ROW, Layout, row_and_column

# `again` is a slip that was filled down from the row above: it counts there, and only there.
Judged = Literal["right", "again", "typed", "wrong", "empty"]


@dataclass(frozen=True)
class Rubric:
    """How many points there are.

    Attributes:
        points: of a sheet that is right throughout.
        typed: the share of a cell's points for the right number without a formula.
        kinds: how much a cell weighs, by the kind of its column; 1 for those that are not named.
    """

    points: float = 100.0
    typed: float = 0.5
    kinds: Mapping[str, float] = field(default_factory=dict)


def read_rubric(path: Path) -> Rubric:
    """Read a rubric: `points = 10`, `typed = 0`, and below `[kinds]` lines such as `gradient = 2`.

    Raises:
        InputError: the file cannot be read, or a key or a number is not one of a rubric's.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(f"{path}: is no TOML file: {error}") from None
    kinds = found.get("kinds", {})
    unknown = [*(found.keys() - {"points", "typed", "kinds"}), *(kinds.keys() - set(get_args(ColumnKind)))]
    if unknown:
        raise InputError(f"{path}: got {unknown[0]}, expected points, typed, or below [kinds] one of {_kinds()}")
    for key, number in [*found.items(), *kinds.items()]:
        if key != "kinds" and not (isinstance(number, int | float) and math.isfinite(number) and number >= 0):
            raise InputError(f"{path}: {key}: got {number}, expected a number from 0 up")
    rubric = Rubric(float(found.get("points", 100)), float(found.get("typed", 0.5)), kinds)
    if rubric.typed > 1:
        raise InputError(f"{path}: typed: got {rubric.typed:g}, expected a share from 0 to 1")
    return rubric


def _kinds() -> str:
    return ", ".join(get_args(ColumnKind))


@dataclass(frozen=True)
class CellJudged:
    """A cell that was asked; `idea` is its rule in words, `expected` the formula that belongs there."""

    cell: str
    column: str
    kind: str
    row: int
    judged: Judged
    value: float | None
    formula: str | None
    idea: str
    expected: str


def points(cells: Sequence[CellJudged], rubric: Rubric, most: float) -> float:
    """The points of so many, rounded to hundredths: the share of the cells' weights that was earned."""
    worth = {"right": 1.0, "again": 1.0, "typed": rubric.typed, "wrong": 0.0, "empty": 0.0}
    weights = [rubric.kinds.get(cell.kind, 1.0) for cell in cells]
    earned = sum(weight * worth[cell.judged] for weight, cell in zip(weights, cells, strict=True))
    return round(most * earned / sum(weights), 2) if sum(weights) else 0.0


def exercise_sheet(book: Book) -> Sheet:
    """The sheet of an exercise in a book.

    Raises:
        InputError: there is none.
    """
    sheet = book.sheet(MAIN_SHEET)
    if sheet is None:
        raise InputError(f"no sheet '{MAIN_SHEET}' in it: this is not the exercise")
    return sheet


def given_numbers(layout: Layout, experiment: Experiment) -> dict[str, float]:
    """The cells whose numbers are each student's own, by address: targets, inputs, weights and biases."""
    columns = layout.columns
    sample = zip(
        columns.target_names + columns.input_names, [*experiment.targets[0], *experiment.inputs[0]], strict=True
    )
    parameters: dict[str, float] = {}
    for layer, (matrix, bias) in enumerate(zip(experiment.weights, experiment.biases, strict=True)):
        names = [name for row in columns.weight_names(layer) for name in row] + columns.bias_names(layer)
        parameters |= dict(zip(names, [*matrix.ravel(), *bias], strict=True))
    numbers = {**dict(sample), **parameters}
    return {f"{layout.letters[name]}{FIRST_ROW}": float(number) for name, number in numbers.items()}


def judge(sheet: Sheet, layout: Layout, faulty: Collection[str]) -> tuple[CellJudged, ...]:
    """Judge the cells of a student's sheet that were asked, row by row.

    A cell is right if it is what its definition gives from the student's other cells: so a slip counts where it is, and
    not where its numbers go. The tolerance is that of the exercise's own marks.

    Args:
        faulty: cells whose formulas are known to be wrong, though their numbers may not show it.
    """
    defined = definitions(layout.columns)
    asked = [(row, defined[name]) for row, names in Task(layout).asked.items() for name in names]
    cells: dict[str, CellJudged] = {}
    for row, definition in asked:
        cell = _cell(sheet, layout, row, definition, faulty)
        above = cells.get(f"{layout.letters[definition.name]}{row - 1}")
        if cell.judged == "wrong" and above is not None and _is_filled_down(sheet, above, cell):
            cell = replace(cell, judged="again")
        cells[cell.cell] = cell
    return tuple(cells.values())


def _is_filled_down(sheet: Sheet, above: CellJudged, cell: CellJudged) -> bool:
    column = row_and_column(cell.cell)[1] + 1
    shape = sheet.shape(cell.row, column)
    return above.judged in ("wrong", "again") and shape is not None and shape == sheet.shape(above.row, column)


def changed_cells(sheet: Sheet, given: Mapping[str, float]) -> tuple[str, ...]:
    """The given cells that hold something else than was given, in words: `E21 holds 0.3, given was 0.25`."""
    return tuple(
        f"{cell} holds {_shown(value)}, given was {number:g}"
        for cell, number in given.items()
        if not _is_close(value := _value(sheet, cell), number)
    )


def _cell(sheet: Sheet, layout: Layout, row: int, definition: Definition, faulty: Collection[str]) -> CellJudged:
    column = layout.columns.by_name[definition.name]
    cell = f"{layout.letters[definition.name]}{row}"
    at, number = row_and_column(cell)[1] + 1, _value(sheet, cell)
    shape = sheet.shape(row, at)
    judged: Judged
    if number is None and shape is None and not isinstance(sheet.value(row, at), str | ErrorValue):
        judged = "empty"
    elif cell in faulty or not _is_close(number, _expected(sheet, layout, row, definition)):
        judged = "wrong"
    else:
        judged = "right" if shape is not None else "typed"
    formula = None if shape is None else f"={shape.text(row)}"
    expected = layout.formula(definition.tree_of(row - FIRST_ROW)).at(row)
    return CellJudged(cell, definition.name, column.kind, row, judged, number, formula, definition.idea, expected)


def _expected(sheet: Sheet, layout: Layout, row: int, definition: Definition) -> float:
    """What a cell should hold, from the cells that it should read; nan where one of them holds no number."""
    tree = definition.tree_of(row - FIRST_ROW)
    values = {}
    for leaf in leaves(tree):
        if isinstance(leaf, Variable):
            cell = layout.constants.get(leaf.name) or f"{layout.letters[leaf.name]}{row + leaf.row}"
            number = _value(sheet, cell)
            values[leaf] = np.float64(np.nan if number is None else number)
    return float(evaluate(tree, values))


def _value(sheet: Sheet, cell: str) -> float | None:
    row, column = row_and_column(cell)
    value = sheet.value(row, column + 1)
    return value if isinstance(value, float) else None


def _is_close(value: float | None, expected: float) -> bool:
    """Whether a number is right to the tolerance of the exercise's marks."""
    return value is not None and abs(value - expected) <= float(ABSOLUTE) + float(RELATIVE) * abs(expected)


def _shown(value: float | None) -> str:
    return "no number" if value is None else f"{value:g}"
