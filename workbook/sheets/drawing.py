"""The network as a drawing whose numbers are live, for the sheet `explorer`: an XY chart with its points in cells.

A label is a point whose series is named by a cell: Excel and LibreOffice both show that cell's text as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from math import hypot

from engine import Columns
from engine.columns import activation_name, gradient_name
from workbook.records import Cell, Drawing, Look, Series
from workbook.sheets import choice
from workbook.sheets.choice import ZERO, Choice, Pattern
from workbook.sheets.edges import STRANDS, WIDEST, Edge, half_formula
from workbook.sheets.shown import Quantities
from workbook.spreadsheet.algebra import call, compare
from workbook.spreadsheet.trees import Number
from workbook.table.definitions import is_dense
from workbook.table.layout import letter, on_sheet

# Pixels, y upwards; the chart covers the columns A to L, 22 rows high: what a small screen shows at once.
WIDTH, HEIGHT, ROWS, LAST_COLUMN = 1128.0, 439.0, 22, "L"
LEFT, RIGHT = 70.0, 170.0
LINE_HEIGHT, CHARACTER = 15.0, 6.1
LONGEST_NUMBER = len("-1.2E-10")
# Diameters of a neuron; many in a layer are drawn smaller.
LARGE, SMALL, MOST_LARGE = 76.0, 58.0, 3
# Where on an edge its label may stand, as shares of its length.
PLACES = (0.5, 0.46, 0.54, 0.42, 0.58, 0.38, 0.62, 0.34, 0.66, 0.3, 0.7, 0.25, 0.75, 0.21, 0.79)
# Other edges keep this far from a label where there is room.
MARGIN = 8.0
# More edges between two layers, or more layers, are too many to be told apart.
MOST_EDGES, MOST_LAYERS = 16, 4
LARGEST = "▸"
# Where a mark's text, number, half its width, x and y stand. The text is first: beside a folded number hashes would be
# printed. An edge has x and y of a line for each sign.
TEXT, NUMBER, HALF, X, Y, COLUMNS_OF_MARKS = 0, 1, 2, 3, 15, 27
# Three decimals, or four, or an exponent where that shows no more than a digit.
SIZE = call("ABS", choice.NUMBER)
EXTREME = call("OR", compare(">=", SIZE, Number(1000)), compare("<", SIZE, Number(0.001)))
SHORT = Choice(
    [(ZERO, "0"), (EXTREME, Pattern("0.0E+00")), (compare(">=", SIZE, Number(0.1)), Pattern("0.000"))],
    otherwise=Pattern("0.0000"),
)
HOW_TO_READ = (
    "Blue numbers go forward. Red ones are gradients: how the loss changes with the number above them "
    f"({LARGEST} the largest of a weight or bias). Lines: weights, blue above 0, orange below; wide: large."
)


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
        """Whether it is the gradient of a weight or a bias, which stands below that one's own label."""
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
    """The drawing of a network; None where not all of it finds room."""
    if not is_dense(columns):
        return None
    if max(before * after for before, after in pairwise(columns.sizes)) > MOST_EDGES or columns.depth > MOST_LAYERS:
        return None
    diameter = LARGE if max(columns.sizes) <= MOST_LARGE else SMALL
    looks: list[Look] = ["input", *["hidden"] * (columns.depth - 1), "output"]  # type: ignore[list-item]
    middles = [_middles(columns, layer) for layer in range(columns.depth + 1)]
    neurons = [(look, x, y) for look, layer in zip(looks, middles, strict=True) for x, y in layer]
    labels = list(_texts(columns, middles, diameter / 2))
    boxes = [(x - diameter / 2, y - diameter / 2, x + diameter / 2, y + diameter / 2) for _, x, y in neurons]
    outside = [label.box for label in labels if not label.look.startswith("inside")]
    if any(map(_leaves, boxes + outside)) or _overlap(boxes + outside):
        return None
    taken, edges = boxes + outside, []
    for layer in range(columns.depth):
        between = list(_edges(columns, middles, layer, diameter / 2))
        beside = _edge_labels(between, taken)
        if beside is None:
            return None
        edges += between
        labels += beside
    return Arrangement(diameter, neurons, edges, labels)


def _middles(columns: Columns, layer: int) -> list[tuple[float, float]]:
    x = LEFT + layer * (WIDTH - LEFT - RIGHT) / columns.depth
    pitch, top = HEIGHT / columns.sizes[layer], HEIGHT
    if layer and columns.bias_names(layer - 1):  # two lines above a neuron, one below
        top -= LINE_HEIGHT / 2
    return [(x, top - pitch * (place + 0.5)) for place in range(columns.sizes[layer])]


def _texts(columns: Columns, middles: list[list[tuple[float, float]]], radius: float) -> Iterator[Label]:
    """What stands in, above and below the neurons, and right of the outputs."""
    inside: Look = "inside" if 2 * radius == LARGE else "inside small"
    for (x, y), name in zip(middles[0], columns.input_names, strict=True):
        yield Label(inside, x, y, f"{name} ", name)
    for layer, of in enumerate(middles[1:]):
        for place, ((x, y), z) in enumerate(zip(of, columns.neuron_names(layer), strict=True)):
            a = activation_name(z)
            yield Label(inside, x, y + LINE_HEIGHT / 2, f"{z} ", z)
            yield Label(inside, x, y - LINE_HEIGHT / 2, f"{a} ", a)
            below = y - radius - LINE_HEIGHT / 2
            yield Label("backward", x, below, f"{gradient_name(z)} ", gradient_name(z))
            if bias := columns.bias_of(layer, place):
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


def _edges(columns: Columns, middles: list[list[tuple[float, float]]], layer: int, radius: float) -> Iterator[Edge]:
    """Those into a layer."""
    for (x1, y1), weights in zip(middles[layer + 1], columns.weight_names(layer), strict=True):
        for (x0, y0), weight in zip(middles[layer], weights, strict=True):
            yield Edge(weight, (x0, y0), (x1, y1), radius / hypot(x1 - x0, y1 - y0))


def _edge_labels(edges: list[Edge], taken: list[Box]) -> list[Label] | None:
    """Each weight's number with its gradient below, where few other edges pass; None where there is no room for all."""
    crowds = {(edge, share): _crowd(edge, share, edges) for edge in edges for share in PLACES}
    found = [_placed(crowds, edges, taken, preferred, weight) for preferred in PLACES for weight in (1, 100)]
    possible = [places for places in found if places]
    if not possible:
        return None
    best = min(possible, key=lambda places: sum(crowds[place] for place in places))
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
            share for share in PLACES if not any(_hits(label.box, box) for label in _both(edge, share) for box in taken)
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
    return any(_hits(one, other) for place, one in enumerate(boxes) for other in boxes[:place])


def drawn(
    arrangement: Arrangement, quantities: Quantities, sheet: str, corner: tuple[int, int], top: int
) -> tuple[list[Cell], Drawing]:
    """The cells that hold the drawing's points and texts, and the drawing.

    Args:
        arrangement: where everything stands.
        quantities: the numbers.
        sheet: the name of the sheet.
        corner: row and column of the first of the cells: a row for each mark, with a text, a number, x and y.
        top: the row of the drawing's upper edge.
    """
    first, column = corner
    cells: list[Cell] = []
    marks: list[tuple[Look, Series]] = []

    def series(row: int, xs: list[float], ys: list[float], name: str = "", place: int = 0) -> Series:
        x, y = (_cells(sheet, row, column + at + place, len(xs)) for at in (X, Y))
        name_cell = on_sheet(sheet, f"${letter(column + TEXT)}${row}") if name else None
        return Series(y, ys, name_cell, name, x, xs)

    numbers = f"${letter(column + NUMBER)}${first}:${letter(column + NUMBER)}${first + len(arrangement.edges) - 1}"
    largest = max(abs(quantities.numbers[edge.weight]) for edge in arrangement.edges)
    for row, edge in enumerate(arrangement.edges, start=first):
        weight = quantities.numbers[edge.weight]
        half = WIDEST * abs(weight) / (largest or 1.0)
        number, width = f"{letter(column + NUMBER)}{row}", f"{letter(column + HALF)}{row}"
        cells += [
            Cell(row, column + TEXT, "folded", edge.weight),
            Cell(row, column + NUMBER, "folded", weight, f"={quantities.formulas[edge.weight]}"),
            Cell(row, column + HALF, "folded", half, half_formula(number, numbers)),
        ]
        signs: tuple[tuple[Look, bool, str], ...] = (
            ("above 0", weight >= 0, f"{number}<0"), ("below 0", weight < 0, f"{number}>=0"),
        )  # fmt: skip
        for sign, (look, seen, hidden) in enumerate(signs):
            place = sign * len(STRANDS)
            points = edge.strands(half if seen else None)
            marks.append((look, series(row, [x for x, _ in points], [y for _, y in points], place=place)))
            for axis, at in enumerate((X, Y)):
                formulas = edge.strand_formulas(axis, width, hidden)
                for n, formula in enumerate(formulas):
                    cells.append(Cell(row, column + at + place + n, "folded", points[n][axis], formula))
    first += len(arrangement.edges)
    for row, (look, x, y) in enumerate(arrangement.neurons, start=first):
        cells.append(Cell(row, column + TEXT, "folded", look))
        cells += [Cell(row, column + X, "folded", x), Cell(row, column + Y, "folded", y)]
        marks.append((look, series(row, [x], [y])))
    first += len(arrangement.neurons)
    for row, label in enumerate(arrangement.labels, start=first):
        text = _text(label, quantities)
        number = f"{letter(column + NUMBER)}{row}"
        value, formula = quantities.numbers[label.quantity], f"={quantities.formulas[label.quantity]}"
        cells += [
            Cell(row, column + NUMBER, "folded", value, formula),
            Cell(row, column + TEXT, "folded", text, _text_formula(label, number, quantities)),
            Cell(row, column + X, "folded", label.x),
            Cell(row, column + Y, "folded", label.y),
        ]
        marks.append((label.look, series(row, [label.x], [label.y], text)))
    return cells, Drawing(marks, f"A{top}", f"{LAST_COLUMN}{top + ROWS - 1}", WIDTH, HEIGHT, arrangement.diameter)


def _cells(sheet: str, row: int, column: int, number: int) -> str:
    first, last = (f"${letter(at)}${row}" for at in (column, column + number - 1))
    return on_sheet(sheet, first if number == 1 else f"{first}:{last}")


def _text(label: Label, quantities: Quantities) -> str:
    number = quantities.numbers[label.quantity]
    mark = LARGEST if label.is_gradient and 0 < abs(number) == quantities.largest else ""
    return f"{mark}{label.words}{rounded(number)}"


def _text_formula(label: Label, number: str, quantities: Quantities) -> str:
    text = rounded_formula(number)
    if label.words:
        text = f'"{label.words}"&{text}'
    if label.is_gradient:
        text = f'IF(AND({number}<>0,ABS({number})={quantities.largest_formula}),"{LARGEST}","")&{text}'
    return f'=IF({number}="","",{text})'


def rounded(value: float) -> str:
    """A number as a text that has room in the drawing."""
    return SHORT.text({choice.NUMBER.name: value})


def rounded_formula(cell: str) -> str:
    """The same of a cell."""
    return SHORT.formula(lambda _: cell)
