"""Where a network's neurons stand in a picture, and which weights join them: for all pictures of a network."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from engine import Columns
from workbook.records import Look
from workbook.table.definitions import is_dense

Point = tuple[float, float]
# More edges between two layers, or more layers, cannot be told apart.
MOST_EDGES, MOST_LAYERS = 16, 4


@dataclass(frozen=True)
class Frame:
    """A picture's size in pixels, y upwards, and how far from its sides the first and the last layer stand."""

    width: float
    height: float
    left: float
    right: float

    def middles(self, columns: Columns, lowered: float = 0.0) -> list[list[Point]]:
        """The middle of each neuron, by layer, the inputs first.

        Args:
            lowered: by how much layers with biases stand lower, so that these have room above.
        """
        found = []
        for layer, size in enumerate(columns.sizes):
            x = self.left + layer * (self.width - self.left - self.right) / columns.depth
            top = self.height - (lowered if layer and columns.bias_names(layer - 1) else 0.0)
            found.append([(x, top - self.height / size * (neuron + 0.5)) for neuron in range(size)])
        return found


def joined(columns: Columns, middles: list[list[Point]], layer: int) -> Iterator[tuple[str, Point, Point]]:
    """The weights into a layer, each with the middles of the neurons that it leads from and to."""
    for end, weights in zip(middles[layer + 1], columns.weight_names(layer), strict=True):
        for start, weight in zip(middles[layer], weights, strict=True):
            yield weight, start, end


def looks(columns: Columns) -> list[Look]:
    """How the neurons of each layer look, the inputs first."""
    hidden: list[Look] = ["hidden"] * (columns.depth - 1)
    return ["input", *hidden, "output"]


def can_be_drawn(columns: Columns) -> bool:
    """Whether all layers are dense, and not too many, with not too many weights between two of them."""
    most = max(before * after for before, after in pairwise(columns.sizes))
    return is_dense(columns) and columns.depth <= MOST_LAYERS and most <= MOST_EDGES
