"""An embedding: the numbers of the token that goes in."""

from collections.abc import Iterator

from engine import Columns
from engine.layers import Embedding
from workbook.spreadsheet.algebra import ZERO, call, compare, own, plus
from workbook.spreadsheet.trees import Number
from workbook.table.definition import Definition
from workbook.table.layers.base import inputs_of, with_activations


def forward(_of: Embedding, columns: Columns, layer: int) -> Iterator[Definition]:
    """z = Σ_v IF(token = v, w_v, 0), a number of the token that goes in."""
    yield from with_activations(columns, layer, _looked_up(columns, layer))


def _looked_up(columns: Columns, layer: int) -> Iterator[Definition]:
    weights, neurons = columns.weight_names(layer), iter(columns.neuron_names(layer))
    idea = "One of the numbers that the layer has for the token: only the term of the token that goes in is not 0."
    for token in inputs_of(columns, layer)[0]:
        for of_each in zip(*weights, strict=True):
            terms = (
                call("IF", compare("=", own(token), Number(v)), own(weight), ZERO) for v, weight in enumerate(of_each)
            )
            yield Definition(next(neurons), plus(*terms), idea)
