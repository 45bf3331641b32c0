"""Whole workbooks of random experiments: any network, batch, optimizer, schedule and order of updates."""

from pathlib import Path

import pytest

from tests.engine.networks import random_experiment
from tests.workbook.spreadsheets import by_ironcalc, error_cells
from tests.workbook.whole import overflows, written, wrong_tables
from workbook.sheets.check import COMPARED

SEEDS = [seed for seed in range(20) if not overflows(random_experiment(seed))][:10]


@pytest.mark.parametrize("seed", SEEDS)
def test_ironcalc_computes_every_number_of_a_random_experiment(seed: int, tmp_path: Path) -> None:
    experiment = random_experiment(seed)
    book = by_ironcalc(written(experiment, tmp_path))
    assert wrong_tables(book, experiment) == {}
    assert error_cells(book) == []
    assert (book["check"]["B3"], book["check"]["C3"]) == ("PASS", COMPARED)
