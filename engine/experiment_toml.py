"""An experiment as the text of a TOML file, which reads as the same experiment."""

import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from engine.arrays import FloatArray
from engine.experiment import Experiment
from engine.export.text import kind_of, literal
from engine.files import replacing
from engine.layers import Layer
from engine.layers.base import by_sequence

# Constants that count steps.
WHOLE = ("step_size", "T_max", "warm_up")


def write_toml(experiment: Experiment, path: Path) -> None:
    """Write the file of an experiment that compares learning rates, not runs.

    Raises:
        InputError: it cannot be written.
    """
    with replacing(path) as part:
        part.write_text(toml_text(experiment), encoding="utf-8")


def toml_text(experiment: Experiment) -> str:
    """The text of such a file."""
    network = experiment.network
    titles = {"name": experiment.name, "look_for": experiment.look_for}
    about = {"inputs": network.picture or network.inputs, "loss": network.loss, "deltas": network.deltas}
    sections = [
        _lines({key: words for key, words in titles.items() if words}),
        ["[network]", *_lines(about)],
        *(
            ["[[network.layers]]", *_lines(_layer(layer, weights, biases))]
            for layer, weights, biases in zip(network.layers, experiment.weights, experiment.biases, strict=True)
        ),
        *(
            ["[[samples]]", *_lines({"inputs": inputs, "targets": targets})]
            for inputs, targets in zip(*_samples(experiment), strict=True)
        ),
        ["[training]", *_lines(_training(experiment))],
    ]
    return "\n".join(chain.from_iterable([*lines, ""] for lines in sections if lines)).lstrip("\n")


def _samples(experiment: Experiment) -> tuple[FloatArray, FloatArray]:
    """Of each sample the inputs and the targets; of a sequence each step's, or the last's where it alone counts."""
    network = experiment.network
    if network.time == 1:
        return experiment.inputs.reshape(-1, *network.shapes[0]), experiment.targets
    inputs, targets = (by_sequence(of, network.time) for of in (experiment.inputs, experiment.targets))
    return inputs, targets[:, -1] if network.counted else targets


def _layer(layer: Layer, weights: FloatArray, biases: FloatArray) -> dict[str, Any]:
    """A layer's table: the keys whose values are not the defaults."""
    values = layer.written(weights, biases)
    return {"kind": kind_of(layer)} | {
        key: values[key] for key in layer.keys if _is_said(values[key], layer.keys[key].default)
    }


def _is_said(value: Any, default: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.size > 0
    return value is not None and value != default


def _training(experiment: Experiment) -> dict[str, Any]:
    method = experiment.method
    constants: dict[str, Any] = dict(method.constants)
    if "beta1" in constants:
        constants["betas"] = np.array([constants.pop("beta1"), constants.pop("beta2")])
    return {
        "steps": experiment.steps,
        "batch_size": method.batch_size // experiment.network.time,
        "reduction": method.reduction,
        "update": method.update,
        "learning_rate": experiment.learning_rate,
        "learning_rates": np.array(experiment.learning_rates),
        "optimizer": method.optimizer,
        "schedule": method.schedule,
        **{name: int(value) if name in WHOLE else value for name, value in constants.items()},
    }


def _lines(values: dict[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in values.items()]


def _value(value: Any) -> str:
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple | np.ndarray):
        return literal(np.asarray(value))
    return repr(value)
