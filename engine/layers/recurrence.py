"""What the kinds of layers that remember have in common: recurrent, lstm and gru.

A layer of H neurons and G gates reads what goes in, and what its neurons put out a step earlier. Its "weight" array is
(G·H, I + H): in each row the weights of the inputs, w1, w2, …, then those of the state, u1, u2, …. The rows are in
torch's order: gate by gate. Shapes: B rows, S sequences of T steps each, so that B = S·T; R runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar, Self

import numpy as np

from engine.arrays import FloatArray, Shape
from engine.errors import InputError
from engine.initial_weights import INITS
from engine.layers import parameters
from engine.layers.base import Layer, LayerContext, by_sequence
from engine.names import Column, ColumnKind, Names
from engine.reading import REQUIRED, Key, Keys, boolean, list_of, nested_numbers, numbers, whole_number, word

KEYS: Keys = {
    "neurons": Key(whole_number(1, 1000), REQUIRED),
    "weights": Key(list_of(nested_numbers)),
    "recurrent": Key(list_of(nested_numbers)),
    "init": Key(word(INITS)),
    "bias": Key(numbers),
    "train_bias": Key(boolean, default=True),
    "initial": Key(numbers),
    "bptt": Key(whole_number(1)),
}


@dataclass(frozen=True)
class Recurrence(Layer):
    """A layer with a state.

    Attributes:
        neurons: how many.
        time: the steps of a sequence.
        biases: how many; none, or those of `bias_rows`.
        train_bias: whether gradient descent changes the biases.
        initial: the state before the first step; 0 where none is given.
        bptt: the steps that errors flow back through: after each so many the state that goes on counts as given, as
            with torch's `detach`; 0 for all.
        gates: G of its weights.
        bias_rows: biases that each neuron has.
        letters: of the columns of its initial state: h, and c of a cell that remembers besides.
    """

    neurons: int
    time: int = 1
    biases: int = 0
    train_bias: bool = True
    initial: tuple[float, ...] = ()
    bptt: int = 0

    gates: ClassVar[int] = 1
    bias_rows: ClassVar[int] = 1
    letters: ClassVar[str] = "h"

    @classmethod
    def attributes(cls, values: Mapping[str, Any], context: LayerContext) -> dict[str, Any]:
        """What all these kinds read from their table."""
        given = values["bias"]
        return {
            "neurons": values["neurons"],
            "time": context.time,
            "biases": 0 if given is None else cls.bias_rows * values["neurons"],
            "train_bias": values["train_bias"],
            "initial": tuple(values["initial"] or ()),
            "bptt": values["bptt"] or 0,
        }

    def shape(self, inputs: Shape) -> Shape:  # noqa: ARG002 - as of every layer
        return (self.neurons,)

    def problem(self, inputs: Shape) -> str | None:
        if len(inputs) > 1:
            return f"kind: got {'×'.join(map(str, inputs))} maps, expected numbers without rows and columns before it"
        expected = len(self.letters) * self.neurons
        if self.initial and len(self.initial) != expected:
            what = " and ".join(f"{letter} of each neuron" for letter in self.letters)
            return f"initial: got {parameters.so_many(len(self.initial))}, expected {expected}, {what}"
        return None

    def parameters(self, inputs: Shape) -> dict[ColumnKind, Shape]:
        weights: dict[ColumnKind, Shape] = {"weight": (self.gates * self.neurons, inputs[0] + self.neurons)}
        return weights | ({"bias": (self.biases,)} if self.biases else {})

    def trained(self, inputs: Shape) -> tuple[ColumnKind, ...]:
        return tuple(kind for kind in self.parameters(inputs) if kind == "weight" or self.train_bias)

    def first_parameters(
        self, where: str, values: Mapping[str, Any], inputs: Shape, generator: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        rows = self.gates * self.neurons
        each = "neuron" if self.gates == 1 else "gate of each neuron"
        if (values["weights"] is None) != (values["recurrent"] is None):
            got, missing = ("weights", "recurrent") if values["recurrent"] is None else ("recurrent", "weights")
            raise InputError(f"{where}: got {got} alone, expected {missing} too, or init")
        parts = [
            parameters.read_weights(where, values, shape, (each, of), generator, key)
            for key, shape, of in (
                ("weights", (rows, inputs[0]), "input of the layer"),
                ("recurrent", (rows, self.neurons), "neuron of the layer"),
            )
        ]
        given = values["bias"]
        bias = np.empty(0) if given is None else parameters.read_list(f"{where}.bias", given, self.biases, each)
        return np.hstack(parts), bias

    def written(self, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:
        of_inputs, of_states = np.hsplit(weights, [weights.shape[1] - self.neurons])
        own = {"weights": of_inputs, "recurrent": of_states, "bias": biases}
        return super().written(weights, biases) | own | {"initial": self.initial or None, "bptt": self.bptt or None}

    def given(self, inputs: Shape, rows: int) -> dict[ColumnKind, FloatArray]:  # noqa: ARG002 - as of every layer
        return {"initial-state": np.array([self.initial or [0.0] * (len(self.letters) * self.neurons)])}

    def parameter_columns(self, number: int, inputs: Shape, names: Names) -> Iterator[Column]:
        """w1, w2, … u1, u2, … of each row of the weights, the biases, and h0_1, … of the initial state."""
        rows, sources = self.gates * self.neurons, inputs[0] + self.neurons
        for row, source in product(range(rows), range(sources)):
            (name,) = names.take("w" if source < inputs[0] else "u", 1)
            yield Column(name, "weight", number, row % self.neurons, source)
        for row, name in enumerate(names.take("b", self.biases)):
            yield Column(name, "bias", number, row % self.neurons)
        for letter in self.letters:
            for neuron, name in enumerate(names.take(f"{letter}0_", self.neurons)):
                yield Column(name, "initial-state", number, neuron)

    def goes_back(self, step: int) -> bool:
        """Whether errors flow from a step, from 0, to the one before it."""
        return step > 0 and not (self.bptt and step % self.bptt == 0)

    @property
    def truncates(self) -> bool:  # type: ignore[override] # of most kinds it is a constant
        """Whether errors stop on their way back through a sequence."""
        return 0 < self.bptt < self.time

    def before(self, states: FloatArray, initial: FloatArray) -> FloatArray:
        """Of each row the state a step earlier, (B, H, R): that of the row above, or the initial one, (B, H, R)."""
        earlier = by_sequence(np.empty_like(states), self.time)
        earlier[:, 0] = by_sequence(initial, self.time)[:, 0]
        earlier[:, 1:] = by_sequence(states, self.time)[:, :-1]
        return earlier.reshape(states.shape)


def weight_slopes(slope: FloatArray, grad: FloatArray, inputs: Sequence[FloatArray]) -> None:
    """∂E/∂w_oi = ∂E/∂z_o · x_i into `slope`, (B, O, I, R), of inputs that stand one after another in its rows."""
    first = 0
    for x in inputs:
        np.multiply(grad[:, :, np.newaxis], x[:, np.newaxis], out=slope[:, :, first : first + x.shape[1]])
        first += x.shape[1]


@dataclass(frozen=True)
class Gated(Recurrence):
    """A recurrent layer whose gates have activations of their own, so that none is chosen."""

    activation: ClassVar[str] = "identity"  # type: ignore[misc] # of most kinds one may choose it
    keys: ClassVar[Keys] = KEYS

    @classmethod
    def read(cls, values: Mapping[str, Any], context: LayerContext) -> Self:
        return cls(**cls.attributes(values, context))

    def with_activation(self, activation: str) -> Self:  # noqa: ARG002 - it has its own
        return self


def gate_activation(letter: str) -> str:
    """Of a gate: tanh where it is what is new, g of an LSTM or n of a GRU; sigmoid where it is a share."""
    return "tanh" if letter in ("g", "n") else "sigmoid"


def gate_columns(letters: str, number: int, states: Sequence[str]) -> Iterator[Column]:
    """zi_h1 i_h1 zi_h2 i_h2 …, gate by gate: its sum, and what its activation makes of that."""
    for letter in letters:
        for neuron, name in enumerate(states):
            yield Column(f"z{letter}_{name}", "gate-sum", number, neuron)
            yield Column(f"{letter}_{name}", "gate", number, neuron)
