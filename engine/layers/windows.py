"""Windows that slide over maps: what a kernel or a pool reads for each of its outputs.

Shapes: B rows of an update, C channels, H×W the maps, h×w what comes out, k×l a window, R runs.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from engine.arrays import FloatArray, Shape

Pair = tuple[int, int]


class Window(NamedTuple):
    """What slides over maps: its size, its stride, and the zeros around the maps, each of rows and of columns."""

    size: Pair
    stride: Pair
    padding: Pair


def output_size(size: Pair, window: Pair, stride: Pair, padding: Pair = (0, 0)) -> Pair:
    """h×w = ⌊(H + 2·padding − k)/stride⌋ + 1, as in torch.nn.Conv2d."""
    height, width = (
        (of + 2 * pad - part) // step + 1 for of, part, step, pad in zip(size, window, stride, padding, strict=True)
    )
    return height, width


def problem(inputs: Shape, window: Pair, padding: Pair, what: str) -> str | None:
    """What is wrong with a window over what goes in."""
    if len(inputs) != 3:
        return f"kind: got it after {inputs[0]} numbers without rows and columns, expected maps: inputs = [1, 6, 6]"
    size = tuple(of + 2 * pad for of, pad in zip(inputs[1:], padding, strict=True))
    if window[0] > size[0] or window[1] > size[1]:
        return f"{what}: got {window[0]}×{window[1]}, expected at most {size[0]}×{size[1]}, the size of what goes in"
    return None


def windows(x: FloatArray, window: Pair, stride: Pair) -> FloatArray:
    """A view of maps, (B, C, H, W, R), as (B, C, h, w, R, k, l)."""
    every: FloatArray = sliding_window_view(x, window, axis=(2, 3))
    return every[:, :, :: stride[0], :: stride[1]]


def positions(size: Pair, window: Pair, stride: Pair) -> Iterator[tuple[int, int, tuple[slice, ...]]]:
    """For each position of a window its row and column, and where in the maps it stands in all the h×w windows."""
    for row in range(window[0]):
        for column in range(window[1]):
            down = slice(row, row + stride[0] * (size[0] - 1) + 1, stride[0])
            across = slice(column, column + stride[1] * (size[1] - 1) + 1, stride[1])
            yield row, column, (slice(None), slice(None), down, across)


def padded(x: FloatArray, padding: Pair) -> FloatArray:
    """Maps with zeros around them."""
    if padding == (0, 0):
        return x
    return np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0)))


def unpadded(x: FloatArray, padding: Pair) -> FloatArray:
    """Maps without what `padded` put around them."""
    rows, columns = x.shape[2:4]
    return x[:, :, padding[0] : rows - padding[0], padding[1] : columns - padding[1]]
