"""Comparisons, truth, choices."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import FloatArray
from workbook.spreadsheet.arrays import Adjoint, Array, number_in, numbers, over_all, shrunk, through
from workbook.spreadsheet.functions.record import ANY, Forward, Function, elementwise, flat


def comparison(compare: Forward) -> Function:
    """A comparison: no slope, but where both sides are the same number a kink."""

    def value(left: Array, right: Array) -> FloatArray:
        if left.dtype != object and right.dtype != object:
            return element(left, right)
        both = np.frompyfunc(lambda a, b: compare(*_comparable(a, b)), 2, 1)
        return np.asarray(both(left, right), dtype=float)

    def adjoints(adjoint: Adjoint, _: Array, left: Array, right: Array) -> list[Adjoint]:
        same = np.where(numbers(left) == numbers(right), 1.0, 0.0)
        return [shrunk(through(adjoint, 0.0, same), side.shape) for side in (left, right)]

    def element(left: Array, right: Array) -> FloatArray:
        return np.asarray(compare(left, right), dtype=float)

    return Function(value, 2, 2, adjoints, flat, element)


def _comparable(left: object, right: object) -> tuple[Any, Any]:
    """Two cells as a spreadsheet compares them: texts without case, an empty cell as 0 or an empty text."""
    blank: object = "" if isinstance(left, str) or isinstance(right, str) else 0.0
    sides = [blank if side is None else side for side in (left, right)]
    if isinstance(sides[0], str) != isinstance(sides[1], str):
        return (1, 0) if isinstance(sides[0], str) else (0, 1)  # any text is more than any number
    return tuple(side.casefold() if isinstance(side, str) else number_in(side) for side in sides)  # type: ignore[return-value]


def _choose(test: Array, yes: Array, no: Array | None = None) -> Array:
    return np.where(numbers(test) != 0, yes, 0.0 if no is None else no)


def _choose_backward(adjoint: Adjoint, _: Array, test: Array, yes: Array, no: Array | None = None) -> list[Adjoint]:
    taken = np.broadcast_to(numbers(test) != 0, adjoint.shape[1:])
    parts = [shrunk(_asked(adjoint), test.shape), shrunk(through(adjoint, np.where(taken, 1.0, 0.0)), yes.shape)]
    return parts if no is None else [*parts, shrunk(through(adjoint, np.where(taken, 0.0, 1.0)), no.shape)]


def _asked(adjoint: Adjoint) -> Adjoint:
    """The adjoint of a test: the derivative is 0; the sizes of what depends on it are passed on."""
    return np.stack([np.zeros_like(adjoint[0]), adjoint[1], adjoint[2]])


def _truth(combine: Forward) -> Function:
    """AND and OR."""
    return Function(
        lambda *tests: over_all(combine, *(numbers(test) != 0 for test in tests)),
        1,
        ANY,
        lambda adjoint, _, *tests: [
            np.broadcast_to(_asked(adjoint), (*adjoint.shape[:-2], *test.shape[-2:])) for test in tests
        ],
        flat,
        cells=True,
    )


def _are(value: Array, fits: Callable[[object], object]) -> NDArray[np.bool_]:
    """Which cells fit."""
    return np.array([bool(fits(cell)) for cell in value.flat], dtype=bool).reshape(value.shape)


def _is_no_error(value: Array) -> NDArray[np.bool_]:
    """Which cells hold something else than an error, which is nan or infinite."""
    if value.dtype != object:
        return np.isfinite(value)
    return _are(value, lambda cell: not isinstance(cell, float) or np.isfinite(cell))


def _unless_error(value: Array, otherwise: Array) -> Array:
    return np.where(_is_no_error(value), value, otherwise)


def _unless_error_backward(adjoint: Adjoint, _: Array, value: Array, otherwise: Array) -> list[Adjoint]:
    taken = np.broadcast_to(np.where(_is_no_error(value), 1.0, 0.0), adjoint.shape[1:])
    return [shrunk(through(adjoint, taken), value.shape), shrunk(through(adjoint, 1 - taken), otherwise.shape)]


def _is_number(value: Array) -> FloatArray:
    """1 where a cell holds a number: not where it is empty, nor for texts, truth values and errors."""
    found = _is_no_error(value)
    return (found if value.dtype != object else found & _are(value, lambda cell: isinstance(cell, float))).astype(float)


_IF_ERROR = Function(_unless_error, 2, 2, _unless_error_backward, element=_unless_error)

FUNCTIONS: dict[str, Function] = {
    "=": comparison(lambda a, b: a == b),
    "<>": comparison(lambda a, b: a != b),
    "<": comparison(lambda a, b: a < b),
    ">": comparison(lambda a, b: a > b),
    "<=": comparison(lambda a, b: a <= b),
    ">=": comparison(lambda a, b: a >= b),
    "AND": _truth(np.all),
    "OR": _truth(np.any),
    "NOT": elementwise(lambda x: np.where(x == 0, 1.0, 0.0), flat),
    # The slope of a choice as a formula is the choice of slopes: see `differentiate`.
    "IF": Function(_choose, 2, 3, _choose_backward, element=_choose),
    "IFERROR": _IF_ERROR,
    "IFNA": _IF_ERROR,
    "ISNUMBER": Function(_is_number, 1, 1, rule=flat, element=_is_number),
    "TRUE": Function(lambda: np.ones((1, 1)), 0, 0),
    "FALSE": Function(lambda: np.zeros((1, 1)), 0, 0),
}
