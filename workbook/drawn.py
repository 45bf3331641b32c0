"""Other numbers for an experiment, drawn by a seed: so each student of a class gets their own."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from engine import Experiment, FloatArray

# No two numbers are equal, as a slip could not be seen between equal ones: the coarser pool while it has enough.
POOLS = (
    [n / 100 for n in range(5, 100, 5)],
    [n / 100 for n in range(5, 100)],
    [n / 1_000_000 for n in range(50_000, 1_000_000)],
)
TARGETS = ([n / 100 for n in range(1, 100, 7)], *POOLS)


def drawn_experiment(experiment: Experiment, seed: int) -> Experiment:
    """The experiment with other round numbers in it: the same seed, the same numbers.

    Samples whose targets are all 0 or 1 stay as they are, since other inputs would belong to other classes.
    """
    generator = random.Random(seed)  # noqa: S311 - exercises, not secrets
    sizes = [array.size for array in (*experiment.weights, *experiment.biases)]
    drawn = iter(_drawn(generator, POOLS, sum(sizes)))
    weights = tuple(_filled(matrix, drawn) for matrix in experiment.weights)
    biases = tuple(_filled(bias, drawn) for bias in experiment.biases)
    inputs, targets = experiment.inputs, experiment.targets
    if not np.isin(targets, (0, 1)).all():
        inputs = np.array([_drawn(generator, POOLS, inputs.shape[1]) for _ in inputs])
        draw = _shares if experiment.network.loss == "cross-entropy" else _targets
        targets = np.array([draw(generator, targets.shape[1]) for _ in targets])
    return replace(experiment, weights=weights, biases=biases, inputs=inputs, targets=targets)


def _drawn(generator: random.Random, pools: tuple[list[float], ...], count: int) -> list[float]:
    """So many numbers of the first pool that has enough."""
    return generator.sample(next(pool for pool in pools if len(pool) >= count), count)


def _filled(array: FloatArray, numbers: Iterator[float]) -> FloatArray:
    return np.reshape([next(numbers) for _ in range(array.size)], array.shape)


def _targets(generator: random.Random, outputs: int) -> list[float]:
    """From 0 to 1, where every activation can come near them."""
    return _drawn(generator, TARGETS, outputs)


def _shares(generator: random.Random, outputs: int) -> list[float]:
    """They add up to 1."""
    cuts = [0, *sorted(generator.sample(range(1, 100), outputs - 1)), 100]
    return [(after - before) / 100 for before, after in pairwise(cuts)]
