"""A recurrent layer: each neuron reads its inputs, and what all neurons of the layer put out a step earlier.

As torch.nn.RNN, whose two biases are one here; Elman, "Finding structure in time" (1990). Errors flow back through
time: Werbos, "Backpropagation through time: what it does and how to do it" (1990).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.layers.base import Fields, LayerContext, by_sequence
from engine.layers.recurrence import KEYS, Recurrence, weight_slopes
from engine.names import Column, Names
from engine.reading import Key, Keys, word


@dataclass(frozen=True)
class Recurrent(Recurrence):
    """z_t = W·x_t + U·a_(t−1) + b, a_t = f(z_t); a_0 is the initial state.

    Attributes: those of Recurrence, and the activation, tanh or relu.
    """

    activation: str = "tanh"

    keys: ClassVar[Keys] = {**KEYS, "activation": Key(word(("tanh", "relu")), "tanh")}
    shows_identity: ClassVar[bool] = True

    @classmethod
    def read(cls, values: Mapping[str, Any], context: LayerContext) -> Self:
        return cls(activation=values["activation"], **cls.attributes(values, context))

    def with_activation(self, activation: str) -> Self:
        return replace(self, activation=activation)

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        yield from self.parameter_columns(number, inputs, names)
        yield from self._results("h", number, (self.neurons,), names, last=last)

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """z_t = W·x_t + U·a_(t−1) + b, step by step."""
        x, z = inputs[0], of["pre-activation"]
        weights, states = of["weight"][0][:, : x.shape[1]], of["weight"][0][:, x.shape[1] :]
        np.einsum("oir,bir->bor", weights, x, out=z)
        if self.biases:
            np.add(z, of["bias"], out=z)
        steps, a = by_sequence(z, self.time), by_sequence(of["initial-state"], self.time)[:, 0]
        for step in range(self.time):
            steps[:, step] += np.einsum("oir,sir->sor", states, a)
            a = ACTIVATIONS[self.activation].forward(steps[:, step])

    def backward_rows(self, of: Fields, grad: FloatArray) -> FloatArray:
        """∂E/∂z_t += f'(z_t)·(Uᵀ·∂E/∂z_(t+1)), from the last step back."""
        states = of["weight"][0][:, -self.neurons :]
        z, a, grad = of["pre-activation"], of["activation"], grad.copy()
        steps = by_sequence(grad, self.time)
        for step in reversed(range(1, self.time)):
            if self.goes_back(step):
                back = np.einsum("sor,oir->sir", steps[:, step], states)
                at = slice(step - 1, None, self.time)
                ACTIVATIONS[self.activation].backward(back, z[at], a[at])
                steps[:, step - 1] += back
        return grad

    def backward_parameters(self, of: Fields, slopes: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """∂E/∂w_oi = ∂E/∂z_o · x_i, ∂E/∂u_oi = ∂E/∂z_o · a_i of the step before, ∂E/∂b_o = ∂E/∂z_o."""
        before = self.before(of["activation"], of["initial-state"])
        weight_slopes(slopes["weight"], grad, [inputs[0], before])
        if "bias" in slopes:
            slopes["bias"][:] = grad

    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x_i = Σ_o ∂E/∂z_o · w_oi."""
        return [np.einsum("bor,oir->bir", grad, of["weight"][0][:, : inputs[0].shape[1]])]
