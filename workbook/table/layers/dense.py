"""A layer of neurons: each adds up its inputs, every one times a weight of its own, and takes an activation."""

from collections.abc import Iterator

from engine import Columns, Dense
from workbook.spreadsheet.algebra import own, plus, times
from workbook.table.definition import Definition
from workbook.table.layers.base import with_activations


def forward(_of: Dense, columns: Columns, layer: int) -> Iterator[Definition]:
    """z = Σ w·input + b and a = f(z) of each neuron."""
    yield from with_activations(columns, layer, _sums(columns, layer))


def _sums(columns: Columns, layer: int) -> Iterator[Definition]:
    inputs = columns.activation_names(layer - 1)
    for index, (neuron, weights) in enumerate(
        zip(columns.neuron_names(layer), columns.weight_names(layer), strict=True)
    ):
        products = [times(own(weight), own(value)) for weight, value in zip(weights, inputs, strict=True)]
        bias = columns.bias_of(layer, index)
        idea = "The sum of the inputs of this neuron, each times its own weight" + (", plus the bias." if bias else ".")
        yield Definition(neuron, plus(*products, *([own(bias)] if bias else [])), idea)
