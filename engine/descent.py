"""Gradient descent: an experiment becomes a trace that keeps every number of every step, for all runs at once."""

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
            # A neuron's pre-activation and activation stand side by side.
            neurons = columns.neuron_names(layer)
            pairs = values[..., columns.span([neurons[0], activation_name(neurons[-1])]), :]
            self.pre_activations.append(pairs[..., ::2, :])
            self.activations.append(pairs[..., 1::2, :])
        self.losses = values[..., columns.span(columns.loss_names), :]
        self.loss = values[..., columns.names.index("E_tot"), :]


@dataclass(frozen=True)
class Trace:
    """What descend returns: the experiment, its columns, and the numbers of all T steps of all R runs.

    The runs are those of the experiment's learning_rates, in their order.
    """

    experiment: Experiment
    columns: Columns
    numbers: Numbers


def descend(experiment: Experiment) -> Trace:
    """Run gradient descent for all of the experiment's learning_rates at once.

    All weights of a step are updated together, from that step's gradients: w ← w − η·∂E/∂w.

    Raises:
        InputError: the numbers of a run left float64; names the run, the step and the column.
    """
    columns, runs = Columns(experiment.sizes), len(experiment.learning_rates)
    values = np.empty((experiment.steps, len(columns.names), runs))
    # One step is computed in place in a block that stays in the processor's cache, then copied to its row.
    step = Numbers(columns, np.empty(values.shape[1:]))
    step.targets[:] = experiment.targets[:, np.newaxis]
    step.inputs[:] = experiment.inputs[:, np.newaxis]
    for weights, first in zip(step.weights, experiment.weights, strict=True):
        weights[:] = first[:, :, np.newaxis]
    rates = np.array(experiment.learning_rates)
    # Overflow is looked for once, at the end, where it can be named.
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for row in values:
            error = _forward(step)
            _backward(step, error)
            row[:] = step.values
            _update(step, rates)
    trace = Trace(experiment, columns, Numbers(columns, values))
    _check_finite(trace)
    return trace


def _forward(step: Numbers) -> FloatArray:
    """Fill in everything up to the loss; return the outputs' errors a − t, (O, R)."""
    inputs = step.inputs
    for weights, z, a in zip(step.weights, step.pre_activations, step.activations, strict=True):
        kernels.affine(weights, inputs, out=z)
        kernels.sigmoid(z, out=a)
        inputs = a
    error = inputs - step.targets
    kernels.half_squared_error(error, out=step.losses)
    np.add.reduce(step.losses, axis=0, out=step.loss)
    return error


def _backward(step: Numbers, grad: FloatArray) -> None:
    """Fill in the gradients, from ∂E/∂a of the outputs (O, R), which is overwritten."""
    for layer in reversed(range(len(step.weights))):
        kernels.sigmoid_backward(grad, step.activations[layer])
        inputs = step.activations[layer - 1] if layer else step.inputs
        kernels.affine_backward_weights(grad, inputs, out=step.gradients[layer])
        if layer:
            grad = kernels.affine_backward_inputs(grad, step.weights[layer])


def _update(step: Numbers, rates: FloatArray) -> None:
    for weights, gradients in zip(step.weights, step.gradients, strict=True):
        np.multiply(gradients, rates, out=gradients)
        np.subtract(weights, gradients, out=weights)


def _check_finite(trace: Trace) -> None:
    """Raise for the first number that is inf or nan.

    A bad weight or gradient makes the next pre-activation bad, so a look at a few columns tells whether to search.
    """
    numbers = trace.numbers
    suspects = [*numbers.pre_activations, numbers.loss, *(gradients[-1] for gradients in numbers.gradients)]
    if all(np.isfinite(array).all() for array in suspects):
        return
    step, column, run = (int(place) for place in np.argwhere(~np.isfinite(numbers.values))[0])
    raise InputError(
        f"learning rate {trace.experiment.learning_rates[run]:g}, step {step + 1}, "
        f"column {trace.columns.names[column]}: the numbers left float64 (beyond ±1.8e308); "
        "take a smaller learning rate or smaller weights"
    )
