"""Long tables: judged to the last row, with work that grows with the rows and no faster; and when IronCalc gives up."""

import random
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from engine import default_experiment
from tests.commands import run
from tests.workbook.handmade import FIRST, OURS, Cells, HandMade, audited, only_root, roots, save
from workbook.inspect.audit import FileReport, audit
from workbook.inspect.find import numbers
from workbook.plan import plan
from workbook.spreadsheet.evaluator import Evaluator, Value, evaluate
from workbook.spreadsheet.trees import Tree
from workbook.write import write

LONG = 4_000
SHEET = "xl/worksheets/sheet1.xml"


def changed(book: Path, out: Path, change: Callable[[str], str]) -> Path:
    """A copy of a workbook with the XML of its sheets changed, stored values and all else as they were."""
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            data = source.read(part)
            if part.startswith("xl/worksheets/sheet"):
                data = change(data.decode()).encode()
            target.writestr(part, data)
    return out


def without_values(text: str) -> str:
    """Formulas as some programs write them: with no element for the value at all."""
    return re.sub(r"</f><v>[^<]*</v>", "</f>", text)


def notes(report: FileReport) -> str:
    return "\n".join(finding.cause for table in report.tables for finding in table.findings if finding.kind == "note")


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our main sheet alone, with many rows."""
    path = tmp_path_factory.mktemp("long") / "long.xlsx"
    write(plan(replace(default_experiment(), steps=LONG))[:1], path)
    return path


def test_a_long_table_is_right(long: Path) -> None:
    (table,) = audit(long).tables
    assert (table.rows, table.range, table.verdict, table.findings) == (LONG, f"A21:AE{LONG + 20}", "right", [])


def test_a_slip_in_the_last_row_of_a_long_table_is_found(tmp_path: Path, long: Path) -> None:
    last = LONG + 20
    right, wrong = f"*L{last}*(1-L{last})*C{last}", f"*J{last}*(1-J{last})*C{last}"
    root = only_root(audit(changed(long, tmp_path / "slip.xlsx", lambda text: text.replace(right, wrong))))
    assert (root.column, root.cell, root.rows) == ("∂E/∂w3", f"Z{last}", 1)
    assert root.cause == f"J{last} is a_h1; a_h2 (L{last}) is expected"


# Work that grows with the rows.


def _overwritten(made: HandMade) -> None:
    for step in range(5, made.rows, 5):
        for place, name in enumerate(made.names):
            made.put(name, step, 0.5 + place)


def _another_number_in_each(made: HandMade) -> None:
    made.edit("h1", lambda text, row: f"{text}+{row}")


def _beside(made: HandMade) -> None:
    made.cells |= {(row, 40): 1 / row for row in range(5, made.rows + 5)}
    made.edit("h1", lambda text, row: f"{text}+AN{row}")


def _drifting(made: HandMade) -> None:
    made.edit("w3", lambda text, row: text.replace("$H$1", f"$H{row - 5}"))


def _a_helper(made: HandMade) -> None:
    made.cells |= {(row, 40): f"=(R{row}-A{row})*R{row}*(1-R{row})" for row in range(5, made.rows + 5)}
    made.edit("∂E/∂w5", lambda _, row: f"=AN{row}*J{row}")


def _work(path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Calls of Python functions in an audit, and numbers that the formulas of columns were evaluated on."""
    counted = {"calls": 0, "numbers": 0}

    def count(_frame: FrameType, event: str, _what: Any) -> None:
        counted["calls"] += event == "call"

    def evaluated(tree: Any, values: Any) -> Any:
        counted["numbers"] += sum(array.size for array in values.values())
        return evaluate(tree, values)

    monkeypatch.setattr(numbers, "evaluate", evaluated)
    sys.setprofile(count)
    try:
        audit(path)
    finally:
        sys.setprofile(None)
    return sum(counted.values())


@pytest.mark.parametrize("change", [_overwritten, _another_number_in_each, _beside, _drifting, _a_helper])
def test_twice_the_rows_are_no_more_than_twice_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[HandMade], None]
) -> None:
    work = []
    for rows in (30, 60, 120, 240):
        made = HandMade(rows=rows)
        change(made)
        work.append(_work(save(tmp_path / f"{rows}.xlsx", made.cells), monkeypatch))
    _, few, more, most = work  # the first audit of a process also does what is done once
    assert most - more <= 2.2 * (more - few), work


def test_a_column_with_many_different_formulas_is_judged_by_value_from_there_on(tmp_path: Path) -> None:
    made = HandMade(rows=80)
    made.edit("h1", lambda text, row: f"{text}+0*{row}")
    made.edit("h2", lambda text, row: f"{text}+0*{row}" + ("+1" if row == 84 else ""))
    report = audited(tmp_path, made)
    assert roots(report) == [("h2", "K84")]
    assert "the column has more than 50 different formulas: judged by its numbers alone" in notes(report)


def test_a_helper_column_of_pasted_numbers_is_judged_by_value(tmp_path: Path) -> None:
    made = HandMade(rows=6)
    path = save(tmp_path / "values.xlsx", made.cells)
    values = audit_values(path, "∂E/∂w5", made)
    made.cells |= {(5 + step, 40): value for step, value in enumerate(values)}
    made.edit("∂E/∂w5", lambda _, row: f"=1*AN{row}")
    report = audited(tmp_path, made)
    assert (report.verdict, roots(report)) == ("right", [])
    assert "it reads other typed numbers in every row: judged by its numbers alone" in notes(report)
    made.cells[8, 40] = 0.5
    assert roots(audited(tmp_path, made)) == [("∂E/∂w5", "AB8")]


def audit_values(path: Path, name: str, made: HandMade) -> list[float]:
    import openpyxl

    sheet = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    return [float(str(sheet[made.cell(name, step)].value)) for step in range(made.rows)]


# What nobody has computed.


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our whole workbook, short, with no values for its formulas."""
    folder = tmp_path_factory.mktemp("whole")
    write(plan(replace(default_experiment(), steps=5)), folder / "ours.xlsx")
    return changed(folder / "ours.xlsx", folder / "bare.xlsx", without_values)


def test_a_file_named_from_its_own_folder_is_recalculated(tmp_path: Path, whole: Path) -> None:
    shutil.copy(whole, tmp_path / "bare.xlsx")
    done = run("workbook", "audit", "bare.xlsx", folder=tmp_path)
    assert done.returncode == 0, done
    assert "recalculated with IronCalc\n" in done.stdout


def test_nothing_is_accused_where_ironcalc_takes_too_long(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbook.spreadsheet.recalculate.LONGEST_SECONDS", 0.01)
    report = audit(whole)
    assert roots(report) == []
    assert len(report.tables) == 8
    assert "IronCalc did not finish within 0.01 seconds: judged by the formulas" in notes(report)
    assert "every row were another sample" not in notes(report)


def test_a_slip_is_found_where_ironcalc_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbook.spreadsheet.recalculate.LONGEST_SECONDS", 0.01)
    made = HandMade().plant("∂E/∂w3", "a_h2*(1-a_h2)", "a_h1*(1-a_h1)")
    report = audited(tmp_path, made, caches=False)
    assert only_root(report).cause == "J5 is a_h1; a_h2 (L5) is expected"
    assert [finding for finding in report.tables[0].findings if finding.kind == "consequence"] == []


def test_a_function_that_ironcalc_does_not_know_is_no_fault(tmp_path: Path) -> None:
    made = HandMade(rows=4, first=dict(FIRST))
    made.edit("E2", lambda text, _: text.replace("=", "=CUBEVALUE(1)*"))
    report = audited(tmp_path, made, caches=False)
    assert roots(report) == []
    assert report.verdict == "incomplete"
    assert "recalculated with IronCalc, but for 8 cells" in notes(report)


# What a hopeless sheet costs.


def _hopeless(rows: int) -> Cells:
    """Typed numbers of four digits, none of which follows from its row."""
    made, dice = HandMade(rows=rows), random.Random(1)  # noqa: S311 - a seeded draw of test data
    for name in OURS[4:]:
        for step in range(rows):
            made.put(name, step, float(f"{dice.uniform(0.1, 0.9):.4g}"))
    return made.cells


def _variants(rows: int) -> Cells:
    made = HandMade(rows=rows)
    for name in OURS[8:12] + OURS[16:]:
        made.edit(name, lambda text, row: f"{text}*1+{row}*0.01+E{row}^3")
    return made.cells


@pytest.mark.parametrize(("cells", "most"), [(_hopeless, 80_000), (_variants, 800_000)])
def test_looking_for_slips_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: Callable[[int], Cells], most: int
) -> None:
    evaluated = []

    def count(self: Evaluator, tree: Tree) -> Value:
        evaluated.append(tree)
        return value(self, tree)

    value = Evaluator._value
    monkeypatch.setattr(Evaluator, "_value", count)
    work = []
    for rows, tables in ((12, 1), (24, 1), (24, 2)):
        evaluated.clear()
        report = audit(save(tmp_path / f"{rows}.xlsx", *[cells(rows)] * tables))
        assert report.verdict == "wrong"
        work.append(len(evaluated))
    assert work[0] < most, work
    assert work[1] < 1.5 * work[0], work  # twice the rows are hardly more to look into
    assert work[2] < 2.1 * work[1], work


def test_many_faults_fit_on_a_screen_or_two(tmp_path: Path) -> None:
    made = HandMade(rows=6)
    for name, beside in zip(OURS[4:], OURS[3:], strict=False):
        letter = made.cell(beside, 0).rstrip("0123456789")
        made.edit(name, lambda text, row, letter=letter: f"{text}+{letter}{row}")  # type: ignore[misc]
    path = save(tmp_path / "theirs.xlsx", made.cells)
    done = run("workbook", "audit", str(path))
    assert len(done.stdout.splitlines()) < 80
    assert "more faults: --all prints everything" in done.stdout
    everything = run("workbook", "audit", str(path), "--all")
    for root in audit(path).roots:
        assert f"   expected  {root.expected}\n" in everything.stdout
