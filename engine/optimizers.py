"""What an optimizer makes of a gradient, and a schedule of the learning rate, as torch.optim defines them.

Shapes: P weights and biases, R runs; g is a gradient and w what it belongs to, both (P, R); v, m and s are states of
the same shape, changed in place; η is (R,) or (P, R); k counts updates from 1; c holds the constants by name.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from engine.experiment import FloatArray

Constants = Mapping[str, float]
Update = Callable[[FloatArray, Sequence[FloatArray], FloatArray, int, Constants], FloatArray]


def momentum(g: FloatArray, states: Sequence[FloatArray], rate: FloatArray, _k: int, c: Constants) -> FloatArray:
    """v ← μ·v + g; the step is η·v."""
    (v,) = states
    v[:] = c["momentum"] * v + g
    return rate * v


def nesterov(g: FloatArray, states: Sequence[FloatArray], rate: FloatArray, _k: int, c: Constants) -> FloatArray:
    """v ← μ·v + g; the step is η·(g + μ·v)."""
    (v,) = states
    v[:] = c["momentum"] * v + g
    return rate * (g + c["momentum"] * v)


def adagrad(g: FloatArray, states: Sequence[FloatArray], rate: FloatArray, _k: int, c: Constants) -> FloatArray:
    """s ← s + g²; the step is η·g/(√s + ε)."""
    (s,) = states
    s[:] = s + g * g
    return rate * g / (np.sqrt(s) + c["eps"])


def rmsprop(g: FloatArray, states: Sequence[FloatArray], rate: FloatArray, _k: int, c: Constants) -> FloatArray:
    """s ← α·s + (1 − α)·g²; the step is η·g/(√s + ε)."""
    (s,) = states
    s[:] = c["alpha"] * s + (1 - c["alpha"]) * g * g
    return rate * g / (np.sqrt(s) + c["eps"])


def adam(g: FloatArray, states: Sequence[FloatArray], rate: FloatArray, k: int, c: Constants) -> FloatArray:
    """m ← β₁·m + (1 − β₁)·g, s ← β₂·s + (1 − β₂)·g²; the step is η·m̂/(√ŝ + ε), m̂ = m/(1 − β₁ᵏ), ŝ = s/(1 − β₂ᵏ)."""
    m, s = states
    m[:] = c["beta1"] * m + (1 - c["beta1"]) * g
    s[:] = c["beta2"] * s + (1 - c["beta2"]) * g * g
    return rate * (m / (1 - c["beta1"] ** k)) / (np.sqrt(s / (1 - c["beta2"] ** k)) + c["eps"])


def sgd(g: FloatArray, _states: Sequence[FloatArray], rate: FloatArray, _k: int, _c: Constants) -> FloatArray:
    """The step is η·g, which overwrites the gradient."""
    return np.multiply(g, rate, out=g)


OPTIMIZERS: dict[str, Update] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adam,
}

# The share of η that the update after k earlier ones has, unless it is constant; see `rates` for the cosine's end.
SCHEDULES: dict[str, Callable[[FloatArray, Constants], FloatArray]] = {
    "step": lambda k, c: c["gamma"] ** np.floor(k / c["step_size"]),
    "exponential": lambda k, c: c["gamma"] ** k,
    "cosine": lambda k, c: (1 + np.cos(np.pi * k / c["T_max"])) / 2,
    "inverse-time": lambda k, c: 1 / (1 + c["decay"] * k),
    "warm-up": lambda k, c: np.minimum(1.0, (k + 1) / c["warm_up"]),
}


def rates(schedule: str, learning_rates: Sequence[float], steps: int, c: Constants) -> FloatArray:
    """η of every update, (steps, R). A cosine falls to eta_min: η_min + (η − η_min)·(1 + cos(πk/T_max))/2."""
    if schedule == "constant":
        return np.broadcast_to(learning_rates, (steps, len(learning_rates)))
    share = SCHEDULES[schedule](np.arange(steps, dtype=float), c)[:, np.newaxis]
    least = c.get("eta_min", 0.0)
    scheduled: FloatArray = least + (np.asarray(learning_rates, dtype=float) - least) * share
    return scheduled
