"""Dropout: a number whose mask is 0 becomes 0, all others are divided by the share that is kept on average."""

from collections.abc import Iterator

from engine import Columns
from engine.layers import Dropout
from workbook.spreadsheet.algebra import ONE, above, less, over, own, times
from workbook.spreadsheet.trees import Number
from workbook.table.definition import ALWAYS, Definition
from workbook.table.layers.base import inputs_of, with_activations

MASK = "A mask: 1 keeps a number, 0 leaves it out. It is given in every row; type others."


def forward(of: Dropout, columns: Columns, layer: int) -> Iterator[Definition]:
    """z = x·mask/(1 − rate)."""
    masks = columns.names_in(layer, "mask")
    kept = [
        Definition(
            name,
            over(times(own(value), own(mask)), less(ONE, Number(of.rate))),
            "What goes in, times its mask, over the share that is kept.",
        )
        for name, value, mask in zip(columns.neuron_names(layer), inputs_of(columns, layer)[0], masks, strict=True)
    ]
    yield from with_activations(columns, layer, kept)


def masks(_of: Dropout, columns: Columns, layer: int) -> Iterator[Definition]:
    """The masks, which are typed in."""
    for name in columns.names_in(layer, "mask"):
        yield Definition(name, above(name), MASK, typed_in=ALWAYS)


def evaluated(_of: Dropout, columns: Columns, layer: int) -> Iterator[Definition]:
    """In prediction nothing is left out."""
    pairs = zip(columns.neuron_names(layer), inputs_of(columns, layer)[0], strict=True)
    yield from with_activations(columns, layer, (Definition(name, own(value), "") for name, value in pairs))
