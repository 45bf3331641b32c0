"""What a network and its neurons make of every input: maps over the plane of two inputs, for `predictions`."""

from collections.abc import Iterator

import numpy as np

from engine import Columns, FloatArray
from engine.activations import ACTIVATIONS, Activation
from workbook.records import BLACK, Cell, ColorScale, Overlay, Rule, Series, class_color
from workbook.sheets.passes import AtTheStep, Passes
from workbook.table.definitions import evaluation
from workbook.table.layout import letter, on_sheet

SIDE = 21  # cells along the edge of the large map
SMALL = 11  # of a neuron's map, which shows every second row and column of the large one
SMALL_WIDTH = 15 / 7  # of its cells, in characters: as wide as a row is high
MARGIN = 0.25  # around the samples, as a share of their range
# Neurons of a layer, and hidden layers, that have a map.
MOST_OF_A_LAYER, MOST_LAYERS = 5, 4
COLORS = ("#74ADD1", "#FFFFFF", "#F4A442")  # dark digits can be read on all of them
# Of the samples by class: darker than the regions of their class.
POINT_COLORS = ("#004E7C", "#A85200", "#00664B", "#9C3D72", "#1F6FA3", "#8A2E00", "#333333")
ABSENT = -9  # where a sample of another class is drawn: outside


def axis(cells: str, numbers: FloatArray, count: int) -> tuple[FloatArray, list[str]]:
    """Inputs from left of the samples' least to right of their largest, each with its formula over their cells."""
    low, high = float(numbers.min()), float(numbers.max())
    spread = MARGIN * ((high - low) or 2.0)
    wide = f"{MARGIN}*IF(MAX({cells})=MIN({cells}),2,MAX({cells})-MIN({cells}))"
    least, most = f"MIN({cells})-{wide}", f"MAX({cells})+{wide}"
    formulas = [f"={least}+{place}/{count - 1}*({most}-({least}))" for place in range(count)]
    return np.linspace(low - spread, high + spread, count), formulas


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
        self.points_at = points_at
        self.columns = step.layout.columns
        self.shown = layers_with_maps(self.columns)
        self.by_class = len(step.outputs) > 1 and bool(classes)
        bottom = max(samples.top + len(classes or samples.numbers[step.inputs[0]]), step.top + len(step.parameters) + 1)
        (self.x, self.x_formulas), (self.y, self.y_formulas) = (
            axis(samples.range(name), samples.numbers[name], SIDE) for name in step.inputs
        )
        grid = {step.inputs[0]: np.tile(self.x, SIDE), step.inputs[1]: np.repeat(self.y[::-1], SIDE)}
        self.points = step.passes(bottom + 1, grid)

    @property
    def bottom(self) -> int:
        """The row of the weights below the large map."""
        return self.top + SIDE

    def small_left(self, place: int) -> int:
        """The first column of a layer's small maps."""
        return self.left + SIDE + 1 + place * (SMALL + 1)

    def widths(self) -> dict[str, float]:
        """Of the columns of the small maps."""
        last = self.left + columns_of_maps(self.columns) - 1
        return {f"{letter(self.left + SIDE)}:{letter(last)}": SMALL_WIDTH} if self.shown else {}

    def cells(self) -> Iterator[Cell]:
        """The maps, the passes behind them, and the samples' points."""
        yield from self.large()
        for place, (layer, names) in enumerate(self.shown):
            left = self.small_left(place)
            yield Cell(self.top - 2, left, "heading", self.layer_heading(layer, names))
            for down, name in enumerate(names):
                yield from self.small(name, self.small_top(down), left)
        yield from self.step.cells(self.points)
        yield from self.point_cells()

    def small_top(self, down: int) -> int:
        """The first row of a neuron's map, by its place in its layer."""
        return self.top + down * (SMALL + 1)

    def layer_heading(self, layer: int, names: list[str]) -> str:
        """What the layer is, and what is left out."""
        title = "outputs" if layer == self.columns.depth - 1 else f"hidden layer {layer + 1}"
        number = len(self.columns.activation_names(layer))
        return title if number == len(names) else f"{title}: {len(names)} of {number}"

    def large(self) -> Iterator[Cell]:
        what = "The largest output" if self.by_class else f"Output {self.step.outputs[0]}"
        yield Cell(self.top - 2, self.left, "heading", f"{what} over i1 (to the right) and i2 (upwards)")
        points = "Points: the samples, in the colour of their target." if self.classes else "Points: the samples."
        yield Cell(self.top - 1, self.left, "note", points)
        first = letter(self.step.last_column + 1 - len(self.step.outputs))
        last = letter(self.step.last_column)
        outputs = np.array([self.points.numbers[name] for name in self.step.outputs])
        for place in range(SIDE):
            row, column = self.top + place, self.left + place
            y, formula = float(self.y[SIDE - 1 - place]), self.y_formulas[SIDE - 1 - place]
            yield Cell(row, self.left - 1, "axis", y, formula)
            yield Cell(self.bottom, column, "axis", float(self.x[place]), self.x_formulas[place])
        for place in range(SIDE * SIDE):
            row, (down, along) = self.points.top + place, divmod(place, SIDE)
            x, y = float(self.x[along]), float(self.y[SIDE - 1 - down])
            yield Cell(row, self.points.left, "number", x, f"={letter(self.left + along)}${self.bottom}")
            yield Cell(row, self.points.left + 1, "number", y, f"=${letter(self.left - 1)}{self.top + down}")
            at = self.top + down, self.left + along
            if self.by_class:
                cells = f"{first}{row}:{last}{row}"
                yield Cell(*at, "class", int(outputs[:, place].argmax()) + 1, f"=MATCH(MAX({cells}),{cells},0)")
            else:
                yield Cell(*at, "tile", float(outputs[0, place]), f"={last}{row}")

    def small(self, name: str, top: int, left: int) -> Iterator[Cell]:
        yield Cell(top - 1, left, "note", name)
        for place in range(SMALL * SMALL):
            down, along = divmod(place, SMALL)
            source = SIDE * (2 * down) + 2 * along
            value = float(self.points.numbers[name][source])
            formula = f"={self.points.column(name)}{self.points.top + source}"
            yield Cell(top + down, left + along, "color", value, formula)

    def area(self, top: int, left: int, side: int) -> tuple[str, str]:
        """The first and the last cell of a map."""
        return f"{letter(left)}{top}", f"{letter(left + side - 1)}{top + side - 1}"

    def areas(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """The small maps, by their activation."""
        for place, (_, names) in enumerate(self.shown):
            for down, name in enumerate(names):
                yield name, self.area(self.small_top(down), self.small_left(place), SMALL)

    def scales(self) -> Iterator[ColorScale]:
        """Blue for the lower, orange for the upper end of what a neuron can say, white between them."""
        layers = self.columns.network.layers
        if not self.by_class:
            yield _scale(":".join(self.area(self.top, self.left, SIDE)), ACTIVATIONS[layers[-1].activation])
        layer_of = {column.name: column.layer for column in self.columns.all}
        for name, area in self.areas():
            layer = layer_of.get(name)
            yield _scale(":".join(area), ACTIVATIONS[layers[layer if layer is not None else -1].activation])

    def rules(self) -> Iterator[Rule]:
        """The colours of the classes."""
        first, last = self.area(self.top, self.left, SIDE)
        for number in range(1, len(self.step.outputs) + 1 if self.by_class else 1):
            yield Rule(f"{first}:{last}", f"={first}={number}", class_color(number))

    def overlays(self) -> Iterator[Overlay]:
        """The samples on every map."""
        series = list(self.series())
        for (first, last), side in [(self.area(self.top, self.left, SIDE), SIDE)] + [
            (area, SMALL) for _, area in self.areas()
        ]:
            yield Overlay(series, first, last, margin=0.5 / (side - 1))

    def point_cells(self) -> Iterator[Cell]:
        """Where each sample is: from 0 at the first tile to 1 at the last; upwards a column for each class."""
        first = letter(self.left), letter(self.left + SIDE - 1)
        ends = (
            (f"${first[0]}${self.bottom}", f"${first[1]}${self.bottom}"),
            (f"${letter(self.left - 1)}${self.bottom - 1}", f"${letter(self.left - 1)}${self.top}"),
        )
        headers = ["class", "x", *(f"y of {number}" for number in self.numbers)]
        yield from (
            Cell(self.samples.top - 1, self.points_at + n, "header", header) for n, header in enumerate(headers)
        )
        shares = [
            f"({self.samples.column(name)}{{row}}-{low})/({high}-{low})"
            for name, (low, high) in zip(self.step.inputs, ends, strict=True)
        ]
        x, ys = self.places()
        own = letter(self.points_at)
        for offset in range(len(x)):
            row = self.samples.top + offset
            number, formula = self.classes[offset] if self.classes else (1, None)
            yield Cell(row, self.points_at, "step", number, formula and f"={formula}")
            yield Cell(row, self.points_at + 1, "number", float(x[offset]), f"={shares[0].format(row=row)}")
            for n, (of, y) in enumerate(zip(self.numbers, ys, strict=True)):
                text = f"=IF({own}{row}={of},{shares[1].format(row=row)},{ABSENT})"
                yield Cell(row, self.points_at + 2 + n, "number", float(y[offset]), text)

    @property
    def numbers(self) -> list[int]:
        """Of the classes."""
        return list(range(1, max(len(self.step.outputs), 2) + 1)) if self.classes else [1]

    @property
    def last_column(self) -> int:
        """Of the points."""
        return self.points_at + 1 + len(self.numbers)

    def places(self) -> tuple[FloatArray, list[FloatArray]]:
        """The points' x, and their y by class."""
        shares = [
            (self.samples.numbers[name] - numbers[0]) / (numbers[-1] - numbers[0])
            for name, numbers in zip(self.step.inputs, (self.x, self.y), strict=True)
        ]
        classes = np.array([number for number, _ in self.classes] or [1] * len(shares[0]))
        return shares[0], [np.where(classes == number, shares[1], ABSENT) for number in self.numbers]

    def series(self) -> Iterator[Series]:
        """The points of each class."""
        x, ys = self.places()
        x_range, *y_ranges = (self.point_range(n) for n in range(1, 2 + len(self.numbers)))
        for number, y, y_range in zip(self.numbers, ys, y_ranges, strict=True):
            color = POINT_COLORS[(number - 1) % len(POINT_COLORS)] if self.classes else BLACK
            yield Series(
                y_range, y.tolist(), x_range=x_range, x_values=x.tolist(), marker="circle", color=color, size=7
            )

    def point_range(self, place: int) -> str:
        """The cells of a column of the points."""
        column = letter(self.points_at + place)
        last = self.samples.top + len(self.samples.numbers[self.step.inputs[0]]) - 1
        return on_sheet(self.sheet, f"${column}${self.samples.top}:${column}${last}")


def _scale(area: str, of: Activation) -> ColorScale:
    return ColorScale(area, COLORS, (of.least, (of.least + of.most) / 2, of.most) if of.is_bounded else None)
