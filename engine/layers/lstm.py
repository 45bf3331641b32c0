"""Long short-term memory: a cell that keeps what its gates let in, so that errors flow back through it undiminished.

As torch.nn.LSTM, whose two biases are one here; Hochreiter and Schmidhuber, "Long short-term memory" (1997), with the
forget gate of Gers, Schmidhuber and Cummins, "Learning to forget" (2000).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.layers.base import Fields, by_sequence
from engine.layers.recurrence import Gated, gate_activation, gate_columns, weight_slopes
from engine.names import Column, ColumnKind, Names

# In torch's order, which is that of the rows of the weights.
GATES = "ifgo"
KINDS: tuple[ColumnKind, ...] = ("gate-sum", "gate", "cell", "pre-activation")


@dataclass(frozen=True)
class Lstm(Gated):
    """i, f, o = σ(W·x_t + U·h_(t−1) + b), g = tanh(…) with rows of their own; c_t = f·c_(t−1) + i·g, h_t = o·tanh(c_t).

    Its columns of each neuron h1 are the gates' sums zi_h1, … and the gates i_h1, f_h1, g_h1, o_h1, then c_h1 and h1.
    """

    errors: ClassVar = ("pre-activation", "cell", "gate-sum")
    gates: ClassVar[int] = len(GATES)
    bias_rows: ClassVar[int] = len(GATES)
    letters: ClassVar[str] = "hc"

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        results = list(self._results("h", number, (self.neurons,), names, last=last))
        states = [column.name for column in results if column.kind == "pre-activation"]
        yield from self.parameter_columns(number, inputs, names)
        yield from gate_columns(GATES, number, states)
        for neuron, name in enumerate(states):
            yield Column(f"c_{name}", "cell", number, neuron)
        yield from results

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """The gates, the cells and the states, step by step."""
        x = inputs[0]
        weights, states = of["weight"][0][:, : x.shape[1]], of["weight"][0][:, x.shape[1] :]
        sums, gates, cells, out = (by_sequence(of[kind], self.time) for kind in KINDS)
        np.einsum("oir,bir->bor", weights, x, out=of["gate-sum"])
        if self.biases:
            np.add(of["gate-sum"], of["bias"], out=of["gate-sum"])
        h, c = np.split(by_sequence(of["initial-state"], self.time)[:, 0], 2, axis=1)
        for step in range(self.time):
            sums[:, step] += np.einsum("oir,sir->sor", states, h)
            for gate, z, into in zip(GATES, self._each(sums[:, step]), self._each(gates[:, step]), strict=True):
                into[:] = ACTIVATIONS[gate_activation(gate)].forward(z)
            i, f, g, o = self._each(gates[:, step])
            c = f * c + i * g
            h = o * np.tanh(c)
            cells[:, step], out[:, step] = c, h

    def backward_rows(self, of: Fields, grad: FloatArray) -> FloatArray:
        """∂E/∂h_t += Uᵀ·∂E/∂(gates' sums of step t + 1), from the last step back."""
        grad = grad.copy()
        self._flow_back(of, grad, complete=False)
        return grad

    def backward_parameters(self, of: Fields, slopes: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """∂E/∂w_oi = ∂E/∂z_o · x_i, ∂E/∂u_oi = ∂E/∂z_o · h_i of the step before, ∂E/∂b_o = ∂E/∂z_o."""
        sums, cells = self._flow_back(of, grad, complete=True)
        before = self.before(of["pre-activation"], of["initial-state"][:, : self.neurons])
        weight_slopes(slopes["weight"], sums, [inputs[0], before])
        if "bias" in slopes:
            slopes["bias"][:] = sums
        if "gate-sum" in slopes:
            slopes["gate-sum"][:], slopes["cell"][:] = sums, cells

    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x_i = Σ_o ∂E/∂z_o · w_oi."""
        sums, _ = self._flow_back(of, grad, complete=True)
        return [np.einsum("bor,oir->bir", sums, of["weight"][0][:, : inputs[0].shape[1]])]

    def _flow_back(self, of: Fields, grad: FloatArray, *, complete: bool) -> tuple[FloatArray, FloatArray]:
        """∂E/∂(gates' sums) and ∂E/∂c; where grad, ∂E/∂h, is not complete, what flows back to it is added to it.

        ∂E/∂c_t = ∂E/∂h_t·o·(1 − tanh²c_t) + ∂E/∂c_(t+1)·f_(t+1); ∂E/∂o = ∂E/∂h·tanh c, ∂E/∂i = ∂E/∂c·g, ∂E/∂g =
        ∂E/∂c·i, ∂E/∂f = ∂E/∂c·c_(t−1), each times its gate's slope.
        """
        states, c = of["weight"][0][:, -self.neurons :], of["cell"]
        before = by_sequence(self.before(c, of["initial-state"][:, self.neurons :]), self.time)
        gates, cells, back = by_sequence(of["gate"], self.time), by_sequence(c, self.time), by_sequence(grad, self.time)
        sums, errors = np.empty_like(gates), np.empty_like(cells)
        for step in reversed(range(self.time)):
            i, f, g, o = self._each(gates[:, step])
            through = np.tanh(cells[:, step])
            errors[:, step] = back[:, step] * o * (1 - through * through)
            if step + 1 < self.time and self.goes_back(step + 1):
                errors[:, step] += errors[:, step + 1] * self._each(gates[:, step + 1])[1]
            e = errors[:, step]
            slopes = (e * g * i * (1 - i), e * before[:, step] * f * (1 - f), e * i * (1 - g * g),
                      back[:, step] * through * o * (1 - o))  # fmt: skip
            sums[:, step] = np.concatenate(slopes, axis=1)
            if not complete and self.goes_back(step):
                back[:, step - 1] += np.einsum("sor,oir->sir", sums[:, step], states)
        return sums.reshape(of["gate"].shape), errors.reshape(c.shape)

    def _each(self, gates: FloatArray) -> list[FloatArray]:
        """The four gates, (S, H, R) each, of (S, 4·H, R): views."""
        return np.split(gates, len(GATES), axis=1)
