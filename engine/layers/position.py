"""Positions: numbers for a token's position in its sequence are added to the token's own.

Learned as torch.nn.Embedding of the positions, or fixed: Vaswani et al., "Attention Is All You Need" (2017), 3.5.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar, Self

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.errors import InputError
from engine.initial_weights import INITS
from engine.layers import parameters
from engine.layers.base import Fields, Layer, LayerContext, by_sequence
from engine.names import Column, ColumnKind, Names
from engine.reading import Key, Keys, boolean, list_of, nested_numbers, word

# The slowest wave is so many times as long as the fastest.
LONGEST = 10_000


@dataclass(frozen=True)
class Position(Layer):
    """z = x + p, with p a row of weights for each position of a sequence, or waves: sin and cos of the position.

    Shapes: B rows, in S sequences of T tokens, D features, R runs.

    Attributes:
        learned: whether p is weights, (T, D); else p_2i = sin(t/10000^(2i/D)), p_2i+1 = cos(t/10000^(2i/D)), t from 0.
        activation: one of ACTIVATIONS.
        time: T.
    """

    learned: bool = False
    activation: str = "identity"
    time: int = 1

    keys: ClassVar[Keys] = {
        "learned": Key(boolean, default=False),
        "weights": Key(list_of(nested_numbers)),
        "init": Key(word(INITS)),
        "activation": Key(word(ACTIVATIONS), "identity"),
    }

    @classmethod
    def read(cls, values: Mapping[str, Any], context: LayerContext) -> Self:
        if not values["learned"]:
            for key in ("weights", "init"):
                if values[key] is not None:
                    raise InputError(f"{key}: got it with waves, expected it with learned = true")
        return cls(values["learned"], values["activation"], context.time)

    def with_activation(self, activation: str) -> Self:
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:
        return (prod(inputs),)

    def problem(self, inputs: Shape) -> str | None:  # noqa: ARG002 - as of every layer
        if self.time == 1:
            return "kind: got position with samples that are no sequences, expected sequences"
        return None

    def parameters(self, inputs: Shape) -> dict[ColumnKind, Shape]:
        return {"weight": (self.time, prod(inputs))} if self.learned else {}

    def first_parameters(
        self, where: str, values: Mapping[str, Any], inputs: Shape, generator: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        if not self.learned:
            return np.empty(0), np.empty(0)
        each = ("position of a sequence", "number of a token")
        return parameters.read_weights(where, values, (self.time, prod(inputs)), each, generator), np.empty(0)

    def written(self, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:
        return super().written(weights, biases) | {"weights": weights}

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        features = prod(inputs)
        for at, name in enumerate(names.take("pos", self.time * features if self.learned else 0)):
            position, feature = divmod(at, features)
            yield Column(name, "weight", number, feature, position)
        if not self.learned:
            yield from names.columns("wave", "wave", number, (features,))
        yield from self._results("p", number, (features,), names, last=last)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """z = x + p of the row's position."""
        z = of["pre-activation"]
        if self.learned:
            encodings = of["weight"][0]
        else:
            encodings = waves(self.time, z.shape[1])[..., np.newaxis]
            by_sequence(of["wave"], self.time)[:] = encodings
        by_sequence(z, self.time)[:] = by_sequence(inputs[0].reshape(z.shape), self.time) + encodings

    def backward_parameters(self, _of: Fields, slopes: Fields, _inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """∂E/∂p_t = ∂E/∂z in the row of the position t, 0 in the others."""
        if self.learned:
            is_place = np.eye(self.time)[:, :, np.newaxis, np.newaxis]
            by_sequence(slopes["weight"], self.time)[:] = by_sequence(grad, self.time)[:, :, np.newaxis] * is_place

    def backward_inputs(self, _of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂z goes back as it is."""
        return [grad.reshape(inputs[0].shape)]


def waves(time: int, features: int) -> FloatArray:
    """sin and cos of the positions of a sequence, (time, features), from fast waves to slow ones."""
    position, feature = np.arange(time)[:, np.newaxis], np.arange(features)
    angle = position / LONGEST ** ((feature - feature % 2) / features)
    return np.where(feature % 2, np.cos(angle), np.sin(angle))
