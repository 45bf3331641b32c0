"""What the forward columns of all kinds of layers have in common."""

from collections.abc import Iterable, Iterator

from engine import Columns
from engine.columns import activation_name
from workbook.spreadsheet.algebra import own
from workbook.table.definition import Definition
from workbook.table.functions import ACTIVATIONS


def with_activations(columns: Columns, layer: int, sums: Iterable[Definition]) -> Iterator[Definition]:
    """Each pre-activation, and a = f(z) after it."""
    activation = ACTIVATIONS[columns.network.layers[layer].activation]
    all_z = list(map(own, columns.neuron_names(layer)))
    for definition in sums:
        yield definition
        z, a = definition.name, activation_name(definition.name)
        slopes = {z: activation.slope(own(z), own(a))} if activation.slope else None
        yield Definition(a, activation.value(own(z), all_z), activation.idea, slopes=slopes)
