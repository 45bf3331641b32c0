"""The same slip in several cells: formulas of one form that give the right gradient only if all are corrected."""

from collections.abc import Iterator, Sequence

import numpy as np

from engine import FloatArray, InputError
from workbook.inspect.explain.entries import Entry, Repair, Wrong, is_noise
from workbook.inspect.judge.forward import Expected, Forward
from workbook.spreadsheet.areas import Area, area_at
from workbook.spreadsheet.arrays import numbers
from workbook.spreadsheet.blocks import blocks, structure
from workbook.spreadsheet.cells import Cells, Formula
from workbook.spreadsheet.graph import Derivatives, differentiated
from workbook.spreadsheet.trees import Tree, UnsupportedError

MOST_COPIES = 200


def copies(cells: Cells, forward: Forward, wrong: Wrong, kept: Sequence[Entry]) -> list[Repair]:
    """The corrections of all cells of one form that together make a gradient right; none if no form does.

    Each cell is expected to be the loss's derivative by one of the forward cells that its formula reads: by its first
    operand in all cells, or by its second in all, and so on.
    """
    entries = [*wrong.entries, *kept]
    for group in _groups(wrong.path):
        try:
            by = [differentiated(cells, entry.cell, [formula.area for formula in group]) for entry in entries]
            for expected in _expected(cells, forward, group):
                if all(map(_is_right, entries, by, [_changes(cells, expected)] * len(entries))):
                    return list(_repairs(cells, group, expected))
        except (InputError, UnsupportedError):
            continue  # a form that a gradient does not depend on, or that cannot be differentiated
    return []


def _groups(path: Sequence[Formula]) -> Iterator[list[Formula]]:
    groups: dict[Tree | str, list[Formula]] = {}
    for formula in path:
        if formula.area.size == 1 and not formula.array:
            groups.setdefault(structure(formula), []).append(formula)
    yield from (group for group in groups.values() if 1 < len(group) <= MOST_COPIES)


def _expected(cells: Cells, forward: Forward, group: Sequence[Formula]) -> Iterator[dict[Area, Expected]]:
    """What may belong in each cell of a form: the loss's derivative by the first operand of each, by the second, and so
    on.

    Where the operand is an activation, the derivative by its pre-activation may belong there too.
    """
    named = {cells.text(formula.area): formula.area for formula in forward.derivatives.order}
    read = [[area for area in cells.reads(formula.tree, formula.home) if area.size == 1] for formula in group]
    by_operand = list(zip(*read, strict=False))
    before = [tuple(named.get(forward.operands.get(area, ""), area) for area in areas) for areas in by_operand]
    for areas in dict.fromkeys([*before, *by_operand]):
        arrays = [forward.derivatives.by(area)[0] for area in areas]
        if all(array.any() for array in arrays):
            every = zip(group, arrays, areas, strict=True)
            yield {formula.area: Expected(array, area, "", 1.0) for formula, array, area in every}


def _changes(cells: Cells, expected: dict[Area, Expected]) -> dict[Area, FloatArray]:
    return {area: each.array - numbers(cells.value(area)) for area, each in expected.items()}


def _is_right(entry: Entry, by: Derivatives, changes: dict[Area, FloatArray]) -> bool:
    return entry.is_right_after(sum(float((by.by(area)[0] * change).sum()) for area, change in changes.items()))


def _repairs(cells: Cells, group: Sequence[Formula], expected: dict[Area, Expected]) -> Iterator[Repair]:
    """The cells that change; neighbours that were filled together are one correction."""
    for block in blocks(group):
        each = [expected[area_at(address)] for address in block.addresses()]
        array = np.array([one.array.item() for one in each]).reshape(block.shape)
        value = numbers(cells.value(block))
        if not is_noise(array - value, value):
            first, last = each[0].of, each[-1].of
            of = Area(first.sheet, first.top, first.left, last.bottom, last.right)
            yield Repair(block, array - value, Expected(array, of, "", 1.0))
