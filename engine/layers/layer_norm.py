"""Layer normalization: the numbers of a row less their mean, over their standard deviation.

As torch.nn.LayerNorm; Ba, Kiros and Hinton, "Layer Normalization" (2016), equation 3.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar, Self

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.layers import parameters
from engine.layers.base import Fields, Layer, LayerContext
from engine.names import Column, ColumnKind, Names
from engine.reading import Key, Keys, above_0, boolean, numbers, word

# A spreadsheet's function takes so many cells, and the mean is one function of all.
MOST = 255
LETTERS: dict[str, ColumnKind] = {"γ": "weight", "β": "bias"}


@dataclass(frozen=True)
class LayerNorm(Layer):
    """y = γ·x̂ + β with x̂ = (x − mean)/√(var + eps), mean and var over all that goes in in the own row.

    No row reads another, so that it is the same in training and in prediction.
    Shapes: B rows, F numbers that go in, (features,) or the channels, rows and columns of maps, R runs.

    Attributes:
        eps: as torch has it.
        activation: one of ACTIVATIONS.
        trains: whether gradient descent changes γ and β, of which every number has its own.
    """

    eps: float = 1e-5
    activation: str = "identity"
    trains: bool = True

    keys: ClassVar[Keys] = {
        "eps": Key(above_0, 1e-5),
        "activation": Key(word(ACTIVATIONS), "identity"),
        "gamma": Key(numbers),
        "beta": Key(numbers),
        "train": Key(boolean, default=True),
    }
    errors: ClassVar[tuple[ColumnKind, ...]] = ("pre-activation", "normalized", "variance", "mean")

    @classmethod
    def read(cls, values: Mapping[str, Any], _place: LayerContext) -> Self:
        return cls(values["eps"], values["activation"], values["train"])

    def with_activation(self, activation: str) -> Self:
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:
        return inputs

    def problem(self, inputs: Shape) -> str | None:
        count = prod(inputs)
        return f"kind: got layer-norm of {count} numbers, expected at most {MOST}" if count > MOST else None

    def parameters(self, inputs: Shape) -> dict[ColumnKind, Shape]:
        return {"weight": inputs, "bias": inputs}

    def trained(self, inputs: Shape) -> tuple[ColumnKind, ...]:
        return tuple(self.parameters(inputs)) if self.trains else ()

    def first_parameters(
        self, where: str, values: Mapping[str, Any], inputs: Shape, _generator: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        gamma, beta = (
            np.full(inputs, default)
            if values[key] is None
            else parameters.read_list(f"{where}.{key}", values[key], prod(inputs), "number that goes in").reshape(
                inputs
            )
            for key, default in (("gamma", 1.0), ("beta", 0.0))
        )
        return gamma, beta

    def written(self, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:
        own = {"gamma": weights.ravel(), "beta": biases.ravel(), "train": self.trains}
        return super().written(weights, biases) | own

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        for letter, kind in LETTERS.items():
            for neuron, name in enumerate(names.take(letter, prod(inputs))):
                yield Column(name, kind, number, neuron)
        yield from names.columns("mean", "mean", number, (1,))
        yield from names.columns("var", "variance", number, (1,))
        yield from names.columns("n", "normalized", number, inputs)
        yield from self._results("y", number, inputs, names, last=last)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """mean = 1/F Σ x, var = 1/F Σ (x − mean)², x̂ = (x − mean)/√(var + eps), y = γ·x̂ + β, each of a row."""
        x = _flat(inputs[0])
        of["mean"][:], of["variance"][:] = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
        normalized = (x - of["mean"]) / np.sqrt(of["variance"] + self.eps)
        of["normalized"][:] = normalized.reshape(of["normalized"].shape)
        y = _flat(of["weight"]) * normalized + _flat(of["bias"])
        of["pre-activation"][:] = y.reshape(of["pre-activation"].shape)

    def backward_parameters(self, of: Fields, slopes: Fields, _inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """∂E/∂γ_i = ∂E/∂y_i·x̂_i, ∂E/∂β_i = ∂E/∂y_i, ∂E/∂x̂_i = ∂E/∂y_i·γ_i.

        ∂E/∂var = −½·Σ_i ∂E/∂x̂_i·(x_i − mean)/(var + eps)^(3/2), ∂E/∂mean = −Σ_i ∂E/∂x̂_i/√(var + eps).
        """
        if self.trains:
            g = grad.reshape(of["normalized"].shape)
            slopes["weight"][:], slopes["bias"][:] = g * of["normalized"], g
        if "normalized" in slopes:
            back, variance, mean = self._statistics(of, grad)
            slopes["normalized"][:] = back.reshape(slopes["normalized"].shape)
            slopes["variance"][:], slopes["mean"][:] = variance, mean

    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x_i = ∂E/∂x̂_i/√(var + eps) + 2(x_i − mean)/F · ∂E/∂var + 1/F · ∂E/∂mean."""
        x = _flat(inputs[0])
        back, variance, mean = self._statistics(of, grad)
        own = back / np.sqrt(of["variance"] + self.eps)
        through_statistics = ((x - of["mean"]) * 2 * variance + mean) / x.shape[1]
        return [(own + through_statistics).reshape(inputs[0].shape)]

    def _statistics(self, of: Fields, grad: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """∂E/∂x̂, (B, F, R), ∂E/∂var and ∂E/∂mean, (B, 1, R)."""
        back = _flat(grad) * _flat(of["weight"])
        variance = of["variance"] + self.eps
        # (x − mean)/(var + eps)^(3/2) is x̂/(var + eps).
        by_variance = -0.5 * (back * _flat(of["normalized"])).sum(axis=1, keepdims=True) / variance
        return back, by_variance, -back.sum(axis=1, keepdims=True) / np.sqrt(variance)


def _flat(x: FloatArray) -> FloatArray:
    """Maps, (B, C, H, W, R), as (B, F, R)."""
    return x if x.ndim == 3 else x.reshape(len(x), -1, x.shape[-1])
