"""Where a network's numbers stand in the drawing of the sheet `explorer`: in, above and below neurons, on edges."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import dist

from engine import Columns
from engine.columns import activation_name, gradient_name
from workbook.records import Look
from workbook.sheets.edges import Edge
from workbook.sheets.neurons import Frame, Point, can_be_drawn, joined, looks

# In pixels, y upwards.
WIDTH, HEIGHT = 1128.0, 439.0
FRAME = Frame(WIDTH, HEIGHT, left=70.0, right=170.0)
LINE_HEIGHT, CHARACTER = 15.0, 6.1
LONGEST_NUMBER = len("-1.2E-10")
# Diameters of a neuron; many in a layer are drawn smaller.
LARGE, SMALL, MOST_LARGE = 76.0, 58.0, 3
# Where on an edge its label may stand, as shares of its length.
SHARES = (0.5, 0.46, 0.54, 0.42, 0.58, 0.38, 0.62, 0.34, 0.66, 0.3, 0.7, 0.25, 0.75, 0.21, 0.79)
# Other edges keep this far from a label where there is room.
MARGIN = 8.0


@dataclass(frozen=True)
class Label:
    """A text: where its middle is, its words, and the quantity whose number follows them."""

    look: Look
    x: float
    y: float
    words: str
    quantity: str

    @property
    def is_gradient(self) -> bool:
        """Whether it is the gradient of a weight or a bias, which stands below its parameter's label."""
        return self.look == "backward" and not self.words

    @cached_property
    def box(self) -> "Box":
        """The space that its text takes."""
        half = (len(self.words) + LONGEST_NUMBER) * CHARACTER / 2
        return self.x - half, self.y - LINE_HEIGHT / 2, self.x + half, self.y + LINE_HEIGHT / 2


@dataclass(frozen=True)
class Arrangement:
    """Where everything stands: the neurons, so wide each, with their look and middle, the edges, the texts."""

    diameter: float
    neurons: list[tuple[Look, float, float]]
    edges: list[Edge]
    labels: list[Label]


# Left, lower, right, upper.
Box = tuple[float, float, float, float]


def arranged(columns: Columns) -> Arrangement | None:
    """The drawing of a network; None where it does not fit."""
    if not can_be_drawn(columns):
        return None
    diameter = LARGE if max(columns.sizes) <= MOST_LARGE else SMALL
    # Two lines stand above a neuron with a bias, one below.
    middles = FRAME.middles(columns, lowered=LINE_HEIGHT / 2)
    neurons = [(look, x, y) for look, layer in zip(looks(columns), middles, strict=True) for x, y in layer]
    labels = list(_texts(columns, middles, diameter / 2))
    boxes = [(x - diameter / 2, y - diameter / 2, x + diameter / 2, y + diameter / 2) for _, x, y in neurons]
    outside = [label.box for label in labels if not label.look.startswith("inside")]
    if any(map(_leaves, boxes + outside)) or _overlap(boxes + outside):
        return None
    taken, edges = boxes + outside, []
    for layer in range(columns.depth):
        between = [_edge(*each, diameter / 2) for each in joined(columns, middles, layer)]
        beside = _edge_labels(between, taken)
        if beside is None:
            return None
        edges += between
        labels += beside
    return Arrangement(diameter, neurons, edges, labels)


def _texts(columns: Columns, middles: list[list[Point]], radius: float) -> Iterator[Label]:
    """What stands in, above and below the neurons, and right of the outputs."""
    inside: Look = "inside" if 2 * radius == LARGE else "inside small"
    for (x, y), name in zip(middles[0], columns.input_names, strict=True):
        yield Label(inside, x, y, f"{name} ", name)
    for layer, of in enumerate(middles[1:]):
        for neuron, ((x, y), z) in enumerate(zip(of, columns.neuron_names(layer), strict=True)):
            a = activation_name(z)
            yield Label(inside, x, y + LINE_HEIGHT / 2, f"{z} ", z)
            yield Label(inside, x, y - LINE_HEIGHT / 2, f"{a} ", a)
            below = y - radius - LINE_HEIGHT / 2
            yield Label("backward", x, below, f"{gradient_name(z)} ", gradient_name(z))
            if bias := columns.bias_of(layer, neuron):
                above = y + radius + LINE_HEIGHT / 2
                if bias in columns.trained:
                    yield Label("backward", x, above, "", gradient_name(bias))
                    above += LINE_HEIGHT
                yield Label("weight", x, above, f"{bias} ", bias)
    for (x, y), target, loss in zip(middles[-1], columns.target_names, columns.loss_names, strict=True):
        right = x + radius + (len("E_tot ") + LONGEST_NUMBER) * CHARACTER / 2 + 4
        yield Label("forward", right, y + LINE_HEIGHT / 2, f"{target} ", target)
        yield Label("forward", right, y - LINE_HEIGHT / 2, f"{loss} ", loss)
    yield Label("forward", WIDTH - 48, LINE_HEIGHT / 2 + 2, "E_tot ", "E_tot")


def _edge(weight: str, start: Point, end: Point, radius: float) -> Edge:
    return Edge(weight, start, end, radius / dist(start, end))


def _edge_labels(edges: list[Edge], taken: list[Box]) -> list[Label] | None:
    """Each weight's number with its gradient below, where few other edges pass; None where there is no room for all."""
    crowds = {(edge, share): _crowd(edge, share, edges) for edge in edges for share in SHARES}
    found = [_placed(crowds, edges, taken, preferred, weight) for preferred in SHARES for weight in (1, 100)]
    possible = [chosen for chosen in found if chosen]
    if not possible:
        return None
    best = min(possible, key=lambda chosen: sum(crowds[label] for label in chosen))
    return [label for edge, share in best for label in _both(edge, share)]


def _placed(
    crowds: dict[tuple[Edge, float], int], edges: list[Edge], taken: list[Box], preferred: float, weight: float
) -> list[tuple[Edge, float]]:
    """Each edge with the share of it where its label stands; none where one has no room.

    Of the shares that are free it is the least crowded and the nearest to the preferred one, which has this weight.
    """
    placed: list[tuple[Edge, float]] = []
    taken = list(taken)
    for edge in edges:
        free = [
            share for share in SHARES if not any(_hits(label.box, box) for label in _both(edge, share) for box in taken)
        ]
        if not free:
            return []
        share = min(free, key=lambda share: crowds[edge, share] + weight * abs(share - preferred))
        placed.append((edge, share))
        taken += [label.box for label in _both(edge, share)]
    return placed


@lru_cache(maxsize=4096)
def _both(edge: Edge, share: float) -> tuple[Label, Label]:
    x, y = edge.at(share)
    return (
        Label("weight", x, y + LINE_HEIGHT / 2, f"{edge.weight} ", edge.weight),
        Label("backward", x, y - LINE_HEIGHT / 2, "", gradient_name(edge.weight)),
    )


def _crowd(edge: Edge, share: float, edges: list[Edge]) -> int:
    """How many other edges pass near a label."""
    weight, gradient = _both(edge, share)
    left, _, right, upper = weight.box
    around = left - MARGIN, gradient.box[1] - MARGIN, right + MARGIN, upper + MARGIN
    return sum(_passes(other, around) for other in edges if other != edge)


def _passes(edge: Edge, box: Box) -> bool:
    points = [edge.at(share / 40) for share in range(41)]
    return any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in points)


def _leaves(box: Box) -> bool:
    return box[0] < 0 or box[1] < 0 or box[2] > WIDTH or box[3] > HEIGHT


def _hits(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _overlap(boxes: list[Box]) -> bool:
    return any(_hits(one, other) for index, one in enumerate(boxes) for other in boxes[:index])
