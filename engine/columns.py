"""The columns of the table: their names, kinds and order, and where each layer's numbers stand among them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Literal

from engine.network import PLAIN, STATES, Method, Network

Kind = Literal[
    "step", "sample", "rate", "target", "input", "weight", "bias", "pre-activation", "activation",
    "loss", "total", "batch", "delta", "gradient", "state",
]  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of the table: its name, what it holds, and where in the network that belongs.

    Attributes:
        layer: from 0 for the first hidden layer; None for what belongs to no layer.
        neuron: which of its layer, or which target, input or output, from 0; of a bias that a layer shares 0; None
            for what belongs to no neuron.
        source: which of the layer's inputs a weight multiplies, from 0; also of its gradient; else None.
        of: the weight or bias of a gradient or a state.
    """

    name: str
    kind: Kind
    layer: int | None = None
    neuron: int | None = None
    source: int | None = None
    of: str | None = None


@dataclass(frozen=True)
class Columns:
    """The columns of the table of a network, of so many samples, trained by a method.

    The order is: step, sample and learning rate where they change; targets, inputs; layer by layer the weights, the
    biases, then each neuron's pre-activation and activation; the losses, their sum, the batch's loss where there are
    several samples; the errors from the last layer back, where the network keeps them; the gradients; the optimizer's
    state. Numbers run on from layer to layer: a 2-2-2 network has w1 to w8, and the neurons of a second hidden layer
    go on counting where the first one's stop.
    """

    network: Network
    samples: int = 1
    method: Method = PLAIN

    @classmethod
    def plain(cls, sizes: tuple[int, ...]) -> "Columns":
        """Those of a sigmoid network without biases and one sample, for the layer sizes (inputs first)."""
        return cls(Network.plain(sizes))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each layer, the inputs first."""
        return self.network.sizes

    @property
    def outputs(self) -> int:
        """Neurons of the last layer."""
        return self.sizes[-1]

    @property
    def depth(self) -> int:
        """Layers of weights."""
        return len(self.sizes) - 1

    @cached_property
    def all(self) -> tuple[Column, ...]:
        """Every column, in the order of the table."""
        trained = [column for column in self._parameters() if column.name in self.trained]
        return (
            *self._counters(),
            *(Column(name, "target", neuron=place) for place, name in enumerate(self.target_names)),
            *(Column(name, "input", neuron=place) for place, name in enumerate(self.input_names)),
            *(column for layer in range(self.depth) for column in self._layer(layer)),
            *(Column(name, "loss", neuron=place) for place, name in enumerate(self.loss_names)),
            Column("E_tot", "total"),
            *([Column("E_batch", "batch")] if self.samples > 1 else []),
            *(column for layer in reversed(range(self.depth)) for column in self._deltas(layer)),
            *(Column(gradient_name(p.name), "gradient", p.layer, p.neuron, p.source, p.name) for p in trained),
            *(
                Column(f"{letter}_{p.name}", "state", p.layer, p.neuron, p.source, p.name)
                for letter in self.states
                for p in trained
            ),
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every column's name, in the order of the table."""
        return tuple(column.name for column in self.all)

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each column stands, from 0."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Each column."""
        return {column.name: column for column in self.all}

    def of(self, *kinds: Kind) -> list[str]:
        """The names of the columns of some kinds, in the order of the table."""
        return [column.name for column in self.all if column.kind in kinds]

    @property
    def states(self) -> str:
        """The letters of the optimizer's state: v, s, or m and s."""
        return STATES.get(self.method.optimizer, "")

    @property
    def loss(self) -> str:
        """The column that the loss curve shows: that of the batch, or of the only sample."""
        return "E_batch" if self.samples > 1 else "E_tot"

    @property
    def target_names(self) -> list[str]:
        """t1, t2, ..."""
        return [f"t{n}" for n in range(1, self.outputs + 1)]

    @property
    def input_names(self) -> list[str]:
        """i1, i2, ..."""
        return [f"i{n}" for n in range(1, self.sizes[0] + 1)]

    @property
    def loss_names(self) -> list[str]:
        """E1, E2, ...: one for each output."""
        return [f"E{n}" for n in range(1, self.outputs + 1)]

    def weight_names(self, layer: int) -> list[list[str]]:
        """w1, w2, ... as (fan-out, fan-in) rows."""
        fan_in, fan_out = self.sizes[layer], self.sizes[layer + 1]
        first = 1 + sum(before * after for before, after in pairwise(self.sizes[: layer + 1]))
        return [[f"w{first + row * fan_in + column}" for column in range(fan_in)] for row in range(fan_out)]

    def bias_names(self, layer: int) -> list[str]:
        """b1, b2, ...: one for each neuron, one for the whole layer, or none."""
        last = list(accumulate((layer.biases for layer in self.network.layers), initial=0))
        return [f"b{n}" for n in range(last[layer] + 1, last[layer + 1] + 1)]

    def bias_of(self, layer: int, neuron: int) -> str | None:
        """The bias of a neuron, which the whole layer may share."""
        names = self.bias_names(layer)
        return names[min(neuron, len(names) - 1)] if names else None

    def trained_names(self, layer: int) -> list[str]:
        """The weights, and the biases if they are trained, of a layer."""
        weights = [name for row in self.weight_names(layer) for name in row]
        return weights + (self.bias_names(layer) if self.network.layers[layer].train_bias else [])

    @cached_property
    def trained(self) -> frozenset[str]:
        """All weights and biases that have a gradient."""
        return frozenset(name for layer in range(self.depth) for name in self.trained_names(layer))

    def neuron_names(self, layer: int) -> list[str]:
        """h1, h2, ... or, in the last layer, o1, o2, ...: the pre-activations."""
        first = 1 + sum(self.sizes[1 : layer + 1])
        letter, first = ("o", 1) if layer == self.depth - 1 else ("h", first)
        return [f"{letter}{n}" for n in range(first, first + self.sizes[layer + 1])]

    def activation_names(self, layer: int) -> list[str]:
        """a_h1, a_h2, ... of a layer; the inputs for a layer of -1."""
        return self.input_names if layer < 0 else [activation_name(name) for name in self.neuron_names(layer)]

    def _counters(self) -> Iterator[Column]:
        if self.samples > 1 or self.method.counts_steps:
            yield Column("step", "step")
        if self.samples > 1:
            yield Column("sample", "sample")
        if self.method.schedule != "constant":
            yield Column("eta", "rate")

    def _parameters(self) -> list[Column]:
        return [
            column for layer in range(self.depth) for column in self._layer(layer) if column.kind in ("weight", "bias")
        ]

    def _layer(self, layer: int) -> Iterator[Column]:
        for neuron, names in enumerate(self.weight_names(layer)):
            for source, name in enumerate(names):
                yield Column(name, "weight", layer, neuron, source)
        for neuron, name in enumerate(self.bias_names(layer)):
            yield Column(name, "bias", layer, neuron)
        for neuron, name in enumerate(self.neuron_names(layer)):
            yield Column(name, "pre-activation", layer, neuron)
            yield Column(activation_name(name), "activation", layer, neuron)

    def _deltas(self, layer: int) -> Iterator[Column]:
        if self.network.deltas:
            for neuron, name in enumerate(self.neuron_names(layer)):
                yield Column(gradient_name(name), "delta", layer, neuron)

    def span(self, names: list[str]) -> slice:
        """Where columns stand that are equally far from one another, as the weights or activations of a layer are."""
        places = [self.place[name] for name in names]
        if not places:
            return slice(0, 0)
        step = places[1] - places[0] if len(places) > 1 else 1
        return slice(places[0], places[-1] + 1, step)


def activation_name(neuron: str) -> str:
    """a_h1 for h1."""
    return f"a_{neuron}"


def gradient_name(of: str) -> str:
    """∂E/∂w1 for w1."""
    return f"∂E/∂{of}"
