"""Dropout: some of the numbers are left out, others in each row, as torch.nn.Dropout.

Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.layers.base import Fields, Layer, LayerContext
from engine.names import Column, ColumnKind, Names
from engine.reading import REQUIRED, Key, Keys, share, word


@dataclass(frozen=True)
class Dropout(Layer):
    """z = x·mask/(1 − rate), with a mask of 0 and 1 for each row; the same masks in all runs.

    In prediction nothing is left out, which is what the division is for.

    Attributes:
        rate: the probability that a number is left out.
        seed: of the masks; a layer's number is the second part of it, so that layers have masks of their own.
        activation: one of ACTIVATIONS.
    """

    rate: float
    seed: tuple[int, int] = (1, 0)
    activation: str = "identity"

    keys: ClassVar[Keys] = {"rate": Key(share, REQUIRED), "activation": Key(word(ACTIVATIONS), "identity")}

    @classmethod
    def read(cls, values: Mapping[str, Any], context: LayerContext) -> Self:
        return cls(values["rate"], (context.seed, context.number), values["activation"])

    def with_activation(self, activation: str) -> Self:
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:
        return inputs

    def given(self, inputs: Shape, rows: int) -> dict[ColumnKind, FloatArray]:
        kept = np.random.default_rng(self.seed).random((rows, *inputs)) >= self.rate
        return {"mask": kept.astype(float)}

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        yield from names.columns("mask", "mask", number, inputs)
        yield from self._results("d", number, inputs, names, last=last)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """z = x·mask/(1 − rate)."""
        kept = inputs[0] * of["mask"] / (1 - self.rate)
        of["pre-activation"][:] = kept.reshape(of["pre-activation"].shape)

    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x = ∂E/∂z·mask/(1 − rate)."""
        return [grad.reshape(inputs[0].shape) * of["mask"] / (1 - self.rate)]
