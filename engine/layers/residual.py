"""A residual connection: what went into an earlier layer is added to what the layers since have made of it.

He et al., "Deep Residual Learning for Image Recognition" (2015), equation 1: y = F(x) + x.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.errors import InputError
from engine.layers.base import Fields, Layer, LayerContext
from engine.names import Column, Names
from engine.reading import REQUIRED, Key, Keys, text_or_number, word


@dataclass(frozen=True)
class Residual(Layer):
    """z = x + what went into layer `source`, counted from 0.

    Attributes:
        activation: one of ACTIVATIONS.
    """

    source: int
    activation: str = "identity"

    keys: ClassVar[Keys] = {
        "from": Key(text_or_number, REQUIRED),
        "activation": Key(word(ACTIVATIONS), "identity"),
    }

    @classmethod
    def read(cls, values: Mapping[str, Any], context: LayerContext) -> Self:
        if values["from"] not in context.layers:
            known = ", ".join(context.layers) or "none, as it is the first"
            raise InputError(f"from: got '{values['from']}', expected the name or number of a layer before: {known}")
        return cls(context.layers[values["from"]], values["activation"])

    def with_activation(self, activation: str) -> Self:
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:
        return inputs

    def reads(self, number: int) -> tuple[int, ...]:
        return (number, self.source)

    def written(self, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:
        return super().written(weights, biases) | {"from": self.source + 1}

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        yield from self._results("r", number, inputs, names, last=last)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """z = x + what went into the layer."""
        z = of["pre-activation"]
        np.add(inputs[0].reshape(z.shape), inputs[1].reshape(z.shape), out=z)

    def backward_inputs(self, _of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂z goes back to both."""
        back = grad.reshape(inputs[0].shape)
        return [back, back.copy()]
