"""Where the fault starts in steps with the formulas of a wrong step: in the same cells, with other numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine import InputError
from workbook.inspect.explain.starts import MOST_ENTRIES, Start, formula_text
from workbook.inspect.judge.pairs import Pair
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.arrays import numbers
from workbook.spreadsheet.graph import differentiated
from workbook.spreadsheet.readers import Readers
from workbook.spreadsheet.repeats import moved_area, repeats
from workbook.spreadsheet.trees import UnsupportedError

# The pairs of a copy of a step with its factor, by how many rows further down it is.
Copied = Mapping[int, tuple[Sequence[Pair], float]]


def starts_again(
    readers: Readers, starts: Sequence[Start], pairs: Sequence[Pair], factor: float, copied: Copied
) -> dict[int, tuple[Start, ...]]:
    """Where the fault starts in each copy of a wrong step; copies whose right values cannot be computed are left out.

    Args:
        starts: those of the step itself, as its pairs and factor are.
    """
    found = [_again(readers, start, pairs, factor, copied) for start in starts]
    return {down: tuple(one[down] for one in found) for down in copied if all(down in one for one in found)}


def _again(readers: Readers, start: Start, pairs: Sequence[Pair], factor: float, copied: Copied) -> dict[int, Start]:
    """One start in each copy.

    Its right value follows from that of a wrong update and from the update's derivative by it.
    """
    cells, first = readers.cells, start.cells.cell(0, 0)
    if numbers(cells.value(first)).item() != start.value:
        return {}  # another of its cells is the first that is off
    told = (
        (which, at, _slopes(readers, start, first, cell, list(copied))) for which, at, cell in _wrong(pairs, factor)
    )
    which, at, slopes = next((one for one in told if one[2]), (0, (0, 0), {}))
    again = {}
    for down, slope in slopes.items():
        pair, own = copied[down][0][which], copied[down][1]
        value = numbers(cells.value(moved_area(first, down))).item()
        expected = value + float(pair.value[at] - own * pair.derivative[at]) / slope
        again[down] = replace(
            start, cells=moved_area(start.cells, down), cause=f"as in {cells.text(start.cells)}: {start.cause}",
            formula=formula_text(cells, moved_area(first, down)), value=value, expected=expected,
        )  # fmt: skip
    return again


def _wrong(pairs: Sequence[Pair], factor: float) -> Iterator[tuple[int, tuple[int, int], Area]]:
    """Wrong numbers: of which pair, where in it, and their cells."""
    for which, pair in enumerate(pairs):
        for row, column in np.argwhere(pair.wrong(factor))[:MOST_ENTRIES].tolist():
            yield which, (row, column), pair.given.cell(*((column, row) if pair.transposed else (row, column)))


def _slopes(readers: Readers, start: Start, first: Area, cell: Area, downs: Sequence[int]) -> dict[int, float]:
    """The derivative of an update by a start's first cell, in each copy; none if it depends on other cells of the start
    too.
    """
    if cell == first:
        return dict.fromkeys(downs, 1.0)
    try:
        by = differentiated(readers.cells, cell, [start.cells], differences=False)
    except (InputError, UnsupportedError):
        return {}
    if np.flatnonzero(by.by(start.cells)[0]).tolist() != [0]:
        return {}
    found = repeats(readers, by, [start.cells], [cell], downs)
    slopes = {} if found is None else dict(zip(found.downs, found.by(first)[0].ravel().tolist(), strict=True))
    return {down: slope for down, slope in slopes.items() if slope and np.isfinite(slope)}
