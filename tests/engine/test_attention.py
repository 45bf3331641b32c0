"""Layers over tokens: published digits, gradients as slopes, what goes forward unseen, and what a file says of them."""

from dataclasses import replace

import numpy as np
import pytest

from engine import Dense, Experiment, FloatArray, Method, Network, descend
from engine.layers import Attention
from engine.layers.position import waves
from tests.engine.tokens import token_experiment


def attended(attention: Attention, x: FloatArray, weights: FloatArray) -> dict[str, FloatArray]:
    """The columns of an attention layer over one sequence, by kind: (T, …)."""
    network = Network(x.shape[1], (attention, Dense(1)), deltas=True)
    outputs = np.ones((1, x.shape[1]))
    method = Method(len(x))
    experiment = Experiment(network, (weights, outputs), x, np.zeros((len(x), 1)), 0.1, (0.1,), 1, method=method)
    return {kind: of[..., 0] for kind, of in descend(experiment).numbers.layers[0].items()}


IDENTITIES = np.vstack([np.eye(4)] * 4)


def test_the_weights_of_scaled_dot_product_attention_as_published() -> None:
    # Q = K = V as they are, scores over √4: given in the issue that asked for this layer, with three decimals.
    x = np.array([[1.0, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 1]])
    of = attended(Attention(time=3), x, IDENTITIES)
    np.testing.assert_allclose(of["share"][0], [0.422, 0.155, 0.422], atol=5e-4)
    np.testing.assert_allclose(of["share"][2], [0.212, 0.212, 0.576], atol=5e-4)
    np.testing.assert_allclose(of["pre-activation"], of["share"] @ x)


def test_a_causal_token_asks_no_later_one() -> None:
    x = np.random.default_rng(1).normal(size=(4, 4))
    first = attended(Attention(2, causal=True, time=4), x, IDENTITIES)
    assert (first["share"].reshape(4, 2, 4)[:, 0] == np.tril(first["share"].reshape(4, 2, 4)[:, 0])).all()
    np.testing.assert_allclose(first["share"].reshape(4, 2, 4).sum(axis=2), 1)
    x[3] += 1
    changed = attended(Attention(2, causal=True, time=4), x, IDENTITIES)
    same = (first["pre-activation"] == changed["pre-activation"]).all(axis=1)
    assert same.tolist() == [True, True, True, False]


def test_the_waves_of_the_places_as_the_paper_defines_them() -> None:
    # Vaswani et al. (2017), 3.5: sin(pos/10000^(2i/d)) and cos(pos/10000^(2i/d)), here by hand for d = 4, pos 1 and 2.
    np.testing.assert_allclose(waves(3, 4)[0], [0, 1, 0, 1])
    np.testing.assert_allclose(waves(3, 4)[1], [np.sin(1), np.cos(1), np.sin(0.01), np.cos(0.01)])
    np.testing.assert_allclose(waves(3, 4)[2], [np.sin(2), np.cos(2), np.sin(0.02), np.cos(0.02)])


@pytest.mark.parametrize("seed", range(12))
def test_gradients_over_tokens_equal_central_differences(seed: int) -> None:
    """Along a random direction of each layer's weights, and of its biases."""
    experiment = replace(token_experiment(seed), steps=1, learning_rates=(0.0,))
    trace, draw = descend(experiment), np.random.default_rng(seed)
    share = 1 / trace.columns.sequences if experiment.method.reduction == "mean" else 1.0
    for number, (layer, shape) in enumerate(zip(experiment.network.layers, experiment.network.shapes, strict=False)):
        for kind in layer.trained(shape):
            gradient = trace.numbers.slopes[number][kind][..., 0].sum(axis=0) * share
            direction = draw.normal(size=gradient.shape)
            up, down = (_loss(experiment, kind, number, direction * step) for step in (1e-6, -1e-6))
            np.testing.assert_allclose((gradient * direction).sum(), (up - down) / 2e-6, rtol=1e-5, atol=1e-7)


def _loss(experiment: Experiment, kind: str, number: int, step: FloatArray) -> float:
    changed = list(experiment.weights if kind == "weight" else experiment.biases)
    changed[number] = changed[number] + step
    nudged = (
        replace(experiment, weights=tuple(changed)) if kind == "weight" else replace(experiment, biases=tuple(changed))
    )
    return float(descend(nudged).curve[0, 0])
