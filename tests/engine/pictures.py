"""Random networks over pictures, of every kind of layer."""

from math import prod

import numpy as np

from engine import Dense, Experiment, FloatArray, Layer, Method, Network
from engine.arrays import Shape
from engine.layers import AveragePool, BatchNorm, Convolution, Dropout, GlobalAveragePool, LayerNorm, MaxPool, Residual

SMOOTH = ("sigmoid", "tanh", "identity")


def picture_experiment(seed: int, method: Method | None = None, steps: int = 4, samples: int = 3) -> Experiment:
    """Two to five layers of any kind over pictures of random size, then perhaps a dense one; any activation."""
    draw = np.random.default_rng(seed)
    picture = (int(draw.integers(1, 3)), int(draw.integers(4, 8)), int(draw.integers(4, 8)))
    layers: list[Layer] = []
    shapes: list[Shape] = [picture]
    for _ in range(int(draw.integers(2, 6))):
        layers.append(_layer(draw, shapes))
        shapes.append(layers[-1].shape(shapes[-1]))
    fixed = not any(layer.trained(shape) for layer, shape in zip(layers, shapes, strict=False))
    if fixed or prod(shapes[-1]) > 4 or draw.random() < 0.5:
        layers.append(Dense(3, "tanh", 3))
    loss = str(draw.choice(["half-squared-error", "mean-squared-error", "cross-entropy"]))
    if loss == "cross-entropy":
        layers[-1] = layers[-1].with_activation("softmax")
    method = method or Method(int(draw.integers(2, samples + 1)), str(draw.choice(["mean", "sum"])))
    return experiment_of(Network(prod(picture), tuple(layers), loss, deltas=True, picture=picture), draw, method, steps)


def experiment_of(
    network: Network,
    draw: np.random.Generator,
    method: Method,
    steps: int,
    samples: int = 3,
    inputs: FloatArray | None = None,
) -> Experiment:
    """Random weights, biases and samples for a network; random inputs unless some are given."""
    shapes = [layer.parameters(of) for layer, of in zip(network.layers, network.shapes, strict=False)]
    targets = draw.uniform(0, 1, (samples, network.sizes[-1]))
    if network.loss == "cross-entropy":
        targets /= targets.sum(axis=1, keepdims=True)
    return Experiment(
        network=network,
        weights=tuple(_normal(draw, of.get("weight", (0,))) for of in shapes),
        biases=tuple(_normal(draw, of.get("bias", (0,))) for of in shapes),
        inputs=draw.normal(size=(samples, network.inputs)) if inputs is None else inputs,
        targets=targets,
        learning_rate=0.02,
        learning_rates=(0.02, 0.01),
        steps=steps,
        method=method,
    )


def _layer(draw: np.random.Generator, shapes: list[Shape]) -> Layer:
    shape, activation = shapes[-1], str(draw.choice(["sigmoid", "tanh", "identity", "relu", "leaky-relu"]))
    pictures = len(shape) == 3
    same = [number for number, of in enumerate(shapes[:-1]) if of == shape]
    kinds = [
        "batch-norm",
        "layer-norm",
        "dropout",
        *(["residual"] * 3 if same else []),
        *(["convolution"] * 3 if pictures else []),
    ]
    kinds += ["max-pool", "average-pool", "global"] if pictures and len(shapes) > 1 else []
    small = min(shape[1:]) if pictures else 0
    size, stride = (
        tuple(int(n) for n in draw.integers(1, min(3, small) + 1, 2)) if small else (1, 1) for _ in range(2)
    )
    match str(draw.choice(kinds)):
        case "batch-norm":
            return BatchNorm(float(draw.choice([1e-5, 0.1])), 0.3, activation, trains=bool(draw.random() < 0.8))
        case "layer-norm":
            return LayerNorm(float(draw.choice([1e-5, 0.1])), activation, trains=bool(draw.random() < 0.8))
        case "dropout":
            return Dropout(0.4, (int(draw.integers(99)), len(shapes)))
        case "residual":
            return Residual(int(draw.choice(same)), activation)
        case "max-pool":
            return MaxPool((size[0], size[1]), (stride[0], stride[1]))
        case "average-pool":
            return AveragePool((size[0], size[1]), (stride[0], stride[1]), activation)
        case "global":
            return GlobalAveragePool()
        case _:
            channels = int(draw.choice([shape[0], 2]))
            padding = (int(draw.integers(0, 3)), int(draw.integers(0, 2)))
            biases = int(draw.choice([0, 1, channels]))
            return Convolution(
                channels, (size[0], size[1]), (stride[0], stride[1]), padding, activation, biases, draw.random() < 0.8
            )


def _normal(draw: np.random.Generator, shape: Shape) -> FloatArray:
    return draw.normal(0, 0.7, shape)
