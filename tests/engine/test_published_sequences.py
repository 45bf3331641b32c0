"""Layers that remember against digits that others have published."""

import numpy as np
import pytest

from engine import Dense, Experiment, FloatArray, Layer, Method, Network, descend
from engine.layers import Lstm, Recurrent
from engine.passes import Numbers


def trained(
    *layers: Layer,
    inputs: FloatArray,
    targets: FloatArray,
    weights: list[FloatArray],
    biases: tuple[FloatArray, ...] = (),
) -> Numbers:
    """One update of a sequence."""
    experiment = Experiment(
        network=Network(inputs.shape[1], layers, deltas=True),
        weights=tuple(weights),
        inputs=inputs,
        targets=targets,
        learning_rate=0.1,
        learning_rates=(0.1,),
        steps=2,
        method=Method(len(inputs)),
        biases=biases,
    )
    return descend(experiment, [0.1]).numbers


def test_an_lstm_as_gomez_works_it_out() -> None:
    # Aidan Gomez, "Backpropogating an LSTM: A Numerical Example" (2016). His order of gates is a (here g), i, f, o.
    rows = {
        "i": [0.95, 0.8, 0.8], "f": [0.7, 0.45, 0.1], "g": [0.45, 0.25, 0.15], "o": [0.6, 0.4, 0.25],
    }  # fmt: skip
    bias = np.array([0.65, 0.15, 0.2, 0.1])
    numbers = trained(
        Lstm(1, 2, 4),
        inputs=np.array([[1, 2], [0.5, 3]]),
        targets=np.array([[0.5], [1.25]]),
        weights=[np.array(list(rows.values()))],
        biases=(bias,),
    )
    first = numbers.layers[0]
    np.testing.assert_allclose(first["pre-activation"][:2, 0, 0], [0.53631, 0.77198], atol=6e-6)
    np.testing.assert_allclose(first["cell"][:2, 0, 0], [0.78573, 1.51763], atol=6e-6)
    gradients = numbers.slopes[0]["weight"][:2, ..., 0].sum(axis=0)[[2, 0, 1, 3]]
    expected = [[-0.02672, -0.0922], [-0.0022, -0.00664], [-0.00315, -0.01892], [-0.02592, -0.1626]]
    np.testing.assert_allclose(gradients[:, :2], expected, atol=6e-6)
    np.testing.assert_allclose(gradients[:, 2], [-0.0104, -0.0006, -0.00338, -0.0297], atol=5e-5)
    biases = numbers.slopes[0]["bias"][:2, [2, 0, 1, 3], 0].sum(axis=0)
    np.testing.assert_allclose(biases, [-0.03641, -0.00276, -0.00631, -0.05361], atol=6e-6)
    after = first["weight"][2, ..., 0]
    np.testing.assert_allclose(after, np.array(list(rows.values())) - 0.1 * gradients[[1, 2, 0, 3]], atol=1e-15)


def test_a_recurrent_network_of_three_steps() -> None:
    # A published worked example of backpropagation through time; one page prints h2 = 0.7790, which is tanh(1.0433):
    # tanh(0.5·2 + 0.1·0.46212) = tanh(1.04621) is 0.7803, as other pages have it.
    one = np.array([[1.0]])
    numbers = trained(
        Recurrent(1, 3),
        Dense(1, "identity"),
        inputs=np.array([[1.0], [2], [3]]),
        targets=np.array([[0.5], [1], [1.5]]),
        weights=[np.array([[0.5, 0.1]]), one],
    )
    np.testing.assert_allclose(numbers.layers[0]["activation"][:3, 0, 0], [0.4621, 0.7803, 0.9183], atol=5e-5)
    assert numbers.loss[:3, 0].sum() == pytest.approx(0.1940, abs=5e-5)
    recurrent, dense = (slopes["weight"][:3, ..., 0].sum(axis=0).ravel() for slopes in numbers.slopes)
    np.testing.assert_allclose([*recurrent, *dense], [-0.489304, -0.112494, -0.723099], atol=5e-7)


def spaced(first: float, last: float, *shape: int) -> FloatArray:
    return np.linspace(first, last, int(np.prod(shape))).reshape(shape)


def a_step(layer: Layer, x: FloatArray, weights: FloatArray, bias: FloatArray, initial: FloatArray) -> Numbers:
    """A step of several samples that each have an initial state of their own."""
    network = Network(x.shape[1], (layer,), deltas=True)
    experiment = Experiment(
        network, (weights,), x, np.zeros((len(x), layer.shape(network.shapes[0])[0])), 0.1, (0.1,), 1, (bias,),
        Method(len(x)),
    )  # fmt: skip
    columns = experiment.columns
    numbers = Numbers(columns, np.zeros((len(x), len(columns.names), 1)))
    of = numbers.layers[0]
    of["weight"][:], of["bias"][:] = weights[..., np.newaxis], bias[..., np.newaxis]
    of["initial-state"][:] = initial[..., np.newaxis]
    layer.forward(of, [x[..., np.newaxis]])
    return numbers


def test_a_recurrent_step_as_cs231n_has_it() -> None:
    # Stanford CS231n, assignment 3, RNN_Captioning.ipynb: rnn_step_forward.
    x, state = spaced(-0.4, 0.7, 3, 10), spaced(-0.2, 0.5, 3, 4)
    weights = np.hstack([spaced(-0.1, 0.9, 10, 4).T, spaced(-0.3, 0.7, 4, 4).T])
    numbers = a_step(Recurrent(4, 1, 4), x, weights, np.linspace(-0.2, 0.4, 4), state)
    got = np.tanh(numbers.layers[0]["pre-activation"][0, :, 0])
    np.testing.assert_allclose(got, [-0.58172089, -0.50182032, -0.41232771, -0.31410098], atol=5e-9)


def test_an_lstm_step_as_cs231n_has_it() -> None:
    # Stanford CS231n, assignment 3, LSTM_Captioning.ipynb: lstm_step_forward, whose gates are i, f, o, g.
    neurons = 5
    x, state, cell = spaced(-0.4, 1.2, 3, 4), spaced(-0.3, 0.7, 3, neurons), spaced(-0.4, 0.9, 3, neurons)
    weights = np.hstack([spaced(-2.1, 1.3, 4, 4 * neurons).T, spaced(-0.7, 2.2, neurons, 4 * neurons).T])
    order = np.concatenate([np.arange(neurons) + neurons * gate for gate in (0, 1, 3, 2)])
    bias = np.linspace(0.3, 0.7, 4 * neurons)
    numbers = a_step(
        Lstm(neurons, 1, 4 * neurons), x, weights[order], bias[order], np.concatenate([state, cell], axis=1)
    )
    got = numbers.layers[0]["pre-activation"][0, :2, 0], numbers.layers[0]["cell"][0, 0, 0]
    np.testing.assert_allclose(got[0], [0.24635157, 0.28610883], atol=5e-9)
    assert got[1] == pytest.approx(0.32986176, abs=5e-9)
