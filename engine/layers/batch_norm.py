"""Batch normalization: each channel less its mean, over its standard deviation, in the rows of an update.

As torch.nn.BatchNorm1d and BatchNorm2d; Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by
Reducing Internal Covariate Shift" (2015), whose page 4 has the equations of both passes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.layers import parameters
from engine.layers.base import Fields, Layer, LayerContext
from engine.names import Column, ColumnKind, Names
from engine.reading import Key, Keys, above_0, boolean, numbers, share, word

# The names of what there is one of for each channel, in the table's order.
LETTERS: dict[ColumnKind, str] = {
    "weight": "γ",
    "bias": "β",
    "running-mean": "running_mean",
    "running-variance": "running_var",
    "mean": "mean",
    "variance": "var",
}


@dataclass(frozen=True)
class BatchNorm(Layer):
    """y = γ·x̂ + β with x̂ = (x − mean)/√(var + eps), mean and var over an update's rows and a map's positions.

    Every row has columns for the update's mean and variance, the same in each. The running statistics are those before
    the update, as the weights are: running ← (1 − momentum)·running + momentum·(mean, or the variance · n/(n − 1)).
    Nothing of the training reads them; they stand for mean and var in prediction.
    Shapes: B rows, C channels, P positions of each, R runs; n = B·P.

    Attributes:
        eps, momentum: as torch has them.
        activation: one of ACTIVATIONS.
        trains: whether gradient descent changes γ and β.
        running_mean, running_var: the running statistics before the first update, of each channel; 0 and 1 where none
            are given, as in a new network.
    """

    eps: float = 1e-5
    momentum: float = 0.1
    activation: str = "identity"
    trains: bool = True
    running_mean: tuple[float, ...] = ()
    running_var: tuple[float, ...] = ()

    keys: ClassVar[Keys] = {
        "eps": Key(above_0, 1e-5),
        "momentum": Key(share, 0.1),
        "activation": Key(word(ACTIVATIONS), "identity"),
        "gamma": Key(numbers),
        "beta": Key(numbers),
        "train": Key(boolean, default=True),
        "running_mean": Key(numbers),
        "running_var": Key(numbers),
    }
    errors: ClassVar[tuple[ColumnKind, ...]] = ("pre-activation", "normalized", "variance", "mean")
    least_rows: ClassVar[int] = 2

    @classmethod
    def read(cls, values: Mapping[str, Any], _place: LayerContext) -> Self:
        running = (tuple(values[key] or ()) for key in ("running_mean", "running_var"))
        return cls(values["eps"], values["momentum"], values["activation"], values["train"], *running)

    def with_activation(self, activation: str) -> Self:
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:
        return inputs

    def problem(self, inputs: Shape) -> str | None:
        for key, given in (("running_mean", self.running_mean), ("running_var", self.running_var)):
            if len(given) not in (0, inputs[0]):
                return f"{key}: got {parameters.so_many(len(given))}, expected {inputs[0]}, one for each channel"
        wrong = [variance for variance in self.running_var if variance < 0]
        return f"running_var: got {wrong[0]:g}, expected variances, from 0 up" if wrong else None

    def parameters(self, inputs: Shape) -> dict[ColumnKind, Shape]:
        return {"weight": inputs[:1], "bias": inputs[:1]}

    def trained(self, inputs: Shape) -> tuple[ColumnKind, ...]:
        return tuple(self.parameters(inputs)) if self.trains else ()

    def first_parameters(
        self, where: str, values: Mapping[str, Any], inputs: Shape, _generator: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        gamma, beta = (
            np.full(inputs[0], default)
            if values[key] is None
            else parameters.read_list(f"{where}.{key}", values[key], inputs[0], "channel")
            for key, default in (("gamma", 1.0), ("beta", 0.0))
        )
        return gamma, beta

    def given(self, inputs: Shape, _rows: int) -> dict[ColumnKind, FloatArray]:
        return {
            "running-mean": np.array([self.running_mean or [0.0] * inputs[0]]),
            "running-variance": np.array([self.running_var or [1.0] * inputs[0]]),
        }

    def written(self, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:
        own = {"gamma": weights.ravel(), "beta": biases.ravel(), "train": self.trains}
        running = {"running_mean": self.running_mean or None, "running_var": self.running_var or None}
        return super().written(weights, biases) | own | running

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        for kind, letter in LETTERS.items():
            for channel, name in enumerate(names.take(letter, inputs[0])):
                yield Column(name, kind, number, channel, channel=channel)
        yield from names.columns("n", "normalized", number, inputs)
        yield from self._results("y", number, inputs, names, last=last)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """mean = 1/n Σ x, var = 1/n Σ (x − mean)², x̂ = (x − mean)/√(var + eps), y = γ·x̂ + β, each of a channel."""
        x = _by_channel(inputs[0])
        mean, variance = x.mean(axis=(0, 2)), x.var(axis=(0, 2))
        of["mean"][:], of["variance"][:] = mean, variance
        normalized = (x - mean[:, np.newaxis]) / np.sqrt(variance + self.eps)[:, np.newaxis]
        of["normalized"][:] = normalized.reshape(of["normalized"].shape)
        y = of["weight"][0][:, np.newaxis] * normalized + of["bias"][0][:, np.newaxis]
        of["pre-activation"][:] = y.reshape(of["pre-activation"].shape)

    def backward_parameters(self, of: Fields, slopes: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """∂E/∂γ_c = Σ_p ∂E/∂y_cp·x̂_cp, ∂E/∂β_c = Σ_p ∂E/∂y_cp; ∂E/∂x̂ = ∂E/∂y·γ, and of a row's own mean and variance.

        ∂E/∂var_c = −½·Σ_p ∂E/∂x̂_cp·(x_cp − mean_c)/(var_c + eps)^(3/2), ∂E/∂mean_c = −Σ_p ∂E/∂x̂_cp/√(var_c + eps).
        """
        g = _by_channel(grad.reshape(inputs[0].shape))
        normalized = _by_channel(of["normalized"])
        if self.trains:
            slopes["weight"][:], slopes["bias"][:] = (g * normalized).sum(axis=2), g.sum(axis=2)
        if "normalized" in slopes:
            back, variance, mean = self._statistics(of, g)
            slopes["normalized"][:] = back.reshape(slopes["normalized"].shape)
            slopes["variance"][:], slopes["mean"][:] = variance, mean

    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x = ∂E/∂x̂/√(var + eps) + 2(x − mean)/n · Σ_rows ∂E/∂var + 1/n · Σ_rows ∂E/∂mean."""
        x = _by_channel(inputs[0])
        back, variance, mean = self._statistics(of, _by_channel(grad.reshape(inputs[0].shape)))
        n = x.shape[0] * x.shape[2]
        deviation = np.sqrt(of["variance"] + self.eps)[:, :, np.newaxis]
        through_variance = (x - of["mean"][:, :, np.newaxis]) * (2 / n * variance.sum(axis=0))[:, np.newaxis]
        through_mean = (mean.sum(axis=0) / n)[:, np.newaxis]
        return [(back / deviation + through_variance + through_mean).reshape(inputs[0].shape)]

    def pass_on(self, of: Fields) -> None:
        """running ← (1 − momentum)·running + momentum·the update's; of the variance the unbiased one, ·n/(n − 1)."""
        normalized = _by_channel(of["normalized"])
        n = normalized.shape[0] * normalized.shape[2]
        unbiased = of["variance"] * (n / (n - 1))
        for running, now in ((of["running-mean"], of["mean"]), (of["running-variance"], unbiased)):
            running[:] = (1 - self.momentum) * running + self.momentum * now

    def _statistics(self, of: Fields, g: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """∂E/∂x̂, (B, C, P, R), and each row's ∂E/∂var and ∂E/∂mean, (B, C, R)."""
        back = g * of["weight"][0][:, np.newaxis]
        variance = of["variance"] + self.eps
        # (x − mean)/(var + eps)^(3/2) is x̂/(var + eps).
        by_variance = -0.5 * (back * _by_channel(of["normalized"])).sum(axis=2) / variance
        return back, by_variance, -back.sum(axis=2) / np.sqrt(variance)


def _by_channel(x: FloatArray) -> FloatArray:
    """(B, C, R) or (B, C, H, W, R) as (B, C, P, R)."""
    return x.reshape(*x.shape[:2], -1, x.shape[-1])
