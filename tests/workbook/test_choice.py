"""A word that depends on numbers is the same in a cell and in its cache."""

import pytest

from tests.workbook.spreadsheets import by_ironcalc, poisoned
from workbook.records import Cell, small_sheet
from workbook.sheets.dashboard import COURSE, FIRST, LAST, LAYERS, SHARE
from workbook.write import write

COURSES = [
    (1.0, 1.0, "stands still"),
    (1.0, 1.5, "rises"),
    (1.0, 0.5, "falls"),
    (1.0, 0.6, "slow"),
    (0.2, 0.0, "falls"),
]
SHARES = [(0.009, "vanish"), (0.01, ""), (1.0, ""), (100.0, ""), (101.0, "explode")]


@pytest.fixture(scope="module")
def recalculated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("choice")
    cells = []
    for row, (first, last, _) in enumerate(COURSES, start=1):
        formula = COURSE.formula({FIRST: f"A{row}", LAST: f"B{row}"}.__getitem__)
        cells += [Cell(row, 0, "number", first), Cell(row, 1, "number", last), Cell(row, 2, "text", "?", f"={formula}")]
    for row, (share, _) in enumerate(SHARES, start=1):
        formula = LAYERS.formula({SHARE: f"D{row}"}.__getitem__)
        cells += [Cell(row, 3, "number", share), Cell(row, 4, "text", "?", f"={formula}")]
    write([small_sheet("words", cells, {})], folder / "book.xlsx")
    return dict(by_ironcalc(poisoned(folder / "book.xlsx", folder / "p.xlsx"))["words"])


@pytest.mark.parametrize(("row", "first", "last", "word"), [(row, *of) for row, of in enumerate(COURSES, start=1)])
def test_how_a_run_went(recalculated: dict[str, object], row: int, first: float, last: float, word: str) -> None:
    assert COURSE.word({FIRST.name: first, LAST.name: last}) == recalculated[f"C{row}"] == word


@pytest.mark.parametrize(("row", "share", "word"), [(row, *of) for row, of in enumerate(SHARES, start=1)])
def test_how_far_apart_the_layers_are(recalculated: dict[str, object], row: int, share: float, word: str) -> None:
    assert LAYERS.word({SHARE.name: share}) == (recalculated.get(f"E{row}") or "") == word
