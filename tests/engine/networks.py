"""Random experiments for the tests, drawn by hypothesis or from a seed."""

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from engine import Dense, Experiment, FloatArray, Method, Network, Run
from engine.activations import ACTIVATIONS
from engine.losses import LOSSES
from engine.network import REDUCTIONS
from engine.optimizers import OPTIMIZERS, SCHEDULES

# For each constant of a method, the range that its random values are from.
RANGES = {
    "momentum": (0.5, 0.95), "alpha": (0.5, 0.99), "beta1": (0.5, 0.95), "beta2": (0.9, 0.999), "eps": (1e-6, 1e-3),
    "weight_decay": (0.01, 0.1), "step_size": (1, 3), "gamma": (0.5, 0.9), "T_max": (2, 9), "eta_min": (0, 0.01),
    "decay": (0.1, 1), "warm_up": (1, 4), "rho": (0.5, 0.95), "dampening": (0.1, 0.9),
    "momentum_decay": (0.001, 0.1),
}  # fmt: skip
WHOLE = ("step_size", "T_max", "warm_up")


@st.composite
def experiments(draw: st.DrawFn, largest: int = 4, deepest: int = 4) -> Experiment:
    """A plain network of 1 to `deepest` layers of 1 to `largest` neurons, with two learning rates."""
    sizes = draw(st.lists(st.integers(1, largest), min_size=2, max_size=deepest + 1))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rates = (draw(st.floats(0, 5)), draw(st.floats(0, 5)))
    return Experiment(
        network=Network.plain(tuple(sizes)),
        weights=tuple(generator.uniform(-2, 2, (after, before)) for before, after in pairwise(sizes)),
        inputs=generator.uniform(-2, 2, (1, sizes[0])),
        targets=generator.uniform(0, 1, (1, sizes[-1])),
        learning_rate=rates[0],
        learning_rates=rates,
        steps=draw(st.integers(1, 5)),
    )


def any_experiments() -> st.SearchStrategy[Experiment]:
    """Small networks with everything that an experiment can have."""
    return st.integers(0, 2**32 - 1).map(random_experiment)


def random_experiment(seed: int) -> Experiment:
    """Up to three layers of up to three neurons, three samples and four steps; any loss, biases and method.

    A softmax layer has a bias for each neuron or none: the gradient of a shared one is 0 but for rounding, and an
    optimizer that divides it by its own size makes a step of that.
    """
    generator = np.random.default_rng(seed)
    loss = str(generator.choice(list(LOSSES)))
    depth, samples = (int(number) for number in generator.integers(1, 4, 2))
    layers = tuple(_random_layer(generator, loss, last=number == depth - 1) for number in range(depth))
    network = Network(int(generator.integers(1, 4)), layers, loss, deltas=bool(generator.random() < 0.7))
    method = random_method(generator, int(generator.integers(1, samples + 1)))
    rates = tuple(np.round(generator.uniform(0.01, 0.5, 2), 3).tolist())
    several = generator.random() < 0.3
    runs = tuple(Run(rate, random_method(generator, method.batch_size)) for rate in rates) if several else ()
    return Experiment(
        network=network,
        weights=tuple(_uniform(generator, -1.5, (after, before)) for before, after in pairwise(network.sizes)),
        inputs=_uniform(generator, -2, (samples, network.inputs)),
        targets=_random_targets(generator, loss, (samples, network.sizes[-1])),
        learning_rate=rates[0],
        learning_rates=rates,
        steps=int(generator.integers(1, 5)),
        biases=tuple(_uniform(generator, -1, (layer.biases,)) for layer in layers),
        method=method,
        runs=runs,
    )


def random_method(generator: np.random.Generator, batch_size: int) -> Method:
    """Any optimizer, schedule and update, with random constants."""
    optimizer, schedule = str(generator.choice(list(OPTIMIZERS))), str(generator.choice(list(SCHEDULES)))
    names = [*OPTIMIZERS[optimizer].constants, *SCHEDULES[schedule].constants]
    if optimizer != "adamw" and generator.random() < 0.3:
        names.insert(len(OPTIMIZERS[optimizer].constants), "weight_decay")
    plain = batch_size == 1 and optimizer == "sgd" and "weight_decay" not in names
    return Method(
        batch_size=batch_size,
        reduction=str(generator.choice(REDUCTIONS)),
        optimizer=optimizer,
        schedule=schedule,
        update="output-first" if plain and generator.random() < 0.5 else "simultaneous",
        constants=tuple((name, _random_constant(generator, name)) for name in names),
    )


def _random_constant(generator: np.random.Generator, name: str) -> float:
    least, most = RANGES[name]
    return float(generator.integers(int(least), int(most) + 1) if name in WHOLE else generator.uniform(least, most))


def _random_layer(generator: np.random.Generator, loss: str, *, last: bool) -> Dense:
    activation = str(generator.choice([name for name in ACTIVATIONS if name != "softmax"]))
    if last:
        activation = LOSSES[loss].activation or activation
    neurons = int(generator.integers(1, 4))
    biases = [0, neurons] if activation == "softmax" else [0, 1, neurons]
    return Dense(neurons, activation, int(generator.choice(biases)), train_bias=bool(generator.random() < 0.7))


def _random_targets(generator: np.random.Generator, loss: str, shape: tuple[int, int]) -> FloatArray:
    """From 0 to 1, of a sample together 1 for the cross-entropy."""
    targets = generator.uniform(0, 1, shape)
    return targets / targets.sum(axis=1, keepdims=True) if loss == "cross-entropy" else np.round(targets, 2)


def _uniform(generator: np.random.Generator, least: float, shape: tuple[int, ...]) -> FloatArray:
    """Numbers of three decimals between `least` and its opposite."""
    return np.round(generator.uniform(least, -least, shape), 3)
