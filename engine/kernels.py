"""Forward and backward kernels, each pair adjacent. What the table keeps is written straight into it (`out`).

Shapes: O fan-out, I fan-in, R runs (last, so that the runs lie side by side in memory); z is a pre-activation,
a = f(z) an activation, t a target, all (O, R); grad is what comes back, ∂E/∂a or ∂E/∂z.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from engine.experiment import FloatArray

# e^709 is the largest whole power of e that float64 holds, and far beyond where σ is 1 to the last digit.
LARGEST_EXPONENT = 709.0
LEAK = 0.01


def affine(weights: FloatArray, inputs: FloatArray, out: FloatArray) -> None:
    """Pre-activations: out_o = Σ_i weights_oi · inputs_i.

    Args:
        weights: (O, I, R).
        inputs: (I, R).
        out: (O, R), overwritten.
    """
    np.einsum("oir,ir->or", weights, inputs, out=out)


def affine_backward_weights(grad: FloatArray, inputs: FloatArray, out: FloatArray) -> None:
    """∂E/∂w_oi = grad_o · inputs_i, where grad is ∂E/∂pre-activation.

    Args:
        grad: (O, R).
        inputs: (I, R).
        out: (O, I, R), overwritten.
    """
    np.multiply(grad[:, np.newaxis], inputs, out=out)


def affine_backward_biases(grad: FloatArray, out: FloatArray) -> None:
    """∂E/∂b_o = grad_o; a bias that the layer shares gets their sum.

    Args:
        grad: (O, R), ∂E/∂pre-activation.
        out: (O, R) or (1, R), overwritten.
    """
    if len(out) == len(grad):
        out[:] = grad
    else:
        np.add.reduce(grad, axis=0, out=out[0])


def affine_backward_inputs(grad: FloatArray, weights: FloatArray) -> FloatArray:
    """∂E/∂input_i = Σ_o grad_o · weights_oi, shaped (I, R).

    Args:
        grad: (O, R), ∂E/∂pre-activation.
        weights: (O, I, R).
    """
    grad_inputs: FloatArray = np.einsum("or,oir->ir", grad, weights)
    return grad_inputs


def sigmoid(z: FloatArray) -> FloatArray:
    """The logistic function σ(z) = e^z / (1 + e^z), for any shape, without overflow at any z.

    In this form even the smallest activations keep all their digits.
    """
    a: FloatArray = np.minimum(z, LARGEST_EXPONENT)
    np.exp(a, out=a)
    np.divide(a, 1.0 + a, out=a)
    return a


def sigmoid_backward(grad: FloatArray, _z: FloatArray, a: FloatArray) -> None:
    """Turn ∂E/∂a into ∂E/∂z in place: grad · σ'(z), with σ' = a · (1 − a)."""
    np.multiply(grad, a, out=grad)
    np.multiply(grad, 1.0 - a, out=grad)


def tanh_backward(grad: FloatArray, _z: FloatArray, a: FloatArray) -> None:
    """The same for tanh, whose slope is 1 − a²."""
    np.multiply(grad, 1.0 - a * a, out=grad)


def relu(z: FloatArray) -> FloatArray:
    """max(0, z)."""
    return np.maximum(z, 0.0)


def relu_backward(grad: FloatArray, z: FloatArray, _a: FloatArray) -> None:
    """The slope is 1 above 0, else 0: at exactly 0 it is 0, as in torch."""
    np.multiply(grad, z > 0, out=grad)


def leaky_relu(z: FloatArray) -> FloatArray:
    """z above 0, else 0.01·z."""
    return np.where(z > 0, z, LEAK * z)


def leaky_relu_backward(grad: FloatArray, z: FloatArray, _a: FloatArray) -> None:
    """The slope is 1 above 0, else 0.01."""
    np.multiply(grad, np.where(z > 0, 1.0, LEAK), out=grad)


def identity_backward(_grad: FloatArray, _z: FloatArray, _a: FloatArray) -> None:
    """The slope is 1."""


def softmax(z: FloatArray) -> FloatArray:
    """e^z_o / Σ_k e^z_k, from z less its maximum, so that no power overflows."""
    powers = np.exp(z - z.max(axis=0))
    a: FloatArray = powers / powers.sum(axis=0)
    return a


Forward = Callable[[FloatArray], FloatArray]
Backward = Callable[[FloatArray, FloatArray, FloatArray], None]
# Softmax has no backward of its own: its loss passes back through it.
ACTIVATIONS: dict[str, tuple[Forward, Backward]] = {
    "sigmoid": (sigmoid, sigmoid_backward),
    "tanh": (np.tanh, tanh_backward),
    "relu": (relu, relu_backward),
    "leaky-relu": (leaky_relu, leaky_relu_backward),
    "identity": (np.copy, identity_backward),
    "softmax": (softmax, identity_backward),
}


def half_squared_error(_z: FloatArray, a: FloatArray, t: FloatArray, out: FloatArray) -> FloatArray:
    """E_o = ½(t_o − a_o)² into `out`; returns ∂E/∂a_o = a_o − t_o."""
    error = a - t
    np.multiply(error, 0.5, out=out)
    np.multiply(out, error, out=out)
    return error


def mean_squared_error(_z: FloatArray, a: FloatArray, t: FloatArray, out: FloatArray) -> FloatArray:
    """E_o = (t_o − a_o)²/O into `out`; returns ∂E/∂a_o = 2(a_o − t_o)/O."""
    error = a - t
    np.divide(error * error, len(error), out=out)
    return error * (2.0 / len(error))


def binary_cross_entropy(z: FloatArray, a: FloatArray, t: FloatArray, out: FloatArray) -> FloatArray:
    """E_o = −t ln a − (1 − t) ln(1 − a) = max(z, 0) − t·z + ln(1 + e^−|z|) into `out`; returns ∂E/∂z_o = a_o − t_o."""
    np.subtract(np.maximum(z, 0.0), t * z, out=out)
    np.add(out, np.log1p(np.exp(-np.abs(z))), out=out)
    return a - t


def cross_entropy(z: FloatArray, a: FloatArray, t: FloatArray, out: FloatArray) -> FloatArray:
    """E_o = −t_o ln a_o = t_o·(ln Σ_k e^z_k − z_o) into `out`; returns ∂E/∂z_o = a_o − t_o, as Σ t = 1."""
    largest = z.max(axis=0)
    np.multiply(t, np.log(np.exp(z - largest).sum(axis=0)) - (z - largest), out=out)
    return a - t


class Loss(NamedTuple):
    """A loss: its kernel, and whether what that returns is ∂E/∂z, behind the activation, or ∂E/∂a."""

    kernel: Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]
    through_activation: bool


LOSSES = {
    "half-squared-error": Loss(half_squared_error, through_activation=False),
    "mean-squared-error": Loss(mean_squared_error, through_activation=False),
    "binary-cross-entropy": Loss(binary_cross_entropy, through_activation=True),
    "cross-entropy": Loss(cross_entropy, through_activation=True),
}
