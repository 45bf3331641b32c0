"""Reading an experiment from a TOML file."""

import math
import tomllib
import warnings
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InputError, InputWarning
from engine.experiment import Experiment, FloatArray
from engine.network import Network

# Every table of the file and its keys; all are required.
KEYS = {
    "network": ("weights",),
    "samples": ("inputs", "targets"),
    "training": ("steps", "learning_rate", "learning_rates"),
}


def default_experiment() -> Experiment:
    """The packaged 2-2-2 experiment."""
    return _parse(files("engine").joinpath("default.toml").read_text(encoding="utf-8"))


def load_experiment(path: Path) -> Experiment:
    """Read an experiment from a TOML file laid out like `engine/default.toml`.

    Raises:
        InputError: the file is missing, is not TOML, or holds something else than an experiment.

    Warns:
        InputWarning: a target lies outside of what an output can be.
    """
    try:
        experiment = _parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot read the experiment: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a TOML file: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not a TOML file: {error}") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    for target in experiment.targets.ravel().tolist():
        if not 0 <= target <= 1:
            warnings.warn(
                f"{path}: samples.targets: got {target:g}, expected 0 to 1, since an output is a sigmoid; "
                "the loss cannot reach 0",
                InputWarning,
                stacklevel=2,
            )
            break
    return experiment


def _parse(text: str) -> Experiment:
    document = tomllib.loads(text)
    _check_keys("", document, KEYS)
    samples = document["samples"]
    if not isinstance(samples, list) or len(samples) != 1:
        raise InputError(f"samples: got {_count(samples)}, expected exactly one [[samples]] table")
    for name, keys in KEYS.items():
        _check_keys(f"{name}.", samples[0] if name == "samples" else document[name], keys)
    training = document["training"]
    weights = tuple(
        _matrix(f"network.weights[{layer}]", rows)
        for layer, rows in enumerate(_list("network.weights", document["network"]["weights"]))
    )
    inputs = np.array([_numbers("samples.inputs", samples[0]["inputs"])])
    return Experiment(
        network=Network.plain((inputs.shape[1], *map(len, weights))),
        weights=weights,
        inputs=inputs,
        targets=np.array([_numbers("samples.targets", samples[0]["targets"])]),
        learning_rate=_number("training.learning_rate", training["learning_rate"]),
        learning_rates=tuple(_numbers("training.learning_rates", training["learning_rates"])),
        steps=_whole_number("training.steps", training["steps"]),
    )


def _check_keys(where: str, table: Any, known: Mapping[str, Any] | tuple[str, ...]) -> None:
    if not isinstance(table, dict):
        raise InputError(f"{where.rstrip('.')}: got {table!r}, expected a table with the keys {', '.join(known)}")
    for key in table:
        if key not in known:
            raise InputError(f"unknown key '{where}{key}'; expected {', '.join(where + name for name in known)}")
    for key in known:
        if key not in table:
            raise InputError(f"missing key '{where}{key}'")


def _matrix(where: str, rows: Any) -> FloatArray:
    numbers = [_numbers(f"{where}[{index}]", row) for index, row in enumerate(_list(where, rows))]
    if len({len(row) for row in numbers}) > 1:
        raise InputError(f"{where}: got rows of {', '.join(str(len(row)) for row in numbers)}, expected equal lengths")
    return np.array(numbers)


def _numbers(where: str, value: Any) -> list[float]:
    return [_number(f"{where}[{index}]", item) for index, item in enumerate(_list(where, value))]


def _list(where: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InputError(f"{where}: got {value!r}, expected a list with at least one element")
    return value


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{where}: got {value!r}, expected a finite number")
    return float(value)


def _whole_number(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{where}: got {value!r}, expected a whole number from 1 up")
    return value


def _count(samples: Any) -> str:
    return f"{len(samples)}" if isinstance(samples, list) else repr(samples)
