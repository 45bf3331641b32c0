"""A layer's lines of a NumPy script, forward and backward, for each kind of layer."""

from collections.abc import Callable
from math import prod
from typing import Any

from engine.export.numpy_lines import Code, CodeContext
from engine.export.numpy_sequences import OF_SEQUENCES
from engine.layers import (
    AveragePool,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    GlobalAveragePool,
    Layer,
    LayerNorm,
    MaxPool,
    Residual,
)


def _dense(layer: Any, at: CodeContext) -> Code:
    k, is_map = at.k, len(at.shape) > 1
    x = f"{at.x}.reshape(len(t), -1)" if is_map else at.x
    bias = f" + B{k}" if layer.biases else ""
    own = layer.biases == layer.neurons
    back = f"dz{k} @ {at.back_through or f'W{k}'}"
    return Code(
        f"{x} @ W{k}.T{bias}",
        (
            f"dW{k} = dz{k}.T @ {x}",
            *([f"dB{k} = dz{k}.sum(axis=0)" if own else f"dB{k} = dz{k}.sum().reshape(1)"] if layer.biases else []),
        ),
        f"({back}).reshape({at.x}.shape)" if is_map else back,
    )


def _convolution(layer: Any, at: CodeContext) -> Code:
    k, own = at.k, layer.biases == layer.channels
    how = f"stride={layer.stride}, padding={layer.padding}"
    bias = f" + {f'by_channel(B{k}, {at.x})' if own else f'B{k}'}" if layer.biases else ""
    db = f"dB{k} = sum_by_channel(dz{k})" if own else f"dB{k} = dz{k}.sum().reshape(1)"
    backward = f"da{k - 1}, dW{k} = convolution_backward(dz{k}, {at.x}, W{k}, {how})"
    return Code(f"convolution({at.x}, W{k}, {how}){bias}", (backward, *([db] if layer.biases else [])))


def _pool(name: str) -> Callable[[Any, CodeContext], Code]:
    def code(layer: Any, at: CodeContext) -> Code:
        how = f"size={layer.size}, stride={layer.stride}"
        return Code(f"{name}({at.x}, {how})", back=f"{name}_backward(dz{at.k}, {at.x}, {how})")

    return code


def _global_average_pool(_layer: Any, at: CodeContext) -> Code:
    share = f"dz{at.k}[:, :, np.newaxis, np.newaxis] / {prod(at.shape[1:])}"
    return Code(f"{at.x}.mean(axis=(2, 3))", back=f"np.broadcast_to({share}, {at.x}.shape)")


def _batch_norm(layer: Any, at: CodeContext) -> Code:
    k, axes = at.k, (0, *range(2, len(at.shape) + 1))
    return Code(
        f"by_channel(W{k}, n{k}) * n{k} + by_channel(B{k}, n{k})",
        (f"dW{k} = sum_by_channel(dz{k} * n{k})", f"dB{k} = sum_by_channel(dz{k})") if layer.trains else (),
        f"normalized_backward(by_channel(W{k}, n{k}) * dz{k}, n{k}, deviation{k}, axes={axes})",
        first=f"n{k}, deviation{k} = normalized({at.x}, axes={axes}, eps={layer.eps})",
    )


def _layer_norm(layer: Any, at: CodeContext) -> Code:
    k, axes = at.k, tuple(range(1, len(at.shape) + 1))
    return Code(
        f"W{k} * n{k} + B{k}",
        (f"dW{k} = (dz{k} * n{k}).sum(axis=0)", f"dB{k} = dz{k}.sum(axis=0)") if layer.trains else (),
        f"normalized_backward(W{k} * dz{k}, n{k}, deviation{k}, axes={axes})",
        first=f"n{k}, deviation{k} = normalized({at.x}, axes={axes}, eps={layer.eps})",
    )


def _dropout(layer: Any, at: CodeContext) -> Code:
    k = at.k
    draw = f"np.random.default_rng({list(layer.seed)}).random({(at.rows, *at.shape)}) >= {layer.rate}"
    return Code(
        f"{at.x} * mask{k}",
        back=f"dz{k} * mask{k}",
        first=f"mask{k} = masks{k}[step * len(t) : (step + 1) * len(t)] / (1 - {layer.rate})",
        before=f"masks{k} = {draw}  # a mask for each sample of each step",
    )


CODE: dict[type[Layer], Callable[[Any, CodeContext], Code]] = {
    Dense: _dense,
    Convolution: _convolution,
    MaxPool: _pool("max_pool"),
    AveragePool: _pool("average_pool"),
    GlobalAveragePool: _global_average_pool,
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Dropout: _dropout,
    Residual: lambda layer, at: Code(f"{at.x} + a{layer.source}", back=f"dz{at.k}"),
    **OF_SEQUENCES,
}
