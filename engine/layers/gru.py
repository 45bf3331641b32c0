"""A gated recurrent unit: its state is a mean of what it was and of something new, weighted by a gate.

As torch.nn.GRU; Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
translation" (2014).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray, Shape
from engine.layers.base import Fields, by_sequence
from engine.layers.recurrence import Gated, gate_columns
from engine.names import Column, ColumnKind, Names

# In torch's order, which is that of the rows of the weights.
GATES = "rzn"
KINDS: tuple[ColumnKind, ...] = ("recalled", "gate-sum", "gate", "pre-activation")


@dataclass(frozen=True)
class Gru(Gated):
    """r, z = σ(W·x_t + U·h_(t−1) + b), n = tanh(W·x_t + b + r·p) with p = U·h_(t−1) + b′; h_t = (1 − z)·n + z·h_(t−1).

    Its columns of each neuron h1 are p_h1, of the past, the gates' sums zr_h1, … and the gates r_h1, z_h1, n_h1, then
    h1. The biases are those of r, z and n, and b′ last: torch has two of r and z too, which are one here.
    """

    errors: ClassVar = ("pre-activation", "gate-sum", "recalled")
    gates: ClassVar[int] = len(GATES)
    bias_rows: ClassVar[int] = len(GATES) + 1

    def columns(self, number: int, inputs: Shape, names: Names, *, last: bool) -> Iterator[Column]:
        results = list(self._results("h", number, (self.neurons,), names, last=last))
        states = [column.name for column in results if column.kind == "pre-activation"]
        yield from self.parameter_columns(number, inputs, names)
        for neuron, name in enumerate(states):
            yield Column(f"p_{name}", "recalled", number, neuron)
        yield from gate_columns(GATES, number, states)
        yield from results

    def forward(self, of: Fields, inputs: Sequence[FloatArray]) -> None:
        """The gates and the states, step by step."""
        x, rows = inputs[0], 2 * self.neurons
        weights, states = of["weight"][0][:, : x.shape[1]], of["weight"][0][:, x.shape[1] :]
        recalled, sums, gates, out = (by_sequence(of[kind], self.time) for kind in KINDS)
        np.einsum("oir,bir->bor", weights, x, out=of["gate-sum"])
        bias = of["bias"][0] if self.biases else np.zeros((4 * self.neurons, 1))
        of["gate-sum"][:] += bias[: 3 * self.neurons]
        h = by_sequence(of["initial-state"], self.time)[:, 0]
        for step in range(self.time):
            before = np.einsum("oir,sir->sor", states, h)
            sums[:, step, :rows] += before[:, :rows]
            gates[:, step, :rows] = ACTIVATIONS["sigmoid"].forward(sums[:, step, :rows])
            r, z = np.split(gates[:, step, :rows], 2, axis=1)
            recalled[:, step] = before[:, rows:] + bias[3 * self.neurons :]
            sums[:, step, rows:] += r * recalled[:, step]
            gates[:, step, rows:] = n = np.tanh(sums[:, step, rows:])
            h = (1 - z) * n + z * h
            out[:, step] = h

    def backward_rows(self, of: Fields, grad: FloatArray) -> FloatArray:
        """∂E/∂h_t += ∂E/∂h_(t+1)·z_(t+1) + Uᵀ·∂E/∂(gates' sums and p of step t + 1), from the last step back."""
        grad = grad.copy()
        back, z = by_sequence(grad, self.time), by_sequence(of["gate"][:, self.neurons : 2 * self.neurons], self.time)
        states, before = of["weight"][0][:, -self.neurons :], self._h(of)
        for step in reversed(range(1, self.time)):
            if self.goes_back(step):
                at = slice(step, None, self.time)
                sums, recalled = self._errors({kind: array[at] for kind, array in of.items()}, grad[at], before[at])
                through = np.concatenate([sums[:, : -self.neurons], recalled], axis=1)
                back[:, step - 1] += back[:, step] * z[:, step] + np.einsum("sor,oir->sir", through, states)
        return grad

    def backward_parameters(self, of: Fields, slopes: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> None:
        """∂E/∂w_oi = ∂E/∂z_o·x_i, ∂E/∂b_o = ∂E/∂z_o; ∂E/∂u_oi = ∂E/∂z_o·h_i of the step before, of n ∂E/∂p_o·h_i."""
        before, width = self._h(of), inputs[0].shape[1]
        sums, recalled = self._errors(of, grad, before)
        through = np.concatenate([sums[:, : -self.neurons], recalled], axis=1)
        np.multiply(sums[:, :, np.newaxis], inputs[0][:, np.newaxis], out=slopes["weight"][:, :, :width])
        np.multiply(through[:, :, np.newaxis], before[:, np.newaxis], out=slopes["weight"][:, :, width:])
        if "bias" in slopes:
            slopes["bias"][:] = np.concatenate([sums, recalled], axis=1)
        if "gate-sum" in slopes:
            slopes["gate-sum"][:], slopes["recalled"][:] = sums, recalled

    def backward_inputs(self, of: Fields, inputs: Sequence[FloatArray], grad: FloatArray) -> list[FloatArray]:
        """∂E/∂x_i = Σ_o ∂E/∂z_o · w_oi."""
        sums, _ = self._errors(of, grad, self._h(of))
        return [np.einsum("bor,oir->bir", sums, of["weight"][0][:, : inputs[0].shape[1]])]

    def _h(self, of: Fields) -> FloatArray:
        return self.before(of["pre-activation"], of["initial-state"])

    def _errors(self, of: Fields, grad: FloatArray, before: FloatArray) -> tuple[FloatArray, FloatArray]:
        """∂E/∂(gates' sums) and ∂E/∂p of some rows, from ∂E/∂h and h a step earlier.

        ∂E/∂n = ∂E/∂h·(1 − z) and ∂E/∂z = ∂E/∂h·(h_(t−1) − n); ∂E/∂p = ∂E/∂(n's sum)·r and ∂E/∂r = ∂E/∂(n's sum)·p.
        """
        r, z, n = np.split(of["gate"], len(GATES), axis=1)
        new = grad * (1 - z) * (1 - n * n)
        reset = new * of["recalled"] * r * (1 - r)
        return np.concatenate([reset, grad * (before - n) * z * (1 - z), new], axis=1), new * r
