"""Reading an experiment from a TOML file."""

import math
import tomllib
import warnings
from pathlib import Path
from typing import Any

from engine.activations import ACTIVATIONS
from engine.errors import InputError, InputWarning
from engine.experiment import Experiment
from engine.experiment_tables import read_experiment
from engine.reading import list_of, numbers

FOLDER = Path(__file__).parent


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
    if path.is_file():
        return path
    if path.name == f"{path.stem}.toml" and path.stem in packaged:
        raise InputError(f"{path}: no such file; the packaged experiment is named {path.stem}")
    if path.suffix or path.name != str(path):
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
    if isinstance(network, dict) and "weights" in network and "layers" not in network:
        document = {**document, "network": _with_layers(network)}
    return read_experiment(document, folder)


def _with_layers(network: dict[str, Any]) -> dict[str, Any]:
    """The table of a file with `network.weights`, which stands for sigmoid layers without biases or errors."""
    weights = list_of(list_of(numbers))("network.weights", network["weights"])
    return {
        "inputs": len(weights[0][0]),
        "layers": [{"neurons": len(matrix), "weights": matrix} for matrix in weights],
        "deltas": False,
        **{key: value for key, value in network.items() if key != "weights"},
    }
