"""What a training sheet says above its table: what network it is, how to use the sheet, what to look for."""

import textwrap
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from workbook.records import Cell
from workbook.sheets.dashboard import TOP
from workbook.table.layout import FIRST_ROW, HEADER_ROW, Layout

TITLE = "Backpropagation, number by number"
SAYS_ROW, LOOK_FOR_COLUMN = 3, 6
# Between the dashboard and the loss curve: as many characters fit in a line, and as many lines above eta.
LOOK_FOR_WIDTH, LOOK_FOR_LINES = 66, 9
HOW_TO = (
    "Change the learning rate, eta, in G19: every number and the loss curve follow. Try 10000: why is it flat?",
    "Change a yellow cell of row 21 (targets t, inputs i, first weights w): every step is computed from them.",
    "A row is one step: forward (h, o, a = sigmoid), loss E, gradients ∂E/∂w. The next row has w - eta*∂E/∂w.",
)


def what_it_is(layout: Layout) -> str:
    """The network's shape and activations, its loss and its optimizer, in a line."""
    network, method = layout.columns.network, layout.columns.method
    activations = ", ".join(layer.activation for layer in network.layers)
    schedule = "" if method.schedule == "constant" else f", schedule {method.schedule}"
    shape = "-".join(map(str, network.sizes))
    return f"A {shape} network ({activations}). Loss: {network.loss}. Optimizer: {method.optimizer}{schedule}."


def lines_above(lines: Iterable[str]) -> Iterator[list[Cell]]:
    """A text in each row from the fourth on."""
    for row, line in enumerate(lines, start=4):
        yield [Cell(row, 0, "text", line)]


def beside(rows: list[list[Cell]], look_for: str) -> list[list[Cell]]:
    """The rows of the dashboard, and right of it what to look for."""
    lines = textwrap.wrap(look_for, LOOK_FOR_WIDTH, max_lines=LOOK_FOR_LINES, placeholder=" …")
    if not lines:
        return rows
    cells = [Cell(TOP, LOOK_FOR_COLUMN, "heading", "Look for")]
    cells += [Cell(TOP + number, LOOK_FOR_COLUMN, "text", line) for number, line in enumerate(lines, start=1)]
    none: list[Cell] = []
    return [[*left, *right] for left, right in zip_longest(rows, ([cell] for cell in cells), fillvalue=none)]


def how_to(layout: Layout) -> tuple[str, ...]:
    """Three lines on what to change and how to read the table."""
    columns = layout.columns
    if layout.columns == columns.plain(columns.sizes):
        return HOW_TO
    method = columns.method
    rows = "row 21" if columns.samples == 1 else f"rows {FIRST_ROW} to {HEADER_ROW + columns.samples}"
    biases = ", biases b" if columns.of("bias") else ""
    batch = method.batch_size > 1
    gradient = f"{method.reduction}(∂E/∂w)" if batch else "∂E/∂w"
    update = f"w - eta*{gradient}" if method.optimizer == "sgd" else f"a step of {method.optimizer} by {gradient}"
    next_row = f"Every {method.batch_size} rows: {update}." if batch else f"The next row: {update}."
    what = "one step" if columns.samples == 1 else "one sample"
    return (
        "Change the learning rate, eta, in G19: every number and the loss curve follow.",
        f"Change a yellow cell of {rows} (targets t, inputs i; first weights w{biases} in row {FIRST_ROW}): every row "
        "is computed from them.",
        f"A row is {what}: forward (h, o, a), loss E, gradients ∂E/∂w. {next_row}",  # left of the chart
    )
