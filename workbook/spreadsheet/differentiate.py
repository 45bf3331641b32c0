"""Symbolic differentiation: the slopes of a formula by all that it reads, as formulas.

The rules are those of any calculus textbook, applied backwards from the whole to its parts, as reverse-mode automatic
differentiation does it (Baydin et al. 2018, Automatic differentiation in machine learning: a survey).
"""

from collections.abc import Callable, Sequence

from workbook.spreadsheet.algebra import (
    ONE,
    TWO,
    ZERO,
    call,
    compare,
    less,
    negated,
    over,
    own,
    power,
    product,
    times,
    total,
)
from workbook.spreadsheet.trees import Number, Operation, Tree, UnsupportedError, Variable, flat, leaves

# The slopes of an operation by each of its operands, from what stands for its value, and the operands.
Rule = Callable[..., Sequence[Tree]]


def slopes(tree: Tree, name: str = "") -> dict[Variable, Tree]:
    """∂tree/∂leaf for each variable that a tree reads, in the order in which it first reads them, without those of 0.

    At a kink the slope is that of the operand that comes first: MAX(a,b) with a = b has slope 1 by a, MAX(0,x) has
    slope 0 at 0, ABS(x) too; an IF has the slope of the branch that it takes.

    Args:
        tree: a formula over variables.
        name: of the column that the tree is; its own cell then stands for the value where a slope reads it, as in
            `a` for the slope of a = EXP(z).

    Raises:
        UnsupportedError: a function that reads a variable has no rule here, such as INT.
    """
    found: dict[Variable, list[Tree]] = {}
    _walk(tree, own(name) if name else tree, ONE, found)
    totals = {leaf: total(*terms) for leaf, terms in found.items()}
    return {leaf: slope for leaf, slope in totals.items() if slope != ZERO}


def _walk(tree: Tree, value: Tree, factor: Tree, found: dict[Variable, list[Tree]]) -> None:
    """Adds, for every variable of a part, the factors from the whole to it."""
    if isinstance(tree, Variable):
        found.setdefault(tree, []).append(factor)
    if not isinstance(tree, Operation):
        return
    if tree.kind == "IF":
        _branches(tree, factor, found)
        return
    operands = _cells(tree)
    for operand, slope in zip(operands, _slopes_of(tree, value, operands), strict=True):
        if not isinstance(operand, Number) and slope != ZERO:
            _walk(operand, operand, product(factor, slope), found)


def _cells(tree: Operation) -> list[Tree]:
    """The operands, and of blocks their cells."""
    if tree.kind != "SUMPRODUCT":
        return list(flat(tree))
    return [cell for column in _columns(tree.operands) for cell in column]


def _columns(operands: Sequence[Tree]) -> list[Sequence[Tree]]:
    return [o.operands if isinstance(o, Operation) and o.kind == "block" else (o,) for o in operands]


def _slopes_of(tree: Operation, value: Tree, operands: Sequence[Tree]) -> Sequence[Tree]:
    if tree.kind == "SUMPRODUCT":
        return _sumproduct(len(tree.operands), operands)
    if tree.kind in RULES:
        return RULES[tree.kind](value, *operands)
    if any(isinstance(leaf, Variable) for leaf in leaves(tree)):
        raise UnsupportedError(f"it uses {tree.kind}, whose derivative is not known here")
    return [ZERO] * len(operands)


def _branches(tree: Operation, factor: Tree, found: dict[Variable, list[Tree]]) -> None:
    """IF(test, slope of what is taken if it holds, slope of the other)."""
    test, *branches = tree.operands
    by_branch = [slopes(branch) for branch in branches]
    for leaf in dict.fromkeys(leaf for each in by_branch for leaf in each):
        yes, no = (*(each.get(leaf, ZERO) for each in by_branch), ZERO)[:2]
        slope = yes if yes == no else call("IF", test, yes, no)
        found.setdefault(leaf, []).append(product(factor, slope))


def _sumproduct(columns: int, cells: Sequence[Tree]) -> list[Tree]:
    rows = len(cells) // columns
    return [
        product(*(cells[place % rows + rows * column] for column in range(columns) if column != place // rows))
        for place in range(len(cells))
    ]


def _first_that_is(value: Tree, operands: Sequence[Tree], extreme: str, beyond: str) -> list[Tree]:
    """1 for the first operand that is the extreme, 0 for the others."""
    found = [call("IF", compare("=", value, operands[0]), ONE, ZERO)]
    for place, operand in enumerate(operands[1:], start=1):
        before = operands[0] if place == 1 else call(extreme, *operands[:place])
        is_it = call("IF", compare("=", value, operand), ONE, ZERO)
        if place == len(operands) - 1:  # what is beyond all others is the extreme
            is_it = ONE
        found.append(call("IF", compare(beyond, operand, before), is_it, ZERO))
    return found


def _power(value: Tree, base: Tree, exponent: Tree) -> tuple[Tree, Tree]:
    if exponent == TWO:
        lower = base
    elif isinstance(exponent, Number):
        lower = power(base, Number(exponent.value - 1))
    else:
        lower = power(base, less(exponent, ONE))
    return product(exponent, lower), product(value, call("LN", base))


def _others(operands: Sequence[Tree]) -> list[Tree]:
    """Of each operand of a product the product of the others."""
    return [product(*operands[:place], *operands[place + 1 :]) for place in range(len(operands))]


def _variance(terms: Sequence[Tree]) -> list[Tree]:
    """2·(x − mean)/n."""
    mean = call("AVERAGE", *terms)
    return [over(product(TWO, less(term, mean)), Number(len(terms))) for term in terms]


RULES: dict[str, Rule] = {
    "+": lambda *_: (ONE, ONE),
    "-": lambda *_: (ONE, negated(ONE)),
    "*": lambda _, a, b: (b, a),
    "/": lambda value, _, b: (over(ONE, b), negated(product(over(value, b)))),
    "^": _power,
    "POWER": _power,
    "neg": lambda *_: (negated(ONE),),
    "EXP": lambda value, _: (value,),
    "LN": lambda _, x: (over(ONE, x),),
    "LOG10": lambda _, x: (over(ONE, times(x, call("LN", Number(10)))),),
    "SQRT": lambda value, _: (over(Number(0.5), value),),
    "TANH": lambda value, _: (less(ONE, power(value, TWO)),),
    "ABS": lambda _, x: (call("SIGN", x),),
    "MIN": lambda value, *operands: _first_that_is(value, operands, "MIN", "<"),
    "MAX": lambda value, *operands: _first_that_is(value, operands, "MAX", ">"),
    "SUM": lambda _, *terms: (ONE,) * len(terms),
    "SUMSQ": lambda _, *terms: [product(TWO, term) for term in terms],
    "PRODUCT": lambda _, *factors: _others(factors),
    "AVERAGE": lambda _, *terms: (over(ONE, Number(len(terms))),) * len(terms),
    "VARP": lambda _, *terms: _variance(terms),
    # A comparison is a step: flat everywhere but where it jumps.
    **dict.fromkeys(("=", "<>", "<", ">", "<=", ">="), lambda *_: (ZERO, ZERO)),
}
