"""The engine against torch: every activation, loss, batch, optimizer and schedule."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings

from engine import Dense, Experiment, FloatArray, Method, Network, descend
from engine.activations import ACTIVATIONS
from engine.layers import LAYERS
from engine.losses import LOSSES
from engine.network import REDUCTIONS
from engine.optimizers import OPTIMIZERS, SCHEDULES
from tests.engine.by_torch import torch_steps
from tests.engine.networks import any_experiments, experiments
from tests.engine.pictures import picture_experiment
from tests.engine.sequences import SEQUENCE_KINDS, sequence_experiment
from tests.engine.tokens import token_experiment

HIDDEN = [*(name for name in ACTIVATIONS if name != "softmax"), "leaky-relu(0.3)"]
OUTPUTS = [(loss, out) for loss in LOSSES for out in ([LOSSES[loss].activation] if LOSSES[loss].activation else HIDDEN)]


def close(got: FloatArray | float, expected: FloatArray | float) -> None:
    """To 1e-10; a gradient is made of differences, of activations less targets, which are rounded at about 1e-16."""
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-14)


def check(experiment: Experiment) -> None:
    """Every update's parameters, loss, learning rate and gradients."""
    trace = descend(experiment, [experiment.learning_rate])
    numbers, method = trace.numbers, experiment.method
    for number, step in enumerate(torch_steps(experiment)):
        rows = slice(number * method.batch_size, (number + 1) * method.batch_size)
        for layer in range(trace.columns.depth):
            close(numbers.each("weight")[layer][rows.start, ..., 0], step.weights[layer])
            close(numbers.each("bias")[layer][rows.start, ..., 0], step.biases[layer])
        for layer, of in enumerate(numbers.layers):
            if "running-mean" in of:
                close(of["running-mean"][rows.start, :, 0], step.running[layer][0])
                close(of["running-variance"][rows.start, :, 0], step.running[layer][1])
        close(trace.curve[rows, 0], step.loss)
        if "eta" in trace.columns.index:
            close(numbers.values[rows, trace.columns.index["eta"], 0], step.rate)
        for slopes, (kind, error) in zip(numbers.slopes, step.errors, strict=True):
            if kind in slopes:
                close(slopes[kind][rows, ..., 0], error)
        gradients = numbers.every_gradient[rows, :, 0].sum(axis=0)
        if method.reduction == "mean":
            gradients /= trace.columns.sequences
        expected = np.concatenate([gradient.ravel() for gradient in step.gradients])
        close(gradients, expected)


def network(loss: str, hidden: str, out: str) -> Network:
    return Network(2, (Dense(3, hidden, 3), Dense(2, out, 2)), loss, deltas=True)


def experiment_of(network: Network, method: Method, rate: float, steps: int, seed: int) -> Experiment:
    generator = np.random.default_rng(seed)
    targets = generator.uniform(0, 1, (3, 2))
    if network.loss == "cross-entropy":
        targets /= targets.sum(axis=1, keepdims=True)
    return Experiment(
        network=network,
        weights=(generator.normal(size=(3, 2)), generator.normal(size=(2, 3))),
        inputs=generator.normal(size=(3, 2)),
        targets=targets,
        learning_rate=rate,
        learning_rates=(rate,),
        steps=steps,
        biases=(generator.normal(size=3), generator.normal(size=2)),
        method=method,
    )


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(("loss", "out"), OUTPUTS)
def test_fifty_steps_of_every_activation_loss_reduction_and_batch(hidden: str, loss: str, out: str) -> None:
    rate = 0.02 if loss == "squared-error" else 0.05  # its gradient is twice that of the others
    for seed, (reduction, batch_size) in enumerate(product(REDUCTIONS, (1, 2, 3))):
        check(experiment_of(network(loss, hidden, out), Method(batch_size, reduction), rate, steps=50, seed=seed))


@pytest.mark.parametrize(
    ("optimizer", "schedule", "decay"),
    [*product(OPTIMIZERS, SCHEDULES, [0.0]), *product(OPTIMIZERS, ["constant"], [0.02])],
)
def test_a_hundred_steps_of_every_optimizer_and_schedule(optimizer: str, schedule: str, decay: float) -> None:
    constants = {
        **OPTIMIZERS[optimizer].constants,
        **({"weight_decay": decay, "l1_decay": decay / 2} if decay else {}),
        **SCHEDULES[schedule].constants,
    }
    method = Method(2, "mean", optimizer, schedule, constants=tuple(constants.items()))
    check(experiment_of(network("cross-entropy", "tanh", "softmax"), method, rate=0.05, steps=100, seed=len(constants)))


@given(any_experiments())
@settings(max_examples=150, deadline=None)
def test_random_networks_and_methods(experiment: Experiment) -> None:
    assume(experiment.method.update == "simultaneous")
    check(experiment)


@given(experiments())
@settings(max_examples=50, deadline=None)
def test_random_plain_networks(experiment: Experiment) -> None:
    check(experiment)


@pytest.mark.parametrize("seed", range(150))
def test_layers_of_every_kind_over_pictures_of_random_shapes(seed: int) -> None:
    check(picture_experiment(seed))


@pytest.mark.parametrize("seed", range(40))
def test_layers_of_every_kind_over_sequences_of_random_lengths(seed: int) -> None:
    check(sequence_experiment(seed))


@pytest.mark.parametrize("seed", range(20))
def test_stacks_of_layers_over_tokens(seed: int) -> None:
    check(token_experiment(seed))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_layers_over_pictures_with_each_optimizer(optimizer: str) -> None:
    method = Method(3, "mean", optimizer, constants=tuple(OPTIMIZERS[optimizer].constants.items()))
    check(picture_experiment(1000, method, steps=20))


def test_every_kind_of_layer_is_among_them() -> None:
    pictures = {type(layer) for seed in range(150) for layer in picture_experiment(seed).network.layers}
    tokens = {type(layer) for seed in range(12) for layer in token_experiment(seed).network.layers}
    assert pictures | tokens | set(SEQUENCE_KINDS) == set(LAYERS.values())
