"""An experiment from the tables of its file."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from engine.arrays import FloatArray
from engine.errors import InputError
from engine.experiment import Experiment, Run
from engine.experiment_keys import CONSTANTS, FILE
from engine.experiment_samples import read_samples, steps_in_time
from engine.experiment_words import in_numbers
from engine.layers import LAYERS, Layer
from engine.layers.base import LayerContext
from engine.network import Method, Network
from engine.optimizers import DECAYS, OPTIMIZERS, SCHEDULES, TAKERS
from engine.reading import read_table

# The sweep of an experiment that names none, as powers of ten around its learning rate.
SWEEP = range(-2, 3)
Values = Mapping[str, Any]


def read_experiment(document: dict[str, Any], folder: Path) -> Experiment:
    """The experiment that a file with [[network.layers]] describes.

    Args:
        document: the file's tables.
        folder: where the file lies, which `data` is relative to.

    Raises:
        InputError: a key or a value that is unknown, missing, or does not fit the others.
    """
    tables = read_table("", in_numbers(document, folder), FILE)
    training = tables["training"]
    time = steps_in_time(tables)
    network, weights, biases = _network(tables["network"], time)
    if time != network.time:
        raise InputError(
            "samples[0].inputs: got a sequence, expected a list of numbers, as no layer reads other steps of it; "
            "recurrent, lstm, gru, position and attention do"
        )
    samples = read_samples(tables, folder, network)
    network = replace(network, counted=not samples.counted.all())
    runs = [
        _run(f"training.runs[{number}]", run, training, network.time, len(samples.inputs))
        for number, run in enumerate(training["runs"])
    ]
    if runs and training["learning_rates"]:
        raise InputError("training.runs: got them beside training.learning_rates, expected one of the two")
    own = _run("training", training, training, network.time, len(samples.inputs))
    return Experiment(
        network=network,
        weights=weights,
        inputs=samples.inputs,
        targets=samples.targets,
        counted=samples.counted,
        learning_rate=own.learning_rate,
        learning_rates=tuple(training["learning_rates"] or rates_around(own.learning_rate)),
        steps=training["steps"],
        biases=biases,
        method=own.method,
        runs=tuple(runs),
        vocabulary=tables["network"]["vocabulary"],
        name=_one_line(tables["name"]),
        look_for=_one_line(tables["look_for"]),
    )


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _network(tables: Values, time: int) -> tuple[Network, tuple[FloatArray, ...], tuple[FloatArray, ...]]:
    """The network with its first weights and biases, an array for each layer."""
    generator = np.random.default_rng(tables["seed"])
    inputs = tables["inputs"]
    layers: list[Layer] = []
    numbers: dict[str, int] = {}
    for number, values in enumerate(tables["layers"]):
        layers.append(_layer(f"network.layers[{number}]", values, LayerContext(number, numbers, tables["seed"], time)))
        numbers |= {name: number for name in (str(number + 1), values["name"]) if name}
    picture = inputs if len(inputs) > 1 else ()
    network = Network(prod(inputs), tuple(layers), tables["loss"], tables["deltas"], picture)
    first = [
        layer.first_parameters(f"network.layers[{number}]", values, shape, generator)
        for number, (layer, values, shape) in enumerate(zip(layers, tables["layers"], network.shapes, strict=False))
    ]
    return network, tuple(weights for weights, _ in first), tuple(biases for _, biases in first)


def _layer(where: str, values: Values, context: LayerContext) -> Layer:
    try:
        return LAYERS[values["kind"]].read(values, context)
    except InputError as error:
        raise InputError(f"{where}.{error}") from None


def _run(where: str, given: Values, training: Values, time: int, rows: int) -> Run:
    """A run by its own keys and, where it leaves them out, those of [training].

    `batch_size` counts samples in the file, and in a Method their rows.
    """
    run = {**training, **{key: value for key, value in given.items() if value is not None}}
    _check_constants(where, given, run["optimizer"], run["schedule"])
    method = Method(
        batch_size=rows if run["batch_size"] is None else run["batch_size"] * time,
        reduction=run["reduction"],
        optimizer=run["optimizer"],
        schedule=run["schedule"],
        update=run["update"],
        constants=tuple(_constants(run).items()),
    )
    return Run(run["learning_rate"], method)


def _check_constants(where: str, given: Values, optimizer: str, schedule: str) -> None:
    for key in CONSTANTS:
        name = "beta1" if key == "betas" else key
        of = TAKERS.get(name, [])
        if given[key] is not None and key not in DECAYS and not {optimizer, schedule} & set(of):
            raise InputError(
                f"{where}.{key}: got it with {optimizer} and {schedule}, expected it with {' or '.join(of)}"
            )


def _constants(run: Values) -> dict[str, float]:
    """The optimizer's constants and the schedule's, in that order, by the names that the engine has for them."""
    values = {key: run[key] for key in CONSTANTS if run[key] is not None}
    if "betas" in values:
        values["beta1"], values["beta2"] = values["betas"]
    decay = {name: values[name] for name in DECAYS if name in values}
    defaults = {**OPTIMIZERS[run["optimizer"]].constants, **decay, **SCHEDULES[run["schedule"]].constants}
    if "T_max" in defaults:
        defaults["T_max"] = run["steps"]
    return {name: float(values.get(name, default)) for name, default in defaults.items()}


def rates_around(rate: float) -> list[float]:
    """A sweep by powers of ten; by decimals, since 0.7 / 100 is 0.006999999999999999."""
    return sorted({float(Decimal(repr(rate)).scaleb(power)) for power in SWEEP})
