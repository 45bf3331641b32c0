"""Derivatives of formulas as numbers, by forward-mode differentiation: what the symbolic ones are held against."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workbook.spreadsheet.evaluator import Value, cells, evaluate
from workbook.spreadsheet.trees import Operation, Tree, UnsupportedError, Variable


def derivative(tree: Tree, leaf: Variable, values: Mapping[Any, Value]) -> Value:
    """∂tree/∂leaf where the leaves have these values, exactly but for rounding: by the rules, forwards.

    Raises:
        UnsupportedError: no rule for a function of the tree is known here.
    """
    with np.errstate(all="ignore"):
        return _dual(tree, leaf, values)[1]


def _dual(tree: Tree, leaf: Variable, values: Mapping[Any, Value]) -> tuple[Value, Value]:
    """The value of a tree and its derivative."""
    zero = np.float64(0)
    if not isinstance(tree, Operation):
        return evaluate(tree, values), np.float64(tree == leaf)
    duals = [_dual(operand, leaf, values) for operand in cells(tree)]
    value = evaluate(tree, values)
    if tree.kind not in SLOPES:
        if all(np.all(change == 0) for _, change in duals):
            return value, zero
        raise UnsupportedError(f"it uses {tree.kind}, whose derivative is not known here")
    slopes = SLOPES[tree.kind](value, *(operand for operand, _ in duals))
    # What does not depend on the leaf adds nothing, though its slope be infinite.
    terms = [slope * change for slope, (_, change) in zip(slopes, duals, strict=True) if np.any(change != 0)]
    return value, sum(terms, zero)


def _extreme_slopes(value: Value, *operands: Value) -> tuple[Value, ...]:
    return tuple(np.where(operand == value, 1.0, 0.0) for operand in operands)


def _if_slopes(_: Value, test: Value, *chosen: Value) -> tuple[Value, ...]:
    return (ZERO, *(np.where((test != 0) == yes, 1.0, 0.0) for yes, _ in zip((True, False), chosen, strict=False)))


ZERO, ONE = np.float64(0), np.float64(1)
# The slopes of an operation by each of its operands, from its value and the operands.
SLOPES: dict[str, Callable[..., tuple[Value, ...]]] = {
    "+": lambda *_: (ONE, ONE),
    "-": lambda *_: (ONE, -ONE),
    "*": lambda _, a, b: (b, a),
    "/": lambda value, _, b: (1 / b, -value / b),
    "^": lambda value, a, b: (b * np.power(a, b - 1), value * np.log(a)),
    "neg": lambda *_: (-ONE,),
    "EXP": lambda value, _: (value,),
    "LN": lambda _, x: (1 / x,),
    "SQRT": lambda value, _: (0.5 / value,),
    "TANH": lambda value, _: (1 - value * value,),
    "ABS": lambda _, x: (np.sign(x),),
    "MIN": _extreme_slopes,
    "MAX": _extreme_slopes,
    "SUM": lambda _, *terms: (ONE,) * len(terms),
    "AVERAGE": lambda _, *terms: (ONE / len(terms),) * len(terms),
    "IF": _if_slopes,
    # A comparison is a step: flat everywhere but where it jumps.
    **dict.fromkeys(("=", "<>", "<", ">", "<=", ">="), lambda *_: (ZERO, ZERO)),
}
