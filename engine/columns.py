"""The columns of the table: their names, kinds and order, and where each layer's numbers stand among them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from engine.arrays import Shape
from engine.names import Column, ColumnKind, Names, activation_name, gradient_name
from engine.network import PLAIN, Method, Network
from engine.optimizers import OPTIMIZERS

__all__ = ["Column", "ColumnKind", "Columns", "activation_name", "gradient_name"]


@dataclass(frozen=True)
class Columns:
    """The columns of the table of a network, of so many samples, trained by a method.

    Of sequences, `samples` counts the rows: each of their steps is one. The order is: step, sample, time in a sequence
    and learning rate where they change; targets, and whether they count where not all do; inputs; layer by layer the
    weights, the biases, then each neuron's pre-activation and activation; the losses, their sum, the batch's loss where
    there are several samples; the errors from the last layer back, where the network keeps them; the gradients; the
    optimizer's state. Numbers run on from layer to layer: a 2-2-2 network has w1 to w8, and the neurons of a second
    hidden layer are numbered on from those of the first.
    """

    network: Network
    samples: int = 1
    method: Method = PLAIN

    @classmethod
    def plain(cls, sizes: tuple[int, ...]) -> "Columns":
        """The columns of a sigmoid network without biases and one sample, for the layer sizes (inputs first)."""
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
        trained = [column for columns in self.layers for column in columns if column.name in self.trained]
        return (
            *self._counters(),
            *(Column(name, "target", neuron=neuron) for neuron, name in enumerate(self.target_names)),
            *([Column("counted", "counted")] if self.network.counted else []),
            *self.inputs,
            *(column for columns in self.layers for column in columns),
            *(Column(name, "loss", neuron=neuron) for neuron, name in enumerate(self.loss_names)),
            Column("E_tot", "total"),
            *([Column("E_batch", "batch")] if self.samples > 1 else []),
            *(column for layer in reversed(range(self.depth)) for column in self._errors(layer)),
            *(replace(p, name=gradient_name(p.name), kind="gradient", of=p.name) for p in trained),
            *(
                replace(p, name=f"{letter}_{p.name}", kind="state", of=p.name)
                for letter in self.states
                for p in trained
            ),
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every column's name, in the order of the table."""
        return tuple(column.name for column in self.all)

    @cached_property
    def index(self) -> dict[str, int]:
        """Where each column stands, from 0."""
        return {name: index for index, name in enumerate(self.names)}

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Each column."""
        return {column.name: column for column in self.all}

    def of(self, *kinds: ColumnKind) -> list[str]:
        """The names of the columns of some kinds, in the order of the table."""
        return [column.name for column in self.all if column.kind in kinds]

    @property
    def states(self) -> str:
        """The letters of the optimizer's state: v, s, m and s, m and u, or s and d."""
        return OPTIMIZERS[self.method.optimizer].states

    @property
    def loss(self) -> str:
        """The column that the loss curve shows: that of the batch, or of the only sample."""
        return "E_batch" if self.samples > 1 else "E_tot"

    @property
    def sequences(self) -> int:
        """Samples of an update: its rows, or its sequences of several rows."""
        return self.method.batch_size // self.network.time

    @property
    def divisor(self) -> int:
        """What the sum of an update's gradients, or losses, is divided by."""
        return self.sequences if self.method.reduction == "mean" else 1

    @property
    def target_names(self) -> list[str]:
        """t1, t2, ..."""
        return [f"t{n}" for n in range(1, self.outputs + 1)]

    @property
    def input_names(self) -> list[str]:
        """i1, i2, ...; of a picture i1_1_1, ..., by channel, row and column."""
        return [column.name for column in self.inputs]

    @cached_property
    def inputs(self) -> tuple[Column, ...]:
        """The columns of the inputs."""
        return tuple(Names().columns("i", "input", None, self.network.shapes[0]))

    @property
    def loss_names(self) -> list[str]:
        """E1, E2, ...: one for each output."""
        return [f"E{n}" for n in range(1, self.outputs + 1)]

    @cached_property
    def layers(self) -> tuple[tuple[Column, ...], ...]:
        """Each layer's own columns, in the order of the table."""
        names, last = Names(), self.depth - 1
        return tuple(
            tuple(layer.columns(number, self.network.shapes[number], names, last=number == last))
            for number, layer in enumerate(self.network.layers)
        )

    def names_in(self, layer: int, kind: ColumnKind) -> list[str]:
        """The names of a layer's columns of a kind; none where it has none."""
        return [column.name for column in self.layers[layer] if column.kind == kind]

    def shape_of(self, layer: int, kind: ColumnKind) -> Shape:
        """(features,) or, of maps, (channels, rows, columns): the shape of a layer's columns of a kind."""
        columns = [column for column in self.layers[layer] if column.kind == kind]
        last = columns[-1]
        if last.channel is None or last.row is None or last.column is None:
            return (len(columns),)
        return (last.channel + 1, last.row + 1, last.column + 1)

    def weight_names(self, layer: int) -> list[list[str]]:
        """w1, w2, ... as (fan-out, fan-in) rows; of kernels a row for each channel that they make."""
        names = self.names_in(layer, "weight")
        rows, *_ = self.network.layers[layer].parameters(self.network.shapes[layer]).get("weight", (1,))
        fan_in = len(names) // rows
        return [names[first : first + fan_in] for first in range(0, len(names), fan_in or 1)]

    def bias_names(self, layer: int) -> list[str]:
        """b1, b2, ...: one for each neuron, one for the whole layer, or none."""
        return self.names_in(layer, "bias")

    def bias_of(self, layer: int, neuron: int) -> str | None:
        """The bias of a neuron, which the whole layer may share."""
        names = self.bias_names(layer)
        return names[min(neuron, len(names) - 1)] if names else None

    def trained_names(self, layer: int) -> list[str]:
        """The weights, and the biases if they are trained, of a layer."""
        kinds = self.network.layers[layer].trained(self.network.shapes[layer])
        return [column.name for column in self.layers[layer] if column.kind in kinds]

    @cached_property
    def trained(self) -> frozenset[str]:
        """All weights and biases that have a gradient."""
        return frozenset(name for layer in range(self.depth) for name in self.trained_names(layer))

    def neuron_names(self, layer: int) -> list[str]:
        """h1, h2, ... or, in the last layer, o1, o2, ...: the pre-activations."""
        return self.names_in(layer, "pre-activation")

    def activation_names(self, layer: int) -> list[str]:
        """What a layer puts out: a_h1, ..., or h1, ... where it has no others; the inputs for a layer of -1."""
        if layer < 0:
            return self.input_names
        return self.names_in(layer, "activation") or self.neuron_names(layer)

    def _counters(self) -> Iterator[Column]:
        if self.samples > 1 or self.method.counts_steps:
            yield Column("step", "step")
        if self.samples > self.network.time:
            yield Column("sample", "sample")
        if self.network.time > 1:
            yield Column("time", "time")
        if self.method.schedule != "constant":
            yield Column("eta", "rate")

    def _errors(self, layer: int) -> Iterator[Column]:
        if self.network.deltas:
            for kind in self.network.layers[layer].errors:
                for column in self.layers[layer]:
                    if column.kind == kind:
                        yield replace(column, name=gradient_name(column.name), kind="delta")

    def span(self, names: list[str]) -> slice:
        """Where columns stand that are equally far from one another, as the weights or activations of a layer are."""
        indices = [self.index[name] for name in names]
        if not indices:
            return slice(0, 0)
        step = indices[1] - indices[0] if len(indices) > 1 else 1
        return slice(indices[0], indices[-1] + 1, step)
