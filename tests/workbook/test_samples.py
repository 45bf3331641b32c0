"""The workbooks to try: each is what it is said to be."""

from pathlib import Path

import openpyxl
import pytest

from tests.commands import error_line, run
from tests.workbook.spreadsheets import by_ironcalc, by_openpyxl


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("samples")
    assert run("workbook", "samples", ".", folder=made).returncode == 0
    return made


@pytest.mark.parametrize(("command", "name", "status"), [
    ("audit", "right.xlsx", 0), ("audit", "theirs.xlsx", 1), ("gradcheck", "right.xlsx", 0),
    ("gradcheck", "theirs.xlsx", 1), ("gradcheck", "neuron.xlsx", 1),
])  # fmt: skip
def test_what_is_said_of_a_sample(folder: Path, command: str, name: str, status: int) -> None:
    assert run("workbook", command, name, folder=folder).returncode == status


def test_the_neurons_sheet_is_right_once_its_slip_is_mended(folder: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(folder / "neuron.xlsx")
    for row in range(10, 14):
        assert book["neuron"][f"J{row}"].value == f"=(F{row}-D{row})*B{row}"
        book["neuron"][f"J{row}"] = f"=H{row}*B{row}"
    book.save(tmp_path / "mended.xlsx")
    done = run("workbook", "gradcheck", "mended.xlsx", folder=tmp_path)
    assert (done.returncode, "wrong" in done.stdout) == (0, False)


@pytest.mark.parametrize("name", ["theirs.xlsx", "neuron.xlsx"])
def test_each_cell_shows_what_its_formula_gives(folder: Path, name: str) -> None:
    given, shown = by_ironcalc(folder / name), by_openpyxl(folder / name)
    for sheet, cells in shown.items():
        for cell, value in cells.items():
            assert given[sheet][cell] == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value), cell


def test_a_sample_that_was_changed_is_kept(folder: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(folder / "neuron.xlsx")
    book["neuron"]["B3"] = 7
    book.save(tmp_path / "neuron.xlsx")
    assert error_line("workbook", "samples", ".", folder=tmp_path).startswith(
        "error: neuron.xlsx: exists, and is not an unchanged sample made by this command"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["neuron.xlsx"]
