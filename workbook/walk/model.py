"""What the page of a training holds: its runs' numbers, and what each column is, as plain records for JSON."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine import Columns, Experiment, FloatArray
from engine.overview import describe
from workbook.sheets.neurons import Frame, joined
from workbook.sheets.story_numbers import StoryNumbers
from workbook.spreadsheet.printer import number_text, pieces, printed
from workbook.spreadsheet.trees import Operation, Tree, Variable
from workbook.table.definition import Definition, over_names
from workbook.table.definitions import constant_names, definitions, is_dense
from workbook.table.layout import Layout
from workbook.table.runs import RunTable, sweep
from workbook.walk.story import record_of, rows_of, story_of

# So many numbers of all runs together are 5.4 MB of the page; of a longer training it has the first steps.
MOST_NUMBERS = 500_000
# Neurons of a layer and layers that a drawing has room for.
MOST_NEURONS, MOST_LAYERS = 8, 6
FRAME = Frame(640.0, 320.0, 50.0, 50.0)  # as the page's SVG has it

# A piece of a formula: a text; a column of a row so far from the own one; a constant's name; a function over rows.
Token = str | list[Any]


@dataclass(frozen=True)
class Cut:
    """How much of a training the page has: so many of its steps."""

    steps: int
    of: int


def cut(experiment: Experiment) -> Cut:
    """As many steps as the page has room for, one at least."""
    size = max(len(Layout(_columns(experiment, run), 1).columns.names) for run in range(len(experiment.sweep)))
    rows = MOST_NUMBERS // (size * len(experiment.sweep))
    return Cut(min(experiment.steps, max(1, rows // experiment.method.batch_size)), experiment.steps)


def _columns(experiment: Experiment, run: int) -> Columns:
    return experiment.as_run(experiment.sweep[run]).columns


def model(experiment: Experiment, steps: int) -> dict[str, Any]:
    """The page's numbers and formulas.

    Returns:
        A dict with `runs` (each its `label`, `rate`, `constants`, `kind`, and `values` and `story`: float64 in base64,
        row by row)
        and `kinds`, the tables that they have: `columns`, `groups`, `drawing`, `batch` rows of an update, `loss`,
        `story`.
    """
    tables = sweep(experiment, steps)
    first_of = {table.layout.columns.method: table for table in reversed(tables)}
    stories = {method: story_of(table) for method, table in first_of.items()}
    kinds = list(first_of)
    runs = []
    for table in tables:
        method = table.layout.columns.method
        runs.append(_run(table, stories[method], several=bool(experiment.runs)) | {"kind": kinds.index(method)})
    return {
        "runs": runs,
        "kinds": [_kind(table.layout.columns, stories[method]) for method, table in first_of.items()],
        "steps": steps,
        "first": _nearest(experiment),
    }


def _nearest(experiment: Experiment) -> int:
    """The run of the sweep that is the sheet's own, or nearest to it."""
    rates = [run.learning_rate for run in experiment.sweep]
    return int(np.argmin(np.abs(np.array(rates) - experiment.learning_rate)))


def _run(table: RunTable, story: StoryNumbers | None, *, several: bool) -> dict[str, Any]:
    rate = table.run.learning_rate
    names = constant_names(table.layout.columns)
    return {
        "label": describe(table.run) if several else f"{rate:g}",
        "rate": rate,
        "constants": {names[0]: rate, **dict(table.run.method.constants)},
        "values": _packed(table.values),
        "story": "" if story is None else _packed(rows_of(story, table)),
    }


def _packed(numbers: FloatArray) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers, dtype="<f8").tobytes()).decode()


def _kind(columns: Columns, story: StoryNumbers | None) -> dict[str, Any]:
    defined = definitions(columns)
    return {
        "batch": columns.method.batch_size,
        "loss": columns.index[columns.loss],
        "samples": columns.samples,
        "columns": [_column(columns, defined[name]) for name in columns.names],
        "groups": [{"title": title, "columns": members} for title, members in _groups(columns) if members],
        "drawing": _drawing(columns),
        "story": None if story is None else record_of(story),
    }


def _column(columns: Columns, of: Definition) -> dict[str, Any]:
    kind = columns.by_name[of.name].kind
    return {
        "name": of.name,
        "kind": kind,
        "given": of.typed_in,
        # A page has no cells to type into.
        "idea": of.idea.removesuffix(" Freeze eta."),
        "formulas": [
            {"words": printed(over_names(columns, tree)), "tokens": list(_tokens(columns, tree))} for tree in of.trees
        ],
    }


def _tokens(columns: Columns, tree: Tree) -> Iterator[Token]:
    """A formula's pieces, of which the page puts numbers in the place of names."""
    tokens: dict[str, Token] = {name: [name] for name in constant_names(columns)}

    def folded(tree: Tree) -> Tree:
        """The tree with one leaf for cells of several rows, with the function over them."""
        if not isinstance(tree, Operation):
            return tree
        block = tree.operands[0] if len(tree.operands) == 1 and tree.kind in ("AVERAGE", "SUM") else tree
        if not (isinstance(block, Operation) and block.kind == "block"):
            return Operation(tree.kind, tuple(map(folded, tree.operands)))
        cells = [cell for cell in block.operands if isinstance(cell, Variable)]
        leaf = Variable(f"range {len(tokens)}", 0)
        function = "" if block is tree else tree.kind
        tokens[leaf.name] = [function, columns.index[cells[0].name], cells[0].row, cells[-1].row]
        return leaf

    for piece in pieces(folded(tree)):
        if isinstance(piece, Variable):
            yield tokens.get(piece.name) or [columns.index[piece.name], piece.row]
        else:
            yield piece if isinstance(piece, str) else number_text(piece)


def _groups(columns: Columns) -> Iterator[tuple[str, list[int]]]:
    """The columns under headings, in the order of a pass."""
    index = {name: at for at, name in enumerate(columns.names)}
    given = columns.of("step", "sample", "rate", "input", "target")
    yield "The sample", [index[name] for name in given]
    for number, of in enumerate(columns.layers):
        title = "Outputs" if number == columns.depth - 1 else f"Hidden layer {number + 1}"
        yield title, [index[column.name] for column in of]
    yield "The loss", [index[name] for name in columns.of("loss", "total", "batch")]
    yield "Errors and gradients", [index[name] for name in columns.of("delta", "gradient")]
    yield f"What {columns.method.optimizer} remembers", [index[name] for name in columns.of("state")]


def _drawing(columns: Columns) -> dict[str, Any] | None:
    """Where the neurons stand, by the columns of what they put out, and the weights between; None if too many."""
    if not is_dense(columns) or max(columns.sizes) > MOST_NEURONS or len(columns.sizes) > MOST_LAYERS:
        return None
    middles = FRAME.middles(columns)
    index, down = columns.index, FRAME.height
    return {
        "sizes": columns.sizes,
        "radius": min(32.0, FRAME.height / (2.3 * max(columns.sizes))),
        "neurons": [
            {"column": index[name], "cx": x, "cy": down - y}
            for layer, of in enumerate(middles, start=-1)
            for name, (x, y) in zip(columns.activation_names(layer), of, strict=True)
        ],
        "edges": [
            {"column": index[weight], "x1": x1, "y1": down - y1, "x2": x2, "y2": down - y2}
            for layer in range(columns.depth)
            for weight, (x1, y1), (x2, y2) in joined(columns, middles, layer)
        ],
    }
