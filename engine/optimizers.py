"""Optimizers, from a gradient to a step, and schedules of the learning rate, as torch.optim defines them.

Shapes: P weights and biases, R runs; g is a gradient and w what it belongs to, both (P, R); v, m and s are states of
the same shape, changed in place; η is (R,) or (P, R); k counts updates from 1; c holds the constants by name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.arrays import FloatArray

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


def dampened_momentum(
    g: FloatArray, states: Sequence[FloatArray], rate: FloatArray, k: int, c: Constants
) -> FloatArray:
    """v ← μ·v + (1 − τ)·g, in the first update v ← g; the step is η·v."""
    (v,) = states
    v[:] = c["momentum"] * v + (1 - c["dampening"]) * g if k > 1 else g
    return rate * v


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


def nadam(g: FloatArray, states: Sequence[FloatArray], rate: FloatArray, k: int, c: Constants) -> FloatArray:
    """Adam with Nesterov's momentum, m and s as in Adam; μ_k = β₁·(1 − ½·0.96^(k·ψ)), q ← 1 − (1 − q)·μ_k.

    The step is η·((1 − μ_k)/q·g + μ_(k+1)/(1 − (1 − q)·μ_(k+1))·m)/(√ŝ + ε). 1 − q is the product of all μ so far.
    """
    m, s, q = states
    now, following = (c["beta1"] * (1 - 0.5 * 0.96 ** (update * c["momentum_decay"])) for update in (k, k + 1))
    m[:] = c["beta1"] * m + (1 - c["beta1"]) * g
    s[:] = c["beta2"] * s + (1 - c["beta2"]) * g * g
    q[:] = 1 - (1 - q) * now
    mean = (1 - now) / q * g + following / (1 - (1 - q) * following) * m
    step: FloatArray = rate * mean / (np.sqrt(s / (1 - c["beta2"] ** k)) + c["eps"])
    return step


def adamax(g: FloatArray, states: Sequence[FloatArray], rate: FloatArray, k: int, c: Constants) -> FloatArray:
    """m ← β₁·m + (1 − β₁)·g, u ← max(β₂·u, |g| + ε); the step is η·m̂/u, m̂ = m/(1 − β₁ᵏ)."""
    m, u = states
    m[:] = c["beta1"] * m + (1 - c["beta1"]) * g
    u[:] = np.maximum(c["beta2"] * u, np.abs(g) + c["eps"])
    return rate * (m / (1 - c["beta1"] ** k)) / u


def adadelta(g: FloatArray, states: Sequence[FloatArray], rate: FloatArray, _k: int, c: Constants) -> FloatArray:
    """s ← ρ·s + (1 − ρ)·g², Δ = √(d + ε)/√(s + ε)·g, d ← ρ·d + (1 − ρ)·Δ²; the step is η·Δ."""
    s, d = states
    s[:] = c["rho"] * s + (1 - c["rho"]) * g * g
    change = np.sqrt(d + c["eps"]) / np.sqrt(s + c["eps"]) * g
    d[:] = c["rho"] * d + (1 - c["rho"]) * change * change
    return rate * change


def sgd(g: FloatArray, _states: Sequence[FloatArray], rate: FloatArray, _k: int, _c: Constants) -> FloatArray:
    """The step is η·g, which overwrites the gradient."""
    return np.multiply(g, rate, out=g)


# What any optimizer may have besides: added to the gradient g are λ·w of one, and λ·sign(w) of the other.
DECAYS = ("weight_decay", "l1_decay")


@dataclass(frozen=True)
class Optimizer:
    """An optimizer.

    Attributes:
        update: changes the states in place and returns the step, which is taken off what the gradient belongs to.
        constants: by the names of torch.optim where it has them, with their defaults.
        states: the letters of its states: momentum's velocity v, Adam's mean m, the mean or sum of squares s, Adamax's
            largest gradient u, Adadelta's mean of squared changes d, NAdam's share of momentum q.
        counts: whether an update depends on its number k.
        decouples_decay: whether the weight decay stays out of the gradient.
    """

    update: Update
    constants: Constants = field(default_factory=dict)
    states: str = ""
    counts: bool = False
    decouples_decay: bool = False


OPTIMIZERS = {
    "sgd": Optimizer(sgd),
    "momentum": Optimizer(momentum, {"momentum": 0.9}, "v"),
    "nesterov": Optimizer(nesterov, {"momentum": 0.9}, "v"),
    "adagrad": Optimizer(adagrad, {"eps": 1e-10}, "s"),
    "rmsprop": Optimizer(rmsprop, {"alpha": 0.99, "eps": 1e-8}, "s"),
    "adam": Optimizer(adam, {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, "ms", counts=True),
    "adamw": Optimizer(
        adam,
        {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01},
        "ms",
        counts=True,
        decouples_decay=True,
    ),
    "adamax": Optimizer(adamax, {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, "mu", counts=True),
    "adadelta": Optimizer(adadelta, {"rho": 0.9, "eps": 1e-6}, "sd"),
    "nadam": Optimizer(nadam, {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "momentum_decay": 0.004}, "msq", counts=True),
    "dampened-momentum": Optimizer(dampened_momentum, {"momentum": 0.9, "dampening": 0.5}, "v", counts=True),
}


@dataclass(frozen=True)
class Schedule:
    """A schedule of the learning rate: the share of η that the update after k earlier ones has, and its constants."""

    share: Callable[[FloatArray, Constants], FloatArray]
    constants: Constants = field(default_factory=dict)


SCHEDULES = {
    "constant": Schedule(lambda k, _c: np.ones_like(k)),
    "step": Schedule(lambda k, c: c["gamma"] ** np.floor(k / c["step_size"]), {"step_size": 30, "gamma": 0.1}),
    "exponential": Schedule(lambda k, c: c["gamma"] ** k, {"gamma": 0.99}),
    "cosine": Schedule(lambda k, c: (1 + np.cos(np.pi * k / c["T_max"])) / 2, {"T_max": 80, "eta_min": 0}),
    "inverse-time": Schedule(lambda k, c: 1 / (1 + c["decay"] * k), {"decay": 0.01}),
    "warm-up": Schedule(lambda k, c: np.minimum(1.0, (k + 1) / c["warm_up"]), {"warm_up": 10}),
}


_CONSTANTS = [
    *((name, of.constants) for name, of in OPTIMIZERS.items()),
    *((name, of.constants) for name, of in SCHEDULES.items()),
]
# The optimizers and schedules that take each constant.
TAKERS = {
    constant: [name for name, taken in _CONSTANTS if constant in taken]
    for constant in dict.fromkeys(constant for _, taken in _CONSTANTS for constant in taken)
}


def rates(schedule: str, learning_rates: Sequence[float], steps: int, c: Constants) -> FloatArray:
    """η of every update, (steps, R). A cosine falls to eta_min: η_min + (η − η_min)·(1 + cos(πk/T_max))/2."""
    share = SCHEDULES[schedule].share(np.arange(steps, dtype=float), c)[:, np.newaxis]
    least = c.get("eta_min", 0.0)
    scheduled: FloatArray = least + (np.asarray(learning_rates, dtype=float) - least) * share
    return scheduled
