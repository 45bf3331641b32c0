"""Gradient descent: an experiment becomes a trace that keeps every number of every step, for all runs at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine import kernels
from engine.columns import Columns, activation_name, gradient_name
from engine.errors import InputError
from engine.experiment import Experiment, FloatArray


class Numbers:
    """The table's numbers by their meaning: views of one array, shaped (…, C, R), that change it when written to.

    C columns in the table's order, R runs, O fan-out and I fan-in of a layer; … is T steps for a whole trace and
    nothing for one step.

    Attributes:
        values: (…, C, R), the array itself.
        targets, inputs: (…, O of the last layer, R) and (…, I of the first, R).
        weights, gradients: a (…, O, I, R) array for each layer; the weights are those before the step's update.
        pre_activations, activations: a (…, O, R) array for each layer.
        losses: (…, O of the last layer, R), E of each output.
        loss: (…, R), their sum E_tot.
        every_gradient: (…, weights of all layers, R), the gradients once more, in one array.
    """

    def __init__(self, columns: Columns, values: FloatArray) -> None:
        *leading, _, runs = values.shape
        self.values = values
        self.targets = values[..., columns.span(columns.target_names), :]
        self.inputs = values[..., columns.span(columns.input_names), :]
        self.weights, self.gradients, self.pre_activations, self.activations = [], [], [], []
        for layer in range(columns.depth):
            matrix = (*leading, columns.sizes[layer + 1], columns.sizes[layer], runs)
            names = [name for row in columns.weight_names(layer) for name in row]
            self.weights.append(values[..., columns.span(names), :].reshape(matrix))
            names = [gradient_name(name) for name in names]
            self.gradients.append(values[..., columns.span(names), :].reshape(matrix))
            neurons = columns.neuron_names(layer)
            self.pre_activations.append(values[..., columns.span(neurons), :])
            self.activations.append(values[..., columns.span(list(map(activation_name, neurons))), :])
        self.losses = values[..., columns.span(columns.loss_names), :]
        self.loss = values[..., columns.names.index("E_tot"), :]
        self.every_gradient = values[..., columns.span(columns.of("gradient")), :]


@dataclass(frozen=True)
class Trace:
    """What descend returns: the learning rate of each run, the table's columns, and the numbers of all steps."""

    learning_rates: tuple[float, ...]
    columns: Columns
    numbers: Numbers


def descend(experiment: Experiment, learning_rates: Sequence[float] | None = None) -> Trace:
    """Run gradient descent for several learning rates at once.

    All weights of a step are updated together, from that step's gradients: w ← w − η·∂E/∂w.

    Args:
        experiment: what every run starts from.
        learning_rates: η of each run; those of the experiment's sweep, unless given.

    Raises:
        InputError: the numbers of a run overflowed; names the run, the step and the column.
    """
    rates = tuple(experiment.learning_rates if learning_rates is None else learning_rates)
    columns, runs = Columns(experiment.sizes), len(rates)
    values = np.empty((experiment.steps, len(columns.names), runs))
    # One step is computed in place in a block that stays in the processor's cache, then copied to its row.
    step = Numbers(columns, np.empty(values.shape[1:]))
    step.targets[:] = experiment.targets[:, np.newaxis]
    step.inputs[:] = experiment.inputs[:, np.newaxis]
    for weights, first in zip(step.weights, experiment.weights, strict=True):
        weights[:] = first[:, :, np.newaxis]
    # A row for every weight, because NumPy multiplies arrays of one shape in less time than it broadcasts.
    rate_of = np.broadcast_to(rates, step.every_gradient.shape).copy()
    # Overflow is looked for once, at the end, where it can be named.
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for row in values:
            signals = _forward(step)
            _backward(step, signals)
            row[:] = step.values
            _update(step, rate_of)
    trace = Trace(rates, columns, Numbers(columns, values))
    _check_finite(trace)
    return trace


def _forward(step: Numbers) -> list[FloatArray]:
    """Fill in the pre-activations and activations; return what goes into each layer and, last, what comes out.

    These arrays, (neurons, R) each, are contiguous, and so NumPy computes with them twice as fast as with the
    activations' columns, which have the pre-activations between them.
    """
    signals = [step.inputs]
    for weights, z, a in zip(step.weights, step.pre_activations, step.activations, strict=True):
        kernels.affine(weights, signals[-1], out=z)
        signals.append(kernels.sigmoid(z))
        a[:] = signals[-1]
    return signals


def _backward(step: Numbers, signals: list[FloatArray]) -> None:
    """Fill in the losses and the gradients, from what _forward returned."""
    error = signals[-1] - step.targets
    kernels.half_squared_error(error, out=step.losses)
    np.add.reduce(step.losses, axis=0, out=step.loss)
    grad = error
    for layer in reversed(range(len(step.weights))):
        kernels.sigmoid_backward(grad, signals[layer + 1])
        kernels.affine_backward_weights(grad, signals[layer], out=step.gradients[layer])
        if layer:
            grad = kernels.affine_backward_inputs(grad, step.weights[layer])


def _update(step: Numbers, rates: FloatArray) -> None:
    """Take η·∂E/∂w, which overwrites the gradients, from the weights; rates are shaped like step.every_gradient."""
    np.multiply(step.every_gradient, rates, out=step.every_gradient)
    for weights, change in zip(step.weights, step.gradients, strict=True):
        np.subtract(weights, change, out=weights)


def _check_finite(trace: Trace) -> None:
    """Raise for the first number that is inf or nan.

    A weight that is bad once is bad to the end, as ∞ less anything is ∞ or nan, and a bad gradient makes such a
    weight. A loss is bad in all steps or none: only its target can be too large. So the last step tells, save for
    the pre-activations, which may overflow in passing.
    """
    numbers = trace.numbers
    if all(np.isfinite(array).all() for array in (*numbers.pre_activations, numbers.values[-1])):
        return
    step, column, run = (int(place) for place in np.argwhere(~np.isfinite(numbers.values))[0])
    raise InputError(
        f"learning rate {trace.learning_rates[run]:g}, step {step + 1}, "
        f"column {trace.columns.names[column]}: the number overflowed (beyond ±1.8e308); "
        "take a smaller learning rate or smaller weights"
    )
