"""A square of tiles over two quantities, one from left to right and one upwards, for `landscape` and `predictions`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine import FloatArray
from workbook.sheets.live import live
from workbook.spreadsheet.trees import Tree, Variable
from workbook.table.layout import letter


@dataclass(frozen=True)
class EdgeValues:
    """What the tiles along an edge stand for, from left to right or from the bottom up, each with its formula."""

    numbers: FloatArray
    formulas: list[str]

    @classmethod
    def of(cls, trees: list[Tree], numbers: Mapping[str, float], cell_of: Callable[[Variable], str]) -> "EdgeValues":
        """Those of a tree for each tile, see `live`."""
        values, formulas = zip(*(live(tree, numbers, cell_of) for tree in trees), strict=True)
        return cls(np.array(values), list(formulas))

    @property
    def from_the_top(self) -> "EdgeValues":
        """The values from the top down."""
        return EdgeValues(self.numbers[::-1], self.formulas[::-1])


@dataclass(frozen=True)
class TileGrid:
    """So many tiles a side, from a row and a column on; their values stand below them and left of them."""

    top: int
    left: int
    side: int

    @property
    def corners(self) -> tuple[str, str]:
        """The first and the last tile."""
        return f"{letter(self.left)}{self.top}", f"{letter(self.left + self.side - 1)}{self.top + self.side - 1}"

    @property
    def area(self) -> str:
        """All tiles."""
        return ":".join(self.corners)

    @property
    def bottom(self) -> int:
        """The row of the values across, below the last tiles."""
        return self.top + self.side

    def tiles(self) -> Iterator[tuple[int, int, int]]:
        """Each tile's number, from 0, its row from the top and its column from the left."""
        return ((number, *divmod(number, self.side)) for number in range(self.side**2))
