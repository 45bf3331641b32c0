"""Neurons that each read every input: z_o = Σ_i w_oi·x_i + b_o."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.layers import parameters
from engine.layers.base import Fields, Layer, LayerContext
from engine.names import Column, ColumnKind, Names
from engine.reading import REQUIRED, Key, Keys, whole_number, word


@dataclass(frozen=True)
class Dense(Layer):
    """A dense (fully connected) layer; pictures go in flattened: (channel, row, column).

    The equations are BP1 to BP4 of Michael Nielsen, "Neural Networks and Deep Learning" (2015), chapter 2.
    Shapes of its kernels: B rows, O neurons, I inputs, R runs.

    Attributes:
        neurons: how many.
        activation: one of ACTIVATIONS.
        biases: how many columns of biases: none, one for each neuron, or one that all of them share.
        train_bias: whether gradient descent changes the biases.
    """

    neurons: int
    activation: str = "sigmoid"
    biases: int = 0
    train_bias: bool = True

    keys: ClassVar[Keys] = {
        "neurons": Key(whole_number(1, 1000), REQUIRED),
        "activation": Key(word(ACTIVATIONS), "sigmoid"),
        **parameters.KEYS,
    }
    shows_identity: ClassVar[bool] = True
    told_by_size: ClassVar[bool] = True

    @classmethod
    def read(cls, values: Mapping[str, Any], _place: LayerContext) -> "Dense":
        biases = parameters.bias_count(values["bias"])
        return cls(values["neurons"], values["activation"], biases, values["train_bias"])

    def with_activation(self, activation: str) -> "Dense":
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:  # noqa: ARG002 - as of every layer
        return (self.neurons,)

    def problem(self, inputs: Shape) -> str | None:  # noqa: ARG002 - as of every layer
        return parameters.bias_problem(self.biases, self.neurons, "neuron")

    def parameters(self, inputs: Shape) -> dict[ColumnKind, Shape]:
        weights: dict[ColumnKind, Shape] = {"weight": (self.neurons, prod(inputs))}
        return weights | ({"bias": (self.biases,)} if self.biases else {})

    def trained(self, inputs: Shape) -> tuple[ColumnKind, ...]:
        return tuple(kind for kind in self.parameters(inputs) if kind == "weight" or self.train_bias)

    def first_parameters(
        self, where: str, values: Mapping[str, Any], inputs: Shape, generator: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        shape, each = (self.neurons, prod(inputs)), ("neuron", "input of the layer")
        weights = parameters.read_weights(where, values, shape, each, generator)
        return weights, parameters.read_bias(where, values["bias"], self.neurons, "neuron")

    def written(self, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:
        return super().written(weights, biases) | parameters.written(weights, biases, self.neurons)

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        sources = prod(inputs)
        for index, name in enumerate(names.take("w", self.neurons * sources)):
            neuron, source = divmod(index, sources)
            yield Column(name, "weight", number, neuron, source)
        for neuron, name in enumerate(names.take("b", self.biases)):
            yield Column(name, "bias", number, neuron)
        yield from self._results("h", number, (self.neurons,), names, last=last)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """z_o = Σ_i w_oi·x_i + b_o."""
        z = of["pre-activation"]
        np.einsum("oir,bir->bor", of["weight"][0], _flat(inputs[0]), out=z)
        if self.biases:
            np.add(z, of["bias"], out=z)

    def backward_parameters(self, _of: Fields, slopes: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """∂E/∂w_oi = ∂E/∂z_o · x_i and ∂E/∂b_o = ∂E/∂z_o; a bias that the layer shares gets their sum."""
        np.multiply(grad[:, :, np.newaxis], _flat(inputs[0])[:, np.newaxis], out=slopes["weight"])
        if "bias" in slopes:
            bias = slopes["bias"]
            if bias.shape == grad.shape:
                bias[:] = grad
            else:
                np.add.reduce(grad, axis=1, out=bias[:, 0])

    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x_i = Σ_o ∂E/∂z_o · w_oi."""
        return [np.einsum("bor,oir->bir", grad, of["weight"][0]).reshape(inputs[0].shape)]


def _flat(x: FloatArray) -> FloatArray:
    """Maps, (B, C, H, W, R), as (B, I, R)."""
    return x if x.ndim == 3 else x.reshape(len(x), -1, x.shape[-1])
