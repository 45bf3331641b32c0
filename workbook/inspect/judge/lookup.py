"""Which of many arrays hold a number, or one that a scale makes it: by halving, and not one by one."""

from collections.abc import Iterator, Sequence

import numpy as np

from engine import FloatArray

EQUAL = 1e-8


class Lookup:
    """The numbers of some arrays in their order of size."""

    def __init__(self, arrays: Sequence[FloatArray], scales: FloatArray) -> None:
        flat = np.concatenate([array.ravel() for array in arrays] or [np.zeros(0)])
        owners = np.repeat(np.arange(len(arrays)), [array.size for array in arrays])
        self.order = np.argsort(flat, kind="stable")  # nan comes last
        self.sorted, self.owners = flat[self.order], owners[self.order]
        self.starts = np.cumsum([0, *(array.size for array in arrays)])
        self.arrays, self.scales = arrays, scales

    def find(self, number: float) -> Iterator[tuple[int, float, tuple[int, int]]]:
        """The arrays that hold the number by a scale, with that scale and the first index of it; array by array."""
        goals = number / self.scales
        margin = 2 * EQUAL * np.abs(goals)
        lows = np.searchsorted(self.sorted, goals - margin, "left")
        highs = np.searchsorted(self.sorted, goals + margin, "right")
        first: dict[tuple[int, int], int] = {}
        for at in np.flatnonzero(highs > lows).tolist():
            held = slice(lows[at], highs[at])
            near = np.abs(self.scales[at] * self.sorted[held] - number) <= EQUAL * abs(number)
            for owner, index in zip(self.owners[held][near].tolist(), self.order[held][near].tolist(), strict=True):
                first[owner, at] = min(index, first.get((owner, at), index))
        for (owner, at), index in sorted(first.items()):
            row, column = np.unravel_index(index - self.starts[owner], self.arrays[owner].shape)
            yield owner, float(self.scales[at]), (int(row), int(column))
