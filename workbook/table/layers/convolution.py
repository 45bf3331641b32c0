"""A convolution: one kernel for each map slides over all channels of a picture; every cell of the map is a sum."""

from collections.abc import Iterator
from itertools import product

from engine import Columns
from engine.layers import Convolution
from workbook.spreadsheet.algebra import ZERO, own, plus, times
from workbook.spreadsheet.trees import Tree
from workbook.table.definition import Definition
from workbook.table.layers.base import inputs_of, picture, window, with_activations


def forward(of: Convolution, columns: Columns, layer: int) -> Iterator[Definition]:
    """z[o, r, c] = Σ w[o, i, y, x]·input[i, r·stride + y − padding, c·stride + x − padding] + b[o], then a = f(z)."""
    yield from with_activations(columns, layer, _sums(of, columns, layer))


def _sums(of: Convolution, columns: Columns, layer: int) -> Iterator[Definition]:
    shape, biases = columns.network.shapes[layer], columns.bias_names(layer)
    cells = picture(inputs_of(columns, layer)[0], shape)
    maps, *size = of.shape(shape)
    kernel = list(product(range(maps), range(shape[0]), *map(range, of.kernel)))
    weights = dict(zip(kernel, columns.names_in(layer, "weight"), strict=True))
    idea = "The cells under the kernel, each times the kernel's weight there" + (", plus the bias." if biases else ".")
    outputs = product(range(maps), *map(range, size))
    for name, (number, *at) in zip(columns.neuron_names(layer), outputs, strict=True):
        terms: list[Tree] = [
            times(own(weights[number, channel, *inside]), own(cells[channel, *there]))
            for channel in range(shape[0])
            for inside, there in window(of.kernel, of.stride, of.padding, (at[0], at[1]))
            if (channel, *there) in cells
        ]
        terms += [own(biases[min(number, len(biases) - 1)])] if biases else []
        yield Definition(name, plus(*terms) if terms else ZERO, idea)
