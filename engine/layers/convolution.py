"""Kernels that slide over maps: z_ohw = Σ_ckl w_ockl·x_c(h·stride+k)(w·stride+l) + b_o, as torch.nn.Conv2d."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, ClassVar

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.layers import parameters, windows
from engine.layers.base import Fields, Layer, LayerContext
from engine.layers.windows import Pair, Window
from engine.names import Column, ColumnKind, Names
from engine.reading import REQUIRED, Key, Keys, pair, whole_number, word


@dataclass(frozen=True)
class Convolution(Layer):
    """A convolution (as everywhere in deep learning, a cross-correlation: kernels are not flipped).

    Its backward pass is that of Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016),
    chapter 4. Shapes of its kernels: B rows, O channels out, C channels in, h×w maps out, k×l a kernel, R runs.

    Attributes:
        channels: how many maps it makes.
        kernel, stride, padding: of rows and columns.
        activation: one of ACTIVATIONS.
        biases: none, one for each channel, or one that all of them share.
        train_bias: whether gradient descent changes the biases.
    """

    channels: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    activation: str = "identity"
    biases: int = 0
    train_bias: bool = True

    keys: ClassVar[Keys] = {
        "channels": Key(whole_number(1, 1000), REQUIRED),
        "kernel": Key(pair(whole_number(1, 1000)), REQUIRED),
        "stride": Key(pair(whole_number(1, 1000)), (1, 1)),
        "padding": Key(pair(whole_number(0, 1000)), (0, 0)),
        "activation": Key(word(ACTIVATIONS), "identity"),
        **parameters.KEYS,
    }

    @classmethod
    def read(cls, values: Mapping[str, Any], _place: LayerContext) -> "Convolution":
        return cls(
            values["channels"], values["kernel"], values["stride"], values["padding"], values["activation"],
            parameters.bias_count(values["bias"]), values["train_bias"],
        )  # fmt: skip

    @property
    def kernels(self) -> Window:
        return Window(self.kernel, self.stride, self.padding)

    def with_activation(self, activation: str) -> "Convolution":
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:
        _, rows, columns = inputs
        return (self.channels, *windows.output_size((rows, columns), self.kernel, self.stride, self.padding))

    def problem(self, inputs: Shape) -> str | None:
        return windows.problem(inputs, self.kernel, self.padding, "kernel") or parameters.bias_problem(
            self.biases, self.channels, "channel"
        )

    def parameters(self, inputs: Shape) -> dict[ColumnKind, Shape]:
        kernels: dict[ColumnKind, Shape] = {"weight": (self.channels, inputs[0], *self.kernel)}
        return kernels | ({"bias": (self.biases,)} if self.biases else {})

    def trained(self, inputs: Shape) -> tuple[ColumnKind, ...]:
        return tuple(kind for kind in self.parameters(inputs) if kind == "weight" or self.train_bias)

    def first_parameters(
        self, where: str, values: Mapping[str, Any], inputs: Shape, generator: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        shape = self.parameters(inputs)["weight"]
        each = ("channel", "channel of what goes in", "row of the kernel", "column of the kernel")
        weights = parameters.read_weights(where, values, shape, each, generator)
        return weights, parameters.read_bias(where, values["bias"], self.channels, "channel")

    def written(self, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:
        return super().written(weights, biases) | parameters.written(weights, biases, self.channels)

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        shape = self.parameters(inputs)["weight"]
        indices = list(product(*map(range, shape)))
        for name, (out, source, row, column) in zip(names.take("w", len(indices)), indices, strict=True):
            yield Column(name, "weight", number, out, source, channel=out, row=row, column=column)
        for channel, name in enumerate(names.take("b", self.biases)):
            yield Column(name, "bias", number, channel)
        yield from self._results("h", number, self.shape(inputs), names, last=last)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """z_ohw = Σ_ckl w_ockl·x_c(h·stride+k)(w·stride+l) + b_o, x with zeros around it."""
        seen = windows.windows(windows.padded(inputs[0], self.padding), self.kernel, self.stride)
        z = np.einsum("ocklr,bchwrkl->bohwr", of["weight"][0], seen, optimize=True)
        if self.biases:
            z += of["bias"][0][:, np.newaxis, np.newaxis]
        of["pre-activation"][:] = z.reshape(of["pre-activation"].shape)

    def backward_parameters(self, _of: Fields, slopes: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """∂E/∂w_ockl = Σ_hw ∂E/∂z_ohw · x_c(h·stride+k)(w·stride+l) and ∂E/∂b_o = Σ_hw ∂E/∂z_ohw."""
        seen = windows.windows(windows.padded(inputs[0], self.padding), self.kernel, self.stride)
        g = grad.reshape(seen.shape[0], self.channels, *seen.shape[2:5])
        slopes["weight"][:] = np.einsum("bohwr,bchwrkl->bocklr", g, seen)
        if "bias" in slopes:
            bias = g.sum(axis=(2, 3))
            slopes["bias"][:] = bias if self.biases == self.channels else bias.sum(axis=1, keepdims=True)

    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x_c(h·stride+k)(w·stride+l) = Σ of ∂E/∂z_ohw · w_ockl over all o and all windows that hold it."""
        back, weights = np.zeros_like(windows.padded(inputs[0], self.padding)), of["weight"][0]
        g = grad.reshape(len(grad), *self.shape(inputs[0].shape[1:-1]), -1)
        for row, column, where in windows.positions(g.shape[2:4], self.kernel, self.stride):
            back[where] += np.einsum("bohwr,ocr->bchwr", g, weights[:, :, row, column])
        return [windows.unpadded(back, self.padding)]
