"""Forward and backward kernels, each pair adjacent. What the table keeps is written straight into it (`out`).

Shapes: O fan-out, I fan-in, R runs (last, so that the runs lie side by side in memory).
"""

import numpy as np

from engine.experiment import FloatArray

# e^709 is the largest whole power of e that float64 holds, and far beyond where σ is 1 to the last digit.
LARGEST_EXPONENT = 709.0


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


def sigmoid_backward(grad: FloatArray, a: FloatArray) -> None:
    """Turn ∂E/∂a into ∂E/∂z in place: grad · σ'(z), with σ' = a · (1 − a)."""
    np.multiply(grad, a, out=grad)
    np.multiply(grad, 1.0 - a, out=grad)


def half_squared_error(error: FloatArray, out: FloatArray) -> None:
    """E_o = ½ error_o², where the error is a_o − t_o and so also ∂E_o/∂a_o; shapes (O, R)."""
    np.multiply(error, 0.5, out=out)
    np.multiply(out, error, out=out)
