"""Tables of typed numbers: rounded cell by cell, frozen at their end, and what a slip costs in the printed digits."""

from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from tests.commands import run
from tests.workbook.handmade import FIRST, OURS, ROWS, Cells, HandMade, audited, only_root, roots, save
from workbook.inspect.audit import audit
from workbook.inspect.findings import Score

LAST = 4 + ROWS


def typed(made: HandMade, tmp_path: Path, digits: int) -> Cells:
    """A table's values, rounded to so many significant digits, its given numbers as they are."""
    values = openpyxl.load_workbook(save(tmp_path / "formulas.xlsx", made.cells), data_only=True).worksheets[0]
    return {
        (row, column): float(f"{float(str(values.cell(row, column).value)):.{digits}g}")
        if isinstance(content, str) and content.startswith("=")
        else content
        for (row, column), content in made.cells.items()
    }


def place(name: str, step: int) -> tuple[int, int]:
    return 5 + step, 1 + OURS.index(name)


@pytest.mark.parametrize("digits", [3, 4, 6])
def test_each_typed_cell_has_its_own_last_digit(tmp_path: Path, digits: int) -> None:
    cells = typed(HandMade(), tmp_path, digits)
    assert roots(audit(save(tmp_path / "rounded.xlsx", cells))) == []
    exact = typed(HandMade(), tmp_path, 17)
    for name in OURS[4:]:
        cells[place(name, 5)] = exact[place(name, 5)]
    assert roots(audit(save(tmp_path / "one_exact.xlsx", cells))) == [], "one cell with all digits sets none to zero"


@pytest.mark.parametrize(("name", "step"), [("E_tot", 7), ("h1", 4), ("∂E/∂w5", 5), ("a_o1", 0)])
def test_a_slip_among_rounded_numbers_is_found(tmp_path: Path, name: str, step: int) -> None:
    cells = typed(HandMade(), tmp_path, 4)
    cells[place(name, step)] = float(f"{float(str(cells[place(name, step)])) * 1.05:.4g}")
    assert (name, HandMade().cell(name, step)) in roots(audit(save(tmp_path / "slip.xlsx", cells)))


@pytest.mark.parametrize("frozen", [1, 3])
def test_rows_that_repeat_the_row_above_are_frozen(tmp_path: Path, frozen: int) -> None:
    cells = typed(HandMade(), tmp_path, 17)
    for name in OURS:
        for step in range(ROWS - frozen, ROWS):
            cells[place(name, step)] = cells[place(name, ROWS - frozen - 1)]
    root = only_root(audit(save(tmp_path / "frozen.xlsx", cells)))
    assert root.cause == f"frozen: from here on the rows repeat the numbers of row {LAST - frozen}"
    assert (root.column, root.cell, root.rows) == ("w1", f"E{LAST - frozen + 1}", frozen)


def test_a_run_that_has_come_to_rest_is_not_frozen(tmp_path: Path) -> None:
    made = HandMade(rate=10000.0, first={**FIRST, "t1": 0.5, "t2": 0.5})
    cells = typed(made, tmp_path, 6)
    assert cells[place("w1", ROWS - 1)] == cells[place("w1", ROWS - 2)]
    assert roots(audit(save(tmp_path / "saturated.xlsx", cells))) == []


def test_a_slip_that_no_printed_digit_shows_is_said_to_cost_nothing(tmp_path: Path) -> None:
    made = HandMade(first={**FIRST, "t1": 0.5, "t2": 0.5}).plant("E2", "t2", "t1")
    only_root(audited(tmp_path, made))
    done = run("workbook", "audit", "theirs.xlsx", folder=tmp_path)
    assert "What it costs: no difference in the printed digits\n" in done.stdout


def test_results_of_other_runs_are_no_training(tmp_path: Path) -> None:
    """Typed weights of several runs with the outputs that they give: one line a run, none from the one above."""
    cells: Cells = {}
    for run_, seed in enumerate((0.1, 0.7, 0.3, 0.9)):
        first = {**FIRST, **{f"w{n}": round(seed + n * seed**2 / 7, 3) for n in range(1, 9)}}
        one = typed(HandMade(rows=1, first=first), tmp_path, 10)
        kept = [name for name in OURS if not name.startswith("∂")]
        cells |= {(21 + run_, 1 + at): one[place(name, 0)] for at, name in enumerate(kept)}
        cells |= {(20, 1 + at): name for at, name in enumerate(kept)}
    report = audit(save(tmp_path / "alone.xlsx", cells | {(1, 1): "eta", (1, 2): 0.5}))
    assert (roots(report), report.verdict) == ([], "incomplete")
    report = audit(save(tmp_path / "beside.xlsx", HandMade().cells | cells))
    assert (roots(report), report.verdict, len(report.tables)) == ([], "right", 1)
    assert report.tables[0].findings[-1].cause == (
        "'Sheet 1' A21:W24 is no training: no row follows from the one above; it is ignored"
    )


@pytest.mark.parametrize("content", ["next", "=AVERAGE({0}5:{0}8)"], ids=["a word", "averages"])
def test_what_stands_between_typed_rows_is_no_row(tmp_path: Path, content: str) -> None:
    cells = {(row + (row > 8), column): number for (row, column), number in typed(HandMade(), tmp_path, 17).items()}
    cells |= {
        (9, column): content.format(get_column_letter(column)) for column in range(1, 32 if "=" in content else 2)
    }
    report = audit(save(tmp_path / "between.xlsx", cells))
    assert (roots(report), report.verdict) == ([], "incomplete")


def test_right_numbers_without_a_formula_are_typed_and_not_right(tmp_path: Path) -> None:
    save(tmp_path / "typed.xlsx", typed(HandMade(), tmp_path, 17))
    done = run("workbook", "audit", "typed.xlsx", "formulas.xlsx", "--jobs", "1", "--csv", "out.csv", folder=tmp_path)
    assert done.stdout == "typed.xlsx  typed  0 of 27 columns right\nformulas.xlsx  right  27 of 27 columns right\n"
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in lines] == ["verdict", "typed", "right"]


@pytest.mark.parametrize(("typed_in", "verdict"), [(1, "right"), (13, "right"), (14, "typed")])
def test_a_typed_column_is_not_counted_as_right(tmp_path: Path, typed_in: int, verdict: str) -> None:
    """The verdict is typed where that is most of the 27 columns to compute."""
    made, numbers = HandMade(), typed(HandMade(), tmp_path, 17)
    asked = [name for name in OURS if name not in {"t1", "t2", "i1", "i2"}]
    over = {place(name, step) for name in asked[-typed_in:] for step in range(ROWS)}
    report = audit(save(tmp_path / "mixed.xlsx", {**made.cells, **{at: numbers[at] for at in over}}))
    assert (report.verdict, report.roots) == (verdict, [])
    assert report.score == Score(right=27 - typed_in, asked=27)


def test_a_single_row_asks_for_no_weights(tmp_path: Path) -> None:
    report = audited(tmp_path, HandMade(rows=1))
    assert (report.verdict, report.score) == ("right", Score(right=19, asked=19))


@pytest.mark.parametrize("rows", [[9], [9, 10], [10, 12], [8, 9, 10], [7, 8, 9, 10, 11]], ids=str)
def test_rows_without_anything_make_a_table_incomplete(tmp_path: Path, rows: list[int]) -> None:
    cells = {(row, column): content for (row, column), content in HandMade().cells.items() if row not in rows}
    report = audit(save(tmp_path / "gaps.xlsx", cells))
    assert (report.verdict, report.roots) == ("incomplete", [])
