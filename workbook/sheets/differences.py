"""The part of the sheet `check` that needs no engine: the gradients of step 1 against central differences, live."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from engine import Experiment, FloatArray, descend
from engine.activations import ACTIVATIONS
from engine.columns import gradient_name
from workbook.records import Cell, Style
from workbook.sheets.choice import TextChoice
from workbook.sheets.live import Live, live
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.algebra import ONE, TWO, call, compare, less, over, plus, power, times
from workbook.spreadsheet.evaluator import value_of
from workbook.spreadsheet.trees import Number, Variable
from workbook.table.definitions import definitions, given_names
from workbook.table.layout import FIRST_ROW, Layout, largest_size, letter, on_sheet, over_cells

# A nudge on a network whose largest number is S is 1e-4/(1 + S): small steps where the loss bends sharply.
NUDGE = 1e-4
# A gradient passes within 1e-9 + 1e-5 of itself, and the rounding of the loss divided by the nudge.
ABSOLUTE, RELATIVE, ROUNDING = 1e-9, 1e-5, 1e-13
# A large network's nudged passes would be more than its table: they have at most so many cells.
MOST_CELLS = 20_000
# MAX takes 255 numbers, and a formula 8,192 characters.
MOST_NUMBERS = 100
# The kinds of columns that no pass from the inputs to the loss reads.
NOT_FORWARD = (
    *("step", "sample", "time", "rate", "batch", "delta", "gradient", "state"),
    *("running-mean", "running-variance"),
)
KINK, ORDER, CUT, SHARES = "kink", "order", "cut", "Σt ≠ 1"
LARGEST, TABLE, DIFFERENCE, ALLOWED = (Variable(name, 0) for name in ("largest", "table", "difference", "allowed"))
NUDGE_TREE = over(Number(NUDGE), plus(ONE, LARGEST))
# The weight and the loss of its batch, nudged up and down. A weight so large that the nudge is lost in it has no
# difference.
UP, DOWN, LOSS_UP, LOSS_DOWN = (Variable(name, 0) for name in ("up", "down", "loss up", "loss down"))
DIFFERENCE_TREE = call("IF", compare("=", UP, DOWN), TABLE, over(less(LOSS_UP, LOSS_DOWN), less(UP, DOWN)))
# The loss, and the nudge ε.
LOSS, EPSILON = Variable("loss", 0), Variable("ε", 0)
ROUNDED = plus(LOSS, power(over(Number(NUDGE), EPSILON), TWO))
ALLOWED_TREE = plus(
    Number(ABSOLUTE), times(Number(RELATIVE), call("ABS", TABLE)), over(times(Number(ROUNDING), ROUNDED), EPSILON)
)
AGREES = TextChoice([(compare("<=", call("ABS", less(TABLE, DIFFERENCE)), ALLOWED), "PASS")], otherwise="FAIL")


@dataclass(frozen=True)
class Nudged:
    """The first batch's numbers with one weight or bias nudged up, and down: each (batch, C)."""

    name: str
    up: FloatArray
    down: FloatArray


class Differences:
    """The table of differences, whose notes start at a row of the sheet, and the forward passes below it."""

    def __init__(self, layout: Layout, experiment: Experiment, values: FloatArray, first_row: int) -> None:
        self.layout, self.columns, self.experiment = layout, layout.columns, experiment
        self.index, self.batch = self.columns.index, self.columns.method.batch_size
        self.values = values[: self.batch]
        self.forward = [column.name for column in self.columns.all if column.kind not in NOT_FORWARD]
        self.cell_of = {name: letter(position) for position, name in enumerate(self.forward)}
        self.trained = [name for name in self.columns.of("weight", "bias") if name in self.columns.trained]
        self.checked = self.trained[:: -(-len(self.trained) // self.most_checked)]
        self.notes = list(self._notes())
        self.top = first_row + len(self.notes) + 3
        self.last = self.top + len(self.checked) - 1
        self.nudged_top = self.last + 5
        self.below = self.nudged_top + 2 * self.batch * len(self.checked)
        self.nudge_cell = f"$B${self.top - 2}"

    @property
    def most_checked(self) -> int:
        """How many weights and biases the cells are enough for."""
        return max(1, MOST_CELLS // (2 * self.batch * len(self.forward)))

    def _notes(self) -> Iterator[str]:
        network, method = self.columns.network, self.columns.method
        if self.batch > 1:
            over = f"{self.columns.sequences} sequences" if network.time > 1 else f"{self.batch} rows"
            yield f"E is E_batch: the {method.reduction} over the {over} of the batch, as of the gradients."
        if len(self.checked) < len(self.trained):
            yield f"Differences for {len(self.checked)} of {len(self.trained)} weights and biases, evenly spaced."
        if self.kinked_layers:
            yield f"{KINK}: a ReLU's pre-activation changes sign between the two passes; at 0 itself the slope is 0."
        if method.update == "output-first" and self.columns.depth > 1:
            yield f"{ORDER}: a hidden layer's errors pass back through new weights; it is not the slope of E."
        if network.truncated:
            yield f"{CUT}: with bptt errors stop on their way back through a sequence; it is not the slope of E."
        if network.loss == "cross-entropy":
            yield f"{SHARES}: only while the targets of a sample add up to 1 is a - t the slope of E."

    @cached_property
    def kinked_layers(self) -> list[int]:
        """The layers whose activation has a kink."""
        layers = enumerate(self.columns.network.layers)
        return [number for number, layer in layers if ACTIVATIONS[layer.activation].has_kink]

    def no_slope(self, name: str) -> str:
        """Why the table's gradient is not the slope of E; empty where it is.

        Output-first it is so for the last layer alone, truncated for the layers behind.
        """
        layer = self.columns.by_name[name].layer or 0
        if layer < self.columns.network.truncated:
            return CUT
        return "" if self.columns.method.update == "simultaneous" or layer == self.columns.depth - 1 else ORDER

    def main(self, first: str, last: str | None = None) -> str:
        """The first batch's rows of a column, or of columns side by side, of the main sheet."""
        start, end = self.layout.letters[first], self.layout.letters[last or first]
        rows = f"{start}{FIRST_ROW}:{end}{FIRST_ROW + self.batch - 1}"
        return on_sheet(MAIN_SHEET, rows if self.batch > 1 or start != end else f"{start}{FIRST_ROW}")

    def reduced(self, cells: str) -> str:
        """The mean or the sum of a batch's cells; the mean of sequences is by their number."""
        if self.batch == 1:
            return cells
        if self.columns.network.time > 1:
            return f"SUM({cells})" + f"/{self.columns.divisor}" * (self.columns.divisor > 1)
        return f"{'AVERAGE' if self.columns.method.reduction == 'mean' else 'SUM'}({cells})"

    def reduced_value(self, values: FloatArray, name: str) -> float:
        """That mean or sum, of a column of (batch, C) numbers."""
        column = values[:, self.index[name]]
        return float(column.sum() / self.columns.divisor)

    @property
    def targets_add_up(self) -> str:
        """A condition over cells: every target of the batch is a share; empty where none has to be."""
        if self.columns.network.loss != "cross-entropy":
            return ""
        total = "+".join(map(self.main, self.columns.target_names))
        return f"SUMPRODUCT((({total}-1)^2>10^-18)*1)=0"

    @cached_property
    def numbers(self) -> tuple[list[str], bool]:
        """The columns whose largest number limits the nudge, and whether they are spelled one by one."""
        given = given_names(self.columns)
        if self.columns == self.columns.plain(self.columns.sizes) and len(given) <= MOST_NUMBERS:
            return given, True  # whatever a sigmoid network computes from them is bounded
        return [name for name in self.forward if name not in (*self.columns.loss_names, "E_tot")], False

    @cached_property
    def nudge(self) -> float:
        """ε."""
        names, _ = self.numbers
        largest = float(np.abs(self.values[:, [self.index[name] for name in names]]).max())
        return value_of(NUDGE_TREE, {LARGEST.name: largest})

    def nudge_formula(self) -> str:
        """ε as a formula over cells."""
        names, one_by_one = self.numbers
        cells = self.main(names[0], names[-1])
        largest = largest_size(cells)
        if one_by_one:
            largest = f"MAX({','.join(f'ABS({self.main(name)})' for name in names)})"
        return over_cells(NUDGE_TREE, lambda _: largest)

    @cached_property
    def nudged(self) -> list[Nudged]:
        """Every pass."""
        return [Nudged(name, self._pass(name, 1), self._pass(name, -1)) for name in self.checked]

    def _pass(self, name: str, sign: int) -> FloatArray:
        weights = [matrix.copy() for matrix in self.experiment.weights]
        biases = [bias.copy() for bias in self.experiment.biases]
        column = self.columns.by_name[name]
        layer = column.layer or 0
        alike = [of.name for of in self.columns.all if (of.kind, of.layer) == (column.kind, column.layer)]
        arrays = weights if column.kind == "weight" else biases
        arrays[layer].flat[alike.index(name)] += sign * self.nudge
        nudged = replace(self.experiment, weights=tuple(weights), biases=tuple(biases), steps=1, runs=())
        numbers: FloatArray = descend(nudged, [0.0]).numbers.values[:, :, 0]
        return numbers

    def allowed(self, gradient: float, row: int) -> Live:
        """How far a difference may lie from a gradient, which stands in a row."""
        numbers = {TABLE: gradient, LOSS: self.reduced_value(self.values, "E_tot"), EPSILON: self.nudge}
        cells = {TABLE: f"B{row}", LOSS: self.reduced(self.main("E_tot")), EPSILON: self.nudge_cell}
        return live(ALLOWED_TREE, {leaf.name: number for leaf, number in numbers.items()}, cells.__getitem__)

    def table(self) -> list[Cell]:
        """A row for each weight and bias."""
        top, whose = self.top, "step 1" if self.batch == 1 else "step 1's batch"
        title = f"The gradients of {whose} against central differences: (E(w + ε) - E(w - ε)) / 2ε"
        gradient = "in the table" if self.batch == 1 else f"{self.columns.method.reduction} in the table"
        headers = ("gradient at step 1", gradient, "central difference", "allowed", "verdict")
        cells = [
            Cell(top - 3 - len(self.notes), 0, "heading", title),
            *(Cell(row, 0, "text", note) for row, note in enumerate(self.notes, start=top - 2 - len(self.notes))),
            Cell(top - 2, 0, "label", "ε"),
            Cell(top - 2, 1, "tolerance", self.nudge, self.nudge_formula()),
            *(Cell(top - 1, position, "header", text) for position, text in enumerate(headers)),
        ]
        for position, (nudged, verdict) in enumerate(zip(self.nudged, self.verdicts, strict=True)):
            row, up = top + position, self.nudged_top + 2 * self.batch * position
            name = gradient_name(nudged.name)
            table, before = self.reduced_value(self.values, name), f"F{row - 1}&" if position else ""
            cells += [
                Cell(row, 0, "label", name),
                Cell(row, 1, "result", table, f"={self.reduced(self.main(name))}"),
                Cell(row, 2, "result", self.difference(nudged), self.difference_formula(nudged.name, row, up)),
                Cell(row, 3, "tolerance", *self.allowed(table, row)),
                Cell(row, 4, "verdict", verdict, self.verdict_formula(nudged.name, row, up)),
                Cell(row, 5, "text", self.failed(position + 1), f'={before}IF(E{row}="FAIL"," "&A{row},"")'),
            ]
        return cells

    @cached_property
    def verdicts(self) -> list[str]:
        """Each parameter's verdict, for the cells' caches."""
        return list(map(self.verdict, self.nudged))

    def failed(self, rows: int | None = None) -> str:
        """The names that fail, of the first rows or of all."""
        pairs = list(zip(self.nudged, self.verdicts, strict=True))[:rows]
        return "".join(f" {gradient_name(nudged.name)}" for nudged, verdict in pairs if verdict == "FAIL")

    def difference(self, nudged: Nudged) -> float:
        """(E(w + ε) - E(w - ε)) / 2ε."""
        numbers = {
            UP: float(nudged.up[0, self.index[nudged.name]]),
            DOWN: float(nudged.down[0, self.index[nudged.name]]),
            LOSS_UP: self.reduced_value(nudged.up, "E_tot"),
            LOSS_DOWN: self.reduced_value(nudged.down, "E_tot"),
            TABLE: self.reduced_value(self.values, gradient_name(nudged.name)),
        }
        return value_of(DIFFERENCE_TREE, {leaf.name: number for leaf, number in numbers.items()})

    def difference_formula(self, name: str, row: int, up: int) -> str:
        """That as a formula over cells: the passes nudged up start at a row, those nudged down follow them."""
        column, loss, down = self.cell_of[name], self.cell_of["E_tot"], up + self.batch
        losses = [
            self.reduced(f"{loss}{first}" + (f":{loss}{first + self.batch - 1}" if self.batch > 1 else ""))
            for first in (up, down)
        ]
        cells = {UP: f"{column}{up}", DOWN: f"{column}{down}", LOSS_UP: losses[0], LOSS_DOWN: losses[1]}
        return over_cells(DIFFERENCE_TREE, (cells | {TABLE: f"B{row}"}).__getitem__)

    def verdict(self, nudged: Nudged) -> str:
        """PASS, FAIL, or why there is nothing to compare."""
        if why := self.no_slope(nudged.name):
            return why
        for layer in self.kinked_layers:
            indices = [self.index[name] for name in self.columns.neuron_names(layer)]
            if ((nudged.up[:, indices] > 0) != (nudged.down[:, indices] > 0)).any():
                return KINK
        table = self.reduced_value(self.values, gradient_name(nudged.name))
        return AGREES.text(
            {
                TABLE.name: table,
                DIFFERENCE.name: self.difference(nudged),
                ALLOWED.name: self.allowed(table, self.top)[0],
            }
        )

    def verdict_formula(self, name: str, row: int, up: int) -> str | None:
        """The verdict as a formula over cells; an error in a cell is a failure too."""
        if self.no_slope(name):
            return None
        word = AGREES.formula({TABLE: f"B{row}", DIFFERENCE: f"C{row}", ALLOWED: f"D{row}"}.__getitem__)
        if self.kinked_layers:
            changes = "+".join(self._sign_changes(layer, up) for layer in self.kinked_layers)
            word = f'IF({changes}>0,"{KINK}",{word})'
        if self.targets_add_up:
            word = f'IF({self.targets_add_up},{word},"{SHARES}")'
        return f'=IFERROR({word},"FAIL")'

    def _sign_changes(self, layer: int, up: int) -> str:
        # The activations stand among the pre-activations: they are above 0 where these are.
        first = self.cell_of[self.columns.neuron_names(layer)[0]]
        last = self.cell_of[self.columns.activation_names(layer)[-1]]
        ends = ((row, row + self.batch - 1) for row in (up, up + self.batch))
        changes = "-".join(f"({first}{start}:{last}{end}>0)*1" for start, end in ends)
        return f"SUMPRODUCT(({changes})^2)"

    def passes(self) -> list[Cell]:
        """The forward passes of the batch for each weight and bias nudged up and down, spelled out in cells."""
        top = self.nudged_top
        title = (
            f"The forward passes with one weight {'or bias ' * bool(self.columns.of('bias'))}nudged by ε, up and down"
        )
        cells = [Cell(top - 2, 0, "heading", title)]
        cells += [Cell(top - 1, position, "header", f"{name} nudged") for position, name in enumerate(self.forward)]
        row = top
        for nudged in self.nudged:
            for sign, numbers in (("+", nudged.up), ("-", nudged.down)):
                for sample, values in enumerate(numbers):
                    cells += self._row(row, nudged.name, sign, sample, values)
                    row += 1
        return cells

    def _row(self, row: int, nudged: str, sign: str, sample: int, values: FloatArray) -> Iterator[Cell]:
        defined, given = definitions(self.columns), set(given_names(self.columns))

        def cell(leaf: Variable) -> str:
            return f"{self.cell_of[leaf.name]}{row + leaf.row}"

        for position, name in enumerate(self.forward):
            if name in given:
                # The weights of the whole batch are those of its first row.
                at = FIRST_ROW + (0 if self.columns.by_name[name].kind in ("weight", "bias") else sample)
                nudge = f"{sign}{self.nudge_cell}" if name == nudged else ""
                formula = f"={on_sheet(MAIN_SHEET, f'{self.layout.letters[name]}{at}')}{nudge}"
            else:
                formula = over_cells(defined[name].tree_of(sample), cell)
            style: Style = "box" if name == nudged else "number"
            yield Cell(row, position, style, float(values[self.index[name]]), formula)
