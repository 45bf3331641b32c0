"""What every kind of layer can be asked."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from engine.arrays import FloatArray, Shape
from engine.names import Column, Kind, Names, activation_name

# A layer's columns, or their slopes, by kind: (B, …, R).
Fields = Mapping[Kind, FloatArray]


class Layer(ABC):
    """A layer. A kind of layer is a frozen dataclass of what the experiment file says of it.

    Attributes:
        activation: one of ACTIVATIONS.
        errors: the kinds of its columns that have a column ∂E/∂… each, from the last computed back.
    """

    activation: str
    errors: ClassVar[tuple[Kind, ...]] = ("pre-activation",)

    @abstractmethod
    def with_activation(self, activation: str) -> "Layer":
        """The same layer with another activation."""

    @abstractmethod
    def shape(self, inputs: Shape) -> Shape:
        """The shape of what comes out, for that of what goes in."""

    def problem(self, inputs: Shape) -> str | None:  # noqa: ARG002 - for subclasses
        """What does not fit together: where, what it got, what was expected; None where all is well."""
        return None

    def parameters(self, inputs: Shape) -> dict[Kind, Shape]:  # noqa: ARG002 - for subclasses
        """The shapes of its weights and biases, in the table's order; none unless a kind has some."""
        return {}

    def trained(self, inputs: Shape) -> tuple[Kind, ...]:
        """The kinds of parameters that gradient descent changes."""
        return tuple(self.parameters(inputs))

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

    @abstractmethod
    def backward_parameters(self, of: Fields, slopes: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """Fill in the slopes but for those of the pre-activations, from grad, ∂E/∂(pre-activation), (B, O, R)."""

    @abstractmethod
    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂ each of the inputs, from grad, ∂E/∂(pre-activation), (B, O, R)."""

    def _results(self, number: int, count: int, names: Names, *, last: bool) -> Iterator[Column]:
        """The columns of so many neurons, each pre-activation with its activation: h1 a_h1, h2 a_h2, …, or o1 a_o1."""
        for neuron, name in enumerate(names.take("o" if last else "h", count)):
            yield Column(name, "pre-activation", number, neuron)
            yield Column(activation_name(name), "activation", number, neuron)
