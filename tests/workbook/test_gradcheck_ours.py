"""The gradient check of the tables that we write, without options: right for every optimizer, and slips are found."""

import json
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from engine import Experiment, Method
from engine.optimizers import OPTIMIZERS
from tests.commands import run
from tests.engine.networks import random_experiment
from tests.workbook.kinds import KINDS
from tests.workbook.test_audit_any import main_only, runnable, short
from workbook.inspect.gradcheck_file import CheckOptions, gradcheck

XOR = short("xor")


def with_optimizer(name: str) -> Experiment:
    constants = (*OPTIMIZERS[name].constants.items(), ("gamma", 0.9))
    return replace(XOR, steps=3, method=Method(4, "mean", name, "exponential", constants=constants))


MADE = {name: with_optimizer(name) for name in OPTIMIZERS}
MADE |= {name: replace(short(name), steps=3) for name in ("three-classes", "mazur", "mazur-output-first", "regression")}
MADE |= {f"random {seed}": random_experiment(seed) for seed in runnable(range(300, 340), 4)}


def verdicts(folder: Path) -> tuple[int, list[dict[str, object]]]:
    done = run("workbook", "gradcheck", "book.xlsx", "--json", folder=folder)
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("experiment", KINDS.values(), ids=KINDS)
def test_every_step_of_any_kind_of_layer_is_right(experiment: Experiment, tmp_path: Path) -> None:
    main_only(experiment, tmp_path / "book.xlsx")
    status, checks = verdicts(tmp_path)
    assert (status, {check["verdict"] for check in checks}) == (0, {"right"})


@pytest.mark.parametrize("name", MADE)
def test_every_step_of_a_table_of_ours_is_right(name: str, tmp_path: Path) -> None:
    main_only(MADE[name], tmp_path / "book.xlsx")
    status, checks = verdicts(tmp_path)
    assert (status, {check["verdict"] for check in checks}) == (0, {"right"})
    assert len(checks) == MADE[name].steps


@pytest.mark.parametrize(
    ("name", "column", "row", "right", "slip", "step"),
    [
        ("adam", "∂E/∂h1", 26, "(1-Q26^2)", "Q26", 2),
        ("sgd", "∂E/∂o1", 21, "AA21-D21", "D21-AA21", 1),
        ("momentum", "∂E/∂w1", 30, "*E30", "*F30", 3),
    ],
)
def test_a_slip_is_found_in_its_step(
    name: str, column: str, row: int, right: str, slip: str, step: int, tmp_path: Path
) -> None:
    layout = main_only(MADE[name], tmp_path / "right.xlsx")
    book = openpyxl.load_workbook(tmp_path / "right.xlsx")
    sheet = book.worksheets[0]
    assert isinstance(sheet, Worksheet)
    cell = sheet[f"{layout.letters[column]}{row}"]
    formula = str(cell.value)
    changed = formula.replace(right, slip, 1)
    assert changed != formula, f"{formula} does not hold {right}"
    cell.value = changed
    book.save(tmp_path / "book.xlsx")  # without caches: they are computed anew
    status, checks = verdicts(tmp_path)
    assert status == 1
    assert [number for number, check in enumerate(checks, start=1) if check["verdict"] == "wrong"] == [step]


def test_of_a_large_table_as_many_steps_are_checked_as_are_soon_done_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbook.inspect.guess.MOST_CELLS", 400)
    main_only(replace(with_optimizer("momentum"), steps=6), tmp_path / "book.xlsx")
    checks = gradcheck(tmp_path / "book.xlsx", CheckOptions()).checks
    assert 1 <= len(checks) < 6
    assert checks[0].notes[-1] == f"of 6 steps the first {len(checks)} were checked"
