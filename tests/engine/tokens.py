"""Random networks over sequences of tokens: embedding, positions, attention, norms, residuals, recurrent layers."""

import numpy as np

from engine import Dense, Experiment, Layer, Method, Network
from engine.arrays import Shape
from engine.layers import Attention, Embedding, Gru, LayerNorm, Lstm, Position, Recurrent, Residual
from tests.engine.pictures import experiment_of

TOKENS = 3


def token_experiment(seed: int) -> Experiment:
    """An embedding or plain inputs, two to four layers of any kind that belongs here, then the next token."""
    draw = np.random.default_rng(seed)
    time, sequences, features = int(draw.integers(2, 6)), int(draw.integers(1, 3)), int(draw.choice([2, 3, 4, 6]))
    inputs = int(draw.integers(1, 3))
    layers: list[Layer] = [Embedding(TOKENS, features)] if draw.random() < 0.7 else [Dense(features, "tanh")]
    shapes: list[Shape] = [(inputs,), layers[0].shape((inputs,))]
    for _ in range(int(draw.integers(2, 5))):
        layers.append(_layer(draw, shapes, time))
        shapes.append(layers[-1].shape(shapes[-1]))
    if not any(layer.time > 1 for layer in layers):
        layers.append(Attention(time=time))
    network = Network(inputs, (*layers, Dense(TOKENS, "softmax", TOKENS)), "cross-entropy", deltas=True)
    method = Method(int(draw.integers(1, sequences + 1)) * time, str(draw.choice(["mean", "sum"])))
    tokens = draw.integers(0, TOKENS, (time * sequences, inputs)).astype(float)
    return experiment_of(network, draw, method, 4, time * sequences, tokens)


def _layer(draw: np.random.Generator, shapes: list[Shape], time: int) -> Layer:
    (features,) = shapes[-1]
    activation = str(draw.choice(["identity", "tanh", "sigmoid"]))
    same = [number for number, shape in enumerate(shapes[:-1]) if number and shape == shapes[-1]]
    match str(
        draw.choice(
            ["attention"] * 3 + ["position", "layer-norm", "dense", "recurrent", "lstm", "gru"] + ["residual"] * 2
        )
    ):
        case "attention":
            heads = int(draw.choice([heads for heads in (1, 2, 3) if features % heads == 0]))
            causal, bias = (bool(each) for each in draw.random(2) < 0.5)
            return Attention(heads, causal, bias, activation, time)
        case "position":
            return Position(bool(draw.random() < 0.5), activation, time)
        case "layer-norm":
            return LayerNorm(0.1, activation, trains=bool(draw.random() < 0.8))
        case "residual" if same:
            return Residual(int(draw.choice(same)), activation)
        case "recurrent":
            return Recurrent(features, time, features)
        case "lstm":
            return Lstm(features, time)
        case "gru":
            return Gru(features, time)
        case _:
            return Dense(features, activation, features)
