"""The interface of a kind of layer."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from engine.arrays import FloatArray, Shape
from engine.layers.windows import Window
from engine.names import Column, ColumnKind, Names, activation_name
from engine.reading import Keys

# A layer's columns, or their slopes, by kind: (B, …, R).
Fields = Mapping[ColumnKind, FloatArray]


@dataclass(frozen=True)
class LayerContext:
    """Where in a network a layer stands whose table is read.

    Attributes:
        number: which layer of the network it is, from 0.
        layers: the numbers of the layers before it, by their names and, counted from 1, "1", "2", …
        seed: the network's.
        time: the steps of each sequence; 1 where a sample is no sequence.
    """

    number: int
    layers: Mapping[str, int]
    seed: int
    time: int = 1


class Layer(ABC):
    """A layer. A kind of layer is a frozen dataclass of what the experiment file says of it.

    Attributes:
        activation: one of ACTIVATIONS.
        keys: those of its table in an experiment file.
        errors: the kinds of its columns that have a column ∂E/∂… each, from the last computed back.
        shows_identity: whether it has columns for the activations even where these are the pre-activations.
        least_rows: rows that an update must have.
        time: the steps of a sequence, for kinds whose rows read other rows of their sequence; else 1.
        truncates: whether errors stop on their way back through a sequence.
        told_by_size: whether how many neurons it has and their activation are all there is to tell of it.
        kernels: how its kernels slide over maps; None where it has none.
        causal: whether its tokens ask no later ones, for kinds whose tokens ask one another.
    """

    activation: str
    keys: ClassVar[Keys]
    errors: ClassVar[tuple[ColumnKind, ...]] = ("pre-activation",)
    shows_identity: ClassVar[bool] = False
    least_rows: ClassVar[int] = 1
    told_by_size: ClassVar[bool] = False
    time = 1
    truncates = False
    causal = False

    @property
    def kernels(self) -> Window | None:
        return None

    @classmethod
    @abstractmethod
    def read(cls, values: Mapping[str, Any], context: LayerContext) -> "Layer":
        """The layer that a table describes, from its values by `keys`."""

    @abstractmethod
    def with_activation(self, activation: str) -> "Layer":
        """The same layer with another activation."""

    @abstractmethod
    def shape(self, inputs: Shape) -> Shape:
        """The shape of what comes out, for that of what goes in."""

    def problem(self, inputs: Shape) -> str | None:  # noqa: ARG002 - for subclasses
        """What does not fit together: where, what it got, what was expected; None where all is well."""
        return None

    def input_problem(self, inputs: FloatArray) -> str | None:  # noqa: ARG002 - for subclasses
        """For first layers: what is wrong with the network's inputs, got and expected; None where all is well."""
        return None

    def parameters(self, inputs: Shape) -> dict[ColumnKind, Shape]:  # noqa: ARG002 - for subclasses
        """The shapes of its weights and biases, in the table's order; none unless a kind has some."""
        return {}

    def trained(self, inputs: Shape) -> tuple[ColumnKind, ...]:
        """The kinds of parameters that gradient descent changes."""
        return tuple(self.parameters(inputs))

    def first_parameters(
        self,
        where: str,  # noqa: ARG002 - for subclasses
        values: Mapping[str, Any],  # noqa: ARG002
        inputs: Shape,  # noqa: ARG002
        generator: np.random.Generator,  # noqa: ARG002
    ) -> tuple[FloatArray, FloatArray]:
        """The weights and biases that its table gives or has drawn, shaped as `parameters`; empty if it has none."""
        return np.empty(0), np.empty(0)

    def written(self, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:  # noqa: ARG002 - for subclasses
        """The values of a table that describes it, by `keys`, from its first weights and biases.

        What is None, or an empty array, need not be said.
        """
        return {key: getattr(self, key, None) for key in self.keys}

    def given(self, inputs: Shape, rows: int) -> dict[ColumnKind, FloatArray]:  # noqa: ARG002 - for subclasses
        """What no pass computes, (rows or 1, …) each: a mask for each row, the first statistics."""
        return {}

    def reads(self, number: int) -> tuple[int, ...]:
        """Which signals go into it as layer `number`: 0 for the network's inputs, n for what layer n − 1 puts out."""
        return (number,)

    @abstractmethod
    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        """Its columns in the table's order.

        Args:
            number: which layer of the network it is, from 0.
            inputs: the shape of what goes in.
            names: where its names go on.
            last: whether its neurons are the network's outputs.
        """

    @abstractmethod
    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """Fill in the pre-activations, and what comes before them, from `inputs`, (B, features, R) each as `reads`."""

    def backward_rows(self, of: Fields, grad: FloatArray) -> FloatArray:  # noqa: ARG002 - for subclasses
        """∂E/∂(pre-activation), with what later rows of the layer itself make of it.

        Args:
            of: the layer's columns.
            grad: what comes back from behind the layer, (B, O, R).
        """
        return grad

    def backward_parameters(  # noqa: B027 - a kind without parameters or inner columns has nothing to fill in
        self, of: Fields, slopes: Fields, inputs: Sequence[FloatArray], grad: FloatArray
    ) -> None:
        """Fill in the slopes but for those of the pre-activations, from grad, ∂E/∂(pre-activation), (B, O, R)."""

    @abstractmethod
    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂ each of the inputs, from grad, ∂E/∂(pre-activation), (B, O, R)."""

    def pass_on(self, of: Fields) -> None:  # noqa: B027 - for kinds that have such numbers
        """Change what passes from an update to the next besides the parameters, in all rows."""

    def _results(self, letter: str, number: int, shape: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        """The columns of what comes out: h1 a_h1, h2 a_h2, …, or o1 a_o1, …; of maps all h, then all a_h.

        A layer that is not the last has no columns for the activations where they are the pre-activations once more.
        """
        shape = (prod(shape),) if last else shape
        before = names.columns("o" if last else letter, "pre-activation", number, shape)
        after = [_activation(column) for column in before]
        if not last and self.activation == "identity" and not self.shows_identity:
            yield from before
        elif len(shape) == 1:
            for pair in zip(before, after, strict=True):
                yield from pair
        else:
            yield from (*before, *after)


def _activation(of: Column) -> Column:
    position = (of.layer, of.neuron, None, None, of.channel, of.row, of.column)
    return Column(activation_name(of.name), "activation", *position)


def by_sequence(x: FloatArray, time: int) -> FloatArray:
    """Rows, (B, …), as (sequences, time, …): a view."""
    return x.reshape(-1, time, *x.shape[1:])
