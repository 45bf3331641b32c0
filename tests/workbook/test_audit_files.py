"""Hostile and broken files: a clear line, in bounded time and memory, and never a traceback."""

import resource
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from engine import InputError, Network, default_experiment
from tests.commands import environment, error_line, run
from tests.workbook.handmade import FIRST, Cells, HandMade, audited, roots, save
from workbook.inspect.audit import audit
from workbook.inspect.audit_command import run_audit
from workbook.inspect.report.annotate import annotate
from workbook.plan import plan
from workbook.spreadsheet.files import named
from workbook.write import write


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("good") / "good.xlsx", HandMade(rows=4).cells)


def with_part(good: Path, out: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of a workbook with one part changed."""
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            target.writestr(part, change(source.read(part)) if part == name else source.read(part))
    return out


SHEET = "xl/worksheets/sheet1.xml"
BILLION = (
    b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>"""
)
NOT_ONE = [
    ("text.xlsx", b"t1,t2\n1,2\n", "not an Excel workbook: an .xlsx file is a zip archive, and this is not one"),
    ("empty.xlsx", b"", "not an Excel workbook: an .xlsx file is a zip archive, and this is not one"),
    (
        "old.xls",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "an old .xls file or one with a password; open it and save it as .xlsx without a password",
    ),
    ("cut.xlsx", b"PK\x03\x04" + bytes(30), "damaged or not an Excel workbook: File is not a zip file"),
]


@pytest.mark.parametrize(("name", "data", "message"), NOT_ONE, ids=[name for name, *_ in NOT_ONE])
def test_something_else_gets_one_line(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert error_line("workbook", "audit", name, folder=tmp_path) == f"error: {name}: {message}"


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        (
            "mimetype", "application/vnd.oasis.opendocument.spreadsheet",
            "an OpenDocument file (.ods); open it and save it as .xlsx",
        ),
        ("xl/workbook.bin", "", "a binary workbook (.xlsb); open it and save it as .xlsx"),
        ("word/document.xml", "", "not an Excel workbook: the archive holds no xl/workbook.xml"),
    ],
)  # fmt: skip
def test_another_archive_gets_one_line(tmp_path: Path, part: str, content: str, message: str) -> None:
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr(part, content)
    assert audit(tmp_path / "other.xlsx").error == f"{tmp_path}/other.xlsx: {message}"


def test_a_missing_file_and_a_folder_without_workbooks(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (
        error_line("workbook", "audit", "no.xlsx", folder=tmp_path)
        == "error: no.xlsx: cannot be read: No such file or directory"
    )
    assert (
        error_line("workbook", "audit", "empty", folder=tmp_path)
        == "error: empty: no workbooks (.xlsx, .xlsm, .ods) in it"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a b.xlsx", ["a b.xlsx"]),
        ("b.xlsx a b.xlsx the class", ["b.xlsx", "a b.xlsx", "the class"]),
        (" b.xlsx  a b.xlsx ", ["b.xlsx", "a b.xlsx"]),
        ("O'Brien.xlsx b.xlsx", ["O'Brien.xlsx", "b.xlsx"]),
        ("the class/*.xlsx b.xlsx", ["the class/1.xlsx", "the class/2.xlsx", "b.xlsx"]),
        ("b.xlsx no.xlsx", ["b.xlsx", "no.xlsx"]),
        ("no such.xlsx", ["no such.xlsx"]),
    ],
)
def test_several_files_in_one_text_may_have_spaces_in_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, expected: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "the class").mkdir()
    for name in ("a b.xlsx", "b.xlsx", "O'Brien.xlsx", "the class/1.xlsx", "the class/2.xlsx"):
        (tmp_path / name).touch()
    assert named(Path(given)) == [Path(name) for name in expected]


def test_make_names_several_files_in_one_text(tmp_path: Path) -> None:
    (tmp_path / "class 1").mkdir()
    for name in ("by hand.xlsx", "class 1/a.xlsx"):
        save(tmp_path / name, HandMade(rows=3).cells)
    done = run("workbook", "audit", "by hand.xlsx class 1 no.xlsx", "--jobs", "1", folder=tmp_path)
    names = ("by hand.xlsx", "class 1/a.xlsx", "no.xlsx")
    assert [line.startswith(name) for line, name in zip(done.stdout.splitlines(), names, strict=True)] == [True] * 3


def test_a_name_that_no_file_can_have_gets_one_line() -> None:
    with pytest.raises(InputError, match="cannot be read: File name too long"):
        run_audit([Path("a" * 300 + ".xlsx")], None, json=False, csv=None, annotated=None)


def test_no_copy_of_a_file_that_cannot_be_judged_is_annotated(tmp_path: Path) -> None:
    folder, copy = tmp_path / "class", tmp_path / "copy.xlsx"
    folder.mkdir()
    save(folder / "shopping.xlsx", {(1, 1): "milk"})
    with pytest.raises(InputError, match="no training table found"):
        run_audit([folder], None, json=False, csv=None, annotated=copy)
    assert not copy.exists()


def test_a_copy_of_a_file_whose_name_openpyxl_refuses_gets_one_line(tmp_path: Path, good: Path) -> None:
    shutil.copy(good, tmp_path / "theirs")
    with pytest.raises(InputError, match="openpyxl cannot load it to annotate a copy"):
        annotate(audit(tmp_path / "theirs"), tmp_path / "marked")


def test_the_csv_never_takes_a_workbooks_place(tmp_path: Path, good: Path) -> None:
    for name in ("anna.xlsx", "ben.xlsx", "theirs"):
        shutil.copy(good, tmp_path / name)
    for audited_file, csv in (("ben.xlsx", "anna.xlsx"), ("anna.xlsx", "anna.xlsx"), ("theirs", "theirs")):
        with pytest.raises(InputError, match=f"--csv: got .*{csv}, an? "):
            run_audit([tmp_path / audited_file], None, json=False, csv=tmp_path / csv, annotated=None)
        assert (tmp_path / csv).read_bytes() == good.read_bytes()


def test_a_workbook_without_a_table_says_what_was_looked_for(tmp_path: Path) -> None:
    path = save(tmp_path / "shopping.xlsx", {(1, 1): "milk", (2, 1): 2.0})
    assert audit(path).error == (
        f"{path}: no training table found; looked on every sheet for a row of headers such as t1, i1, w1, h1, a_h1, "
        "E_tot, ∂E/∂w1 (five or more, a weight among them) with numbers below"
    )


def test_xml_that_breaks_off(tmp_path: Path, good: Path) -> None:
    path = with_part(good, tmp_path / "cut.xlsx", SHEET, lambda data: data[: len(data) // 2])
    assert "damaged: its XML breaks off or is wrong" in (audit(path).error or "")


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_entities_are_refused(tmp_path: Path, good: Path, part: str) -> None:
    path = with_part(good, tmp_path / "entities.xlsx", part, lambda _: BILLION)
    assert "declares a document type or entities" in (audit(path).error or "")


def test_entities_elsewhere_are_refused_before_openpyxl_reads_them(tmp_path: Path, good: Path) -> None:
    path = with_part(good, tmp_path / "entities.xlsx", "xl/styles.xml", lambda _: BILLION)
    with pytest.raises(InputError, match="declares a document type or entities"):
        annotate(audit(path), tmp_path / "out.xlsx")
    assert not (tmp_path / "out.xlsx").exists()


BOMB = b"<worksheet><sheetData>%s</sheetData></worksheet>"


@pytest.mark.parametrize("filling", [b" ", b"<c/>", b"<row/>"], ids=["blanks", "cells", "rows"])
def test_a_zip_bomb_takes_little_memory(tmp_path: Path, good: Path, filling: bytes) -> None:
    path = with_part(good, tmp_path / "bomb.xlsx", SHEET, lambda _: BOMB % (filling * (30_000_000 // len(filling))))
    assert path.stat().st_size < 100_000
    done = subprocess.run(
        [sys.executable, "-m", "workbook", "audit", str(path)],
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)),
    )  # fmt: skip
    assert done.returncode == 2
    assert "unpacks to more than the audit takes" in done.stderr


def test_the_limits_are_in_the_help() -> None:
    done = run("workbook", "audit", "--help")
    words = " ".join(done.stdout.replace("│", " ").split())
    for limit in ("600 MB", "1/200", "25 million", "6 million cells", "1,000 training tables"):
        assert limit in words


def test_an_empty_sheet_that_claims_to_be_huge(tmp_path: Path, good: Path) -> None:
    rows = b'<sheetData><row r="1048576" spans="1:16384"/></sheetData>'
    huge = b'<worksheet><dimension ref="A1:XFD1048576"/>' + rows + b"</worksheet>"
    assert "no training table found" in (
        audit(with_part(good, tmp_path / "huge.xlsx", SHEET, lambda _: huge)).error or ""
    )


def test_a_folder_is_graded_and_one_unreadable_file_does_not_stop_it(tmp_path: Path, good: Path) -> None:
    (tmp_path / "class").mkdir()
    shutil.copy(good, tmp_path / "class" / "ann.xlsx")
    save(tmp_path / "class" / "bob.xlsx", HandMade().plant("h1", "w1", "w3").cells)
    (tmp_path / "class" / "cat.xlsx").write_text("no workbook")
    (tmp_path / "class" / "~$ann.xlsx").write_text("a lock")
    (tmp_path / "class" / "notes.txt").write_text("no workbook")
    done = run("workbook", "audit", "class", "--jobs", "1", "--csv", "grades.csv", folder=tmp_path)
    assert done.returncode == 1, done.stderr
    # In the order in which they are done.
    assert sorted(done.stdout.splitlines()) == [
        "class/ann.xlsx  right  27 of 27 columns right",
        "class/bob.xlsx  wrong  26 of 27 columns right  1 fault, first in I5 (h1): G5 is w3; w1 (E5) is expected",
        "class/cat.xlsx  not judged  not an Excel workbook: an .xlsx file is a zip archive, and this is not one",
    ]
    lines = (tmp_path / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("file,verdict,tables,rows,columns right,columns asked,faults,column,cell,cause")
    assert lines[1].startswith("class/ann.xlsx,right,1,4,27,27,0,")
    assert lines[2].startswith("class/bob.xlsx,wrong,1,12,26,27,1,h1,I5,G5 is w3; w1 (E5) is expected,")
    assert lines[3].startswith("class/cat.xlsx,not judged,0,0,0,0,0,")
    assert len(lines) == 4


def test_right_and_unreadable_files_together_exit_with_2(tmp_path: Path, good: Path) -> None:
    (tmp_path / "bad.xlsx").write_text("no workbook")
    done = run("workbook", "audit", str(good), "bad.xlsx", "--jobs", "1", folder=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(("state", "words"), [("hide", "the sheet is hidden"), ("very_hidden", "(very hidden)")])
def test_hidden_sheets_are_audited_and_said_to_be_hidden(tmp_path: Path, state: str, words: str) -> None:
    made = HandMade(rows=3).plant("h1", "w1", "w3")
    report = audit(save(tmp_path / "hidden.xlsx", {(1, 1): "see"}, made.cells, states=["activate", state]))
    assert roots(report) == [("h1", "I5")]
    assert any(words in finding.cause for finding in report.tables[0].findings)


def test_chart_sheets_are_passed_over(tmp_path: Path, good: Path) -> None:
    book = openpyxl.load_workbook(good)
    book.create_chartsheet("chart", 0)
    book.save(tmp_path / "chart.xlsx")
    assert audit(tmp_path / "chart.xlsx").verdict == "right"


def test_headers_merged_downwards_and_across(tmp_path: Path) -> None:
    made = HandMade(top=4, rows=4)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for (row, column), content in made.cells.items():
        sheet.cell(row, column, content)
    sheet.merge_cells("A2:D3")
    sheet["A2"] = "given"
    book.save(tmp_path / "merged.xlsx")
    assert audit(tmp_path / "merged.xlsx").verdict == "right"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("=1/0", "the error #DIV/0!"), ("seven", "the text 'seven'"), (None, "the cell is empty; expected"),
        (True, "True"), (45000.5, "45000.5 is typed"),
    ],
    ids=["an error", "a text", "a hole", "a truth value", "a date"],
)  # fmt: skip
def test_a_cell_that_is_no_number_is_one_root(tmp_path: Path, content: object, words: str) -> None:
    made = HandMade()
    made.cells[8, 9] = content  # type: ignore[assignment]
    report = audited(tmp_path, made)
    assert ("h1", "I8") in roots(report)
    assert [cell for _, cell in roots(report)] == ["I8"]
    assert words in report.roots[0].cause or "computes something else" in report.roots[0].cause


def test_circular_references_end(tmp_path: Path) -> None:
    made = HandMade(rows=4)
    made.cells[6, 9] = "=I6+1"
    made.cells[6, 40], made.cells[6, 41], made.cells[6, 11] = "=AO6", "=AN6", "=AN6"
    assert {("h1", "I6"), ("h2", "K6")} <= set(roots(audited(tmp_path, made)))


@pytest.mark.parametrize(
    "formula", ["=VLOOKUP(E5,A5:F5,1)*C5+F5*D5", "=[1]Other!A1*C5+F5*D5", '=INDIRECT("E5")*C5+F5*D5']
)
def test_a_formula_that_cannot_be_followed_is_judged_by_value(tmp_path: Path, formula: str) -> None:
    made = HandMade(rows=4, first={**FIRST})
    path = save(tmp_path / "values.xlsx", made.cells)
    changed = with_part(
        path,
        tmp_path / "other.xlsx",
        SHEET,
        lambda data: data.replace(b"<f>E5*C5 + F5*D5</f>", f"<f>{formula[1:].replace(chr(34), '&quot;')}</f>".encode()),
    )
    report = audit(changed)
    assert roots(report) == []
    assert any("judged by its numbers alone" in finding.cause for finding in report.tables[0].findings)


def test_a_workbook_with_macros(tmp_path: Path, good: Path) -> None:
    macros = tmp_path / "class" / "macros.xlsm"
    macros.parent.mkdir()
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(macros, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
            with_macros = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
            target.writestr(part, source.read(part).replace(kind, with_macros))
        target.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 the macros")
    done = run("workbook", "audit", "class", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "class/macros.xlsm  right  27 of 27 columns right\n")
    annotate(audit(macros), tmp_path / "copy.xlsm")
    with zipfile.ZipFile(tmp_path / "copy.xlsm") as copy:
        assert copy.read("xl/vbaProject.bin").endswith(b"the macros")
    assert audit(tmp_path / "copy.xlsm").verdict == "right"


def test_a_table_in_the_last_columns_of_a_very_wide_sheet(tmp_path: Path) -> None:
    made = HandMade(left=16_354, rows=4)
    made.cells |= {(4, column): f"remark {column}" for column in range(20, 16_354)}
    made.cells |= {(5, column): 1.0 for column in range(20, 16_354)}
    (table,) = audited(tmp_path, made).tables
    assert (table.range, table.verdict, len(table.others)) == ("XDZ5:XFD8", "right", 16_334)
    made.plant("h2", "w3", "w1")
    assert roots(audited(tmp_path, made)) == [("h2", made.cell("h2", 0))]


@pytest.mark.parametrize(
    "headers",
    [
        [f"w{n}" for n in range(1, 16_000)] + ["a_h1"], ["i100000", "t100000", "w200000", "h1", "a_h1"],
        ["i250", "t1", "w251", "h1", "a_h1"],
    ],
    ids=["16,000 weights", "numbers out of any bounds", "a sum too long for a cell"],
)  # fmt: skip
def test_headers_that_no_network_has(tmp_path: Path, headers: list[str]) -> None:
    cells: Cells = {(1, column): header for column, header in enumerate(headers, start=1)}
    cells |= {(2, column): 0.5 for column in range(1, len(headers) + 1)}
    report = audit(save(tmp_path / "headers.xlsx", cells))
    assert "has just these columns" in (report.error or "")


def test_a_bias_as_an_input_numbered_0_is_not_judged(tmp_path: Path) -> None:
    made = HandMade(rows=4).edit("h1", lambda text, row: f"{text}+AG{row}*AF{row}")
    made.cells |= {(4, 32): "x0", (4, 33): "w0"}
    made.cells |= {(row, column): 1.0 for row in range(5, 9) for column in (32, 33)}
    assert "has just these columns" in (audited(tmp_path, made).error or "")


def test_a_network_larger_than_the_audit_takes_is_told_the_limits(tmp_path: Path) -> None:
    weights = (np.full((13, 2), 0.1), np.full((2, 13), 0.1))
    network = Network.plain((2, 13, 2))
    large = replace(default_experiment(), network=network, weights=weights, biases=(), steps=2)
    write(plan(large)[:1], tmp_path / "ours.xlsx")
    assert audit(tmp_path / "ours.xlsx").verdict == "right"
    book = openpyxl.load_workbook(tmp_path / "ours.xlsx")
    book.worksheets[0]["E20"] = "weight 1"  # no longer our own headers
    book.save(tmp_path / "large.xlsx")
    assert "(at most 12 hidden neurons in 4 layers and 1,000 weights)" in (audit(tmp_path / "large.xlsx").error or "")


def test_a_sheets_own_name_goes_before_the_workbooks(tmp_path: Path) -> None:
    tables = HandMade(rows=4, label=None), HandMade(rows=4, label=None, rate=0.25)
    for made in tables:
        for n in range(1, 9):
            made.edit(f"w{n}", lambda text, _: text.replace("$H$1", "eta"))
    names = {"eta": "'Sheet 2'!$H$1", "'Sheet 1'!eta": "'Sheet 1'!$H$1"}
    path = save(tmp_path / "names.xlsx", *(made.cells for made in tables), names=names)
    indented = with_part(
        path, tmp_path / "indented.xlsx", "xl/workbook.xml", lambda data: data.replace(b"><def", b">\n  <def")
    )
    report = audit(indented)
    assert [table.learning_rate for table in report.tables] == [0.5, 0.25]
    assert report.verdict == "right", roots(report)


def test_more_tables_than_anybody_has(tmp_path: Path) -> None:
    row = dict(enumerate(["i1", "t1", "w1", "h1", "a_h1"], start=1))
    cells: Cells = {(top, column): name for top in range(1, 2_100, 2) for column, name in row.items()}
    cells |= {(top, column): 0.5 for top in range(2, 2_101, 2) for column in row}
    error = audit(save(tmp_path / "many.xlsx", cells)).error or ""
    assert "1,050 training tables, more than the audit takes" in error


def test_an_annotated_copy_can_be_read_and_says_what_its_colours_mean(tmp_path: Path) -> None:
    write(plan(default_experiment()), tmp_path / "ours.xlsx")
    book = openpyxl.load_workbook(tmp_path / "ours.xlsx")
    book["assignment6-calculations"]["W40"] = "=U40"
    book.save(tmp_path / "theirs.xlsx")
    run("workbook", "audit", "theirs.xlsx", "--annotate", "marked.xlsx", folder=tmp_path)
    marked = openpyxl.load_workbook(tmp_path / "marked.xlsx")
    cell = marked["assignment6-calculations"]["W40"]
    assert cell.fill.fgColor.rgb == "FFFF9999"
    assert cell.font.color.rgb == "FF000000", "the table's own white letters cannot be read on it"
    assert cell.font.sz == 9
    assert [marked["audit"][f"A{row}"].fill.fgColor.rgb for row in (2, 3)] == ["FFFF9999", "FFFFE699"]
    assert "wrong" in marked["audit"]["B2"].value


def test_an_unknown_encoding_is_a_damaged_file(tmp_path: Path) -> None:
    path = save(tmp_path / "theirs.xlsx", HandMade(rows=4).cells)
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "odd.xlsx", "w") as target:
        for item in source.infolist():
            target.writestr(item, source.read(item).replace(b'encoding="UTF-8"', b'encoding="klingon"', 1))
    error = audit(tmp_path / "odd.xlsx").error
    assert error is not None
    assert error.startswith(f"{tmp_path}/odd.xlsx: damaged or not an Excel workbook")


def test_a_shared_formula_that_openpyxl_cannot_read_is_copied_as_it_is(tmp_path: Path) -> None:
    path = save(tmp_path / "theirs.xlsx", HandMade().cells)
    changed = tmp_path / "shared.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for part in old.namelist():
            data = old.read(part).decode()
            if part == "xl/worksheets/sheet1.xml":
                shared = (
                    '<row r="90"><c r="A90"><f t="shared" ref="A90:A91" si="9">0.5{*(D90-$T$7)^2</f><v>1</v></c></row>'
                    '<row r="91"><c r="A91"><f t="shared" si="9"/><v>1</v></c></row></sheetData>'
                )
                data = data.replace("</sheetData>", shared)
            new.writestr(part, data)
    done = run("workbook", "audit", "shared.xlsx", "--annotate", "out.xlsx", folder=tmp_path)
    assert "Wrote out.xlsx" in done.stdout, done.stderr
    assert openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]["A91"].value == "=0.5{*(D91-$T$7)^2"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<v>0.5</v>", "<v>half</v>", "got 'half', expected a number"),
        ('t="s"><v>0</v>', 't="s"><v>x</v>', "got 'x', expected the number of a text"),
        ('<row r="5"', '<row r="five"', "got 'five', expected a row's number"),
    ],
)
def test_a_damaged_cell_is_named_with_what_was_got_and_expected(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = save(tmp_path / "theirs.xlsx", HandMade().cells)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(tmp_path / "bad.xlsx", "w") as after:
        for part in before.namelist():
            data = before.read(part).decode()
            if part == "xl/worksheets/sheet1.xml":
                assert old in data
                data = data.replace(old, new, 1)
            after.writestr(part, data)
    done = run("workbook", "audit", "bad.xlsx", folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "bad.xlsx: damaged: '" in done.stderr
