"""The sheet `unrolled`: a sequence from left to right, each number with what flows back to it in red underneath."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine import Columns, FloatArray
from engine.columns import Column, ColumnKind, gradient_name
from workbook.records import Cell, Chart, Series, SheetPlan, Validation, small_sheet
from workbook.sheets.stepping import row_of_step, step_bars, step_cells
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.algebra import call
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Tree, Variable
from workbook.table.definitions import definitions
from workbook.table.layout import FIRST_ROW, Layout, letter, on_sheet

SHEET = "unrolled"
TITLE = "A sequence, unrolled"
STEP, SAMPLE, SHOWN = "$B$3", "$B$4", "$E$4"
TOP = 8  # the row of the times
ZOOM = 80  # so that eight steps and the chart are on the first screen
# A longer sequence, or more numbers in a step, would be too large to look at.
MOST_STEPS, MOST_ROWS = 40, 120
HOW_TO = (
    "Time goes from left to right: every column is a row of the table. Blue is what a step computes, forward.",
    "Red, underneath, is the slope of the loss of the whole sequence by it: it flows back, from right to left.",
)
TOO_LARGE = "No picture: it has {got}, and {most} are drawn at most. The table has all numbers."
# What each layer's picture leaves out: what is the same in every step, and the sums whose gates are shown.
NOT_DRAWN = ("weight", "bias", "initial-state", "gate-sum", "running-mean", "running-variance")
# What flows back through time, and its letter.
STATES: tuple[tuple[ColumnKind, str], ...] = (("pre-activation", "h"), ("cell", "c"))
SIZE = "size of ∂E/∂{}"


def has_unrolled(columns: Columns) -> bool:
    """Whether samples are sequences that a layer remembers."""
    return columns.network.time > 1 and bool(layers_with_states(columns))


def layers_with_states(columns: Columns) -> list[int]:
    """The numbers of the layers that remember: those that begin a sequence with a state."""
    return [number for number in range(columns.depth) if columns.names_in(number, "initial-state")]


def unrolled_sheet(layout: Layout, values: FloatArray) -> SheetPlan:
    """The sequences of a run, (T, C); a few words where one is too large to be drawn."""
    time, rows = layout.columns.network.time, len(_rows(layout.columns))
    for got, most, what in ((time, MOST_STEPS, "steps in a sequence"), (rows, MOST_ROWS, "numbers in a step")):
        if got > most:
            words = TOO_LARGE.format(got=f"{got} {what}", most=most)
            cells = [Cell(1, 0, "title", TITLE), Cell(3, 0, "text", words)]
            return small_sheet(SHEET, cells, widths={"A": 16}, tab="teach", heights={1: 24.0}, gridlines=False)
    return _Unrolled(layout, values).sheet()


@dataclass(frozen=True)
class _Row:
    """A row of tiles: its label, the table's column, whether it is what flows back."""

    label: str
    column: str
    backward: bool


def _rows(columns: Columns) -> list[_Row | str]:
    """The rows of the picture, and a heading before each part."""
    rows: list[_Row | str] = ["what goes in", *(_Row(name, name, backward=False) for name in columns.input_names)]
    for number, of_layer in enumerate(columns.layers):
        rows.append("what comes out" if number == columns.depth - 1 else f"layer {number + 1}")
        rows += [row for column in of_layer for row in _tiles(columns, column)]
    names = [*columns.target_names, *columns.of("counted"), "E_tot"]
    return [*rows, "the loss", *(_Row(name, name, backward=False) for name in names)]


def _gates(columns: Columns) -> str:
    """What the gates of the first neuron are that has any; nothing where none has."""
    names = columns.of("gate")
    if not names:
        return ""
    neuron, defined = names[0].partition("_")[2], definitions(columns)
    ideas = {name: defined[name].idea.partition(":")[0].rstrip(".") for name in names if name.endswith(f"_{neuron}")}
    told = ", ".join(f"{name} is {idea[0].lower()}{idea[1:]}" for name, idea in ideas.items())
    return f"Of {neuron}: {told}{' (i1 is an input)' * (f'i_{neuron}' in ideas)}."


def _tiles(columns: Columns, column: Column) -> Iterator[_Row]:
    """A number, and underneath its error, which for a gate is that of its sum."""
    if column.kind in NOT_DRAWN:
        return
    yield _Row(column.name, column.name, backward=False)
    error = gradient_name(f"z{column.name}" if column.kind == "gate" else column.name)
    if error in columns.index:
        yield _Row(error, error, backward=True)


class _Unrolled:
    def __init__(self, layout: Layout, values: FloatArray) -> None:
        self.layout, self.columns, self.time = layout, layout.columns, layout.columns.network.time
        self.values = values[: self.time]
        self.rows = _rows(self.columns)
        self.sizes_top = TOP + len(self.rows) + 2
        # Right of the tiles.
        self.chart_at = self.time + 2

    @property
    def samples(self) -> int:
        """Sequences of an update."""
        return self.columns.sequences

    def sheet(self) -> SheetPlan:
        first, last = letter(self.chart_at), letter(self.chart_at + 5)
        chart = Chart(
            "Size of ∂E/∂… by distance from the end", list(self.series()), f"{first}{TOP}", f"{last}{TOP + 15}",
            logarithmic=True, legend=True, over_steps=False,
        )  # fmt: skip
        return small_sheet(
            SHEET,
            [*self.heads(), *self.tiles(), *self.sizes()],
            widths={"A": 18, f"B:{letter(self.time)}": 9.5, letter(self.time + 1): 3, f"{first}:{last}": 10},
            tab="teach",
            heights={1: 24.0},
            charts=[chart],
            validations=list(self.validations()),
            scroll_bars=step_bars(self.layout, "B2", "C2"),
            frozen_rows=TOP,
            zoom=ZOOM,
            gridlines=False,
            paper="A3",
        )

    def heads(self) -> Iterator[Cell]:
        yield Cell(1, 0, "title", TITLE)
        yield Cell(3, 0, "label", "step")
        yield from step_cells(self.layout, 3, 1)
        if self.samples > 1:
            yield Cell(4, 0, "label", "sequence")
            yield Cell(4, 1, "input", 1)
        yield Cell(4, 3, "label", "row of the table")
        yield Cell(4, 4, "step", float(FIRST_ROW), self.shown_formula())
        yield Cell(4, 5, "beside", "its first step", self.message_formula())
        yield from (Cell(5 + row, 0, "text", line) for row, line in enumerate((*HOW_TO, _gates(self.columns))) if line)
        yield Cell(TOP, 0, "header", "time")
        yield from (Cell(TOP, 1 + step, "header", step + 1) for step in range(self.time))

    def shown_formula(self) -> str:
        """The row of the table of the sequence's first step; 0 for what is no sequence."""
        row = row_of_step(self.layout, STEP)
        if self.samples == 1:
            return f"={row}"
        known = f"IF(ISNUMBER({SAMPLE}),AND({SAMPLE}>=1,{SAMPLE}<={self.samples},{SAMPLE}=INT({SAMPLE})),FALSE)"
        return f"=IF({known},{row}+({SAMPLE}-1)*{self.time},0)"

    def message_formula(self) -> str:
        return f'=IF({SHOWN}=0,"Type a sequence from 1 to {self.samples}.","its first step")'

    def validations(self) -> Iterator[Validation]:
        if self.samples > 1:
            words = f"Type a whole number from 1 to {self.samples}."
            yield Validation(SAMPLE.replace("$", ""), 1, self.samples, "Sequence", words, whole=True)

    def tiles(self) -> Iterator[Cell]:
        for at, row in enumerate(self.rows, start=TOP + 1):
            if isinstance(row, str):
                yield Cell(at, 0, "heading", row)
                continue
            column = self.layout.letters[row.column]
            cells = on_sheet(MAIN_SHEET, f"${column}$1:${column}${self.layout.last_row}")
            yield Cell(at, 0, "label", row.label)
            for step, value in enumerate(self.values[:, self.columns.index[row.column]].tolist()):
                formula = f'=IF({SHOWN}=0,"",INDEX({cells},{SHOWN}+{step}))'
                yield Cell(at, 1 + step, "backward" if row.backward else "box", value, formula)

    @cached_property
    def measured(self) -> list[tuple[str, list[str]]]:
        """What flows back through time: a layer's states and its cells, each a letter and the columns of the errors."""
        found = []
        layers = layers_with_states(self.columns)
        for number in layers:
            tail = f" of layer {number + 1}" if len(layers) > 1 else ""
            for kind, word in STATES:
                names = [gradient_name(name) for name in self.columns.names_in(number, kind)]
                if names:
                    found.append((SIZE.format(word) + tail, names))
        return found

    def sizes(self) -> Iterator[Cell]:
        """How far each step is from the last, and how large what flows back is there: the root of its squares."""
        rows = {row.column: at for at, row in enumerate(self.rows, start=TOP + 1) if isinstance(row, _Row)}
        top = self.sizes_top
        yield Cell(top - 1, 0, "heading", "How much flows back")
        yield Cell(top, 0, "label", "distance")
        yield from (Cell(top, 1 + step, "step", float(self.time - 1 - step)) for step in range(self.time))
        for at, (label, names) in enumerate(self.measured, start=top + 1):
            yield Cell(at, 0, "label", label)
            tree = self.size_tree(names)
            for step, value in enumerate(self.size_of(names)):
                cells = {Variable(name, 0): f"{letter(1 + step)}{rows[name]}" for name in names}
                size = printed(tree, cells.__getitem__)
                yield Cell(at, 1 + step, "backward", value, f'=IF({SHOWN}=0,"",{size})')

    @staticmethod
    def size_tree(names: Sequence[str]) -> Tree:
        """The root of the sum of squares of a step's numbers."""
        return call("SQRT", call("SUMSQ", *(Variable(name, 0) for name in names)))

    def size_of(self, names: Sequence[str]) -> list[float]:
        """At each step."""
        errors = {Variable(name, 0): self.values[:, self.columns.index[name]] for name in names}
        return np.asarray(evaluate(self.size_tree(names), errors)).tolist()  # type: ignore[no-any-return] # floats

    def series(self) -> Iterator[Series]:
        distances = [float(self.time - 1 - step) for step in range(self.time)]
        x = on_sheet(SHEET, self.across(self.sizes_top))
        for at, (label, names) in enumerate(self.measured, start=self.sizes_top + 1):
            yield Series(
                on_sheet(SHEET, self.across(at)), self.size_of(names), name=label, x_range=x, x_values=distances
            )

    def across(self, row: int) -> str:
        """A row of all steps."""
        return f"$B${row}:${letter(self.time)}${row}"
