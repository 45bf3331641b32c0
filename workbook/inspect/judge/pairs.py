"""Parameters beside what the sheet calls their gradients or steps: the ratios, their common factor, the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine import FloatArray
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.arrays import Adjoint, numbers
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.graph import Derivatives

# Workbooks may be saved with 10 significant digits, and differences of such numbers have fewer.
RELATIVE = 1e-7
# What is so much smaller than the largest derivative, or than the terms it is the sum of, is the noise of rounding.
NOISE = 1e-12
NOISE_OF_TERMS = 1e-14
# Spreadsheet programs save at least 15 digits.
LAST_DIGITS = 1e-14
SAME_RATIO = 1e-6
# What is no larger than so many times its own uncertainty has no ratio.
NOISY = 1e3
LARGEST_DENOMINATOR = 1_000

Mask = NDArray[np.bool_]
GivenKind = Literal["gradients", "updates"]
Verdict = Literal["right", "wrong", "open"]
# What cells named as updates hold: the parameter's new value W − ηg; what is subtracted, ηg; what is added, ΔW = −ηg;
# or the new value with its sign turned, ηg − W.
Reading = Literal["new", "subtracted", "added", "negated"]


@dataclass(frozen=True)
class Pair:
    """A parameter's cells with what the sheet has for them. All arrays have the parameter's shape.

    Attributes:
        given: the cells with the gradient, or with the parameter after its update.
        transposed: whether those lie the other way round.
        derivative: of the loss, by the parameter.
        value: the gradient that stands in the sheet, or the step: the old parameter less the new one.
        uncertain: how far off the derivative may be; `value_uncertain` the value.
        open: where a kink leaves the derivative open: ABS, MAX or IF exactly at the point where they change.
        inside: the gradient that is judged instead of the step, where that follows another rule (momentum, decay).
        rate: the factor of this pair alone, where its update has a learning rate of its own.
        reading: how an update's cells are read.
    """

    parameter: Area
    given: Area
    transposed: bool
    derivative: FloatArray
    value: FloatArray
    uncertain: FloatArray
    value_uncertain: FloatArray
    open: FloatArray
    inside: Area | None = None
    rate: float | None = None
    reading: Reading = "new"

    @cached_property
    def ratios(self) -> FloatArray:
        """Value by derivative, nan where one of them is noise."""
        with np.errstate(all="ignore"):
            certain = np.abs(self.derivative) > NOISY * self.uncertain + self.open
            certain &= (self.value == 0) | (np.abs(self.value) > NOISY * self.value_uncertain)
            return np.where(certain, self.value / self.derivative, np.nan)

    def agrees(self, factor: float) -> Mask:
        """Where the value is the derivative times a factor, or times the pair's own: booleans."""
        factor = factor if self.rate is None else self.rate
        allowed = abs(factor) * self.uncertain + self.value_uncertain + RELATIVE * np.abs(self.value)
        with np.errstate(all="ignore"):
            return np.asarray(np.abs(self.value - factor * self.derivative) <= allowed)

    def wrong(self, factor: float) -> Mask:
        """Where it is not, and no kink excuses it: booleans."""
        if self.inside is not None:
            return np.zeros(self.value.shape, dtype=bool)
        return np.asarray(~self.agrees(factor) & (self.open == 0))

    def verdict(self, factor: float) -> Verdict:
        """The verdict on the whole pair."""
        if self.wrong(factor).any():
            return "wrong"
        return "right" if self.inside is not None or self.agrees(factor).all() else "open"


def pairs_of(
    cells: Cells,
    derivatives: Derivatives,
    cell_pairs: Sequence[tuple[Area, Area]],
    kind: GivenKind,
    reading: Reading = "new",
) -> list[Pair]:
    """The pairs, each the way round in which its ratios agree best."""
    adjoints = [derivatives.by(parameter) for parameter, _ in cell_pairs]
    largest = max((float(np.nanmax(np.abs(adjoint[0]), initial=0.0)) for adjoint in adjoints), default=0.0)
    pairs = []
    for (parameter, given), adjoint in zip(cell_pairs, adjoints, strict=True):
        old, new = numbers(cells.value(parameter)), numbers(cells.value(given))
        none = np.zeros(old.shape)
        empty = Pair(parameter, given, transposed=False, derivative=none, value=none, uncertain=none,
                     value_uncertain=none, open=none, reading=reading)  # fmt: skip
        ways = [
            with_numbers(replace(empty, transposed=transposed), kind, adjoint, old, new, largest, derivatives.tolerance)
            for transposed in (False, True)
            if (new.T if transposed else new).shape == old.shape and not (transposed and old.size == 1)
        ]
        pairs.append(max(ways, key=_consistency) if ways[1:] else ways[0])  # the first of equals: not transposed
    return pairs


def with_numbers(
    pair: Pair,
    kind: GivenKind,
    adjoint: Adjoint,
    old: FloatArray,
    new: FloatArray,
    largest: float,
    tolerance: float = 0.0,
) -> Pair:
    """A pair with its numbers.

    Args:
        adjoint: the derivative of the loss by the parameter, in its channels.
        old: what stands in the parameter's cells; `new` in those of its gradient or update, as they lie there.
        largest: the largest derivative of the loss by any parameter.
        tolerance: how exact the derivatives are, relatively.
    """
    derivative, size, open_ = adjoint
    uncertain = (tolerance + RELATIVE) * np.abs(derivative) + NOISE * largest + NOISE_OF_TERMS * size
    there = new.T if pair.transposed else new
    value = _step(pair.reading, old, there) if kind == "updates" else there
    digits = LAST_DIGITS * (np.maximum(np.abs(old), np.abs(there)) if kind == "updates" else np.abs(there))
    return replace(pair, derivative=derivative, value=value, uncertain=uncertain, value_uncertain=digits, open=open_)


def _step(reading: Reading, old: FloatArray, there: FloatArray) -> FloatArray:
    """What an update subtracts from the old value."""
    if reading == "new":
        return old - there
    if reading == "negated":
        return old + there
    return there if reading == "subtracted" else -there


def _consistency(pair: Pair) -> float:
    factor = common_factor([pair])
    return 0.0 if factor is None else float(np.mean(pair.agrees(factor)))


def common_factor(pairs: Sequence[Pair]) -> float | None:
    """The ratio that most pairs have in common, each pair counted by the share of its cells; 1 where it is one of
    several; None if there is no ratio but 0.
    """
    ratios = np.concatenate([pair.ratios.ravel() for pair in pairs] or [np.zeros(0)])
    shares = np.concatenate([np.full(pair.ratios.size, 1 / pair.ratios.size) for pair in pairs] or [np.zeros(0)])
    known = np.isfinite(ratios) & (ratios != 0)
    if not known.any():
        return None
    ratios, shares = ratios[known], shares[known]
    order = np.argsort(ratios)
    ratios, shares = ratios[order], shares[order]
    apart = np.diff(ratios) > SAME_RATIO * np.abs(ratios[1:])
    groups = np.concatenate([[0], np.cumsum(apart)])
    weights = np.bincount(groups, weights=shares)
    best = np.flatnonzero(weights >= weights.max() * (1 - 1e-9))
    middles = [float(np.median(ratios[groups == group])) for group in best]
    return min(middles, key=lambda ratio: (not is_plain(ratio), abs(ratio - 1)))


def is_plain(ratio: float) -> bool:
    """Whether a ratio is such as 2, 1/2, 1/n or -1: a fraction of small whole numbers."""
    near = Fraction(ratio).limit_denominator(LARGEST_DENOMINATOR)
    return (
        near != 0 and abs(float(near) - ratio) <= RELATIVE * abs(ratio) and abs(near.numerator) <= LARGEST_DENOMINATOR
    )
