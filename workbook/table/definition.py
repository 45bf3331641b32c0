"""What a column of the table is: a tree over the columns that its cells read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from sys import maxsize

from engine import Columns
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Operation, Tree, Variable

# So many rows of a column are typed in that has a formula in none.
ALWAYS = maxsize


@dataclass(frozen=True)
class Definition:
    """What a column is.

    Attributes:
        name: the column's.
        tree: its value in the first row of a batch, over columns of the same row (variables of row 0), of rows before
            (-1 and less) or, in a batch, after it, and over the constants beside the table.
        typed_in: how many of its first rows are typed in instead of computed.
        idea: the same in words, for somebody who is stuck.
        others: its value in the other rows of a batch, or of each sequence in it, from the second on; none if all rows
            have the same.
        slopes: its slopes by columns of the own row, where a learner knows them by heart, as a·(1 − a) by the
            pre-activation; the chain rule goes back through these alone. None where they follow from the tree.
        cut: the positions of rows, as in `trees`, whose readings of other rows pass no error back: truncation.
    """

    name: str
    tree: Tree
    idea: str
    typed_in: int = 0
    others: tuple[Tree, ...] = ()
    slopes: Mapping[str, Tree] | None = field(default=None, compare=False)
    cut: frozenset[int] = frozenset()

    def text(self, columns: Columns) -> str:
        """The tree as a formula over the names of these columns, without a leading `=`, such as `w1*i1 + w2*i2`."""
        return printed(over_names(columns, self.tree))

    @property
    def trees(self) -> tuple[Tree, ...]:
        """Its value by the position of a row in its batch or its sequence."""
        return (self.tree, *self.others)

    def tree_of(self, row: int) -> Tree:
        """Its value in a row, counted from 0, of the table."""
        return self.trees[row % len(self.trees)]


def over_names(columns: Columns, tree: Tree) -> Tree:
    """The tree with `∂E/∂w1 of the batch` for the cells of several rows."""
    if not isinstance(tree, Operation):
        return tree
    if tree.kind == "block" and isinstance(first := tree.operands[0], Variable):
        return Variable(in_all_rows(columns, first.name), first.row)
    return Operation(tree.kind, tuple(over_names(columns, operand) for operand in tree.operands))


def in_all_rows(columns: Columns, name: str) -> str:
    """What a column's cells in all rows of an update are called; the rows of sequences are their steps."""
    return f"{name} of all steps" if columns.network.time > 1 else f"{name} of the batch"
