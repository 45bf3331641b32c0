"""An edge of the explorer's drawing: a line as wide as its weight is large, though a chart's lines have fixed widths.

It is drawn as three strands, one line there, back and there again: along the middle, and beside it on both sides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot

from workbook.sheets.live import Live, live
from workbook.spreadsheet.algebra import ZERO, call, compare, over, times
from workbook.spreadsheet.trees import Number, Variable
from workbook.table.layout import largest_size

# The line's points: on which side of the middle, and whether at the edge's end.
STRANDS = ((1, 0), (1, 1), (-1, 1), (-1, 0), (0, 0), (0, 1))
WIDEST = 2.0  # pixels from the middle to a strand beside it, for the largest weight
EMPTY, WEIGHT, LARGEST = (Variable(name, 0) for name in ("empty", "weight", "largest"))
SIZE = over(times(Number(WIDEST), call("ABS", WEIGHT)), LARGEST)
HALF = call("IF", call("OR", EMPTY, compare("=", LARGEST, ZERO)), ZERO, SIZE)


@dataclass(frozen=True)
class Edge:
    """A line for a weight, between the middles of two neurons, whose radius is a share `rim` of it."""

    weight: str
    start: tuple[float, float]
    end: tuple[float, float]
    rim: float

    def at(self, share: float) -> tuple[float, float]:
        """A point on it."""
        (x0, y0), (x1, y1) = self.start, self.end
        return x0 + share * (x1 - x0), y0 + share * (y1 - y0)

    @property
    def across(self) -> tuple[float, float]:
        """One pixel at a right angle to it."""
        (x0, y0), (x1, y1) = self.start, self.end
        length = hypot(x1 - x0, y1 - y0)
        return (y0 - y1) / length, (x1 - x0) / length

    def strands(self, half: float | None) -> list[tuple[float, float]]:
        """The line's points, from rim to rim; one point many times where it is not seen."""
        start, ends = self.at(self.rim), (self.at(self.rim), self.at(1 - self.rim))
        if half is None:
            return [start] * len(STRANDS)
        x, y = self.across
        return [(ends[end][0] + side * half * x, ends[end][1] + side * half * y) for side, end in STRANDS]

    def strand_formulas(self, axis: int, half: str, hidden: str) -> Iterator[str]:
        """The line's points across (0) or upwards (1); all are its start while `hidden` holds."""
        ends = self.at(self.rim)[axis], self.at(1 - self.rim)[axis]
        for side, end in STRANDS:
            yield f"=IF({hidden},{ends[0]!r},{ends[end]!r}+{side}*{half}*{self.across[axis]!r})"


def half(weight: float, largest: float, cell: str, all_cells: str) -> Live:
    """How far a weight's strands are from the middle, in pixels; the cell may hold an empty text.

    Args:
        largest: the size of the largest weight of those in `all_cells`.
    """
    numbers = {EMPTY.name: 0.0, WEIGHT.name: weight, LARGEST.name: largest}
    cells = {EMPTY: f'{cell}=""', WEIGHT: f"N({cell})", LARGEST: largest_size(all_cells)}
    return live(HALF, numbers, cells.__getitem__)
