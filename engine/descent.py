"""Gradient descent: an experiment becomes a trace that keeps every number of every row, for all runs at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from engine import optimizers
from engine.arrays import FloatArray
from engine.columns import Columns
from engine.errors import InputError
from engine.experiment import Experiment
from engine.names import ColumnKind
from engine.passes import Numbers, backward, forward

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Trace:
    """What descend returns: the learning rate of each run, the table's columns, and the numbers of all rows."""

    learning_rates: tuple[float, ...]
    columns: Columns
    numbers: Numbers

    @property
    def curve(self) -> FloatArray:
        """What the loss curve shows, (T, R): the loss of the batch, or of the only sample."""
        return self.numbers.values[:, self.columns.index[self.columns.loss], :]

    def table(self, run: int = 0) -> "pd.DataFrame":
        """One run, with the sheet's column names in their order; the index counts rows from 1.

        It is named "step" where every row is one, and "row" where a column tells the step.
        """
        import pandas as pd  # takes longer to load than the rest of the engine

        name = "row" if "step" in self.columns.index else "step"
        rows = pd.RangeIndex(1, len(self.numbers.values) + 1, name=name)
        return pd.DataFrame(self.numbers.values[:, :, run], index=rows, columns=list(self.columns.names))

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Draw the loss over the steps, a curve for each run, into axes of its own unless given."""
        import matplotlib.pyplot as plt  # takes half a second to load

        axes = plt.subplots()[1] if axes is None else axes
        size = self.columns.method.batch_size
        losses = self.curve[::size]  # the rows of an update all have the batch's loss
        for rate, curve in zip(self.learning_rates, losses.T, strict=True):
            axes.plot(range(1, len(curve) + 1), curve, label=f"learning rate {rate:g}")
        axes.set(xlabel="step", ylabel=f"loss ({self.columns.loss})", yscale="log" if (losses > 0).all() else "linear")
        axes.legend()
        return axes


def descend(
    experiment: Experiment, learning_rates: Sequence[float] | None = None, *, keep_overflow: bool = False
) -> Trace:
    """Run gradient descent for several learning rates at once, by the experiment's method.

    A row is one sample's forward and backward pass, or one step of a sequence's; the samples are taken in order, round
    and round. After each batch of rows all weights and biases are updated together, from the mean or sum of these rows'
    gradients; plain gradient descent is w ← w − η·∂E/∂w.

    Args:
        experiment: what every run starts from.
        learning_rates: η of each run; those of the experiment's sweep, unless given.
        keep_overflow: return a run whose numbers overflow, with inf and nan in it, instead of raising.

    Raises:
        InputError: the numbers of a run overflowed; names the run, the step and the column.
    """
    given = tuple(experiment.learning_rates if learning_rates is None else learning_rates)
    columns, method = experiment.columns, experiment.method
    values = np.empty((experiment.rows, len(columns.names), len(given)))
    # An update's rows are computed in a block that stays in the processor's cache, then copied to their place.
    size = method.batch_size
    block = Numbers(columns, np.empty((size, *values.shape[1:])))
    given_each_row = _begin(experiment, block)
    rates = optimizers.rates(method.schedule, given, experiment.steps, dict(method.constants))
    update = _Updater(columns, block, rates)
    inputs, targets = experiment.inputs[..., np.newaxis], experiment.targets[..., np.newaxis]
    counted = experiment.counted[:, np.newaxis, np.newaxis]
    # Overflow is looked for once, at the end, where it can be named.
    with np.errstate(all="ignore"):
        for step in range(experiment.steps):
            first = step * size
            if step == 0 or size < experiment.samples:
                samples = np.arange(first, first + size) % experiment.samples
                block.inputs[:], block.targets[:] = inputs[samples], targets[samples]
                block.counted[:] = counted[samples]
            for fields, kind, numbers in given_each_row:
                fields[kind][:] = numbers[first : first + size, ..., np.newaxis]
            signals = forward(columns.network, block)
            backward(columns, block, signals, rates[step])
            values[first : first + size] = block.values
            update(step)
            for layer, of in zip(columns.network.layers, block.layers, strict=True):
                layer.pass_on(of)
    trace = Trace(given, columns, Numbers(columns, values))
    _count(experiment, trace, rates)
    if not keep_overflow:
        _check_finite(trace)
    return trace


def _begin(experiment: Experiment, block: Numbers) -> list[tuple[dict[ColumnKind, FloatArray], ColumnKind, FloatArray]]:
    """Fill in the first weights, biases and statistics, and 0 for the optimizer's states.

    Returns the numbers that no pass computes, such as masks: the dict to put them in, their kind, and (T, …) numbers.
    """
    each_row = []
    for layer, inputs, fields in zip(experiment.network.layers, experiment.network.shapes, block.layers, strict=False):
        for kind, numbers in layer.given(inputs, experiment.rows).items():
            fields[kind][:] = numbers[:1, ..., np.newaxis]
            if len(numbers) > 1:
                each_row.append((fields, kind, numbers))
    for number, fields in enumerate(block.layers):
        for kind, start in (("weight", experiment.weights[number]), ("bias", experiment.biases[number])):
            if kind in fields:
                fields[kind][:] = start[..., np.newaxis]
    for state in block.states:
        state[:] = 0
    return each_row


class _Updater:
    """Changes the weights, the biases and the optimizer's states of all rows of the block after each update."""

    def __init__(self, columns: Columns, block: Numbers, rates: FloatArray) -> None:
        self.block, self.method, self.rates, self.divisor = block, columns.method, rates, columns.divisor
        self.constants = dict(self.method.constants)
        self.optimizer = optimizers.OPTIMIZERS[self.method.optimizer]
        self.decay, self.l1 = (self.constants.get(name, 0.0) for name in optimizers.DECAYS)
        # The numbers that an update reads are the same in all rows: it computes with those of the first.
        self.trained, self.states = [of[0] for of in block.trained], [state[0] for state in block.states]
        ends = list(accumulate(map(len, self.trained), initial=0))
        self.parts = [(of, slice(*ends_of)) for of, ends_of in zip(block.trained, pairwise(ends), strict=True)]
        # A row for every weight, because NumPy multiplies arrays of one shape in less time than it broadcasts.
        self.rate_of = np.empty(block.every_gradient.shape[1:])
        self.steady = self.method.schedule == "constant"
        self.rate_of[:] = rates[0]

    def __call__(self, step: int) -> None:
        """Update after a step, counted from 0, from the gradients of the block's rows."""
        if not self.steady:
            self.rate_of[:] = self.rates[step]
        change = self.optimizer.update(self.gradient(), self.states, self.rate_of, step + 1, self.constants)
        if self.decay and self.optimizer.decouples_decay:
            change = change + self.rate_of * self.decay * np.concatenate(self.trained)
        for trained, part in self.parts:
            np.subtract(trained, change[part], out=trained)
        if self.method.batch_size > 1:
            for state in self.block.states:
                state[1:] = state[0]

    def gradient(self) -> FloatArray:
        if self.method.batch_size == 1:
            gradient: FloatArray = self.block.every_gradient[0]
        else:
            gradient = self.block.every_gradient.sum(axis=0)
            if self.method.reduction == "mean":
                gradient = gradient / self.divisor
        if self.decay and not self.optimizer.decouples_decay:
            gradient = gradient + self.decay * np.concatenate(self.trained)
        if self.l1:
            gradient = gradient + self.l1 * np.sign(np.concatenate(self.trained))
        return gradient


def _count(experiment: Experiment, trace: Trace, rates: FloatArray) -> None:
    """Fill in the columns that no pass computes: step, sample, learning rate, and the loss of the batch."""
    index, values = trace.columns.index, trace.numbers.values
    size, rows, time = experiment.method.batch_size, np.arange(len(values)), experiment.network.time
    if "step" in index:
        values[:, index["step"]] = (rows // size + 1)[:, np.newaxis]
    if "sample" in index:
        values[:, index["sample"]] = (rows % experiment.samples // time + 1)[:, np.newaxis]
    if "time" in index:
        values[:, index["time"]] = (rows % time + 1)[:, np.newaxis]
    if "eta" in index:
        values[:, index["eta"]] = np.repeat(rates, size, axis=0)
    if "E_batch" in index:
        batches = trace.numbers.loss.reshape(experiment.steps, size, -1)
        loss = batches.sum(axis=1)
        if experiment.method.reduction == "mean":
            loss = loss / trace.columns.divisor
        values[:, index["E_batch"]] = np.repeat(loss, size, axis=0)


def _check_finite(trace: Trace) -> None:
    """Raise for the first number that is inf or nan.

    A weight that is bad once is bad to the end, as ∞ less anything is ∞ or nan, and a bad gradient makes such a
    weight. So the last row tells, save for what may overflow in passing: the pre-activations and the losses.
    """
    numbers = trace.numbers
    if all(np.isfinite(array).all() for array in (*numbers.each("pre-activation"), numbers.loss, numbers.values[-1])):
        return
    row, column, run = (int(index) for index in np.argwhere(~np.isfinite(numbers.values))[0])
    raise InputError(
        f"learning rate {trace.learning_rates[run]:g}, step {row // trace.columns.method.batch_size + 1}, "
        f"column {trace.columns.names[column]}: the number overflowed (beyond ±1.8e308); "
        "take a smaller learning rate or smaller weights"
    )
