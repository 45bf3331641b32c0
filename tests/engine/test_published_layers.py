"""Layers against digits that others have published."""

import numpy as np

from engine import Dense, FloatArray, Layer, Method, Network
from engine.columns import Columns
from engine.layers import BatchNorm, Convolution, MaxPool
from engine.names import ColumnKind
from engine.passes import Numbers


def passes(
    layer: Layer, x: FloatArray, weights: dict[ColumnKind, FloatArray], grad: FloatArray
) -> tuple[Numbers, FloatArray]:
    """A layer's columns and slopes for x, (samples, …), and ∂E/∂z = grad; and what goes back, in the shape of x."""
    shape = x.shape[1:]
    network = Network(int(np.prod(shape)), (layer, Dense(1)), deltas=True, picture=shape if len(shape) > 1 else ())
    columns = Columns(network, len(x), Method(len(x)))
    numbers = Numbers(columns, np.zeros((len(x), len(columns.names), 1)))
    of, slopes = numbers.layers[0], numbers.slopes[0]
    for kind, values in weights.items():
        of[kind][:] = values[..., np.newaxis]
    inputs = [x[..., np.newaxis].astype(float)]
    layer.forward(of, inputs)
    g = grad.reshape(of["pre-activation"].shape).astype(float)
    layer.backward_parameters(of, slopes, inputs, g)
    return numbers, layer.backward_inputs(of, inputs, g)[0][..., 0]


def test_a_convolutions_backward_pass_as_tensorflow_tests_it() -> None:
    # tensorflow/python/kernel_tests/nn_ops/conv_ops_test.py: testConv2D2x2Depth1ValidBackpropInput and …Filter.
    x, kernel = np.arange(1.0, 7).reshape(1, 1, 2, 3), np.arange(1.0, 5).reshape(1, 1, 2, 2)
    numbers, back = passes(Convolution(1, (2, 2)), x, {"weight": kernel}, np.array([1.0, 2.0]))
    assert numbers.layers[0]["pre-activation"].ravel().tolist() == [37, 47]
    assert back.ravel().tolist() == [1, 4, 4, 3, 10, 8]
    assert numbers.slopes[0]["weight"].ravel().tolist() == [5, 8, 14, 17]


def test_a_convolution_with_stride_and_padding_as_cs231n_has_it() -> None:
    # Stanford CS231n, assignment 2, ConvolutionalNetworks.ipynb: conv_forward_naive.
    x = np.linspace(-0.1, 0.5, 2 * 3 * 4 * 4).reshape(2, 3, 4, 4)
    weights = {"weight": np.linspace(-0.2, 0.3, 3 * 3 * 4 * 4).reshape(3, 3, 4, 4), "bias": np.linspace(-0.1, 0.2, 3)}
    layer = Convolution(3, (4, 4), (2, 2), (1, 1), biases=3)
    numbers, _ = passes(layer, x, weights, np.zeros((2, 3, 2, 2)))  # type: ignore[arg-type] # kinds are words
    expected = [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]]
    np.testing.assert_allclose(numbers.layers[0]["pre-activation"][0, 0, :, :, 0], expected, atol=5e-9)


def test_of_equally_large_numbers_the_first_wins_a_max_pool() -> None:
    # tensorflow/python/kernel_tests/nn_ops/pooling_ops_test.py: _testMaxPoolGradDirect1_1.
    grad = np.array([11, 12, 13, 15, 16, 17, 19, 20, 21])
    _, back = passes(MaxPool((2, 2), (1, 1)), np.ones((1, 1, 4, 4)), {}, grad)
    assert back.ravel().tolist() == [11, 12, 13, 0, 15, 16, 17, 0, 19, 20, 21, 0, 0, 0, 0, 0]


def test_batch_norms_backward_pass_as_nnlib_tests_it() -> None:
    # nnlib, test_batchnorm.
    x, grad = np.array([[3, 6, 9], [-1, 5, 4], [12, 5, 11]]), np.array([[2, 3, 4], [-2, 0, 4], [10, 2, 4]])
    weights = {"weight": np.ones(3), "bias": np.zeros(3)}
    numbers, back = passes(BatchNorm(), x, weights, grad)  # type: ignore[arg-type] # kinds are words
    expected = [[0.03596, 0, 0], [-0.02489, -2.12132, 0], [-0.01106, 2.12132, 0]]
    np.testing.assert_allclose(back, expected, atol=1.5e-4)
    slopes = numbers.slopes[0]
    np.testing.assert_allclose(slopes["weight"].sum(axis=0)[:, 0], [14.9606, 2.82843, 0], atol=1e-4)
    np.testing.assert_allclose(slopes["bias"].sum(axis=0)[:, 0], [10, 5, 12])


def test_the_slopes_of_a_batch_norms_inner_columns_are_difference_quotients() -> None:
    """Each row has a mean and a variance of its own to nudge, though all are alike."""
    draw = np.random.default_rng(3)
    x, grad, layer = draw.normal(size=(4, 2)), draw.normal(size=(4, 2)), BatchNorm(eps=0.1)
    weights: dict[ColumnKind, FloatArray] = {"weight": np.array([0.7, -1.2]), "bias": np.array([0.1, 0.2])}
    numbers, _ = passes(layer, x, weights, grad)
    slopes = numbers.slopes[0]

    def total(mean: FloatArray, variance: FloatArray) -> FloatArray:
        return np.asarray(grad * weights["weight"] * (x - mean) / np.sqrt(variance + 0.1))

    h, mean, variance = 1e-6, x.mean(axis=0), x.var(axis=0)
    by_mean = (total(mean + h, variance) - total(mean - h, variance)) / (2 * h)
    by_variance = (total(mean, variance + h) - total(mean, variance - h)) / (2 * h)
    np.testing.assert_allclose(slopes["mean"][..., 0], by_mean, rtol=1e-7)
    np.testing.assert_allclose(slopes["variance"][..., 0], by_variance, rtol=1e-7)
    np.testing.assert_allclose(slopes["normalized"][..., 0], grad * weights["weight"])
