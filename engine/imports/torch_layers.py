"""A torch network as layers with their first weights: the modules that have a layer, and the nearest for others."""

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

from engine.activations import ACTIVATIONS as OURS
from engine.activations import leaky_relu_name
from engine.arrays import Shape
from engine.errors import InputError
from engine.imports.torch_kinds import LAYERS, Mapped, Signal, expect
from engine.imports.torch_sequences import OF_EACH_STEP, READERS, steps_and_shape
from engine.layers import Dropout
from engine.layers.recurrence import Recurrence

if TYPE_CHECKING:
    import torch
    from torch import nn

MAPPED = {**LAYERS, **READERS}
OF_SEQUENCES = (*READERS, *OF_EACH_STEP)
# Of the masks of dropout: an experiment file's own.
SEED = 1
ACTIVATIONS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky-relu",  # with its slope
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softmax": "softmax",
    "LogSoftmax": "softmax",
}
# What to take instead of a module that no layer stands for, by how its name begins.
NEAREST = {
    "Conv": "nn.Conv2d",
    "MaxPool": "nn.MaxPool2d",
    "AvgPool": "nn.AvgPool2d",
    "Adaptive": "nn.AdaptiveAvgPool2d(1)",
    "BatchNorm": "nn.BatchNorm1d or nn.BatchNorm2d",
    "SyncBatchNorm": "nn.BatchNorm2d",
    "InstanceNorm": "nn.BatchNorm2d",
    "GroupNorm": "nn.LayerNorm",
    "RMSNorm": "nn.LayerNorm",
    "Dropout": "nn.Dropout",
    "AlphaDropout": "nn.Dropout",
    "PReLU": "nn.LeakyReLU",
    "ReLU6": "nn.ReLU",
    "Hard": "nn.Sigmoid or nn.Tanh",
    "LogSigmoid": "nn.Sigmoid",
    "Bilinear": "nn.Linear",
    "RNNCell": "nn.RNN",
    "LSTMCell": "nn.LSTM",
    "GRUCell": "nn.GRU",
    "Transformer": "nn.MultiheadAttention",
    "Unflatten": "inputs in the shape that they are to have",
}
OTHERWISE = "nn.Tanh or nn.ReLU for an activation, nn.Linear or nn.Conv2d for weights"


def leaves(net: "nn.Module", name: str) -> Iterator[tuple[str, "nn.Module"]]:
    """The modules that have no children, in their order, with their names; those that torch brings are taken whole."""
    own = type(net).__module__.startswith("torch.")
    # Also the second of two children that are one module.
    children = [(child, of) for child, of in net.named_modules(remove_duplicate=False) if child and "." not in child]
    if children and (not own or type(net).__name__ == "Sequential"):
        for child, module in children:
            yield from leaves(module, f"{name}.{child}")
    elif type(net).__name__ != "Sequential":
        yield name, net


def mapped_layers(net: "nn.Module", name: str, inputs: Shape) -> tuple[list[Mapped], int]:
    """The layers that do what the modules do one after another, for inputs of a shape, and how many numbers come out.

    Raises:
        InputError: a module has no layer; names it, and the nearest that has one.
    """
    layers: list[Mapped] = []
    time, shape = sequences(net, inputs)
    signal = Signal(shape, len(shape) == 1, time)
    seen: set[int] = set()
    for where, module in leaves(net, name):
        kind = _kind(module)
        if any(id(parameter) in seen for parameter in module.parameters()):
            raise InputError(
                f"{where}: got a {type(module).__name__} with weights that another module has too, expected its own"
            )
        seen |= {id(parameter) for parameter in module.parameters()}
        if time > 1 and kind and kind not in (*OF_SEQUENCES, *ACTIVATIONS):
            each = ", ".join(f"nn.{of}" for of in OF_SEQUENCES)
            raise InputError(f"{where}: got nn.{kind} over sequences, expected one of {each}, or an activation")
        if kind == "Flatten":
            expect(where, module, {"start_dim": 1, "end_dim": -1})
            signal = signal._replace(flat=True)
        elif kind in ACTIVATIONS:
            _activate(where, module, kind, layers, signal)
        elif kind != "Identity":
            layers.append(_layer(where, module, signal, len(layers)))
            shape = layers[-1].layer.shape(signal.shape)
            became_flat = signal.flat or (len(shape) == 1 < len(signal.shape))
            # torch has a row for each token; of a sequence so have we
            signal = Signal(shape, became_flat and (time > 1 or kind != "Embedding"), time)
    if not layers:
        raise InputError(f"{name}: got no layer, expected nn.Sequential(nn.Linear(2, 2), ...)")
    if isinstance(layers[-1].layer, Recurrence):
        last = layers[-1]
        raise InputError(f"{last.where}: got nn.{_kind(last.module)} as the last layer, expected nn.Linear behind it")
    return layers, prod(signal.shape)


def sequences(net: "nn.Module", inputs: Shape) -> tuple[int, Shape]:
    """The steps of each sample, 1 where the network reads no sequences, and the shape of each step."""
    return steps_and_shape([_kind(module) for _, module in leaves(net, "")], inputs)


def _kind(module: "nn.Module") -> str:
    """A module's class in torch.nn; of one's own no kind at all."""
    return type(module).__name__ if type(module).__module__.startswith("torch.nn") else ""


def _layer(where: str, module: Any, signal: Signal, number: int) -> Mapped:
    kind = _kind(module)
    if not kind:
        raise InputError(
            f"{where}: got {type(module).__name__}, a module of your own without children, which no column can show; "
            f"the nearest: {OTHERWISE}"
        )
    if kind not in MAPPED:
        begins = [nearest for beginning, nearest in NEAREST.items() if kind.startswith(beginning)]
        raise InputError(f"{where}: got nn.{kind}, which no column can show; the nearest: {(begins or [OTHERWISE])[0]}")
    if number and kind == "Embedding":
        raise InputError(f"{where}: got nn.Embedding behind another layer, expected it first: it reads tokens")
    if not signal.flat and len(signal.shape) == 1 and kind != "Dropout":
        raise InputError(f"{where}: got nn.{kind} of each token, expected nn.Flatten() behind nn.Embedding")
    mapped = MAPPED[kind](where, module, signal)
    if isinstance(mapped.layer, Dropout):
        mapped = replace(mapped, layer=replace(mapped.layer, seed=(SEED, number)))
    if problem := mapped.layer.problem(signal.shape):
        raise InputError(f"{where}: {problem}")
    return mapped


def _activate(where: str, module: Any, kind: str, layers: list[Mapped], signal: Signal) -> None:
    """Give the layer before this activation."""
    name = leaky_relu_name(module.negative_slope) if kind == "LeakyReLU" else ACTIVATIONS[kind]
    if name not in OURS:
        raise InputError(f"{where}: got nn.{kind}({module.negative_slope:g}), expected a slope from 0 to 1")
    over = (1, -1) if signal.time == 1 else (-1, 2)
    if kind in ("Softmax", "LogSoftmax") and module.dim not in over:
        raise InputError(f"{where}: got nn.{kind}(dim={module.dim}), expected dim={over[0]}")
    if not layers:
        raise InputError(f"{where}: got nn.{kind} over the inputs, expected a layer before it: nn.Linear")
    last = layers[-1].layer
    if isinstance(last, Recurrence):
        raise InputError(f"{where}: got nn.{kind} behind nn.{_kind(layers[-1].module)}, expected nn.Linear between")
    if last.activation != "identity":
        raise InputError(f"{where}: got nn.{kind} after another activation, expected one behind each layer")
    layers[-1] = replace(layers[-1], layer=last.with_activation(name))


def inputs_of(net: "nn.Module", inputs: Any) -> "torch.Tensor":
    """The inputs as a network in float64 takes them: tokens whole, all else in float64."""
    import torch

    tensor = torch.as_tensor(inputs)
    first = next(leaves(net, ""), None)
    return tensor.long() if first is not None and _kind(first[1]) == "Embedding" else tensor.double()
