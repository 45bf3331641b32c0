"""The part of the sheet `check` that needs no engine: the gradients of step 1 against central differences, live."""

from collections.abc import Iterator
from functools import cached_property

from engine import Experiment, FloatArray
from engine.activations import ACTIVATIONS
from engine.columns import gradient_name
from workbook.records import Cell
from workbook.sheets.choice import word
from workbook.sheets.live import Live, live, live_content
from workbook.sheets.nudged_passes import Nudged, NudgedPasses, forward_names
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.algebra import ONE, TWO, ZERO, call, compare, largest_size, less, over, plus, power, times
from workbook.spreadsheet.evaluator import Given
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Number, Operation, Text, Tree, Variable
from workbook.table.definitions import given_names
from workbook.table.layout import FIRST_ROW, Layout, letter, on_sheet

# A nudge on a network whose largest number is S is 1e-4/(1 + S): small steps where the loss bends sharply.
NUDGE = 1e-4
# A gradient passes within 1e-9 + 1e-5 of itself, and the rounding of the loss divided by the nudge.
ABSOLUTE, RELATIVE, ROUNDING = 1e-9, 1e-5, 1e-13
# A large network's nudged passes would be more than its table: they have at most so many cells.
MOST_CELLS = 20_000
# MAX takes 255 numbers, and a formula 8,192 characters.
MOST_NUMBERS = 100
KINK, ORDER, CUT, SHARES = "kink", "order", "cut", "Σt ≠ 1"
LARGEST, TABLE, DIFFERENCE, ALLOWED = (Variable(name, 0) for name in ("largest", "table", "difference", "allowed"))
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
AGREES = word([(compare("<=", call("ABS", less(TABLE, DIFFERENCE)), ALLOWED), "PASS")], otherwise=Text("FAIL"))
# What a column has in the rows of a batch.
OF_BATCH = Variable("rows of the batch", 0)


def _nudge(largest: Tree) -> Tree:
    return over(Number(NUDGE), plus(ONE, largest))


class Differences:
    """The table of differences, whose notes start at a row of the sheet, and the forward passes below it."""

    def __init__(self, layout: Layout, experiment: Experiment, values: FloatArray, first_row: int) -> None:
        self.layout, self.columns = layout, layout.columns
        self.index, self.batch = self.columns.index, self.columns.method.batch_size
        self.values = values[: self.batch]
        self.forward = forward_names(self.columns)
        self.trained = [name for name in self.columns.of("weight", "bias") if name in self.columns.trained]
        self.checked = self.trained[:: -(-len(self.trained) // self.most_checked)]
        self.notes = list(self._notes())
        self.top = first_row + len(self.notes) + 3
        self.last = self.top + len(self.checked) - 1
        self.nudge_cell = f"$B${self.top - 2}"
        self.passes = NudgedPasses(layout, experiment, self.checked, self.nudge[0], self.nudge_cell, self.last + 5)
        self.below = self.passes.top + 2 * self.batch * len(self.checked)

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

    @cached_property
    def reduced_tree(self) -> Tree:
        """The mean or the sum of a batch's rows; the mean of sequences is by their number."""
        if self.batch == 1:
            return OF_BATCH
        if self.columns.network.time > 1:
            total, divisor = call("SUM", OF_BATCH), self.columns.divisor
            return over(total, Number(divisor)) if divisor > 1 else total
        return call("AVERAGE" if self.columns.method.reduction == "mean" else "SUM", OF_BATCH)

    def reduced(self, values: FloatArray, name: str, cells: str) -> Live:
        """A column of (batch, C) numbers reduced, from its cells."""
        return live(self.reduced_tree, {OF_BATCH.name: values[:, [self.index[name]]]}, lambda _: cells)

    def of_table(self, name: str) -> Live:
        """A column of the table reduced over the first batch."""
        return self.reduced(self.values, name, self.main(name))

    @property
    def targets_add_up(self) -> Tree | None:
        """The condition that every target of the batch is a share; None where none has to be."""
        if self.columns.network.loss != "cross-entropy":
            return None
        total = plus(*(Variable(name, 0) for name in self.columns.target_names))
        off = compare(">", power(less(total, ONE), TWO), power(Number(10), Operation("neg", (Number(18),))))
        return compare("=", call("SUMPRODUCT", times(off, ONE)), ZERO)

    @property
    def targets_add_up_over_cells(self) -> str:
        """The same over cells; empty where it is None."""
        tree = self.targets_add_up
        return "" if tree is None else printed(tree, lambda leaf: self.main(leaf.name), spaced=False)

    @cached_property
    def numbers(self) -> tuple[list[str], bool]:
        """The columns whose largest number limits the nudge, and whether they are spelled one by one."""
        given = given_names(self.columns)
        if self.columns == self.columns.plain(self.columns.sizes) and len(given) <= MOST_NUMBERS:
            return given, True  # whatever a sigmoid network computes from them is bounded
        return [name for name in self.forward if name not in (*self.columns.loss_names, "E_tot")], False

    @cached_property
    def nudge(self) -> Live:
        """ε."""
        names, one_by_one = self.numbers
        given: dict[str, Given] = {name: self.values[:, [self.index[name]]] for name in names}
        if one_by_one:
            largest = call("MAX", *(call("ABS", Variable(name, 0)) for name in names))
            return live(_nudge(largest), given, lambda leaf: self.main(leaf.name))
        all_of_them = {LARGEST.name: self.values[:, [self.index[name] for name in names]]}
        return live(_nudge(largest_size(LARGEST)), all_of_them, lambda _: self.main(names[0], names[-1]))

    def allowed(self, nudged: Nudged) -> Live:
        """How far the difference may lie from the gradient."""
        loss, loss_formula = self.of_table("E_tot")
        gradient, _ = self.of_table(gradient_name(nudged.name))
        given = {TABLE.name: gradient, LOSS.name: loss, EPSILON.name: self.nudge[0]}
        cells = {TABLE: f"B{self.row(nudged)}", LOSS: loss_formula[1:], EPSILON: self.nudge_cell}
        return live(ALLOWED_TREE, given, cells.__getitem__)

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
            Cell(top - 2, 1, "tolerance", *self.nudge),
            *(Cell(top - 1, position, "header", text) for position, text in enumerate(headers)),
        ]
        for nudged, (verdict, verdict_formula) in zip(self.passes.nudged, self.verdicts, strict=True):
            row, name = self.row(nudged), gradient_name(nudged.name)
            before = f"F{row - 1}&" if row > top else ""
            cells += [
                Cell(row, 0, "label", name),
                Cell(row, 1, "result", *self.of_table(name)),
                Cell(row, 2, "result", *self.difference(nudged)),
                Cell(row, 3, "tolerance", *self.allowed(nudged)),
                Cell(row, 4, "verdict", verdict, verdict_formula),
                Cell(row, 5, "text", self.failed(row + 1 - top), f'={before}IF(E{row}="FAIL"," "&A{row},"")'),
            ]
        return cells

    @cached_property
    def verdicts(self) -> list[tuple[str, str | None]]:
        """Each one's, with its formula."""
        return list(map(self.verdict, self.passes.nudged))

    def failed(self, rows: int | None = None) -> str:
        """The names that fail, of the first rows or of all."""
        pairs = list(zip(self.passes.nudged, self.verdicts, strict=True))[:rows]
        return "".join(f" {gradient_name(nudged.name)}" for nudged, (verdict, _) in pairs if verdict == "FAIL")

    def row(self, nudged: Nudged) -> int:
        """Its line in the table."""
        return self.top + self.checked.index(nudged.name)

    def difference(self, nudged: Nudged) -> Live:
        """(E(w + ε) - E(w - ε)) / 2ε."""
        column, loss = (self.passes.letters[name] for name in (nudged.name, "E_tot"))
        given: dict[str, Given] = {TABLE.name: self.of_table(gradient_name(nudged.name))[0]}
        cells = {TABLE: f"B{self.row(nudged)}"}
        ends = (UP, LOSS_UP, nudged.up, nudged.first), (DOWN, LOSS_DOWN, nudged.down, nudged.first + self.batch)
        for weight, loss_there, values, row in ends:
            rows = f"{loss}{row}" + (f":{loss}{row + self.batch - 1}" if self.batch > 1 else "")
            given[loss_there.name], formula = self.reduced(values, "E_tot", rows)
            given[weight.name] = float(values[0, self.index[nudged.name]])
            cells |= {loss_there: formula[1:], weight: f"{column}{row}"}
        return live(DIFFERENCE_TREE, given, cells.__getitem__)

    def verdict(self, nudged: Nudged) -> tuple[str, str | None]:
        """PASS, FAIL, or why there is nothing to compare; an error in a cell is a failure too."""
        if why := self.no_slope(nudged.name):
            return why, None
        table, difference, allowed = (
            of[0] for of in (self.of_table(gradient_name(nudged.name)), self.difference(nudged), self.allowed(nudged))
        )
        given: dict[str, Given] = {TABLE.name: table, DIFFERENCE.name: difference, ALLOWED.name: allowed}
        given |= {name: self.values[:, [self.index[name]]] for name in self.columns.target_names}
        row = self.row(nudged)
        cells = {TABLE: f"B{row}", DIFFERENCE: f"C{row}", ALLOWED: f"D{row}"}
        cells |= {Variable(name, 0): self.main(name) for name in self.columns.target_names}
        changes = [self._sign_changes(layer, nudged, given, cells) for layer in self.kinked_layers]
        tree = word([(compare(">", plus(*changes), ZERO), KINK)], otherwise=AGREES) if changes else AGREES
        if self.targets_add_up:
            tree = call("IF", self.targets_add_up, tree, Text(SHARES))
        content, formula = live_content(call("IFERROR", tree, Text("FAIL")), given, cells.__getitem__)
        return str(content), formula

    def _sign_changes(self, layer: int, nudged: Nudged, given: dict[str, Given], cells: dict[Variable, str]) -> Tree:
        """How many of a layer's numbers are above 0 in one of the two passes alone; adds them to what is given."""
        # The activations stand among the pre-activations: they are above 0 where these are.
        ends = self.columns.neuron_names(layer)[0], self.columns.activation_names(layer)[-1]
        first, last = map(self.forward.index, ends)
        indices = [self.index[name] for name in self.forward[first : last + 1]]
        above_zero = []
        for way, values, row in (("up", nudged.up, nudged.first), ("down", nudged.down, nudged.first + self.batch)):
            leaf = Variable(f"layer {layer} {way}", 0)
            given[leaf.name] = values[:, indices]
            cells[leaf] = f"{letter(first)}{row}:{letter(last)}{row + self.batch - 1}"
            above_zero.append(times(compare(">", leaf, ZERO), ONE))
        return call("SUMPRODUCT", power(less(*above_zero), TWO))
