"""A recurrent layer: each neuron reads its inputs, and what all neurons of the layer put out in the row above."""

from collections.abc import Iterator, Sequence
from functools import partial

from engine import Columns
from engine.layers import Recurrent
from engine.layers.recurrence import Recurrence
from workbook.spreadsheet.algebra import above, own, plus, times
from workbook.spreadsheet.trees import Tree
from workbook.table.definition import Definition
from workbook.table.layers.base import inputs_of, over_time, with_activations

INITIAL = "What the layer remembers before the first step of a sequence: given, and the same in every row."


def forward(of: Recurrent, columns: Columns, layer: int) -> Iterator[Definition]:
    """z = Σ w·input + Σ u·a of the step before + b and a = f(z) of each neuron."""
    idea = "The inputs and what the layer put out a step earlier, each times its own weight, added up."
    states = columns.activation_names(layer)
    sums = (
        over_time(columns, name, partial(weighted, columns, layer, row, states), idea, cut(of))
        for row, name in enumerate(columns.neuron_names(layer))
    )
    yield from with_activations(columns, layer, sums)


def weighted(columns: Columns, layer: int, row: int, states: Sequence[str], step: int) -> Tree:
    """A row of the weights times the inputs of a step, from 0, and the states a step earlier; plus its bias."""
    weights, biases = columns.weight_names(layer)[row], columns.bias_names(layer)
    inputs = inputs_of(columns, layer)[0]
    read = [*map(own, inputs), *earlier(columns, layer, states, step)]
    products = [times(own(weight), value) for weight, value in zip(weights, read, strict=True)]
    return plus(*products, *([own(biases[row])] if biases else []))


def cut(of: Recurrence) -> list[int]:
    """The steps, from 0, that no error leaves for the one before."""
    return [step for step in range(1, of.time) if not of.goes_back(step)]


def earlier(columns: Columns, layer: int, states: Sequence[str], step: int, letter: int = 0) -> list[Tree]:
    """The states a step earlier: those of the row above, or before the first step the initial ones of a letter."""
    if step > 0:
        return list(map(above, states))
    initial = columns.names_in(layer, "initial-state")
    return list(map(own, initial[letter * len(states) :][: len(states)]))


def initial_states(_of: Recurrence, columns: Columns, layer: int) -> Iterator[Definition]:
    """The states before the first step, which stay as they are."""
    for name in columns.names_in(layer, "initial-state"):
        yield Definition(name, above(name), INITIAL, 1)
