"""The audit of whole workbooks: ours, the original's slips, several tables, rates, what is missing, what is printed."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.formula.translate import Translator
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName

from engine import Network, default_experiment
from tests.commands import error_line, run
from tests.workbook.handmade import FIRST, OURS, ROWS, Cells, HandMade, audited, only_root, roots, save
from tests.workbook.spreadsheets import poisoned
from workbook.inspect.audit import FileReport, audit
from workbook.inspect.report.annotate import annotate
from workbook.inspect.report.audit import as_json
from workbook.plan import plan
from workbook.spreadsheet.read import read
from workbook.spreadsheet.recalculate import recalculated
from workbook.write import write

RATES = default_experiment().learning_rates


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our main sheet alone."""
    path = tmp_path_factory.mktemp("book") / "BackPropagation.xlsx"
    write(plan(default_experiment())[:1], path)
    return path


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, book: Path) -> Path:
    """Our workbook with the two slips of the sheet that it mirrors."""
    path = tmp_path_factory.mktemp("original") / "original.xlsx"
    theirs = openpyxl.load_workbook(book)
    sheet = theirs.worksheets[0]
    for row in range(21, 101):
        for column in ("Z", "AA"):
            sheet[f"{column}{row}"] = str(sheet[f"{column}{row}"].value).replace(
                f"L{row}*(1-L{row})", f"J{row}*(1-J{row})"
            )
        if row >= 24:
            sheet[f"G{row}"] = f"=G{row - 1}-$G{row - 3}*Z{row - 1}"
    theirs.save(path)
    return path


def notes(report: FileReport) -> str:
    return "\n".join(finding.cause for table in report.tables for finding in table.findings if finding.kind == "note")


@pytest.mark.parametrize("rate", RATES)
def test_our_own_workbook_is_right_at_every_learning_rate(tmp_path: Path, rate: float) -> None:
    write(plan(replace(default_experiment(), learning_rate=rate)), tmp_path / "ours.xlsx")
    report = audit(tmp_path / "ours.xlsx")
    assert (report.verdict, report.status) == ("right", 0), roots(report)
    table, *others = report.tables
    assert (table.sheet, table.header_row, table.range) == ("assignment6-calculations", 20, "A21:AE100")
    assert (table.learning_rate, table.rate_text, set(table.columns)) == (rate, "$G$19", set(OURS))
    assert [other.sheet for other in others] == [f"rate {n}" for n in range(1, 8)]
    assert [other.learning_rate for other in others] == list(RATES)
    assert all(each.findings == [] for each in report.tables)


@pytest.mark.parametrize("rate", RATES)
def test_our_own_workbook_without_caches_is_right_and_said_to_be_recalculated(tmp_path: Path, rate: float) -> None:
    write(plan(replace(default_experiment(), learning_rate=rate))[:1], tmp_path / "ours.xlsx")
    openpyxl.load_workbook(tmp_path / "ours.xlsx").save(tmp_path / "bare.xlsx")
    report = audit(tmp_path / "bare.xlsx")
    assert report.verdict == "right", roots(report)
    assert notes(report) == "2468 stored values are missing or not what their formulas give: recalculated with IronCalc"


def test_falsified_caches_are_noticed_and_recalculated(tmp_path: Path, book: Path) -> None:
    report = audit(poisoned(book, tmp_path / "poisoned.xlsx"))
    assert report.verdict == "right"
    assert "1520 stored values are missing or not what their formulas give: recalculated" in notes(report)


def test_one_stored_value_is_no_values(book: Path) -> None:
    _, told = recalculated(read(book), 1)
    assert told == "1 stored value is missing or not what its formula gives: recalculated with IronCalc"


def test_the_annotated_copy_of_a_right_workbook_is_right(tmp_path: Path, book: Path) -> None:
    before = book.read_bytes()
    lost = annotate(audit(book), tmp_path / "copy.xlsx")
    assert lost == ["sparklines", "stored values: Excel computes them when it opens the copy"]
    assert audit(tmp_path / "copy.xlsx").verdict == "right"
    assert book.read_bytes() == before


def test_the_two_slips_of_the_original_sheet(original: Path) -> None:
    report = audit(original)
    found = {(root.column, root.cell, root.rows): root.cause for root in report.roots}
    assert found == {
        ("w3", "G24", 77): "$G21 is not frozen: filled down, it has drifted from G19 and reads G21 in row 24 (w3); "
        "$G$19 is expected",
        ("∂E/∂w3", "Z21", 80): "J21 is a_h1; a_h2 (L21) is expected",
        ("∂E/∂w4", "AA21", 80): "J21 is a_h1; a_h2 (L21) is expected",
    }  # fmt: skip
    deviations = {root.column: root.deviation for root in report.roots}
    assert 1e-4 < deviations["∂E/∂w3"] < 1e-3  # type: ignore[operator]
    (table,) = report.tables
    assert table.cost is not None
    assert table.cost.expected_loss == pytest.approx(8.9576e-05, rel=1e-4)
    assert (table.cost.weight, table.cost.cell) == ("w3", "G100")


def test_what_follows_from_a_root_is_a_consequence_and_no_second_fault(original: Path) -> None:
    (table,) = audit(original).tables
    consequences = {finding.column: finding.cell for finding in table.findings if finding.kind == "consequence"}
    assert consequences["w4"] == "H22"
    assert consequences["E_tot"] == "W22"
    assert not {"t1", "i1", "w3", "∂E/∂w3"} & consequences.keys()


def test_the_report_is_whole_on_a_narrow_terminal(original: Path) -> None:
    done = run("workbook", "audit", str(original))
    assert done.returncode == 1
    # Formulas, and the file's name, are one line each however long they are: to be copied whole.
    prose = [
        line for line in done.stdout.splitlines()[1:] if not line.startswith(("   is ", "   expected ", "   rows "))
    ]
    assert max(map(len, prose)) <= 80
    (table,) = audit(original).tables
    for root in table.roots:
        assert f"   expected  {root.expected}\n" in done.stdout
        assert f"   is        {root.formula}\n" in done.stdout
    text = " ".join(done.stdout.split())
    assert "1. w3 from G24 on: $G21 is not frozen: filled down, it has drifted from G19 and reads G21 in row 24" in text
    assert "expected =G23 - $G$19*Z23" in text
    assert "rows 80 (21-100); off by up to 0.026 %" in text
    assert "Off as a consequence, from row" in text
    assert "What it costs: the last row's loss is" in text


def test_json_has_the_keys_that_machines_read(original: Path) -> None:
    done = run("workbook", "audit", "--json", str(original))
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)
    document = json.loads(done.stdout)
    assert list(document) == ["file", "verdict", "score", "tables"]
    assert (document["verdict"], document["score"]) == ("wrong", {"right": 24, "asked": 27})
    (table,) = document["tables"]
    assert list(table) == ["sheet", "header_row", "rows", "verdict", "score", "learning_rate", "findings"]
    assert table["score"] == document["score"]
    assert (table["header_row"], table["rows"], table["verdict"], table["learning_rate"]) == (20, 80, "wrong", 1.0)
    root = next(finding for finding in table["findings"] if finding["column"] == "∂E/∂w3")
    assert root["kind"] == "root"
    assert (root["cell"], root["rows"], root["cause"]) == ("Z21", 80, "J21 is a_h1; a_h2 (L21) is expected")
    assert root["expected"] == "=((R21-A21)*R21*(1-R21)*N21 + (T21-B21)*T21*(1-T21)*P21)*L21*(1-L21)*C21"
    assert set(root) == {"kind", "column", "cell", "rows", "formula", "expected", "cause", "deviation", "at"}
    assert root["at"] == [[21, 100]]


def test_json_of_a_file_that_cannot_be_judged(tmp_path: Path) -> None:
    (tmp_path / "no.xlsx").write_text("no")
    document = json.loads(as_json(audit(tmp_path / "no.xlsx")))
    assert document["tables"] == []
    assert "not an Excel workbook" in document["error"]


def test_the_expected_formulas_mend_the_sheet_when_they_are_pasted(tmp_path: Path, original: Path) -> None:
    book = openpyxl.load_workbook(original)
    sheet = book.worksheets[0]
    for root in audit(original).roots:
        first = int(root.cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        column = root.cell.removesuffix(str(first))
        assert root.expected is not None
        for row in root.at:
            moved = Translator(root.expected, root.cell).translate_formula(f"{column}{row}")
            sheet[f"{column}{row}"] = moved
    book.save(tmp_path / "mended.xlsx")
    assert audit(tmp_path / "mended.xlsx").verdict == "right"


def test_annotating_colours_the_wrong_cells_and_comments_on_the_first(tmp_path: Path, original: Path) -> None:
    before = original.read_bytes()
    done = run("workbook", "audit", str(original), "--annotate", "out.xlsx", folder=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stdout.endswith("Excel computes them when it opens the copy\n")
    assert original.read_bytes() == before
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]
    assert (
        sheet["Z21"].fill.fgColor.rgb == sheet["AA100"].fill.fgColor.rgb == sheet["G24"].fill.fgColor.rgb == "FFFF9999"
    )
    assert sheet["G23"].fill.fgColor.rgb != "FFFF9999"
    assert "a_h2 (L21) is expected" in str(sheet["Z21"].comment)
    assert sheet["Z22"].comment is None
    assert roots(audit(tmp_path / "out.xlsx")) == roots(audit(original))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "a.xlsx --annotate a.xlsx",
            "--annotate: got a.xlsx, a file that is read, and never changed; expected another name",
        ),
        ("a.xlsx --csv .", ".: is a directory, expected the name of a file to write"),
        ("a.xlsx --csv /dev/full", "/dev/full: is a device or a pipe, expected the name of a file to write"),
        ("a.xlsx --html no/b.html", "no/b.html: the folder no does not exist; create it first"),
        ("a.xlsx --html b.html --csv b.html", "--html: got b.html, which --csv writes already; expected another name"),
        ("a.xlsx --annotate b.csv", "b.csv: expected a file name that ends in .xlsx, as the audited file does"),
        ("a.xlsx --annotate no/b.xlsx", "no/b.xlsx: the folder no does not exist; create it first"),
        ("a.xlsx a.xlsx b.xlsx --annotate c.xlsx", "--annotate: got 2 files, expected one"),
        ("a.xlsx --learning-rate fast", "Invalid value for '--learning-rate': got 'fast', expected a number"),
        ("a.xlsx --learning-rate nan", "learning rate: got nan, expected a finite number from 0 up"),
        ("a.xlsx --csv no/b.csv", "no/b.csv: the folder no does not exist; create it first"),
        ("", "no workbook named; type `make audit FILE=theirs.xlsx`, or here `audit theirs.xlsx`"),
    ],
)
def test_bad_options_get_one_line(tmp_path: Path, book: Path, arguments: str, message: str) -> None:
    shutil.copy(book, tmp_path / "a.xlsx")
    before = (tmp_path / "a.xlsx").read_bytes()
    done = run("workbook", "audit", *arguments.split(), folder=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"error: {message}\n")
    assert (tmp_path / "a.xlsx").read_bytes() == before


# Several tables, and what stands around them.


def test_stacked_and_side_by_side_tables_are_judged_one_by_one(tmp_path: Path) -> None:
    cells: Cells = {}
    for top, left, eta in ((4, 1, "$H$1"), (4, 35, "$AP$1"), (30, 1, "$H$28")):
        made = HandMade(top=top, left=left, eta=eta, rows=6)
        if left == 35:
            made.plant("h2", "w3", "w1")
        cells |= made.cells
    report = audit(save(tmp_path / "three.xlsx", cells))
    assert [table.range for table in report.tables] == ["A5:AE10", "AI5:BM10", "A31:AE36"]
    assert [table.verdict for table in report.tables] == ["right", "wrong", "right"]
    assert [table.rate_text for table in report.tables] == ["$H$1", "$AP$1", "$H$28"]
    assert roots(report) == [("h2", "AS5")]


def test_look_alikes_beside_the_table_are_ignored_and_listed(tmp_path: Path) -> None:
    made = HandMade(left=5, rows=6)
    for column, header in ((1, "i1"), (2, "i2"), (38, "E_1"), (39, "E_2"), (40, "remarks")):
        made.cells[4, column] = header
        if column != 40:
            made.cells |= {(row, column): 0.3 / row for row in range(5, 11)}
    report = audited(tmp_path, made)
    assert report.verdict == "right", roots(report)
    assert list(report.tables[0].others.values()) == ["i1", "i2", "E_1", "E_2", "remarks"]


def test_loss_curves_named_e_1_and_e_2_are_not_taken_for_missing_losses(tmp_path: Path) -> None:
    order = [name for name in OURS if name not in ("E1", "E2")]
    made = HandMade(order=order, rows=6, formulas={"E_tot": "0.5*(t1-a_o1)^2+0.5*(t2-a_o2)^2"})
    for column, header in ((34, "E_1"), (35, "E_2")):
        made.cells[4, column] = header
        made.cells |= {(row, column): 0.3 / row for row in range(5, 11)}
    report = audited(tmp_path, made)
    assert report.verdict == "right", roots(report)


def test_a_helper_column_is_followed(tmp_path: Path) -> None:
    made = HandMade(rows=6)
    for row in range(5, 11):
        made.cells[row, 33] = f"=(R{row}-A{row})*R{row}*(1-R{row})"
        made.cells[row, 28] = f"=AG{row}*J{row}"
    made.cells[4, 33] = "delta 1"
    assert audited(tmp_path, made).verdict == "right"
    made.cells[8, 33] = "=(R8-B8)*R8*(1-R8)"
    assert roots(audited(tmp_path, made)) == [("∂E/∂w5", "AB8")]


# The learning rate.


def test_a_column_of_rates(tmp_path: Path) -> None:
    made = HandMade(rows=6, label=None)
    made.cells[4, 32] = "lr"
    for row in range(5, 11):
        made.cells[row, 32] = 1 / row
    for place in range(1, 9):
        made.edit(f"w{place}", lambda text, row: text.replace("$H$1", f"AF{row - 1}"))
    assert audited(tmp_path, made).verdict == "right"
    made.edit("w2", lambda text, row: text.replace(f"AF{row - 1}", "0.3"), [4])
    assert roots(audited(tmp_path, made)) == [("w2", made.cell("w2", 4))]


@pytest.mark.parametrize("there", ["eta", "Parameters!$B$1"])
def test_a_rate_behind_a_name_or_on_another_sheet(tmp_path: Path, there: str) -> None:
    made = HandMade(rows=4, label=None)
    for n in range(1, 9):
        made.edit(f"w{n}", lambda text, _: text.replace("$H$1", there))
    book = openpyxl.load_workbook(save(tmp_path / "rate.xlsx", made.cells, caches=False))
    book.defined_names["eta"] = DefinedName("eta", attr_text="'Sheet 1'!$H$1")
    book.create_sheet("Parameters")["B1"] = 0.5
    book.save(tmp_path / "rate.xlsx")
    report = audit(tmp_path / "rate.xlsx")
    assert (report.verdict, report.tables[0].learning_rate) == ("right", 0.5), roots(report)


@pytest.mark.parametrize(
    ("formula", "cells"),
    [
        ("=$B$1/10", {(1, 2): 5.0}),
        ("=INDEX($B$1:$B$3,$A$1)", {(1, 1): 2.0, (1, 2): 0.1, (2, 2): 0.5, (3, 2): 2.0}),
    ],
    ids=["from another cell", "chosen from a list"],
)
def test_a_rate_that_is_computed(tmp_path: Path, formula: str, cells: Cells) -> None:
    made = HandMade(rows=4, label=None)
    made.cells |= {**cells, (1, 8): formula}
    report = audited(tmp_path, made)
    assert report.verdict == "right", roots(report)
    assert (report.tables[0].learning_rate, report.tables[0].rate_text) == (0.5, "$H$1")


def _minus(column: str) -> Callable[[str, int], str]:
    """An edit of an update: the weight above minus what the row above has in a column."""
    return lambda text, row: f"{text.split('-')[0]}-{column}{row - 1}"


def test_steps_that_are_computed_on_another_sheet_are_followed_to_the_rate(tmp_path: Path) -> None:
    made = HandMade(rows=4)
    steps: Cells = {}
    for n in range(1, 9):
        for row in range(5, 9):
            steps[row, n] = f"='Sheet 1'!$H$1*'Sheet 1'!{made.cell(f'∂E/∂w{n}', row - 5)}"
        made.edit(f"w{n}", _minus(f"'Sheet 2'!{get_column_letter(n)}"))
    report = audit(save(tmp_path / "steps.xlsx", made.cells, steps))
    assert report.verdict == "right", roots(report)
    assert report.tables[0].rate_text == "$H$1"


def test_a_named_rate_beside_the_table_is_one_cell(tmp_path: Path) -> None:
    made = HandMade(rows=6, eta="$AG$7", label=None)
    for n in range(1, 9):
        made.edit(f"w{n}", lambda text, _: text.replace("$AG$7", "eta"))
    made.put("w2", 4, 0.123)
    report = audit(save(tmp_path / "named.xlsx", made.cells, names={"eta": "'Sheet 1'!$AG$7"}))
    assert report.tables[0].rate_text == "$AG$7"
    assert roots(report) == [("w2", made.cell("w2", 4))]


@pytest.mark.parametrize("sheet", ["", "'Sheet 1'!", "'sheet 1'!"])
def test_a_name_may_have_a_sheet_before_it(tmp_path: Path, sheet: str) -> None:
    made = HandMade(rows=6, eta="$AG$7", label=None)
    for n in range(1, 9):
        made.edit(f"w{n}", lambda text, _: text.replace("$AG$7", "eta"))
    path = save(tmp_path / "named.xlsx", made.cells, names={"eta": "'Sheet 1'!$AG$7"})
    # Only now, because IronCalc, which computes the stored values, does not know such names.
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "qualified.xlsx", "w") as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                assert b"eta*" in content
                content = content.replace(b"eta*", f"{sheet}eta*".encode())
            target.writestr(item, content)
    report = audit(tmp_path / "qualified.xlsx")
    assert (report.verdict, roots(report)) == ("right", [])


@pytest.mark.parametrize("target", ["'Sheet 1'!Rate", "Rate", "eta"], ids=["qualified", "plain", "itself"])
def test_a_name_may_stand_for_another_name(tmp_path: Path, target: str) -> None:
    made = HandMade(rows=6, eta="$AG$7", label=None)
    for n in range(1, 9):
        made.edit(f"w{n}", lambda text, _: text.replace("$AG$7", "eta"))
    path = save(tmp_path / "named.xlsx", made.cells, names={"eta": "'Sheet 1'!$AG$7", "Rate": "'Sheet 1'!$AG$7"})
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "chain.xlsx", "w") as written:
        for item in source.infolist():
            content = source.read(item)
            if item.filename == "xl/workbook.xml":
                before = b"<definedName name=\"eta\">'Sheet 1'!$AG$7<"
                assert before in content
                content = content.replace(before, f'<definedName name="eta">{target}<'.encode())
            written.writestr(item, content)
    report = audit(tmp_path / "chain.xlsx")
    if target != "eta":  # a name of itself, which no program writes, has to end all the same
        assert roots(report) == []
        assert (report.verdict, report.tables[0].learning_rate, report.tables[0].rate_text) == ("right", 0.5, "$AG$7")


def test_a_typed_number_is_shown_as_it_was_typed(tmp_path: Path) -> None:
    made = HandMade(rows=6)
    made.put("h1", 3, 0.506875)
    assert only_root(audited(tmp_path, made)).formula == "0.506875"


def test_names_of_cells_do_not_move_with_the_row(tmp_path: Path) -> None:
    made = HandMade(rows=6).edit("h1", lambda _text, _row: "=w_1*i_1+w_2*i_2")
    names = {f"{name[0]}_{name[1]}": f"'Sheet 1'!${made.cell(name, 0)[0]}$5" for name in ("w1", "w2", "i1", "i2")}
    root = only_root(audit(save(tmp_path / "named.xlsx", made.cells, names=names)))
    assert (root.column, root.cell, root.rows) == ("h1", made.cell("h1", 1), 5)


@pytest.mark.parametrize("name", ["run {1}", "Anna's"])
def test_a_rate_on_a_sheet_whose_name_has_signs(tmp_path: Path, name: str) -> None:
    quoted = "'" + name.replace("'", "''") + "'"
    made = HandMade(rows=4, label=None).plant("w2", "∂E/∂w2", "∂E/∂w3")
    for n in range(1, 9):
        made.edit(f"w{n}", lambda text, _: text.replace("$H$1", "'Sheet 2'!$B$1"))
    book = openpyxl.load_workbook(save(tmp_path / "rate.xlsx", made.cells, {(1, 2): 0.5}))
    sheet, rates = book.worksheets
    rates.title = name
    for address in [made.cell(f"w{n}", step) for n in range(1, 9) for step in range(1, 4)]:
        sheet[address] = str(sheet[address].value).replace("'Sheet 2'", quoted)
    book.save(tmp_path / "rate.xlsx")
    root = only_root(audit(tmp_path / "rate.xlsx"))
    assert root.expected == f"=F5 - {quoted}!$B$1*Y5"


def test_a_label_that_disagrees_with_a_column_of_rates_is_reported(tmp_path: Path) -> None:
    made = HandMade(rows=4, label=None)
    made.cells |= {(4, 32): "lr", (2, 1): "Learning rate", (2, 2): 2.0, **{(row, 32): 0.5 for row in range(5, 9)}}
    for n in range(1, 9):
        made.edit(f"w{n}", lambda text, row: text.replace("$H$1", f"AF{row - 1}"))
    assert "AF has 0.5; B2 is labelled as the rate and has 2" in notes(audited(tmp_path, made))


def test_a_label_that_disagrees_with_the_formulas_is_reported(tmp_path: Path) -> None:
    made = HandMade(label=None)
    made.cells[2, 1], made.cells[2, 2] = "Learning rate", 2.0
    report = audited(tmp_path, made)
    assert report.verdict == "right"
    assert "$H$1 has 0.5; B2 is labelled as the rate and has 2" in notes(report)


def test_a_learning_rate_given_on_the_command_line_overrides(tmp_path: Path) -> None:
    path = save(tmp_path / "rate.xlsx", HandMade(rows=4).cells)
    assert audit(path, learning_rate=0.5).verdict == "right"
    report = audit(path, learning_rate=0.25)
    assert {column for column, _ in roots(report)} == {f"w{n}" for n in range(1, 9)}
    assert "H1 holds 0.5; the learning rate (0.25) is expected" in report.roots[0].cause


def test_updates_that_leave_the_labelled_rate_out(tmp_path: Path) -> None:
    made = HandMade(rows=4)
    for n in range(1, 9):
        made.plant(f"w{n}", "eta*", "")
    causes = {root.cause for root in audited(tmp_path, made).roots}
    assert causes == {"a missing factor: $H$1"}


# Numbers without formulas, and what is missing.


def pasted(made: HandMade, tmp_path: Path, digits: int = 17) -> HandMade:
    """The same table with its values pasted over the formulas."""
    values = openpyxl.load_workbook(save(tmp_path / "formulas.xlsx", made.cells), data_only=True).worksheets[0]
    cells: Cells = {}
    for (row, column), content in made.cells.items():
        value = values.cell(row, column).value
        cells[row, column] = float(f"{value:.{digits}g}") if isinstance(value, int | float) else content
    return replace_cells(made, cells)


def replace_cells(made: HandMade, cells: Cells) -> HandMade:
    other = HandMade(order=made.order, rows=made.rows)
    other.cells = cells
    return other


@pytest.mark.parametrize("digits", [10, 12, 17])
def test_pasted_numbers_are_right_by_value_and_said_to_be(tmp_path: Path, digits: int) -> None:
    report = audited(tmp_path, pasted(HandMade(), tmp_path, digits))
    assert (report.verdict, report.roots) == ("typed", []), roots(report)
    assert "typed numbers without formulas, judged by value: w1, w2" in notes(report)


@pytest.mark.parametrize("digits", [10, 17])
def test_the_commonest_slip_is_found_and_named_in_pasted_numbers(tmp_path: Path, digits: int) -> None:
    slipped = HandMade().plant("∂E/∂w3", "a_h2*(1-a_h2)", "a_h1*(1-a_h1)")
    root = only_root(audited(tmp_path, pasted(slipped, tmp_path, digits)))
    assert (root.column, root.cell, root.rows) == ("∂E/∂w3", "Z5", ROWS)
    assert "is a_h1; a_h2 (L5) is expected" in root.cause


def test_numbers_that_were_rounded_to_six_decimals_are_right(tmp_path: Path) -> None:
    made = pasted(HandMade(), tmp_path)
    given = {(5, 1 + OURS.index(name)) for name in FIRST}
    for place, content in made.cells.items():
        if isinstance(content, float) and place not in given:
            made.cells[place] = round(content, 6)
    report = audited(tmp_path, made)
    assert report.roots == [], roots(report)


def test_a_typed_number_below_an_error_is_not_counted_as_right(tmp_path: Path) -> None:
    made = HandMade()
    made.cells[9, 20] = "x"
    made.put("h1", 8, 0.03)
    report = audited(tmp_path, made)
    assert roots(report) == [("a_o2", "T9")]
    assert "a typed number, not judged: what it is computed from is no number" in notes(report)


def test_dust_of_the_fill_handle_is_no_fault(tmp_path: Path) -> None:
    made = HandMade()
    for step in range(1, ROWS):
        made.put("i1", step, 0.0500000000000001)
    assert audited(tmp_path, made).verdict == "right"


def test_samples_that_take_turns_are_not_accused(tmp_path: Path) -> None:
    made = HandMade()
    for step in range(ROWS):
        made.put("i1", step, float(step % 2))
        made.put("i2", step, float(step // 2 % 2))
        made.put("t1", step, float(step % 4 == 3))
    report = audited(tmp_path, made)
    assert report.roots == [], roots(report)
    assert "as if every row were another sample: they are not judged" in notes(report)


def test_what_is_missing_is_listed_and_never_counted_as_right(tmp_path: Path) -> None:
    report = audited(tmp_path, HandMade(order=OURS[:20], formulas={f"w{n}": f"w{n}" for n in range(1, 9)}, rows=1))
    assert (report.verdict, report.status) == ("incomplete", 0)
    assert "no column for E1, E2, E_tot, ∂E/∂w1" in notes(report)


def test_a_table_without_its_inputs_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    made = HandMade(rows=4)
    for row in range(4, 9):
        made.cells[row, 3] = None
    report = audit(
        save(tmp_path / "no_i1.xlsx", {place: content for place, content in made.cells.items() if content is not None})
    )
    assert report.roots == [], roots(report)
    assert report.verdict == "incomplete"
    assert "h1 could not be checked" in notes(report)
    assert report.status == 1


def test_a_table_with_biases_is_not_judged_and_not_accused(tmp_path: Path) -> None:
    made = HandMade(rows=4)
    made.cells |= {(4, 33): "b1", **{(row, 33): 0.1 for row in range(5, 9)}}
    report = audited(tmp_path, made)
    assert report.status == 2
    assert "the table has biases, which the audit cannot judge yet" in str(report.error)


def test_a_labelled_bias_outside_of_the_table_is_not_accused(tmp_path: Path) -> None:
    made = HandMade(rows=4)
    made.cells |= {(1, 10): "b1", (1, 11): 0.35}
    made.edit("h1", lambda text, _: text + "+$K$1")
    report = audited(tmp_path, made)
    assert (roots(report), report.verdict, report.status) == ([], "incomplete", 1)
    assert "h1 could not be checked: it adds a bias" in notes(report)


def test_a_labelled_bias_of_each_layer_is_not_accused(tmp_path: Path) -> None:
    made = HandMade(rows=4)
    made.cells |= {(1, 10): "b_h", (1, 11): 0.35, (2, 10): "b_o", (2, 11): 0.6}
    made.edit("h1", lambda text, _: text + "+$K$1").edit("o1", lambda text, _: text + "+$K$2")
    report = audited(tmp_path, made)
    assert roots(report) == []
    assert "h1 could not be checked: it adds a bias" in notes(report)
    assert "o1 could not be checked: it adds a bias" in notes(report)


def test_inputs_that_stand_outside_of_the_table(tmp_path: Path) -> None:
    order = [name for name in OURS if name not in ("i1", "i2")]
    made = HandMade(order=order, formulas={"h1": "w1*$K$1+w2*$K$2", "h2": "w3*$K$1+w4*$K$2"})
    for n in range(1, 5):
        made.plant(f"∂E/∂w{n}", f"*i{2 - n % 2}", f"*$K${2 - n % 2}")
    made.cells |= {(1, 10): "i1", (1, 11): 0.05, (2, 10): "i2", (2, 11): 0.1}
    assert audited(tmp_path, made).verdict == "right"
    made.edit("∂E/∂w4", lambda text, _: text.replace("$K$2", "$K$1"))
    root = only_root(audited(tmp_path, made))
    assert (root.column, root.cause) == ("∂E/∂w4", "K1 is i1; i2 ($K$2) is expected")


def test_networks_of_other_sizes_are_judged(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    other = replace(
        default_experiment(), network=Network.plain((2, 3, 1)), biases=(),
        weights=(generator.normal(size=(3, 2)), generator.normal(size=(1, 3))),
        inputs=np.array([[0.3, -0.4]]), targets=np.array([[0.7]]), steps=6,
    )  # fmt: skip
    write(plan(other)[:1], tmp_path / "other.xlsx")
    assert audit(tmp_path / "other.xlsx").verdict == "right"
    book = openpyxl.load_workbook(tmp_path / "other.xlsx")
    cell = book.worksheets[0]["M22"]
    assert str(cell.value).startswith("=")
    cell.value = str(cell.value) + "+1"
    book.save(tmp_path / "wrong.xlsx")
    assert [cell for _, cell in roots(audit(tmp_path / "wrong.xlsx"))] == ["M22"]


def test_an_activation_of_0_without_our_guard_is_right(tmp_path: Path) -> None:
    made = HandMade(rows=4, first={**FIRST, "w1": -1e6})
    path = save(tmp_path / "overflow.xlsx", made.cells)
    assert audit(path).verdict == "right"


def test_one_missing_file_gets_one_line(tmp_path: Path) -> None:
    assert error_line("workbook", "audit", "no.xlsx", folder=tmp_path).endswith(
        "no.xlsx: cannot be read: No such file or directory"
    )


@pytest.mark.parametrize(("off", "stale"), [(1e-4, 1), (1e-5, 1), (1e-7, 0)])
def test_a_stored_value_is_stale_from_a_millionth_on(book: Path, tmp_path: Path, off: float, stale: int) -> None:
    path = tmp_path / "stale.xlsx"
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(path, "w") as target:
        for item in source.infolist():
            data = source.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                # A row's E_tot, which no other cell of the table reads.
                last = re.compile(r'(<c r="W50"[^>]*><f>.*?</f><v>)(.*?)(</v>)')
                xml, found = last.subn(lambda v: f"{v[1]}{float(v[2]) * (1 + off)!r}{v[3]}", data.decode())
                data = xml.encode()
                assert found == 1
            target.writestr(item, data)
    assert notes(audit(path)).count("1 stored value is") == stale
