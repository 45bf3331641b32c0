"""torch beside the engine: the same training by the user's own network, loss, optimizer and schedule."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.arrays import Shape
from engine.experiment import Experiment
from engine.imports.torch_kinds import Mapped
from engine.imports.torch_layers import inputs_of, mapped_layers
from engine.imports.torch_training import as_shares
from engine.layers import Dropout
from engine.names import ColumnKind

if TYPE_CHECKING:
    from torch import nn

# Rounding keeps two correct computations of a hundred steps closer than this; any mistake sets them further apart.
CLOSE = 1e-9


@dataclass(frozen=True)
class Agreement:
    """How far torch and the engine agree on the loss and all weights and biases.

    Attributes:
        largest: the largest difference.
        first: the first step from 1, the column, and its number by torch and by the engine, that differ by more than
            rounding; None where none does.
    """

    steps: int
    largest: float
    first: tuple[int, str, float, float] | None

    def __str__(self) -> str:
        if self.first is None:
            return f"torch beside it: {self.steps} step{'s' * (self.steps != 1)}, largest difference {self.largest:.0e}"
        step, column, theirs, ours = self.first
        return f"torch beside it differs from step {step} on: {column} is {theirs:.9g} in torch, {ours:.9g} here"


def beside_torch(
    experiment: Experiment,
    net: "nn.Module",
    loss: Any,
    optimizer: Any,
    inputs: Any,
    targets: Any,
    scheduler: Any = None,
) -> Agreement:
    """Train copies of what `from_torch` made the experiment of, in float64, and compare every step.

    The masks of dropout are the experiment's, since torch would draw others.
    """
    size = experiment.method.batch_size
    columns, values = experiment.columns, experiment.train().numbers.values[::size, :, 0]
    largest, first = 0.0, None
    for step, torchs in enumerate(_torch_steps(experiment, net, loss, optimizer, inputs, targets, scheduler)):
        for name, number in torchs.items():
            ours = float(values[step, columns.index[name]])
            difference = abs(number - ours)
            largest = max(largest, difference) if np.isfinite(difference) else np.inf
            if first is None and not difference <= CLOSE * max(1.0, abs(ours)):
                first = (step + 1, name, number, ours)
    return Agreement(experiment.steps, largest, first)


def _torch_steps(
    experiment: Experiment, net: "nn.Module", loss: Any, optimizer: Any, inputs: Any, targets: Any, scheduler: Any
) -> Iterator[dict[str, float]]:
    """The loss and the weights and biases before each update, by their columns' names."""
    import torch

    net, optimizer, scheduler = copy.deepcopy((net, optimizer, scheduler))  # together: they share the parameters
    net.double().train()
    for state in optimizer.state.values():  # Adagrad has its sums of squares from the beginning
        state.update({name: of.double() for name, of in state.items() if torch.is_tensor(of)})
    x, t = inputs_of(net, inputs), torch.as_tensor(targets)
    if t.ndim > 1 or t.is_floating_point():
        t = t.double()
        t = torch.tensor(as_shares(t.numpy())) if experiment.network.loss == "cross-entropy" else t
    mapped, _ = mapped_layers(net, "net", tuple(x.shape[1:]))
    row = _give_masks(experiment, mapped)
    size = experiment.method.batch_size // experiment.network.time
    for step in range(experiment.steps):
        rows = torch.arange(step * size, (step + 1) * size) % len(x)
        row[0] = step * size
        error = loss(net(x[rows]), t[rows])
        yield {experiment.columns.loss: error.item(), **_parameters(experiment, net, tuple(x.shape[1:]))}
        optimizer.zero_grad()
        error.backward()
        with _float64():
            optimizer.step()
        if scheduler is not None:
            with warnings.catch_warnings():  # a copy of a scheduler does not see that its optimizer has stepped
                warnings.filterwarnings("ignore", "(Seems like|Detected call of)")
                scheduler.step()


@contextmanager
def _float64() -> Iterator[None]:
    """Make float64 torch's default: NAdam keeps the product of its momentums in the default precision."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _parameters(experiment: Experiment, net: "nn.Module", inputs: Shape) -> dict[str, float]:
    """The weights and biases as they are now, by their columns' names."""
    mapped, _ = mapped_layers(net, "net", inputs)
    kinds: tuple[ColumnKind, ...] = ("weight", "bias")
    return {
        name: number
        for layer, each in enumerate(mapped)
        for kind, numbers in zip(kinds, (each.weights, each.biases), strict=True)
        for name, number in zip(experiment.columns.names_in(layer, kind), numbers.ravel().tolist(), strict=True)
    }


def _give_masks(experiment: Experiment, mapped: list[Mapped]) -> list[int]:
    """Let the modules of dropout take the experiment's masks, from the row on that the list tells."""
    import torch

    row = [0]
    for each, shape in zip(mapped, experiment.network.shapes, strict=False):
        if isinstance(each.layer, Dropout):
            masks = torch.tensor(each.layer.given(shape, experiment.rows)["mask"]) / (1 - each.layer.rate)
            each.module.register_forward_hook(
                lambda _module, x, _out, masks=masks: x[0] * masks[row[0] : row[0] + len(x[0])].reshape(x[0].shape)
            )
    return row
