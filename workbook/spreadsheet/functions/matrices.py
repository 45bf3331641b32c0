"""Functions that compute with whole arrays."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine import FloatArray
from workbook.spreadsheet.algebra import product
from workbook.spreadsheet.arrays import Adjoint, Array, is_counted, numbers, over_all, through
from workbook.spreadsheet.functions.logic import comparison
from workbook.spreadsheet.functions.record import ANY, Forward, Function
from workbook.spreadsheet.trees import Tree


def _product_of(*operands: Array) -> FloatArray:
    product = np.ones(operands[0].shape[-2:])
    for operand in operands:
        if operand.shape[-2:] != product.shape[-2:]:
            raise ValueError("its ranges differ in size")
        product = product * np.where(is_counted(operand), numbers(operand), 0.0)
    return product


def _sumproduct_backward(adjoint: Adjoint, _: Array, *operands: Array) -> list[Adjoint]:
    ones = np.ones(operands[0].shape[-2:])
    others = [_product_of(ones, *operands[:at], *operands[at + 1 :]) for at in range(len(operands))]
    return [through(adjoint, other * is_counted(operand)) for other, operand in zip(others, operands, strict=True)]


def _sumproduct_slopes(_: Tree, *columns: Sequence[Tree]) -> list[Tree]:
    """Of each cell the product of those beside it."""
    return [
        product(*(column[row] for at, column in enumerate(columns) if at != own))
        for own in range(len(columns))
        for row in range(len(columns[0]))
    ]


def _of_pairs(forward: Forward, slopes: Forward) -> Function:
    """A sum over pairs of numbers, such as SUMXMY2."""

    def value(left: Array, right: Array) -> FloatArray:
        if left.shape[-2:] != right.shape[-2:]:
            raise ValueError("its ranges differ in size")
        both = is_counted(left) & is_counted(right)
        return over_all(np.sum, np.where(both, forward(numbers(left), numbers(right)), 0.0))

    def adjoints(adjoint: Adjoint, _: Array, left: Array, right: Array) -> list[Adjoint]:
        both = is_counted(left) & is_counted(right)
        return [through(adjoint, slope * both) for slope in slopes(numbers(left), numbers(right))]

    return Function(value, 2, 2, adjoints, arrays=True)


def _turned(array: Array) -> Array:
    return array.swapaxes(-2, -1)


def _mmult_backward(adjoint: Adjoint, _: Array, left: Array, right: Array) -> list[Adjoint]:
    a, b = numbers(left), numbers(right)
    sizes = adjoint[1:] @ _turned(np.abs(b)), _turned(np.abs(a)) @ adjoint[1:]
    return [
        np.concatenate([(adjoint[0] @ _turned(b))[None], sizes[0]]),
        np.concatenate([(_turned(a) @ adjoint[0])[None], sizes[1]]),
    ]


def _picked(array: Array, row: Array, column: Array | None = None) -> tuple[slice, slice]:
    """Which part of an array INDEX takes; 0 stands for all rows or columns."""
    indices = [int(numbers(row).item()), 0 if column is None else int(numbers(column).item())]
    if column is None and array.shape[-2] == 1:
        indices = [1, indices[0]]
    elif column is None and array.shape[-1] == 1:
        indices[1] = 1
    if not all(0 <= index <= length for index, length in zip(indices, array.shape[-2:], strict=True)):
        raise ValueError("INDEX leads out of its range")
    rows, columns = (slice(None) if index == 0 else slice(index - 1, index) for index in indices)
    return rows, columns


def _index_backward(adjoint: Adjoint, _: Array, array: Array, *indices: Array) -> list[Adjoint | None]:
    part = np.zeros((*adjoint.shape[:-2], *array.shape[-2:]))
    part[..., *_picked(array, *indices)] = adjoint
    return [part, *[None] * len(indices)]


# What MATCH takes by its last operand: the last up to what is sought, that itself, the last from it on.
_FITTING = {
    1: comparison(lambda cell, sought: cell <= sought),
    0: comparison(lambda cell, sought: cell == sought),
    -1: comparison(lambda cell, sought: cell >= sought),
}
_PATTERN_SIGNS = set("*?~")


def _position(sought: Array, among: Array, way: Array | None = None) -> FloatArray:
    """Where each of the sought stands in a row or a column, from 1, and nan where it does not.

    But for exact matches the cells must be in order, as MATCH itself asks.
    """
    if 1 not in among.shape[-2:]:
        raise ValueError("it searches a range of several rows and columns")
    direction = 1 if way is None else int(np.sign(numbers(way).item()))
    line = among.reshape((*among.shape[:-2], 1, 1, -1))
    fits = (_FITTING[direction].value(line, sought[..., None]) != 0) & _alike(line, sought[..., None])
    first, last = fits.argmax(axis=-1), fits.shape[-1] - 1 - fits[..., ::-1].argmax(axis=-1)
    return np.where(fits.any(axis=-1), 1.0 + (last if direction else first), np.nan)


def _alike(line: Array, sought: Array) -> NDArray[np.bool_]:
    """Which cells are of the kind that is sought: numbers, texts or truth values; an empty cell is of none."""
    if line.dtype != object and sought.dtype != object:
        return np.ones(1, dtype=bool)
    if any(isinstance(text, str) and _PATTERN_SIGNS & set(text) for text in sought.flat):
        raise ValueError("it seeks a pattern of texts")
    of_line, of_sought = (np.frompyfunc(_kind, 1, 1)(array) for array in (line, sought))
    return np.asarray((of_line == of_sought) & (of_line != ""), dtype=bool)


def _kind(cell: object) -> str:
    return next((kind.__name__ for kind in (bool, str, float) if isinstance(cell, kind)), "")


def _position_backward(adjoint: Adjoint, _: Array, *operands: Array) -> list[Adjoint]:
    """A position jumps: it has no slope, and what hangs on it stays open."""
    left_open = through(adjoint, 0.0, 1.0).sum(axis=(-2, -1), keepdims=True)
    return [np.broadcast_to(left_open, (*left_open.shape[:-2], *operand.shape[-2:])) for operand in operands]


FUNCTIONS: dict[str, Function] = {
    "SUMPRODUCT": Function(
        lambda *operands: over_all(np.sum, _product_of(*operands)),
        1,
        ANY,
        _sumproduct_backward,
        _sumproduct_slopes,
        arrays=True,
    ),
    "SUMXMY2": _of_pairs(lambda a, b: (a - b) ** 2, lambda a, b: (2 * (a - b), 2 * (b - a))),
    "SUMX2MY2": _of_pairs(lambda a, b: a * a - b * b, lambda a, b: (2 * a, -2 * b)),
    "SUMX2PY2": _of_pairs(lambda a, b: a * a + b * b, lambda a, b: (2 * a, 2 * b)),
    "MMULT": Function(lambda a, b: numbers(a) @ numbers(b), 2, 2, _mmult_backward, arrays=True),
    "TRANSPOSE": Function(_turned, 1, 1, lambda adjoint, *_: [_turned(adjoint)], arrays=True),
    "INDEX": Function(
        lambda array, *indices: array[..., *_picked(array, *indices)], 2, 3, _index_backward, arrays=True
    ),
    "MATCH": Function(_position, 2, 3, _position_backward),
}
