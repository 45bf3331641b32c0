"""Tables that come as .ods or .csv: read with the same limits and the same clear lines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import InputError
from tests.commands import error_line, run
from tests.workbook.handmade import Cells, HandMade, ods, roots, save, values_of
from tests.workbook.spreadsheets import convert
from workbook.inspect.audit import audit
from workbook.inspect.report.annotate import annotate
from workbook.spreadsheet.book import ErrorValue
from workbook.spreadsheet.opendocument import read_opendocument
from workbook.spreadsheet.text import read_text


def saved_as_text(path: Path, cells: Cells, separator: str, decimal: str, encoding: str = "utf-8") -> Path:
    lines = [
        separator.join("" if value is None else str(value).replace(".", decimal) for value in row)
        for row in values_of(cells, path.parent)
    ]
    path.write_bytes("\r\n".join(["Herr Müller" + separator, *lines[1:], ""]).encode(encoding))
    return path


SLIPPED: list[tuple[Callable[[HandMade], object], list[tuple[str, str]]]] = [
    (lambda _: None, []),
    (lambda made: made.plant("h1", "w1", "w3"), [("h1", "I5")]),
    (lambda made: made.put("∂E/∂w7", 3, 0.5), [("∂E/∂w7", "AD8")]),
]
ids = ["right", "a wrong column", "a wrong cell"]


@pytest.mark.parametrize(
    ("separator", "decimal", "encoding"),
    [(",", ".", "utf-8"), (";", ",", "utf-8-sig"), (";", ".", "utf-8"), ("\t", ",", "utf-8"), (";", ",", "cp1252")],
)
@pytest.mark.parametrize(("slip", "found"), SLIPPED, ids=ids)
def test_a_csv_is_judged_by_value(
    tmp_path: Path, slip: Callable[[HandMade], object], found: list[object], separator: str, decimal: str, encoding: str
) -> None:
    # cp1252 has no ∂.
    made = HandMade(rows=6, headers={f"∂E/∂w{n}": f"dE/dw{n}" for n in range(1, 9)})
    made.cells[1, 1] = "a title"
    slip(made)
    report = audit(saved_as_text(tmp_path / "theirs.csv", made.cells, separator, decimal, encoding))
    assert roots(report) == found
    assert report.verdict == ("wrong" if found else "right")
    assert report.tables[0].learning_rate == 0.5


def test_an_ods_is_judged_by_its_formulas(tmp_path: Path) -> None:
    paths = []
    for number, (slip, _) in enumerate(SLIPPED):
        made = HandMade(rows=6)
        slip(made)
        paths.append(save(tmp_path / f"{number}.xlsx", made.cells))
    convert(paths, "ods", tmp_path, tmp_path)
    for path, (_, found) in zip(paths, SLIPPED, strict=True):
        report = audit(path.with_suffix(".ods"))
        assert roots(report) == found
        assert [finding.cause for finding in report.roots] == [finding.cause for finding in audit(path).roots]
        assert report.verdict == ("wrong" if found else "right")


def test_every_cell_of_an_ods_is_read(tmp_path: Path) -> None:
    cells: Cells = {(1, 2): 0.5, (2, 3): "a < b", (4, 4): "=1/0", (5, 1): "=1=1", (5, 2): -1e-300}
    cells |= {(row, 8): 7.0 for row in range(2, 9)} | {(9, column): 7.0 for column in range(3, 9)}
    save(tmp_path / "theirs.xlsx", {(1, 1): "first"}, cells | {(4, 6): '=""'})
    convert([tmp_path / "theirs.xlsx"], "ods", tmp_path, tmp_path)
    first, second = read_opendocument(tmp_path / "theirs.ods").sheets
    assert (first.name, first.values) == ("Sheet 1", {1: {1: "first"}})
    read = {(row, column): value for column, rows in second.values.items() for row, value in rows.items()}
    assert read == {**cells, (4, 4): ErrorValue("#DIV/0!"), (5, 1): 1.0}


def test_repeated_cells_comments_and_truth_values(tmp_path: Path) -> None:
    path = ods(
        tmp_path / "some.ods",
        '<table:table-row table:number-rows-repeated="2"><table:table-cell/>'
        '<table:table-cell table:number-columns-repeated="2" office:value="1.5"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="9"><table:table-cell table:number-columns-repeated="99"/>'
        '</table:table-row><table:table-row><table:table-cell office:value-type="string">'
        "<office:annotation><text:p>no</text:p></office:annotation>"
        "<text:p>y<text:span>e</text:span>s</text:p></table:table-cell>"
        '<table:covered-table-cell office:boolean-value="true"/></table:table-row>',
    )
    (sheet,) = read_opendocument(path).sheets
    assert sheet.values == {2: {1: 1.5, 2: 1.5, 12: True}, 3: {1: 1.5, 2: 1.5}, 1: {12: "yes"}}


HUGE = (
    '<table:table-row table:number-rows-repeated="{}">'
    '<table:table-cell table:number-columns-repeated="{}" office:value="1"/></table:table-row>'
)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (HUGE.format(1_048_576, 16_384), "more cells than the audit takes: "),
        (HUGE.format(1, 10**30), "outside of any Excel sheet"),
        (HUGE.format(10**30, 1), "outside of any Excel sheet"),
        (HUGE.format("x", 1), "damaged or not an Excel workbook: invalid literal for int"),
        ("<table:table-row>", "damaged: its XML breaks off or is wrong"),
    ],
    ids=["all cells", "too wide", "too long", "no number", "no end"],
)
def test_what_an_ods_claims_is_bounded(tmp_path: Path, rows: str, message: str) -> None:
    assert message in (audit(ods(tmp_path / "huge.ods", rows)).error or "")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("some.ods", b"t1;t2", "some.ods: damaged or not an OpenDocument file, which is a zip archive"),
        ("some.csv", b"PK\x03\x04\0\0", "some.csv: not a CSV file: it holds bytes that no text does"),
        ("some.csv", b"a,b\n" + b"x" * 200_000, "some.csv: not a CSV file: field larger than field limit (131072)"),
    ],
)
def test_something_else_gets_one_line(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert error_line("workbook", "audit", name, folder=tmp_path) == f"error: {message}"


def test_an_ods_with_a_password_gets_one_line(tmp_path: Path) -> None:
    ods(tmp_path / "some.ods", "", manifest="<manifest:encryption-data/>")
    line = "error: some.ods: has a password; open it and save it without one"
    assert error_line("workbook", "audit", "some.ods", folder=tmp_path) == line


def test_the_report_says_that_formulas_were_not_read(tmp_path: Path) -> None:
    saved_as_text(tmp_path / "theirs.csv", HandMade(rows=3).cells, ";", ",")
    done = run("workbook", "audit", "theirs.csv", folder=tmp_path)
    words = "Note: a .csv file is judged by its values alone; save it as .xlsx to have its formulas judged"
    assert words in done.stdout.replace(" \n", " ")
    assert done.returncode == 0


def test_a_csv_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    save(tmp_path / "class.xlsx", HandMade(rows=3).cells)
    (tmp_path / "grades.csv").write_text("file,verdict\n")
    done = run("workbook", "audit", ".", folder=tmp_path)
    assert done.stdout == "class.xlsx  right  27 of 27 columns right\n"


@pytest.mark.parametrize("name", ["theirs.csv", "theirs.ods"])
def test_no_copy_of_another_format_is_annotated(tmp_path: Path, name: str) -> None:
    saved_as_text(tmp_path / "theirs.csv", HandMade(rows=3).cells, ";", ",")
    ods(tmp_path / "theirs.ods", "")
    with pytest.raises(InputError) as caught:
        annotate(audit(tmp_path / name), tmp_path / f"marked{name}")
    assert str(caught.value) == (
        f"{tmp_path / name}: a {name[-4:]} file cannot be annotated; open it and save it as .xlsx"
    )


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("1,-2.5,.5,1e-3,+4\n", [1.0, -2.5, 0.5, 0.001, 4.0]),
        ("1_000,nan,inf,1e999,#DIV/0!\n", ["1_000", "nan", "inf", ErrorValue("#NUM!"), ErrorValue("#DIV/0!")]),
        ('"a,b";"0,5";1.5\n', ["a,b", 0.5, 1.5]),
    ],
)
def test_what_a_cell_of_a_csv_is(tmp_path: Path, text: str, row: list[object]) -> None:
    (tmp_path / "some.csv").write_text(text)
    (sheet,) = read_text(tmp_path / "some.csv").sheets
    assert [sheet.value(1, column) for column in range(1, len(row) + 1)] == row
