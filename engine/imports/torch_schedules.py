"""Schedulers of torch as schedules of ours: by their constants, or, where a function makes the rates, by these."""

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from engine.arrays import FloatArray
from engine.errors import InputError
from engine.optimizers import rates

# Rates are compared over so many steps at most.
MOST_STEPS = 10_000
Schedule = tuple[str, dict[str, float]]
KNOWN: dict[str, Callable[[Any], Schedule]] = {
    "StepLR": lambda of: ("step", {"step_size": float(of.step_size), "gamma": of.gamma}),
    "ExponentialLR": lambda of: ("exponential", {"gamma": of.gamma}),
    "CosineAnnealingLR": lambda of: ("cosine", {"T_max": float(of.T_max), "eta_min": float(of.eta_min)}),
}


def schedule_of(scheduler: Any, rate: float, steps: int) -> Schedule:
    """The schedule with its constants, whose rates in so many steps are the scheduler's.

    Args:
        rate: the optimizer's learning rate before a scheduler changed it.

    Raises:
        InputError: it has made steps already, or no schedule of ours has its rates.
    """
    if scheduler is None:
        return "constant", {}
    kind = type(scheduler).__name__
    if getattr(scheduler, "last_epoch", None) != 0:
        raise InputError(f"scheduler: got a {kind} that has made steps, or none of torch's; expected a new one of them")
    if kind in KNOWN:
        return KNOWN[kind](scheduler)
    if kind == "ReduceLROnPlateau":
        raise InputError(f"scheduler: got {kind}, whose rates depend on the losses, expected {', '.join(KNOWN)}")
    theirs = _rates(scheduler, max(2, min(steps, MOST_STEPS)))
    for name, constants in _likely(theirs / rate if rate else np.ones(len(theirs))):
        if np.allclose(rates(name, [rate], len(theirs), constants)[:, 0], theirs, rtol=1e-12, atol=0):
            return name, constants
    raise InputError(
        f"scheduler: got {kind}, whose rates begin {', '.join(f'{of:.6g}' for of in theirs[:4])}, expected "
        f"{', '.join(KNOWN)}, or the rates of another schedule: inverse-time, LambdaLR(optimizer, lambda k: 1 / (1 + "
        "0.1 * k)); a warm-up of n steps, LinearLR(optimizer, 1 / n, total_iters=n - 1)"
    )


def _rates(scheduler: Any, steps: int) -> FloatArray:
    """The learning rate of each step, from a copy."""
    scheduler, found = copy.deepcopy(scheduler), []
    for _ in range(steps):
        found.append(float(scheduler.optimizer.param_groups[0]["lr"]))
        with warnings.catch_warnings():  # here no optimizer steps, and none that does would be seen in a copy
            warnings.simplefilter("ignore", UserWarning)
            try:
                scheduler.step()
            except ValueError:  # a schedule that ends earlier
                break
    return np.array(found)


def _likely(shares: FloatArray) -> Iterator[Schedule]:
    """Schedules with the constants that the first shares of the learning rate say, none of them 0."""
    if len(shares) == 1 or (shares <= 0).any():
        return
    yield "constant", {}
    yield "warm-up", {"warm_up": float(round(1 / shares[0]))}
    if shares[1] < 1:
        yield "inverse-time", {"decay": float(1 / shares[1] - 1)}
    yield "exponential", {"gamma": float(shares[1])}
    step = int(np.argmax(shares != shares[0]))
    if step:
        yield "step", {"step_size": float(step), "gamma": float(shares[step])}
