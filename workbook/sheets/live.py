"""What stands in a cell: its formula and its cache, both from one tree."""

from collections.abc import Callable, Mapping

from workbook.spreadsheet.evaluator import Given, content_of, value_of
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Tree, Variable
from workbook.table.layout import within_limit

# A number and its formula, which begins with `=`.
Live = tuple[float, str]


def live(tree: Tree, given: Mapping[str, Given], cell_of: Callable[[Variable], str]) -> Live:
    """A cell's number and its formula, both from one tree.

    Args:
        given: what the tree's variables are, by name: numbers, texts or whole ranges.
        cell_of: what stands for a variable in the formula: a cell, a range.
    """
    return value_of(tree, given), formula(tree, cell_of)


def live_whole(tree: Tree, given: Mapping[str, Given], cell_of: Callable[[Variable], str]) -> tuple[int, str]:
    """The same of a whole number."""
    return int(value_of(tree, given)), formula(tree, cell_of)


def live_content(tree: Tree, given: Mapping[str, Given], cell_of: Callable[[Variable], str]) -> tuple[float | str, str]:
    """The same of a tree that may also be a text."""
    return content_of(tree, given), formula(tree, cell_of)


def formula(tree: Tree, cell_of: Callable[[Variable], str]) -> str:
    """A tree as a cell's formula."""
    return within_limit("=" + printed(tree, cell_of, spaced=False))
