"""The sheets beside the main one: right and free of errors, whatever the user types."""

import math
import random
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from engine import Columns, Dense, Experiment, default_experiment, descend, load_experiment
from tests.commands import environment
from tests.workbook.spreadsheets import Book, by_ironcalc, by_libreoffice, by_openpyxl, error_cells, poisoned, slipped
from workbook.plan import plan, steps_elsewhere
from workbook.sheets.check import CHANGED, COMPARED, NOT_COMPARED, NOT_RUN
from workbook.sheets.course import Course
from workbook.sheets.derivation_lines import DerivationLine, derivation
from workbook.table.layout import Layout
from workbook.write import write

MAIN = "assignment6-calculations"
GIVEN = {
    "A": "t1",
    "B": "t2",
    "C": "i1",
    "D": "i2",
    **dict(zip("EFGHMNOP", [f"w{n}" for n in range(1, 9)], strict=True)),
}


def typed_experiment(typed: dict[str, float]) -> Experiment:
    """The experiment that a user makes by typing into row 21, G19 and the seven rates."""
    default = default_experiment()
    weights = [
        float(typed.get(f"{column}21", w)) for column, w in zip("EFGHMNOP", np.ravel(default.weights), strict=True)
    ]
    rates = tuple(typed.get(f"learning rates!A{row}", r) for row, r in enumerate(default.learning_rates, start=6))
    return replace(
        default,
        targets=np.array([[typed.get(f"{c}21", t) for c, t in zip("AB", default.targets[0], strict=True)]]),
        inputs=np.array([[typed.get(f"{c}21", i) for c, i in zip("CD", default.inputs[0], strict=True)]]),
        weights=(np.reshape(weights[:4], (2, 2)), np.reshape(weights[4:], (2, 2))),
        learning_rate=typed.get("G19", default.learning_rate),
        learning_rates=rates,
    )


def some_inputs() -> list[dict[str, float]]:
    """What users may type: random row 21, learning rates from nothing to a million."""
    generator = random.Random(5)  # noqa: S311 - a seeded draw of test data
    inputs = []
    for rate in (0.0, 0.3, 7.0, 1e6):
        row = {f"{column}21": round(generator.uniform(-2, 2), 3) for column in "EFGHMNOP"}
        row |= {f"{column}21": round(generator.uniform(0, 1), 3) for column in "ABCD"}
        inputs.append({"G19": rate, "learning rates!A6": rate, "learning rates!A12": 1.5, **row})
    return inputs


def test_the_sheets_stand_in_their_order(book: Path) -> None:
    rates = [f"rate {n}" for n in range(1, 8)]
    assert list(by_openpyxl(book)) == [
        MAIN,
        "learning rates",
        "story",
        "explorer",
        "derivation",
        "check",
        "landscape",
        *rates,
    ]


def test_both_engines_compute_every_cache_of_every_sheet(poisoned_book: Path, book: Path, tmp_path: Path) -> None:
    cached = by_openpyxl(book)
    for recalculated in (by_ironcalc(poisoned_book), *by_libreoffice([poisoned_book], tmp_path)):
        assert error_cells(recalculated) == []
        assert recalculated["check"]["B3"] == "PASS"
        for sheet, values in cached.items():
            numbers = {cell: value for cell, value in values.items() if isinstance(value, int | float)}
            assert len(numbers) >= 40
            for cell, value in numbers.items():
                got = recalculated[sheet][cell]
                assert isinstance(got, int | float), f"{sheet}!{cell}"
                assert abs(got - value) <= 1e-12 + 1e-9 * abs(value), f"{sheet}!{cell}"


def test_learning_rates_shows_the_losses_of_the_sweep(poisoned_book: Path) -> None:
    check_learning_rates(by_ironcalc(poisoned_book), default_experiment())


def check_learning_rates(recalculated: Book, experiment: Experiment) -> None:
    trace, values = descend(experiment), recalculated["learning rates"]
    for run in range(7):
        losses = [values[f"{'TUVWXYZ'[run]}{row}"] for row in range(6, 86)]
        np.testing.assert_allclose(np.array(losses, dtype=float), trace.numbers.loss[:, run], rtol=1e-9, atol=1e-12)


def test_the_verdicts_of_the_seven_rates(poisoned_book: Path) -> None:
    values = by_ironcalc(poisoned_book)["learning rates"]
    assert [values[f"D{row}"] for row in range(6, 13)] == ["slow", *["falls"] * 5, "saturated"]
    # The steps at which the losses of the table first are at most half, read off the engine.
    losses = descend(default_experiment()).numbers.loss
    halved = [next((i + 1 for i, loss in enumerate(run) if loss <= run[0] / 2), "never") for run in losses.T]
    assert [values[f"C{row}"] for row in range(6, 13)] == halved


def test_a_learning_rate_left_empty_stands_still(poisoned_book: Path) -> None:
    values = by_ironcalc(poisoned_book, {"learning rates!A8": ""})["learning rates"]
    assert (values["C8"], values["D8"]) == ("never", "stands still")
    assert {values[f"V{row}"] for row in range(6, 86)} == {values["V6"]} == {values["B8"]}
    assert values["D7"] == "falls", "the others go on"


def test_a_loss_that_stands_still_is_a_line_and_not_a_cliff(book: Path) -> None:
    # An axis that a program chooses for equal losses magnifies their last digit; from 0 on it cannot.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # openpyxl knows no sparklines
        sheet = openpyxl.load_workbook(book)["learning rates"]
    charts = sheet._charts  # type: ignore[attr-defined] # what openpyxl has read of a sheet's charts
    plain = [chart for chart in charts if chart.y_axis.scaling.logBase is None]
    assert (len(charts), len(plain)) == (9, 8)
    assert [chart.y_axis.scaling.min for chart in plain] == [0] * 8


def test_a_loss_that_grows_rises(poisoned_book: Path) -> None:
    # Targets near the first outputs: the loss starts small, and a large rate throws it up.
    typed = {"A21": 0.59, "B21": 0.65, "learning rates!A6": 80.0}
    values = by_ironcalc(poisoned_book, typed)["learning rates"]
    assert float(str(values["B6"])) > float(str(values["T6"]))
    assert values["D6"] == "rises"


def test_a_run_whose_hidden_layer_is_dead_does_not_only_fall(poisoned_book: Path) -> None:
    # With targets away from the saturated outputs' bounds the loss halves although no gradient reaches w1 to w4.
    recalculated = by_ironcalc(poisoned_book, {"G19": 100000})
    hidden = [float(str(recalculated[MAIN][f"{column}100"])) for column in "JL"]
    assert all(a * (1 - a) < 1e-6 for a in hidden)
    assert recalculated[MAIN]["E13"] == "dead layer"


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_the_dead_layer_is_named_for_every_activation_that_can_die(activation: str) -> None:
    experiment = default_experiment()
    layers = (Dense(2, activation), Dense(2, "sigmoid"))
    network = replace(experiment.network, layers=layers)
    weights = (np.full((2, 2), -1000.0), experiment.weights[1])
    dead = replace(experiment, network=network, weights=weights, learning_rate=0.1)
    values = descend(dead, [0.1]).numbers.values[:, :, 0]
    layout = Layout(dead.columns, dead.steps)
    assert Course(layout, values, layout.range(dead.columns.loss)).verdict[0] == "dead layer"


def test_what_is_cut_is_said_and_no_verdict_is_given_for_the_rest(tmp_path: Path) -> None:
    experiment = replace(default_experiment(), steps=700, learning_rates=(0.01, 1.0))
    write(plan(experiment), tmp_path / "cut.xlsx")
    values = by_ironcalc(tmp_path / "cut.xlsx")["learning rates"]
    assert values["A3"] == (
        "Only the first 600 of 700 steps are compared here, so a verdict holds so far; the table has all steps."
    )
    assert [values[f"C{row}"] for row in (6, 7)] == ["not so far", 13]
    assert [values[f"D{row}"] for row in (6, 7)] == ["slow so far", "falls so far"]


@pytest.mark.parametrize("step", [1, 40, 80])
def test_the_explorer_shows_the_numbers_of_a_step(poisoned_book: Path, step: int) -> None:
    values = by_ironcalc(poisoned_book, {"explorer!B3": step})["explorer"]
    frame = descend(default_experiment(), [1.0]).table()
    shown = {values.get(f"A{row}"): row for row in range(30, 100)}
    for name in frame.columns:
        assert values[f"B{shown[name]}"] == pytest.approx(frame[name][step], rel=1e-9, abs=1e-12)
    after = frame["w5"][step] - frame["∂E/∂w5"][step]
    assert values[f"C{shown['w5']}"] == pytest.approx(after, rel=1e-9)
    assert values["C3"] == f"step {step} of 80"


def test_the_explorer_plugs_the_numbers_into_the_formulas(book: Path, tmp_path: Path) -> None:
    copy = poisoned(book, tmp_path / "p.xlsx", {"explorer!B3": 2, "E21": -0.15})
    (recalculated,) = by_libreoffice([copy], tmp_path)
    values = recalculated["explorer"]
    shown = {values.get(f"A{row}"): row for row in range(30, 100)}
    frame = descend(typed_experiment({"E21": -0.15}), [1.0]).table()
    w1, w2 = frame["w1"][2], frame["w2"][2]
    assert values[f"D{shown['h1']}"] == "w1*i1 + w2*i2"
    assert values[f"I{shown['h1']}"] == f"({w1:.7f})*0.0500000 + {w2:.7f}*0.1000000"


@pytest.mark.parametrize("step", [0, 81, -3, 1.5])
def test_a_step_outside_the_table_gets_a_message_and_no_error(poisoned_book: Path, step: float) -> None:
    recalculated = by_ironcalc(poisoned_book, {"explorer!B3": step})
    assert recalculated["explorer"]["C3"] == "Type a whole number from 1 to 80."
    assert error_cells(recalculated) == []


def test_other_inputs_leave_everything_right(book: Path, tmp_path: Path) -> None:
    inputs = some_inputs()
    copies = [poisoned(book, tmp_path / f"{n}.xlsx", typed) for n, typed in enumerate(inputs)]
    by_office = by_libreoffice(copies, tmp_path)
    for typed, copy, office in zip(inputs, copies, by_office, strict=True):
        for recalculated in (by_ironcalc(copy), office):
            assert error_cells(recalculated) == [], typed
            check = recalculated["check"]
            assert (check["B3"], check["C3"]) in [(NOT_COMPARED, CHANGED), (NOT_COMPARED, NOT_RUN)], typed
            assert [check[f"E{row}"] for row in range(43, 51)] == ["PASS"] * 8, typed
            check_learning_rates(recalculated, typed_experiment(typed))


@pytest.mark.parametrize("rate", default_experiment().learning_rates)
def test_check_compares_with_the_engines_run_at_each_rate_of_the_sweep(poisoned_book: Path, rate: float) -> None:
    check = by_ironcalc(poisoned_book, {"G19": rate})["check"]
    assert (check["B3"], check["C3"], check["B5"]) == ("PASS", COMPARED, 0)
    assert {check[f"E{row}"] for row in range(8, 39)} == {"PASS"}


def test_check_finds_a_slip_at_another_learning_rate(book: Path, tmp_path: Path) -> None:
    copy = slipped(book, tmp_path / "slipped.xlsx", "L50*(1-L50)*C50", "J50*(1-J50)*C50")
    assert by_ironcalc(copy, {"G19": 2})["check"]["B3"] == "FAIL: ∂E/∂w3 from step 30"


def test_check_says_that_the_engine_has_not_run_a_learning_rate(poisoned_book: Path) -> None:
    check = by_ironcalc(poisoned_book, {"G19": 3})["check"]
    assert (check["B3"], check["C3"]) == (NOT_COMPARED, NOT_RUN)
    assert {check[f"E{row}"] for row in range(8, 39)} == {NOT_COMPARED}


@pytest.mark.parametrize(
    ("right", "slip", "verdict"),
    [
        ("L50*(1-L50)*C50", "J50*(1-J50)*C50", "FAIL: ∂E/∂w3 from step 30"),
        ("0.5*(B100-T100)^2", "0.5*(A100-T100)^2*1.001", "FAIL: E2 from step 80"),
        ("G23 - $G$19*Z23", "G23 - G22*Z23", "FAIL: w3 from step 4"),
        ("J21*(1-J21)*D21", "J21*D21", "FAIL: ∂E/∂w2 from step 1 ∂E/∂w2"),
        ("U77 + V77", "U77/0", "FAIL: E_tot from step 57 number of steps"),
    ],
)
def test_check_fails_and_names_where_it_starts(book: Path, tmp_path: Path, right: str, slip: str, verdict: str) -> None:
    check = by_ironcalc(slipped(book, tmp_path / "slipped.xlsx", right, slip))["check"]
    assert check["B3"] == verdict


def test_check_finds_a_wrong_gradient_by_differences_when_the_inputs_are_the_users(book: Path, tmp_path: Path) -> None:
    copy = slipped(book, tmp_path / "slipped.xlsx", "L21*(1-L21)*C21", "J21*(1-J21)*C21")
    check = by_ironcalc(copy, {"E21": 0.9})["check"]
    assert check["B3"] == "FAIL: ∂E/∂w3"


def test_check_notices_a_missing_row(book: Path, tmp_path: Path) -> None:
    copy = slipped(book, tmp_path / "slipped.xlsx", "<f>U77 + V77</f>", '<f>""</f>')
    assert str(by_ironcalc(copy)["check"]["B3"]).endswith(" steps")


def test_the_derivation_reaches_every_gradient_in_order() -> None:
    columns = Columns.plain((2, 3, 2, 1))
    numbers = dict.fromkeys(["eta", *columns.names], 0.5)
    names = [line.name for line in derivation(columns, numbers) if isinstance(line, DerivationLine)]
    lines = [name for name in names if name.startswith("∂E/∂w")]
    # Output layer first: 2 weights, then 6, then 6.
    assert lines == [f"∂E/∂w{n}" for n in (13, 14, *range(7, 13), *range(1, 7))]


@pytest.mark.parametrize(("step", "shown"), [(1, 1), (40, 40), (80, 80), (81, 1), (-3, 1)])
def test_the_derivations_numbers_are_those_of_the_explorers_step(poisoned_book: Path, step: int, shown: int) -> None:
    recalculated = by_ironcalc(poisoned_book, {"E21": 0.9, "A21": 0.2, "explorer!B3": step})
    values = recalculated["derivation"]
    assert values["B4"] == f"step {shown}, which is chosen on the sheet explorer"
    compared = [row for row in range(6, 60) if values.get(f"D{row}", "") != ""]
    # The losses, the gradients and, but for the last step, the weights after it.
    assert len(compared) == 3 + 8 + (8 if shown < 80 else 0)
    names = {
        name: column for column in map(get_column_letter, range(1, 32)) for name in [recalculated[MAIN][f"{column}20"]]
    }
    for row in compared:
        name = str(values[f"A{row}"])
        at = 20 + shown + name.startswith("new ")
        assert values[f"D{row}"] == recalculated[MAIN][f"{names[name.removeprefix('new ')]}{at}"]
        assert values[f"C{row}"] == pytest.approx(values[f"D{row}"], rel=1e-12, abs=1e-15)
        assert values[f"E{row}"] == "✓"


def test_the_derivation_marks_a_gradient_that_is_not_the_tables(book: Path, tmp_path: Path) -> None:
    copy = slipped(book, tmp_path / "slipped.xlsx", "L21*(1-L21)*C21", "J21*(1-J21)*C21")
    values = by_ironcalc(copy)["derivation"]
    marks = {values[f"A{row}"]: values[f"E{row}"] for row in range(6, 60) if f"E{row}" in values}
    # The weight that the table takes from it is another too.
    assert [name for name, mark in marks.items() if mark != "✓"] == ["∂E/∂w3", "new w3"]


def test_the_file_is_small(book: Path) -> None:
    assert book.stat().st_size < 1_000_000


def test_every_column_of_a_rate_sheet_is_the_engines(poisoned_book: Path) -> None:
    recalculated = by_ironcalc(poisoned_book)
    for run in range(7):
        frame = descend(default_experiment()).table(run)
        for column, name in enumerate(frame.columns, start=1):
            cells = [recalculated[f"rate {run + 1}"][f"{get_column_letter(column)}{row}"] for row in range(21, 101)]
            np.testing.assert_allclose(np.array(cells, dtype=float), frame[name], rtol=1e-9, atol=1e-12)


def test_learning_rates_are_compared_over_steps_enough_for_a_curve_however_large_the_network() -> None:
    experiment = load_experiment("transformer")
    assert steps_elsewhere(Layout(experiment.columns, experiment.steps)) == 5


def test_a_cross_entropy_is_shown_as_minus_t_times_the_logarithm_first(tmp_path: Path) -> None:
    experiment = load_experiment(Path("three-classes"))
    write(plan(experiment), tmp_path / "book.xlsx")
    values = by_ironcalc(tmp_path / "book.xlsx")["derivation"]
    assert values["A7"] == "E1 = -t1*ln a_o1, the other outputs likewise."
    assert (values["A11"], values["B11"], values["E11"]) == ("E1", "= t1*(LN(s)-(o1-m))", "✓")
    first = descend(experiment).numbers.values[0, :, 0]
    output = first[experiment.columns.index["a_o1"]]
    assert values["C11"] == pytest.approx(-float(experiment.targets[0, 0]) * math.log(output), rel=1e-9)


def test_building_a_workbook_loads_no_matplotlib() -> None:
    code = "import sys, workbook.plan, workbook.__main__; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert done.stdout == "False\n"
