"""Losses that are a sum or a mean over outputs, leaky ReLUs of any slope, and optimizers with a step's number."""

from pathlib import Path

import pytest
from openpyxl.utils import get_column_letter

from engine import Dense, Experiment
from tests.workbook.spreadsheets import by_ironcalc, error_cells, poisoned
from tests.workbook.test_audit_any import main_only, the_table, with_formula
from tests.workbook.test_check import experiment, shown, written
from workbook.sheets.check import COMPARED
from workbook.table.layout import FIRST_ROW


def made(loss: str) -> Experiment:
    last = "sigmoid" if "cross-entropy" in loss else "leaky-relu(0.3)"
    return experiment((Dense(3, "leaky-relu(0.2)", 3), Dense(2, last, 1)), loss=loss)


LOSSES = ("squared-error", "mean-binary-cross-entropy")


@pytest.mark.parametrize("loss", LOSSES)
def test_the_sheet_check_passes(loss: str, tmp_path: Path) -> None:
    recalculated = by_ironcalc(poisoned(written(made(loss), tmp_path / "book.xlsx"), tmp_path / "poisoned.xlsx"))
    assert shown(recalculated) == ("PASS", COMPARED)
    assert error_cells(recalculated) == []


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("optimizer", ["nadam", "dampened-momentum", "momentum", "nesterov"])
def test_the_audit_tells_optimizers_with_the_same_states_apart(optimizer: str, samples: int, tmp_path: Path) -> None:
    decay = {"weight_decay": 0.1, "l1_decay": 0.2} if samples > 1 else {}
    of = experiment(
        (Dense(2, "tanh", 2), Dense(1, "sigmoid", 1)), samples=samples, optimizer=optimizer, constants=decay
    )
    main_only(of, tmp_path / "right.xlsx")
    table = the_table(tmp_path / "right.xlsx")
    assert (table.verdict, table.columns) == ("right", of.columns.names)
    row = FIRST_ROW + of.rows - 1
    for column in ("w2", f"{of.columns.states[-1]}_w2"):
        cell = f"{get_column_letter(of.columns.index[column] + 1)}{row}"
        with_formula(tmp_path / "right.xlsx", tmp_path / "slip.xlsx", cell, lambda formula: f"1.5*({formula})+0.25")
        assert [root.cell for root in the_table(tmp_path / "slip.xlsx").roots] == [cell]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_audit_finds_it_right_and_each_slip_there(loss: str, tmp_path: Path) -> None:
    of = made(loss)
    main_only(of, tmp_path / "right.xlsx")
    assert the_table(tmp_path / "right.xlsx").verdict == "right"
    row = FIRST_ROW + of.rows - 1
    for column in ("a_h2", "E1", "∂E/∂h2", "∂E/∂o2"):
        cell = f"{get_column_letter(of.columns.index[column] + 1)}{row}"
        with_formula(tmp_path / "right.xlsx", tmp_path / "slip.xlsx", cell, lambda formula: f"1.5*({formula})+0.25")
        assert [root.cell for root in the_table(tmp_path / "slip.xlsx").roots] == [cell]
