"""Faults of a training: dead neurons, saturation, gradients that explode or vanish, a learning rate that is too large.

The signs are those of Ian Goodfellow, Yoshua Bengio and Aaron Courville, "Deep Learning" (2016), chapters 6 and 8, and
Michael Nielsen, "Neural Networks and Deep Learning" (2015), chapters 3 and 5. The bounds below are ours.
"""

import math
from dataclasses import dataclass

import numpy as np

from engine import optimizers
from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray
from engine.curvature import curvature, largest_rate
from engine.descent import Trace, descend
from engine.experiment import Experiment
from engine.losses import LOSSES

# An activation is saturated where its slope is less than this share of the most that it can be,
FLAT = 0.05
# and a layer where more than this share of its activations are.
MOST_FLAT = 0.5
# A training has converged where its last loss is below this share of the first; then small gradients are no fault.
LEARNED = 0.1
# A layer's gradients vanish where they are this many times smaller than the last layer's, explode where larger.
FAR = 100.0
# A step is too large where it changes a layer's weights by this many times their size.
LEAP = 10.0
# Updates at which the curvature is found; closer together at first, where a run that is to fail fails.
LOOKS = 6


@dataclass(frozen=True)
class LayerSigns:
    """A layer's signs.

    Attributes:
        name: "hidden 1", …, "outputs".
        activation: one of ACTIVATIONS.
        neurons: how many; channels, of maps.
        dead: the ReLUs that put out 0 for every sample at the end, and the first step from which on they do; None where
            the activation is no ReLU.
        flat: the share of its activations that are saturated, in the first and in the last pass over the samples; None
            where the activation does not saturate, or the loss takes no harm from it.
        gradients: the root mean square of its gradients at each look; empty where it trains nothing.
        leap: the most that an update changes its weights and biases, as a share of their size, and the step.
    """

    name: str
    activation: str
    neurons: int
    dead: dict[str, int] | None
    flat: tuple[float, float] | None
    gradients: tuple[float, ...]
    leap: tuple[float, int] | None


@dataclass(frozen=True)
class Look:
    """The curvature before an update, counted from 1, its learning rate, and the largest that the curvature allows."""

    step: int
    rate: float
    curvature: float
    limit: float


@dataclass(frozen=True)
class Diagnosis:
    """The signs of an experiment's own run.

    Attributes:
        steps: updates before the first number that is inf or nan; all of them if there is none.
        overflow: which number that is, in words; "" if there is none.
        losses: of the first of these updates and of the last; nan if there is none.
    """

    experiment: Experiment
    steps: int
    overflow: str
    losses: tuple[float, float]
    layers: tuple[LayerSigns, ...]
    looks: tuple[Look, ...]

    @property
    def learned(self) -> bool:
        """Whether the loss has come down to a tenth."""
        return not self.overflow and self.losses[1] <= LEARNED * self.losses[0]


def diagnose(experiment: Experiment) -> Diagnosis:
    """Run an experiment with its own learning rate and look for what ails it."""
    trace = descend(experiment, [experiment.learning_rate], keep_overflow=True)
    size, values = experiment.method.batch_size, trace.numbers.values[:, :, 0]
    bad = np.argwhere(~np.isfinite(values))
    steps, overflow = experiment.steps, ""
    if len(bad):
        row, column = bad[0]
        steps = int(row) // size
        overflow = f"{trace.columns.names[column]} at step {steps + 1}"
    looks = np.unique(np.geomspace(1, steps, LOOKS).astype(int) - 1).tolist() if steps else []
    return Diagnosis(
        experiment=experiment,
        steps=steps,
        overflow=overflow,
        losses=(float(trace.curve[0, 0]), float(trace.curve[steps * size - 1, 0])) if steps else (math.nan, math.nan),
        layers=tuple(_layer(experiment, trace, number, steps, looks) for number in range(trace.columns.depth)),
        looks=tuple(_look(experiment, trace, step) for step in looks),
    )


def _look(experiment: Experiment, trace: Trace, step: int) -> Look:
    method = experiment.method
    constants = dict(method.constants)
    rate = optimizers.rates(method.schedule, [experiment.learning_rate], experiment.steps, constants)[step, 0]
    curved = curvature(trace, step)
    return Look(step + 1, float(rate), curved, largest_rate(method.optimizer, constants, curved))


def _layer(experiment: Experiment, trace: Trace, number: int, steps: int, looks: list[int]) -> LayerSigns:
    columns, numbers, size = trace.columns, trace.numbers, experiment.method.batch_size
    layer, last = columns.network.layers[number], number == columns.depth - 1
    rows = steps * size
    z = numbers.layers[number]["pre-activation"][:rows, ..., 0]
    z = z.reshape(rows, z.shape[1], -1) if rows else np.empty((0, z.shape[1], 1))
    samples = min(experiment.samples, rows)
    harmless = last and LOSSES[columns.network.loss].through_activation
    return LayerSigns(
        name="outputs" if last else f"hidden {number + 1}",
        activation=layer.activation,
        neurons=z.shape[1],
        dead=_dead(z, columns.neuron_names(number), samples, size) if layer.activation == "relu" and rows else None,
        flat=None if harmless or not rows else _flat(layer.activation, z, samples),
        gradients=_gradients(trace, number, looks),
        leap=_leap(numbers.trained[number][:rows:size, :, 0]),
    )


def _dead(z: FloatArray, names: list[str], samples: int, size: int) -> dict[str, int]:
    """The neurons of z, (T, neurons, positions), that are 0 throughout the last rows, with the step since when."""
    fires = np.any(z > 0, axis=2)
    each = len(names) // z.shape[1]
    dead = np.flatnonzero(~np.any(fires[-samples:], axis=0)).tolist()
    rows_fired = {neuron: np.flatnonzero(fires[:, neuron]) for neuron in dead}
    return {
        names[neuron * each].split("_")[0]: int(fired[-1]) // size + 2 if len(fired) else 1
        for neuron, fired in rows_fired.items()
    }


def _flat(name: str, z: FloatArray, samples: int) -> tuple[float, float] | None:
    activation = ACTIVATIONS[name]
    if not activation.is_bounded or activation.is_share:
        return None

    def slope(z: FloatArray) -> FloatArray:
        slopes = np.ones_like(z)
        activation.backward(slopes, z, activation.forward(z))
        return slopes

    flat = np.less(slope(z), FLAT * slope(np.zeros_like(z)))
    return float(flat[:samples].mean()), float(flat[-samples:].mean())


def _gradients(trace: Trace, number: int, looks: list[int]) -> tuple[float, ...]:
    """The root mean square of a layer's gradients of an update's loss, at each look."""
    method, slopes = trace.columns.method, trace.numbers.slopes[number]
    kinds = trace.columns.network.layers[number].trained(trace.columns.network.shapes[number])
    if not kinds:
        return ()
    per_row = np.concatenate([slopes[kind][..., 0].reshape(len(trace.numbers.values), -1) for kind in kinds], axis=1)
    of_update = per_row.reshape(-1, method.batch_size, per_row.shape[1])[looks].sum(axis=1)
    share = 1 / method.batch_size if method.reduction == "mean" else 1.0
    means: list[float] = np.sqrt(np.mean((share * of_update) ** 2, axis=1)).tolist()
    return tuple(means)


def _leap(trained: FloatArray) -> tuple[float, int] | None:
    """The largest change between two updates of a layer's parameters, (steps, P), over their size, and its step."""
    if not trained.shape[1] or len(trained) < 2:
        return None
    sizes = np.linalg.norm(trained[:-1], axis=1)
    changes = np.linalg.norm(np.diff(trained, axis=0), axis=1)
    shares = np.divide(changes, sizes, out=np.zeros_like(changes), where=sizes > 0)
    return float(shares.max()), int(shares.argmax()) + 1
