"""Layer normalization: the numbers of a row less their mean, over their standard deviation."""

from collections.abc import Iterator

from engine import Columns
from engine.layers import LayerNorm
from workbook.spreadsheet.algebra import call, less, over, own, plus, times
from workbook.spreadsheet.trees import Number
from workbook.table.definition import Definition
from workbook.table.layers.base import inputs_of, with_activations


def forward(of: LayerNorm, columns: Columns, layer: int) -> Iterator[Definition]:
    """x̂ = (x − mean)/√(var + eps), with mean and var over all that goes in; then y = γ·x̂ + β."""
    inputs = inputs_of(columns, layer)[0]
    (mean,), (variance,) = columns.names_in(layer, "mean"), columns.names_in(layer, "variance")
    yield Definition(mean, call("AVERAGE", *map(own, inputs)), "The mean of all that goes in, in this row.")
    idea = "The variance of all that goes in, in this row: the mean square of what is left without the mean."
    yield Definition(variance, call("VARP", *map(own, inputs)), idea)
    deviation = call("SQRT", plus(own(variance), Number(of.eps)))
    for cell, name in zip(inputs, columns.names_in(layer, "normalized"), strict=True):
        idea = "What goes in, less the row's mean, over the row's standard deviation."
        yield Definition(name, over(less(own(cell), own(mean)), deviation), idea)
    yield from with_activations(columns, layer, _scaled(columns, layer))


def _scaled(columns: Columns, layer: int) -> Iterator[Definition]:
    kinds = [columns.names_in(layer, kind) for kind in ("weight", "normalized", "bias")]
    for name, gamma, normalized, beta in zip(columns.neuron_names(layer), *kinds, strict=True):
        scaled = plus(times(own(gamma), own(normalized)), own(beta))
        yield Definition(name, scaled, "The normalized number times γ, plus β.")
