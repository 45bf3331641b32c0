"""The README's figure of what each kind of layer is for: a panel for each packaged experiment, and its lesson above."""

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from engine import Dense, Experiment, FloatArray, Trace, descend, load_experiment
from engine.layers import BatchNorm, Residual
from workbook.records import LINE_COLORS

# Rows of the dropout's table that are shown: two updates.
ROWS = 8


def layers_figure() -> Figure:
    """The five panels, each computed by the engine from its experiment as it is packaged."""
    figure = Figure(figsize=(11, 6.2), dpi=120, layout="constrained")
    top, bottom = figure.subplots(2, 3)
    _conv(top[0])
    _batch_norm(top[1])
    _dropout(top[2])
    _residual(bottom[0])
    _seed_block(bottom[1])
    bottom[2].axis("off")
    return figure


def _conv(axes: Axes) -> None:
    kernels = _run(load_experiment("conv")).numbers.layers[0]["weight"][..., 0, :, :, 0]  # (rows, channels, 3, 3)
    gap = np.full((3, 1), np.nan)
    bands = [np.hstack([kernels[0, channel], gap, kernels[-1, channel]]) for channel in range(kernels.shape[1])]
    tiles = np.vstack([bands[0], np.full((1, bands[0].shape[1]), np.nan), *bands[1:]])
    most = np.nanmax(np.abs(tiles))
    axes.imshow(tiles, cmap="PuOr_r", vmin=-most, vmax=most)
    for (row, column), weight in np.ndenumerate(tiles):
        if np.isfinite(weight):
            axes.text(column, row, f"{weight:.2f}", ha="center", va="center", fontsize=8)
    axes.set_xticks([1, 5], ["at first", "at the end"])
    axes.set_yticks([1, 5], ["kernel 1", "kernel 2"])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title("conv: one kernel learns bars that lie,\nthe other bars that stand", fontsize=10)


def _batch_norm(axes: Axes) -> None:
    experiment = load_experiment("batch-norm")
    for label, color, made in (
        ("with batch norm", LINE_COLORS[0], experiment),
        ("without", LINE_COLORS[1], _without(experiment, BatchNorm)),
    ):
        losses = _losses(made)
        axes.plot(range(1, len(losses) + 1), losses, label=label, color=color)
    axes.set(xlabel="step", ylabel="loss", ylim=(0, None))
    axes.legend(frameon=False)
    _plain(axes)
    axes.set_title("batch-norm: inputs of 1000 saturate tanh;\nnormalized, the network learns", fontsize=10)


def _dropout(axes: Axes) -> None:
    layer = _run(load_experiment("dropout")).numbers.slopes[0]
    sizes = np.abs(layer["pre-activation"][:ROWS, ..., 0]).reshape(ROWS, -1)
    axes.imshow(np.where(sizes == 0, np.nan, sizes), cmap="Oranges", vmin=0, aspect="auto")
    for (row, neuron), size in np.ndenumerate(sizes):
        axes.text(neuron, row, "0" if size == 0 else f"{size:.2f}", ha="center", va="center", fontsize=8)
    axes.set_xticks(range(sizes.shape[1]), [f"h{neuron + 1}" for neuron in range(sizes.shape[1])])
    axes.set_yticks(range(ROWS), [str(row + 1) for row in range(ROWS)])
    axes.set(ylabel="row of the table")
    axes.set_title("dropout: |∂E/∂h| is 0 in every row\nthat leaves the neuron out", fontsize=10)


def _residual(axes: Axes) -> None:
    experiment = load_experiment("residual")
    for label, color, made in (
        ("with residual connections", LINE_COLORS[0], experiment),
        ("without", LINE_COLORS[1], _without(experiment, Residual)),
    ):
        slopes = _run(made).numbers.slopes
        hidden = [index for index, layer in enumerate(made.network.layers) if isinstance(layer, Dense)][:-1]
        sizes = [float(np.abs(slopes[index]["pre-activation"][: made.method.batch_size]).mean()) for index in hidden]
        axes.plot(range(1, len(sizes) + 1), sizes, label=label, color=color, marker="o")
    axes.set(yscale="log", ylim=(1e-3, 1e-1), xlabel="hidden layer", ylabel="mean |∂E/∂h| in step 1")
    axes.legend(frameon=False)
    _plain(axes)
    axes.set_title("residual: errors come back past five layers\nof tanh, and not only through them", fontsize=10)


def _seed_block(axes: Axes) -> None:
    experiment = load_experiment("seed-block")
    trace = _run(experiment)
    samples = experiment.samples
    outputs = trace.numbers.layers[-1]["activation"][..., 0].reshape(-1, samples, experiment.targets.shape[1])
    of_right_class = (outputs * experiment.targets).sum(axis=2)  # (steps, samples): a target is 1 for the right class
    for sample, color in enumerate(LINE_COLORS[:samples]):
        axes.plot(
            range(1, len(of_right_class) + 1), of_right_class[:, sample], color=color, label=f"picture {sample + 1}"
        )
    axes.set(xlabel="step", ylabel="output for the right class", ylim=(0, 1.02))
    axes.legend(frameon=False, fontsize=8)
    _plain(axes)
    axes.set_title("seed-block: a convolution, norm, dropout and\npooling tell four pictures apart", fontsize=10)


def _run(experiment: Experiment) -> Trace:
    return descend(experiment, [experiment.learning_rate])


def _losses(experiment: Experiment) -> FloatArray:
    curve: FloatArray = _run(experiment).curve[:: experiment.method.batch_size, 0]
    return curve


def _without(experiment: Experiment, kind: type) -> Experiment:
    """The experiment without the layers of a kind; the first layer takes on the activation of the first of them."""
    network = experiment.network
    kept = [index for index, layer in enumerate(network.layers) if not isinstance(layer, kind)]
    layers = [network.layers[index] for index in kept]
    left_out = next(layer for layer in network.layers if isinstance(layer, kind))
    if left_out.activation != "identity":
        layers[0] = layers[0].with_activation(left_out.activation)
    weights, biases = (tuple(of[index] for index in kept) for of in (experiment.weights, experiment.biases))
    return replace(experiment, network=replace(network, layers=tuple(layers)), weights=weights, biases=biases)


def _plain(axes: Axes) -> None:
    axes.grid(color="#E0E0E0")
    axes.spines[["top", "right"]].set_visible(False)
