"""A copy of a book's cells with some numbers changed, and all that is computed from them recalculated."""

from collections.abc import Sequence

import numpy as np

from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.arrays import numbers
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.graph import ancestors
from workbook.spreadsheet.trace import filled, traced

# How far a number moves, as a share of itself: enough to see a change, too little to saturate a unit.
LEAST, MOST = 0.05, 0.15


def nudged(cells: Cells, parameters: Sequence[Area], results: Sequence[Area]) -> Cells:
    """The cells with each parameter moved by a tenth or so, and the results computed from them again.

    Raises:
        UnsupportedError: a formula on the way cannot be computed here.
        InputError: the formulas go in a circle, or are too many.
    """
    moved = cells.copied()
    draws = np.random.default_rng(0)
    for area in parameters:
        old = numbers(cells.value(area))
        share = draws.uniform(LEAST, MOST, old.shape) * draws.choice([-1.0, 1.0], old.shape)
        moved.put(area, np.where(old == 0, share, old * (1 + share)))
    live = {address for area in parameters for address in area.addresses()}
    for formula in ancestors(moved, results, parameters):
        if any(address in live for area in moved.read_by(formula) for address in area.addresses()):
            moved.put(formula.area, filled(formula, traced(moved, formula).value))
            live.update(formula.area.addresses())
    return moved
