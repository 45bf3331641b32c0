"""A torch network with its training as an experiment."""

import copy
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.arrays import FloatArray, Shape
from engine.errors import InputError
from engine.experiment import Experiment
from engine.experiment_tables import rates_around
from engine.imports.torch_kinds import Mapped
from engine.imports.torch_layers import ACTIVATIONS, inputs_of, leaves, mapped_layers
from engine.imports.torch_training import LAST, Loss, loss_of, method_of, targets_of
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
        optimizer: of torch.optim: SGD, Adagrad, RMSprop, Adam or AdamW, new, over all that is trained.
        inputs: (samples, features), (samples, tokens) for nn.Embedding, or (samples, channels, rows, columns).
        targets: (samples, outputs), or a class for each sample.
        steps: how many updates.
        batch_size: samples for an update, taken in order, round and round; all unless given.
        scheduler: StepLR, ExponentialLR, CosineAnnealingLR, or LinearLR as a warm-up; stepped after each update.
        name: the experiment's title.

    Raises:
        InputError: a module, loss, option or shape that no experiment has; names it, and the nearest one.
    """
    x = np.asarray(inputs, dtype=float)
    if x.ndim not in (2, 4):
        got = "×".join(map(str, x.shape))
        raise InputError(f"inputs: got shape {got}, expected samples×features or samples×channels×rows×columns")
    shape: Shape = x.shape[1:]
    mapped, outputs = mapped_layers(net, "net", shape)
    _check_forward(net, x)
    _check_trained(net, optimizer)
    of = loss_of(loss, outputs)
    mapped[-1] = _with_last_activation(net, mapped[-1], of)
    rate, method = method_of(optimizer, scheduler, batch_size or len(x), of.reduction)
    picture = shape if len(shape) > 1 else ()
    return Experiment(
        network=Network(prod(shape), tuple(each.layer for each in mapped), of.name, deltas=True, picture=picture),
        weights=tuple(each.weights for each in mapped),
        inputs=x.reshape(len(x), -1),
        targets=targets_of(of, targets, outputs, len(x)),
        learning_rate=rate,
        learning_rates=tuple(rates_around(rate)),
        steps=steps,
        biases=tuple(each.biases for each in mapped),
        method=method,
        name=name,
    )


def _with_last_activation(net: "nn.Module", last: Mapped, loss: Loss) -> Mapped:
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


def _check_forward(net: "nn.Module", x: FloatArray) -> None:
    """Raise unless the network does what its children do one after another, as seen with these inputs."""
    import torch
    from torch import nn

    whole, parts = (copy.deepcopy(net).double().train() for _ in range(2))
    outputs = []
    for module in (whole, nn.Sequential(*(leaf for _, leaf in leaves(parts, "net")))):
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            try:
                outputs.append(module(inputs_of(net, x)))
            except Exception as error:  # noqa: BLE001 - whatever a forward pass of one's own may raise
                raise InputError(f"net: its forward pass fails: {' '.join(str(error).split())}") from None
    if outputs[0].shape != outputs[1].shape or not torch.allclose(outputs[0], outputs[1], rtol=1e-9, atol=1e-12):
        raise InputError(
            "net: its forward pass is not that of its children one after another, "
            "expected nn.Sequential, or a forward pass that applies them in order, activations among them"
        )


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
