"""Losses: each one's kernel, and what it asks of the last layer and of the targets.

Shapes: B rows of an update, O outputs, R runs; z is the last layer's pre-activation, a its activation, t the target,
all (B, O, R). The losses of the outputs are written straight into the table (`out`, of the same shape).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.arrays import FloatArray


def half_squared_error(_z: FloatArray, a: FloatArray, t: FloatArray, out: FloatArray) -> FloatArray:
    """E_o = ½(t_o − a_o)² into `out`; returns ∂E/∂a_o = a_o − t_o."""
    error = a - t
    np.multiply(error, 0.5, out=out)
    np.multiply(out, error, out=out)
    return error


def mean_squared_error(_z: FloatArray, a: FloatArray, t: FloatArray, out: FloatArray) -> FloatArray:
    """E_o = (t_o − a_o)²/O into `out`; returns ∂E/∂a_o = 2(a_o − t_o)/O."""
    error = a - t
    outputs = error.shape[-2]
    np.divide(error * error, outputs, out=out)
    slope: FloatArray = error * (2.0 / outputs)
    return slope


def squared_error(_z: FloatArray, a: FloatArray, t: FloatArray, out: FloatArray) -> FloatArray:
    """E_o = (t_o − a_o)² into `out`; returns ∂E/∂a_o = 2(a_o − t_o)."""
    error = a - t
    np.multiply(error, error, out=out)
    return 2.0 * error


def binary_cross_entropy(z: FloatArray, a: FloatArray, t: FloatArray, out: FloatArray) -> FloatArray:
    """E_o = −t ln a − (1 − t) ln(1 − a) = max(z, 0) − t·z + ln(1 + e^−|z|) into `out`; returns ∂E/∂z_o = a_o − t_o."""
    np.subtract(np.maximum(z, 0.0), t * z, out=out)
    np.add(out, np.log1p(np.exp(-np.abs(z))), out=out)
    return a - t


def mean_binary_cross_entropy(z: FloatArray, a: FloatArray, t: FloatArray, out: FloatArray) -> FloatArray:
    """The same divided by the number of outputs O; returns ∂E/∂z_o = (a_o − t_o)/O."""
    slope: FloatArray = binary_cross_entropy(z, a, t, out) / out.shape[-2]
    np.divide(out, out.shape[-2], out=out)
    return slope


def cross_entropy(z: FloatArray, a: FloatArray, t: FloatArray, out: FloatArray) -> FloatArray:
    """E_o = −t_o ln a_o = t_o·(ln Σ_k e^z_k − z_o) into `out`; returns ∂E/∂z_o = a_o − t_o, as Σ t = 1."""
    largest = z.max(axis=-2, keepdims=True)
    np.multiply(t, np.log(np.exp(z - largest).sum(axis=-2, keepdims=True)) - (z - largest), out=out)
    return a - t


@dataclass(frozen=True)
class Loss:
    """A loss.

    Attributes:
        kernel: from (z, a, t, out); what it returns is ∂E/∂a, or ∂E/∂z if it passes through the activation.
        activation: what the last layer has to be for a loss that is computed from its pre-activations; None for one
            that goes with any.
        fits: whether it is a loss for these targets of a sample, (O,).
        expected: what `fits` asks for, in words.
    """

    kernel: Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]
    activation: str | None = None
    fits: Callable[[FloatArray], bool] = lambda _: True
    expected: str = "numbers"

    @property
    def through_activation(self) -> bool:
        """Whether its kernel returns ∂E/∂z, behind the activation."""
        return self.activation is not None


def _are_shares(t: FloatArray) -> bool:
    return bool(((t >= 0) & (t <= 1)).all())


# a − t is the slope of the cross-entropies for shares alone.
LOSSES = {
    "half-squared-error": Loss(half_squared_error),
    "mean-squared-error": Loss(mean_squared_error),
    "binary-cross-entropy": Loss(binary_cross_entropy, "sigmoid", _are_shares, expected="0 to 1"),
    "cross-entropy": Loss(cross_entropy, "softmax", lambda t: bool(abs(t.sum() - 1) <= 1e-9), expected="a sum of 1"),
    "squared-error": Loss(squared_error),
    "mean-binary-cross-entropy": Loss(mean_binary_cross_entropy, "sigmoid", _are_shares, expected="0 to 1"),
}
