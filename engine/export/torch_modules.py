"""What each kind of layer is in torch: the modules that stand for it."""

from collections.abc import Callable
from math import prod
from typing import Any

from engine.arrays import Shape
from engine.errors import InputError
from engine.layers import (
    Attention,
    AveragePool,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePool,
    Gru,
    Layer,
    LayerNorm,
    Lstm,
    MaxPool,
    Position,
    Recurrent,
    Residual,
)

Pair = tuple[int, int]


def _dense(layer: Any, shape: Shape) -> list[str]:
    inputs, own = prod(shape), layer.biases == layer.neurons
    return [
        *(["nn.Flatten()"] if len(shape) > 1 else []),
        f"nn.Linear({inputs}, {layer.neurons}{'' if own else ', bias=False'})",
        *(["SharedBias()"] if layer.biases and not own else []),
    ]


def _convolution(layer: Any, shape: Shape) -> list[str]:
    own = layer.biases == layer.channels
    said = [
        *(str(size) for size in (shape[0], layer.channels, _pair(layer.kernel))),
        *([f"stride={_pair(layer.stride)}"] if layer.stride != (1, 1) else []),
        *([f"padding={_pair(layer.padding)}"] if layer.padding != (0, 0) else []),
        *([] if own else ["bias=False"]),
    ]
    return [f"nn.Conv2d({', '.join(said)})", *(["SharedBias()"] if layer.biases and not own else [])]


def _pool(name: str) -> Callable[[Any, Shape], list[str]]:
    return lambda layer, _: [f"nn.{name}({_pair(layer.size)}, {_pair(layer.stride)})"]


def _batch_norm(layer: Any, shape: Shape) -> list[str]:
    return [f"nn.BatchNorm{len(shape) - 1 or 1}d({shape[0]}, eps={layer.eps}, momentum={layer.momentum})"]


def _recurrent(layer: Any, shape: Shape, *more: str) -> list[str]:
    if layer.bptt:
        raise InputError(f"bptt: got {layer.bptt}, expected none: a script lets errors flow back through all steps")
    initial = list(layer.initial or [0.0] * (len(layer.letters) * layer.neurons))
    said = ", ".join([str(shape[0]), str(layer.neurons), str(layer.biases > 0), str(initial), *more])
    return [f"{type(layer).__name__}({said})"]


def _embedding(layer: Any, _shape: Shape) -> list[str]:
    return [f"Embedding({layer.tokens}, {layer.features})"]


def _position(layer: Any, shape: Shape) -> list[str]:
    return [f"{'Position' if layer.learned else 'Waves'}({layer.time}, {prod(shape)})"]


def _attention(layer: Any, shape: Shape) -> list[str]:
    return [f"Attention({prod(shape)}, heads={layer.heads}, bias={layer.bias}, causal={layer.causal})"]


# Layers of maps have no steps, and torch takes the mean and variance of a norm over another axis.
OF_SEQUENCES = (Dense, Dropout, Embedding, Position, Attention, LayerNorm, Residual, Recurrent, Lstm, Gru)
MODULES: dict[type[Layer], Callable[[Any, Shape], list[str]]] = {
    Dense: _dense,
    Convolution: _convolution,
    MaxPool: _pool("MaxPool2d"),
    AveragePool: _pool("AvgPool2d"),
    GlobalAveragePool: lambda _layer, _shape: ["nn.AdaptiveAvgPool2d(1)", "nn.Flatten()"],
    BatchNorm: _batch_norm,
    Recurrent: lambda layer, shape: _recurrent(layer, shape, f"torch.{layer.activation}"),
    **dict.fromkeys((Lstm, Gru), _recurrent),
    Embedding: _embedding,
    Position: _position,
    Attention: _attention,
    LayerNorm: lambda layer, shape: [f"nn.LayerNorm({list(shape)}, eps={layer.eps})"],
}

# Those whose modules have the activation inside.
ACTIVATION_INSIDE = (Recurrent,)


def _pair(pair: Pair) -> int | Pair:
    return pair[0] if pair[0] == pair[1] else pair
