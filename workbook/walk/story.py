"""The story of one weight for the page: its panels, and the numbers of every row that the table does not have."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine import Columns, FloatArray
from workbook.sheets.shown import is_over_batch, numbers_of_the_first_row, over_batch
from workbook.sheets.story_numbers import StoryNumbers
from workbook.sheets.story_path import NEXT, story_path
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.trees import Tree, Variable, leaves
from workbook.table.definitions import constant_names
from workbook.table.runs import RunTable


def story_of(table: RunTable) -> StoryNumbers | None:
    """The story of a table's columns, of the weight that its run has one for; None if it has none."""
    columns = table.layout.columns
    numbers = numbers_of_the_first_row(table.layout, table.values, table.run.learning_rate)
    path = story_path(columns, numbers)
    return None if path is None else StoryNumbers(columns, path)


def record_of(story: StoryNumbers) -> dict[str, Any]:
    """The panels, and the names of the numbers of `rows_of`, as a record for JSON."""
    panels = [{"heading": panel.heading, "result": panel.result, "lines": list(panel.lines)} for panel in story.panels]
    return {"weight": story.weight, "panels": panels, "names": names_of(story)}


def names_of(story: StoryNumbers) -> list[str]:
    """The numbers of `rows_of`, in their order: those that are no column and no constant."""
    return [
        name for name, tree in story.trees.items() if tree is not None or is_over_batch(name) or name in story.later
    ]


def rows_of(story: StoryNumbers, table: RunTable) -> FloatArray:
    """These numbers in every row of a run, (T, names)."""
    columns, values = table.layout.columns, table.values
    rate = table.run.learning_rate
    known = {name: np.full(len(values), value) for name, value in table.run.method.constants}
    known |= {constant_names(columns)[0]: np.full(len(values), rate)}
    known |= dict(zip(columns.names, values.T, strict=True))
    with np.errstate(all="ignore"):
        for name, tree in story.trees.items():
            if tree is not None:
                known[name] = _evaluated(tree, known, len(values))
            elif is_over_batch(name):
                known[name] = _over_the_batch(columns, name, values)
            elif name in story.later:
                below = np.roll(known[name.removeprefix(NEXT)], -1)
                known[name] = np.where(np.isin(known["time"], list(story.later[name])), below, 0.0)
    found: FloatArray = np.stack([known[name] for name in names_of(story)], axis=1)
    return found


def _evaluated(tree: Tree, known: Mapping[str, FloatArray], rows: int) -> FloatArray:
    numbers = {leaf: known[leaf.name] for leaf in leaves(tree) if isinstance(leaf, Variable)}
    found: FloatArray = np.broadcast_to(evaluate(tree, numbers), rows)
    return found


def _over_the_batch(columns: Columns, name: str, values: FloatArray) -> FloatArray:
    """The mean or the sum of a column over each row's batch."""
    function, column = over_batch(name)
    size = columns.method.batch_size
    of_batches = values[:, columns.index[column]].reshape(-1, size)
    reduced = of_batches.sum(axis=1) if function == "SUM" else of_batches.mean(axis=1)
    found: FloatArray = np.repeat(reduced, size)
    return found
