"""Why a formula of a table with our headers is not what its column's definition says."""

import numpy as np

from workbook.inspect.explain.factors import factor_slips
from workbook.inspect.find.comparison import Comparison
from workbook.inspect.judge.cause import UNNAMED, Cause
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Operation, Tree, Variable, leaves


class DefinedCauses:
    """The causes of what is wrong in a table with our headers: how a formula differs from its column's definition."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    def of_formula(self, name: str, shape: Shape, row: int, *, thorough: bool = True) -> Cause:  # noqa: ARG002 - quick
        """The likeliest slip first; all are found at once, however thorough."""
        comparison = self.comparison
        got = comparison.tree(shape, row)
        expected = comparison.defined[name].tree_of(row - comparison.headed.rows[0])
        return Cause(self._words(name, got, expected))

    def of_numbers(self, name: str, rows: list[int]) -> None:
        """As for Causes: of numbers without formulas none is looked for."""

    def _words(self, name: str, got: Tree, expected: Tree) -> str:
        comparison, columns = self.comparison, self.comparison.columns
        for other in columns.of(columns.by_name[name].kind):
            if other != name and any(comparison.same(got, tree) for tree in comparison.defined[other].trees):
                return f"it holds the formula of {other}"
        mine, theirs = (list(dict.fromkeys(leaf for leaf in leaves(tree))) for tree in (got, expected))
        extra = [leaf for leaf in mine if leaf not in theirs]
        missing = [leaf for leaf in theirs if leaf not in mine]
        if len(extra) == len(missing) == 1:
            return f"{self._shown(extra[0])} is read; {self._shown(missing[0])} is expected"
        if (operators := _operators(got, expected)) is not None:
            return "{} stands where {} belongs".format(*operators)
        for tree, words in factor_slips(expected, lambda part: printed(part, self._shown)):
            if comparison.same(got, tree):
                return words
        if (factor := _factor(comparison, got, expected)) is not None:
            return f"it is {factor:.4g} times what it should be"
        if missing and not extra:
            return f"{', '.join(map(self._shown, missing))} is missing"
        return UNNAMED

    def _shown(self, leaf: Tree) -> str:
        return f"{leaf.name} ({self.comparison.headed.operand(leaf)})" if isinstance(leaf, Variable) else printed(leaf)


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
