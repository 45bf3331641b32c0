"""Each activation as a curve with its slope, and every neuron where it is on both, for the sheet `explorer`."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from engine import Columns, FloatArray
from engine.columns import activation_name
from workbook.records import Cell, Chart, Series
from workbook.sheets.live import formula
from workbook.sheets.shown import Quantities
from workbook.spreadsheet.algebra import call, less, over, power, times
from workbook.spreadsheet.evaluator import evaluate, value_of
from workbook.spreadsheet.trees import Number, Operation, Tree, Variable
from workbook.table.functions import ACTIVATIONS
from workbook.table.layout import letter, on_sheet, over_cells

# The z of all neurons, and that of each of the curve's points: closer together near 0, where it bends, reach * s^3 with
# s from -1 to 1; the reach is 6 either side of 0, and further where a neuron is further out.
POINTS = 41
OF_NEURONS = Variable("z of all", 0)
REACH = call("MAX", Number(6), call("MAX", OF_NEURONS), Operation("neg", (call("MIN", OF_NEURONS),)))
HALF = Number(POINTS // 2)
POINT_TREES = [times(REACH, power(over(less(Number(n), HALF), HALF), Number(3))) for n in range(POINTS)]
MOST_CURVES, MOST_NEURONS = 2, 12
COLUMNS = 5  # a curve takes; a neuron has its z twice, below its a and its slope in the chart
HEADERS = ("z", "z", "a", "∂a/∂z")
Z, A = Variable("z", 0), Variable("a", 0)


@dataclass(frozen=True)
class Curves:
    """The curves of a network, in folded cells from a row and a column on.

    Attributes:
        sheet: the name of the sheet.
        quantities: the numbers of the row shown.
    """

    sheet: str
    columns: Columns
    quantities: Quantities
    top: int
    left: int

    @cached_property
    def neurons(self) -> dict[str, list[str]]:
        """The pre-activations of each activation that is no straight line."""
        found: dict[str, list[str]] = {}
        for number, layer in enumerate(self.columns.network.layers):
            if ACTIVATIONS[layer.activation].slope is not None and layer.activation != "identity":
                found.setdefault(layer.activation, []).extend(self.columns.neuron_names(number))
        return {name: names[:MOST_NEURONS] for name, names in list(found.items())[:MOST_CURVES]}

    @property
    def last_column(self) -> int:
        """The last column that the cells take."""
        return self.left + COLUMNS * len(self.neurons) - 1

    def cells(self) -> Iterator[Cell]:
        """For each activation the neurons, one below the other, then the points of the curve."""
        for index, (activation, names) in enumerate(self.neurons.items()):
            left = self.left + COLUMNS * index
            yield Cell(self.top - 1, left, "header_left", activation)
            yield from (Cell(self.top, left + n, "header", header) for n, header in enumerate(HEADERS))
            value, slope = _trees(activation)
            cells = f"${letter(left)}${self.top + 1}:${letter(left)}${self.top + len(names)}"
            for row, name, *numbers in self._with_rows(self.top + 1, names, *self.of_neurons(activation)):
                formulas = [self.quantities.formulas[of] for of in (name, activation_name(name))]
                yield Cell(row, left, "folded", numbers[0], f"={formulas[0]}")
                yield Cell(row, left + 1, "folded", numbers[0], f"={letter(left)}{row}")
                yield Cell(row, left + 2, "folded", numbers[1], f"={formulas[1]}")
                yield Cell(row, left + 3, "folded", numbers[2], _where_there_is_z(slope, row, left))
            points = [formula(tree, {OF_NEURONS: cells}.__getitem__) for tree in POINT_TREES]
            for row, point, *numbers in self._with_rows(self.first_point(names), points, *self.of_curve(activation)):
                yield Cell(row, left, "folded", numbers[0], point)
                yield Cell(row, left + 2, "folded", numbers[1], _formula(value, row, left))
                yield Cell(row, left + 3, "folded", numbers[2], _formula(slope, row, left))

    @staticmethod
    def _with_rows(first: int, names: list[str], *numbers: FloatArray) -> Iterator[tuple[Any, ...]]:
        return zip(itertools.count(first), names, *(of.tolist() for of in numbers), strict=False)

    def first_point(self, names: list[str]) -> int:
        """The row of the curve's first point."""
        return self.top + 2 + len(names)

    def of_neurons(self, activation: str) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The ranges of the neurons' z, a and slopes."""
        z, a = (
            np.array([self.quantities.numbers[of] for of in names])
            for names in (self.neurons[activation], map(activation_name, self.neurons[activation]))
        )
        return z, a, np.broadcast_to(evaluate(_trees(activation)[1], {Z: z, A: a}), z.shape)

    def of_curve(self, activation: str) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The ranges of z, a and slope of a curve's points."""
        given = {OF_NEURONS.name: self.of_neurons(activation)[0]}
        z = np.array([value_of(tree, given) for tree in POINT_TREES])
        value, slope = _trees(activation)
        a = np.asarray(evaluate(value, {Z: z}))
        return z, a, np.broadcast_to(evaluate(slope, {Z: z, A: a}), z.shape)

    def charts(self, ranges: Sequence[tuple[str, str]]) -> Iterator[Chart]:
        """A chart for each activation, on cells from a first to a last."""
        for index, (activation, (first, last)) in enumerate(zip(self.neurons, ranges, strict=False)):
            left, names = self.left + COLUMNS * index, self.neurons[activation]
            rows = self.first_point(names), self.first_point(names) + POINTS - 1
            z, *curves = self.of_curve(activation)
            series = [
                Series(
                    self._range(left + column, *rows), numbers.tolist(), None, name,
                    self._range(left, *rows), z.tolist(),
                )
                for column, name, numbers in zip((2, 3), ("a", "its slope ∂a/∂z"), curves, strict=True)
            ]  # fmt: skip
            for row, name, z_of, *own in self._with_rows(self.top + 1, names, *self.of_neurons(activation)):
                x, y = (f"${letter(left + n)}${row}:${letter(left + n + 1)}${row}" for n in (0, 2))
                series.append(
                    Series(
                        on_sheet(self.sheet, y), own, None, name, on_sheet(self.sheet, x), [z_of, z_of],
                        marker="circle",
                    )
                )  # fmt: skip
            yield Chart(f"{activation} and its slope", series, first, last, legend=True, over_steps=False)

    def _range(self, column: int, first: int, last: int) -> str:
        return on_sheet(self.sheet, f"${letter(column)}${first}:${letter(column)}${last}")


def _trees(activation: str) -> tuple[Tree, Tree]:
    """The activation over z, and its slope over z and a."""
    of = ACTIVATIONS[activation]
    if of.slope is None:
        raise ValueError(f"{activation} has no slope of its own")
    return of.value(Z, [Z]), of.slope(Z, A)


def _where_there_is_z(tree: Tree, row: int, left: int) -> str:
    """The formula, and nothing where no row of the table is shown."""
    return f'=IF({letter(left)}{row}="","",{_formula(tree, row, left)[1:]})'


def _formula(tree: Tree, row: int, left: int) -> str:
    """A tree over z and a, in a row."""
    return over_cells(tree, lambda leaf: f"{letter(left + 2 * (leaf == A))}{row}")
