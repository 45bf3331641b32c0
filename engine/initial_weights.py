"""Drawing a layer's first weights."""

from collections.abc import Callable
from math import sqrt

import numpy as np

from engine.arrays import FloatArray

# What a fan-in and a fan-out make of the range ±r of uniform numbers, or of the standard deviation of normal ones.
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


def initial_weights(init: str, fan_out: int, fan_in: int, generator: np.random.Generator) -> FloatArray:
    """A matrix, (fan-out, fan-in), drawn as one of INITS says.

    Its numbers have four decimals, so that a person can type them.
    """
    if init in RANGES:
        largest = RANGES[init](fan_in, fan_out)
        drawn = generator.uniform(-largest, largest, (fan_out, fan_in))
    else:
        drawn = generator.normal(0, DEVIATIONS[init](fan_in, fan_out), (fan_out, fan_in))
    return np.round(drawn, 4)
