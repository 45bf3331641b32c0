"""The columns of the table: their names, kinds and order, and where each layer's numbers stand among them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

Kind = Literal["target", "input", "weight", "pre-activation", "activation", "loss", "total", "gradient"]


@dataclass(frozen=True)
class Column:
    """A column of the table: its name, what it holds, and where in the network that belongs.

    Attributes:
        layer: from 0 for the first hidden layer; None for targets, inputs and losses.
        neuron: which of its layer, or which target, input or output, from 0; None for the total.
        source: which of the layer's inputs a weight multiplies, from 0; also of a gradient; else None.
    """

    name: str
    kind: Kind
    layer: int | None = None
    neuron: int | None = None
    source: int | None = None


@dataclass(frozen=True)
class Columns:
    """The columns of a network's table, for the layer sizes (inputs first).

    The order is: targets, inputs; layer by layer the weights, then each neuron's pre-activation and activation;
    the losses and their sum; the gradients. Numbers run on from layer to layer: a 2-2-2 network has w1 to w8,
    and the neurons of a second hidden layer go on counting where the first one's stop.
    """

    sizes: tuple[int, ...]

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
        weights = [column for layer in range(self.depth) for column in self._weights(layer)]
        return (
            *(Column(name, "target", neuron=place) for place, name in enumerate(self.target_names)),
            *(Column(name, "input", neuron=place) for place, name in enumerate(self.input_names)),
            *(column for layer in range(self.depth) for column in (*self._weights(layer), *self._neurons(layer))),
            *(Column(name, "loss", neuron=place) for place, name in enumerate(self.loss_names)),
            Column("E_tot", "total"),
            *(replace(weight, name=gradient_name(weight.name), kind="gradient") for weight in weights),
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every column's name, in the order of the table."""
        return tuple(column.name for column in self.all)

    def of(self, *kinds: Kind) -> list[str]:
        """The names of the columns of some kinds, in the order of the table."""
        return [column.name for column in self.all if column.kind in kinds]

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

    def neuron_names(self, layer: int) -> list[str]:
        """h1, h2, ... or, in the last layer, o1, o2, ...: the pre-activations."""
        first = 1 + sum(self.sizes[1 : layer + 1])
        letter, first = ("o", 1) if layer == self.depth - 1 else ("h", first)
        return [f"{letter}{n}" for n in range(first, first + self.sizes[layer + 1])]

    def _weights(self, layer: int) -> list[Column]:
        return [
            Column(name, "weight", layer, neuron, source)
            for neuron, names in enumerate(self.weight_names(layer))
            for source, name in enumerate(names)
        ]

    def _neurons(self, layer: int) -> Iterator[Column]:
        for neuron, name in enumerate(self.neuron_names(layer)):
            yield Column(name, "pre-activation", layer, neuron)
            yield Column(activation_name(name), "activation", layer, neuron)

    def span(self, names: list[str]) -> slice:
        """Where columns stand that are equally far from one another, as the weights or activations of a layer are."""
        places = [self.names.index(name) for name in names]
        step = places[1] - places[0] if len(places) > 1 else 1
        return slice(places[0], places[-1] + 1, step)


def activation_name(neuron: str) -> str:
    """a_h1 for h1."""
    return f"a_{neuron}"


def gradient_name(weight: str) -> str:
    """∂E/∂w1 for w1."""
    return f"∂E/∂{weight}"
