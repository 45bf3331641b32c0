"""What each module of torch.nn with a layer of ours is, option by option."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from engine.arrays import FloatArray, Shape
from engine.errors import InputError
from engine.layers import (
    AveragePool,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePool,
    Layer,
    LayerNorm,
    MaxPool,
)


class Signal(NamedTuple):
    """What goes into a module: its shape by ours, whether torch has flattened it, and the steps of a sequence."""

    shape: Shape
    flat: bool
    time: int = 1


def _nothing() -> FloatArray:
    return np.empty(0)


@dataclass(frozen=True)
class Mapped:
    """A layer with its first weights and biases, and the module that it stands for, by its name: net.0."""

    layer: Layer
    where: str
    module: Any
    weights: FloatArray = field(default_factory=_nothing)
    biases: FloatArray = field(default_factory=_nothing)


def expect(where: str, module: Any, wanted: dict[str, Any]) -> None:
    """Raise unless a module's attributes are these."""
    for name, value in wanted.items():
        got = getattr(module, name)
        if got != value:
            raise InputError(f"{where}: got nn.{type(module).__name__} with {name}={got}, expected {name}={value}")


def array(tensor: Any) -> FloatArray:
    """A tensor's numbers in float64; nothing for None."""
    return _nothing() if tensor is None else np.asarray(tensor.detach().cpu().numpy(), dtype=float)


def _trained(where: str, parameters: list[Any]) -> bool:
    """Whether γ and β are trained: both or neither."""
    trains = {parameter.requires_grad for parameter in parameters if parameter is not None}
    if len(trains) == 2:
        raise InputError(f"{where}: got requires_grad of one of weight and bias, expected it of both or neither")
    return trains == {True}


def _weight_and_bias(where: str, module: Any) -> dict[str, Any]:
    """What dense layers and convolutions say of their biases."""
    if not module.weight.requires_grad:
        raise InputError(f"{where}.weight: got requires_grad=False, expected weights that are trained")
    bias = module.bias
    return {
        "biases": 0 if bias is None else len(bias),
        "train_bias": bias is None or bool(bias.requires_grad),
    }


def _dense(where: str, module: Any, signal: Signal) -> Mapped:
    if not signal.flat:
        raise InputError(f"{where}: got nn.Linear over maps, expected nn.Flatten() before it")
    if module.in_features != prod(signal.shape):
        raise InputError(f"{where}: got {module.in_features} inputs, expected {prod(signal.shape)}, what comes in")
    layer = Dense(module.out_features, "identity", **_weight_and_bias(where, module))
    return Mapped(layer, where, module, array(module.weight), array(module.bias))


def _convolution(where: str, module: Any, signal: Signal) -> Mapped:
    expect(where, module, {"groups": 1, "dilation": (1, 1), "padding_mode": "zeros"})
    padding = module.padding
    if padding == "same" and all(size % 2 for size in module.kernel_size):
        padding = tuple(size // 2 for size in module.kernel_size)
    elif isinstance(padding, str):
        if padding == "same":
            raise InputError(f"{where}: got padding='same' with an even kernel, expected an odd one, or numbers")
        padding = (0, 0)
    if len(signal.shape) == 3 and module.in_channels != signal.shape[0]:
        raise InputError(f"{where}: got {module.in_channels} channels, expected {signal.shape[0]}, what comes in")
    layer = Convolution(
        module.out_channels, module.kernel_size, module.stride, padding, **_weight_and_bias(where, module)
    )
    return Mapped(layer, where, module, array(module.weight), array(module.bias))


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _max_pool(where: str, module: Any, _signal: Signal) -> Mapped:
    expect(where, module, {"padding": 0, "dilation": 1, "ceil_mode": False, "return_indices": False})
    return Mapped(MaxPool(_pair(module.kernel_size), _pair(module.stride)), where, module)


def _average_pool(where: str, module: Any, _signal: Signal) -> Mapped:
    expect(where, module, {"padding": 0, "ceil_mode": False, "divisor_override": None})
    return Mapped(AveragePool(_pair(module.kernel_size), _pair(module.stride)), where, module)


def _global_average_pool(where: str, module: Any, _signal: Signal) -> Mapped:
    if module.output_size not in (1, (1, 1)):
        raise InputError(f"{where}: got output_size={module.output_size}, expected nn.AdaptiveAvgPool2d(1)")
    return Mapped(GlobalAveragePool(), where, module)


def _norm_parameters(module: Any, shape: Shape) -> tuple[FloatArray, FloatArray]:
    """γ and β, which are 1 and 0 where the module has none."""
    gamma = np.ones(shape) if module.weight is None else array(module.weight).reshape(shape)
    beta = np.zeros(shape) if module.bias is None else array(module.bias).reshape(shape)
    return gamma, beta


def _batch_norm(where: str, module: Any, signal: Signal) -> Mapped:
    if signal.flat and len(signal.shape) > 1:
        raise InputError(f"{where}: got nn.BatchNorm1d of flattened maps, expected nn.BatchNorm2d before nn.Flatten()")
    if module.momentum is None:
        raise InputError(f"{where}: got momentum=None, expected a number: momentum=0.1")
    trains = _trained(where, [module.weight, module.bias])
    layer = BatchNorm(module.eps, module.momentum, trains=trains)
    if module.running_mean is not None and (module.running_mean.any() or (module.running_var != 1).any()):
        mean, variance = (tuple(array(of).tolist()) for of in (module.running_mean, module.running_var))
        layer = replace(layer, running_mean=mean, running_var=variance)
    return Mapped(layer, where, module, *_norm_parameters(module, signal.shape[:1]))


def _layer_norm(where: str, module: Any, signal: Signal) -> Mapped:
    if prod(module.normalized_shape) != prod(signal.shape):
        expected = list(signal.shape)
        raise InputError(
            f"{where}: got normalized_shape={list(module.normalized_shape)}, expected {expected}, all of it"
        )
    if (module.weight is None) != (module.bias is None):
        raise InputError(f"{where}: got nn.LayerNorm with bias=False, expected weight and bias, or neither")
    trains = _trained(where, [module.weight, module.bias])
    return Mapped(LayerNorm(module.eps, trains=trains), where, module, *_norm_parameters(module, signal.shape))


def _embedding(where: str, module: Any, signal: Signal) -> Mapped:
    expect(where, module, {"padding_idx": None, "max_norm": None, "scale_grad_by_freq": False, "sparse": False})
    if not module.weight.requires_grad:
        raise InputError(f"{where}.weight: got requires_grad=False, expected weights that are trained")
    if len(signal.shape) != 1:
        raise InputError(f"{where}: got nn.Embedding of pictures, expected tokens: inputs of shape samples×tokens")
    return Mapped(Embedding(module.num_embeddings, module.embedding_dim), where, module, array(module.weight))


LAYERS: dict[str, Callable[[str, Any, Signal], Mapped]] = {
    "Linear": _dense,
    "Conv2d": _convolution,
    "MaxPool2d": _max_pool,
    "AvgPool2d": _average_pool,
    "AdaptiveAvgPool2d": _global_average_pool,
    "BatchNorm1d": _batch_norm,
    "BatchNorm2d": _batch_norm,
    "LayerNorm": _layer_norm,
    "Embedding": _embedding,
    "Dropout": lambda where, module, _: Mapped(Dropout(module.p), where, module),
}
