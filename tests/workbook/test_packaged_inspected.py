"""The packaged experiments of the newer kinds of layers before the audit and the gradient check, at their own size."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine import load_experiment
from tests.workbook.test_audit_any import main_only, the_table, with_formula
from tests.workbook.test_gradcheck_ours import verdicts
from tests.workbook.whole import cell

NAMES = ["conv", "batch-norm", "dropout", "residual", "seed-block"]
# A column of each whose gradient comes back through its kind of layer.
BEHIND = {
    "conv": "∂E/∂h1_1_1",
    "batch-norm": "∂E/∂h1",
    "dropout": "∂E/∂h2",
    "residual": "∂E/∂h1",
    "seed-block": "∂E/∂h1_1_1",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_audit_finds_the_whole_table_right_and_a_slip_in_its_last_row_wrong(name: str, tmp_path: Path) -> None:
    experiment = load_experiment(name)
    main_only(experiment, tmp_path / "book.xlsx")
    table = the_table(tmp_path / "book.xlsx")
    assert (table.verdict, table.roots, table.columns) == ("right", [], experiment.columns.names)
    slip = cell(experiment.columns, BEHIND[name], experiment.rows - 1)
    with_formula(tmp_path / "book.xlsx", tmp_path / "slip.xlsx", slip, lambda formula: f"1.001*({formula})")
    (root,) = the_table(tmp_path / "slip.xlsx").roots
    assert (root.column, root.cell) == (BEHIND[name], slip)


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_check_finds_its_first_steps_right(name: str, tmp_path: Path) -> None:
    main_only(replace(load_experiment(name), steps=2), tmp_path / "book.xlsx")
    status, checks = verdicts(tmp_path)
    assert (status, [check["verdict"] for check in checks]) == (0, ["right", "right"])
