"""Gradient descent: an experiment becomes a trace that keeps every number of every row, for all runs at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from engine import kernels, optimizers
from engine.columns import Columns, gradient_name
from engine.errors import InputError
from engine.experiment import Experiment, FloatArray


class Numbers:
    """The table's numbers by their meaning: views of one array, shaped (…, C, R), that change it when written to.

    C columns in the table's order, R runs, O fan-out and I fan-in of a layer, P its weights and trained biases; … is
    T rows for a whole trace and nothing for one row.

    Attributes:
        values: (…, C, R), the array itself.
        targets, inputs: (…, O of the last layer, R) and (…, I of the first, R).
        weights, gradients: a (…, O, I, R) array for each layer; the weights are those before the update.
        biases, bias_gradients: a (…, its biases, R) array for each layer, with none where it has none or trains none.
        trained, trained_gradients: a (…, P, R) array for each layer: its weights, then its biases if they are trained.
        pre_activations, activations: a (…, O, R) array for each layer.
        losses: (…, O of the last layer, R), E of each output.
        loss: (…, R), their sum E_tot.
        deltas: a (…, O, R) array for each layer, ∂E/∂(pre-activation), where the network has columns for them.
        every_gradient: (…, P of all layers, R), the gradients once more, in one array.
        states: a (…, P of all layers, R) array for each of the optimizer's states.
    """

    def __init__(self, columns: Columns, values: FloatArray) -> None:
        *leading, _, runs = values.shape
        self.values = values

        def view(names: list[str]) -> FloatArray:
            return values[..., columns.span(names), :]

        self.targets, self.inputs = view(columns.target_names), view(columns.input_names)
        self.weights, self.gradients, self.biases, self.bias_gradients = [], [], [], []
        self.trained, self.trained_gradients = [], []
        for layer in range(columns.depth):
            matrix = (*leading, columns.sizes[layer + 1], columns.sizes[layer], runs)
            names = [name for row in columns.weight_names(layer) for name in row]
            self.weights.append(view(names).reshape(matrix))
            self.gradients.append(view(list(map(gradient_name, names))).reshape(matrix))
            biases = columns.bias_names(layer)
            self.biases.append(view(biases))
            trained = columns.trained_names(layer)
            self.bias_gradients.append(view([gradient_name(name) for name in biases if name in trained]))
            self.trained.append(view(trained))
            self.trained_gradients.append(view(list(map(gradient_name, trained))))
        layers = range(columns.depth)
        self.pre_activations = [view(columns.neuron_names(layer)) for layer in layers]
        self.activations = [view(columns.activation_names(layer)) for layer in layers]
        self.losses = view(columns.loss_names)
        self.loss = values[..., columns.place["E_tot"], :]
        deltas = columns.network.deltas
        self.deltas = [view(list(map(gradient_name, columns.neuron_names(layer)))) for layer in layers if deltas]
        self.every_gradient = view(columns.of("gradient"))
        states = columns.of("state")
        each = len(states) // max(1, len(columns.states))
        self.states = [view(states[first : first + each]) for first in range(0, len(states), each or 1)]


@dataclass(frozen=True)
class Trace:
    """What descend returns: the learning rate of each run, the table's columns, and the numbers of all rows."""

    learning_rates: tuple[float, ...]
    columns: Columns
    numbers: Numbers

    @property
    def curve(self) -> FloatArray:
        """What the loss curve shows, (T, R): the loss of the batch, or of the only sample."""
        return self.numbers.values[:, self.columns.place[self.columns.loss], :]


def descend(
    experiment: Experiment, learning_rates: Sequence[float] | None = None, *, keep_overflow: bool = False
) -> Trace:
    """Run gradient descent for several learning rates at once, by the experiment's method.

    A row is one sample's forward and backward pass; the samples are taken in order, round and round. After each
    batch of rows all weights and biases are updated together, from the mean or sum of these rows' gradients; plain
    gradient descent is w ← w − η·∂E/∂w.

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
    # One row is computed in place in a block that stays in the processor's cache, then copied to its place.
    row = Numbers(columns, np.empty(values.shape[1:]))
    for arrays, first in ((row.weights, experiment.weights), (row.biases, experiment.biases)):
        for array, start in zip(arrays, first, strict=True):
            array[:] = start[..., np.newaxis]
    for state in row.states:
        state[:] = 0
    constants = dict(method.constants)
    rates = optimizers.rates(method.schedule, given, experiment.steps, constants)
    update = _Updater(columns, row, rates)
    samples, size = experiment.samples, method.batch_size
    # Overflow is looked for once, at the end, where it can be named.
    with np.errstate(all="ignore"):
        for number, numbers in enumerate(values):
            step, sample = number // size, number % samples
            if number == 0 or samples > 1:
                row.targets[:] = experiment.targets[sample, :, np.newaxis]
                row.inputs[:] = experiment.inputs[sample, :, np.newaxis]
            signals = _forward(columns, row)
            _backward(columns, row, signals, rates[step])
            numbers[:] = row.values
            if (number + 1) % size == 0:
                update(step, values[number + 1 - size : number + 1])
    trace = Trace(given, columns, Numbers(columns, values))
    _count(experiment, trace, rates)
    if not keep_overflow:
        _check_finite(trace)
    return trace


def _forward(columns: Columns, row: Numbers) -> list[FloatArray]:
    """Fill in the pre-activations and activations; return what goes into each layer and, last, what comes out.

    These arrays, (neurons, R) each, are contiguous, and so NumPy computes with them twice as fast as with the
    activations' columns, which have the pre-activations between them.
    """
    signals = [row.inputs]
    for layer, of in enumerate(columns.network.layers):
        z = row.pre_activations[layer]
        kernels.affine(row.weights[layer], signals[-1], out=z)
        if of.biases:
            np.add(z, row.biases[layer], out=z)
        signals.append(kernels.ACTIVATIONS[of.activation][0](z))
        row.activations[layer][:] = signals[-1]
    return signals


def _backward(columns: Columns, row: Numbers, signals: list[FloatArray], rates: FloatArray) -> None:
    """Fill in the losses, the errors and the gradients, from what _forward returned; rates are (R,)."""
    layers, loss = columns.network.layers, kernels.LOSSES[columns.network.loss]
    grad = loss.kernel(row.pre_activations[-1], signals[-1], row.targets, row.losses)
    np.add.reduce(row.losses, axis=0, out=row.loss)
    behind_activation = loss.through_activation
    for layer in reversed(range(len(layers))):
        if not behind_activation:
            _, activation_backward = kernels.ACTIVATIONS[layers[layer].activation]
            activation_backward(grad, row.pre_activations[layer], signals[layer + 1])
        behind_activation = False
        if row.deltas:
            row.deltas[layer][:] = grad
        kernels.affine_backward_weights(grad, signals[layer], out=row.gradients[layer])
        if len(row.bias_gradients[layer]):
            kernels.affine_backward_biases(grad, out=row.bias_gradients[layer])
        if layer:
            weights = row.weights[layer]
            if columns.method.update == "output-first":
                weights = weights - rates * row.gradients[layer]
            grad = kernels.affine_backward_inputs(grad, weights)


class _Updater:
    """Changes the weights and biases of the row at hand after each batch."""

    def __init__(self, columns: Columns, row: Numbers, rates: FloatArray) -> None:
        self.row, self.method, self.rates = row, columns.method, rates
        self.constants = dict(self.method.constants)
        self.optimizer = optimizers.OPTIMIZERS[self.method.optimizer]
        self.decay, self.decoupled = self.constants.get("weight_decay", 0.0), self.method.optimizer == "adamw"
        self.gradients = columns.span(columns.of("gradient"))
        ends = list(accumulate(map(len, row.trained), initial=0))
        self.parts = [(trained, slice(*ends_of)) for trained, ends_of in zip(row.trained, pairwise(ends), strict=True)]
        # A row for every weight, because NumPy multiplies arrays of one shape in less time than it broadcasts.
        self.rate_of = np.empty(row.every_gradient.shape)
        self.steady = self.method.schedule == "constant"
        self.rate_of[:] = rates[0]

    def __call__(self, step: int, batch: FloatArray) -> None:
        """Update after a step, counted from 0, from the rows of its batch, (batch, C, R)."""
        if not self.steady:
            self.rate_of[:] = self.rates[step]
        change = self.optimizer(self.gradient(batch), self.row.states, self.rate_of, step + 1, self.constants)
        if self.decay and self.decoupled:
            change = change + self.rate_of * self.decay * np.concatenate(self.row.trained)
        for trained, part in self.parts:
            np.subtract(trained, change[part], out=trained)

    def gradient(self, batch: FloatArray) -> FloatArray:
        if self.method.batch_size == 1:
            gradient = self.row.every_gradient
        else:
            gradient = batch[:, self.gradients].sum(axis=0)
            if self.method.reduction == "mean":
                gradient = gradient / len(batch)
        if self.decay and not self.decoupled:
            gradient = gradient + self.decay * np.concatenate(self.row.trained)
        return gradient


def _count(experiment: Experiment, trace: Trace, rates: FloatArray) -> None:
    """Fill in the columns that no pass computes: step, sample, learning rate, and the loss of the batch."""
    place, values = trace.columns.place, trace.numbers.values
    size, rows = experiment.method.batch_size, np.arange(len(values))
    if "step" in place:
        values[:, place["step"]] = (rows // size + 1)[:, np.newaxis]
    if "sample" in place:
        values[:, place["sample"]] = (rows % experiment.samples + 1)[:, np.newaxis]
    if "eta" in place:
        values[:, place["eta"]] = np.repeat(rates, size, axis=0)
    if "E_batch" in place:
        batches = trace.numbers.loss.reshape(experiment.steps, size, -1)
        loss = batches.mean(axis=1) if experiment.method.reduction == "mean" else batches.sum(axis=1)
        values[:, place["E_batch"]] = np.repeat(loss, size, axis=0)


def _check_finite(trace: Trace) -> None:
    """Raise for the first number that is inf or nan.

    A weight that is bad once is bad to the end, as ∞ less anything is ∞ or nan, and a bad gradient makes such a
    weight. So the last row tells, save for what may overflow in passing: the pre-activations and the losses.
    """
    numbers = trace.numbers
    if all(np.isfinite(array).all() for array in (*numbers.pre_activations, numbers.loss, numbers.values[-1])):
        return
    row, column, run = (int(place) for place in np.argwhere(~np.isfinite(numbers.values))[0])
    raise InputError(
        f"learning rate {trace.learning_rates[run]:g}, step {row // trace.columns.method.batch_size + 1}, "
        f"column {trace.columns.names[column]}: the number overflowed (beyond ±1.8e308); "
        "take a smaller learning rate or smaller weights"
    )
