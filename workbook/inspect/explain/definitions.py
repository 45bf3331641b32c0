"""Why a formula of a table with our headers is not what its column's definition says."""

import numpy as np

from workbook.inspect.explain.factors import factor_slips
from workbook.inspect.find.comparison import Comparison
from workbook.inspect.find.headed import Headed
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Operation, Tree, Variable, leaves


def cause_by_definition(comparison: Comparison, name: str, got: Tree, expected: Tree, row: int) -> str:
    """The cause in words, the likeliest slip first.

    Args:
        got: what the formula computes.
        expected: what it should.
        row: the row of the table, from 0, whose cells are named.
    """
    columns = comparison.columns
    for other in columns.of(columns.by_name[name].kind):
        if other != name and any(comparison.same(got, tree) for tree in comparison.defined[other].trees):
            return f"it holds the formula of {other}"

    def show(leaf: Tree) -> str:
        return _shown(comparison.headed, leaf, row)

    mine, theirs = (list(dict.fromkeys(leaf for leaf in leaves(tree))) for tree in (got, expected))
    extra = [leaf for leaf in mine if leaf not in theirs]
    missing = [leaf for leaf in theirs if leaf not in mine]
    if len(extra) == len(missing) == 1:
        return f"{show(extra[0])} is read; {show(missing[0])} is expected"
    if (operators := _operators(got, expected)) is not None:
        return "{} stands where {} belongs".format(*operators)
    for tree, words in factor_slips(expected, lambda part: printed(part, show)):
        if comparison.same(got, tree):
            return words
    if (factor := _factor(comparison, got, expected)) is not None:
        return f"it is {factor:.4g} times what it should be"
    if missing and not extra:
        return f"{', '.join(map(show, missing))} is missing"
    return "it computes something else"


def _shown(own: Headed, leaf: Tree, row: int) -> str:
    return f"{leaf.name} ({own.operand(leaf, row)})" if isinstance(leaf, Variable) else printed(leaf)


def _factor(comparison: Comparison, got: Tree, expected: Tree) -> float | None:
    """The number that the formula is too large by, wherever it is used."""
    ratios = comparison.ratio(got, expected)
    if ratios is None or not np.isfinite(ratios).all() or np.ptp(ratios) > 1e-9 * abs(ratios[0]):
        return None
    return float(ratios[0])


def _operators(got: Tree, expected: Tree) -> tuple[str, str] | None:
    """The one operator or function in which two trees of one form differ."""
    if not isinstance(got, Operation) or not isinstance(expected, Operation):
        return None
    if got.operands == expected.operands and got.kind != expected.kind:
        return got.kind, expected.kind
    if got.kind != expected.kind or len(got.operands) != len(expected.operands):
        return None
    pairs = [pair for pair in zip(got.operands, expected.operands, strict=True) if pair[0] != pair[1]]
    return _operators(*pairs[0]) if len(pairs) == 1 else None
