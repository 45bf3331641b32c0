"""The sheet `predictions`: targets against outputs at the step shown, and the outputs for all inputs."""

from collections.abc import Iterator

import numpy as np

from engine import Columns, FloatArray
from engine.activations import ACTIVATIONS
from workbook.records import Cell, Chart, ColorScale, Overlay, Rule, Series, SheetPlan, class_color, small_sheet
from workbook.sheets.choice import word
from workbook.sheets.input_plane import SIDE, InputPlane, axis, columns_of_maps
from workbook.sheets.live import formula, live_content, live_whole
from workbook.sheets.passes import AtTheStep
from workbook.sheets.stepping import row_of_step, step_bars, step_cells
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.algebra import ONE, TWO, ZERO, call, compare, less, plus, position_of_largest, times
from workbook.spreadsheet.trees import Number, Text, Tree, Variable
from workbook.table.definitions import evaluation
from workbook.table.layout import FIRST_ROW, Layout, letter, on_sheet

SHEET = "predictions"
STEP, SHOWN = "$B$3", "$B$4"
TOP = 8  # the row of the headers
ZOOM = 75  # so that the whole map is on the first screen
TILE_WIDTH = 3.4
CURVE = 41  # points of the curve over one input
# Inputs that stand in the table, and over which there is a picture.
MOST_INPUTS = 2
# Every point of a map is a forward pass of its own, spelled out in cells.
MOST_NEURONS = 40
MOST_SAMPLES, MOST_CELLS = 500, 20_000
# Those of a sample.
TARGETS, OUTPUTS = Variable("targets", 0), Variable("outputs", 0)
TOO_LARGE = f"No map: it is drawn for networks of up to {MOST_NEURONS} neurons; this one has {{neurons}}."
TOO_MANY_INPUTS = "No map: it is drawn over one or two inputs; this network has {inputs}."
PICTURES = "No map over two inputs: this network's are pictures, which are on the sheet maps."


def has_predictions(columns: Columns) -> bool:
    """Whether there is something to compare: several samples, no sequences, whose passes find room."""
    cells = columns.samples * len(evaluation(columns))
    return columns.network.time == 1 < columns.samples <= MOST_SAMPLES and cells <= MOST_CELLS


def predictions_sheet(layout: Layout, values: FloatArray) -> SheetPlan:
    """The predictions of a run; `values` is the run, (T, C). The file opens with the first step."""
    return _Predictions(layout, values).sheet()


class _Predictions:
    def __init__(self, layout: Layout, values: FloatArray) -> None:
        self.layout, self.columns = layout, layout.columns
        columns = layout.columns
        self.targets = columns.target_names
        self.outputs = columns.activation_names(columns.depth - 1)
        self.activation = ACTIVATIONS[columns.network.layers[-1].activation]
        self.listed = columns.input_names if len(columns.input_names) <= MOST_INPUTS else []
        count = min(columns.samples, layout.rows)
        self.given = {
            name: values[:count, columns.index[name]] for name in (*columns.input_names, *columns.target_names)
        }
        # From left to right: the samples, the picture, and, folded, the points, the weights and the passes behind it.
        self.picture = 4 + len(self.listed) + 2 * len(self.outputs)
        over_two = self.no_picture is None and len(self.listed) > 1
        self.folded = self.picture + (columns_of_maps(columns) if over_two else SIDE) + 2
        self.step = AtTheStep(layout, values, SHOWN, TOP, self.folded + 4 + max(len(self.outputs), 2))
        self.samples = self.step.passes(TOP + 1, self.given)

    @property
    def no_picture(self) -> str | None:
        """Why there is no picture."""
        neurons, inputs = sum(self.columns.sizes[1:]), self.columns.sizes[0]
        if len(self.columns.network.shapes[0]) == 3:
            return PICTURES
        if inputs > MOST_INPUTS:
            return TOO_MANY_INPUTS.format(inputs=inputs)
        return TOO_LARGE.format(neurons=neurons) if neurons > MOST_NEURONS else None

    def sheet(self) -> SheetPlan:
        cells = [*self.heads(), *self.sample_cells(), *self.step.heads(), *self.step.cells(self.samples)]
        cells += self.sample_inputs()
        charts: list[Chart] = []
        overlays: list[Overlay] = []
        scales: list[ColorScale] = []
        rules = list(self.rules())
        widths: dict[str, float] = {f"{letter(self.picture)}:{letter(self.picture + SIDE - 1)}": TILE_WIDTH}
        if self.no_picture:
            cells.append(Cell(TOP, self.picture, "text", self.no_picture))
        elif len(self.listed) == 1:
            curve, more = self.curve()
            cells += more
            charts = [curve]
        else:
            plane = InputPlane(SHEET, self.step, self.samples, self.classes(), (TOP + 1, self.picture), self.folded)
            cells += plane.cells()
            overlays, scales, widths = list(plane.overlays()), list(plane.scales()), widths | plane.widths()
            rules += plane.rules()
        folded = f"{letter(self.folded)}:{letter(self.step.last_column)}"
        return small_sheet(
            SHEET,
            cells,
            widths={
                "A": 16,
                f"B:{letter(self.picture - 3)}": 9,
                letter(self.picture - 2): 2,
                letter(self.picture - 1): 7,
            }
            | widths
            | {letter(self.folded - 2): 3, letter(self.folded - 1): 3, folded: 9},
            tab="teach",
            heights={1: 24.0},
            charts=charts,
            scroll_bars=step_bars(self.layout, "B2", "E2"),
            scales=scales,
            rules=rules,
            overlays=overlays,
            zoom=ZOOM,
            frozen_rows=TOP - 2,
            gridlines=False,
            collapsed=[folded],
            paper="A3",
        )

    def heads(self) -> Iterator[Cell]:
        yield Cell(1, 0, "title", "What the network says")
        yield Cell(3, 0, "label", "step")
        yield from step_cells(self.layout, 3, 1)
        yield Cell(4, 0, "label", "row of the table")
        yield Cell(4, 1, "step", FIRST_ROW, f"={row_of_step(self.layout, STEP)}")
        yield Cell(4, 2, "beside", "with the weights before this step changes them")

    def sample_inputs(self) -> Iterator[Cell]:
        for name in self.columns.input_names:
            column = self.samples.left + self.samples.names.index(name)
            for offset, value in enumerate(self.given[name].tolist()):
                source = on_sheet(MAIN_SHEET, f"{self.layout.letters[name]}{FIRST_ROW + offset}")
                yield Cell(TOP + 1 + offset, column, "number", value, f"={source}")

    @property
    def first_target(self) -> int:
        """The column of the first target; the outputs follow."""
        return 1 + len(self.listed)

    def range_of(self, row: int, first: int, dollar: str = "") -> str:
        """The cells of a sample's targets or outputs."""
        cells = [f"{dollar}{letter(column)}{row}" for column in (first, first + len(self.outputs) - 1)]
        return ":".join(dict.fromkeys(cells))

    def sample_cells(self) -> Iterator[Cell]:
        """A row a sample: its inputs and targets, what the network says, and whether that is right."""
        word = "right" if self.activation.tells_classes else "error"
        headers = ["sample", *self.listed, *self.targets, *self.outputs, word]
        yield from (Cell(TOP, column, "header", text) for column, text in enumerate(headers))
        first_output = self.first_target + len(self.targets)
        for offset in range(len(self.given[self.targets[0]])):
            row = TOP + 1 + offset
            yield Cell(row, 0, "step", offset + 1)
            for column, name in enumerate([*self.listed, *self.targets], start=1):
                source = on_sheet(MAIN_SHEET, f"{self.layout.letters[name]}{FIRST_ROW + offset}")
                yield Cell(row, column, "number", float(self.given[name][offset]), f"={source}")
            for column, name in enumerate(self.outputs, start=first_output):
                value = float(self.samples.numbers[name][offset])
                yield Cell(row, column, "number", value, f"={self.samples.column(name)}{row}")
            yield self.judgement(row, offset)

    def judgement(self, row: int, offset: int) -> Cell:
        """Whether the class is right, or how far the outputs are from the targets."""
        first_output = self.first_target + len(self.targets)
        tells_classes = self.activation.tells_classes
        return Cell(
            row,
            first_output + len(self.outputs),
            "mark" if tells_classes else "number",
            *live_content(
                self.mark if tells_classes else self.error,
                {
                    TARGETS.name: np.array([[self.given[name][offset] for name in self.targets]]),
                    OUTPUTS.name: np.array([[self.samples.numbers[name][offset] for name in self.outputs]]),
                },
                {
                    TARGETS: self.range_of(row, self.first_target),
                    OUTPUTS: self.range_of(row, first_output),
                }.__getitem__,
            ),
        )

    @property
    def mark(self) -> Tree:
        """Whether the outputs tell the class that the targets tell."""
        if self.activation.threshold is None:
            same = compare("=", position_of_largest(TARGETS), position_of_largest(OUTPUTS))
        else:
            least = Number(self.activation.threshold)
            one_alone = [
                times(compare(sign, TARGETS, least), compare(other, OUTPUTS, least))
                for sign, other in ((">", "<="), ("<=", ">"))
            ]
            same = compare("=", call("SUMPRODUCT", plus(*one_alone)), ZERO)
        return word([(same, "✓")], otherwise=Text("✗"))

    @property
    def error(self) -> Tree:
        """How far the outputs are from the targets."""
        if len(self.targets) == 1:
            return call("ABS", less(TARGETS, OUTPUTS))
        return call("SQRT", call("SUMXMY2", TARGETS, OUTPUTS))

    @property
    def class_tree(self) -> Tree:
        """The class, from 1, that a sample's targets tell."""
        if len(self.targets) > 1:
            return position_of_largest(TARGETS)
        return call("IF", compare(">", TARGETS, Number(self.activation.threshold or 0.0)), TWO, ONE)

    def classes(self) -> list[tuple[int, str]]:
        """Each sample's class by its targets, from 1, with its formula; none where the outputs tell no classes."""
        if not self.activation.tells_classes:
            return []
        targets = np.stack([self.given[name] for name in self.targets], axis=-1)  # (samples, targets)
        rows = (self.range_of(TOP + 1 + offset, self.first_target) for offset in range(len(targets)))
        return [
            live_whole(self.class_tree, {TARGETS.name: own}, {TARGETS: cells}.__getitem__)
            for own, cells in zip(targets, rows, strict=True)
        ]

    def rules(self) -> Iterator[Rule]:
        """The numbers of the samples in the colour of their class, as on the map."""
        classes = self.classes()
        targets = self.range_of(TOP + 1, self.first_target, dollar="$")
        for number in range(1, max(len(self.outputs), 2) + 1 if classes else 1):
            own = formula(compare("=", self.class_tree, Number(number)), lambda _: targets)
            yield Rule(f"A{TOP + 1}:A{TOP + len(classes)}", own, class_color(number))

    def curve(self) -> tuple[Chart, list[Cell]]:
        """Targets as points and outputs as lines over the only input."""
        name = self.listed[0]
        x = axis(self.samples.range(name), self.samples.numbers[name], CURVE)
        count = len(self.given[name])
        points = self.step.passes(TOP + 2 + max(count, len(self.step.parameters)), {name: x.numbers})
        cells = [
            Cell(points.top + index, points.left, "number", float(x.numbers[index]), x.formulas[index])
            for index in range(CURVE)
        ]
        series = []
        for index, (target, output) in enumerate(zip(self.targets, self.outputs, strict=True)):
            column = letter(self.first_target + index)
            rows = f"${column}${TOP + 1}:${column}${TOP + count}"
            given = on_sheet(SHEET, self.samples.range(name)), self.samples.numbers[name].tolist()
            series += [
                Series(
                    on_sheet(SHEET, rows), self.given[target].tolist(), None, f"target {target}", *given,
                    marker="circle",
                ),
                Series(
                    on_sheet(SHEET, points.range(output)), points.numbers[output].tolist(), None, f"output {output}",
                    on_sheet(SHEET, points.range(name)), x.numbers.tolist(),
                ),
            ]  # fmt: skip
        chart = Chart(
            "Targets and outputs over i1", series, f"{letter(self.picture)}{TOP}",
            f"{letter(self.picture + SIDE - 1)}{TOP + SIDE}", legend=True, over_steps=False,
        )  # fmt: skip
        return chart, [*cells, *self.step.cells(points)]
