"""Operators, powers, logarithms, trigonometry, rounding: functions of each element."""

import numpy as np

from engine import FloatArray
from workbook.spreadsheet.algebra import ONE, TWO, call, less, negated, over, plus, power, product, times
from workbook.spreadsheet.arrays import Array
from workbook.spreadsheet.functions.record import Function, elementwise, flat, stairs
from workbook.spreadsheet.trees import Number, Tree


def _power(value: Tree, base: Tree, exponent: Tree) -> tuple[Tree, Tree]:
    if exponent == TWO:
        lower = base
    elif isinstance(exponent, Number):
        lower = power(base, Number(exponent.value - 1))
    else:
        lower = power(base, less(exponent, ONE))
    return product(exponent, lower), product(value, call("LN", base))


def _logarithm(value: Tree, x: Tree, base: Tree | None = None) -> tuple[Tree, ...]:
    if base is None:
        return (over(ONE, times(x, call("LN", Number(10)))),)
    return over(ONE, times(x, call("LN", base))), negated(over(value, times(base, call("LN", base))))


def _rounded(value: FloatArray, digits: FloatArray) -> Array:
    scale = np.power(10.0, np.trunc(digits))
    return np.copysign(np.floor(np.abs(value) * scale + 0.5) / scale, value)


def _at_zero(x: FloatArray) -> tuple[Array]:
    return (np.where(x == 0, 1.0, 0.0),)


_POWER = elementwise(np.power, _power, 2)

FUNCTIONS: dict[str, Function] = {
    "+": elementwise(np.add, lambda *_: (ONE, ONE), 2),
    "-": elementwise(np.subtract, lambda *_: (ONE, negated(ONE)), 2),
    "*": elementwise(np.multiply, lambda _, a, b: (b, a), 2),
    "/": elementwise(np.divide, lambda value, _, b: (over(ONE, b), negated(product(over(value, b)))), 2),
    "^": _POWER,
    "POWER": _POWER,
    "PI": Function(lambda: np.full((1, 1), np.pi), 0, 0),
    "neg": elementwise(np.negative, lambda *_: (negated(ONE),)),
    "SINGLE": elementwise(lambda x: x, lambda *_: (ONE,)),
    "EXP": elementwise(np.exp, lambda value, _: (value,)),
    "LN": elementwise(np.log, lambda _, x: (over(ONE, x),)),
    "LOG10": elementwise(np.log10, _logarithm),
    "LOG": elementwise(lambda x, base=10.0: np.log(x) / np.log(base), _logarithm, 1, 2),
    "SQRT": elementwise(np.sqrt, lambda value, _: (over(Number(0.5), value),)),
    "ABS": elementwise(np.abs, lambda _, x: (call("SIGN", x),), open_slopes=_at_zero),
    "SIGN": elementwise(np.sign, flat, open_slopes=_at_zero),
    "TANH": elementwise(np.tanh, lambda value, _: (less(ONE, power(value, TWO)),)),
    "SINH": elementwise(np.sinh, lambda _, x: (call("COSH", x),)),
    "COSH": elementwise(np.cosh, lambda _, x: (call("SINH", x),)),
    "SIN": elementwise(np.sin, lambda _, x: (call("COS", x),)),
    "COS": elementwise(np.cos, lambda _, x: (negated(call("SIN", x)),)),
    "TAN": elementwise(np.tan, lambda value, _: (plus(ONE, power(value, TWO)),)),
    "ATAN": elementwise(np.arctan, lambda _, x: (over(ONE, plus(ONE, power(x, TWO))),)),
    "ROUND": stairs(_rounded, 2, 2),
    "INT": stairs(np.floor, 1, 1),
    "MOD": elementwise(
        np.mod, lambda _, a, b: (ONE, negated(call("INT", over(a, b)))), 2, open_slopes=lambda a, b: _at_zero(a % b) * 2
    ),
    "TRUNC": stairs(lambda x, digits=0.0: np.trunc(x * 10.0**digits) / 10.0**digits, 1, 2),
}
