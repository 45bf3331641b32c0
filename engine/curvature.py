"""How curved the loss is: the largest eigenvalue of its Hessian, and the learning rate that it allows."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray
from engine.columns import Columns
from engine.descent import Trace
from engine.passes import Numbers, backward, forward

ITERATIONS = 500
TOLERANCE = 1e-7
# Of a central difference of gradients: its error is about NUDGE², rounding's about 1e-16/NUDGE.
NUDGE = 1e-6

# η·λ has to stay below this for gradient descent to settle in a valley of curvature λ, by the optimizer and its
# momentum μ: for sgd Goh, "Why Momentum Really Works" (2017); for nesterov where the update's root leaves −1.
LIMITS: dict[str, Callable[[Mapping[str, float]], float]] = {
    "sgd": lambda _: 2.0,
    "momentum": lambda c: 2 + 2 * c["momentum"],
    "nesterov": lambda c: (2 + 2 * c["momentum"]) / (1 + 2 * c["momentum"]),
    "dampened-momentum": lambda c: (2 + 2 * c["momentum"]) / (1 - c["dampening"]),
}


def largest_rate(optimizer: str, constants: Mapping[str, float], curved: float) -> float:
    """The learning rate at which an optimizer begins to leap out of a valley of curvature λ, `curved`.

    For plain gradient descent 2/λ. It is ∞ where the loss curves nowhere up, nan for an optimizer that divides the
    gradient by its size, since the curvature alone is no limit for it, and for a curvature of nan.
    """
    if optimizer not in LIMITS:
        return math.nan
    limit = LIMITS[optimizer](constants)
    return math.inf if curved <= 0 else limit / curved


def curvature(trace: Trace, step: int) -> float:
    """The largest eigenvalue of the Hessian of a batch's loss in the trace's first run, by power iteration.

    The Hessian is never written down: times a direction v it is (g(w + εv) − g(w − εv))/2ε, with the gradients g that
    the network's backward pass finds. The loss is the batch's mean or sum, as it is reduced, and has ½·decay·w² added
    to it where the weights decay. It is nan where a ReLU stands on its kink, as it does over a blank part of a picture
    with a bias of 0: there the slope jumps.

    Args:
        trace: of one run at least.
        step: the update before which the weights are taken, from 0; its rows are finite.
    """
    times = _hessian(trace, step)
    size = len(trace.columns.of("gradient"))
    if not size:
        return 0.0
    # Every eigenvalue is from −steepest up: with that added, power iteration finds the largest, also where the loss
    # curves down as steeply as up.
    steepest = _dominant(times, size)
    return _dominant(lambda v: times(v) + steepest * v, size) - steepest


def _hessian(trace: Trace, step: int) -> Callable[[FloatArray], FloatArray]:
    """A function from a direction, (P,), to the Hessian times that direction."""
    columns, method = trace.columns, trace.columns.method
    rows = slice(step * method.batch_size, (step + 1) * method.batch_size)
    block = Numbers(columns, np.repeat(trace.numbers.values[rows, :, :1], 2, axis=2))
    ends = np.cumsum([part.shape[1] for part in block.trained])[:-1]
    here = np.concatenate([part[0, :, 0] for part in block.trained])
    share = 1 / method.batch_size if method.reduction == "mean" else 1.0
    decay = dict(method.constants).get("weight_decay", 0.0)

    def times(direction: FloatArray) -> FloatArray:
        nudge = NUDGE * (1 + np.linalg.norm(here)) / np.linalg.norm(direction)
        nudged = np.stack([here + nudge * direction, here - nudge * direction], axis=1)
        for part, numbers in zip(block.trained, np.split(nudged, ends), strict=True):
            part[:] = numbers
        signals = forward(columns.network, block)
        if _crosses_kink(columns, block):
            return np.full_like(direction, np.nan)
        backward(columns, block, signals, np.zeros(2))
        up, down = block.every_gradient.sum(axis=0).T * share
        product: FloatArray = (up - down) / (2 * nudge) + decay * direction
        return product

    return times


def _crosses_kink(columns: Columns, block: Numbers) -> bool:
    """Whether a pre-activation is on one side of its activation's kink in the first run, and not in the second."""
    return any(
        (np.diff(of["pre-activation"] > 0, axis=-1)).any()
        for layer, of in zip(columns.network.layers, block.layers, strict=True)
        if ACTIVATIONS[layer.activation].has_kink
    )


def _dominant(times: Callable[[FloatArray], FloatArray], size: int) -> float:
    """The size of the largest eigenvalue by size, of a symmetric matrix that `times` multiplies by."""
    direction = np.random.default_rng(0).normal(size=size)
    before = value = 0.0
    for _ in range(ITERATIONS):
        direction = times(direction / np.linalg.norm(direction))
        before, value = value, float(np.linalg.norm(direction))
        if not abs(value - before) > TOLERANCE * value:  # or it is nan
            break
    return value
