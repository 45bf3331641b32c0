"""What torch trains with: a loss, an optimizer and a schedule, as ours with the same constants."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.arrays import FloatArray
from engine.errors import InputError
from engine.network import Method

# A loss of torch.nn.functional, which takes the mean, stands for its module.
FUNCTIONS = {
    "mse_loss": "MSELoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "cross_entropy": "CrossEntropyLoss",
    "nll_loss": "NLLLoss",
}
# What the last module must be, and what our last layer's activation is.
LAST = {
    "BCELoss": ("Sigmoid", "sigmoid"),
    "BCEWithLogitsLoss": ("", "sigmoid"),
    "CrossEntropyLoss": ("", "softmax"),
    "NLLLoss": ("LogSoftmax", "softmax"),
}
OURS = {
    "MSELoss": "mean-squared-error",
    "BCELoss": "binary-cross-entropy",
    "BCEWithLogitsLoss": "binary-cross-entropy",
    "CrossEntropyLoss": "cross-entropy",
    "NLLLoss": "cross-entropy",
}


ROUNDING = 1e-6


@dataclass(frozen=True)
class Loss:
    """A loss: its class in torch.nn, ours, the reduction of a batch, and how much of each target all classes share."""

    kind: str
    name: str
    reduction: str
    smoothing: float = 0.0


def loss_of(loss: Any, outputs: int) -> Loss:
    """Our loss for one of torch, of a network with so many outputs.

    Raises:
        InputError: it is another, or has an option that ours have not.
    """
    of = FUNCTIONS.get(getattr(loss, "__name__", ""), type(loss).__name__)
    if of not in OURS:
        raise InputError(f"loss: got {of}, expected one of {', '.join(f'nn.{kind}' for kind in OURS)}")
    reduction = getattr(loss, "reduction", "mean")
    if reduction == "none":
        raise InputError("loss: got reduction='none', expected 'mean' or 'sum'")
    for option in ("weight", "pos_weight"):
        if getattr(loss, option, None) is not None:
            raise InputError(f"loss: got nn.{of} with {option}, expected none")
    known = {"MSELoss": "mean", "BCELoss": "sum", "BCEWithLogitsLoss": "sum"}
    if outputs > 1 and known.get(of, reduction) != reduction:
        raise InputError(
            f"loss: got nn.{of}(reduction='{reduction}') over {outputs} outputs, "
            f"expected reduction='{known[of]}', or one output"
        )
    return Loss(of, OURS[of], reduction, getattr(loss, "label_smoothing", 0.0))


def targets_of(loss: Loss, given: Any, outputs: int, samples: int) -> FloatArray:
    """Targets of each output, (samples, outputs): of class numbers the ones and zeros that they stand for.

    Raises:
        InputError: their shape is another, or a class is none.
    """
    targets = np.asarray(given)
    if loss.name == "cross-entropy" and targets.ndim == 1:
        if not np.issubdtype(targets.dtype, np.integer):
            raise InputError(f"targets: got {targets.dtype} numbers, expected classes, which are whole, from 0")
        if targets.size and not 0 <= targets.min() <= targets.max() < outputs:
            wrong = next(of for of in targets.tolist() if not 0 <= of < outputs)
            raise InputError(f"targets: got class {wrong}, expected 0 to {outputs - 1}, one for each output")
        targets = np.eye(outputs)[targets]
    if targets.shape != (samples, outputs):
        got, expected = ("×".join(map(str, shape)) for shape in (targets.shape, (samples, outputs)))
        raise InputError(f"targets: got shape {got}, expected {expected}, the shape of what the network puts out")
    shares = as_shares(targets.astype(float)) if loss.name == "cross-entropy" else targets.astype(float)
    return shares * (1 - loss.smoothing) + loss.smoothing / outputs


def as_shares(targets: FloatArray) -> FloatArray:
    """Targets that add up to 1 but for the rounding of float32 so that they do in float64."""
    total: FloatArray = targets.sum(axis=1, keepdims=True)
    return np.where(abs(total - 1) < ROUNDING, targets / total, targets)


# By the optimizer's class: what it must not have, as option and what it is by default.
PLAIN: dict[str, dict[str, Any]] = {
    "SGD": {"dampening": 0, "maximize": False},
    "Adagrad": {"lr_decay": 0, "initial_accumulator_value": 0, "maximize": False},
    "RMSprop": {"momentum": 0, "centered": False, "maximize": False},
    "Adam": {"amsgrad": False, "maximize": False, "decoupled_weight_decay": False},
    "AdamW": {"amsgrad": False, "maximize": False},
}


def method_of(optimizer: Any, scheduler: Any, batch_size: int, reduction: str) -> tuple[float, Method]:
    """The learning rate and the method of torch's optimizer and scheduler.

    Raises:
        InputError: another optimizer or scheduler, an option that ours have not, or one that has made steps already.
    """
    kind = type(optimizer).__name__
    if kind not in PLAIN or not type(optimizer).__module__.startswith("torch.optim"):
        raise InputError(f"optimizer: got {kind}, expected one of torch.optim's {', '.join(PLAIN)}")
    if len(optimizer.param_groups) != 1:
        raise InputError(f"optimizer: got {len(optimizer.param_groups)} groups of parameters, expected one")
    group = optimizer.param_groups[0]
    for option, value in PLAIN[kind].items():
        if group.get(option, value) != value:
            raise InputError(f"optimizer: got {kind} with {option}={group[option]}, expected {option}={value}")
    if any("exp_avg" in state or state.get("momentum_buffer") is not None for state in optimizer.state.values()):
        raise InputError(
            "optimizer: got one that has made steps, expected a new one; "
            "a file's own training belongs below `if __name__ == '__main__':`"
        )
    name, constants = _optimizer(kind, group)
    schedule, more = _schedule(scheduler)
    method = Method(batch_size, reduction, name, schedule, constants=tuple({**constants, **more}.items()))
    return float(group.get("initial_lr", group["lr"])), method


def _optimizer(kind: str, group: dict[str, Any]) -> tuple[str, dict[str, float]]:
    decay = {"weight_decay": float(group["weight_decay"])} if group["weight_decay"] or kind == "AdamW" else {}
    if kind == "SGD":
        name = "nesterov" if group["nesterov"] else "momentum" if group["momentum"] else "sgd"
        own = {"momentum": float(group["momentum"])} if group["momentum"] else {}
    elif kind in ("Adam", "AdamW"):
        name, (beta1, beta2) = kind.lower(), group["betas"]
        own = {"beta1": beta1, "beta2": beta2, "eps": group["eps"]}
    else:
        name, own = kind.lower(), {key: group[key] for key in ("alpha", "eps") if key in group}
    return name, {**own, **decay}


def _schedule(scheduler: Any) -> tuple[str, dict[str, float]]:
    if scheduler is None:
        return "constant", {}
    kind = type(scheduler).__name__
    if kind not in SCHEDULES:
        raise InputError(f"scheduler: got {kind}, expected {', '.join(SCHEDULES)}, or none")
    if scheduler.last_epoch != 0:
        raise InputError("scheduler: got one that has made steps, expected a new one")
    return SCHEDULES[kind](scheduler)


def _warm_up(scheduler: Any) -> tuple[str, dict[str, float]]:
    steps = scheduler.total_iters + 1
    if scheduler.end_factor != 1 or abs(scheduler.start_factor * steps - 1) > 1e-12:
        raise InputError(
            f"scheduler: got LinearLR from {scheduler.start_factor:g} to {scheduler.end_factor:g} of the rate in "
            f"{scheduler.total_iters} steps, expected from 1/{steps} to 1: start_factor=1/{steps}"
        )
    return "warm-up", {"warm_up": float(steps)}


SCHEDULES: dict[str, Callable[[Any], tuple[str, dict[str, float]]]] = {
    "StepLR": lambda of: ("step", {"step_size": float(of.step_size), "gamma": of.gamma}),
    "ExponentialLR": lambda of: ("exponential", {"gamma": of.gamma}),
    "CosineAnnealingLR": lambda of: ("cosine", {"T_max": float(of.T_max), "eta_min": float(of.eta_min)}),
    "LinearLR": _warm_up,
}
