"""The functions of a spreadsheet over arrays, each beside its derivative.

Letters of the shapes: R rows, C columns of a value; 3 the channels of an adjoint, see `Adjoint`. A value is an array of
floats, or of objects where cells without a number are among them: None for an empty cell, texts, booleans, errors.
Before R and C there may be one axis more, B, for copies of one formula further down, which are computed at once: then
all that moves with them is floats.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import FloatArray

Array = NDArray[Any]  # (R, C) or (B, R, C)
# The derivative of the loss by a value, the sum of the sizes of its terms (what rounding errors are relative to), and
# the size of those terms that a kink leaves open: ABS, MAX or IF exactly at the point where they change.
Adjoint = FloatArray  # (3, R, C) or (3, B, R, C)
Forward = Callable[..., Any]
Backward = Callable[..., Sequence[Adjoint | None]]


@dataclass(frozen=True)
class Function:
    """A function of a spreadsheet.

    Attributes:
        forward: its value from the values of its operands.
        backward: the adjoints of its operands from its own adjoint, its value and the operands; None for zero.
        by_element: whether it takes one cell of a range, the one beside the formula, if that is no array formula.
        arrays: whether it computes with whole arrays even in a formula that is no array formula.
        fewest, most: how many operands it takes.
    """

    forward: Forward
    backward: Backward
    arrays: bool = False
    fewest: int = 1
    most: int = 255
    by_element: bool = False


def numbers(value: Array) -> FloatArray:
    """A value as operators see it: an empty cell is 0, TRUE is 1, a text or an error is nan."""
    if value.dtype != object:
        return value.astype(float, copy=False)
    return np.vectorize(_number, otypes=[float])(value) if value.size else np.zeros(value.shape)


def _number(cell: object) -> float:
    if cell is None:
        return 0.0
    return float(cell) if isinstance(cell, int | float) else np.nan


def is_counted(value: Array) -> NDArray[np.bool_]:
    """Which cells SUM, AVERAGE and their like take: those with numbers. (R, C)."""
    if value.dtype != object:
        return np.ones(value.shape[-2:], dtype=bool)
    counted = [isinstance(cell, float) for cell in value.ravel()]
    return np.array(counted, dtype=bool).reshape(value.shape)


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


def _elementwise(forward: Forward, slopes: Forward, open_slopes: Forward | None = None) -> Function:
    """A function of each element; `slopes` and `open_slopes` take its value and operands, and give one by operand."""

    def backward(adjoint: Adjoint, value: Array, *operands: Array) -> list[Adjoint]:
        floats = [numbers(operand) for operand in operands]
        found = slopes(value, *floats)
        left_open = open_slopes(*floats) if open_slopes else [0.0] * len(floats)
        return [
            shrunk(through(adjoint, slope, doubt), operand.shape)
            for slope, doubt, operand in zip(found, left_open, floats, strict=True)
        ]

    return Function(lambda *operands: forward(*map(numbers, operands)), backward, by_element=True)


def _aggregate(forward: Forward, slopes: Forward, open_slopes: Forward | None = None) -> Function:
    """A function of all numbers in its operands, as one vector: (N,) or (B, N). `forward` keeps that axis, of length 1,
    and gives nan or a number where N is 0.
    """

    def counted(operands: Sequence[Array]) -> FloatArray:
        vectors = [numbers(operand)[..., is_counted(operand)] for operand in operands] or [np.zeros(0)]
        copies = np.broadcast_shapes(*(vector.shape[:-1] for vector in vectors))
        return np.concatenate([np.broadcast_to(one, (*copies, one.shape[-1])) for one in vectors], axis=-1)

    def value_of(*operands: Array) -> FloatArray:
        return np.asarray(forward(counted(operands)), dtype=float)[..., None]

    def backward(adjoint: Adjoint, value: Array, *operands: Array) -> Sequence[Adjoint | None]:
        vector = counted(operands)
        if not vector.size:
            return [None] * len(operands)
        found = np.broadcast_to(slopes(value[..., 0], vector), vector.shape)
        left_open = np.broadcast_to(open_slopes(vector) if open_slopes else 0.0, vector.shape)
        own = through(np.broadcast_to(adjoint[..., 0], (3, *vector.shape)), found, left_open)
        parts, start = [], 0
        for operand in operands:
            mask = is_counted(operand)
            end = start + int(mask.sum())
            part = np.zeros((*own.shape[:-1], *operand.shape[-2:]))
            part[..., mask] = own[..., start:end]
            parts.append(part)
            start = end
        return parts

    return Function(value_of, backward)


def _comparison(compare: Forward) -> Function:
    """A comparison: no slope, but where both sides are the same number a kink."""

    def forward(left: Array, right: Array) -> FloatArray:
        if left.dtype != object and right.dtype != object:
            return np.asarray(compare(left, right), dtype=float)
        both = np.frompyfunc(lambda a, b: compare(*_comparable(a, b)), 2, 1)
        return np.asarray(both(left, right), dtype=float)

    def backward(adjoint: Adjoint, _: Array, left: Array, right: Array) -> list[Adjoint]:
        same = np.where(numbers(left) == numbers(right), 1.0, 0.0)
        return [shrunk(through(adjoint, 0.0, same), side.shape) for side in (left, right)]

    return Function(forward, backward, fewest=2, most=2, by_element=True)


def _comparable(left: object, right: object) -> tuple[Any, Any]:
    """Two cells as a spreadsheet compares them: texts without case, an empty cell as 0 or an empty text."""
    blank: object = "" if isinstance(left, str) or isinstance(right, str) else 0.0
    sides = [blank if side is None else side for side in (left, right)]
    if isinstance(sides[0], str) != isinstance(sides[1], str):
        return (1, 0) if isinstance(sides[0], str) else (0, 1)  # any text is more than any number
    return tuple(side.casefold() if isinstance(side, str) else _number(side) for side in sides)  # type: ignore[return-value]


def _choose(test: Array, yes: Array, no: Array | None = None) -> Array:
    return np.where(numbers(test) != 0, yes, np.zeros((1, 1)) if no is None else no)


def _choose_backward(adjoint: Adjoint, _: Array, test: Array, yes: Array, no: Array | None = None) -> list[Adjoint]:
    taken = np.broadcast_to(numbers(test) != 0, adjoint.shape[1:])
    parts = [shrunk(_asked(adjoint), test.shape), shrunk(through(adjoint, np.where(taken, 1.0, 0.0)), yes.shape)]
    return parts if no is None else [*parts, shrunk(through(adjoint, np.where(taken, 0.0, 1.0)), no.shape)]


def _asked(adjoint: Adjoint) -> Adjoint:
    """What a test gets: no derivative, but it must know how much hangs on it."""
    return np.stack([np.zeros_like(adjoint[0]), adjoint[1], adjoint[2]])


def _truth(combine: Forward) -> Function:
    """AND and OR."""
    return Function(
        lambda *tests: _over_all(combine, *(numbers(test) != 0 for test in tests)),
        lambda adjoint, _, *tests: [
            np.broadcast_to(_asked(adjoint), (*adjoint.shape[:-2], *test.shape[-2:])) for test in tests
        ],
    )


def _over_all(combine: Callable[..., Any], *values: Array) -> FloatArray:
    """Values reduced over their rows and columns, and over all of them: (1, 1) or (B, 1, 1)."""
    reduced = np.broadcast_arrays(*(combine(value, axis=(-2, -1), keepdims=True) for value in values))
    return np.asarray(combine(np.stack(reduced), axis=0), dtype=float)


def _unless_error(value: Array, otherwise: Array) -> Array:
    return np.where(np.isfinite(numbers(value)), value, otherwise)


def _unless_error_backward(adjoint: Adjoint, _: Array, value: Array, otherwise: Array) -> list[Adjoint]:
    taken = np.broadcast_to(np.where(np.isfinite(numbers(value)), 1.0, 0.0), adjoint.shape[1:])
    return [shrunk(through(adjoint, taken), value.shape), shrunk(through(adjoint, 1 - taken), otherwise.shape)]


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


def _of_pairs(forward: Forward, slopes: Forward) -> Function:
    """A sum over pairs of numbers, such as SUMXMY2."""

    def total(left: Array, right: Array) -> FloatArray:
        if left.shape[-2:] != right.shape[-2:]:
            raise ValueError("its ranges differ in size")
        both = is_counted(left) & is_counted(right)
        return _over_all(np.sum, np.where(both, forward(numbers(left), numbers(right)), 0.0))

    def backward(adjoint: Adjoint, _: Array, left: Array, right: Array) -> list[Adjoint]:
        both = is_counted(left) & is_counted(right)
        return [through(adjoint, slope * both) for slope in slopes(numbers(left), numbers(right))]

    return Function(total, backward, arrays=True, fewest=2, most=2)


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
    places = [int(numbers(row).item()), 0 if column is None else int(numbers(column).item())]
    if column is None and array.shape[-2] == 1:
        places = [1, places[0]]
    elif column is None and array.shape[-1] == 1:
        places[1] = 1
    if not all(0 <= place <= length for place, length in zip(places, array.shape[-2:], strict=True)):
        raise ValueError("INDEX leads out of its range")
    rows, columns = (slice(None) if place == 0 else slice(place - 1, place) for place in places)
    return rows, columns


def _index_backward(adjoint: Adjoint, _: Array, array: Array, *places: Array) -> list[Adjoint | None]:
    part = np.zeros((*adjoint.shape[:-2], *array.shape[-2:]))
    part[..., *_picked(array, *places)] = adjoint
    return [part, *[None] * len(places)]


def _rounded(value: FloatArray, digits: FloatArray) -> Array:
    scale = np.power(10.0, np.trunc(digits))
    return np.copysign(np.floor(np.abs(value) * scale + 0.5) / scale, value)


def _stairs(forward: Forward, most: int) -> Function:
    """A function that is flat but for its jumps: its derivative says nothing, so all that hangs on it stays open."""
    flat = _elementwise(forward, lambda _, *operands: [0.0] * len(operands), lambda *operands: [1.0] * len(operands))
    return Function(flat.forward, flat.backward, most=most, by_element=True)


def _power_slopes(value: Array, base: FloatArray, exponent: FloatArray) -> tuple[Array, Array]:
    return exponent * np.power(base, exponent - 1), value * np.log(base)


def _log_slopes(value: Array, x: FloatArray, base: FloatArray | None = None) -> tuple[Array, ...]:
    if base is None:
        return (1 / (x * np.log(10.0)),)
    return 1 / (x * np.log(base)), -value / (base * np.log(base))


def _middle(x: FloatArray) -> slice:
    """Where the one or two numbers in the middle stand, once sorted."""
    return slice((x.shape[-1] - 1) // 2, x.shape[-1] // 2 + 1)


def _median_slopes(_: FloatArray, x: FloatArray) -> FloatArray:
    slopes = np.zeros(x.shape)
    middle = np.argsort(x, axis=-1, kind="stable")[..., _middle(x)]
    np.put_along_axis(slopes, middle, 1 / middle.shape[-1], axis=-1)
    return slopes


def _ties(extreme: Forward) -> Forward:
    def tied(x: FloatArray) -> Array:
        at_it = x == extreme(x, axis=-1, keepdims=True)
        return np.where(at_it & (at_it.sum(axis=-1, keepdims=True) > 1), 1.0, 0.0)

    return tied


def _median_ties(x: FloatArray) -> Array:
    middle = np.sort(x, axis=-1)[..., _middle(x)]
    tied = (x == middle[..., :1]) | (x == middle[..., -1:])
    different = 1 + (middle[..., :1] != middle[..., -1:])
    return np.where(tied & (tied.sum(axis=-1, keepdims=True) > different), 1.0, 0.0)


def _over(function: Callable[..., Any], fewest: int = 1, otherwise: float = np.nan, **options: int) -> Forward:
    """A function of a vector of so many numbers or more, over the last axis, which stays."""

    def over(x: FloatArray) -> Array:
        if x.shape[-1] < fewest:
            return np.full((*x.shape[:-1], 1), otherwise)
        return np.asarray(function(x, axis=-1, keepdims=True, **options))

    return over


def _from_mean(x: FloatArray) -> FloatArray:
    return np.asarray(x - x.mean(axis=-1, keepdims=True))


def _variance(freedom: int) -> Function:
    return _aggregate(
        _over(np.var, freedom + 1, ddof=freedom), lambda _, x: 2 * _from_mean(x) / (x.shape[-1] - freedom)
    )


def _deviation(freedom: int) -> Function:
    return _aggregate(
        _over(np.std, freedom + 1, ddof=freedom), lambda value, x: _from_mean(x) / ((x.shape[-1] - freedom) * value)
    )


def _squares(x: FloatArray, axis: int, *, keepdims: bool) -> Array:
    return np.asarray(np.sum(x * x, axis=axis, keepdims=keepdims))


def _squares_from_mean(x: FloatArray, axis: int, *, keepdims: bool) -> Array:
    return _squares(_from_mean(x), axis, keepdims=keepdims)


def _products_of_others(_: FloatArray, x: FloatArray) -> FloatArray:
    return np.stack([np.prod(np.delete(x, at, axis=-1), axis=-1) for at in range(x.shape[-1])], axis=-1)


_MEAN = _aggregate(_over(np.mean), lambda _, x: 1 / x.shape[-1])
_MAXIMUM = _aggregate(_over(np.max, otherwise=0.0), lambda value, x: np.where(x == value, 1.0, 0.0), _ties(np.max))
_MINIMUM = _aggregate(_over(np.min, otherwise=0.0), lambda value, x: np.where(x == value, 1.0, 0.0), _ties(np.min))
_IF_ERROR = Function(_unless_error, _unless_error_backward, fewest=2, most=2)
_POWER = _elementwise(np.power, _power_slopes)

FUNCTIONS: dict[str, Function] = {
    "+": _elementwise(np.add, lambda *_: (1.0, 1.0)),
    "-": _elementwise(np.subtract, lambda *_: (1.0, -1.0)),
    "*": _elementwise(np.multiply, lambda _, a, b: (b, a)),
    "/": _elementwise(np.divide, lambda value, _, b: (1 / b, -value / b)),
    "^": _POWER,
    "neg": _elementwise(np.negative, lambda *_: (-1.0,)),
    "=": _comparison(lambda a, b: a == b),
    "<>": _comparison(lambda a, b: a != b),
    "<": _comparison(lambda a, b: a < b),
    ">": _comparison(lambda a, b: a > b),
    "<=": _comparison(lambda a, b: a <= b),
    ">=": _comparison(lambda a, b: a >= b),
    "AND": _truth(np.all),
    "OR": _truth(np.any),
    "NOT": _elementwise(lambda x: np.where(x == 0, 1.0, 0.0), lambda *_: (0.0,)),
    "IF": Function(_choose, _choose_backward, fewest=2, most=3),
    "IFERROR": _IF_ERROR,
    "IFNA": _IF_ERROR,
    "EXP": _elementwise(np.exp, lambda value, _: (value,)),
    "LN": _elementwise(np.log, lambda _, x: (1 / x,)),
    "LOG10": _elementwise(np.log10, _log_slopes),
    "LOG": _elementwise(lambda x, base=10.0: np.log(x) / np.log(base), _log_slopes),
    "SQRT": _elementwise(np.sqrt, lambda value, _: (0.5 / value,)),
    "POWER": _POWER,
    "ABS": _elementwise(np.abs, lambda _, x: (np.sign(x),), lambda x: (np.where(x == 0, 1.0, 0.0),)),
    "SIGN": _elementwise(np.sign, lambda *_: (0.0,), lambda x: (np.where(x == 0, 1.0, 0.0),)),
    "TANH": _elementwise(np.tanh, lambda value, _: (1 - value * value,)),
    "SINH": _elementwise(np.sinh, lambda _, x: (np.cosh(x),)),
    "COSH": _elementwise(np.cosh, lambda _, x: (np.sinh(x),)),
    "SIN": _elementwise(np.sin, lambda _, x: (np.cos(x),)),
    "COS": _elementwise(np.cos, lambda _, x: (-np.sin(x),)),
    "TAN": _elementwise(np.tan, lambda value, _: (1 + value * value,)),
    "ATAN": _elementwise(np.arctan, lambda _, x: (1 / (1 + x * x),)),
    "ROUND": _stairs(_rounded, most=2),
    "INT": _stairs(np.floor, most=1),
    "TRUNC": _stairs(lambda x, digits=0.0: np.trunc(x * 10.0**digits) / 10.0**digits, most=2),
    "SINGLE": _elementwise(lambda x: x, lambda *_: (1.0,)),
    "PI": Function(lambda: np.full((1, 1), np.pi), lambda *_: [], fewest=0, most=0),
    "TRUE": Function(lambda: np.ones((1, 1)), lambda *_: [], fewest=0, most=0),
    "FALSE": Function(lambda: np.zeros((1, 1)), lambda *_: [], fewest=0, most=0),
    "SUM": _aggregate(_over(np.sum, 0), lambda *_: 1.0),
    "SUMSQ": _aggregate(_over(_squares, 0), lambda _, x: 2 * x),
    "PRODUCT": _aggregate(_over(np.prod, 0), _products_of_others),
    "COUNT": _aggregate(lambda x: np.full((*x.shape[:-1], 1), x.shape[-1]), lambda *_: 0.0),
    "AVERAGE": _MEAN,
    "MAX": _MAXIMUM,
    "MIN": _MINIMUM,
    "MEDIAN": _aggregate(_over(np.median), _median_slopes, _median_ties),
    **dict.fromkeys(("VAR", "VAR.S"), _variance(1)),
    **dict.fromkeys(("VARP", "VAR.P"), _variance(0)),
    **dict.fromkeys(("STDEV", "STDEV.S"), _deviation(1)),
    **dict.fromkeys(("STDEVP", "STDEV.P"), _deviation(0)),
    "DEVSQ": _aggregate(_over(_squares_from_mean), lambda _, x: 2 * _from_mean(x)),
    "SUMPRODUCT": Function(
        lambda *operands: _over_all(np.sum, _product_of(*operands)), _sumproduct_backward, arrays=True
    ),
    "SUMXMY2": _of_pairs(lambda a, b: (a - b) ** 2, lambda a, b: (2 * (a - b), 2 * (b - a))),
    "SUMX2MY2": _of_pairs(lambda a, b: a * a - b * b, lambda a, b: (2 * a, -2 * b)),
    "SUMX2PY2": _of_pairs(lambda a, b: a * a + b * b, lambda a, b: (2 * a, 2 * b)),
    "MMULT": Function(lambda a, b: numbers(a) @ numbers(b), _mmult_backward, arrays=True, fewest=2, most=2),
    "TRANSPOSE": Function(
        _turned, lambda adjoint, *_: [_turned(adjoint)], arrays=True, most=1
    ),
    "INDEX": Function(
        lambda array, *places: array[..., *_picked(array, *places)], _index_backward, arrays=True, fewest=2, most=3
    ),
}  # fmt: skip
