"""Reading the first weights and biases of the kinds of layers that have some."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.arrays import FloatArray, Shape
from engine.errors import InputError
from engine.initial_weights import INITS, initial_weights
from engine.reading import Key, Keys, boolean, list_of, nested_numbers, number_or_list, word

KEYS: Keys = {
    "weights": Key(list_of(nested_numbers)),
    "init": Key(word(INITS)),
    "bias": Key(number_or_list),
    "train_bias": Key(boolean, default=True),
}


def read_weights(
    where: str,
    values: Mapping[str, Any],
    shape: Shape,
    each: tuple[str, ...],
    generator: np.random.Generator,
    key: str = "weights",
) -> FloatArray:
    """The weights of a table's key, as they are given or drawn: `shape`, of which `each` names the things counted."""
    given, init = values[key], values["init"]
    if (given is None) == (init is None):
        got = "neither" if given is None else "both"
        raise InputError(f"{where}: got {got} of {key} and init, expected one of them")
    if given is None:
        return initial_weights(init, shape, generator)
    _check(f"{where}.{key}", given, shape, each)
    return np.array(given, dtype=float)


def _check(where: str, given: Any, shape: Shape, each: tuple[str, ...]) -> None:
    what = "number" if len(shape) == 1 else "row" if len(shape) == 2 else "list"
    if not isinstance(given, list):
        raise InputError(f"{where}: got {given!r}, expected a list with at least one element")
    if len(given) != shape[0]:
        several = "s" * (len(given) != 1)
        raise InputError(f"{where}: got {len(given)} {what}{several}, expected {shape[0]}, one for each {each[0]}")
    for index, element in enumerate(given):
        if len(shape) > 1:
            _check(f"{where}[{index}]", element, shape[1:], each[1:])
        elif isinstance(element, list):
            raise InputError(f"{where}[{index}]: got {element!r}, expected a finite number")


def read_bias(where: str, given: float | list[float] | None, count: int, each: str) -> FloatArray:
    """One number for each neuron or channel, one that all share, or none."""
    if isinstance(given, list):
        return read_list(f"{where}.bias", given, count, each, ", or one number without brackets for all")
    return np.array([] if given is None else [given], dtype=float)


def read_list(where: str, given: list[float], count: int, each: str, otherwise: str = "") -> FloatArray:
    """Read a list of so many numbers."""
    if len(given) != count:
        raise InputError(f"{where}: got {so_many(len(given))}, expected {count}, one for each {each}{otherwise}")
    return np.array(given, dtype=float)


def so_many(count: int) -> str:
    """Such as `3 numbers`."""
    return f"{count} number{'s' * (count != 1)}"


def bias_count(given: float | list[float] | None) -> int:
    """How many biases a table's `bias` makes."""
    return 0 if given is None else len(np.ravel(given))


def written(weights: FloatArray, biases: FloatArray, count: int) -> dict[str, Any]:
    """What a table says of them; a number where all neurons or channels, so many, share one bias."""
    return {"weights": weights, "bias": float(biases[0]) if len(biases) == 1 < count else biases}


def bias_problem(biases: int, count: int, each: str) -> str | None:
    """What is wrong with so many biases."""
    if biases in (0, 1, count):
        return None
    return f"bias: got {biases} numbers, expected {count}, one for each {each}, or one number for all"
