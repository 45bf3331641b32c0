"""An edge of the explorer's drawing: a line as wide as its weight is large, though a chart's lines have fixed widths.

It is drawn as three strands, one line there, back and there again: along the middle, and beside it on both sides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot

from engine import FloatArray
from workbook.sheets.live import Live, live
from workbook.spreadsheet.algebra import ZERO, call, compare, largest_size, over, plus, times
from workbook.spreadsheet.evaluator import Given
from workbook.spreadsheet.trees import Number, Tree, Variable

# The line's points: on which side of the middle, and whether at the edge's end.
STRANDS = ((1, 0), (1, 1), (-1, 1), (-1, 0), (0, 0), (0, 1))
WIDEST = 2.0  # pixels from the middle to a strand beside it, for the largest weight
EMPTY, WEIGHT, WEIGHTS, HALF = (Variable(name, 0) for name in ("empty", "weight", "weights", "half"))
LARGEST = largest_size(WEIGHTS)
SIZE = over(times(Number(WIDEST), call("ABS", WEIGHT)), LARGEST)
HALF_TREE = call("IF", call("OR", EMPTY, compare("=", LARGEST, ZERO)), ZERO, SIZE)
# An edge has a line for each sign, all of whose points are its start while the weight has the other.
HIDDEN = {"above 0": compare("<", WEIGHT, ZERO), "below 0": compare(">=", WEIGHT, ZERO)}


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

    def strands(self, axis: int, hidden: Tree, numbers: dict[str, float], cells: dict[Variable, str]) -> Iterator[Live]:
        """The line's points across (0) or upwards (1), from rim to rim.

        Args:
            hidden: one of HIDDEN.
            numbers: WEIGHT and HALF, how far the strands beside the middle are from it in pixels.
            cells: where these stand.
        """
        start, end = (Number(self.at(share)[axis]) for share in (self.rim, 1 - self.rim))
        for side, is_end in STRANDS:
            beside = times(Number(side), HALF, Number(self.across[axis]))
            point = plus(end if is_end else start, beside)
            yield live(call("IF", hidden, start, point), numbers, cells.__getitem__)


def half(weight: float, weights: FloatArray, cell: str, all_cells: str) -> Live:
    """How far a weight's strands are from the middle, in pixels, as a part of the largest of all weights in a drawing.

    Args:
        cell: the weight's, which may hold an empty text.
        all_cells: those of all weights.
    """
    given: dict[str, Given] = {EMPTY.name: 0.0, WEIGHT.name: weight, WEIGHTS.name: weights}
    cells = {EMPTY: f'{cell}=""', WEIGHT: f"N({cell})", WEIGHTS: all_cells}
    return live(HALF_TREE, given, cells.__getitem__)
