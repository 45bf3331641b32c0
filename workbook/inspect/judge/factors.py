"""The numbers that stand in an update's formula, and whether they explain the factor between step and derivative."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from engine import InputError
from workbook.inspect.judge.pairs import SAME_RATIO, GivenKind, Pair, common_factor, pairs_of
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.arrays import numbers
from workbook.spreadsheet.cells import TYPED, Cells, Formula
from workbook.spreadsheet.graph import differentiated
from workbook.spreadsheet.nudged import nudged
from workbook.spreadsheet.references import ends, followed
from workbook.spreadsheet.trace import number_named
from workbook.spreadsheet.trees import Name, Number, UnsupportedError, leaves

# Ratios that differ by more, as shares, where the parameters move by a tenth, are no constant.
CHANGED = 1e-6
# A rate may stand one cell further: in the step that the update adds.
DEEPEST = 2
MOST_SAMPLES = 1_000
MOST_NUDGED = 400  # cells that are computed again where the parameters are others
MOST_READ = 100  # updates in which the common number is looked for
# Formulas looked through for a parameter before a cell counts as computed from it.
MOST_SEEN = 5_000


def rates_in(cells: Cells, pair: Pair, is_wanted: Callable[[float], bool]) -> dict[float, Area | None]:
    """The wanted numbers that stand in a pair's formula, with their cells; None for those that are typed into it.

    What is computed from the parameter is no such number; only wanted ones are looked into, since it takes long.
    """
    formula = None if pair.given.sheet == TYPED else cells.formula(pair.given.first)
    if formula is None:
        return {}
    rates: dict[float, Area | None] = {}
    found = [one for one in _numbers_in(cells, formula, pair.parameter, DEEPEST) if one[1] != 0 and is_wanted(one[1])]
    # Those of the update's own formula come first: a number further away may be the same by chance.
    for _, number, area in sorted(found, key=lambda one: (-one[0], one[2] is None)):
        if number not in rates and (area is None or not _reads(cells, area, pair.parameter)):
            rates[number] = area
    return rates


def _numbers_in(cells: Cells, formula: Formula, parameter: Area, left: int) -> Iterator[tuple[int, float, Area | None]]:
    """The sizes of the numbers that stand in a formula, with their cells and how many formulas deeper it is looked."""
    try:
        yield from ((left, abs(number), None) for number in _typed_numbers(cells, formula))
        read = cells.read_by(formula)
    except UnsupportedError:
        return
    for area in read:
        if area.size > 1 or parameter.holds(area.first):
            continue
        yield left, abs(numbers(cells.value(area)).item()), area
        inner = cells.formula(area.first)
        if inner is not None and left > 1:
            yield from _numbers_in(cells, inner, parameter, left - 1)


def _typed_numbers(cells: Cells, formula: Formula) -> Iterator[float]:
    """The numbers that are typed into a formula, or that its defined names stand for without reading a cell."""
    for leaf in leaves(formula.tree):
        if isinstance(leaf, Number):
            yield leaf.value
        elif isinstance(leaf, Name) and not any(ends(followed(cells.book, leaf, formula.home.sheet))):
            number = number_named(cells, leaf, formula.home)
            yield from () if number is None else [number]


def _reads(cells: Cells, area: Area, parameter: Area) -> bool:
    """Whether a cell is computed from some of a parameter's cells, the nearest formulas first; so taken after many."""
    pending = list(cells.formulas_in(area))
    seen = set(pending)
    for address in pending:  # grows as it is walked
        formula = cells.formula(address)
        if len(seen) > MOST_SEEN or (formula is not None and _touches(cells, formula, parameter)):
            return True
        before = [] if formula is None else cells.formulas_read_by(formula)
        pending += [inner for inner in dict.fromkeys(before) if inner not in seen]
        seen.update(before)
    return False


def _touches(cells: Cells, formula: Formula, parameter: Area) -> bool:
    """Whether a formula reads some of a parameter's cells; one that cannot be told counts as if it did."""
    try:
        return any(parameter.holds(address) for area in cells.read_by(formula) for address in area.addresses())
    except UnsupportedError:
        return True


def is_explained(factor: float, rates: Sequence[float]) -> bool:
    """Whether a factor is 1 or one of some numbers, times 2, −1, a number of samples or one by it, or a product."""
    return any(_is_count(factor / rate) or _is_count(rate / factor) for rate in (1.0, *rates) if factor and rate)


def _is_count(ratio: float) -> bool:
    size = abs(ratio)
    whole = round(size)
    return 1 <= whole <= MOST_SAMPLES and abs(size - whole) <= SAME_RATIO * whole


def explained(cells: Cells, pairs: Sequence[Pair], kind: GivenKind, factor: float) -> bool:
    """Whether the factor is such as 1/n, 2 or -1, or for updates the product of such a one and a number in them."""
    if is_explained(factor, []):
        return True
    found = (rates_in(cells, pair, lambda rate: is_explained(factor, [rate])) for pair in pairs)
    return kind == "updates" and any(found)


def expected_factor(cells: Cells, pairs: Sequence[Pair], kind: GivenKind, factor: float) -> float:
    """The factor that should be there: the learning rate that stands in the updates, or 1, with the sign that is."""
    rate = written_rate(cells, pairs) if kind == "updates" else None
    return float(np.copysign(1.0 if rate is None else rate, factor))


def written_rate(cells: Cells, pairs: Sequence[Pair]) -> float | None:
    """The number that stands in most updates; of several the one in a cell, then the smallest."""
    counts: Counter[float] = Counter()
    in_cells: set[float] = set()
    for pair in pairs[:MOST_READ]:
        rates = rates_in(cells, pair, np.isfinite)
        counts.update(rates.keys())
        in_cells |= {rate for rate, area in rates.items() if area is not None}
    return min(counts, key=lambda rate: (-counts[rate], rate not in in_cells, rate), default=None)


def with_own_rates(cells: Cells, pairs: Sequence[Pair], factor: float) -> list[Pair]:
    """The pairs, some with a learning rate of their own: where it stands in the formula and all cells agree with it.

    Where most pairs agree with one factor, another rate in a few is a slip of the hand and no rate of a layer.
    """
    agreeing = sum(pair.verdict(factor) != "wrong" for pair in pairs)
    return list(pairs) if 2 * agreeing > len(pairs) else [_with_own_rate(cells, pair, factor) for pair in pairs]


def _with_own_rate(cells: Cells, pair: Pair, factor: float) -> Pair:
    own = common_factor([pair])
    if pair.verdict(factor) != "wrong" or own is None:
        return pair
    if own < 0 or not rates_in(cells, pair, lambda rate: abs(own - rate) <= SAME_RATIO * rate):
        return pair
    alone = replace(pair, rate=own)
    return alone if alone.verdict(factor) == "right" else pair


def is_constant(cells: Cells, loss: Area, pairs: Sequence[Pair], kind: GivenKind, factor: float) -> bool:
    """Whether steps and derivatives have the same factors where the parameters are a little others.

    A slope that is missing everywhere is a common factor too, but it changes with the parameters. True where that
    cannot be computed.
    """
    judged = list(_agreeing_cells(pairs, factor))
    judged = judged[:: -(-len(judged) // MOST_NUDGED) or 1]  # a slope that is missing everywhere is missing in these
    parameters = [pair.parameter for pair in pairs]
    try:
        moved = nudged(cells, parameters, [loss, *(given for _, given, _ in judged)])
        derivatives = differentiated(moved, loss, parameters, differences=False)
        cell_pairs = [(parameter, given) for parameter, given, _ in judged]
        again = pairs_of(moved, derivatives, cell_pairs, kind, pairs[0].reading)
    except (UnsupportedError, InputError):
        return True
    with np.errstate(invalid="ignore"):
        changed = (
            abs(after.ratios.item() - due) > CHANGED * abs(due) for (*_, due), after in zip(judged, again, strict=True)
        )
        return not any(changed)


def _agreeing_cells(pairs: Sequence[Pair], factor: float) -> Iterator[tuple[Area, Area, float]]:
    """Each cell of a parameter with the one of its gradient or update, where they agree, and with their factor."""
    for pair in pairs:
        if pair.inside is None:
            due = factor if pair.rate is None else pair.rate
            for row, column in np.argwhere(pair.agrees(factor)).tolist():
                given = pair.given.cell(*((column, row) if pair.transposed else (row, column)))
                yield pair.parameter.cell(row, column), given, due
