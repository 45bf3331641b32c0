"""Losses for a sheet that has no cell for its loss, made from its outputs and targets.

Somewhere in a gradient an output less its target stands; only a few losses have such a slope.
"""

from collections.abc import Iterator, Sequence

from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.arrays import numbers
from workbook.spreadsheet.blocks import pattern
from workbook.spreadsheet.cells import Cells, Formula
from workbook.spreadsheet.graph import ancestors
from workbook.spreadsheet.trace import traced
from workbook.spreadsheet.trees import Operation, Range, Reference, Tree, UnsupportedError

# Each with {a} for the outputs and {t} for the targets: half squares, cross-entropy, binary cross-entropy.
LOSSES = (
    "SUM(({a}-{t})^2)/2",
    "-SUM({t}*LN({a}))",
    "-SUM({t}*LN({a})+(1-{t})*LN(1-{a}))",
)
MOST_PAIRS = 100

Difference = tuple[Area, Area]  # outputs, targets


def made_losses(cells: Cells, cell_pairs: Sequence[tuple[Area, Area]]) -> Iterator[Area]:
    """Typed formulas that may be the loss, the likeliest first.

    Args:
        cell_pairs: each parameter's cells with those of its gradient.
    """
    parameters = [parameter for parameter, _ in cell_pairs]
    order = ancestors(cells, [given for _, given in cell_pairs], parameters)
    live = {address for area in parameters for address in area.addresses()}
    groups: dict[Tree | str, list[Difference]] = {}  # of formulas that were filled down or to the right
    for formula in order:
        try:
            if any(address in live for area in cells.read_by(formula) for address in area.addresses()):
                live.update(formula.area.addresses())
            for outputs, targets in _differences(cells, formula, formula.tree):
                if _is_live(outputs, live) and not _is_live(targets, live) and outputs.shape == targets.shape:
                    groups.setdefault(pattern(formula), []).append((outputs, targets))
        except UnsupportedError:
            continue
    together = tuple(dict.fromkeys(pair for group in groups.values() for pair in group))
    for pairs in dict.fromkeys([together, *(tuple(dict.fromkeys(group)) for group in groups.values())]):
        for loss in LOSSES:
            if pairs and len(pairs) <= MOST_PAIRS:
                text = "+".join(loss.format(a=cells.text(a), t=cells.text(t)) for a, t in pairs)
                try:
                    formula = cells.type_in(text, cell_pairs[0][0].sheet)
                    yield cells.keep(formula, numbers(traced(cells, formula).value))
                except UnsupportedError:
                    continue


def _is_live(area: Area, live: set[Address]) -> bool:
    return any(address in live for address in area.addresses())


def _differences(cells: Cells, formula: Formula, tree: Tree) -> Iterator[Difference]:
    """What is subtracted from what in a formula, cells from cells, both ways round."""
    if not isinstance(tree, Operation):
        return
    if tree.kind == "-":
        one, other = tree.operands
        if isinstance(one, Reference | Range) and isinstance(other, Reference | Range):
            first, second = cells.area_of(one, formula.home), cells.area_of(other, formula.home)
            yield first, second
            yield second, first
    for operand in tree.operands:
        yield from _differences(cells, formula, operand)
