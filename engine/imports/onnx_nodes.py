"""What each node of ONNX adds to a chain of layers."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from engine.activations import ACTIVATIONS, LEAK, leaky_relu_name
from engine.arrays import FloatArray, Shape
from engine.errors import InputError
from engine.layers import AveragePool, Convolution, Dense, GlobalAveragePool, Layer, MaxPool, Residual
from engine.layers.windows import Pair

Attributes = dict[str, Any]


@dataclass
class Chain:
    """The layers so far, one after another, with their weights and biases.

    Attributes:
        inputs: the shape of what goes into the first layer; shape: of what comes out of the last.
        flat: whether ONNX has flattened it.
        scale, shift: what the first layer gets of an input x is scale·x + shift.
        signals: how many layers a tensor has behind it, by its name.
        given: the arrays that the file holds, by their names.
    """

    inputs: Shape
    signals: dict[str, int]
    given: dict[str, FloatArray]
    layers: list[Layer] = field(default_factory=list)
    weights: list[FloatArray] = field(default_factory=list)
    biases: list[FloatArray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shape, self.flat = self.inputs, len(self.inputs) == 1
        self.scale, self.shift = np.ones(self.inputs), np.zeros(self.inputs)

    def add(
        self, where: str, layer: Layer, weights: FloatArray | None = None, biases: FloatArray | None = None
    ) -> None:
        """Put a layer behind the others."""
        if problem := layer.problem(self.shape):
            raise InputError(f"{where}: {problem}")
        self.layers.append(layer)
        self.weights.append(np.empty(0) if weights is None else weights)
        self.biases.append(np.empty(0) if biases is None else biases)
        self.shape = layer.shape(self.shape)
        self.flat = self.flat or len(self.shape) == 1

    def array(self, where: str, name: str) -> FloatArray:
        """An array that the file holds."""
        if name not in self.given:
            raise InputError(f"{where}: got {name}, which another node computes, expected weights that the file holds")
        return self.given[name]


def _expect(where: str, attributes: Attributes, wanted: Attributes) -> None:
    """Raise unless the attributes are these, or not said."""
    for name, value in wanted.items():
        got = attributes.get(name, value)
        if got != value:
            raise InputError(f"{where}: got {name}={got}, expected {name}={value}")


def _gemm(chain: Chain, where: str, names: list[str], attributes: Attributes) -> None:
    _expect(where, attributes, {"alpha": 1.0, "beta": 1.0, "transA": 0})
    if not chain.flat:
        raise InputError(f"{where}: got Gemm over maps, expected Flatten before it")
    weights = chain.array(where, names[1])
    weights = weights if attributes.get("transB") else weights.T
    biases = chain.array(where, names[2]).reshape(-1) if len(names) > 2 else np.empty(0)
    if len(biases) not in (0, len(weights)):
        raise InputError(f"{where}: got {len(biases)} biases, expected {len(weights)}, one for each output")
    chain.add(where, Dense(len(weights), "identity", len(biases)), weights, biases)


def _conv(chain: Chain, where: str, names: list[str], attributes: Attributes) -> None:
    _expect(where, attributes, {"group": 1, "dilations": [1, 1], "auto_pad": b"NOTSET"})
    weights = chain.array(where, names[1])
    biases = chain.array(where, names[2]) if len(names) > 2 else np.empty(0)
    pads = attributes.get("pads", [0, 0, 0, 0])
    if pads[:2] != pads[2:]:
        raise InputError(f"{where}: got pads={pads}, expected as many zeros before as behind")
    if weights.ndim != 4:
        raise InputError(f"{where}: got a kernel of {weights.ndim - 2} dimensions, expected rows and columns")
    kernel: Pair = (weights.shape[2], weights.shape[3])
    padding: Pair = (pads[0], pads[1])
    layer = Convolution(len(weights), kernel, _pair(attributes, "strides"), padding, biases=len(biases))
    chain.add(where, layer, weights, biases)


def _pair(attributes: Attributes, name: str) -> Pair:
    rows, columns = attributes.get(name, (1, 1))
    return rows, columns


def _pool(kind: type[MaxPool | AveragePool]) -> "Add":
    def add(chain: Chain, where: str, _names: list[str], attributes: Attributes) -> None:
        plain = {"pads": [0, 0, 0, 0], "dilations": [1, 1], "ceil_mode": 0, "auto_pad": b"NOTSET"}
        _expect(where, attributes, plain)
        chain.add(where, kind(_pair(attributes, "kernel_shape"), _pair(attributes, "strides")))

    return add


def _batch_normalization(chain: Chain, where: str, names: list[str], attributes: Attributes) -> None:
    """The layer before takes it in: y = scale·(x − mean)/√(var + ε) + shift, with the mean and variance of training."""
    _expect(where, attributes, {"training_mode": 0})
    scale, shift, mean, variance = (chain.array(where, name) for name in names[1:5])
    factor = scale / np.sqrt(variance + attributes.get("epsilon", 1e-5))
    last = chain.layers[-1] if chain.layers else None
    if not isinstance(last, Dense | Convolution) or last.activation != "identity":
        chain.add(where, *_by_channel(chain, factor, shift - mean * factor))
        return
    weights, biases = chain.weights[-1], chain.biases[-1]
    chain.weights[-1] = weights * factor.reshape(-1, *(1,) * (weights.ndim - 1))
    chain.biases[-1] = ((biases if len(biases) else 0) - mean) * factor + shift
    chain.layers[-1] = replace(last, biases=len(factor))


def _by_channel(chain: Chain, factor: FloatArray, shift: FloatArray) -> tuple[Layer, FloatArray, FloatArray]:
    """factor·x + shift of each channel, behind what can't take it in: as a convolution of 1×1, or as a dense layer."""
    matrix, count = np.diag(factor), len(factor)
    if chain.flat:
        return Dense(count, "identity", count), matrix, shift
    return Convolution(count, (1, 1), biases=count), matrix[:, :, np.newaxis, np.newaxis], shift


def _arithmetic(operator: str) -> "Add":
    """A normalization of the inputs, before the first layer; of two tensors a sum alone is a layer."""

    def add(chain: Chain, where: str, names: list[str], _attributes: Attributes) -> None:
        if operator == "+" and not any(name in chain.given for name in names):
            _residual(chain, where, names)
            return
        if chain.layers or names[0] in chain.given:
            what = "behind a layer" if chain.layers else "with a number first"
            raise InputError(f"{where}: got it {what}, expected it of the inputs alone, before the first layer")
        number = chain.array(where, names[1])
        number = number[0] if number.ndim > len(chain.inputs) else number
        if operator in "+-":
            chain.shift = chain.shift + (number if operator == "+" else -number)
        else:
            factor = number if operator == "*" else 1 / number
            chain.scale, chain.shift = chain.scale * factor, chain.shift * factor

    return add


def _reshape(chain: Chain, where: str, names: list[str], _attributes: Attributes) -> None:
    """What ONNX has for flattening where a network's author wrote `view`."""
    shape = chain.array(where, names[1]).astype(int).tolist()
    if len(shape) != 2 or shape[1] not in (-1, prod(chain.shape)):
        raise InputError(f"{where}: got a Reshape to {shape}, expected one that flattens: samples×{prod(chain.shape)}")
    chain.flat = True


def _flatten(chain: Chain, where: str, _names: list[str], attributes: Attributes) -> None:
    _expect(where, attributes, {"axis": 1})
    chain.flat = True


def _residual(chain: Chain, where: str, names: list[str]) -> None:
    """A residual connection: one of the two tensors is what the last layer puts out, the other one from before."""
    earlier = [chain.signals[name] for name in names if chain.signals.get(name, len(chain.layers)) < len(chain.layers)]
    if len(earlier) != 1:
        raise InputError(f"{where}: got Add of {' and '.join(names)}, expected the last layer's and an earlier one's")
    chain.add(where, Residual(earlier[0]))


def _activation(name: str) -> "Add":
    def add(chain: Chain, where: str, _names: list[str], attributes: Attributes) -> None:
        if not chain.layers or chain.layers[-1].activation != "identity":
            what = "after another activation" if chain.layers else "over the inputs"
            raise InputError(f"{where}: got it {what}, expected it behind a layer")
        if name == "softmax" and attributes.get("axis", -1) not in (1, -1):
            raise InputError(f"{where}: got axis={attributes['axis']}, expected axis=1")
        slope = float(str(np.float32(attributes.get("alpha", LEAK))))  # a file has it in float32
        own = leaky_relu_name(slope) if name == "leaky-relu" else name
        if own not in ACTIVATIONS:
            raise InputError(f"{where}: got alpha={slope:g}, expected a slope from 0 to 1")
        chain.layers[-1] = chain.layers[-1].with_activation(own)

    return add


# What a node adds to a chain, from its name in messages, the names of its inputs, and its attributes.
Add = Callable[[Chain, str, list[str], Attributes], None]
NODES: dict[str, Add] = {
    "Gemm": _gemm,
    "Conv": _conv,
    "MaxPool": _pool(MaxPool),
    "AveragePool": _pool(AveragePool),
    "GlobalAveragePool": lambda chain, where, _names, _attributes: chain.add(where, GlobalAveragePool()),
    "BatchNormalization": _batch_normalization,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Add": _arithmetic("+"),
    "Sub": _arithmetic("-"),
    "Mul": _arithmetic("*"),
    "Div": _arithmetic("/"),
    "Cast": lambda _chain, _where, _names, _attributes: None,
    "Identity": lambda _chain, _where, _names, _attributes: None,
    "Relu": _activation("relu"),
    "LeakyRelu": _activation("leaky-relu"),
    "Sigmoid": _activation("sigmoid"),
    "Tanh": _activation("tanh"),
    "Softmax": _activation("softmax"),
}
