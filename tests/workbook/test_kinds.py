"""Whole workbooks of every kind of layer: recalculated by spreadsheet engines from caches that lie."""

from pathlib import Path

import pytest

from engine import Experiment
from tests.workbook.kinds import KINDS
from tests.workbook.spreadsheets import by_ironcalc, by_libreoffice, error_cells, poisoned
from tests.workbook.whole import written, wrong_tables
from workbook.sheets.check import COMPARED
from workbook.sheets.exercise import exercise_sheets
from workbook.sheets.training import MAIN_SHEET
from workbook.write import write

EVERY_KIND = pytest.mark.parametrize("experiment", KINDS.values(), ids=KINDS)


@EVERY_KIND
def test_ironcalc_computes_every_number_and_check_passes(experiment: Experiment, tmp_path: Path) -> None:
    book = by_ironcalc(written(experiment, tmp_path))
    assert wrong_tables(book, experiment) == {}
    assert error_cells(book) == []
    assert (book["check"]["B3"], book["check"]["C3"]) == ("PASS", COMPARED)
    assert "✗" not in book["derivation"].values()
    assert list(book["derivation"].values()).count("✓") > len(experiment.columns.of("gradient"))


@EVERY_KIND
def test_the_exercise_marks_its_own_solution_right(experiment: Experiment, tmp_path: Path) -> None:
    write(exercise_sheets(experiment, solution=True), tmp_path / "solution.xlsx", "solution")
    book = by_ironcalc(poisoned(tmp_path / "solution.xlsx", tmp_path / "poisoned.xlsx"))
    values = list(book[MAIN_SHEET].values())
    assert values.count("✗") == 0
    assert f"{values.count('✓')} of {values.count('✓')} done" in values


def test_libreoffice_computes_every_number(tmp_path: Path) -> None:
    paths = [written(experiment, tmp_path, name) for name, experiment in KINDS.items()]
    for experiment, book in zip(KINDS.values(), by_libreoffice(paths, tmp_path), strict=True):
        assert wrong_tables(book, experiment) == {}
        assert book["check"]["B3"] == "PASS"
