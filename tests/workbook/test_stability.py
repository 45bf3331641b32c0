"""Inputs and weights of a million and learning rates up to 1e12: no error cell, and the engine's numbers."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine import Dense, Experiment, Method, Network
from tests.workbook.spreadsheets import by_ironcalc, by_libreoffice, error_cells
from tests.workbook.whole import written, wrong_tables
from workbook.sheets.check import COMPARED

MILLION = 1e6


def extreme(last: Dense, loss: str, hidden: str, method: Method) -> Experiment:
    """Three samples with inputs of ±1e6, weights up to ±1e6, learning rates up to 1e12."""
    draw, network = np.random.default_rng(5), Network(2, (Dense(2, hidden, 2), last), loss, deltas=True)
    targets = np.zeros((3, last.neurons))
    targets[np.arange(3), np.arange(3) % last.neurons] = 1
    return Experiment(
        network=network,
        weights=tuple(np.round(draw.uniform(-MILLION, MILLION, (b, a))) for a, b in pairwise(network.sizes)),
        biases=tuple(np.round(draw.uniform(-MILLION, MILLION, layer.biases)) for layer in (Dense(2, hidden, 2), last)),
        inputs=np.array([[MILLION, -MILLION], [-MILLION, 0.0], [1e-6, MILLION]]),
        targets=targets,
        learning_rate=1.0,
        learning_rates=(1e-9, 1.0, 1e12),
        steps=3,
        method=method,
    )


BATCH = Method(batch_size=3)
EXTREME = {
    "sigmoid, half squared": extreme(Dense(2, "sigmoid", 1), "half-squared-error", "sigmoid", BATCH),
    "tanh, binary cross-entropy": extreme(Dense(2, "sigmoid", 2), "binary-cross-entropy", "tanh", BATCH),
    "sigmoid, softmax": extreme(Dense(3, "softmax", 3), "cross-entropy", "sigmoid", BATCH),
    "tanh, softmax, one by one": extreme(Dense(3, "softmax"), "cross-entropy", "tanh", Method()),
    "tanh, tanh, Adam": extreme(
        Dense(2, "tanh", 2), "mean-squared-error", "tanh",
        Method(batch_size=3, optimizer="adam", constants=(("beta1", 0.9), ("beta2", 0.999), ("eps", 1e-8))),
    ),
}  # fmt: skip
# The same from ordinary weights, so that the outputs are thrown from one end to the other instead of staying there.
EXTREME |= {
    f"{name}, from small weights": replace(
        made,
        weights=tuple(np.round(matrix / MILLION, 3) for matrix in made.weights),
        inputs=np.round(made.inputs / MILLION, 3),
        learning_rate=1e12,
    )
    for name, made in EXTREME.items()
}


@pytest.fixture(scope="session")
def extreme_workbooks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("extreme")
    return {name: written(made, folder, name) for name, made in EXTREME.items()}


@pytest.mark.parametrize("name", EXTREME)
def test_ironcalc_shows_no_error_and_the_engines_numbers(extreme_workbooks: dict[str, Path], name: str) -> None:
    book = by_ironcalc(extreme_workbooks[name])
    assert error_cells(book) == []
    assert wrong_tables(book, EXTREME[name]) == {}
    assert book["check"]["C3"] == COMPARED


def test_libreoffice_shows_no_error_and_the_engines_numbers(extreme_workbooks: dict[str, Path], tmp_path: Path) -> None:
    books = by_libreoffice(list(extreme_workbooks.values()), tmp_path)
    for (name, made), book in zip(EXTREME.items(), books, strict=True):
        assert error_cells(book) == [], name
        assert wrong_tables(book, made) == {}, name
