"""Pooling: a window of each map becomes one number, as torch.nn.MaxPool2d, AvgPool2d and AdaptiveAvgPool2d(1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.layers import windows
from engine.layers.base import Fields, Layer, LayerContext
from engine.layers.windows import Pair
from engine.names import Column, Names
from engine.reading import Key, Keys, pair, whole_number, word


@dataclass(frozen=True)
class Pool(Layer):
    """What all pools have in common. Shapes: B rows, C channels, h×w maps out, k×l a window, R runs.

    Attributes:
        size, stride: of rows and columns.
        activation: one of ACTIVATIONS.
    """

    size: Pair = (2, 2)
    stride: Pair = (2, 2)
    activation: str = "identity"

    keys: ClassVar[Keys] = {
        "size": Key(pair(whole_number(1, 1000)), (2, 2)),
        "stride": Key(pair(whole_number(1, 1000))),
        "activation": Key(word(ACTIVATIONS), "identity"),
    }

    @classmethod
    def read(cls, values: Mapping[str, Any], _place: LayerContext) -> Self:
        return cls(values["size"], values["stride"] or values["size"], values["activation"])

    def with_activation(self, activation: str) -> Self:
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:
        return (inputs[0], *windows.output_size(self._maps(inputs), self.size, self.stride))

    def problem(self, inputs: Shape) -> str | None:
        return windows.problem(inputs, self.size, (0, 0), "size")

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        yield from self._results("p", number, self.shape(inputs), names, last=last)

    @staticmethod
    def _maps(inputs: Shape) -> Pair:
        _, rows, columns = inputs
        return rows, columns


@dataclass(frozen=True)
class MaxPool(Pool):
    """The largest number of each window; of several that are equally large the first, by rows."""

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """z_chw = max_kl x_c(h·stride+k)(w·stride+l)."""
        largest = windows.windows(inputs[0], self.size, self.stride).max(axis=(-2, -1))
        of["pre-activation"][:] = largest.reshape(of["pre-activation"].shape)

    def backward_inputs(self, _of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x is the sum of ∂E/∂z of the windows that it wins."""
        seen = windows.windows(inputs[0], self.size, self.stride)
        winners = seen.reshape(*seen.shape[:-2], -1).argmax(axis=-1)
        g, back = grad.reshape(winners.shape), np.zeros_like(inputs[0])
        for row, column, where in windows.positions(winners.shape[2:4], self.size, self.stride):
            back[where] += g * (winners == row * self.size[1] + column)
        return [back]


@dataclass(frozen=True)
class AveragePool(Pool):
    """The mean of each window."""

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """z_chw = 1/(k·l) · Σ_kl x_c(h·stride+k)(w·stride+l)."""
        mean = windows.windows(inputs[0], self.size, self.stride).mean(axis=(-2, -1))
        of["pre-activation"][:] = mean.reshape(of["pre-activation"].shape)

    def backward_inputs(self, _of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x is the sum of ∂E/∂z / (k·l) of the windows that hold it."""
        x = inputs[0]
        size = windows.output_size(self._maps(x.shape[1:-1]), self.size, self.stride)
        share = grad.reshape(*x.shape[:2], *size, x.shape[-1]) / (self.size[0] * self.size[1])
        back = np.zeros_like(x)
        for _, _, where in windows.positions(size, self.size, self.stride):
            back[where] += share
        return [back]


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """The mean of each map: one number for each channel."""

    activation: str = "identity"

    keys: ClassVar[Keys] = {"activation": Key(word(ACTIVATIONS), "identity")}

    @classmethod
    def read(cls, values: Mapping[str, Any], _place: LayerContext) -> Self:
        return cls(values["activation"])

    def with_activation(self, activation: str) -> Self:
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:
        return (inputs[0],)

    def problem(self, inputs: Shape) -> str | None:
        return windows.problem(inputs, (1, 1), (0, 0), "size")

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        yield from self._results("p", number, self.shape(inputs), names, last=last)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """z_c = 1/(H·W) · Σ_hw x_chw."""
        inputs[0].mean(axis=(2, 3), out=of["pre-activation"])

    def backward_inputs(self, _of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x_chw = ∂E/∂z_c / (H·W)."""
        rows, columns = inputs[0].shape[2:4]
        share = grad[:, :, np.newaxis, np.newaxis] / (rows * columns)
        return [np.broadcast_to(share, inputs[0].shape).copy()]
