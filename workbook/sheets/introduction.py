"""What a training sheet says above its table: what network it is, how to use the sheet, what to look for."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from engine import Network
from engine.layers import LAYERS
from workbook.records import Cell
from workbook.sheets.dashboard import TOP
from workbook.table.layout import FIRST_ROW, HEADER_ROW, Layout

TITLE = "Backpropagation, number by number"
SAYS_ROW, LOOK_FOR_COLUMN = 3, 6
# Between the dashboard and the loss curve: as many characters fit in a line, and as many lines above eta.
LOOK_FOR_WIDTH, LOOK_FOR_LINES = 66, 9
NO_BREAK = "\N{NO-BREAK SPACE}"
LAYERS_WIDTH = 110  # characters, left of the loss curve
HOW_TO = (
    "Change the learning rate, eta, in G19: every number and the loss curve follow. Try 10000: why is it flat?",
    "Change a yellow cell of row 21 (targets t, inputs i, first weights w): every step is computed from them.",
    "A row is one step: forward (h, o, a = sigmoid), loss E, gradients ∂E/∂w. The next row has w - eta*∂E/∂w.",
)


def what_it_is(layout: Layout) -> str:
    """The network's layers, its loss and its optimizer, in a line."""
    network, method = layout.columns.network, layout.columns.method
    schedule = "" if method.schedule == "constant" else f", schedule {method.schedule}"
    return f"{_layers(network)}. Loss: {network.loss}. Optimizer: {method.optimizer}{schedule}."


def _layers(network: Network) -> str:
    """Such as `A 2-2-2 network (sigmoid, sigmoid)`, or `With 1×6×6 pictures: convolution 2×4×4 relu, dense 2 softmax`.

    The line above has all of the layers with all that they take; here are as many as fit.
    """
    if all(layer.told_by_size for layer in network.layers):
        activations = ", ".join(layer.activation for layer in network.layers)
        return f"A {'-'.join(map(str, network.sizes))} network ({activations})"
    layers = [_layer(network, number) for number in range(len(network.layers))]
    fitting = [layer for index, layer in enumerate(layers) if len(", ".join(layers[: index + 1])) <= LAYERS_WIDTH]
    shape = network.shapes[0]
    words = "pictures" if len(shape) == 3 else "input" if shape == (1,) else "inputs"
    inputs = f"With {'×'.join(map(str, shape))} {words}"
    return f"{inputs}: {', '.join(fitting)}{', …' if len(fitting) < len(layers) else ''}"


def _layer(network: Network, number: int) -> str:
    """A layer's kind, what comes out where that is of another shape than what goes in, and its activation."""
    layer, before, after = network.layers[number], network.shapes[number], network.shapes[number + 1]
    kind = next(kind for kind, of in LAYERS.items() if type(layer) is of)
    shape = [] if before == after and not layer.told_by_size else ["×".join(map(str, after))]
    return " ".join([kind, *shape, *([] if layer.activation == "identity" else [layer.activation])])


def lines_above(lines: Iterable[str]) -> Iterator[list[Cell]]:
    """A text in each row from the fourth on."""
    for row, line in enumerate(lines, start=4):
        yield [Cell(row, 0, "text", line)]


def beside(rows: list[list[Cell]], look_for: str) -> list[list[Cell]]:
    """The rows of the dashboard, and right of it what to look for.

    No line begins with a number: who then types 0.1 into eta, further down, gets that line of LibreOffice's AutoInput.
    """
    bound = re.sub(r" (?=\d)", NO_BREAK, look_for)
    lines = textwrap.wrap(bound, LOOK_FOR_WIDTH, max_lines=LOOK_FOR_LINES, placeholder=" …")
    lines = [line.replace(NO_BREAK, " ") for line in lines]
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
    method, time = columns.method, columns.network.time
    rows = "row 21" if columns.samples == 1 else f"rows {FIRST_ROW} to {HEADER_ROW + columns.samples}"
    first = "first weights w" + ", biases b" * bool(columns.of("bias"))
    first += ", initial states" * bool(columns.of("initial-state"))
    batch = method.batch_size > 1
    gradient = f"{method.reduction}(∂E/∂w)" if batch else "∂E/∂w"
    if time > 1:
        gradient = "sum(∂E/∂w)" + f"/{columns.divisor}" * (columns.divisor > 1)
    update = f"w - eta*{gradient}" if method.optimizer == "sgd" else f"a step of {method.optimizer} by {gradient}"
    next_row = f"Every {method.batch_size} rows: {update}." if batch else f"The next row: {update}."
    gates = columns.of("gate")
    forward = (f"gates as {gates[0]}, " if gates else "") + "h, o, a"
    what = "one step" if columns.samples == 1 else "one sample" if time == 1 else f"one of a sequence's {time} steps"
    return (
        "Change the learning rate, eta, in G19: every number and the loss curve follow.",
        f"Change a yellow cell of {rows} (targets t, inputs i; {first} in row {FIRST_ROW}): every row "
        "is computed from them.",
        f"A row is {what}: forward ({forward}), loss E, gradients ∂E/∂w. {next_row}",  # left of the chart
    )
