"""Random networks over sequences, of every kind of layer that belongs there."""

from dataclasses import replace

import numpy as np

from engine import Dense, Experiment, Layer, Method, Network
from engine.layers import Gru, Lstm, Recurrent
from engine.layers.recurrence import Recurrence
from tests.engine.pictures import experiment_of

SEQUENCE_KINDS: tuple[type[Recurrence], ...] = (Recurrent, Lstm, Gru)


def sequence_experiment(seed: int) -> Experiment:
    """One to three layers that remember, and perhaps dense ones; targets for all steps or some of them."""
    draw = np.random.default_rng(seed)
    time, sequences = int(draw.integers(1, 6)), int(draw.integers(1, 4))
    layers = [_layer(draw, time) for _ in range(int(draw.integers(1, 4)))]
    if draw.random() < 0.6:
        layers.append(Dense(2, "tanh", 2))
    loss = str(draw.choice(["half-squared-error", "mean-squared-error", "cross-entropy"]))
    if loss == "cross-entropy":
        layers.append(Dense(2, "softmax", 2))
    counted = draw.integers(0, 2, time * sequences).astype(float)
    counted[-1] = 1
    network = Network(int(draw.integers(1, 4)), tuple(layers), loss, deltas=True, counted=not counted.all())
    method = Method(int(draw.integers(1, sequences + 1)) * time, str(draw.choice(["mean", "sum"])))
    return replace(experiment_of(network, draw, method, 4, time * sequences), counted=counted)


def _layer(draw: np.random.Generator, time: int) -> Layer:
    neurons = int(draw.integers(1, 4))
    kind = SEQUENCE_KINDS[int(draw.integers(len(SEQUENCE_KINDS)))]
    made = kind(
        neurons,
        time,
        biases=neurons * kind.bias_rows if draw.random() < 0.7 else 0,
        train_bias=bool(draw.random() < 0.8),
        initial=tuple(draw.normal(size=neurons * len(kind.letters)).tolist()) if draw.random() < 0.5 else (),
        bptt=int(draw.integers(0, 3)),
    )
    return made.with_activation(str(draw.choice(["tanh", "relu"]))) if isinstance(made, Recurrent) else made
