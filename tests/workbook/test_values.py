"""Every number of the workbook: its caches, and what real spreadsheet engines make of its formulas."""

import random
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from openpyxl.utils import get_column_letter

from engine import Experiment, default_experiment, descend
from tests.engine.networks import experiments
from tests.workbook.spreadsheets import (
    POISON,
    Values,
    by_ironcalc,
    by_libreoffice,
    by_openpyxl,
    error_cells,
    poisoned,
    slipped,
)
from workbook.plan import plan
from workbook.stored import as_stored
from workbook.write import write

MAIN = "assignment6-calculations"
RATES = default_experiment().learning_rates


def wrong_cells(values: Values, experiment: Experiment, rate: float) -> list[str]:
    """The cells of the table that are not what the engine says."""
    frame = descend(experiment, [rate]).table()
    wrong = []
    for step, row in frame.iterrows():
        for column, expected in enumerate(row.tolist(), start=1):
            cell = f"{get_column_letter(column)}{20 + int(str(step))}"
            got = values.get(cell)
            if not isinstance(got, int | float) or not abs(got - expected) <= 1e-12 + 1e-9 * abs(expected):
                wrong.append(cell)
    return wrong


def test_the_caches_equal_the_engine(book: Path) -> None:
    assert wrong_cells(by_openpyxl(book)[MAIN], default_experiment(), 1) == []


def test_pandas_reads_the_table_without_a_spreadsheet_program(book: Path) -> None:
    frame = pd.read_excel(book, header=19, engine="openpyxl")
    expected = descend(default_experiment(), [1.0]).table()
    pd.testing.assert_frame_equal(frame, expected.reset_index(drop=True), rtol=1e-15)


def test_the_chart_shows_the_losses_without_a_spreadsheet_program(book: Path) -> None:
    with zipfile.ZipFile(book) as archive:
        chart = archive.read("xl/charts/chart1.xml").decode()
    cached = [float(point.split("</c:v>")[0]) for point in chart.split("<c:v>")[1:]]
    expected = descend(default_experiment(), [1.0]).numbers.loss[:, 0]
    assert cached == pytest.approx(expected.tolist(), rel=1e-15)


def test_a_learning_rate_of_17_digits_is_run_as_the_file_stores_it(tmp_path: Path) -> None:
    experiment = replace(
        default_experiment(), learning_rate=0.1 + 0.2, weights=tuple(w / 3 for w in default_experiment().weights)
    )
    write(plan(experiment), tmp_path / "book.xlsx")
    values = by_openpyxl(tmp_path / "book.xlsx")[MAIN]
    assert values["G19"] == 0.3 != experiment.learning_rate
    assert values["E21"] == as_stored(experiment).weights[0][0, 0]
    assert wrong_cells(values, as_stored(experiment), 0.3) == []


@pytest.mark.parametrize("rate", RATES)
def test_ironcalc_computes_what_the_engine_does(poisoned_book: Path, rate: float) -> None:
    assert wrong_cells(by_ironcalc(poisoned_book, {"G19": rate})[MAIN], default_experiment(), rate) == []


def test_the_poison_is_in_the_copies(poisoned_book: Path) -> None:
    values = by_openpyxl(poisoned_book)[MAIN]
    assert values["I21"] == values["AE100"] == float(POISON)
    assert len(wrong_cells(values, default_experiment(), 1)) == 79 * 31 + 19


def test_libreoffice_computes_what_the_engine_does(book: Path, tmp_path: Path) -> None:
    copies = [poisoned(book, tmp_path / f"{rate}.xlsx", {"G19": rate}) for rate in RATES]
    for rate, recalculated in zip(RATES, by_libreoffice(copies, tmp_path), strict=True):
        assert wrong_cells(recalculated[MAIN], default_experiment(), rate) == [], rate


def hard_inputs() -> Iterator[dict[str, float]]:
    """Learning rates from 0 to 1e12 and weights up to a million of either sign."""
    generator = random.Random(1)  # noqa: S311 - a seeded draw of test data
    for rate in (0.0, 1e-9, 0.1, 2.0, 1e4, 1e6, 1e12):
        for largest in (1.0, 1e3, 1e6):
            weights = {cell: generator.uniform(-largest, largest) for cell in (f"{c}21" for c in "EFGHMNOP")}
            yield {"G19": rate, **weights}
    for sign in (1, -1):
        yield {"G19": 1e12, **{f"{c}21": sign * 1e6 for c in "EFGHMNOP"}, "A21": 0.01, "B21": 0.99}


def test_no_learning_rate_or_weight_makes_an_error(book: Path, tmp_path: Path) -> None:
    inputs = list(hard_inputs())
    copies = [poisoned(book, tmp_path / f"{n}.xlsx", typed) for n, typed in enumerate(inputs)]
    for typed, recalculated in zip(inputs, by_libreoffice(copies, tmp_path), strict=True):
        assert error_cells(recalculated) == [], typed
        values = recalculated[MAIN]
        cells = [f"{get_column_letter(column)}{row}" for row in range(21, 101) for column in range(1, 32)]
        assert [cell for cell in cells if not isinstance(values[cell], int | float)] == [], typed
        assert float(POISON) not in values.values()


def test_what_is_typed_into_row_21_changes_every_row(poisoned_book: Path) -> None:
    typed = {"A21": 0.01, "B21": 0.99, "C21": -0.7, "D21": 0.4, "E21": 1.5, "P21": -2.0, "G19": 3.0}
    default = default_experiment()
    experiment = replace(
        default,
        weights=(default.weights[0].copy(), default.weights[1].copy()),
        inputs=np.array([[-0.7, 0.4]]),
        targets=np.array([[0.01, 0.99]]),
    )
    experiment.weights[0][0, 0], experiment.weights[1][1, 1] = 1.5, -2.0
    assert wrong_cells(by_ironcalc(poisoned_book, typed)[MAIN], experiment, 3.0) == []


@given(experiments(largest=3, deepest=3))
@settings(max_examples=10)
def test_networks_of_other_sizes_come_out_right_too(
    tmp_path_factory: pytest.TempPathFactory, experiment: Experiment
) -> None:
    folder = tmp_path_factory.mktemp("other")
    write(plan(experiment), folder / "book.xlsx")
    values = by_ironcalc(poisoned(folder / "book.xlsx", folder / "poisoned.xlsx"))[MAIN]
    assert wrong_cells(values, as_stored(experiment), as_stored(experiment).learning_rate) == []


@pytest.mark.parametrize(
    ("right", "slip", "first"),
    [
        ("L50*(1-L50)*C50", "J50*(1-J50)*C50", "Z50"),
        ("L50*(1-L50)*D50", "J50*(1-J50)*D50", "AA50"),
        ("G23 - $G$19*Z23", "G23 - G22*Z23", "G24"),
        ("0.5*(A30-R30)^2", "0.5*(B30-R30)^2*(1+1E-6)", "U30"),
        ("E21*C21 + F21*D21", "E21*C21 + G21*D21", "I21"),
    ],
    ids=["∂E/∂w3 with a_h1", "∂E/∂w4 with a_h1", "w3 with a drifting eta", "E1 off by a millionth", "h1 with w3"],
)
def test_one_slip_in_one_formula_is_noticed(book: Path, tmp_path: Path, right: str, slip: str, first: str) -> None:
    copy = slipped(book, tmp_path / "slipped.xlsx", right, slip)
    assert first in wrong_cells(by_ironcalc(copy)[MAIN], default_experiment(), 1)
