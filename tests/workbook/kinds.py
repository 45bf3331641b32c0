"""Small networks, one for each kind of layer beside dense ones, and one with all of them."""

from dataclasses import replace
from math import prod

import numpy as np

from engine import Dense, Experiment, Layer, Method, Network
from engine.layers import (
    Attention,
    AveragePool,
    BatchNorm,
    Convolution,
    Dropout,
    Embedding,
    GlobalAveragePool,
    Gru,
    LayerNorm,
    Lstm,
    MaxPool,
    Position,
    Recurrent,
    Residual,
)
from tests.engine.pictures import experiment_of

SOFTMAX = Dense(2, "softmax", 2)
BATCH = Method(2, "mean")
WHOLE = Method(6, "mean")
MOMENTUM = Method(4, "sum", "momentum", constants=(("momentum", 0.9),))


def network_of(*layers: Layer, picture: tuple[int, ...] = (1, 4, 4), method: Method = BATCH) -> Experiment:
    """Random weights and four samples, four steps, classes told by a softmax."""
    network = Network(
        prod(picture), (*layers, SOFTMAX), "cross-entropy", deltas=True, picture=picture if len(picture) > 1 else ()
    )
    return experiment_of(network, np.random.default_rng(5), method, steps=4, samples=4)


def tokens_of(*layers: Layer, time: int = 3, inputs: int = 1, method: Method = WHOLE) -> Experiment:
    """Two sequences of so many tokens, of which there are three, embedded; or plain samples of several tokens."""
    network = Network(inputs, (Embedding(3, 2), *layers, SOFTMAX), "cross-entropy", deltas=True)
    draw = np.random.default_rng(6)
    return experiment_of(network, draw, method, 2, 2 * time, draw.integers(0, 3, (2 * time, inputs)).astype(float))


def sequences_of(*layers: Layer, counted: bool = False, method: Method = WHOLE) -> Experiment:
    """The same for two sequences of three steps, with targets in all of them or the last alone; two steps."""
    network = Network(2, (*layers, SOFTMAX), "cross-entropy", deltas=True, counted=counted)
    made = experiment_of(network, np.random.default_rng(5), method, steps=2, samples=6)
    return replace(made, counted=np.array([0.0, 0, 1, 0, 0, 1])) if counted else made


KINDS = {
    "convolution": network_of(Convolution(2, (3, 3), (1, 1), (0, 0), "relu", 2), method=Method(1)),
    "stride and padding": network_of(Convolution(2, (2, 3), (2, 1), (1, 1), "tanh", 1)),
    "max-pool": network_of(Convolution(1, (2, 2), activation="sigmoid"), MaxPool((2, 2), (1, 1))),
    "average-pool": network_of(Convolution(2, (2, 2)), AveragePool((3, 2), (1, 1), "tanh")),
    "batch-norm": network_of(
        Dense(2, "tanh", 2), BatchNorm(running_mean=(0.1, -0.2), running_var=(0.5, 2.0)), picture=(3,), method=MOMENTUM
    ),
    "batch-norm of maps": network_of(Convolution(2, (2, 2)), BatchNorm(activation="leaky-relu(0.3)")),
    "layer-norm": network_of(Dense(3, "tanh", 3), LayerNorm(activation="tanh"), picture=(2,)),
    "layer-norm of maps": network_of(Convolution(2, (3, 3)), LayerNorm(0.1), method=Method(1)),
    "dropout": network_of(Dense(3, "tanh", 3), Dropout(0.4), picture=(2,), method=Method(1)),
    "residual": network_of(Dense(2, "tanh", 2), Dense(2, "tanh", 2), Residual(1), picture=(2,), method=Method(1)),
    "block": network_of(
        Convolution(2, (3, 3), (1, 1), (1, 1), "relu"), BatchNorm(), Dropout(0.25),
        Convolution(2, (1, 1)), Residual(3), GlobalAveragePool(),
    ),
    "attention": tokens_of(Position(learned=True, time=3), Attention(2, causal=True, bias=True, time=3)),
    "waves": tokens_of(Position(time=3), Attention(time=3, activation="tanh"), Residual(1), method=Method(3)),
    "embedding": tokens_of(time=2, inputs=2, method=BATCH),
    "recurrent": sequences_of(Recurrent(2, 3, 2, initial=(0.5, -0.25)), counted=True),
    "lstm": sequences_of(Lstm(1, 3, 4, initial=(0.5, -0.25))),
    "gru": sequences_of(Gru(1, 3, 4), counted=True, method=Method(3, "sum")),
    "truncated": sequences_of(Recurrent(2, 3, bptt=2, activation="relu"), Recurrent(1, 3), method=Method(3)),
}  # fmt: skip
