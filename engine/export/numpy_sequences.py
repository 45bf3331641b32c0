"""A layer's lines of a NumPy script, for the kinds of layers that read sequences or tokens."""

from collections.abc import Callable
from math import prod
from typing import Any

from engine.export.numpy_lines import Code, CodeContext
from engine.layers import Attention, Embedding, Gru, Layer, Lstm, Position, Recurrent

# What a recurrent layer's activation is as a function, and its slope from a.
RECURRENT = {"tanh": ("np.tanh", "1 - {a}**2"), "relu": ("lambda z: np.maximum(z, 0)", "{a} > 0")}


def _embedding(_layer: Any, at: CodeContext) -> Code:
    k = at.k
    return Code(
        f"W{k}[{at.x}.astype(int)].reshape(len({at.x}), -1)", (f"dW{k} = embedding_backward(dz{k}, {at.x}, W{k})",)
    )


def _position(layer: Any, at: CodeContext) -> Code:
    k, time = at.k, layer.time
    if not layer.learned:
        before = f"waves{k} = np.tile(waves({time}, {prod(at.shape)}), ({at.rows // time}, 1))"
        return Code(f"{at.x} + waves{k}[: len({at.x})]", back=f"dz{k}", before=before)
    return Code(
        f"{at.x} + np.tile(W{k}, (len({at.x}) // {time}, 1))",
        (f"dW{k} = by_sequence(dz{k}, {time}).sum(axis=0)",),
        f"dz{k}",
    )


def _attention(layer: Any, at: CodeContext) -> Code:
    k, size = at.k, prod(at.shape)
    kept = f"q{k}, k{k}, v{k}, shares{k}, taken{k}"
    how = f"time={layer.time}, heads={layer.heads}, causal={layer.causal}"
    return Code(
        f"taken{k} @ W{k}[{3 * size} :].T" + (f" + B{k}[{3 * size} :]" if layer.bias else ""),
        (f"da{k - 1}, dW{k}, dB{k} = attention_backward(dz{k}, {at.x}, W{k}, {kept})",),
        first=f"{kept} = attention({at.x}, W{k}, {_bias(layer.bias, k, 4 * size)}, {how})",
    )


def _recurrent(layer: Any, at: CodeContext) -> Code:
    k = at.k
    function, slope = RECURRENT[layer.activation]
    how = f"time={layer.time}, bptt={layer.bptt or layer.time}"
    return Code(
        f"recurrent({at.x}, W{k}, {_bias(layer.biases, k, layer.neurons)}, initial{k}, {layer.time}, {function})",
        (
            f"dz{k} = through_time(dz{k}, {slope.format(a=f'a{k}')}, W{k}, {how})",
            f"dW{k} = dz{k}.T @ np.hstack([{at.x}, before(a{k}, initial{k}, {layer.time})])",
            *([f"dB{k} = dz{k}.sum(axis=0)"] if layer.biases else []),
        ),
        f"dz{k} @ W{k}[:, :{at.shape[0]}]",
        before=_initial(layer, k),
    )


def _gated(name: str, made: str) -> Callable[[Any, CodeContext], Code]:
    """The lines of an LSTM or a GRU, whose function returns what its backward function needs, the states last."""

    def code(layer: Any, at: CodeContext) -> Code:
        k, time = at.k, layer.time
        kept = ", ".join(f"{part}{k}" for part in (*made.split(), "states"))
        return Code(
            f"states{k}",
            (
                f"da{k - 1}, dW{k}, dB{k} = {name}_backward(",
                f"    dz{k}, {at.x}, W{k}, {kept}, initial{k}, time={time}, bptt={layer.bptt or time}",
                ")",
            ),
            first=f"{kept} = {name}({at.x}, W{k}, {_bias(layer.biases, k, 4 * layer.neurons)}, initial{k}, {time})",
            before=_initial(layer, k),
        )

    return code


def _bias(biases: int, k: int, count: int) -> str:
    return f"B{k}" if biases else f"np.zeros({count})"


def _initial(layer: Any, k: int) -> str:
    state = list(layer.initial or [0.0] * (len(layer.letters) * layer.neurons))
    return f"initial{k} = {state}  # what is remembered before the first step"


OF_SEQUENCES: dict[type[Layer], Callable[[Any, CodeContext], Code]] = {
    Embedding: _embedding,
    Position: _position,
    Attention: _attention,
    Recurrent: _recurrent,
    Lstm: _gated("lstm", "gates cells"),
    Gru: _gated("gru", "gates"),
}
