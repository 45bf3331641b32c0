"""Values of cells as arrays, and the adjoints that are carried back to them.

Letters of the shapes: R rows, C columns of a value; 3 the channels of an adjoint, see `Adjoint`. A value is an array of
floats, or of objects where cells without a number are among them: None for an empty cell, texts, booleans, errors.
Before R and C there may be one axis more, B, for copies of one formula further down, which are computed at once: then
all that moves with them is floats.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import FloatArray

Array = NDArray[Any]  # (R, C) or (B, R, C)
# The derivative of the loss by a value, the sum of the sizes of its terms (what rounding errors are relative to), and
# the size of those terms that a kink leaves open: ABS, MAX or IF exactly at the point where they change.
Adjoint = FloatArray  # (3, R, C) or (3, B, R, C)


def numbers(value: Array) -> FloatArray:
    """A value as operators see it: an empty cell is 0, TRUE is 1, a text or an error is nan."""
    if value.dtype != object:
        return value.astype(float, copy=False)
    return np.vectorize(number_in, otypes=[float])(value) if value.size else np.zeros(value.shape)


def number_in(cell: object) -> float:
    """A cell as operators see it."""
    if cell is None:
        return 0.0
    return float(cell) if isinstance(cell, int | float) else np.nan


def is_counted(value: Array) -> NDArray[np.bool_]:
    """Which cells SUM, AVERAGE and other aggregates take: those with numbers. (R, C)."""
    if value.dtype != object:
        return np.ones(value.shape[-2:], dtype=bool)
    counted = [isinstance(cell, float) for cell in value.ravel()]
    return np.array(counted, dtype=bool).reshape(value.shape)


def vector_of(value: Array) -> FloatArray:
    """The numbers that SUM, AVERAGE and other aggregates take, one after the other: (N,) or (B, N)."""
    if value.dtype != object:
        return value.reshape((*value.shape[:-2], value.shape[-2] * value.shape[-1]))  # -1 fails where there are no rows
    return numbers(value)[..., is_counted(value)]


def through(adjoint: Adjoint, slope: Array | float, open_slope: Array | float = 0.0) -> Adjoint:
    """An adjoint multiplied by a slope, element by element; `open_slope` is what a kink leaves open of the slope.

    What adds nothing to the loss is 0, though its slope be infinite.
    """
    given, size, doubt = adjoint
    counts = (size != 0) | (doubt != 0)
    slope = np.where(counts, slope, 0.0)
    return np.stack([given * slope, size * np.abs(slope), doubt * np.abs(slope) + size * open_slope])


def shrunk(adjoint: Adjoint, shape: tuple[int, ...]) -> Adjoint:
    """An adjoint of a value that was spread over more cells, summed up to its own shape."""
    for axis in (-2, -1):
        if shape[axis] == 1 and adjoint.shape[axis] != 1:
            adjoint = adjoint.sum(axis=axis, keepdims=True)
    return adjoint


def over_all(combine: Callable[..., Any], *values: Array) -> FloatArray:
    """Values reduced over their rows and columns, and over all of them: (1, 1) or (B, 1, 1)."""
    reduced = np.broadcast_arrays(*(combine(value, axis=(-2, -1), keepdims=True) for value in values))
    return np.asarray(combine(np.stack(reduced), axis=0), dtype=float)
