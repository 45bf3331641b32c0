"""Recurrent layers with gates: long short-term memory, and the gated recurrent unit."""

from collections.abc import Iterator
from functools import partial

from engine import Columns
from engine.layers import Gru, Lstm
from engine.layers.recurrence import Recurrence, gate_activation
from workbook.spreadsheet.algebra import ONE, call, less, own, plus, times
from workbook.spreadsheet.trees import Tree
from workbook.table.definition import Definition
from workbook.table.functions import ACTIVATIONS
from workbook.table.layers.base import inputs_of, over_time, with_activations
from workbook.table.layers.recurrent import cut, earlier, weighted

SUM = "The inputs and the states of the step before, each times the gate's own weight, added up."
LSTM_IDEAS = {
    "i": "The input gate: which share of what is new goes into the cell.",
    "f": "The forget gate: which share of what the cell held stays in it.",
    "g": "What is new for the cell.",
    "o": "The output gate: which share of the cell is put out.",
}
GRU_IDEAS = {
    "r": "The reset gate: how much of what it recalls goes into what is new.",
    "z": "The update gate: which share of the state stays; the rest is replaced by what is new.",
    "n": "What is new for the state.",
}


def lstm(of: Lstm, columns: Columns, layer: int) -> Iterator[Definition]:
    """z = Σ w·input + Σ u·h of the step before + b, a gate of each; c = f·c of before + i·g, h = o·tanh c."""
    states, cells = columns.neuron_names(layer), columns.names_in(layer, "cell")
    sums, gates = columns.names_in(layer, "gate-sum"), columns.names_in(layer, "gate")
    for row, (z, gate) in enumerate(zip(sums, gates, strict=True)):
        yield over_time(columns, z, partial(weighted, columns, layer, row, states), SUM, cut(of))
        yield _gate(z, gate, LSTM_IDEAS[gate[0]])
    for neuron, c in enumerate(cells):
        i, f, g, _ = (own(gates[neuron + part * of.neurons]) for part in range(4))

        def kept(step: int, neuron: int = neuron, i: Tree = i, f: Tree = f, g: Tree = g) -> Tree:
            return plus(times(f, earlier(columns, layer, cells, step, letter=1)[neuron]), times(i, g))

        idea = "What the forget gate leaves of the cell a step earlier, and what the input gate lets in."
        yield over_time(columns, c, kept, idea, cut(of))
    outputs = gates[3 * of.neurons :]
    idea = "The tanh of the cell, as far as the output gate lets it out."
    results = zip(states, outputs, cells, strict=True)
    yield from with_activations(
        columns, layer, (Definition(h, times(own(o), call("TANH", own(c))), idea) for h, o, c in results)
    )


def gru(of: Gru, columns: Columns, layer: int) -> Iterator[Definition]:
    """r and z of the inputs and the states of the step before; n = tanh(Σ w·input + b + r·p), p = Σ u·h + b′."""
    states, recalled = columns.neuron_names(layer), columns.names_in(layer, "recalled")
    sums, gates = columns.names_in(layer, "gate-sum"), columns.names_in(layer, "gate")
    for row in range(2 * of.neurons):
        yield over_time(columns, sums[row], partial(weighted, columns, layer, row, states), SUM, cut(of))
        yield _gate(sums[row], gates[row], GRU_IDEAS[gates[row][0]])
    for neuron, p in enumerate(recalled):
        row = 2 * of.neurons + neuron
        idea = "What it recalls: the states of the step before, each times its own weight, added up."
        yield over_time(columns, p, partial(_recalled, columns, layer, row), idea, cut(of))
        weights, biases = columns.weight_names(layer)[row], columns.bias_names(layer)
        products = [times(own(w), own(x)) for w, x in zip(weights, inputs_of(columns, layer)[0], strict=False)]
        bias = [own(biases[row])] if biases else []
        idea = "The inputs, each times its own weight, and as much of what is recalled as the reset gate lets through."
        yield Definition(sums[row], plus(*products, *bias, times(own(gates[neuron]), own(p))), idea)
        yield _gate(sums[row], gates[row], GRU_IDEAS["n"])
    yield from with_activations(columns, layer, _mixed(of, columns, layer))


def _recalled(columns: Columns, layer: int, row: int, step: int) -> Tree:
    states, biases = columns.neuron_names(layer), columns.bias_names(layer)
    weights = columns.weight_names(layer)[row][-len(states) :]
    products = [times(own(u), h) for u, h in zip(weights, earlier(columns, layer, states, step), strict=True)]
    return plus(*products, *([own(biases[row + len(states)])] if biases else []))


def _mixed(of: Recurrence, columns: Columns, layer: int) -> Iterator[Definition]:
    states, gates = columns.neuron_names(layer), columns.names_in(layer, "gate")
    for neuron, name in enumerate(states):
        z, n = (own(gates[neuron + part * of.neurons]) for part in (1, 2))

        def mean(step: int, neuron: int = neuron, z: Tree = z, n: Tree = n) -> Tree:
            return plus(times(less(ONE, z), n), times(z, earlier(columns, layer, states, step)[neuron]))

        idea = "The mean of what is new and of the state a step earlier, which has the share of the update gate."
        yield over_time(columns, name, mean, idea, cut(of))


def _gate(z: str, name: str, idea: str) -> Definition:
    of = ACTIVATIONS[gate_activation(name[0])]
    slopes = {z: of.slope(own(z), own(name))} if of.slope else None
    return Definition(name, of.value(own(z), [own(z)]), idea, slopes=slopes)
