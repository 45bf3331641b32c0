"""Tables of layers over tokens: recalculated by spreadsheet engines from caches that lie, and audited."""

from pathlib import Path

import pytest

from engine import Experiment, FloatArray, descend
from tests.workbook.kinds import TOKENS
from tests.workbook.spreadsheets import by_ironcalc, by_libreoffice, error_cells, poisoned
from tests.workbook.test_audit_any import main_only
from tests.workbook.whole import wrong_cells
from workbook.sheets.training import MAIN_SHEET
from workbook.stored import as_stored

EVERY_KIND = pytest.mark.parametrize("experiment", TOKENS.values(), ids=TOKENS)


def lying(experiment: Experiment, folder: Path, name: str = "book") -> Path:
    main_only(experiment, folder / f"{name}-as-written.xlsx")
    return poisoned(folder / f"{name}-as-written.xlsx", folder / f"{name}.xlsx")


def numbers(experiment: Experiment) -> FloatArray:
    return descend(as_stored(experiment), [experiment.learning_rate]).numbers.values[:, :, 0]


@EVERY_KIND
def test_ironcalc_computes_every_number(experiment: Experiment, tmp_path: Path) -> None:
    book = by_ironcalc(lying(experiment, tmp_path))
    assert wrong_cells(book[MAIN_SHEET], numbers(experiment)) == []
    assert error_cells(book) == []


def test_libreoffice_computes_every_number(tmp_path: Path) -> None:
    paths = [lying(experiment, tmp_path, name) for name, experiment in TOKENS.items()]
    for experiment, book in zip(TOKENS.values(), by_libreoffice(paths, tmp_path), strict=True):
        assert wrong_cells(book[MAIN_SHEET], numbers(experiment)) == []
