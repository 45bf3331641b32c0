"""Forward and backward kernels, each pair adjacent, all writing into the caller's arrays.

Shapes: O fan-out, I fan-in, R runs (last, so that the runs lie side by side in memory).
"""

import numpy as np

from engine.experiment import FloatArray

# exp(709) is the largest power of e, in whole numbers, that float64 holds.
LARGEST_EXPONENT = 709.0


def affine(weights: FloatArray, inputs: FloatArray, products: FloatArray, out: FloatArray) -> None:
    """Pre-activations: out_o = Σ_i weights_oi · inputs_i.

    Args:
        weights: (O, I, R).
        inputs: (I, R).
        products: (O, I, R), overwritten.
        out: (O, R), overwritten.
    """
    np.multiply(weights, inputs, out=products)
    np.add.reduce(products, axis=1, out=out)


def affine_backward_weights(grad: FloatArray, inputs: FloatArray, out: FloatArray) -> None:
    """∂E/∂w_oi = grad_o · inputs_i, where grad is ∂E/∂pre-activation.

    Args:
        grad: (O, R).
        inputs: (I, R).
        out: (O, I, R), overwritten.
    """
    np.multiply(grad[:, np.newaxis], inputs, out=out)


def affine_backward_inputs(grad: FloatArray, weights: FloatArray, products: FloatArray, out: FloatArray) -> None:
    """∂E/∂input_i = Σ_o grad_o · weights_oi.

    Args:
        grad: (O, R), ∂E/∂pre-activation.
        weights: (O, I, R).
        products: (O, I, R), overwritten.
        out: (I, R), overwritten.
    """
    np.multiply(weights, grad[:, np.newaxis], out=products)
    np.add.reduce(products, axis=0, out=out)


def sigmoid(z: FloatArray, out: FloatArray) -> None:
    """The logistic function σ(z) = 1 / (1 + e^−z), for any shape, without overflow at any z.

    Below z = −709 it stays at σ(−709), about 1e-308.
    """
    np.negative(z, out=out)
    np.minimum(out, LARGEST_EXPONENT, out=out)
    np.exp(out, out=out)
    np.add(out, 1.0, out=out)
    np.reciprocal(out, out=out)


def sigmoid_backward(grad: FloatArray, a: FloatArray, scratch: FloatArray) -> None:
    """Turn ∂E/∂a into ∂E/∂z in place: grad · σ'(z), with σ' = a · (1 − a)."""
    np.multiply(grad, a, out=grad)
    np.subtract(1.0, a, out=scratch)
    np.multiply(grad, scratch, out=grad)


def half_squared_error(a: FloatArray, targets: FloatArray, out: FloatArray) -> None:
    """E_o = ½ (t_o − a_o)², for shapes (O, R)."""
    np.subtract(targets, a, out=out)
    np.multiply(out, out, out=out)
    np.multiply(out, 0.5, out=out)


def half_squared_error_backward(a: FloatArray, targets: FloatArray, out: FloatArray) -> None:
    """∂E_o/∂a_o = a_o − t_o, for shapes (O, R)."""
    np.subtract(a, targets, out=out)
