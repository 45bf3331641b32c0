"""A residual connection: what went into an earlier layer is added to what goes in."""

from collections.abc import Iterator

from engine import Columns
from engine.layers import Residual
from workbook.spreadsheet.algebra import own, plus
from workbook.table.definition import Definition
from workbook.table.layers.base import inputs_of, with_activations


def forward(_of: Residual, columns: Columns, layer: int) -> Iterator[Definition]:
    """z = x + what went into the earlier layer."""
    pairs = zip(*inputs_of(columns, layer), strict=True)
    idea = "What the layers since have made of it, plus what went into the first of them."
    sums = (
        Definition(name, plus(own(value), own(earlier)), idea)
        for name, (value, earlier) in zip(columns.neuron_names(layer), pairs, strict=True)
    )
    yield from with_activations(columns, layer, sums)
