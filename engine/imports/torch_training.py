"""The loss, optimizer and schedule of a torch training as those of an experiment, with the same constants."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.arrays import FloatArray
from engine.errors import InputError
from engine.imports.torch_schedules import schedule_of
from engine.network import Method
from engine.optimizers import OPTIMIZERS

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
# Ours by the reduction; of several outputs, where the mean is over the outputs too.
OURS = {
    "MSELoss": {"mean": "mean-squared-error", "sum": "squared-error"},
    "BCELoss": {"mean": "mean-binary-cross-entropy", "sum": "binary-cross-entropy"},
    "BCEWithLogitsLoss": {"mean": "mean-binary-cross-entropy", "sum": "binary-cross-entropy"},
    "CrossEntropyLoss": {"mean": "cross-entropy", "sum": "cross-entropy"},
    "NLLLoss": {"mean": "cross-entropy", "sum": "cross-entropy"},
}
OF_ONE_OUTPUT = {"squared-error": "mean-squared-error", "mean-binary-cross-entropy": "binary-cross-entropy"}


ROUNDING = 1e-6


@dataclass(frozen=True)
class TorchLoss:
    """A loss: its class in torch.nn, ours, the reduction of a batch, and how much of each target all classes share."""

    kind: str
    name: str
    reduction: str
    smoothing: float = 0.0


def loss_of(loss: Any, outputs: int) -> TorchLoss:
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
    name = OURS[of][reduction]
    name = OF_ONE_OUTPUT.get(name, name) if outputs == 1 else name
    return TorchLoss(of, name, reduction, getattr(loss, "label_smoothing", 0.0))


def targets_of(loss: TorchLoss, given: Any, outputs: int, samples: int) -> FloatArray:
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
    "SGD": {"maximize": False},
    "Adagrad": {"lr_decay": 0, "initial_accumulator_value": 0, "maximize": False},
    "RMSprop": {"momentum": 0, "centered": False, "maximize": False},
    "Adam": {"amsgrad": False, "maximize": False, "decoupled_weight_decay": False},
    "AdamW": {"amsgrad": False, "maximize": False},
    "Adamax": {"maximize": False},
    "Adadelta": {"maximize": False},
    "NAdam": {"maximize": False, "decoupled_weight_decay": False},
}


def method_of(optimizer: Any, scheduler: Any, steps: int, batch_size: int, reduction: str) -> tuple[float, Method]:
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
    if any(_has_stepped(state) for state in optimizer.state.values()):
        raise InputError(
            "optimizer: got one that has made steps, expected a new one; "
            "a file's own training belongs below `if __name__ == '__main__':`"
        )
    name, constants = _optimizer(kind, group)
    rate = float(group.get("initial_lr", group["lr"]))
    schedule, more = schedule_of(scheduler, rate, steps)
    method = Method(batch_size, reduction, name, schedule, constants=tuple({**constants, **more}.items()))
    return rate, method


def _has_stepped(state: dict[str, Any]) -> bool:
    return state.get("momentum_buffer") is not None or bool({"exp_avg", "square_avg"} & set(state))


def _optimizer(kind: str, group: dict[str, Any]) -> tuple[str, dict[str, float]]:
    decay = {"weight_decay": float(group["weight_decay"])} if group["weight_decay"] or kind == "AdamW" else {}
    if kind == "SGD":
        dampened = "dampened-momentum" if group["dampening"] else "momentum"
        name = "nesterov" if group["nesterov"] else dampened if group["momentum"] else "sgd"
        own = {key: float(group[key]) for key in OPTIMIZERS[name].constants}
    elif "betas" in group:
        name, (beta1, beta2) = kind.lower(), group["betas"]
        more = {"momentum_decay": group["momentum_decay"]} if kind == "NAdam" else {}
        own = {"beta1": beta1, "beta2": beta2, "eps": group["eps"], **more}
    else:
        name, own = kind.lower(), {key: group[key] for key in ("alpha", "rho", "eps") if key in group}
    return name, {**own, **decay}
