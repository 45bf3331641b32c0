"""One check: a loss, its parameters, and what the sheet calls their gradients or updates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine import InputError
from workbook.inspect.explain.starts import Start, find_starts, inner_gradients
from workbook.inspect.judge.factors import expected_factor, explained, is_constant, rates_in, with_own_rates
from workbook.inspect.judge.forward import Forward
from workbook.inspect.judge.pairs import (
    RELATIVE,
    SAME_RATIO,
    GivenKind,
    Pair,
    Reading,
    common_factor,
    is_plain,
    pairs_of,
)
from workbook.spreadsheet.areas import Area, area_at, bare_text
from workbook.spreadsheet.arrays import numbers
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.graph import Derivatives, differentiated
from workbook.spreadsheet.trees import UnsupportedError

NO_CONSTANT = (
    "the sheet's numbers are {0:.6g} times the derivatives here, but not where the parameters are others: "
    "a factor is missing, or stands there too much, in all of them"
)
UNEXPLAINED = (
    "all are {0:.6g} times the derivatives, a number that stands in no formula: if it is meant, say --rate {0:.6g}"
)


READINGS: dict[Reading, str] = {
    "subtracted": "the cells of --updates hold what is subtracted from the parameters, not their new values",
    "added": "the cells of --updates hold what is added to the parameters, not their new values",
    "negated": "the cells of --updates hold the new values with their sign turned: the step less the parameter",
}


MOST_SINGLE = 200  # parameters that are looked at cell by cell


class UntoldError(InputError):
    """Nothing can be claimed about this sheet; the message says why."""


@dataclass(frozen=True)
class Check:
    """What a check found.

    Attributes:
        factor: what all pairs' ratios of value to derivative have in common.
        rate: the cell that holds this number, for updates.
        wrong: whether something is wrong; None if that cannot be told.
    """

    loss: Area
    kind: GivenKind
    pairs: tuple[Pair, ...]
    factor: float
    rate: Area | None
    wrong: bool | None
    method: str
    starts: tuple[Start, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def status(self) -> int:
        """0 right, 1 wrong, 2 could not tell."""
        return 2 if self.wrong is None else int(self.wrong)


def checked_as_meant(
    cells: Cells, loss: Area, cell_pairs: Sequence[tuple[Area, Area]], kind: GivenKind, rate: float | None = None
) -> Check:
    """As `checked`; cells named as updates may also hold the step itself, if as such all are right.

    Raises:
        UntoldError, InputError: as for `checked`.
    """
    check = checked(cells, loss, cell_pairs, kind, rate)
    if kind == "gradients" or (check.wrong is False and all(pair.inside is None for pair in check.pairs)):
        return check
    for reading, words in READINGS.items():
        other = checked(cells, loss, cell_pairs, kind, rate, quick=True, reading=reading)
        if other.wrong is False and other.factor > 0:
            other = checked(cells, loss, cell_pairs, kind, rate, reading=reading)
        if other.wrong is False and other.factor > 0:
            return replace(other, notes=(*other.notes, words))
    return check


@np.errstate(all="ignore")
def checked(
    cells: Cells,
    loss: Area,
    cell_pairs: Sequence[tuple[Area, Area]],
    kind: GivenKind,
    rate: float | None = None,
    *,
    quick: bool = False,
    reading: Reading = "new",
) -> Check:
    """Differentiate the loss by the parameters and compare.

    Args:
        cell_pairs: each parameter's cells with those of its gradient, or of its new value.
        rate: the factor, where it is known.
        reading: what the cells of updates hold.
        quick: whether to leave out what takes long: central differences, and where what is wrong starts.

    Raises:
        UntoldError: a formula on the way cannot be differentiated, or the stored values contradict the formulas.
        InputError: the loss depends on no parameter, or what should be a number is none.
    """
    derivatives = derived(cells, loss, [parameter for parameter, _ in cell_pairs], differences=not quick)
    pairs = pairs_of(cells, derivatives, cell_pairs, kind, reading)
    _check_numbers(cells, pairs, kind)
    own = common_factor(pairs)
    factor = rate if rate is not None else _factor(cells, pairs, kind, own)
    if kind == "updates" and rate is None:
        pairs = with_own_rates(cells, pairs, factor)
        factor = pairs[0].rate if all(pair.rate for pair in pairs) and pairs[0].rate else factor
    forward = Forward(cells, derivatives, [parameter for parameter, _ in cell_pairs], factor)
    if kind == "updates" and not quick and any(pair.verdict(factor) == "wrong" for pair in pairs):
        pairs = _with_inner(forward, pairs, factor)
    wrong: bool | None = any(pair.verdict(factor) == "wrong" for pair in pairs)
    starts: tuple[Start, ...] = ()
    told: list[str] = []
    if wrong and not quick:
        starts = find_starts(forward, pairs, factor, kind)
    elif not quick and rate is None and own is not None:
        factor, wrong, starts, told = _doubted(cells, derivatives, pairs, kind, factor)
    return Check(
        loss, kind, tuple(pairs), factor, None if kind == "gradients" else rate_cell(cells, pairs, factor), wrong,
        _method(derivatives), starts, (*_notes(cells, derivatives, pairs, factor), *told),
    )  # fmt: skip


def _with_inner(forward: Forward, pairs: list[Pair], factor: float) -> list[Pair]:
    """The pairs with the gradients inside of their steps, where these follow another rule.

    The gradients of parameters that lie side by side may lie anywhere: then each cell is a pair of its own.
    """
    inner = inner_gradients(forward, pairs, factor)
    if len(inner) < len(pairs) and len(pairs) < sum(pair.derivative.size for pair in pairs) <= MOST_SINGLE:
        singles = pairs_of(forward.cells, forward.derivatives, list(_single_places(pairs)), "updates")
        found = inner_gradients(forward, singles, factor)
        if len(found) == len(singles):
            inner, pairs = found, singles
    return [replace(pair, inside=inner.get(pair.parameter)) for pair in pairs]


def _single_places(pairs: Sequence[Pair]) -> Iterator[tuple[Area, Area]]:
    for pair in pairs:
        for row, column in np.ndindex(pair.parameter.shape):
            yield (
                pair.parameter.cell(row, column),
                pair.given.cell(*((column, row) if pair.transposed else (row, column))),
            )


def _doubted(
    cells: Cells, derivatives: Derivatives, pairs: Sequence[Pair], kind: GivenKind, factor: float
) -> tuple[float, bool | None, tuple[Start, ...], list[str]]:
    """The factor, the verdict, where a fault starts, and notes, where all pairs have one factor in common: it may be a
    rate or a mean, or a slope that is missing everywhere.
    """
    constant, known = is_constant(cells, derivatives.loss, pairs, kind, factor), explained(cells, pairs, kind, factor)
    if constant and known:
        told = sum(int(np.isfinite(pair.ratios).sum()) for pair in pairs) > 1
        return factor, False if told or kind == "updates" or is_plain(factor) else None, (), []
    expected = expected_factor(cells, pairs, kind, factor)
    forward = Forward(cells, derivatives, [pair.parameter for pair in pairs], expected)
    starts = find_starts(forward, pairs, expected, kind)
    if not constant:
        return expected, True, starts, [NO_CONSTANT.format(factor)]
    if starts and all(start.lacks for start in starts):
        return expected, True, starts, []
    return factor, None, (), [UNEXPLAINED.format(factor)]


def _factor(cells: Cells, pairs: Sequence[Pair], kind: GivenKind, common: float | None) -> float:
    """The common factor; where too few ratios share one, the one that should be there."""
    total = sum(pair.derivative.size for pair in pairs)
    if common is not None:
        alike = sum(int((np.abs(pair.ratios - common) <= SAME_RATIO * abs(common)).sum()) for pair in pairs)
        # A few ratios with a factor in common that nothing explains lack the same slope: that is no common factor.
        if total == 1 or (alike > 1 and (2 * alike >= total or explained(cells, pairs, kind, common))):
            return common
    return expected_factor(cells, pairs, kind, 1.0)


def derived(cells: Cells, loss: Area, parameters: Sequence[Area], *, differences: bool = True) -> Derivatives:
    """The derivatives of a loss.

    Raises:
        UntoldError, InputError: as for `checked`.
    """
    try:
        derivatives = differentiated(cells, loss, parameters, differences=differences)
    except UnsupportedError as error:
        raise UntoldError(f"{error}: nothing can be told about the gradients") from None
    if not any(derivatives.by(area)[1:].any() for area in parameters):
        raise InputError(f"--loss: {cells.text(loss)} does not depend on any of the parameters")
    for address, value in derivatives.stale.items():
        shown = numbers(cells.value(area_at(address))).item()
        raise UntoldError(
            f"{cells.text(area_at(address))} shows {shown:.6g}, but its formula gives {value:.6g}: "
            "nothing can be told; recalculate the sheet and save it"
        )
    return derivatives


def _check_numbers(cells: Cells, pairs: Sequence[Pair], kind: GivenKind) -> None:
    for pair in pairs:
        for area, array in ((pair.parameter, pair.derivative), (pair.given, pair.value)):
            if not np.isfinite(array).all():
                at = np.argwhere(~np.isfinite(array))[0].tolist()
                at = at[::-1] if pair.transposed and area is pair.given else at
                what = "the derivative of the loss" if area is pair.parameter else f"what --{kind} names"
                raise InputError(f"{cells.text(area.cell(*at))}: {what} is not a number there")


def rate_cell(cells: Cells, pairs: Sequence[Pair], factor: float) -> Area | None:
    """The cell that the updates read and that holds the learning rate."""
    for pair in pairs:
        same = rates_in(cells, pair, lambda rate: abs(rate - abs(factor)) <= RELATIVE * abs(factor))
        if (area := next(filter(None, same.values()), None)) is not None:
            return area
    return None


def _method(derivatives: Derivatives) -> str:
    if not derivatives.by_differences:
        return "exact"
    count = len(derivatives.by_differences)
    return f"exact, but for central differences in {count} cell{'s' * (count > 1)} (to {derivatives.tolerance:g})"


def _notes(cells: Cells, derivatives: Derivatives, pairs: Sequence[Pair], factor: float) -> list[str]:
    notes = [
        f"{cells.text(pair.given)} is transposed: rows and columns change places"
        for pair in pairs
        if pair.transposed and min(pair.parameter.shape) > 1
    ]
    for address, why in list(derivatives.by_differences.items())[:3]:
        notes.append(f"{cells.text(area_at(address))}: {why}; its derivative is a central difference through IronCalc")
    notes += [
        f"{cells.text(pair.given)}: the step has more to it than the gradient {cells.text(pair.inside)}, "
        "as with momentum, Adam or decay; that gradient is judged"
        for pair in pairs
        if pair.inside is not None
    ]
    for pair in pairs:
        count = int((~pair.agrees(factor) & (pair.open > 0)).sum())
        if count:
            notes.append(
                f"{bare_text(pair.given)}: {count} cell{'s' * (count > 1)} not judged: "
                "IF, MAX, ABS or ROUND stands exactly at its kink on the way"
            )
    return notes
