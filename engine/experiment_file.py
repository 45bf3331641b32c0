"""Reading an experiment from a TOML file."""

import math
import tomllib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.activations import ACTIVATIONS
from engine.arrays import FloatArray
from engine.errors import InputError, InputWarning
from engine.experiment import Experiment
from engine.experiment_tables import read_experiment
from engine.network import Network
from engine.reading import finite, list_of, numbers

FOLDER = Path(__file__).parent
# The tables of a file of the plain form, and their keys; all are required.
PLAIN_KEYS = {
    "network": ("weights",),
    "samples": ("inputs", "targets"),
    "training": ("steps", "learning_rate", "learning_rates"),
}


def packaged_experiments() -> dict[str, Path]:
    """The files of the experiments that come with the package, by name."""
    return {"default": FOLDER / "default.toml"} | {
        path.stem: path for path in sorted((FOLDER / "experiments").glob("*.toml"), key=lambda path: path.stem)
    }


def default_experiment() -> Experiment:
    """The packaged 2-2-2 experiment."""
    return load_experiment(FOLDER / "default.toml")


def load_experiment(path: Path | str) -> Experiment:
    """Read an experiment from a TOML file, or the packaged one of that name; engine/README.md tells the file's keys.

    Raises:
        InputError: the file is missing, is not TOML, or holds something else than an experiment.

    Warns:
        InputWarning: a target lies outside of what an output can be.
    """
    path = _find(Path(path))
    try:
        experiment = _parse(tomllib.loads(path.read_text(encoding="utf-8")), path.parent)
    except OSError as error:
        raise InputError(f"{path}: cannot read the experiment: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a TOML file: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not a TOML file: {error}") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    _warn_of_targets(path, experiment)
    return experiment


def _find(path: Path) -> Path:
    """The file of a packaged experiment, unless there is one of that name here."""
    packaged = packaged_experiments()
    if path.is_file() or path.suffix or path.name != str(path):
        return path
    if path.name not in packaged:
        raise InputError(f"{path}: neither a file nor a packaged experiment; expected {', '.join(packaged)}")
    return packaged[path.name]


def _warn_of_targets(path: Path, experiment: Experiment) -> None:
    activation = experiment.network.layers[-1].activation
    least, most = ACTIVATIONS[activation].least, ACTIVATIONS[activation].most
    for target in experiment.targets.ravel().tolist():
        if not least <= target <= most:
            expected = f"{least} to {most}" if math.isfinite(most) else f"{least} or more"
            warnings.warn(
                f"{path}: samples.targets: got {target:g}, expected {expected}, since an output is a {activation}; "
                "the loss cannot reach 0",
                InputWarning,
                stacklevel=3,
            )
            break


def _parse(document: dict[str, Any], folder: Path) -> Experiment:
    network = document.get("network")
    if isinstance(network, dict) and "weights" in network:
        return _plain_experiment(document)
    return read_experiment(document, folder)


def _plain_experiment(document: dict[str, Any]) -> Experiment:
    """The experiment of a file with `network.weights`: sigmoid layers without biases, and one sample."""
    _check_keys("", document, PLAIN_KEYS)
    samples = document["samples"]
    if not isinstance(samples, list) or len(samples) != 1:
        got = len(samples) if isinstance(samples, list) else repr(samples)
        raise InputError(f"samples: got {got}, expected exactly one [[samples]] table")
    for name, known in PLAIN_KEYS.items():
        _check_keys(f"{name}.", samples[0] if name == "samples" else document[name], known)
    training = document["training"]
    weights = tuple(
        _matrix(f"network.weights[{layer}]", rows)
        for layer, rows in enumerate(list_of(list_of(numbers))("network.weights", document["network"]["weights"]))
    )
    inputs = np.array([numbers("samples.inputs", samples[0]["inputs"])])
    return Experiment(
        network=Network.plain((inputs.shape[1], *map(len, weights))),
        weights=weights,
        inputs=inputs,
        targets=np.array([numbers("samples.targets", samples[0]["targets"])]),
        learning_rate=finite("training.learning_rate", training["learning_rate"]),
        learning_rates=tuple(numbers("training.learning_rates", training["learning_rates"])),
        steps=_steps("training.steps", training["steps"]),
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


def _matrix(where: str, rows: list[list[float]]) -> FloatArray:
    if len({len(row) for row in rows}) > 1:
        raise InputError(f"{where}: got rows of {', '.join(str(len(row)) for row in rows)}, expected equal lengths")
    return np.array(rows)


def _steps(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{where}: got {value!r}, expected a whole number from 1 up")
    return value
