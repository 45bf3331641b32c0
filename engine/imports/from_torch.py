"""A torch network with its training as an experiment."""

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import InputError
from engine.experiment import Experiment
from engine.experiment_tables import rates_around
from engine.imports.torch_forward import check_forward
from engine.imports.torch_kinds import Mapped
from engine.imports.torch_layers import ACTIVATIONS, leaves, mapped_layers, sequences
from engine.imports.torch_sequences import rows_of_targets
from engine.imports.torch_training import LAST, TorchLoss, loss_of, method_of
from engine.layers import Attention
from engine.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn


def from_torch(
    net: "nn.Module",
    loss: Any,
    optimizer: "torch.optim.Optimizer",
    inputs: Any,
    targets: Any,
    *,
    steps: int = 80,
    batch_size: int | None = None,
    scheduler: Any = None,
    name: str = "",
) -> Experiment:
    """The experiment that trains a torch network as torch does.

    Args:
        net: nn.Sequential, or a module whose children are applied in their order; its weights are the first ones.
        loss: nn.MSELoss(), nn.BCELoss(), nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss() or nn.NLLLoss().
        optimizer: of torch.optim: SGD, Adagrad, RMSprop, Adam, AdamW, Adamax, Adadelta or NAdam; new, over all that is
            trained.
        inputs: (samples, features), (samples, tokens) for nn.Embedding, (samples, channels, rows, columns), or
            (samples, steps, features) for nn.RNN, nn.LSTM, nn.GRU and nn.MultiheadAttention.
        targets: (samples, outputs), or a class for each sample; (samples, steps, outputs) where a network puts out
            what it makes of every step.
        steps: how many updates.
        batch_size: samples for an update, taken in order, round and round; all unless given.
        scheduler: StepLR, ExponentialLR, CosineAnnealingLR, or another one whose rates are those of a schedule of ours;
            stepped after each update.
        name: the experiment's title.

    Raises:
        InputError: a module, loss, option or shape that no experiment has; names it, and the nearest one.
    """
    x = np.asarray(inputs, dtype=float)
    time, shape = sequences(net, x.shape[1:])
    if time == 1 and x.ndim not in (2, 4):
        got = "×".join(map(str, x.shape))
        raise InputError(f"inputs: got shape {got}, expected samples×features or samples×channels×rows×columns")
    mapped, outputs = mapped_layers(net, "net", x.shape[1:])
    last_alone, causal = check_forward(net, x)
    mapped = [_with_mask(each, causal) for each in mapped]
    _check_trained(net, optimizer)
    of = loss_of(loss, outputs)
    mapped[-1] = _with_last_activation(net, mapped[-1], of)
    rate, method = method_of(optimizer, scheduler, steps, (batch_size or len(x)) * time, of.reduction)
    rows = rows_of_targets(of, targets, outputs, len(x), time, last_alone=last_alone)
    picture = shape if len(shape) > 1 else ()
    return Experiment(
        network=Network(
            prod(shape), tuple(each.layer for each in mapped), of.name, deltas=True, picture=picture, counted=last_alone
        ),
        weights=tuple(each.weights for each in mapped),
        inputs=x.reshape(len(x) * time, -1),
        targets=rows.targets,
        counted=rows.counted,
        learning_rate=rate,
        learning_rates=tuple(rates_around(rate)),
        steps=steps,
        biases=tuple(each.biases for each in mapped),
        method=method,
        name=name,
    )


def _with_mask(of: Mapped, causal: set[str]) -> Mapped:
    """An attention asks no later tokens if its name is among the causal ones."""
    return replace(of, layer=replace(of.layer, causal=of.where in causal)) if isinstance(of.layer, Attention) else of


def _with_last_activation(net: "nn.Module", last: Mapped, loss: TorchLoss) -> Mapped:
    """The last layer with the activation that the loss has inside, or is made for."""
    ends = "" if last.layer.activation == "identity" else _last_activation(net)
    wanted, ours = LAST.get(loss.kind, (None, ""))
    if wanted is None and ends in ("Softmax", "LogSoftmax"):
        raise InputError(f"loss: got nn.{loss.kind} after nn.{ends}, expected nn.CrossEntropyLoss(), without {ends}")
    if wanted is not None and ends != wanted:
        got = f"nn.{ends}" if ends else "no activation"
        expected = f"nn.{wanted} there" if wanted else f"none, as the loss has the {ours} inside"
        raise InputError(f"{last.where}: got {got} before nn.{loss.kind}, expected {expected}")
    return replace(last, layer=last.layer.with_activation(ours)) if ours else last


def _last_activation(net: "nn.Module") -> str:
    kinds = [type(module).__name__ for _, module in leaves(net, "net")]
    return next(kind for kind in reversed(kinds) if kind in ACTIVATIONS)


def _check_trained(net: "nn.Module", optimizer: "torch.optim.Optimizer") -> None:
    """Raise unless the optimizer has all that is trained, and the layers have all parameters."""
    of_layers = {id(parameter) for _, module in leaves(net, "net") for parameter in module.parameters()}
    groups = optimizer.param_groups
    changed = {id(parameter) for group in groups for parameter in group["params"]}
    for name, parameter in net.named_parameters():
        if id(parameter) not in of_layers:
            raise InputError(f"net.{name}: got a parameter outside of layers, expected layers alone")
        if parameter.requires_grad and id(parameter) not in changed:
            raise InputError(f"optimizer: it lacks net.{name}, expected all parameters: net.parameters()")
    if len(changed) > len(of_layers):
        raise InputError("optimizer: got parameters of something else too, expected net.parameters()")
