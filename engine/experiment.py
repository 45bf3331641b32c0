"""An experiment: a network's first weights, its sample, the learning rates and the number of steps."""

import math
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, InputWarning

FloatArray = NDArray[np.float64]

# Every table of the file and its keys; all are required.
KEYS = {
    "network": ("weights",),
    "samples": ("inputs", "targets"),
    "training": ("steps", "learning_rate", "learning_rates"),
}


@dataclass(frozen=True, eq=False)
class Experiment:
    """What gradient descent starts from.

    Args:
        weights: one matrix for each layer, shaped (fan-out, fan-in).
        inputs: shaped (fan-in of the first layer,).
        targets: shaped (fan-out of the last layer,).
        learning_rate: η of the sheet's own run.
        learning_rates: η of each run of a sweep.
        steps: how many forward and backward passes.

    Raises:
        InputError: a shape does not fit its neighbour, a number is not finite, a learning rate is negative, or
            there is no step, layer or learning rate.
    """

    weights: tuple[FloatArray, ...]
    inputs: FloatArray
    targets: FloatArray
    learning_rate: float
    learning_rates: tuple[float, ...]
    steps: int

    def __post_init__(self) -> None:
        _check_shapes(self)
        if self.steps < 1:
            raise InputError(f"steps: got {self.steps}, expected a whole number from 1 up")
        if not self.learning_rates:
            raise InputError("learning rates: got none, expected at least one number from 0 up")
        for rate in (self.learning_rate, *self.learning_rates):
            if not (math.isfinite(rate) and rate >= 0):
                raise InputError(f"learning rate: got {rate:g}, expected a finite number from 0 up")

    def __eq__(self, other: object) -> bool:
        """Whether all numbers are the same."""
        if not isinstance(other, Experiment) or self.sizes != other.sizes:
            return False
        if (self.steps, self.learning_rate, self.learning_rates) != (
            other.steps,
            other.learning_rate,
            other.learning_rates,
        ):
            return False
        mine, theirs = ((*one.weights, one.inputs, one.targets) for one in (self, other))
        return all(map(np.array_equal, mine, theirs))

    __hash__ = None  # type: ignore[assignment] # arrays can change

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons in each layer, the inputs first: (2, 2, 2) for the default network."""
        return (len(self.inputs), *(len(matrix) for matrix in self.weights))


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
    for target in experiment.targets.tolist():
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
    return Experiment(
        weights=tuple(
            _matrix(f"network.weights[{layer}]", rows)
            for layer, rows in enumerate(_list("network.weights", document["network"]["weights"]))
        ),
        inputs=np.array(_numbers("samples.inputs", samples[0]["inputs"])),
        targets=np.array(_numbers("samples.targets", samples[0]["targets"])),
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


def _check_shapes(experiment: Experiment) -> None:
    if not experiment.weights:
        raise InputError("network.weights: got no layer, expected at least one matrix")
    before, whose = len(experiment.inputs), "input"
    for layer, matrix in enumerate(experiment.weights):
        if matrix.ndim != 2 or 0 in matrix.shape or matrix.shape[1] != before:
            raise InputError(
                f"network.weights[{layer}]: got shape {'×'.join(map(str, matrix.shape))}, "
                f"expected {before} columns, one for each {whose}"
            )
        before, whose = len(matrix), f"neuron of network.weights[{layer}]"
    if len(experiment.targets) != before:
        raise InputError(f"samples.targets: got {len(experiment.targets)}, expected {before}, one for each output")
    for array in (experiment.inputs, experiment.targets, *experiment.weights):
        if not np.isfinite(array).all():
            raise InputError("inputs, targets and weights: got nan or inf, expected finite numbers")


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
