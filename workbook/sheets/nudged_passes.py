"""The forward passes of the first batch with one weight or bias nudged up and down, for the sheet `check`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from engine import Columns, Experiment, FloatArray, descend
from workbook.records import Cell, Style
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.trees import Variable
from workbook.table.definitions import definitions, given_names
from workbook.table.layout import FIRST_ROW, Layout, letter, on_sheet, over_cells

# The kinds of columns that no pass from the inputs to the loss reads.
NOT_FORWARD = (
    *("step", "sample", "time", "rate", "batch", "delta", "gradient", "state"),
    *("running-mean", "running-variance"),
)


@dataclass(frozen=True)
class Nudged:
    """The first batch's numbers with one weight or bias nudged up, and down: each (batch, C).

    Attributes:
        first: the row of the first of its passes, those nudged up; those nudged down follow them.
    """

    name: str
    up: FloatArray
    down: FloatArray
    first: int


def forward_names(columns: Columns) -> list[str]:
    """The columns of a pass."""
    return [column.name for column in columns.all if column.kind not in NOT_FORWARD]


@dataclass(frozen=True)
class NudgedPasses:
    """A row for each row of the batch, for each weight and bias that is checked, nudged up and then down.

    Attributes:
        checked: the names of those.
        nudge, nudge_cell: by how much, and where that stands.
        top: the row of the first pass.
    """

    layout: Layout
    experiment: Experiment
    checked: Sequence[str]
    nudge: float
    nudge_cell: str
    top: int

    @property
    def columns(self) -> Columns:
        """Those of the table."""
        return self.layout.columns

    @cached_property
    def forward(self) -> list[str]:
        """The names of the columns, from A on."""
        return forward_names(self.columns)

    @cached_property
    def letters(self) -> dict[str, str]:
        """The letter of each name's column."""
        return {name: letter(index) for index, name in enumerate(self.forward)}

    @cached_property
    def nudged(self) -> list[Nudged]:
        """Every pass."""
        rows = 2 * self.columns.method.batch_size
        return [
            Nudged(name, self._pass(name, 1), self._pass(name, -1), self.top + rows * position)
            for position, name in enumerate(self.checked)
        ]

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

    def cells(self) -> Iterator[Cell]:
        """The passes spelled out in cells."""
        weights = f"weight {'or bias ' * bool(self.columns.of('bias'))}"
        yield Cell(self.top - 2, 0, "heading", f"The forward passes with one {weights}nudged by ε, up and down")
        for position, name in enumerate(self.forward):
            yield Cell(self.top - 1, position, "header", f"{name} nudged")
        for nudged in self.nudged:
            row = nudged.first
            for sign, numbers in (("+", nudged.up), ("-", nudged.down)):
                for sample, values in enumerate(numbers):
                    yield from self._row(row, nudged.name, sign, sample, values)
                    row += 1

    def _row(self, row: int, nudged: str, sign: str, sample: int, values: FloatArray) -> Iterator[Cell]:
        defined, given = definitions(self.columns), set(given_names(self.columns))

        def cell(leaf: Variable) -> str:
            return f"{self.letters[leaf.name]}{row + leaf.row}"

        for position, name in enumerate(self.forward):
            if name in given:
                # The weights of the whole batch are those of its first row.
                at = FIRST_ROW + (0 if self.columns.by_name[name].kind in ("weight", "bias") else sample)
                nudge = f"{sign}{self.nudge_cell}" if name == nudged else ""
                formula = f"={on_sheet(MAIN_SHEET, f'{self.layout.letters[name]}{at}')}{nudge}"
            else:
                formula = over_cells(defined[name].tree_of(sample), cell)
            style: Style = "box" if name == nudged else "number"
            yield Cell(row, position, style, float(values[self.columns.index[name]]), formula)
