"""An experiment: a network, its first weights and biases, its samples, and how it is trained."""

import math
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.arrays import FloatArray
from engine.columns import Columns
from engine.errors import InputError
from engine.losses import LOSSES
from engine.network import PLAIN, Method, Network

if TYPE_CHECKING:
    from engine.descent import Trace


@dataclass(frozen=True)
class Run:
    """One run of a sweep: a learning rate and a method."""

    learning_rate: float
    method: Method


@dataclass(frozen=True, eq=False)
class Experiment:
    """What gradient descent starts from.

    Args:
        network: its layers and its loss.
        weights: one matrix for each layer, shaped (fan-out, fan-in).
        inputs: shaped (samples, fan-in of the first layer); of sequences each step is a sample, one below the other.
        targets: shaped (samples, fan-out of the last layer).
        learning_rate: η of the sheet's own run.
        learning_rates: η of each run of a sweep.
        steps: how many updates; each follows `method.batch_size` forward and backward passes.
        biases: one array for each layer, shaped (its `biases`,); none at all where no layer has any.
        counted: (samples,), 1 where the loss counts, 0 where a step of a sequence has no target; all 1 unless given.
        method: how the weights are updated.
        runs: the sweep, where its runs differ in more than the learning rate.
        vocabulary: the words that tokens stand for, if its file has words.
        name: its title.
        look_for: what to notice in its numbers, in a few sentences.

    Raises:
        InputError: a shape does not fit its neighbour, a number is not finite, a learning rate is negative, or
            there is no step, layer, sample or learning rate.
    """

    network: Network
    weights: tuple[FloatArray, ...]
    inputs: FloatArray
    targets: FloatArray
    learning_rate: float
    learning_rates: tuple[float, ...]
    steps: int
    biases: tuple[FloatArray, ...] = ()
    method: Method = PLAIN
    counted: FloatArray = field(default_factory=lambda: np.empty(0))
    runs: tuple[Run, ...] = ()
    vocabulary: tuple[str, ...] = field(default=(), compare=False)
    name: str = field(default="", compare=False)
    look_for: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.biases:
            object.__setattr__(self, "biases", tuple(np.empty(0) for _ in self.network.layers))
        if not self.counted.size:
            object.__setattr__(self, "counted", np.ones(len(self.inputs)))
        _check_shapes(self)
        _check_tokens(self)
        _check_targets(self)
        if self.steps < 1:
            raise InputError(f"steps: got {self.steps}, expected a whole number from 1 up")
        if not self.learning_rates:
            raise InputError("learning rates: got none, expected at least one number from 0 up")
        for rate in (self.learning_rate, *self.learning_rates, *(run.learning_rate for run in self.runs)):
            if not (math.isfinite(rate) and rate >= 0):
                raise InputError(f"learning rate: got {rate:g}, expected a finite number from 0 up")
        for method in (self.method, *(run.method for run in self.runs)):
            time = self.network.time
            if not time <= method.batch_size <= self.samples or method.batch_size % time:
                raise InputError(
                    f"training.batch_size: got {method.batch_size // time}, expected a whole number from 1 to "
                    f"{self.samples // time}, the number of samples"
                )
            least = max(layer.least_rows for layer in self.network.layers)
            if method.batch_size < least:
                raise InputError(
                    f"training.batch_size: got {method.batch_size}, expected at least {least} with batch-norm"
                )

    def __eq__(self, other: object) -> bool:
        """Whether all numbers are the same."""
        if not isinstance(other, Experiment):
            return False
        return all(_same(getattr(self, of.name), getattr(other, of.name)) for of in fields(self) if of.compare)

    __hash__ = None  # type: ignore[assignment] # arrays can change

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each layer, the inputs first: (2, 2, 2) for the default network."""
        return self.network.sizes

    @property
    def samples(self) -> int:
        """How many samples; of sequences how many steps all have together."""
        return len(self.inputs)

    @cached_property
    def columns(self) -> Columns:
        """The columns of its table."""
        return Columns(self.network, self.samples, self.method)

    @property
    def rows(self) -> int:
        """The rows of its table: forward and backward passes."""
        return self.steps * self.method.batch_size

    @property
    def sweep(self) -> tuple[Run, ...]:
        """The runs that are compared."""
        return self.runs or tuple(Run(rate, self.method) for rate in self.learning_rates)

    def train(self) -> "Trace":
        """Train by gradient descent: every number of every step of the experiment's own run.

        Raises:
            InputError: the numbers overflowed; names the step and the column.
        """
        from engine.descent import descend  # which needs to know what an experiment is

        return descend(self, [self.learning_rate])

    def as_run(self, run: Run) -> "Experiment":
        """The experiment with a run of the sweep as its own."""
        return replace(self, learning_rate=run.learning_rate, method=run.method)


def _same(mine: object, theirs: object) -> bool:
    if isinstance(mine, tuple) and isinstance(theirs, tuple):
        return len(mine) == len(theirs) and all(map(_same, mine, theirs))
    if isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray):
        return np.array_equal(mine, theirs)
    return mine == theirs


def _check_shapes(experiment: Experiment) -> None:
    if not experiment.weights:
        raise InputError("network.weights: got no layer, expected at least one matrix")
    network = experiment.network
    for number, (layer, inputs) in enumerate(zip(network.layers, network.shapes, strict=False)):
        shapes = layer.parameters(inputs)
        given = {"weights": experiment.weights[number], "bias": experiment.biases[number]}
        for (word, array), expected in zip(given.items(), (shapes.get("weight"), shapes.get("bias")), strict=True):
            if array.shape != (expected or (0,)):
                got, wanted = ("×".join(map(str, shape)) for shape in (array.shape, expected or (0,)))
                raise InputError(f"network.layers[{number}].{word}: got shape {got}, expected {wanted}")
    _check_samples(experiment)
    for array in (experiment.inputs, experiment.targets, *experiment.weights, *experiment.biases):
        if not np.isfinite(array).all():
            raise InputError("inputs, targets, weights and biases: got nan or inf, expected finite numbers")


def _check_samples(experiment: Experiment) -> None:
    inputs, targets = experiment.inputs, experiment.targets
    if inputs.ndim != 2 or targets.ndim != 2 or not len(inputs):
        raise InputError("samples: got no sample, expected at least one with inputs and targets")
    if len(inputs) != len(targets):
        raise InputError(f"samples: got {len(inputs)} inputs and {len(targets)} targets, expected as many")
    if len(inputs) % experiment.network.time:
        raise InputError(f"samples: got {len(inputs)} rows, expected sequences of {experiment.network.time} each")
    if inputs.shape[1] != experiment.network.inputs:
        raise InputError(f"samples.inputs: got {inputs.shape[1]}, expected {experiment.network.inputs}")
    if targets.shape[1] != experiment.sizes[-1]:
        raise InputError(
            f"samples.targets: got {targets.shape[1]}, expected {experiment.sizes[-1]}, one for each output"
        )


def _check_tokens(experiment: Experiment) -> None:
    network = experiment.network
    for row, inputs in enumerate(experiment.inputs):
        if problem := network.layers[0].input_problem(inputs):
            step = f"[{row % network.time}]" if network.time > 1 else ""
            raise InputError(f"samples[{row // network.time}].inputs{step}: {problem}")


def _check_targets(experiment: Experiment) -> None:
    name = experiment.network.loss
    loss = LOSSES[name]
    for number, (targets, counts) in enumerate(zip(experiment.targets, experiment.counted, strict=True)):
        if counts and not loss.fits(targets):
            time = experiment.network.time
            where = f"samples[{number // time}].targets" + (f"[{number % time}]" if time > 1 else "")
            raise InputError(f"{where}: got {targets.tolist()}, expected {loss.expected} with the loss {name}")
