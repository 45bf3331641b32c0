"""Readers of the values of a TOML file, each with a message that says where, what it got and what was expected."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from engine.errors import InputError

# From so many letters on, a word may be two letters away from the one that was meant; adamax is not adam.
LONG_WORD = 8

# Takes where a value stands in the file, and the value; raises an InputError that names it.
Reader = Callable[[str, Any], Any]
REQUIRED = object()


class Key(NamedTuple):
    """What reads a key's value, and what stands for it where it is absent."""

    read: Reader
    default: Any = None


Keys = Mapping[str, Key]


def read_table(where: str, table: Any, keys: Keys) -> dict[str, Any]:
    """The value of every key of a table.

    Raises:
        InputError: an unknown or a missing key, or a value that its reader refuses.
    """
    if not isinstance(table, dict):
        raise InputError(f"{where}: got {table!r}, expected a table with the keys {', '.join(keys)}")
    prefix = f"{where}." if where else ""
    for key in table:
        if key not in keys:
            raise InputError(f"unknown key '{prefix}{key}'{nearest(key, keys, prefix)}")
    for key, of in keys.items():
        if of.default is REQUIRED and key not in table:
            raise InputError(f"missing key '{prefix}{key}'")
    return {key: of.read(prefix + key, table[key]) if key in table else of.default for key, of in keys.items()}


def nearest(word: str, known: Iterable[str], prefix: str = "") -> str:
    """The end of a message about an unknown word: the known one most like it, or all of them."""
    names = list(known)
    close = min(names, key=lambda name: _letters_apart(word.lower(), name), default="")
    if close and _letters_apart(word.lower(), close) <= (1 if len(word) < LONG_WORD else 2):
        return f"; did you mean '{prefix}{close}'?"
    return f"; expected {', '.join(prefix + name for name in names)}"


def _letters_apart(one: str, other: str) -> int:
    """How many letters are to be put in, left out, changed or swapped with the next to make one word the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, above, row = row, before, [i]
        for j, wanted in enumerate(other, start=1):
            apart = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], wanted):
                apart = min(apart, above[j - 2] + 1)
            row.append(apart)
    return row[-1]


def number(expected: str, fits: Callable[[float], bool] = math.isfinite) -> Reader:
    """A reader of a finite number that fits, as the words `expected` say."""

    def read(where: str, value: Any) -> float:
        try:
            if not isinstance(value, bool) and math.isfinite(value) and fits(value):
                return float(value)
        except (TypeError, OverflowError):
            pass  # no number at all, or an integer beyond float64
        raise InputError(f"{where}: got {value!r}, expected {expected}")

    return read


def whole_number(least: int, most: int | None = None) -> Reader:
    """A reader of a whole number."""
    expected = f"a whole number from {least} " + ("up" if most is None else f"to {most}")

    def read(where: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least or (most and value > most):
            raise InputError(f"{where}: got {value!r}, expected {expected}")
        return value

    return read


def word(known: Collection[str]) -> Reader:
    """A reader of one of some words."""

    def read(where: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InputError(f"{where}: got {value!r}, expected {', '.join(known)}")
        if value not in known:
            raise InputError(f"{where}: got {value!r}{nearest(value, known)}")
        return value

    return read


def text(where: str, value: Any) -> str:
    """Read a text."""
    if not isinstance(value, str) or not value:
        raise InputError(f"{where}: got {value!r}, expected a text")
    return value


def text_or_number(where: str, value: Any) -> str:
    """Read a text, or a whole number from 1 up as one."""
    return text(where, value) if isinstance(value, str) else str(whole_number(1)(where, value))


def boolean(where: str, value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise InputError(f"{where}: got {value!r}, expected true or false")
    return value


def list_of(read_element: Reader, length: int | None = None) -> Reader:
    """A reader of a list, of any length but 0 unless one is given."""
    expected = "a list with at least one element" if length is None else f"a list of {length} elements"

    def read(where: str, value: Any) -> list[Any]:
        if not isinstance(value, list) or not value or len(value) != (length or len(value)):
            raise InputError(f"{where}: got {value!r}, expected {expected}")
        return [read_element(f"{where}[{index}]", element) for index, element in enumerate(value)]

    return read


def tables(keys: Keys) -> Reader:
    """A reader of an array of tables."""
    return list_of(lambda where, value: read_table(where, value, keys))


def boolean_or_list(where: str, value: Any) -> bool | list[float]:
    """Read true or false, or a list of numbers."""
    read: Reader = numbers if isinstance(value, list) else boolean
    result: bool | list[float] = read(where, value)
    return result


def number_or_list(where: str, value: Any) -> float | list[float]:
    """Read one number, or a list of them."""
    read: Reader = numbers if isinstance(value, list) else finite
    result: float | list[float] = read(where, value)
    return result


finite = number("a finite number")
from_0_up = number("a number from 0 up", lambda value: value >= 0)
above_0 = number("a number above 0", lambda value: value > 0)
share = number("a number from 0 to below 1", lambda value: 0 <= value < 1)
numbers = list_of(finite)


def nested_numbers(where: str, value: Any) -> Any:
    """Read numbers in lists in lists, however deep."""
    if not isinstance(value, list):
        return finite(where, value)
    return list_of(nested_numbers)(where, value)


def pair(read_element: Reader) -> Reader:
    """A reader of two values, for rows and columns; one value stands for both."""

    def read(where: str, value: Any) -> tuple[Any, Any]:
        both = value if isinstance(value, list) else [value, value]
        first, second = list_of(read_element, 2)(where, both)
        return first, second

    return read
