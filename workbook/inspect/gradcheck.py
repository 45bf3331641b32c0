"""One check: a loss, its parameters, and what the sheet calls their gradients or updates."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine import InputError
from workbook.inspect.explain.starts import Start, find_starts, inner_gradients
from workbook.inspect.judge.pairs import RELATIVE, SAME_RATIO, Kind, Pair, common_factor, is_plain, pairs_of
from workbook.spreadsheet.cells import TYPED, Area, Cells, area_at, bare_text
from workbook.spreadsheet.functions import numbers
from workbook.spreadsheet.graph import Derivatives, differentiated
from workbook.spreadsheet.trees import UnsupportedError


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
    kind: Kind
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


def checked(
    cells: Cells,
    loss: Area,
    places: Sequence[tuple[Area, Area]],
    kind: Kind,
    rate: float | None = None,
    *,
    quick: bool = False,
) -> Check:
    """Differentiate the loss by the parameters and compare.

    Args:
        places: each parameter's cells with those of its gradient, or of its new value.
        rate: the factor, where it is known.
        quick: whether to leave out what takes long: central differences, and where what is wrong starts.

    Raises:
        UntoldError: a formula on the way cannot be differentiated, or the stored values contradict the formulas.
        InputError: the loss depends on no parameter, or what should be a number is none.
    """
    derivatives = derived(cells, loss, [parameter for parameter, _ in places], differences=not quick)
    pairs = pairs_of(cells, derivatives, places, kind)
    _check_numbers(cells, pairs, kind)
    own = common_factor(pairs)
    factor = rate if rate is not None else _factor(cells, pairs, kind, own)
    if kind == "updates" and not quick and any(pair.verdict(factor) == "wrong" for pair in pairs):
        inner = inner_gradients(cells, derivatives, pairs, factor)
        pairs = [replace(pair, inside=inner.get(pair.parameter)) for pair in pairs]
    holder = None if kind == "gradients" else rate_cell(cells, pairs, factor)
    wrong = any(pair.verdict(factor) == "wrong" for pair in pairs)
    starts: tuple[Start, ...] = ()
    if wrong and not quick:
        starts = find_starts(cells, derivatives, pairs, factor, kind)
    elif not quick and not (is_plain(factor) or rate is not None or kind == "updates"):
        # All are off by one strange factor: that of a cell on the way, or one that somebody chose.
        starts = find_starts(cells, derivatives, pairs, 1.0, kind)
        if starts and all(start.lacks for start in starts):
            factor, wrong = 1.0, True
        else:
            starts = ()
    told = wrong or rate is not None or own is None or _is_told(pairs, factor, kind, holder)
    return Check(
        loss, kind, tuple(pairs), factor, holder, wrong if told else None, _method(derivatives), starts,
        tuple(_notes(cells, derivatives, pairs, factor)),
    )  # fmt: skip


def _factor(cells: Cells, pairs: Sequence[Pair], kind: Kind, common: float | None) -> float:
    """The common factor, or, where each ratio stands alone, what it should be."""
    if common is not None and (sum(pair.derivative.size for pair in pairs) == 1 or sum(
        int((np.abs(pair.ratios - common) <= SAME_RATIO * abs(common)).sum()) for pair in pairs
    ) > 1):  # fmt: skip
        return common
    shared = shared_rate(cells, pairs) if kind == "updates" else None
    return 1.0 if shared is None else shared


def shared_rate(cells: Cells, pairs: Sequence[Pair]) -> float | None:
    """The number in the cell that most updates read; None if there is none."""
    counts: Counter[Area] = Counter()
    for pair in pairs:
        counts.update(set(single_cells(cells, pair)))
    area, count = max(counts.items(), key=lambda item: item[1], default=(None, 0))
    return None if area is None or count < 2 else abs(numbers(cells.value(area)).item())


def single_cells(cells: Cells, pair: Pair) -> list[Area]:
    """The single cells that an update reads besides its parameter."""
    formula = None if pair.given.sheet == TYPED else cells.formula(next(pair.given.places()))
    if formula is None:
        return []
    try:
        read = list(cells.read_by(formula))
    except UnsupportedError:
        return []
    return [area for area in read if area.size == 1 and area != pair.parameter]


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
    for place, value in derivatives.stale.items():
        shown = numbers(cells.value(area_at(place))).item()
        raise UntoldError(
            f"{cells.text(area_at(place))} shows {shown:.6g}, but its formula gives {value:.6g}: "
            "nothing can be told; recalculate the sheet and save it"
        )
    return derivatives


def _check_numbers(cells: Cells, pairs: Sequence[Pair], kind: Kind) -> None:
    for pair in pairs:
        for area, array in ((pair.parameter, pair.derivative), (pair.given, pair.value)):
            if not np.isfinite(array).all():
                at = np.argwhere(~np.isfinite(array))[0].tolist()
                at = at[::-1] if pair.transposed and area is pair.given else at
                what = "the derivative of the loss" if area is pair.parameter else f"what --{kind} names"
                raise InputError(f"{cells.text(area.cell(*at))}: {what} is not a number there")


def _is_told(pairs: Sequence[Pair], factor: float, kind: Kind, holder: Area | None) -> bool:
    """Whether agreement means something: a single ratio agrees with itself."""
    if sum(int(np.isfinite(pair.ratios).sum()) for pair in pairs) > 1:
        return True
    return holder is not None if kind == "updates" else is_plain(factor)


def rate_cell(cells: Cells, pairs: Sequence[Pair], factor: float) -> Area | None:
    """The cell that the updates read and that holds the learning rate."""
    for pair in pairs:
        for area in single_cells(cells, pair):
            if abs(abs(numbers(cells.value(area)).item()) - abs(factor)) <= RELATIVE * abs(factor):
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
    for place, why in list(derivatives.by_differences.items())[:3]:
        notes.append(f"{cells.text(area_at(place))}: {why}; its derivative is a central difference through IronCalc")
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
