"""Sums, means, extremes, spreads: functions of all numbers in their operands."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import FloatArray
from workbook.spreadsheet.algebra import ONE, TWO, ZERO, call, compare, less, over, product
from workbook.spreadsheet.arrays import Array
from workbook.spreadsheet.functions.record import Forward, Function, aggregate, flat
from workbook.spreadsheet.trees import Number, Tree


def _over(function: Callable[..., Any], fewest: int = 1, otherwise: float = np.nan, **options: int) -> Forward:
    """A function of a vector of so many numbers or more, over the last axis, which stays."""

    def over(x: FloatArray) -> Array:
        if x.shape[-1] < fewest:
            return np.full((*x.shape[:-1], 1), otherwise)
        return np.asarray(function(x, axis=-1, keepdims=True, **options))

    return over


def _from_mean(x: FloatArray) -> FloatArray:
    return np.asarray(x - x.mean(axis=-1, keepdims=True))


def _doubled_from_mean(terms: Sequence[Tree]) -> list[Tree]:
    """2·(x − mean), the slopes of DEVSQ."""
    mean = call("AVERAGE", *terms)
    return [product(TWO, less(term, mean)) for term in terms]


def _variance(freedom: int) -> Function:
    return aggregate(
        _over(np.var, freedom + 1, ddof=freedom),
        lambda _, x: 2 * _from_mean(x) / (x.shape[-1] - freedom),
        lambda _, *terms: [over(slope, Number(len(terms) - freedom)) for slope in _doubled_from_mean(terms)],
    )


def _deviation(freedom: int) -> Function:
    return aggregate(
        _over(np.std, freedom + 1, ddof=freedom),
        lambda value, x: _from_mean(x) / ((x.shape[-1] - freedom) * value),
        lambda value, *terms: [
            over(less(term, call("AVERAGE", *terms)), product(Number(len(terms) - freedom), value)) for term in terms
        ],
    )


def _squares(x: FloatArray, axis: int, *, keepdims: bool) -> Array:
    return np.asarray(np.sum(x * x, axis=axis, keepdims=keepdims))


def _squares_from_mean(x: FloatArray, axis: int, *, keepdims: bool) -> Array:
    return _squares(_from_mean(x), axis, keepdims=keepdims)


def _others(operands: Sequence[Tree]) -> list[Tree]:
    """Of each operand of a product the product of the others."""
    return [product(*operands[:at], *operands[at + 1 :]) for at in range(len(operands))]


def _products_of_others(_: FloatArray, x: FloatArray) -> FloatArray:
    return np.stack([np.prod(np.delete(x, at, axis=-1), axis=-1) for at in range(x.shape[-1])], axis=-1)


def _first_that_is(value: Tree, operands: Sequence[Tree], extreme: str, beyond: str) -> list[Tree]:
    """1 for the first operand that is the extreme, 0 for the others."""
    found = [call("IF", compare("=", value, operands[0]), ONE, ZERO)]
    for index, operand in enumerate(operands[1:], start=1):
        before = operands[0] if index == 1 else call(extreme, *operands[:index])
        is_it = call("IF", compare("=", value, operand), ONE, ZERO)
        if index == len(operands) - 1:  # what is beyond all others is the extreme
            is_it = ONE
        found.append(call("IF", compare(beyond, operand, before), is_it, ZERO))
    return found


def _ties(extreme: Forward) -> Forward:
    def tied(x: FloatArray) -> Array:
        at_it = x == extreme(x, axis=-1, keepdims=True)
        return np.where(at_it & (at_it.sum(axis=-1, keepdims=True) > 1), 1.0, 0.0)

    return tied


def _extreme(function: Callable[..., Any], name: str, beyond: str) -> Function:
    return aggregate(
        _over(function, otherwise=0.0),
        lambda value, x: np.where(x == value, 1.0, 0.0),
        lambda value, *operands: _first_that_is(value, operands, name, beyond),
        _ties(function),
    )


def _middle(x: FloatArray) -> slice:
    """Where the one or two numbers in the middle stand, once sorted."""
    return slice((x.shape[-1] - 1) // 2, x.shape[-1] // 2 + 1)


def _median_slopes(_: FloatArray, x: FloatArray) -> FloatArray:
    slopes = np.zeros(x.shape)
    middle = np.argsort(x, axis=-1, kind="stable")[..., _middle(x)]
    np.put_along_axis(slopes, middle, 1 / middle.shape[-1], axis=-1)
    return slopes


def _median_ties(x: FloatArray) -> Array:
    middle = np.sort(x, axis=-1)[..., _middle(x)]
    tied = (x == middle[..., :1]) | (x == middle[..., -1:])
    different = 1 + (middle[..., :1] != middle[..., -1:])
    return np.where(tied & (tied.sum(axis=-1, keepdims=True) > different), 1.0, 0.0)


FUNCTIONS: dict[str, Function] = {
    "SUM": aggregate(_over(np.sum, 0), lambda *_: 1.0, lambda _, *terms: [ONE] * len(terms)),
    "SUMSQ": aggregate(
        _over(_squares, 0), lambda _, x: 2 * x, lambda _, *terms: [product(TWO, term) for term in terms]
    ),
    "PRODUCT": aggregate(_over(np.prod, 0), _products_of_others, lambda _, *factors: _others(factors)),
    "COUNT": aggregate(lambda x: np.full((*x.shape[:-1], 1), x.shape[-1]), lambda *_: 0.0, flat),
    "AVERAGE": aggregate(
        _over(np.mean), lambda _, x: 1 / x.shape[-1], lambda _, *terms: [over(ONE, Number(len(terms)))] * len(terms)
    ),
    "MAX": _extreme(np.max, "MAX", ">"),
    "MIN": _extreme(np.min, "MIN", "<"),
    "MEDIAN": aggregate(_over(np.median), _median_slopes, open_slopes=_median_ties),
    **dict.fromkeys(("VAR", "VAR.S"), _variance(1)),
    **dict.fromkeys(("VARP", "VAR.P"), _variance(0)),
    **dict.fromkeys(("STDEV", "STDEV.S"), _deviation(1)),
    **dict.fromkeys(("STDEVP", "STDEV.P"), _deviation(0)),
    "DEVSQ": aggregate(
        _over(_squares_from_mean), lambda _, x: 2 * _from_mean(x), lambda _, *terms: _doubled_from_mean(terms)
    ),
}
