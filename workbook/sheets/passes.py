"""Forward passes spelled out in cells, with the weights of the step shown, for the sheet `predictions`."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine import FloatArray
from workbook.records import Cell
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.trees import Variable, leaves
from workbook.table.definitions import evaluation
from workbook.table.layout import Layout, letter, on_sheet, over_cells


@dataclass(frozen=True)
class Passes:
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
        """The letter of a name's column."""
        return letter(self.left + self.names.index(name))

    def range(self, name: str) -> str:
        """The cells of a name, a pass each."""
        last = self.top + len(self.numbers[name]) - 1
        return f"${self.column(name)}${self.top}:${self.column(name)}${last}"


class AtTheStep:
    """The network with the weights of a row of the table: these in two columns, and right of them any passes.

    Args:
        values: the run, (T, C).
        shown: the cell with the row of the main sheet; the file opens with the first.
        top: the row of the headers.
        left: the column of the weights' names.
    """

    def __init__(self, layout: Layout, values: FloatArray, shown: str, top: int, left: int) -> None:
        columns = layout.columns
        self.layout, self.shown, self.top, self.left = layout, shown, top, left
        self.parameters = columns.of("weight", "bias", "running-mean", "running-variance")
        self.numbers = {name: values[0, columns.index[name]] for name in self.parameters}
        self.forward = evaluation(columns)
        self.inputs, self.outputs = columns.input_names, columns.activation_names(columns.depth - 1)
        hidden = [name for name in self.forward if name not in self.outputs]
        self.names = [*self.inputs, *hidden, *self.outputs]

    @property
    def passes_at(self) -> int:
        """The first column of the passes."""
        return self.left + 3

    @property
    def last_column(self) -> int:
        """The last column of the passes."""
        return self.passes_at + len(self.names) - 1

    @property
    def outputs_header(self) -> str:
        """The cells with the outputs' names."""
        return f"${letter(self.last_column + 1 - len(self.outputs))}${self.top}:${letter(self.last_column)}${self.top}"

    def passes(self, top: int, given: dict[str, FloatArray]) -> Passes:
        """The passes of some inputs, from a row on."""
        known = {**self.numbers, **{name: given[name] for name in self.inputs}}

        def number(name: str) -> FloatArray:
            if name not in known:
                tree = self.forward[name].tree
                values = {leaf: number(leaf.name) for leaf in leaves(tree) if isinstance(leaf, Variable)}
                known[name] = np.asarray(evaluate(tree, values))
            return np.asarray(known[name])

        shape = given[self.inputs[0]].shape
        return Passes(top, self.passes_at, self.names, {n: np.broadcast_to(number(n), shape) for n in self.names})

    def heads(self) -> Iterator[Cell]:
        """The weights, and the names of the passes' columns."""
        yield Cell(self.top, self.left, "header", "at the step")
        for index, name in enumerate(self.parameters):
            row, column = self.top + 1 + index, self.layout.letters[name]
            source = on_sheet(MAIN_SHEET, f"${column}$1:${column}${self.layout.last_row}")
            yield Cell(row, self.left, "label", name)
            yield Cell(row, self.left + 1, "number", float(self.numbers[name]), f"=INDEX({source},{self.shown})")
        yield from (Cell(self.top, self.passes_at + index, "header", name) for index, name in enumerate(self.names))

    def cells(self, passes: Passes) -> Iterator[Cell]:
        """The neurons of a block of passes; what stands in its columns of inputs is up to the caller."""
        column = letter(self.left + 1)
        weights = {name: f"${column}${self.top + 1 + index}" for index, name in enumerate(self.parameters)}
        for index, name in enumerate(self.names[len(self.inputs) :], start=len(self.inputs)):
            for offset, value in enumerate(passes.numbers[name].tolist()):
                row = passes.top + offset
                cells = {name: f"{passes.column(name)}{row}" for name in self.names} | weights
                formula = over_cells(self.forward[name].tree, partial(_cell, cells))
                yield Cell(row, passes.left + index, "number", value, formula)


def _cell(cells: dict[str, str], leaf: Variable) -> str:
    return cells[leaf.name]
