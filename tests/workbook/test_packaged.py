"""The whole workbook of every packaged experiment, recalculated by real spreadsheet engines."""

import html
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from openpyxl.utils.cell import coordinate_from_string

from engine import Experiment, Method, descend, load_experiment
from engine.experiment_file import packaged_experiments
from tests.workbook.spreadsheets import Book, by_ironcalc, by_libreoffice, error_cells, poisoned
from tests.workbook.whole import cell, retyped, shortened, with_method, written, wrong_cells, wrong_tables
from workbook.sheets.check import COMPARED, NOT_COMPARED, NOT_RUN
from workbook.sheets.training import MAIN_SHEET
from workbook.stored import as_stored
from workbook.table.definitions import definitions
from workbook.table.layout import ETA, FIRST_ROW, Layout

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


def test_libreoffice_computes_every_number_of_a_long_table_whose_rows_read_one_another(tmp_path: Path) -> None:
    """At its own length: from 100 alike formulas below one another on, LibreOffice computes them in another way."""
    long = replace(load_experiment("batch-norm"), learning_rates=(1.0,))
    numbers = descend(as_stored(long), [1]).numbers.values[:, :, 0]
    assert len(numbers) == 320
    (book,) = by_libreoffice([written(long, tmp_path)], tmp_path, [MAIN_SHEET])
    assert wrong_cells(book[MAIN_SHEET], numbers) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_formula_is_longer_than_excel_takes(workbook_of: Callable[[str], Path], name: str) -> None:
    # Excel then says that the file is damaged, and leaves the formula out; LibreOffice and IronCalc take it.
    with zipfile.ZipFile(workbook_of(name)) as book:
        sheets = [part for part in book.namelist() if part.startswith("xl/worksheets/sheet")]
        formulas = (text for part in sheets for text in re.findall("<f>(.*?)</f>", book.read(part).decode()))
        longest = max((formula for formula in formulas if len(formula) > 4_000), key=_length, default="")
    assert _length(longest) <= 8_192, longest[:80]


def _length(formula: str) -> int:
    return len(html.unescape(formula))


# The others have the same formulas in more columns, and take a minute each.
NARROW = [name for name in NAMES if len(load_experiment(name).columns.names) < 200]


@pytest.mark.parametrize("name", NARROW)
def test_a_learning_rate_typed_anew_changes_every_number(workbook_of: Callable[[str], Path], name: str) -> None:
    typed = retyped(packaged(name), {"eta": 0.7 * packaged(name).learning_rate})
    book = by_ironcalc(workbook_of(name), {ETA.replace("$", ""): typed.learning_rate})
    assert wrong_tables(book, typed) == {}
    assert error_cells(book) == []
    assert shown(book) == (NOT_COMPARED, NOT_RUN)


# Every optimizer and every schedule once, with all of their constants, and what is typed for these.
METHODS = {
    "momentum": Method(optimizer="momentum", constants=(("momentum", 0.9), ("weight_decay", 0.1), ("l1_decay", 0.05))),
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
    "adamax": Method(optimizer="adamax", constants=(("beta1", 0.9), ("beta2", 0.999), ("eps", 1e-8))),
    "nadam": Method(
        optimizer="nadam", constants=(("beta1", 0.9), ("beta2", 0.999), ("eps", 1e-8), ("momentum_decay", 0.004))
    ),
    "dampened-momentum": Method(
        optimizer="dampened-momentum", constants=(("momentum", 0.9), ("dampening", 0.5), ("weight_decay", 0.1))
    ),
    "adadelta": Method(optimizer="adadelta", constants=(("rho", 0.9), ("eps", 1e-6), ("weight_decay", 0.1))),
}
TYPED = {
    "momentum": 0.8, "alpha": 0.9, "beta1": 0.7, "beta2": 0.95, "eps": 0.01, "weight_decay": 0.3, "step_size": 2,
    "gamma": 0.7, "T_max": 5, "eta_min": 0.02, "decay": 0.4, "warm_up": 3, "rho": 0.6, "dampening": 0.2,
    "momentum_decay": 0.3, "l1_decay": 0.02,
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
            assert shown(book) == (NOT_COMPARED, NOT_RUN), name


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


@pytest.fixture(scope="session")
def adams_workbook(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, Path]:
    """AND by Adam with a schedule, every cache wrong."""
    small = replace(packaged("and"), learning_rate=0.5, learning_rates=(0.5,))
    made = with_method(small, METHODS["adam, inverse-time"])
    return made, written(made, tmp_path_factory.mktemp("adam"))


# A formula of the first row of a later batch: what stands in it, and a slip.
SLIPS = {
    "bias": ("xor", "h1", "+ L", "- L"),
    "bias of its own gradient": ("xor", "∂E/∂b1", "=", "=2*"),
    "shared bias": ("mazur", "h2", "+ I", "- I"),
    "softmax": ("three-classes", "a_o2", "EXP(", "1.000001*EXP("),
    "cross-entropy": ("three-classes", "E1", "MAX(", "MIN("),
    "binary cross-entropy": ("deep", "E1", "ABS(", "0.999*ABS("),
    "slope of tanh": ("deep", "∂E/∂h1", "^2", "^3"),
    "error of a hidden neuron": ("deep", "∂E/∂h4", "+", "-"),
    "gradient of a weight": ("textbook-3-2-1", "∂E/∂w3", "*", "*0.999999*"),
    "mean of a batch": ("and", "w1", "AVERAGE(", "SUM("),
    "loss of a batch": ("and", "E_batch", "AVERAGE(", "SUM("),
    "sample": ("or", "sample", "+1", "+2"),
    "order of the updates": ("mazur-output-first", "∂E/∂h1", "- $G$19", "- 0"),
    "momentum's velocity": ("regression", "v_w1", "*", "*0.99*"),
    "Adam's m": ("adam", "m_w1", "(1-", "(2-"),
    "Adam's s": ("adam", "s_w1", "SUMSQ(", "2*SUMSQ("),
    "Adam's correction": ("adam", "w1", "(1-", "(1.000001-"),
    "eta of a schedule": ("adam", "eta", "-1", "-0"),
}


@pytest.mark.parametrize(("name", "column", "right", "slip"), SLIPS.values(), ids=SLIPS)
def test_a_slip_in_a_formula_of_any_kind_is_noticed_where_it_is(
    workbook_of: Callable[[str], Path],
    adams_workbook: tuple[Experiment, Path],
    name: str,
    column: str,
    right: str,
    slip: str,
) -> None:
    made, path = adams_workbook if name == "adam" else (packaged(name), workbook_of(name))
    layout, row = Layout(made.columns, made.steps), 8 if made.samples <= 4 else 2 * made.samples
    formula = layout.formula(definitions(made.columns)[column].tree_of(row)).at(FIRST_ROW + row)
    assert right in formula, formula
    address = cell(made.columns, column, row)
    wrong = wrong_tables(by_ironcalc(path, {address: formula.replace(right, slip, 1)}), made)[MAIN_SHEET]
    assert address in wrong
    assert {other for other in wrong if coordinate_from_string(other)[1] < FIRST_ROW + row} == set()
