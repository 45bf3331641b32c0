"""The network as a diagram of cells, for networks too large for the drawing of the sheet `explorer`."""

from collections.abc import Iterator

from engine import Columns
from engine.columns import activation_name, gradient_name
from workbook.records import Cell, Rule, SignScale, Style
from workbook.sheets.shown import Quantities
from workbook.table.definitions import is_dense
from workbook.table.layout import letter

# A layer's weights and biases stand one below the other; more of them are left out.
MOST_ROWS = 60
# Columns of a layer: the edge, its weight, its gradient, the neuron's quantities, their numbers.
ACROSS = 5
HOW_TO_READ = (
    "From left to right. Blue numbers go forward. Red ones are gradients of the loss; yellow: the largest. "
    "Weights: blue above 0, orange below, the deeper the larger."
)


def height(columns: Columns) -> int:
    """The rows below its header; one, for a sentence, where the network is too large or not all of dense layers."""
    if not is_dense(columns):
        return 1
    tallest = max(2 * columns.sizes[0], *(_layer_height(columns, layer) for layer in range(columns.depth)))
    return tallest if tallest <= MOST_ROWS else 1


def width(columns: Columns) -> int:
    """Its columns."""
    return 2 + ACROSS * columns.depth


def diagram(columns: Columns, quantities: Quantities, top: int) -> tuple[list[Cell], list[Rule], list[SignScale]]:
    """The diagram from a row on: inputs, then for each layer its weights and its neurons, from left to right."""
    if height(columns) == 1:
        sentence = (
            f"No diagram: it is drawn for dense layers of up to about {MOST_ROWS} weights and biases. "
            "Every number is in the table below."
        )
        return [Cell(top, 0, "text", sentence)], [], []

    def live(row: int, column: int, name: str, style: Style = "box") -> Cell:
        return Cell(row, column, style, quantities.numbers[name], f"={quantities.formulas[name]}")

    cells = [Cell(top, 0, "header", "inputs"), Cell(top, 1, "header", "forward")]
    for index, name in enumerate(columns.input_names):
        row = top + 1 + 2 * index
        cells += [Cell(row, 0, "label", name), live(row, 1, name)]
    weights, gradients = [], []
    for layer in range(columns.depth):
        first = 2 + ACROSS * layer
        title = "outputs" if layer == columns.depth - 1 else f"hidden layer {layer + 1}"
        headers = ("from → to", "weight", "∂E/∂w", title, "numbers")
        cells += [Cell(top, first + index, "header", text) for index, text in enumerate(headers)]
        row = top + 1
        for neuron, z in enumerate(columns.neuron_names(layer)):
            names = dict(_incoming(columns, layer, neuron))
            for at, (name, text) in enumerate(names.items(), start=row):
                cells += [Cell(at, first, "step", text), live(at, first + 1, name)]
                if name in columns.trained:
                    cells.append(live(at, first + 2, gradient_name(name), "backward"))
            shown: tuple[tuple[str, Style], ...] = (
                (z, "box"), (activation_name(z), "box"), (gradient_name(z), "backward"),
            )  # fmt: skip
            middle = row + max(0, len(names) - len(shown)) // 2
            for at, (name, style) in enumerate(shown, start=middle):
                cells += [Cell(at, first + 3, "label", name), live(at, first + 4, name, style)]
            row += max(len(names), len(shown)) + 1
        weights.append(f"${letter(first + 1)}${top + 1}:${letter(first + 1)}${row}")
        gradients.append(f"{letter(first + 2)}{top + 1}:{letter(first + 2)}{row}")
    cell = gradients[0].split(":")[0]
    is_largest = f"=AND(ISNUMBER({cell}),{cell}<>0,ABS({cell})={quantities.largest[0]})"
    return cells, [Rule(" ".join(gradients), is_largest, "yellow")], [SignScale(weights)]


def _incoming(columns: Columns, layer: int, neuron: int) -> Iterator[tuple[str, str]]:
    """The weights and the bias of a neuron, each with where it leads."""
    z = columns.neuron_names(layer)[neuron]
    for weight, source in zip(columns.weight_names(layer)[neuron], columns.activation_names(layer - 1), strict=True):
        yield weight, f"{weight}: {source} → {z}"
    if bias := columns.bias_of(layer, neuron):
        yield bias, f"{bias} → {z}"


def _layer_height(columns: Columns, layer: int) -> int:
    edges = columns.sizes[layer] + bool(columns.bias_names(layer))
    return columns.sizes[layer + 1] * (max(edges, 3) + 1) - 1
