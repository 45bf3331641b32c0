"""How a run went, from its losses in a column: the first and the last, the step at which it had halved, a verdict."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from engine import FloatArray
from engine.activations import ACTIVATIONS
from workbook.records import Highlight
from workbook.sheets.choice import word
from workbook.sheets.live import live, live_content
from workbook.spreadsheet.algebra import ONE, TWO, ZERO, call, compare, less, over, plus, power, times
from workbook.spreadsheet.evaluator import Given
from workbook.spreadsheet.trees import Number, Text, Tree, Variable, replaced
from workbook.table.functions import LOSSES as LOSS_FUNCTIONS
from workbook.table.layout import Layout, letter, on_sheet, row_and_column

DEAD, STILL = "dead layer", "stands still"
# An output this near to its bounds is pinned there: the slope of its activation, a factor of every gradient, is no
# larger.
PINNED = Number(1e-6)
# The activations that pin a neuron, and their slope over the activation alone; a pinned ReLU is 0.
PINS: dict[str, Callable[[Tree], Tree]] = {
    "sigmoid": lambda a: times(a, less(ONE, a)),
    "tanh": lambda a: less(ONE, power(a, TWO)),
    "relu": lambda a: times(compare(">", a, ZERO), ONE),
}
FIRST, LAST = Variable("first loss", 0), Variable("last loss", 0)
VERDICT = word(
    [
        (compare("=", LAST, FIRST), STILL),
        (compare(">", LAST, FIRST), "rises"),
        (compare("<=", LAST, over(FIRST, TWO)), "falls"),
    ],
    otherwise=Text("slow"),
)
# All losses, and the first of them.
LOSSES, LOSS = Variable("losses", 0), Variable("loss", 0)


@dataclass(frozen=True)
class Course:
    """A run's losses in cells.

    Attributes:
        layout, values: of its table, (T, C).
        cells: where the losses stand, W21:W100: a row a step, or all rows of the table.
        sheet: that of its table, None for the losses' own.
    """

    layout: Layout
    values: FloatArray
    cells: str
    sheet: str | None = None

    @property
    def top(self) -> int:
        """The row of the first loss."""
        return row_and_column(self.cells.split(":")[0])[0]

    @property
    def rows(self) -> int:
        """How many cells there are."""
        return row_and_column(self.cells.split(":")[1])[0] + 1 - self.top

    @property
    def rows_a_step(self) -> int:
        """How many of them a step takes."""
        return self.rows // self.layout.steps

    @cached_property
    def losses(self) -> FloatArray:
        """What stands in them, (rows, 1)."""
        columns = self.layout.columns
        losses: FloatArray = self.values[:: self.layout.rows // self.rows, [columns.index[columns.loss]]]
        return losses

    @property
    def first(self) -> tuple[float, str]:
        """The first loss; the mean over an epoch where a step is only a part of it."""
        return live(self._mean(FIRST), *self._known)

    @property
    def last(self) -> tuple[float, str]:
        """The last loss, likewise."""
        return live(self._mean(LAST), *self._known)

    def halved(self, never: str = "never") -> tuple[float | str, str]:
        """The first step whose loss is at most half of that of step 1, or a word where there is none."""
        # SUMPRODUCT has all losses compared without an array formula. An error, as of a loss that overflows, is no
        # match: before it the loss may have halved.
        has_halved = times(compare("<=", LOSSES, over(LOSS, TWO)), ONE)
        step = call("SUMPRODUCT", call("MATCH", ONE, has_halved, ZERO))
        if self.rows_a_step > 1:
            step = plus(over(less(step, ONE), Number(self.rows_a_step)), ONE)
        return live_content(call("IFERROR", step, Text(never)), *self._known)

    @property
    def verdict(self) -> tuple[str, str]:
        """What the run did, in a word or two."""
        ends = {FIRST: self._mean(FIRST), LAST: self._mean(LAST)}
        tree = replaced(VERDICT, lambda leaf: ends[leaf] if isinstance(leaf, Variable) else leaf)
        if hidden := hidden_that_die(self.layout):
            tree = word([(call("OR", *map(self._is_pinned, hidden)), DEAD)], otherwise=tree)
        if saturates(self.layout):
            tree = word([(self._is_pinned(self.layout.columns.depth - 1), "saturated")], otherwise=tree)
        if overflows(self.layout):
            tree = call("IF", call("ISNUMBER", ends[LAST]), tree, Text("overflows"))
        content, formula = live_content(tree, *self._known)
        return str(content), formula

    def _mean(self, ends: Tree) -> Tree:
        return call("AVERAGE", ends) if self.layout.epoch > 1 else ends

    def _is_pinned(self, layer: int) -> Tree:
        """Whether all neurons of a layer are pinned in the last pass of every sample."""
        columns = self.layout.columns
        slopes = map(PINS[columns.network.layers[layer].activation], self._activations(layer))
        if columns.samples == 1:
            return call("AND", *(compare("<", slope, PINNED) for slope in slopes))
        free = (call("SUMPRODUCT", times(compare(">=", slope, PINNED), ONE)) for slope in slopes)
        return call("AND", *(compare("=", count, ZERO) for count in free))

    def _activations(self, layer: int) -> list[Variable]:
        return [Variable(name, 0) for name in self.layout.columns.activation_names(layer)]

    @cached_property
    def _known(self) -> tuple[dict[str, Given], Callable[[Variable], str]]:
        """What the variables are, and where they stand."""
        column, bottom = letter(row_and_column(self.cells.split(":")[0])[1]), self.top + self.rows - 1
        epoch = self.layout.epoch * self.rows_a_step if self.layout.epoch > 1 else 1
        cells = {
            LOSSES: self.cells,
            LOSS: self.cells.split(":")[0],
            FIRST: _cells(column, self.top, self.top + epoch - 1),
            LAST: _cells(column, bottom + 1 - epoch, bottom),
        }
        given: dict[str, Given] = {
            LOSSES.name: self.losses,
            LOSS.name: self.losses[:1],
            FIRST.name: self.losses[:epoch],
            LAST.name: self.losses[-epoch:],
        }
        columns, last = self.layout.columns, self.layout.last_row
        samples = min(columns.samples, self.layout.rows)
        for leaf in (leaf for layer in range(columns.depth) for leaf in self._activations(layer)):
            there = _cells(self.layout.letters[leaf.name], last + 1 - samples, last)
            cells[leaf] = there if self.sheet is None else on_sheet(self.sheet, there)
            given[leaf.name] = self.values[-samples:, [columns.index[leaf.name]]]
        return given, cells.__getitem__


def _cells(column: str, first: int, last: int) -> str:
    return f"{column}{first}" if first == last else f"{column}{first}:{column}{last}"


def saturates(layout: Layout) -> bool:
    """Whether the outputs can be pinned where no gradient comes through."""
    network = layout.columns.network
    return ACTIVATIONS[network.layers[-1].activation].is_bounded and not LOSS_FUNCTIONS[network.loss].through_activation


def hidden_that_die(layout: Layout) -> list[int]:
    """The hidden layers whose neurons can all be pinned, so that no gradient comes through to the layers before."""
    layers = layout.columns.network.layers
    return [layer for layer, of in enumerate(layers[:-1]) if of.activation in PINS]


def overflows(layout: Layout) -> bool:
    """Whether a learning rate can be so large that the numbers overflow."""
    return any(not ACTIVATIONS[layer.activation].is_bounded for layer in layout.columns.network.layers)


def verdict_colors(layout: Layout, cells: str) -> list[Highlight]:
    """Green for what is good, red for what is not."""
    bad = ["saturated", DEAD, "rises", *(["overflows"] if overflows(layout) else [])]
    return [Highlight(cells, "falls", "green"), *(Highlight(cells, word, "red") for word in bad)]
