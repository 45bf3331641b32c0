"""A network of other than dense layers as a line of text on its sheet, which the audit reads back.

Of dense layers the headers tell how many neurons there are; of a kernel's size, a stride or a rate they tell nothing.
"""

import re
from ast import literal_eval
from dataclasses import MISSING, fields
from math import prod

from engine import Columns, InputError, Layer, Network
from engine.layers import LAYERS

BEGINS = "Network: inputs "
FIELD = re.compile(r"(\w+)=(\([\d., e+-]*\)|[\w.+-]+(?:\([\w.+-]+\))?)")
# What is read may be anybody's: a larger one is no table on a sheet.
MOST = 16_384


def network_line(columns: Columns) -> str | None:
    """Such as `Network: inputs 1x6x6; convolution channels=2 kernel=(3, 3); dense neurons=2; loss=cross-entropy`.

    None where the headers tell all of every layer.
    """
    network = columns.network
    if all(layer.told_by_size for layer in network.layers):
        return None
    inputs = "x".join(map(str, network.shapes[0]))
    return "; ".join([BEGINS + inputs, *map(_layer_text, network.layers), f"loss={network.loss}"])


def _layer_text(layer: Layer) -> str:
    kind = next(name for name, of in LAYERS.items() if of is type(layer))
    values = {field.name: (getattr(layer, field.name), field.default) for field in fields(layer)}  # type: ignore[arg-type] # a dataclass
    return " ".join([kind, *(f"{name}={value}" for name, (value, default) in values.items() if value != default)])


def read_network(text: str, *, deltas: bool, counted: bool = False) -> Network | None:
    """The network of such a line; None where it is none, or a larger one than a sheet holds."""
    if not text.startswith(BEGINS):
        return None
    inputs, *layers, loss = text.removeprefix(BEGINS).split("; ")
    try:
        picture = tuple(map(int, inputs.split("x")))
        read = tuple(map(_layer, layers))
        if not _fits(picture, read):
            return None
        shape = picture if len(picture) > 1 else ()
        return Network(prod(picture), read, loss.removeprefix("loss="), deltas, shape, counted)
    except (InputError, KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _layer(text: str) -> Layer:
    kind, _, rest = text.partition(" ")
    values = {name: _value(value) for name, value in FIELD.findall(rest)}
    of = LAYERS[kind]
    for field in fields(of):  # type: ignore[arg-type] # a dataclass
        value = values.get(field.name, field.default)
        expected = type(field.default) if field.default is not MISSING else (int, float, tuple)
        if not isinstance(value, expected):
            raise TypeError(f"{field.name}={value}")
    return of(**values)


def _value(text: str) -> object:
    return literal_eval(text) if re.match(r"[\d(+-]|True|False", text) else text


def _fits(picture: tuple[int, ...], layers: tuple[Layer, ...]) -> bool:
    """Whether all numbers of the network find room on a sheet; each layer is asked only if those before it do."""
    shape, count = picture, prod(picture)
    for number, layer in enumerate(layers):
        if not 0 < count <= MOST or min(layer.reads(number)) < 0 or max(layer.reads(number)) > number:
            return False
        if layer.problem(shape):
            return False
        weights = sum(prod(of) for of in layer.parameters(shape).values())
        shape = layer.shape(shape)
        count += weights + prod(shape)
    return bool(layers) and 0 < count <= MOST
