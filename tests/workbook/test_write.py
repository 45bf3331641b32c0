"""What the writer takes over from XlsxWriter, for speed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from xlsxwriter.worksheet import Worksheet, re_dynamic_function

from engine import default_experiment
from workbook.plan import plan
from workbook.records import Sheet
from workbook.sheets.exercise import exercise_sheets
from workbook.write import PlainFormulas, write


@pytest.mark.parametrize(
    "plan_sheets",
    [
        lambda: plan(replace(default_experiment(), steps=3)),
        lambda: exercise_sheets(default_experiment(), solution=False),
        lambda: exercise_sheets(default_experiment(), solution=True),
    ],
    ids=["workbook", "exercise", "solution"],
)
def test_xlsxwriter_would_write_every_formula_as_we_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan_sheets: Callable[[], list[Sheet]]
) -> None:
    """Functions newer than the file format, such as CONCAT, need a prefix, and some, such as SORT, more than that.

    We write neither, so no sheet may use them.
    """
    ours, theirs = PlainFormulas._prepare_formula, Worksheet._prepare_formula
    same: dict[str, bool] = {}

    def compared(worksheet: PlainFormulas, formula: str, *_: object) -> str:
        written = theirs(worksheet, formula, expand_future_functions=True)
        same[formula] = ours(worksheet, formula) == written and not re_dynamic_function.search(formula)
        return ours(worksheet, formula)

    monkeypatch.setattr(PlainFormulas, "_prepare_formula", compared)
    write(plan_sheets(), tmp_path / "book.xlsx")
    assert len(same) > 50
    assert [formula for formula in same if not same[formula]] == []
