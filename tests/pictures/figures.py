"""The README's figures, drawn with matplotlib from the engine's numbers: loss curves, and paths through a valley."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from engine import FloatArray, default_experiment, descend, load_experiment
from engine.experiment_file import packaged_experiments
from tests.pictures.figures_layers import layers_figure
from workbook.records import LINE_COLORS
from workbook.table.runs import sweep

ACROSS_THE_PAGE = 4
# What is shown of the valley: w1 and w2 from and to.
ACROSS, UP = (-1.4, 3.4), (0.2, 3.4)


def figures() -> dict[str, Figure]:
    """All of them, by the names of their files."""
    experiment = default_experiment()
    losses = {f"η = {run.run.learning_rate:g}": run.losses for run in sweep(experiment, experiment.steps)}
    return {
        "loss-curves": _small_multiples(losses),
        "loss-overlay": _overlay(losses),
        "experiments": _small_multiples(_packaged()),
        "optimizers": _optimizers(),
        "layers": layers_figure(),
    }


def _packaged() -> dict[str, FloatArray]:
    """The losses of each packaged experiment but the default one, at its own learning rate."""
    losses = {}
    for name in [name for name in packaged_experiments() if name != "default"]:
        experiment = load_experiment(name)
        curve = descend(experiment, [experiment.learning_rate]).curve[:, 0]
        losses[name] = curve[:: experiment.method.batch_size]
    return losses


def _small_multiples(losses: Mapping[str, FloatArray]) -> Figure:
    rows = -(-len(losses) // ACROSS_THE_PAGE)
    figure = Figure(figsize=(11, 2.5 * rows), dpi=120, layout="constrained")
    axes = list(figure.subplots(rows, ACROSS_THE_PAGE).flat)
    for (name, curve), own in zip(losses.items(), axes, strict=False):
        _curve(own, curve)
        own.set_title(f"{name}\n{curve[-1]:.2g} at the end", fontsize=10)
        own.set_ylim(bottom=0)
    for spare in axes[len(losses) :]:
        spare.axis("off")
    figure.supxlabel("step")
    figure.supylabel("loss")
    return figure


def _overlay(losses: Mapping[str, FloatArray]) -> Figure:
    figure = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    for (name, curve), color in zip(losses.items(), LINE_COLORS, strict=False):
        _curve(axes, curve, label=name, color=color)
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("loss (logarithmic)")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def _curve(axes: Axes, curve: FloatArray, label: str = "", color: str = LINE_COLORS[0]) -> None:
    axes.plot(range(1, len(curve) + 1), curve, label=label, color=color)
    axes.grid(color="#E0E0E0")
    axes.spines[["top", "right"]].set_visible(False)


def _optimizers() -> Figure:
    """The losses of the optimizers, and each one's way through the valley of its two weights."""
    experiment = load_experiment("optimizers")
    runs = sweep(experiment, experiment.steps)
    figure = Figure(figsize=(11, 4.8), dpi=120, layout="constrained")
    left, right = figure.subplots(1, 2)
    x, y = np.linspace(*ACROSS, 200), np.linspace(*UP, 200)
    outputs = experiment.inputs[:, :1, None] * x + experiment.inputs[:, 1:, None] * y[:, None]  # (samples, y, x)
    valley = (0.5 * (outputs - experiment.targets[:, :, None]) ** 2).mean(axis=0)
    right.contour(x, y, valley, levels=np.geomspace(1e-4, 2, 14), colors="#D0D0D0", linewidths=0.8)
    for run, color in zip(runs, LINE_COLORS, strict=True):
        _curve(left, run.losses, color=color)
        across, up = (run.values[:: experiment.samples, run.layout.columns.index[name]] for name in ("w1", "w2"))
        label = f"{run.run.method.optimizer}, η = {run.run.learning_rate:g}"
        right.plot(across, up, color=color, label=label, marker=".", markersize=4, linewidth=1.2)
    left.set(yscale="log", xlabel="step", ylabel="loss (logarithmic)")
    right.set(xlim=ACROSS, ylim=UP, xlabel="w1", ylabel="w2")
    figure.legend(loc="outside right center", frameon=False)
    return figure
