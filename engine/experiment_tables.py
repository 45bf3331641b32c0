"""An experiment from the tables of its file: what the keys mean together."""

import csv
from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from engine.arrays import FloatArray, Shape
from engine.columns import Columns
from engine.errors import InputError
from engine.experiment import Experiment, Run
from engine.experiment_keys import CONSTANTS, FILE
from engine.layers import LAYERS, Layer
from engine.network import Method, Network
from engine.optimizers import OPTIMIZERS, SCHEDULES, TAKERS
from engine.reading import finite, read_table

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
    tables = read_table("", document, FILE)
    training = tables["training"]
    network, weights, biases = _network(tables["network"])
    inputs, targets = _samples(tables, folder, network)
    runs = [_run(f"training.runs[{number}]", run, training, len(inputs)) for number, run in enumerate(training["runs"])]
    if runs and training["learning_rates"]:
        raise InputError("training.runs: got them beside training.learning_rates, expected one of the two")
    own = _run("training", training, training, len(inputs))
    return Experiment(
        network=network,
        weights=weights,
        inputs=inputs,
        targets=targets,
        learning_rate=own.learning_rate,
        learning_rates=tuple(training["learning_rates"] or _rates_around(own.learning_rate)),
        steps=training["steps"],
        biases=biases,
        method=own.method,
        runs=tuple(runs),
        name=_one_line(tables["name"]),
        look_for=_one_line(tables["look_for"]),
    )


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _network(tables: Values) -> tuple[Network, tuple[FloatArray, ...], tuple[FloatArray, ...]]:
    """The network with its first weights and biases, an array for each layer."""
    generator = np.random.default_rng(tables["seed"])
    inputs = tables["inputs"]
    layers: list[Layer] = []
    numbers: dict[str, int] = {}
    for number, values in enumerate(tables["layers"]):
        layers.append(_layer(f"network.layers[{number}]", values, number, numbers, tables["seed"]))
        numbers |= {name: number for name in (str(number + 1), values["name"]) if name}
    picture = inputs if len(inputs) > 1 else ()
    network = Network(prod(inputs), tuple(layers), tables["loss"], tables["deltas"], picture)
    first = [
        layer.first_parameters(f"network.layers[{number}]", values, shape, generator)
        for number, (layer, values, shape) in enumerate(zip(layers, tables["layers"], network.shapes, strict=False))
    ]
    return network, tuple(weights for weights, _ in first), tuple(biases for _, biases in first)


def _layer(where: str, values: Values, number: int, layers: Mapping[str, int], seed: int) -> Layer:
    try:
        return LAYERS[values["kind"]].read(values, number, layers, seed)
    except InputError as error:
        raise InputError(f"{where}.{error}") from None


def _samples(tables: Values, folder: Path, network: Network) -> tuple[FloatArray, FloatArray]:
    """Inputs and targets, shaped (samples, inputs) and (samples, outputs)."""
    if tables["samples"] and tables["data"]:
        raise InputError("data: got it beside [[samples]], expected one of the two")
    if tables["data"]:
        return _read_data(folder / tables["data"], network)
    if not tables["samples"]:
        raise InputError("missing key 'samples', or 'data' for a CSV file of them")
    arrays = []
    for key, expected, each in (("inputs", network.inputs, "input"), ("targets", network.sizes[-1], "output")):
        for number, sample in enumerate(tables["samples"]):
            _check_nesting(f"samples[{number}].{key}", sample[key], network.picture if key == "inputs" else ())
            given = list(_flat(sample[key]))
            if len(given) != expected:
                raise InputError(
                    f"samples[{number}].{key}: got {_numbers(given)}, expected {expected}, one for each {each}"
                )
        arrays.append(np.array([list(_flat(sample[key])) for sample in tables["samples"]]))
    return arrays[0], arrays[1]


def _check_nesting(where: str, numbers: list[Any], picture: Shape) -> None:
    """A sample is flat, or nested as the picture's shape says."""
    if not any(isinstance(element, list) for element in numbers):
        return
    rows = [row for channel in numbers for row in (channel if isinstance(channel, list) else [channel])]
    lengths = {(len(row) if isinstance(row, list) else 1) for row in rows}
    if not picture or (len(numbers), len(rows), lengths) != (picture[0], picture[0] * picture[1], {picture[2]}):
        expected = "×".join(map(str, picture)) + " nested lists, channels of rows, or " if picture else ""
        raise InputError(f"{where}: got lists in a list, expected {expected}a list of numbers")


def _flat(numbers: Any) -> Iterator[float]:
    """The numbers of nested lists, in their order."""
    if not isinstance(numbers, list):
        yield numbers
        return
    for element in numbers:
        yield from _flat(element)


def _read_data(path: Path, network: Network) -> tuple[FloatArray, FloatArray]:
    """The samples of a CSV file with the columns i1, i2, ... and t1, t2, ..., in any order."""
    columns = Columns(network)
    expected = [*columns.input_names, *columns.target_names]
    try:
        # Excel begins a CSV file with a byte order mark.
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            header = [name.strip() for name in next(lines, [])]
            if sorted(header) != sorted(expected):
                got = ", ".join(header) or "none"
                raise InputError(f"data: {path.name}: got the columns {got}, expected {', '.join(expected)}")
            rows = [_row(f"data: {path.name}, line {lines.line_num}", header, line) for line in lines if line]
    except OSError as error:
        raise InputError(f"data: cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"data: {path.name}: not a CSV file: {error}") from None
    if not rows:
        raise InputError(f"data: {path.name}: got no sample, expected a line for each")
    samples = np.array([[row[name] for name in expected] for row in rows])
    return samples[:, : network.inputs], samples[:, network.inputs :]


def _row(where: str, header: list[str], line: list[str]) -> dict[str, float]:
    if len(line) != len(header):
        several = "s" * (len(line) != 1)
        raise InputError(f"{where}: got {len(line)} value{several}, expected {len(header)}, one for each column")
    return {name: _cell(f"{where}, {name}", text) for name, text in zip(header, line, strict=True)}


def _cell(where: str, text: str) -> float:
    try:
        value: Any = float(text)
    except ValueError:
        value = text
    return float(finite(where, value))


def _run(where: str, given: Values, training: Values, samples: int) -> Run:
    """A run by its own keys and, where it leaves them out, those of [training]."""
    run = {**training, **{key: value for key, value in given.items() if value is not None}}
    _check_constants(where, given, run["optimizer"], run["schedule"])
    method = Method(
        batch_size=samples if run["batch_size"] is None else run["batch_size"],
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
        if given[key] is not None and key != "weight_decay" and not {optimizer, schedule} & set(of):
            raise InputError(
                f"{where}.{key}: got it with {optimizer} and {schedule}, expected it with {' or '.join(of)}"
            )


def _constants(run: Values) -> dict[str, float]:
    """The optimizer's constants and the schedule's, in that order, by the names that the engine has for them."""
    values = {key: run[key] for key in CONSTANTS if run[key] is not None}
    if "betas" in values:
        values["beta1"], values["beta2"] = values["betas"]
    decay = {"weight_decay": values["weight_decay"]} if "weight_decay" in values else {}
    defaults = {**OPTIMIZERS[run["optimizer"]].constants, **decay, **SCHEDULES[run["schedule"]].constants}
    if "T_max" in defaults:
        defaults["T_max"] = run["steps"]
    return {name: float(values.get(name, default)) for name, default in defaults.items()}


def _rates_around(rate: float) -> list[float]:
    """By decimals, since 0.7 / 100 is 0.006999999999999999."""
    return sorted({float(Decimal(repr(rate)).scaleb(power)) for power in SWEEP})


def _numbers(values: list[Any]) -> str:
    return f"{len(values)} number{'s' * (len(values) != 1)}"
