"""A layer of neurons: each adds up its inputs, every one times a weight of its own, and takes an activation."""

from collections.abc import Iterator

from engine import Columns
from engine.columns import activation_name
from workbook.spreadsheet.algebra import own, plus, times
from workbook.table.definition import Definition
from workbook.table.functions import ACTIVATIONS


def forward(columns: Columns, layer: int) -> Iterator[Definition]:
    """z = Σ w·input + b and a = f(z) of each neuron."""
    inputs = columns.activation_names(layer - 1)
    neurons = columns.neuron_names(layer)
    activation = ACTIVATIONS[columns.network.layers[layer].activation]
    all_z = list(map(own, neurons))
    for place, (neuron, weights) in enumerate(zip(neurons, columns.weight_names(layer), strict=True)):
        products = [times(own(weight), own(value)) for weight, value in zip(weights, inputs, strict=True)]
        bias = columns.bias_of(layer, place)
        idea = "The sum of the inputs of this neuron, each times its own weight" + (", plus the bias." if bias else ".")
        yield Definition(neuron, plus(*products, *([own(bias)] if bias else [])), idea)
        a = activation_name(neuron)
        slopes = {neuron: activation.slope(own(neuron), own(a))} if activation.slope else None
        yield Definition(a, activation.value(own(neuron), all_z), activation.idea, slopes=slopes)
