"""A number in a cell: its formula and its cache, both from one tree."""

from collections.abc import Callable, Mapping

from workbook.spreadsheet.evaluator import value_of
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Tree, Variable
from workbook.table.layout import within_limit

# A number and its formula, which begins with `=`.
Live = tuple[float, str]


def live(tree: Tree, numbers: Mapping[str, float], cell_of: Callable[[Variable], str]) -> Live:
    """A cell's number and its formula, both from one tree.

    Args:
        numbers: of the tree's variables, by name.
        cell_of: what stands for a variable in the formula.
    """
    return value_of(tree, numbers), within_limit("=" + printed(tree, cell_of, spaced=False))
