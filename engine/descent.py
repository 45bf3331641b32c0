"""Gradient descent: an experiment becomes a trace that keeps every number of every step, for all runs at once."""

from dataclasses import dataclass

import numpy as np

from engine import kernels
from engine.columns import Columns, activation_name, gradient_name
from engine.errors import InputError
from engine.experiment import Experiment, FloatArray


@dataclass(frozen=True)
class Trace:
    """Every number of every step of every run; the arrays are views of `values`.

    T steps, C columns in the table's order, R runs (one for each of the experiment's learning_rates),
    O fan-out and I fan-in of a layer. A step's weights are those before its update.

    Attributes:
        values: (T, C, R).
        targets, inputs: (T, O of the last layer, R) and (T, I of the first, R).
        weights, gradients: a (T, O, I, R) array for each layer.
        pre_activations, activations: a (T, O, R) array for each layer.
        losses: (T, O of the last layer, R), E of each output.
        loss: (T, R), their sum E_tot.
    """

    experiment: Experiment
    columns: Columns
    values: FloatArray
    targets: FloatArray
    inputs: FloatArray
    weights: tuple[FloatArray, ...]
    pre_activations: tuple[FloatArray, ...]
    activations: tuple[FloatArray, ...]
    losses: FloatArray
    loss: FloatArray
    gradients: tuple[FloatArray, ...]

    @classmethod
    def empty(cls, experiment: Experiment) -> "Trace":
        """A trace with its memory laid out and no number in it yet."""
        columns = Columns(experiment.sizes)
        steps, runs = experiment.steps, len(experiment.learning_rates)
        values = np.empty((steps, len(columns.names), runs))
        weights, gradients, neurons = [], [], []
        for layer, matrix in enumerate(experiment.weights):
            names = [name for row in columns.weight_names(layer) for name in row]
            weights.append(values[:, columns.span(names)].reshape(steps, *matrix.shape, runs))
            names = [gradient_name(name) for name in names]
            gradients.append(values[:, columns.span(names)].reshape(steps, *matrix.shape, runs))
            first, last = columns.neuron_names(layer)[0], columns.neuron_names(layer)[-1]
            # A neuron's pre-activation and activation stand side by side.
            pairs = values[:, columns.span([first, activation_name(last)])]
            neurons.append(pairs.reshape(steps, len(matrix), 2, runs))
        return cls(
            experiment=experiment,
            columns=columns,
            values=values,
            targets=values[:, columns.span(columns.target_names)],
            inputs=values[:, columns.span(columns.input_names)],
            weights=tuple(weights),
            pre_activations=tuple(pairs[:, :, 0] for pairs in neurons),
            activations=tuple(pairs[:, :, 1] for pairs in neurons),
            losses=values[:, columns.span(columns.loss_names)],
            loss=values[:, columns.names.index("E_tot")],
            gradients=tuple(gradients),
        )


def descend(experiment: Experiment) -> Trace:
    """Run gradient descent for all of the experiment's learning_rates at once.

    All weights of a step are updated together, from that step's gradients: w ← w − η·∂E/∂w.

    Raises:
        InputError: the numbers of a run left float64; names the run, the step and the column.
    """
    trace = Trace.empty(experiment)
    trace.targets[:] = experiment.targets[:, np.newaxis]
    trace.inputs[:] = experiment.inputs[:, np.newaxis]
    for weights, first in zip(trace.weights, experiment.weights, strict=True):
        weights[0] = first[:, :, np.newaxis]
    rates = np.array(experiment.learning_rates)
    products = [np.empty(weights.shape[1:]) for weights in trace.weights]
    # Overflow is looked for once, at the end, where it can be named.
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for step in range(experiment.steps):
            _forward(trace, step, products)
            _backward(trace, step, products)
            if step + 1 < experiment.steps:
                _update(trace, step, rates, products)
        _check_finite(trace)
    return trace


def _forward(trace: Trace, step: int, products: list[FloatArray]) -> None:
    inputs = trace.inputs[step]
    for layer, weights in enumerate(trace.weights):
        z, a = trace.pre_activations[layer][step], trace.activations[layer][step]
        kernels.affine(weights[step], inputs, products[layer], out=z)
        kernels.sigmoid(z, out=a)
        inputs = a
    losses = trace.losses[step]
    kernels.half_squared_error(inputs, trace.targets[step], out=losses)
    np.add.reduce(losses, axis=0, out=trace.loss[step])


def _backward(trace: Trace, step: int, products: list[FloatArray]) -> None:
    grad = np.empty_like(trace.losses[step])
    kernels.half_squared_error_backward(trace.activations[-1][step], trace.targets[step], out=grad)
    for layer in reversed(range(len(trace.weights))):
        kernels.sigmoid_backward(grad, trace.activations[layer][step], scratch=np.empty_like(grad))
        inputs = trace.activations[layer - 1][step] if layer else trace.inputs[step]
        kernels.affine_backward_weights(grad, inputs, out=trace.gradients[layer][step])
        if layer:
            grad_inputs = np.empty_like(inputs)
            kernels.affine_backward_inputs(grad, trace.weights[layer][step], products[layer], out=grad_inputs)
            grad = grad_inputs


def _update(trace: Trace, step: int, rates: FloatArray, products: list[FloatArray]) -> None:
    for weights, gradients, change in zip(trace.weights, trace.gradients, products, strict=True):
        np.multiply(gradients[step], rates, out=change)
        np.subtract(weights[step], change, out=weights[step + 1])


def _check_finite(trace: Trace) -> None:
    # One sum is much cheaper than a million looks; it is finite unless something went wrong or it overflowed itself.
    if np.isfinite(np.add.reduce(trace.values, axis=None)):
        return
    bad = ~np.isfinite(trace.values)
    if bad.any():
        step, column, run = (int(place) for place in np.argwhere(bad)[0])
        raise InputError(
            f"learning rate {trace.experiment.learning_rates[run]:g}, step {step + 1}, "
            f"column {trace.columns.names[column]}: the numbers left float64 (beyond ±1.8e308); "
            "take a smaller learning rate or smaller weights"
        )
