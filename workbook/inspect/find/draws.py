"""Numbers for the columns of a table with our headers, drawn: formulas are alike that give the same of all of them."""

from collections.abc import Mapping

import numpy as np

from engine import Columns, FloatArray
from workbook.spreadsheet.evaluator import Value, evaluate
from workbook.spreadsheet.trees import Tree, Variable, leaves, replaced
from workbook.table.definition import Definition

DRAWS = 16
# What does not follow from the own row's other numbers is drawn, in rows apart each anew.
# So is what reads other rows: a batch's mean, the states of a recurrent layer. Each row would read others again.
DRAWN = {"target", "counted", "input", "weight", "bias", "initial-state", "state", "step", "sample", "time", "mask"}
# Of these the numbers may be negative.
SIGNED = {
    "input",
    "weight",
    "bias",
    "initial-state",
    "pre-activation",
    "delta",
    "gradient",
    "gate-sum",
    "cell",
    "recalled",
}


class Draws(dict[Variable, Value]):
    """Numbers for every variable: drawn where the table does not compute it, else computed from the same row."""

    def __init__(self, columns: Columns, defined: Mapping[str, Definition]) -> None:
        super().__init__()
        self.columns, self.defined = columns, defined
        self.generator = np.random.default_rng(7)

    def __missing__(self, leaf: Variable) -> Value:
        column = self.columns.by_name.get(leaf.name)
        if column is not None and column.kind == "batch":
            raise KeyError(leaf)  # it depends on the place in the batch; nothing is computed from it
        if column is None or column.kind in DRAWN or self._reads_other_rows(leaf.name):
            self[leaf] = self._drawn(leaf, column.kind if column else "constant")
        else:
            tree = replaced(self.defined[leaf.name].tree, lambda own: _moved(own, leaf.row, self.columns))
            self[leaf] = evaluate(tree, self)
        return self[leaf]

    def _reads_other_rows(self, name: str) -> bool:
        trees = self.defined[name].trees
        return len(trees) > 1 or any(of.row for of in leaves(trees[0]) if isinstance(of, Variable))

    def _drawn(self, leaf: Variable, kind: str) -> FloatArray:
        if kind in ("step", "sample", "time"):
            return self.generator.integers(1, 9, DRAWS).astype(float)
        if kind == "target" and self.columns.network.loss == "cross-entropy":
            return self._share(leaf)
        low, high = (0.1, 0.9) if kind in ("target", "constant") or leaf.name.startswith("s_") else (0.2, 1.6)
        signs = self.generator.choice([-1.0, 1.0], DRAWS) if kind in SIGNED else 1.0
        return np.asarray(signs * self.generator.uniform(low, high, DRAWS))

    def _share(self, leaf: Variable) -> FloatArray:
        """Targets that add up to 1 in each row."""
        names = self.columns.target_names
        shares = self.generator.uniform(0.1, 1.0, (len(names), DRAWS))
        shares /= shares.sum(axis=0)
        for name, share in zip(names, shares, strict=True):
            self.setdefault(Variable(name, leaf.row), share)
        return np.asarray(dict.__getitem__(self, leaf))


def _moved(leaf: Tree, rows: int, columns: Columns) -> Tree:
    if isinstance(leaf, Variable) and leaf.name in columns.by_name:
        return Variable(leaf.name, leaf.row + rows)
    return leaf
