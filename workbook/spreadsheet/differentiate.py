"""Symbolic differentiation: the slopes of a formula by all that it reads, as formulas.

The rules are those of any calculus textbook, applied backwards from the whole to its parts, as reverse-mode automatic
differentiation does it (Baydin et al. 2018, Automatic differentiation in machine learning: a survey).
"""

from collections.abc import Sequence

from workbook.spreadsheet.algebra import ONE, ZERO, call, own, product, total
from workbook.spreadsheet.evaluator import cells, columns
from workbook.spreadsheet.functions import FUNCTIONS
from workbook.spreadsheet.trees import Number, Operation, Tree, UnsupportedError, Variable, leaves


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
    for operand, slope in zip(cells(tree), _slopes_of(tree, value), strict=True):
        if not isinstance(operand, Number) and slope != ZERO:
            _walk(operand, operand, product(factor, slope), found)


def _slopes_of(tree: Operation, value: Tree) -> Sequence[Tree]:
    """The slopes by each cell of the operands."""
    rule = FUNCTIONS[tree.kind].rule if tree.kind in FUNCTIONS else None
    if rule is not None:
        return rule(value, *columns(tree)) if FUNCTIONS[tree.kind].arrays else rule(value, *cells(tree))
    if any(isinstance(leaf, Variable) for leaf in leaves(tree)):
        raise UnsupportedError(f"it uses {tree.kind}, whose derivative is not known here")
    return [ZERO] * len(cells(tree))


def _branches(tree: Operation, factor: Tree, found: dict[Variable, list[Tree]]) -> None:
    """IF(test, slope of what is taken if it holds, slope of the other)."""
    test, *branches = tree.operands
    by_branch = [slopes(branch) for branch in branches]
    for leaf in dict.fromkeys(leaf for each in by_branch for leaf in each):
        yes, no = (*(each.get(leaf, ZERO) for each in by_branch), ZERO)[:2]
        slope = yes if yes == no else call("IF", test, yes, no)
        found.setdefault(leaf, []).append(product(factor, slope))
