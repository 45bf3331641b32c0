"""Activations: each one's kernels, forward beside backward, and what else is known of it.

Shapes: B rows of an update, O neurons, R runs (last, so that the runs lie side by side in memory); z is a
pre-activation, a = f(z) an activation, grad ∂E/∂a, all (B, O, R).
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from engine.arrays import FloatArray

# e^709 is the largest whole power of e that float64 holds, and far beyond where σ is 1 to the last digit.
LARGEST_EXPONENT = 709.0
# The slope below 0 of a leaky ReLU for which none is given, as in torch.
LEAK = 0.01
_LEAKY = re.compile(r"leaky-relu\(([01](?:\.0)?|0?\.\d+|\d+(?:\.\d+)?e-\d+)\)")
T = TypeVar("T")


def leaky_relu_name(slope: float) -> str:
    """Its name in ACTIVATIONS: leaky-relu, or leaky-relu(0.2)."""
    return "leaky-relu" if slope == LEAK else f"leaky-relu({slope!r})"


class ByActivation(dict[str, T]):
    """What there is for each activation, by its name; for leaky-relu(0.2), of any slope from 0 to 1, made from that."""

    def __init__(self, known: Mapping[str, T], leaky: Callable[[float], T]) -> None:
        super().__init__(known)
        self._leaky = leaky

    def __missing__(self, name: str) -> T:
        if (found := _LEAKY.fullmatch(name)) is None:
            raise KeyError(name)
        return self._leaky(float(found[1]))

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and _LEAKY.fullmatch(name) is not None)


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


def leaky_relu(z: FloatArray, leak: float) -> FloatArray:
    """z above 0, else leak·z."""
    return np.where(z > 0, z, leak * z)


def leaky_relu_backward(grad: FloatArray, z: FloatArray, _a: FloatArray, leak: float) -> None:
    """The slope is 1 above 0, else the leak."""
    np.multiply(grad, np.where(z > 0, 1.0, leak), out=grad)


def identity_backward(_grad: FloatArray, _z: FloatArray, _a: FloatArray) -> None:
    """The slope is 1."""


def softmax(z: FloatArray) -> FloatArray:
    """e^z_o / Σ_k e^z_k, from z less its maximum, so that no power overflows."""
    powers = np.exp(z - z.max(axis=-2, keepdims=True))
    a: FloatArray = powers / powers.sum(axis=-2, keepdims=True)
    return a


@dataclass(frozen=True)
class Activation:
    """An activation function.

    Attributes:
        forward: from z to a.
        backward: turns ∂E/∂a into ∂E/∂z in place, from (grad, z, a).
        least, most: what an output can be; it comes near to both ends, or reaches them.
        has_kink: whether its slope jumps, at z = 0: there a difference quotient is not the slope.
        threshold: an output that stands for one of two classes says the one above it, the other up to it; None where
            an output is a number, or a class has an output of its own.
        is_share: whether its outputs add up to 1 over the layer, so that the largest tells the class.
    """

    forward: Callable[[FloatArray], FloatArray]
    backward: Callable[[FloatArray, FloatArray, FloatArray], None]
    least: float = -math.inf
    most: float = math.inf
    has_kink: bool = False
    threshold: float | None = None
    is_share: bool = False

    @property
    def is_bounded(self) -> bool:
        """Whether no input, however large, makes a large output."""
        return math.isfinite(self.least) and math.isfinite(self.most)

    @property
    def tells_classes(self) -> bool:
        """Whether an output, or the largest of them, stands for a class."""
        return self.is_share or self.threshold is not None


def _leaky(slope: float) -> Activation:
    return Activation(partial(leaky_relu, leak=slope), partial(leaky_relu_backward, leak=slope), has_kink=True)


_KNOWN = {
    "sigmoid": Activation(sigmoid, sigmoid_backward, least=0, most=1, threshold=0.5),
    "tanh": Activation(np.tanh, tanh_backward, least=-1, most=1, threshold=0.0),
    "relu": Activation(relu, relu_backward, least=0, has_kink=True),
    "leaky-relu": _leaky(LEAK),
    "identity": Activation(np.copy, identity_backward),
    # It has no backward of its own: the slope of its loss is already by its pre-activations.
    "softmax": Activation(softmax, identity_backward, least=0, most=1, is_share=True),
}
ACTIVATIONS = ByActivation(_KNOWN, _leaky)
