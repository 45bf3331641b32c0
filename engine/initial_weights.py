"""Drawing a layer's first weights."""

from collections.abc import Callable
from math import prod, sqrt

import numpy as np

from engine.arrays import FloatArray, Shape

# How fan-in and fan-out give the range ±r of uniform numbers, or of the standard deviation of normal ones.
# Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010); He et al.,
# "Delving deep into rectifiers" (2015), with fan-in.
RANGES: dict[str, Callable[[int, int], float]] = {
    "uniform": lambda _fan_in, _fan_out: 1.0,
    "glorot-uniform": lambda fan_in, fan_out: sqrt(6 / (fan_in + fan_out)),
    "he-uniform": lambda fan_in, _fan_out: sqrt(6 / fan_in),
}
DEVIATIONS: dict[str, Callable[[int, int], float]] = {
    "normal": lambda _fan_in, _fan_out: 1.0,
    "glorot-normal": lambda fan_in, fan_out: sqrt(2 / (fan_in + fan_out)),
    "he-normal": lambda fan_in, _fan_out: sqrt(2 / fan_in),
}
INITS = (*RANGES, *DEVIATIONS)


def initial_weights(init: str, shape: Shape, generator: np.random.Generator) -> FloatArray:
    """Weights of a shape, (fan-out, fan-in) or (channels, input channels, rows, columns), as one of INITS says.

    Fan-in and fan-out of a kernel count its rows and columns, as in torch.nn.init. The numbers have four decimals, so
    that a person can type them.
    """
    fan_out, fan_in = shape[0] * prod(shape[2:]), prod(shape[1:])
    if init in RANGES:
        largest = RANGES[init](fan_in, fan_out)
        drawn = generator.uniform(-largest, largest, shape)
    else:
        drawn = generator.normal(0, DEVIATIONS[init](fan_in, fan_out), shape)
    return np.round(drawn, 4)
