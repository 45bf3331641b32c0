"""Steps further down a table with the formulas of a step that was checked in full: judged all at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine import FloatArray
from workbook.inspect.explain.again import starts_again
from workbook.inspect.gradcheck import Check
from workbook.inspect.judge.pairs import Pair, with_numbers
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.graph import differentiated
from workbook.spreadsheet.readers import Readers
from workbook.spreadsheet.references import moves_with_its_row, references_of
from workbook.spreadsheet.repeats import Repeats, moved_area, repeats

CellPairs = Sequence[tuple[Area, Area]]


@np.errstate(all="ignore")
def alike_checks(readers: Readers, first: Check, steps: Mapping[int, CellPairs]) -> dict[int, Check]:
    """The checks of those steps that have the formulas of a first one and are right and wrong in the same cells.

    The first was checked in full, with what is slow. A step with the same formulas and the same factor between values
    and derivatives needs only its numbers compared.

    Args:
        steps: parameters with their gradients or updates, by any number.
    """
    if first.wrong is None or first.notes or first.kind != "updates" or first.method != "exact":
        return {}
    downs = {number: down for number, cell_pairs in steps.items() if (down := _down(readers.cells, first, cell_pairs))}
    parameters, given = zip(*((pair.parameter, pair.given) for pair in first.pairs), strict=True)
    derivatives = differentiated(readers.cells, first.loss, parameters, differences=False)
    extra = [*given, *_moving_rate(readers.cells, first)]
    found = repeats(readers, derivatives, parameters, extra, list(downs.values()))
    if found is None:
        return {}
    by_down = dict(zip(found.downs, _checks(readers.cells, first, found), strict=True))
    if first.wrong:
        by_down = _with_starts(readers, first, {down: check for down, check in by_down.items() if check is not None})
    return {number: check for number, down in downs.items() if (check := by_down.get(down)) is not None}


def _with_starts(readers: Readers, first: Check, checks: Mapping[int, Check]) -> dict[int, Check | None]:
    """The checks of those copies of a wrong step in which the fault starts in the same cells."""
    copied = {down: (check.pairs, check.factor) for down, check in checks.items()}
    starts = starts_again(readers, first.starts, first.pairs, first.factor, copied) if first.starts else {}
    return {down: replace(checks[down], starts=some) for down, some in starts.items()}


def _down(cells: Cells, first: Check, cell_pairs: CellPairs) -> int:
    """How many rows below the cells of a first check those of a step lie; 0 if they are laid out otherwise or hold
    other formulas.
    """
    down = cell_pairs[0][0].top - first.pairs[0].parameter.top
    due = [(moved_area(pair.parameter, down), moved_area(pair.given, down)) for pair in first.pairs]
    if list(cell_pairs) != due:
        return 0
    same = (
        _key(cells, pair.given) == _key(cells, given) for pair, (_, given) in zip(first.pairs, cell_pairs, strict=True)
    )
    return down if all(same) else 0


def _key(cells: Cells, area: Area) -> list[str | None]:
    """The formulas of some cells, to be compared with those of others."""
    formulas = map(cells.formula, area.addresses())
    return [None if formula is None else formula.shape.key for formula in formulas]


def _moving_rate(cells: Cells, first: Check) -> list[Area]:
    """The cell of the learning rate, where each step has one of its own."""
    if first.rate is None:
        return []
    for pair in first.pairs:
        formula = cells.formula(pair.given.first)
        if formula is None:
            continue
        for leaf in references_of(cells.book, formula.tree, formula.home.sheet):
            if cells.area_of(leaf, formula.home) == first.rate and moves_with_its_row(leaf):
                return [first.rate]
    return []


def _checks(cells: Cells, first: Check, found: Repeats) -> list[Check | None]:
    """The check of each copy; None for those that are right where the first is wrong, or the other way round."""
    factors = np.full(len(found.downs), first.factor)
    for rate in _moving_rate(cells, first):
        factors = np.copysign(found.value(rate)[:, 0, 0], first.factor)
    largest = np.max([np.abs(found.by(pair.parameter)[0]).max(axis=(1, 2)) for pair in first.pairs], axis=0)
    pairs = zip(*(_copies(first, pair, found, largest) for pair in first.pairs), strict=True)
    return [
        _check(first, down, some, factor) if not stale else None
        for down, some, factor, stale in zip(found.downs, pairs, factors.tolist(), found.stale.tolist(), strict=True)
    ]


def _copies(first: Check, pair: Pair, found: Repeats, largest: FloatArray) -> Iterator[Pair]:
    """A pair with the numbers of each copy."""
    parts = (found.by(pair.parameter).swapaxes(0, 1), found.value(pair.parameter), found.value(pair.given))
    for down, most, adjoint, old, new in zip(found.downs, largest.tolist(), *parts, strict=True):
        own = replace(pair, parameter=moved_area(pair.parameter, down), given=moved_area(pair.given, down))
        yield with_numbers(own, first.kind, adjoint, old, new, most)


def _check(first: Check, down: int, pairs: tuple[Pair, ...], factor: float) -> Check | None:
    """The check of one copy; None if other numbers are wrong than in the first."""
    for one, pair in zip(first.pairs, pairs, strict=True):
        if not np.array_equal(pair.agrees(factor), ~one.wrong(first.factor)):
            return None
    rate = first.rate
    return replace(first, loss=moved_area(first.loss, down), pairs=pairs, factor=factor, rate=rate)
