"""Which cell may be the loss: by where it was found before, by labels, by what it depends on."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from engine import InputError
from workbook.inspect.find.words_beside import is_loss, label, letter_of
from workbook.inspect.gradcheck import Check
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.cells import TYPED, Cells
from workbook.spreadsheet.graph import differentiated
from workbook.spreadsheet.nudged import nudged
from workbook.spreadsheet.readers import Readers
from workbook.spreadsheet.repeats import moved_area
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import UnsupportedError

MOST_LOSSES, MOST_LOSSES_OF_LARGE = 40, 6
LARGE = 5_000


def known_loss(cells: Cells, cell_pairs: Sequence[tuple[Area, Area]], last: Check) -> Area | None:
    """The loss of a step with the layout and the loss's formula of one that was found right: what disagrees there is a
    slip.
    """
    down = cell_pairs[0][0].top - last.pairs[0].parameter.top
    loss = moved_area(last.loss, down)
    due = [(moved_area(pair.parameter, down), moved_area(pair.given, down)) for pair in last.pairs]
    same = last.wrong is False and list(cell_pairs) == due and last.loss.sheet != TYPED
    return loss if same and _shape(cells, loss) == _shape(cells, last.loss) is not None else None


def _shape(cells: Cells, area: Area) -> Shape | None:
    formula = cells.formula(area.first)
    return None if formula is None else formula.shape


def is_labelled(cells: Cells, loss: Area, cell_pairs: Sequence[tuple[Area, Area]]) -> bool:
    """Whether labels call the loss a loss, and a parameter a weight or a bias."""
    return is_loss(label(cells, loss)) and any(letter_of(label(cells, parameter)) for parameter, _ in cell_pairs)


@np.errstate(all="ignore")
def is_descent(cells: Cells, loss: Area, cell_pairs: Sequence[tuple[Area, Area]]) -> bool:
    """Whether something is descended: by its labels, or since the slope of the loss changes with the parameters.

    x less its mean, a price less its discount, a balance less a payment have the form of updates, and a mean or a sum
    beside them that of a loss; but these are linear, and nobody descends them.
    """
    parameters = [parameter for parameter, _ in cell_pairs]
    if is_labelled(cells, loss, cell_pairs):
        return True
    try:
        moved = nudged(cells, parameters, [loss])
        here, there = (differentiated(one, loss, parameters, differences=False) for one in (cells, moved))
    except (UnsupportedError, InputError):
        return True
    return not all(np.allclose(here.by(area)[0], there.by(area)[0], rtol=1e-9, atol=0) for area in parameters)


def candidates(
    readers: Readers,
    cell_pairs: Sequence[tuple[Area, Area]],
    dependents: Callable[[], Iterable[int]],
    last: Check | None,
) -> Iterator[Area]:
    """The cells that may be the loss, the likeliest first: where it was found before, by its label, or read by none."""
    cells = readers.cells
    given = {address for _, area in cell_pairs for address in area.addresses()}
    single = [
        formula.area
        for formula in (readers.formulas[at] for at in sorted(dependents()))
        if formula.area.size == 1 and formula.home not in given
    ]
    expected = None if last is None else _moved(last.loss, last.pairs[0].parameter, cell_pairs[0][0])
    if expected in single:
        yield expected  # mostly it is: the others are ranked only where it is not
    sheets = {area.sheet for area, _ in cell_pairs}

    def rank(area: Area) -> tuple[bool, bool, bool]:
        elsewhere, unread = area.sheet not in sheets, not readers.is_read(area.first)
        return elsewhere, not is_loss(label(cells, area)), not unread

    most = MOST_LOSSES if len(single) < LARGE else MOST_LOSSES_OF_LARGE
    yield from sorted((area for area in single if area != expected), key=rank)[:most]


def _moved(loss: Area, before: Area, now: Area) -> Area:
    """Where a loss is if it moved as a parameter did."""
    down, across = now.top - before.top, now.left - before.left
    sheet = now.sheet if loss.sheet == before.sheet else loss.sheet
    return Area(sheet, loss.top + down, loss.left + across, loss.bottom + down, loss.right + across)
