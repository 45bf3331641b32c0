"""The sheet `predictions`: targets against outputs for the step that one types, and the output over all inputs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine import Columns, FloatArray
from engine.activations import ACTIVATIONS
from workbook.records import Cell, Chart, Choice, ColorScale, Rule, Series, Sheet, Validation, small_sheet
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.trees import Variable, evaluate, leaves
from workbook.table.definitions import evaluation
from workbook.table.layout import FIRST_ROW, Layout, letter, on_sheet, over_cells

SHEET = "predictions"
STEP, SHOWN, OUTPUT = "$B$3", "$B$4", "$B$5"
TOP = 8  # the row of the headers
SIDE = 21  # of the grid, in cells
ZOOM = 75  # so that the whole grid is on the first screen
CURVE = 41  # points of the curve over one input
MARGIN = 0.25  # around the samples, as a share of their range
MOST_INPUTS = 2
# Every point of the grid is a forward pass of its own, spelled out in cells.
MOST_NEURONS = 40
MOST_SAMPLES = 500
TOO_LARGE = f"The grid is left out: it is drawn for networks of up to {MOST_NEURONS} neurons."
GRID_COLORS = ("#74ADD1", "#FFFFFF", "#F4A442")  # dark digits can be read on all of them


def has_predictions(columns: Columns) -> bool:
    """Whether there is something to compare: several samples of at most two inputs."""
    return 1 < columns.samples <= MOST_SAMPLES and columns.sizes[0] <= MOST_INPUTS


def predictions_sheet(layout: Layout, values: FloatArray) -> Sheet:
    """The predictions of a run; `values` is the run, (T, C). The file opens with the last step."""
    return _Predictions(layout, values).sheet()


@dataclass(frozen=True)
class _Passes:
    """A block of forward passes: a row each, a column for each input and neuron.

    Attributes:
        top: the row of the first pass.
        left: the column of the first input.
        names: inputs, then neurons; the activations of the last layer come last, side by side.
        numbers: (passes,) by name.
    """

    top: int
    left: int
    names: list[str]
    numbers: dict[str, FloatArray]

    def column(self, name: str) -> str:
        return letter(self.left + self.names.index(name))

    def range(self, name: str, first: int = 0, count: int | None = None) -> str:
        last = self.top + first + (len(self.numbers[name]) if count is None else count) - 1
        return f"${self.column(name)}${self.top + first}:${self.column(name)}${last}"


class _Predictions:
    def __init__(self, layout: Layout, values: FloatArray) -> None:
        self.layout, self.columns = layout, layout.columns
        columns = self.columns
        self.inputs, self.targets = columns.input_names, columns.target_names
        self.outputs = columns.activation_names(columns.depth - 1)
        self.samples = min(columns.samples, layout.rows)
        self.parameters = columns.of("weight", "bias", "running-mean", "running-variance")
        row = (layout.steps - 1) * columns.method.batch_size
        self.numbers = {name: values[row, columns.place[name]] for name in self.parameters}
        self.given = {name: values[: self.samples, columns.place[name]] for name in self.inputs + self.targets}
        self.activation = ACTIVATIONS[columns.network.layers[-1].activation]
        self.small = sum(columns.sizes[1:]) <= MOST_NEURONS
        self.forward = evaluation(columns)
        self.order = self.inputs + [name for name in self.forward if name not in self.outputs] + self.outputs
        # From left to right: the samples, the picture, and, folded, the weights and the passes behind it.
        self.picture = 4 + len(self.inputs) + 2 * len(self.outputs)
        self.weights_at = self.picture + SIDE + 3
        self.passes_at = self.weights_at + 3

    def sheet(self) -> Sheet:
        samples = self.passes(TOP + 1, self.given)
        cells = [*self.heads(), *self.sample_cells(samples), *self.weight_cells(), *self.pass_cells(samples)]
        cells += self.sample_inputs(samples)
        charts, scales, rules = [], [], []
        if not self.small:
            cells.append(Cell(TOP, self.picture, "text", TOO_LARGE))
        elif len(self.inputs) == 1:
            curve, more = self.curve(samples)
            cells += more
            charts = [curve]
        else:
            cells += self.grid(samples)
            area = f"{letter(self.picture)}{TOP + 1}:{letter(self.picture + SIDE - 1)}{TOP + SIDE}"
            scales, rules = [self.scale(area)], [Rule(area, self.near_a_sample(samples), "framed")]
        last = letter(self.passes_at + len(self.order) - 1)
        folded = f"{letter(self.weights_at)}:{last}"
        return small_sheet(
            SHEET,
            cells,
            widths={"A": 16, f"B:{letter(self.picture - 2)}": 9, letter(self.picture - 1): 7}
            | {f"{letter(self.picture)}:{letter(self.picture + SIDE - 1)}": 3.4}
            | {f"{letter(self.picture + SIDE)}:{letter(self.weights_at - 1)}": 3, folded: 9},
            tab="teach",
            heights={1: 24.0},
            charts=charts,
            validations=[
                Validation(
                    STEP.replace("$", ""), 1, self.layout.steps, "Step",
                    f"Type a whole number from 1 to {self.layout.steps}.", whole=True,
                )
            ],
            choices=[Choice(OUTPUT.replace("$", ""), self.outputs_range())] if self.chosen() else [],
            scales=scales,
            rules=rules,
            zoom=ZOOM,
            frozen_rows=TOP - 2,
            gridlines=False,
            collapsed=[folded],
            paper="A3",
        )  # fmt: skip

    def chosen(self) -> bool:
        """Whether one of several outputs has to be chosen for the grid."""
        return len(self.outputs) > 1 and len(self.inputs) == MOST_INPUTS and self.small

    def heads(self) -> Iterator[Cell]:
        steps, size = self.layout.steps, self.columns.method.batch_size
        step = f"MAX(1,MIN({steps},INT({STEP})))"
        yield Cell(1, 0, "title", "What the network says")
        yield Cell(3, 0, "label", "step")
        yield Cell(3, 1, "input", steps)
        yield Cell(3, 2, "beside", f"of {steps}: with the weights before this step changes them")
        yield Cell(4, 0, "label", "row of the table")
        shown = f"=IF(ISNUMBER({STEP}),{FIRST_ROW}+{size}*({step}-1),{FIRST_ROW})"
        yield Cell(4, 1, "step", float(FIRST_ROW + size * (steps - 1)), shown)
        if self.chosen():
            yield Cell(5, 0, "label", "output shown")
            yield Cell(5, 1, "input", self.outputs[0])

    def passes(self, top: int, given: dict[str, FloatArray]) -> _Passes:
        """The forward passes of some inputs with the weights of the step at hand."""
        known = {**self.numbers, **{name: given[name] for name in self.inputs}}

        def number(name: str) -> FloatArray:
            if name not in known:
                tree = self.forward[name].tree
                values = {leaf: number(leaf.name) for leaf in leaves(tree) if isinstance(leaf, Variable)}
                known[name] = np.asarray(evaluate(tree, values))
            return np.asarray(known[name])

        for name in self.order:
            number(name)
        shape = given[self.inputs[0]].shape
        return _Passes(top, self.passes_at, self.order, {n: np.broadcast_to(known[n], shape) for n in self.order})

    def weight_cells(self) -> Iterator[Cell]:
        yield Cell(TOP, self.weights_at, "header", "at the step")
        for place, name in enumerate(self.parameters):
            row, column = TOP + 1 + place, self.layout.letters[name]
            source = on_sheet(MAIN_SHEET, f"${column}$1:${column}${self.layout.last_row}")
            yield Cell(row, self.weights_at, "label", name)
            yield Cell(row, self.weights_at + 1, "number", float(self.numbers[name]), f"=INDEX({source},{SHOWN})")

    def pass_cells(self, passes: _Passes) -> Iterator[Cell]:
        """The neurons of a block of passes; its inputs are somebody else's."""
        weights = {
            name: f"${letter(self.weights_at + 1)}${TOP + 1 + place}" for place, name in enumerate(self.parameters)
        }
        for name in self.order[len(self.inputs) :]:
            for offset, value in enumerate(passes.numbers[name].tolist()):
                row = passes.top + offset
                cells = {name: f"{passes.column(name)}{row}" for name in self.order} | weights
                formula = over_cells(self.forward[name].tree, partial(_cell, cells))
                yield Cell(row, passes.left + self.order.index(name), "number", value, formula)

    def sample_inputs(self, passes: _Passes) -> Iterator[Cell]:
        yield from (Cell(TOP, self.passes_at + place, "header", name) for place, name in enumerate(self.order))
        for name in self.inputs:
            for offset, value in enumerate(passes.numbers[name].tolist()):
                source = on_sheet(MAIN_SHEET, f"{self.layout.letters[name]}{FIRST_ROW + offset}")
                yield Cell(passes.top + offset, passes.left + self.order.index(name), "number", value, f"={source}")

    def sample_cells(self, passes: _Passes) -> Iterator[Cell]:
        """A row a sample: its inputs and targets, what the network says, and whether that is right."""
        classes = self.activation.tells_classes
        headers = ["sample", *self.inputs, *self.targets, *self.outputs, "right" if classes else "error"]
        yield from (Cell(TOP, column, "header", text) for column, text in enumerate(headers))
        first_target = 1 + len(self.inputs)
        first_output = first_target + len(self.targets)
        for offset in range(self.samples):
            row = TOP + 1 + offset
            yield Cell(row, 0, "step", offset + 1)
            for place, name in enumerate(self.inputs + self.targets):
                source = on_sheet(MAIN_SHEET, f"{self.layout.letters[name]}{FIRST_ROW + offset}")
                yield Cell(row, 1 + place, "number", float(self.given[name][offset]), f"={source}")
            for place, name in enumerate(self.outputs):
                value = float(passes.numbers[name][offset])
                yield Cell(row, first_output + place, "number", value, f"={passes.column(name)}{row}")
            t = f"{letter(first_target)}{row}:{letter(first_output - 1)}{row}"
            a = f"{letter(first_output)}{row}:{letter(first_output + len(self.outputs) - 1)}{row}"
            yield self.judgement(row, first_output + len(self.outputs), t, a, passes, offset, classes=classes)

    def judgement(self, row: int, column: int, t: str, a: str, passes: _Passes, offset: int, *, classes: bool) -> Cell:
        targets = np.array([self.given[name][offset] for name in self.targets])
        outputs = np.array([passes.numbers[name][offset] for name in self.outputs])
        if not classes:
            error = f"=SQRT(SUMXMY2({t},{a}))" if len(targets) > 1 else f"=ABS({t.split(':')[0]}-{a.split(':')[0]})"
            return Cell(row, column, "number", float(np.sqrt(((targets - outputs) ** 2).sum())), error)
        if self.activation.threshold is None:
            right, same = targets.argmax() == outputs.argmax(), f"MATCH(MAX({t}),{t},0)=MATCH(MAX({a}),{a},0)"
        else:
            least = self.activation.threshold
            right = bool(((targets > least) == (outputs > least)).all())
            same = f"SUMPRODUCT((({t})>{least:g})*(({a})<={least:g})+(({t})<={least:g})*(({a})>{least:g}))=0"
        return Cell(row, column, "mark", "✓" if right else "✗", f'=IF({same},"✓","✗")')

    def bounds(self, name: str, passes: _Passes) -> tuple[tuple[float, str], tuple[float, str]]:
        """The least and the largest input of the picture, each with its formula."""
        cells, numbers = passes.range(name), passes.numbers[name]
        low, high = float(numbers.min()), float(numbers.max())
        spread = (high - low) or 2.0
        wide = f"{MARGIN}*IF(MAX({cells})=MIN({cells}),2,MAX({cells})-MIN({cells}))"
        return (low - MARGIN * spread, f"MIN({cells})-{wide}"), (high + MARGIN * spread, f"MAX({cells})+{wide}")

    def axis(self, name: str, count: int, samples: _Passes) -> tuple[FloatArray, list[str]]:
        (low, low_formula), (high, high_formula) = self.bounds(name, samples)
        numbers = np.linspace(low, high, count)
        return numbers, [
            f"={low_formula}+{place}/{count - 1}*({high_formula}-({low_formula}))" for place in range(count)
        ]

    def grid(self, samples: _Passes) -> Iterator[Cell]:
        """The output over the input plane: i1 across, i2 upwards."""
        x, x_formulas = self.axis(self.inputs[0], SIDE, samples)
        y, y_formulas = self.axis(self.inputs[1], SIDE, samples)
        across, up = np.tile(x, SIDE), np.repeat(y[::-1], SIDE)
        top = TOP + 2 + max(self.samples, len(self.parameters))
        points = self.passes(top, {self.inputs[0]: across, self.inputs[1]: up})
        labels, bottom = letter(self.picture - 1), TOP + SIDE + 1
        what = f'"Output "&{OUTPUT}' if self.chosen() else f'"Output {self.outputs[0]}"'
        title = f"Output {self.outputs[0]} over i1 (to the right) and i2 (upwards); framed: the samples"
        formula = f'={what}&" over i1 (to the right) and i2 (upwards); framed: the samples"'
        yield Cell(TOP - 1, self.picture, "heading", title, formula)
        for place in range(SIDE):
            row = TOP + 1 + place
            yield Cell(row, self.picture - 1, "axis", float(y[SIDE - 1 - place]), y_formulas[SIDE - 1 - place])
            yield Cell(bottom, self.picture + place, "axis", float(x[place]), x_formulas[place])
        last = letter(points.left + len(self.order) - 1)
        first = letter(points.left + len(self.order) - len(self.outputs))
        for place in range(SIDE * SIDE):
            row, (up_by, along) = top + place, divmod(place, SIDE)
            yield Cell(row, points.left, "number", float(across[place]), f"={letter(self.picture + along)}${bottom}")
            yield Cell(row, points.left + 1, "number", float(up[place]), f"=${labels}{TOP + 1 + up_by}")
            value = float(points.numbers[self.outputs[0]][place])
            source = f"{last}{row}"
            if self.chosen():
                source = f"INDEX({first}{row}:{last}{row},1,MATCH({OUTPUT},{self.outputs_range()},0))"
            yield Cell(TOP + 1 + up_by, self.picture + along, "tile", value, f"={source}")
        yield from self.pass_cells(points)

    def outputs_range(self) -> str:
        first = self.passes_at + len(self.order) - len(self.outputs)
        return f"${letter(first)}${TOP}:${letter(first + len(self.outputs) - 1)}${TOP}"

    def scale(self, area: str) -> ColorScale:
        """Blue for the lower, orange for the upper class, white on the boundary."""
        least, most = self.activation.least, self.activation.most
        return ColorScale(area, GRID_COLORS, (least, (least + most) / 2, most) if self.activation.is_bounded else None)

    def near_a_sample(self, samples: _Passes) -> str:
        """Whether a sample lies in the cell, for the first cell of the grid."""
        bottom, labels = TOP + SIDE + 1, letter(self.picture - 1)
        first, second = letter(self.picture), letter(self.picture + 1)
        half_x = f"(${second}${bottom}-${first}${bottom})/2"
        half_y = f"(${labels}${TOP + 1}-${labels}${TOP + 2})/2"
        x, y = (samples.range(name) for name in self.inputs)
        return f"=SUMPRODUCT((ABS({x}-{first}${bottom})<={half_x})*(ABS({y}-${labels}{TOP + 1})<={half_y}))>0"

    def curve(self, samples: _Passes) -> tuple[Chart, list[Cell]]:
        """Targets as points and outputs as lines over the only input."""
        x, formulas = self.axis(self.inputs[0], CURVE, samples)
        points = self.passes(TOP + 2 + max(self.samples, len(self.parameters)), {self.inputs[0]: x})
        cells = [
            Cell(points.top + place, points.left, "number", float(x[place]), formulas[place]) for place in range(CURVE)
        ]
        series = []
        first_target = 1 + len(self.inputs)
        for place, (target, output) in enumerate(zip(self.targets, self.outputs, strict=True)):
            column = letter(first_target + place)
            rows = f"${column}${TOP + 1}:${column}${TOP + self.samples}"
            series += [
                Series(
                    on_sheet(SHEET, rows), self.given[target].tolist(), None, f"target {target}",
                    on_sheet(SHEET, samples.range(self.inputs[0])), samples.numbers[self.inputs[0]].tolist(),
                    marker="circle",
                ),
                Series(
                    on_sheet(SHEET, points.range(output)), points.numbers[output].tolist(), None, f"output {output}",
                    on_sheet(SHEET, points.range(self.inputs[0])), x.tolist(),
                ),
            ]  # fmt: skip
        chart = Chart(
            "Targets and outputs over i1", series, f"{letter(self.picture)}{TOP}",
            f"{letter(self.picture + SIDE - 1)}{TOP + SIDE}", legend=True, over_steps=False,
        )  # fmt: skip
        return chart, [*cells, *self.pass_cells(points)]


def _cell(cells: dict[str, str], leaf: Variable) -> str:
    return cells[leaf.name]
