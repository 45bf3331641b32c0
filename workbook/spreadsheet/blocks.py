"""Formulas that were filled over neighbouring cells, as blocks."""

from collections.abc import Callable, Iterable, Sequence

from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.cells import Formula
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Name, Number, Range, Reference, Tree, UnsupportedError, replaced


def pattern(formula: Formula) -> Tree | str:
    """What stays the same when a formula is filled to the right or down."""
    _, row, column = formula.home

    def relative(leaf: Tree) -> Tree:
        if isinstance(leaf, Range):
            first, last = relative(leaf.first), relative(leaf.last)
            return Range(first, last) if isinstance(first, Reference) and isinstance(last, Reference) else leaf
        if isinstance(leaf, Reference):
            across = leaf.column if leaf.dollar else leaf.column - column
            return Reference(leaf.sheet, across, leaf.row, leaf.frozen, leaf.dollar)
        return leaf

    try:
        return replaced(formula.tree, relative)
    except UnsupportedError:
        return f"{formula.text} in row {row}"


def structure(formula: Formula) -> Tree | str:
    """What a formula computes, whatever cells it reads."""
    try:
        return replaced(formula.tree, lambda leaf: Number(0.0) if isinstance(leaf, Range | Reference | Name) else leaf)
    except UnsupportedError:
        return pattern(formula)


def all_blocks(formulas: Sequence[Formula]) -> list[Area]:
    """Blocks by their filled formulas, then those by what is computed, whatever cells it is computed from."""
    filled = blocks(formulas)
    return [*filled, *(area for area in blocks(formulas, structure) if area not in set(filled))]


def blocks(formulas: Iterable[Formula], kind: Callable[[Formula], Tree | str] = pattern) -> list[Area]:
    """The cells of formulas, in their order; neighbours with formulas of one kind are one rectangle.

    The rectangle takes the place of its last formula: all that its cells read stands before it.
    """
    last: dict[Area, int] = {}
    same: dict[Tree | str, dict[Address, int]] = {}
    groups: dict[tuple[Shape, int], dict[Address, int]] = {}
    for at, formula in enumerate(formulas):
        if formula.array:
            last[formula.area] = at
            continue
        alike = formula.shape, formula.home.column  # one shape in one column is one kind, found once
        if alike not in groups:
            found = kind(formula)
            group = same.setdefault(found, {})
            if not isinstance(found, str):
                groups[alike] = group
        else:
            group = groups[alike]
        group[formula.home] = at
    for group in same.values():
        for area in _rectangles(set(group)):
            last[area] = max(group[address] for address in area.addresses())
    return sorted(last, key=lambda area: last[area])


def _rectangles(addresses: set[Address]) -> list[Area]:
    """Cells as rectangles: runs down the columns, joined with the next column's where they are as long."""
    runs: dict[tuple[str, int, int], list[int]] = {}
    for sheet, row, column in sorted(addresses, key=lambda address: (address.sheet, address.column, address.row)):
        if (sheet, row - 1, column) in addresses:
            continue
        bottom = row
        while (sheet, bottom + 1, column) in addresses:
            bottom += 1
        runs.setdefault((sheet, row, bottom), []).append(column)
    found = []
    for (sheet, top, bottom), columns in runs.items():
        start = columns[0]
        for at, column in enumerate(columns):
            if at + 1 == len(columns) or columns[at + 1] != column + 1:
                found.append(Area(sheet, top, start, bottom, column))
                start = columns[at + 1] if at + 1 < len(columns) else column
    return found
