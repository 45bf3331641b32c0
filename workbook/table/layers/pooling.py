"""Pooling: of every window of a picture the largest cell, or the mean."""

from collections.abc import Iterator
from itertools import product

from engine import Columns
from engine.layers import AveragePool, GlobalAveragePool, MaxPool
from workbook.spreadsheet.algebra import call, own
from workbook.table.definition import Definition
from workbook.table.layers.base import inputs_of, picture, window, with_activations


def max_pool(of: MaxPool, columns: Columns, layer: int) -> Iterator[Definition]:
    """The largest cell; of equal ones the first takes the gradient."""
    return with_activations(columns, layer, _pooled(of, columns, layer, "MAX", "The largest cell of the window."))


def average_pool(of: AveragePool, columns: Columns, layer: int) -> Iterator[Definition]:
    """The mean of the cells."""
    return with_activations(columns, layer, _pooled(of, columns, layer, "AVERAGE", "The mean of the window's cells."))


def global_average_pool(_of: GlobalAveragePool, columns: Columns, layer: int) -> Iterator[Definition]:
    """The mean of a whole map."""
    return with_activations(columns, layer, _means(columns, layer))


def _pooled(of: MaxPool | AveragePool, columns: Columns, layer: int, function: str, idea: str) -> Iterator[Definition]:
    shape = columns.network.shapes[layer]
    cells = picture(inputs_of(columns, layer)[0], shape)
    outputs = product(*map(range, of.shape(shape)))
    for name, (channel, *at) in zip(columns.neuron_names(layer), outputs, strict=True):
        positions = window(of.size, of.stride, (0, 0), (at[0], at[1]))
        yield Definition(name, call(function, *(own(cells[channel, *there]) for _, there in positions)), idea)


def _means(columns: Columns, layer: int) -> Iterator[Definition]:
    cells = picture(inputs_of(columns, layer)[0], columns.network.shapes[layer])
    for channel, name in enumerate(columns.neuron_names(layer)):
        means = call("AVERAGE", *(own(cell) for (of, _, _), cell in cells.items() if of == channel))
        yield Definition(name, means, "The mean of the map's cells.")
