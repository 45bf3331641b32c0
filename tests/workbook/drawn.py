"""Small random experiments of every kind, by a seed."""

from itertools import pairwise

import numpy as np

from engine import Dense, Experiment, Method, Network
from engine.losses import LOSSES
from engine.network import REDUCTIONS
from engine.optimizers import OPTIMIZERS, SCHEDULES

HIDDEN = ("sigmoid", "tanh", "relu", "leaky-relu", "identity")
OPTIMIZER_NAMES, SCHEDULE_NAMES = tuple(OPTIMIZERS), tuple(SCHEDULES)


def drawn(seed: int, steps: int = 5) -> Experiment:
    """An experiment whose kinds follow the seed, so that ten seeds have every loss, optimizer and schedule."""
    generator = np.random.default_rng(seed)
    depth = 1 + seed % 3
    sizes = generator.integers(1, 4, size=depth + 1).tolist()
    loss = list(LOSSES)[seed % len(LOSSES)]
    layers = tuple(
        Dense(
            neurons=neurons,
            activation=(LOSSES[loss].activation or "tanh") if at == depth - 1 else str(generator.choice(HIDDEN)),
            biases=int(generator.choice([0, 1, neurons])),
            train_bias=bool(generator.integers(4)),
        )
        for at, neurons in enumerate(sizes[1:])
    )
    samples = int(generator.integers(1, 5))
    optimizer, schedule = OPTIMIZER_NAMES[seed % len(OPTIMIZERS)], SCHEDULE_NAMES[seed % len(SCHEDULES)]
    method = Method(
        batch_size=int(generator.integers(1, samples + 1)),
        reduction=REDUCTIONS[seed % 2],
        optimizer=optimizer,
        schedule=schedule,
        constants=tuple({**OPTIMIZERS[optimizer].constants, **SCHEDULES[schedule].constants}.items()),
    )
    targets = generator.uniform(0.1, 0.9, (samples, sizes[-1]))
    if loss == "cross-entropy":
        targets /= targets.sum(axis=1, keepdims=True)
    return Experiment(
        network=Network(sizes[0], layers, loss, deltas=bool(seed % 2)),
        weights=tuple(generator.normal(size=(b, a)) for a, b in pairwise(sizes)),
        inputs=generator.normal(size=(samples, sizes[0])),
        targets=targets,
        learning_rate=0.1,
        learning_rates=(0.1,),
        steps=steps,
        biases=tuple(generator.normal(size=layer.biases) for layer in layers),
        method=method,
    )
