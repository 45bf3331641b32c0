"""The whole workbook of every packaged experiment, recalculated by real spreadsheet engines."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from engine import Experiment, Method, load_experiment
from engine.experiment_file import packaged_experiments
from tests.workbook.spreadsheets import Book, by_ironcalc, by_libreoffice, error_cells, poisoned
from tests.workbook.whole import retyped, shortened, with_method, written, wrong_tables
from workbook.layout import ETA, Layout
from workbook.sheets.check import COMPARED, NOT_RUN

NAMES = list(packaged_experiments())


def packaged(name: str) -> Experiment:
    """A packaged experiment with fewer steps."""
    return shortened(load_experiment(name))


@pytest.fixture(scope="session")
def workbook_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The workbook of a packaged experiment, every cache wrong, made once."""
    folder = tmp_path_factory.mktemp("packaged")
    return cache(lambda name: written(packaged(name), folder, name))


def shown(book: Book) -> tuple[object, object]:
    return book["check"]["B3"], book["check"]["C3"]


@pytest.mark.parametrize("name", NAMES)
def test_ironcalc_computes_every_number_of_a_packaged_experiment(workbook_of: Callable[[str], Path], name: str) -> None:
    book = by_ironcalc(workbook_of(name))
    assert wrong_tables(book, packaged(name)) == {}
    assert error_cells(book) == []
    assert shown(book) == ("PASS", COMPARED)


def test_libreoffice_computes_every_number_of_the_packaged_experiments(
    workbook_of: Callable[[str], Path], tmp_path: Path
) -> None:
    for name, book in zip(NAMES, by_libreoffice(list(map(workbook_of, NAMES)), tmp_path), strict=True):
        assert wrong_tables(book, packaged(name)) == {}, name
        assert error_cells(book) == [], name
        assert shown(book) == ("PASS", COMPARED), name


@pytest.mark.parametrize("name", NAMES)
def test_a_learning_rate_typed_anew_changes_every_number(workbook_of: Callable[[str], Path], name: str) -> None:
    typed = retyped(packaged(name), {"eta": 0.7 * packaged(name).learning_rate})
    book = by_ironcalc(workbook_of(name), {ETA.replace("$", ""): typed.learning_rate})
    assert wrong_tables(book, typed) == {}
    assert error_cells(book) == []
    assert shown(book) == ("PASS", NOT_RUN)


# Every optimizer and every schedule once, with all of their constants, and what is typed for these.
METHODS = {
    "momentum": Method(optimizer="momentum", constants=(("momentum", 0.9), ("weight_decay", 0.1))),
    "nesterov, step": Method(
        optimizer="nesterov", schedule="step", constants=(("momentum", 0.9), ("step_size", 3), ("gamma", 0.5))
    ),
    "adagrad, exponential": Method(
        optimizer="adagrad", schedule="exponential", constants=(("eps", 1e-10), ("gamma", 0.9))
    ),
    "rmsprop, cosine": Method(
        optimizer="rmsprop",
        schedule="cosine",
        constants=(("alpha", 0.99), ("eps", 1e-8), ("T_max", 8), ("eta_min", 0)),
    ),
    "adam, inverse-time": Method(
        optimizer="adam",
        schedule="inverse-time",
        constants=(("beta1", 0.9), ("beta2", 0.999), ("eps", 1e-8), ("decay", 0.1)),
    ),
    "adamw, warm-up": Method(
        optimizer="adamw",
        schedule="warm-up",
        constants=(("beta1", 0.9), ("beta2", 0.999), ("eps", 1e-8), ("weight_decay", 0.01), ("warm_up", 5)),
    ),
}
TYPED = {
    "momentum": 0.8, "alpha": 0.9, "beta1": 0.7, "beta2": 0.95, "eps": 0.01, "weight_decay": 0.3, "step_size": 2,
    "gamma": 0.7, "T_max": 5, "eta_min": 0.02, "decay": 0.4, "warm_up": 3,
}  # fmt: skip


def test_constants_typed_anew_change_every_number_in_both_engines(tmp_path: Path) -> None:
    copies, expected = [], []
    for name, method in METHODS.items():
        made = with_method(replace(packaged("and"), learning_rates=(0.5,)), method)
        numbers = {"eta": 0.3} | {constant: TYPED[constant] for constant, _ in method.constants}
        expected.append(retyped(made, numbers))
        cells = Layout(made.columns, made.steps).constants
        rate, *_ = cells  # eta, or eta_0 where a schedule changes it
        typed = {cells[rate if constant == "eta" else constant].replace("$", ""): x for constant, x in numbers.items()}
        copies.append(poisoned(written(made, tmp_path, f"{name}-made"), tmp_path / f"{name}.xlsx", typed))
    for books in (map(by_ironcalc, copies), by_libreoffice(copies, tmp_path)):
        for name, made, book in zip(METHODS, expected, books, strict=True):
            assert wrong_tables(book, made) == {}, name
            assert error_cells(book) == [], name
            assert shown(book) == ("PASS", NOT_RUN), name


def test_the_constants_of_a_run_with_a_method_of_its_own_are_typed_on_its_sheet(
    workbook_of: Callable[[str], Path],
) -> None:
    made, typed = packaged("optimizers"), {"beta1": 0.6, "beta2": 0.9, "eps": 0.01}
    number, run = next(pair for pair in enumerate(made.runs) if pair[1].method.optimizer == "adam")
    cells = Layout(made.as_run(run).columns, made.steps).constants
    sheet = f"run {number + 1}"
    book = by_ironcalc(
        workbook_of("optimizers"), {f"{sheet}!{cells[name].replace('$', '')}": x for name, x in typed.items()}
    )
    own = replace(run, method=replace(run.method, constants=tuple(typed.items())))
    assert wrong_tables(book, made).keys() == {sheet}
    assert wrong_tables(book, replace(made, runs=(*made.runs[:number], own, *made.runs[number + 1 :]))) == {}
    assert error_cells(book) == []
