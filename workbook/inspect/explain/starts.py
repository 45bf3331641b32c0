"""Where a wrong gradient starts: the first cells that, put right, make it right.

The sheet's own gradient is differentiated by every cell that it is computed from. Those cells are then replaced, block
by block, by what may belong there, the derivative of the loss by some forward cells, or the local derivative of one;
the first order of the change says what the gradient would be, exactly, since gradients are linear in one another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine import FloatArray, InputError
from workbook.inspect.explain.copies import copies
from workbook.inspect.explain.entries import Entry, Repair, Wrong, is_noise
from workbook.inspect.explain.words import cause, cause_of_update
from workbook.inspect.judge.forward import Expected, Forward
from workbook.inspect.judge.pairs import GivenKind, Pair
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.arrays import numbers
from workbook.spreadsheet.blocks import all_blocks, blocks
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.graph import ancestors
from workbook.spreadsheet.trees import UnsupportedError

MOST_TRACED = 40
MOST_ENTRIES = 4
MOST_KEPT = 12


@dataclass(frozen=True)
class Start:
    """The first cells that are off.

    Attributes:
        expected: what the first wrong one of them should show.
        lacks: whether a factor is missing.
        puts_right: whether the gradient is right as soon as these cells are; False where nothing before it was found.
    """

    cells: Area
    cause: str
    formula: str
    value: float
    expected: float
    lacks: bool
    puts_right: bool


def find_starts(forward: Forward, pairs: Sequence[Pair], factor: float, kind: GivenKind) -> tuple[Start, ...]:
    """The cells where the wrong pairs start to be wrong; those that are only a consequence of others are left out."""
    cells = forward.cells
    kept = list(_kept(pairs, factor, kind, forward))
    traced = list(_traced(pairs, factor, kind, forward))
    repairs: list[tuple[Area, FloatArray]] = []
    starts: list[tuple[Start, Repair | None]] = []
    for wrong in sorted(traced, key=lambda wrong: len(wrong.path)):
        if wrong.is_right(repairs):
            continue
        repair = _first(cells, forward, wrong, kept, traced, repairs)
        is_last_resort = repair is None or repair.expected is None or forward.is_parameter(repair.expected)
        together: list[Repair | None] = [*copies(cells, forward, wrong, kept)] if is_last_resort else []
        for each in together or [repair]:
            if each is not None:
                repairs.append((each.cells, each.change))
            starts.append((_start(cells, forward, wrong.pair, factor, kind, each), each))
    return tuple(start for start, repair in starts if repair is None or not _is_consequence(repair, starts, traced))


def _is_consequence(repair: Repair, starts: Sequence[tuple[Start, Repair | None]], traced: Sequence[Wrong]) -> bool:
    """Whether a repair is not needed: without it all is right too, since a later one corrects the same."""
    others = [(other.cells, other.change) for _, other in starts if other is not None and other is not repair]
    return bool(others) and all(wrong.is_right(others) for wrong in traced)


def inner_gradients(forward: Forward, pairs: Sequence[Pair], factor: float) -> dict[Area, Area]:
    """The right gradients inside of updates that follow another rule than descent, by the parameter.

    Either the step is the gradient times the rate and something else (momentum, decay), or no update of the sheet is
    proportional to its gradient, though each is computed from one that is right (Adam).
    """
    cells = forward.cells
    traced = list(_traced(pairs, factor, "updates", forward))
    found: dict[Area, Area] = {}
    inside: dict[Area, Area] = {}
    for wrong in traced:
        # Cells that are filled down are one block, though only one of them may be this step's gradient.
        for area in dict.fromkeys([*blocks(wrong.path), *(formula.area for formula in wrong.path)]):
            value = numbers(cells.value(area))
            if not forward.is_gradient(value, wrong.pair.parameter):
                continue
            inside[wrong.pair.parameter] = area
            if all(entry.is_right_with(float((entry.by.of(area)[0] * value).sum())) for entry in wrong.entries):
                found[wrong.pair.parameter] = area
    if len(inside) == len(pairs) and not any(pair.agrees(factor).any() for pair in pairs):
        return inside
    return found


def _traced(pairs: Sequence[Pair], factor: float, kind: GivenKind, forward: Forward) -> Iterator[Wrong]:
    for pair in [pair for pair in pairs if pair.verdict(factor) == "wrong"][:MOST_TRACED]:
        try:
            path = ancestors(forward.cells, [pair.given], forward.areas)
            yield Wrong(pair, path, list(_entries(pair, factor, kind, forward)))
        except (InputError, UnsupportedError):
            continue


def _kept(pairs: Sequence[Pair], factor: float, kind: GivenKind, forward: Forward) -> Iterator[Entry]:
    """A number of each right pair; a repair must leave it right."""
    without_fault = [pair for pair in pairs if pair.verdict(factor) == "right"]
    for pair in without_fault[:MOST_KEPT]:
        row, column = np.unravel_index(np.argmax(np.abs(pair.derivative)), pair.derivative.shape)
        try:
            yield _entry(pair, (int(row), int(column)), factor, kind, forward)
        except (InputError, UnsupportedError):
            continue


def _entries(pair: Pair, factor: float, kind: GivenKind, forward: Forward) -> Iterator[Entry]:
    """Some wrong numbers of a pair, and some right ones; a repair must leave these right."""
    wrong = pair.wrong(factor)
    for mask in (wrong, ~wrong):
        entries = np.argwhere(mask)
        chosen = np.linspace(0, len(entries) - 1, min(MOST_ENTRIES, len(entries))).astype(int)
        for row, column in entries[chosen].tolist():
            yield _entry(pair, (row, column), factor, kind, forward)


def _entry(pair: Pair, at: tuple[int, int], factor: float, kind: GivenKind, forward: Forward) -> Entry:
    cell = pair.given.cell(*(at[::-1] if pair.transposed else at))
    derivatives = forward.derivatives_of(cell)
    sign = -1.0 if kind == "updates" else 1.0
    rounding = abs(factor) * float(pair.uncertain[at]) + float(pair.value_uncertain[at])
    return Entry(cell, float(pair.value[at]), float(factor * pair.derivative[at]), rounding, derivatives.planes, sign)


def _first(
    cells: Cells, forward: Forward, wrong: Wrong, kept: Sequence[Entry], others: Sequence[Wrong],
    known: Sequence[tuple[Area, FloatArray]],
) -> Repair | None:  # fmt: skip
    """The first block that can be put right.

    A block that is the derivative by something else may lack a factor: of such blocks the last of those that correct
    most gradients is taken. The gradient itself is the start only if no block before it is; so is one term of it, such
    as a sample's.
    """
    entries = [*wrong.entries, *kept]
    otherwise: list[Repair] = []
    own = share = None
    for area in all_blocks(wrong.path):
        value = numbers(cells.value(area))
        explained = forward.explained(value)
        for expected in forward.candidates(value, _needed(value, area, entries, known)):
            change = expected.array - value
            if any(forward.is_same(other, expected) for other in explained) or is_noise(change, value):
                continue
            if not all(entry.is_right([*known, (area, change)]) for entry in entries):
                continue
            repair = Repair(area, change, expected)
            if expected.through is not None:
                share = share or repair
            elif any(other.through is None or other.of != expected.of for other in explained):  # no share of it
                otherwise.append(repair)
            elif forward.is_parameter(expected):
                own = own or repair
            else:
                return repair
            break

    def helped(repair: Repair) -> int:
        return sum(other.is_right([*known, (repair.cells, repair.change)]) for other in others)

    if share is not None and all(r.expected is not None and forward.is_parameter(r.expected) for r in otherwise):
        return share  # the whole gradient belongs to another parameter, as its terms do
    return max(reversed(otherwise), key=helped, default=own)


def _needed(
    value: FloatArray, area: Area, entries: Sequence[Entry], known: Sequence[tuple[Area, FloatArray]]
) -> float | None:
    """What a single cell would have to be for the first entry to be right; None for several, or if the entry does not
    depend on it.
    """
    if value.size > 1:
        return None
    slope = entries[0].sign * entries[0].by.of(area)[0].item()
    return None if slope == 0 else value.item() + (entries[0].expected - entries[0].with_(known)) / slope


def _start(cells: Cells, forward: Forward, pair: Pair, factor: float, kind: GivenKind, repair: Repair | None) -> Start:
    if repair is None or repair.expected is None:
        at = np.argwhere(pair.wrong(factor))[0].tolist()
        cell = pair.given.cell(*(at[::-1] if pair.transposed else at))
        expected = factor * pair.derivative[*at]
        value = pair.value[*at]
        if kind == "updates":
            words = cause_of_update(cells, pair, factor, cell)
            expected, value = (
                numbers(cells.value(pair.parameter.cell(*at))).item() - expected,
                numbers(cells.value(cell)).item(),
            )
        else:
            words = cause(cells, forward, cell, Expected(np.array([[expected]]), pair.parameter, "", factor))
        return Start(
            _wrong_part(pair, factor), words.text, formula_text(cells, cell), float(value), float(expected),
            words.lacks, puts_right=False,
        )  # fmt: skip
    value = numbers(cells.value(repair.cells))
    off = np.argwhere(np.abs(repair.change) > 1e-9 * np.abs(value).max(initial=0))
    first, last = off.min(axis=0).tolist(), off.max(axis=0).tolist()
    area = repair.cells
    part = Area(area.sheet, area.top + first[0], area.left + first[1], area.top + last[0], area.left + last[1])
    words = cause(cells, forward, area, repair.expected, part)
    at = tuple(off[0].tolist())
    return Start(
        part,
        words.text,
        formula_text(cells, area.cell(*at)),
        float(value[at]),
        float(repair.expected.array[at]),
        words.lacks,
        puts_right=not forward.is_parameter(repair.expected),
    )


def _wrong_part(pair: Pair, factor: float) -> Area:
    off = np.argwhere(pair.wrong(factor))
    off = off[:, ::-1] if pair.transposed else off
    first, last = off.min(axis=0).tolist(), off.max(axis=0).tolist()
    area = pair.given
    return Area(area.sheet, area.top + first[0], area.left + first[1], area.top + last[0], area.left + last[1])


def formula_text(cells: Cells, cell: Area) -> str:
    """The formula of one cell, without its `=`; "" where there is none."""
    formula = cells.formula(cell.first)
    return "" if formula is None else formula.text
