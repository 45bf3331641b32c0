"""The samples of an experiment file: of [[samples]] tables or a CSV file, plain ones, pictures and sequences.

A row of the arrays is a row of the table: a sample's, or a step's of a sequence.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.arrays import FloatArray, Shape
from engine.columns import Columns
from engine.errors import InputError
from engine.network import Network
from engine.reading import finite

Values = Mapping[str, Any]


class Samples(NamedTuple):
    """Inputs, (rows, inputs); targets, (rows, outputs); and 1 for each row that has targets, 0 for others, (rows,)."""

    inputs: FloatArray
    targets: FloatArray
    counted: FloatArray


def steps_in_time(tables: Values) -> int:
    """How many steps the sequences of a file have; 1 where its samples are no sequences.

    Raises:
        InputError: sequences that are not equally long.
    """
    samples = tables["samples"]
    if not samples or len(tables["network"]["inputs"]) > 1 or not _is_nested(samples[0]["inputs"]):
        return 1
    time = len(samples[0]["inputs"])
    for number, sample in enumerate(samples):
        if len(sample["inputs"]) != time and _is_nested(sample["inputs"]):
            raise InputError(
                f"samples[{number}].inputs: got {len(sample['inputs'])} steps, expected {time} as in samples[0]: "
                "the sequences of an experiment are equally long"
            )
    return time


def read_samples(tables: Values, folder: Path, network: Network) -> Samples:
    """The samples of a file's tables, whose `data` is relative to `folder`."""
    if tables["samples"] and tables["data"]:
        raise InputError("data: got it beside [[samples]], expected one of the two")
    if tables["data"]:
        return read_data(folder / tables["data"], network)
    if not tables["samples"]:
        raise InputError("missing key 'samples', or 'data' for a CSV file of them")
    if network.picture or not _is_nested(tables["samples"][0]["inputs"]):
        each = [_sample(f"samples[{number}]", sample, network) for number, sample in enumerate(tables["samples"])]
        return _whole([inputs for inputs, _ in each], [targets for _, targets in each], [1.0] * len(each))
    steps = [_sequence(f"samples[{number}]", sample, network) for number, sample in enumerate(tables["samples"])]
    return _whole(*([row for rows in part for row in rows] for part in zip(*steps, strict=True)))


def _whole(inputs: list[list[float]], targets: list[list[float]], counted: list[float]) -> Samples:
    return Samples(np.array(inputs), np.array(targets), np.array(counted))


def _is_nested(numbers: list[Any]) -> bool:
    return isinstance(numbers[0], list)


def _sample(where: str, sample: Values, network: Network) -> tuple[list[float], list[float]]:
    _check_nesting(f"{where}.inputs", sample["inputs"], network.picture)
    _check_nesting(f"{where}.targets", sample["targets"], ())
    return (
        _so_many(f"{where}.inputs", sample["inputs"], network.inputs, "input"),
        _so_many(f"{where}.targets", sample["targets"], network.sizes[-1], "output"),
    )


def _sequence(where: str, sample: Values, network: Network) -> tuple[list[list[float]], list[list[float]], list[float]]:
    """The inputs and targets of each step, and whether it has a target: all have, or the last alone."""
    steps = sample["inputs"]
    if not _is_nested(steps):
        raise InputError(f"{where}.inputs: got {_numbers(steps)}, expected a list of numbers for each step, as before")
    inputs = [
        _so_many(f"{where}.inputs[{step}]", numbers, network.inputs, "input") for step, numbers in enumerate(steps)
    ]
    if not _is_nested(sample["targets"]):
        last = _so_many(f"{where}.targets", sample["targets"], network.sizes[-1], "output")
        nothing = [0.0] * (len(steps) - 1)
        return inputs, [*([0.0] * len(last) for _ in nothing), last], [*nothing, 1.0]
    if len(sample["targets"]) != len(steps):
        raise InputError(
            f"{where}.targets: got {len(sample['targets'])} lists, expected {len(steps)}, one for each step, "
            "or a list of numbers for the last step"
        )
    targets = [
        _so_many(f"{where}.targets[{step}]", numbers, network.sizes[-1], "output")
        for step, numbers in enumerate(sample["targets"])
    ]
    return inputs, targets, [1.0] * len(steps)


def _so_many(where: str, numbers: Any, expected: int, each: str) -> list[float]:
    """The numbers of nested lists, as many as expected."""
    given = list(_flat(numbers))
    if len(given) != expected or not isinstance(numbers, list):
        raise InputError(f"{where}: got {_numbers(given)}, expected {expected}, one for each {each}")
    return given


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


def read_data(path: Path, network: Network) -> Samples:
    """The samples of a CSV file with the columns i1, i2, ... and t1, t2, ..., in any order."""
    columns = Columns(network)
    expected = [*columns.input_names, *columns.target_names]
    (_, header), *lines = csv_lines(path) or [("", [])]
    header = [name.strip() for name in header]
    if sorted(header) != sorted(expected):
        got = ", ".join(header) or "none"
        raise InputError(f"data: {path.name}: got the columns {got}, expected {', '.join(expected)}")
    rows = [_row(where, header, line) for where, line in lines]
    if not rows:
        raise InputError(f"data: {path.name}: got no sample, expected a line for each")
    samples = np.array([[row[name] for name in expected] for row in rows])
    return Samples(samples[:, : network.inputs], samples[:, network.inputs :], np.ones(len(rows)))


def csv_lines(path: Path) -> list[tuple[str, list[str]]]:
    """The lines of a CSV file that are not empty, its header first, each after where it is, for messages.

    Raises:
        InputError: the file cannot be read, or is no CSV file, or one with semicolons.
    """
    try:
        # Excel begins a CSV file with a byte order mark.
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            found = [(f"data: {path.name}, line {lines.line_num}", line) for line in lines if line]
    except OSError as error:
        raise InputError(f"data: cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"data: {path.name}: not a CSV file: {error}") from None
    if found and len(found[0][1]) == 1 and ";" in found[0][1][0]:  # as Excel writes it where numbers have commas
        raise InputError(f"data: {path.name}: got columns parted by semicolons, expected commas, and points in numbers")
    return found


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


def _numbers(values: list[Any]) -> str:
    return f"{len(values)} number{'s' * (len(values) != 1)}"
