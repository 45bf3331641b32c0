"""An embedding: a list of numbers for each token, which are learned.

As torch.nn.Embedding; Bengio et al., "A Neural Probabilistic Language Model" (2003), section 2.
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
from engine.layers.base import Fields, Layer, LayerContext
from engine.names import Column, ColumnKind, Names
from engine.reading import REQUIRED, Key, Keys, list_of, nested_numbers, whole_number, word

# One formula reads the numbers of all tokens, and a spreadsheet's formula has 8192 letters.
MOST = 255


@dataclass(frozen=True)
class Embedding(Layer):
    """z = the row of the weights that the token numbers; of several tokens one row after the other.

    Shapes: B rows, K tokens that go in, V tokens that there are, F features of each, R runs.

    Attributes:
        tokens: V; a token is a whole number from 0 to V − 1.
        features: F.
        activation: one of ACTIVATIONS.
    """

    tokens: int
    features: int
    activation: str = "identity"

    keys: ClassVar[Keys] = {
        "tokens": Key(whole_number(1, MOST), REQUIRED),
        "features": Key(whole_number(1, 1000), REQUIRED),
        "weights": Key(list_of(nested_numbers)),
        "init": Key(word(INITS)),
        "activation": Key(word(ACTIVATIONS), "identity"),
    }

    @classmethod
    def read(cls, values: Mapping[str, Any], context: LayerContext) -> Self:
        if context.number:
            raise InputError("kind: got embedding after another layer, expected it first: it reads tokens")
        return cls(values["tokens"], values["features"], values["activation"])

    def with_activation(self, activation: str) -> Self:
        return replace(self, activation=activation)

    def shape(self, inputs: Shape) -> Shape:
        return (prod(inputs) * self.features,)

    def input_problem(self, inputs: FloatArray) -> str | None:
        wrong = inputs[(inputs != np.floor(inputs)) | (inputs < 0) | (inputs >= self.tokens)]
        if not wrong.size:
            return None
        return f"got {wrong[0]:g}, expected a token, a whole number from 0 to {self.tokens - 1}"

    def parameters(self, inputs: Shape) -> dict[ColumnKind, Shape]:  # noqa: ARG002 - as of every layer
        return {"weight": (self.tokens, self.features)}

    def first_parameters(
        self,
        where: str,
        values: Mapping[str, Any],
        inputs: Shape,  # noqa: ARG002 - as of every layer
        generator: np.random.Generator,
    ) -> tuple[FloatArray, FloatArray]:
        each = ("token", "feature")
        weights = parameters.read_weights(where, values, (self.tokens, self.features), each, generator)
        return weights, np.empty(0)

    def written(self, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:
        return super().written(weights, biases) | {"weights": weights}

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        for index, name in enumerate(names.take("w", self.tokens * self.features)):
            token, feature = divmod(index, self.features)
            yield Column(name, "weight", number, feature, token)
        yield from self._results("h", number, self.shape(inputs), names, last=last)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """z_kf = w_tf, with t the token k."""
        z = self._by_token(of["pre-activation"])
        z[:] = np.einsum("bkvr,vfr->bkfr", self._is_token(inputs[0]), of["weight"][0])

    def backward_parameters(self, _of: Fields, slopes: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """∂E/∂w_tf = Σ_k ∂E/∂z_kf where token k is t, else 0."""
        slopes["weight"][:] = np.einsum("bkvr,bkfr->bvfr", self._is_token(inputs[0]), self._by_token(grad))

    def backward_inputs(self, _of: Fields, inputs: Sequence[FloatArray], _grad: FloatArray) -> list[FloatArray]:
        """A token is no quantity: nothing goes back to it."""
        return [np.zeros(inputs[0].shape)]

    def _is_token(self, inputs: FloatArray) -> FloatArray:
        """1 where a token is the one counted, else 0: (B, K, V, R)."""
        flat = inputs.reshape(len(inputs), -1, 1, inputs.shape[-1])
        found: FloatArray = (flat == np.arange(self.tokens)[:, np.newaxis]).astype(float)
        return found

    def _by_token(self, x: FloatArray) -> FloatArray:
        """(B, K·F, R) as (B, K, F, R)."""
        return x.reshape(len(x), -1, self.features, x.shape[-1])
