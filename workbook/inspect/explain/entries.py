"""Numbers of a gradient, and whether changes in the cells that they are computed from make them right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine import FloatArray
from workbook.inspect.judge.forward import Expected
from workbook.inspect.judge.pairs import Pair
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.cells import Formula
from workbook.spreadsheet.graph import Planes

# The relative precision with which a repair must give the right gradient.
AGREES = 1e-6


@dataclass(frozen=True)
class Entry:
    """One number of a gradient: its cell, its value in the sheet and the right one, how far these may differ by
    rounding, and its derivative by the cells that it is computed from.
    """

    cell: Area
    value: float
    expected: float
    rounding: float
    by: Planes
    sign: float

    def with_(self, changes: Sequence[tuple[Area, FloatArray]]) -> float:
        """The value after cells have changed by so much."""
        moved = sum(float((self.by.of(area)[0] * change).sum()) for area, change in changes)
        return self.value + self.sign * moved

    def is_right(self, changes: Sequence[tuple[Area, FloatArray]]) -> bool:
        """Whether those changes make it right."""
        return self._is_near(self.with_(changes))

    def is_right_after(self, moved: float) -> bool:
        """Whether it is right once its own value has changed by so much."""
        return self._is_near(self.value + self.sign * moved)

    def is_right_with(self, part: float) -> bool:
        """Whether one part of the update is by itself the expected step."""
        return self._is_near(self.sign * part)

    def _is_near(self, number: float) -> bool:
        allowed = AGREES * max(abs(self.expected), 1e-9 * abs(self.value)) + self.rounding
        return abs(number - self.expected) <= allowed


@dataclass(frozen=True)
class Wrong:
    """A wrong pair with the formulas that its gradient is computed by, and some of its numbers."""

    pair: Pair
    path: list[Formula]
    entries: list[Entry]

    def is_right(self, changes: Sequence[tuple[Area, FloatArray]]) -> bool:
        """Whether those changes make it right."""
        return all(entry.is_right(changes) for entry in self.entries)


@dataclass(frozen=True)
class Repair:
    """Cells and what belongs there."""

    cells: Area
    change: FloatArray
    expected: Expected | None


def is_noise(change: FloatArray, value: FloatArray) -> bool:
    """Whether a change is no more than rounding."""
    return float(np.abs(change).max(initial=0)) <= 1e-9 * float(np.abs(value).max(initial=0))
