"""A text that depends on numbers is the same in a cell and in its cache."""

import pytest

from tests.workbook.spreadsheets import by_ironcalc, poisoned
from workbook.records import Cell, small_sheet
from workbook.sheets import live_text, working
from workbook.sheets.course import FIRST, LAST, VERDICT
from workbook.sheets.dashboard import FAR_APART, SHARE
from workbook.sheets.drawing import rounded, rounded_formula
from workbook.spreadsheet.evaluator import content_of
from workbook.spreadsheet.printer import printed
from workbook.write import write

COURSES = [
    (1.0, 1.0, "stands still"),
    (1.0, 1.5, "rises"),
    (1.0, 0.5, "falls"),
    (1.0, 0.6, "slow"),
    (0.2, 0.0, "falls"),
]
SHARES = [(0.009, "vanish"), (0.01, ""), (1.0, ""), (100.0, ""), (101.0, "explode")]
NUMBERS = [0.0, 0.25, -0.25, 0.05, 0.00099, 0.001, 1e-5, -3e-7, 5e-9, 1e-12, 999.5, 1000.0, 12345.678, 2.5e6]
TEXTS = {
    "explorer": (working.as_text, working.text_formula),
    "drawing": (rounded, rounded_formula),
    "story": (live_text.as_text, lambda cell: live_text.text_formula(cell).removeprefix("=")),
}


@pytest.fixture(scope="module")
def recalculated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("choice")
    cells = []
    for row, (first, last, _) in enumerate(COURSES, start=1):
        formula = printed(VERDICT, {FIRST: f"A{row}", LAST: f"B{row}"}.__getitem__)
        cells += [Cell(row, 0, "number", first), Cell(row, 1, "number", last), Cell(row, 2, "text", "?", f"={formula}")]
    for row, (share, _) in enumerate(SHARES, start=1):
        formula = printed(FAR_APART, {SHARE: f"D{row}"}.__getitem__)
        cells += [Cell(row, 3, "number", share), Cell(row, 4, "text", "?", f"={formula}")]
    for row, number in enumerate(NUMBERS, start=1):
        cells.append(Cell(row, 5, "text", number))
        for column, (_, formula_of) in enumerate(TEXTS.values(), start=6):
            cells.append(Cell(row, column, "text", "?", f"={formula_of(f'F{row}')}"))
    write([small_sheet("words", cells, {})], folder / "book.xlsx")
    return dict(by_ironcalc(poisoned(folder / "book.xlsx", folder / "p.xlsx"))["words"])


@pytest.mark.parametrize(("row", "first", "last", "word"), [(row, *of) for row, of in enumerate(COURSES, start=1)])
def test_how_a_run_went(recalculated: dict[str, object], row: int, first: float, last: float, word: str) -> None:
    assert content_of(VERDICT, {FIRST.name: first, LAST.name: last}) == recalculated[f"C{row}"] == word


@pytest.mark.parametrize(("row", "share", "word"), [(row, *of) for row, of in enumerate(SHARES, start=1)])
def test_how_far_apart_the_layers_are(recalculated: dict[str, object], row: int, share: float, word: str) -> None:
    assert content_of(FAR_APART, {SHARE.name: share}) == (recalculated.get(f"E{row}") or "") == word


@pytest.mark.parametrize("sheet", TEXTS)
def test_how_a_number_is_written(recalculated: dict[str, object], sheet: str) -> None:
    column, (text, _) = "GHI"[list(TEXTS).index(sheet)], TEXTS[sheet]
    written = [str(recalculated[f"{column}{row}"]) for row in range(1, len(NUMBERS) + 1)]
    assert written == list(map(text, NUMBERS))


def test_small_and_large_numbers_stay_readable() -> None:
    assert [working.as_text(number) for number in (-0.0, -0.25, 5e-9)] == ["0.0000000", "(-0.2500000)", "5.000E-09"]
    assert list(map(rounded, (0.0, 0.25, 0.05, 1000.0))) == ["0", "0.250", "0.0500", "1.0E+03"]
    assert list(map(live_text.as_text, (-0.0, 0.25, 1e-5, -3e-7, 2.5e6))) == [
        "0", "0.25", "0.0000100", "-0.0000003000", "2.50E+06",
    ]  # fmt: skip
