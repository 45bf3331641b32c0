"""Evaluating many trees that are alike: what they have in common is computed once."""

from collections.abc import Mapping

import numpy as np

from workbook.spreadsheet.trees import FUNCTIONS, Operation, Tree, Value, Variable, evaluate

# What edits are made of; the rest is left to `evaluate`, which looks at the operands.
ARITHMETIC = {"+", "-", "*", "/", "^", "neg", "EXP"}


class Evaluator:
    """Evaluates trees over one set of numbers."""

    def __init__(self, values: Mapping[Variable, Value]) -> None:
        self.values = values
        # By identity: to hash a tree takes longer than to evaluate it. The trees are kept, so that none is mistaken.
        self._known: dict[int, tuple[Tree, Value]] = {}

    def remember(self, tree: Tree) -> Tree:
        """Evaluate a tree and all its parts, for the sake of those that are made from it."""
        if isinstance(tree, Operation):
            for operand in tree.operands:
                self.remember(operand)
        if not (isinstance(tree, Operation) and tree.kind == "block"):
            self._known[id(tree)] = tree, self(tree)
        return tree

    def __call__(self, tree: Tree) -> Value:
        """A tree's value.

        Raises:
            UnsupportedError: the tree uses a function that is not supported.
        """
        with np.errstate(all="ignore"):
            return self._value(tree)

    def _value(self, tree: Tree) -> Value:
        if (known := self._known.get(id(tree))) is not None:
            return known[1]
        if isinstance(tree, Operation) and tree.kind in ARITHMETIC:
            found: Value = FUNCTIONS[tree.kind][2](*map(self._value, tree.operands))
            return found
        return evaluate(tree, self.values)
