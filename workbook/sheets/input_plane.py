"""The outputs of a network and of its neurons for every input: maps over the plane of two inputs, for `predictions`."""

from collections.abc import Iterator

import numpy as np

from engine import Columns, FloatArray
from engine.activations import ACTIVATIONS, Activation
from workbook.records import BLACK, Cell, ColorScale, Overlay, Rule, Series, class_color
from workbook.sheets.live import Live, live, live_whole
from workbook.sheets.passes import AtTheStep, Passes
from workbook.sheets.tile_grid import EdgeValues, TileGrid
from workbook.spreadsheet.algebra import TWO, call, compare, less, over, plus, position_of_largest, times
from workbook.spreadsheet.trees import Number, Tree, Variable
from workbook.table.definitions import evaluation
from workbook.table.layout import letter, on_sheet

SIDE = 21  # cells along the edge of the large map
SMALL = 11  # of a neuron's map, which shows every second row and column of the large one
SMALL_WIDTH = 15 / 7  # of its cells, in characters: as wide as a row is high
MARGIN = 0.25  # around the samples, as a share of their range
# At most so many neurons of a layer, and hidden layers, have maps.
MOST_OF_A_LAYER, MOST_LAYERS = 5, 4
COLORS = ("#74ADD1", "#FFFFFF", "#F4A442")  # dark digits can be read on all of them
# Of the samples by class: darker than the regions of their class.
POINT_COLORS = ("#004E7C", "#A85200", "#00664B", "#9C3D72", "#1F6FA3", "#8A2E00", "#333333")
# Of the samples, in one direction.
LEAST, MOST, AT, CLASS = (Variable(name, 0) for name in ("least", "most", "at", "class"))
SHARE = over(less(AT, LEAST), less(MOST, LEAST))
OUTPUTS = Variable("outputs", 0)
ABSENT = -9  # where a sample of another class is drawn: outside


def axis(cells: str, numbers: FloatArray, count: int) -> EdgeValues:
    """Inputs from left of the samples' least to right of their largest, which stand in some cells, evenly spaced."""
    wide = times(Number(MARGIN), call("IF", compare("=", MOST, LEAST), TWO, less(MOST, LEAST)))
    low, high = less(LEAST, wide), plus(MOST, wide)
    trees = [plus(low, times(over(Number(at), Number(count - 1)), less(high, low))) for at in range(count)]
    ends = {LEAST.name: float(numbers.min()), MOST.name: float(numbers.max())}
    return EdgeValues.of(trees, ends, {LEAST: f"MIN({cells})", MOST: f"MAX({cells})"}.__getitem__)


def layers_with_maps(columns: Columns) -> list[tuple[int, list[str]]]:
    """The layers whose neurons have a map, each with their activations; the outputs too where there are several."""
    last, computed = columns.depth - 1, evaluation(columns)
    hidden = [(layer, columns.activation_names(layer)) for layer in range(last)]
    hidden = [(layer, names) for layer, names in hidden if all(name in computed for name in names)]
    outputs = [(last, columns.activation_names(last))] if columns.outputs > 1 else []
    return [(layer, names[:MOST_OF_A_LAYER]) for layer, names in hidden[:MOST_LAYERS] + outputs]


def columns_of_maps(columns: Columns) -> int:
    """How many columns the maps take, from the large one's first to the last small one's."""
    return SIDE + (SMALL + 1) * len(layers_with_maps(columns))


class InputPlane:
    """The large map, of the output or of the largest output, and right of it a small one for each neuron.

    Args:
        sheet: the name of the sheet.
        step: the network at the step shown.
        samples: its passes of the samples.
        classes: of each sample, from 1, with its formula for a row; none where the outputs tell no classes.
        corner: row and column of the first cell of the large map.
        points_at: the column of the samples' points, folded.
    """

    def __init__(
        self, sheet: str, step: AtTheStep, samples: Passes, classes: list[tuple[int, str]],
        corner: tuple[int, int], points_at: int,
    ) -> None:  # fmt: skip
        self.sheet, self.step, self.samples, self.classes = sheet, step, samples, classes
        self.top, self.left = corner
        self.large = TileGrid(*corner, SIDE)
        self.points_at = points_at
        self.columns = step.layout.columns
        self.shown = layers_with_maps(self.columns)
        self.by_class = len(step.outputs) > 1 and bool(classes)
        bottom = max(samples.top + len(classes or samples.numbers[step.inputs[0]]), step.top + len(step.parameters) + 1)
        x, y = (axis(samples.range(name), samples.numbers[name], SIDE) for name in step.inputs)
        self.x, self.y = x, y.from_the_top
        of_tiles = np.tile(self.x.numbers, SIDE), np.repeat(self.y.numbers, SIDE)
        self.points = step.passes(bottom + 1, dict(zip(step.inputs, of_tiles, strict=True)))

    def small_left(self, index: int) -> int:
        """The first column of a layer's small maps."""
        return self.left + SIDE + 1 + index * (SMALL + 1)

    def widths(self) -> dict[str, float]:
        """Of the columns of the small maps."""
        last = self.left + columns_of_maps(self.columns) - 1
        return {f"{letter(self.left + SIDE)}:{letter(last)}": SMALL_WIDTH} if self.shown else {}

    def cells(self) -> Iterator[Cell]:
        """The maps, the passes behind them, and the samples' points."""
        yield from self.large_map()
        for index, (layer, names) in enumerate(self.shown):
            left = self.small_left(index)
            yield Cell(self.top - 2, left, "heading", self.layer_heading(layer, names))
            for down, name in enumerate(names):
                yield from self.small_map(name, TileGrid(self.small_top(down), left, SMALL))
        yield from self.step.cells(self.points)
        yield from self.point_cells()

    def small_top(self, down: int) -> int:
        """The first row of a neuron's map, by its index in its layer."""
        return self.top + down * (SMALL + 1)

    def layer_heading(self, layer: int, names: list[str]) -> str:
        """What the layer is, and what is left out."""
        title = "outputs" if layer == self.columns.depth - 1 else f"hidden layer {layer + 1}"
        number = len(self.columns.activation_names(layer))
        return title if number == len(names) else f"{title}: {len(names)} of {number}"

    def large_map(self) -> Iterator[Cell]:
        what = "The largest output" if self.by_class else f"Output {self.step.outputs[0]}"
        yield Cell(self.top - 2, self.left, "heading", f"{what} over i1 (to the right) and i2 (upwards)")
        points = "Points: the samples, in the colour of their target." if self.classes else "Points: the samples."
        yield Cell(self.top - 1, self.left, "note", points)
        first = letter(self.step.last_column + 1 - len(self.step.outputs))
        last = letter(self.step.last_column)
        outputs = np.array([self.points.numbers[name] for name in self.step.outputs])
        for tile in range(SIDE):
            y, x = (float(edge.numbers[tile]) for edge in (self.y, self.x))
            yield Cell(self.top + tile, self.left - 1, "axis", y, self.y.formulas[tile])
            yield Cell(self.large.bottom, self.left + tile, "axis", x, self.x.formulas[tile])
        for tile, down, along in self.large.tiles():
            row, x, y = self.points.top + tile, float(self.x.numbers[along]), float(self.y.numbers[down])
            yield Cell(row, self.points.left, "number", x, f"={letter(self.left + along)}${self.large.bottom}")
            yield Cell(row, self.points.left + 1, "number", y, f"=${letter(self.left - 1)}{self.top + down}")
            at = self.top + down, self.left + along
            if self.by_class:
                cells = f"{first}{row}:{last}{row}"
                given = {OUTPUTS.name: outputs[:, tile]}
                yield Cell(*at, "class", *live_whole(position_of_largest(OUTPUTS), given, {OUTPUTS: cells}.__getitem__))
            else:
                yield Cell(*at, "tile", float(outputs[0, tile]), f"={last}{row}")

    def small_map(self, name: str, grid: TileGrid) -> Iterator[Cell]:
        """Every second row and column of the large one, for one neuron."""
        yield Cell(grid.top - 1, grid.left, "note", name)
        for _, down, along in grid.tiles():
            source = SIDE * (2 * down) + 2 * along
            value = float(self.points.numbers[name][source])
            formula = f"={self.points.column(name)}{self.points.top + source}"
            yield Cell(grid.top + down, grid.left + along, "color", value, formula)

    def small_maps(self) -> Iterator[tuple[str, TileGrid]]:
        """The activations, each with its map."""
        for index, (_, names) in enumerate(self.shown):
            for down, name in enumerate(names):
                yield name, TileGrid(self.small_top(down), self.small_left(index), SMALL)

    def scales(self) -> Iterator[ColorScale]:
        """Blue for the lower, orange for the upper end of what a neuron can put out, white between them."""
        layers = self.columns.network.layers
        if not self.by_class:
            yield _scale(self.large.area, ACTIVATIONS[layers[-1].activation])
        layer_of = {column.name: column.layer for column in self.columns.all}
        for name, grid in self.small_maps():
            layer = layer_of.get(name)
            yield _scale(grid.area, ACTIVATIONS[layers[layer if layer is not None else -1].activation])

    def rules(self) -> Iterator[Rule]:
        """The colours of the classes."""
        first, _ = self.large.corners
        for number in range(1, len(self.step.outputs) + 1 if self.by_class else 1):
            yield Rule(self.large.area, f"={first}={number}", class_color(number))

    def overlays(self) -> Iterator[Overlay]:
        """The samples on every map."""
        series = list(self.series())
        for grid in (self.large, *(grid for _, grid in self.small_maps())):
            yield Overlay(series, *grid.corners, margin=0.5 / (grid.side - 1))

    def point_cells(self) -> Iterator[Cell]:
        """Where each sample is: from 0 at the first tile to 1 at the last; upwards a column for each class."""
        headers = ["class", "x", *(f"y of {number}" for number in self.numbers)]
        yield from (
            Cell(self.samples.top - 1, self.points_at + n, "header", header) for n, header in enumerate(headers)
        )
        shares = self.shares()
        for offset in range(self.count):
            row = self.samples.top + offset
            yield Cell(row, self.points_at, "step", *(self.classes[offset] if self.classes else (1, None)))
            for n, of_samples in enumerate(shares, start=1):
                yield Cell(row, self.points_at + n, "number", *of_samples[offset])

    def shares(self) -> list[list[Live]]:
        """Of each column of the points the samples' numbers, with their formulas: x, then y by class."""
        low_x, high_x = (f"${letter(self.left + at)}${self.large.bottom}" for at in (0, SIDE - 1))
        low_y, high_y = (f"${letter(self.left - 1)}${self.top + at}" for at in (SIDE - 1, 0))
        across = self.x.numbers[0], self.x.numbers[-1], low_x, high_x
        upwards = self.y.numbers[-1], self.y.numbers[0], low_y, high_y
        of_class = [call("IF", compare("=", CLASS, Number(of)), SHARE, Number(ABSENT)) for of in self.numbers]
        return [
            [self.share(tree, name, offset, *ends) for offset in range(self.count)]
            for tree, name, ends in [
                (SHARE, self.step.inputs[0], across), *((tree, self.step.inputs[1], upwards) for tree in of_class)
            ]
        ]  # fmt: skip

    def share(self, tree: Tree, name: str, offset: int, low: float, high: float, low_cell: str, high_cell: str) -> Live:
        """How far a sample's input lies from one end of the large map to the other."""
        row = self.samples.top + offset
        number = self.classes[offset][0] if self.classes else 1
        cells = {AT: f"{self.samples.column(name)}{row}", CLASS: f"{letter(self.points_at)}{row}"}
        numbers = {AT.name: float(self.samples.numbers[name][offset]), CLASS.name: number}
        ends = {LEAST.name: low, MOST.name: high}
        return live(tree, numbers | ends, (cells | {LEAST: low_cell, MOST: high_cell}).__getitem__)

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.samples.numbers[self.step.inputs[0]])

    @property
    def numbers(self) -> list[int]:
        """The classes that occur, by number."""
        return list(range(1, max(len(self.step.outputs), 2) + 1)) if self.classes else [1]

    @property
    def last_column(self) -> int:
        """The last column of the points."""
        return self.points_at + 1 + len(self.numbers)

    def series(self) -> Iterator[Series]:
        """The points of each class."""
        x, *ys = ([number for number, _ in of_samples] for of_samples in self.shares())
        x_range, *y_ranges = (self.point_range(n) for n in range(1, 2 + len(self.numbers)))
        for number, y, y_range in zip(self.numbers, ys, y_ranges, strict=True):
            color = POINT_COLORS[(number - 1) % len(POINT_COLORS)] if self.classes else BLACK
            yield Series(y_range, y, x_range=x_range, x_values=x, marker="circle", color=color, size=7)

    def point_range(self, number: int) -> str:
        """The cells of a column of the points."""
        column = letter(self.points_at + number)
        last = self.samples.top + self.count - 1
        return on_sheet(self.sheet, f"${column}${self.samples.top}:${column}${last}")


def _scale(area: str, of: Activation) -> ColorScale:
    return ColorScale(area, COLORS, (of.least, (of.least + of.most) / 2, of.most) if of.is_bounded else None)
