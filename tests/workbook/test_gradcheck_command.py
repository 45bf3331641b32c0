"""The command line of the gradient check: exact error lines, what it prints, transposed matrices, repeated checks."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.commands import error_line, run
from tests.workbook.layouts import Made, column_groups, key_value_list, matrix_blocks, wide_row
from tests.workbook.test_gradcheck_layouts import named
from tests.workbook.test_gradcheck_layouts import run as run_json
from workbook.inspect.report.gradcheck import picture

SMALL: dict[str, float | str] = {
    "A1": 0.5, "B1": -0.3, "A2": 2.0, "B2": 1.0, "D1": "=(A1*A2+B1*B2)^2", "A4": "=2*(A1*A2+B1*B2)*A2",
    "B4": "=2*(A1*A2+B1*B2)*B2", "A5": "=A1-0.1*A4", "B5": "=B1-0.1*B4", "D5": "text",
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loss in D1 of two weights, A1:B1, with their gradients in A4:B4 and updates in A5:B5."""
    made = Made({("Sheet1", address): content for address, content in SMALL.items()})
    return made.save(tmp_path_factory.mktemp("small") / "small.xlsx")


GOOD = {"--loss": "D1", "--parameters": "A1:B1", "--gradients": "A4:B4"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--gradients": ""}, "--gradients, --updates: got neither, expected one of them: cells such as P20:R20"),
        ({"--updates": "A5:B5"}, "--gradients, --updates: got both, expected one of them: cells such as P20:R20"),
        ({"--loss": ""}, "--loss: got nothing, expected cells such as Sheet1!A1:B3"),
        ({"--parameters": ""}, "--parameters: got nothing, expected cells such as Sheet1!A1:B3"),
        ({"--loss": "D1:D2"}, "--loss: got D1:D2, 2 cells, expected one"),
        ({"--loss": "W1+"}, "--loss: got 'W1+': it breaks off"),
        ({"--loss": "Sheet2!D1"}, "--loss: got 'Sheet2!D1': there is no sheet 'Sheet2'"),
        ({"--loss": "total"}, "--loss: got 'total': the name total stands for nothing"),
        ({"--loss": "A2"}, "--loss: Sheet1!A2 does not depend on any of the parameters"),
        (
            {"--loss": "3"},
            "--loss: got '3', expected a cell, a range, a defined name, or a formula that begins with =",
        ),
        (
            {"--gradients": "A4:C4"},
            "--gradients: got Sheet1!A4:C4, 1 x 3 cells, expected 1 x 2 cells as Sheet1!A1:B1",
        ),
        ({"--gradients": "A4,B4,A4"}, "--gradients: got 3 cells, expected 2, one for each of --parameters"),
        ({"--gradients": "A4,D5"}, "Sheet1!D5: what --gradients names is not a number there"),
        ({"--of-each": "0"}, "--of-each: got 0, expected a number of rows from 1 up"),
        ({"--of-each": "x"}, "Invalid value for '--of-each': got 'x', expected a whole number"),
        (
            {"--loss": "=RAND()*D1"},
            "Sheet1!D1*RAND()",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "".join(f"{k} {v}" for k, v in value.items()),
)
def test_what_makes_no_sense_gets_one_line(small: Path, changes: dict[str, str], message: str) -> None:
    if "RAND" in changes.get("--loss", ""):
        message = "--loss: got '=RAND()*D1': it uses RAND"
    options = [part for option in ({**GOOD, **changes}).items() if option[1] for part in option]
    assert error_line("workbook", "gradcheck", str(small), *options) == f"error: {message}"


def test_no_file_gets_one_line() -> None:
    expected = "error: no workbook named; type `make gradcheck FILE=theirs.xlsx`, or here `gradcheck theirs.xlsx`"
    assert error_line("workbook", "gradcheck") == expected


def test_a_sheet_without_a_network_gets_one_line(tmp_path: Path) -> None:
    path = Made({("Sheet1", "A1"): 1.0, ("Sheet1", "A2"): "=A1+1"}).save(tmp_path / "other.xlsx")
    assert error_line("workbook", "gradcheck", str(path)) == (
        "error: no parameters with their gradients or updates found; name them, such as "
        "--loss Sheet1!I17 --parameters A13,C13:D13 --gradients P20:R20 (or --updates)"
    )


def test_a_circle_gets_one_line(tmp_path: Path) -> None:
    cells = {**SMALL, "D1": "=D2*A1", "D2": "=D1+1"}
    path = Made({("Sheet1", address): content for address, content in cells.items()}).save(tmp_path / "circle.xlsx")
    options = [part for option in GOOD.items() for part in option]
    line = error_line("workbook", "gradcheck", str(path), *options)
    assert line == "error: Sheet1!D1 is computed from itself: a circle that no parameter cuts"


def test_a_function_that_nobody_knows_is_named_and_nothing_claimed(tmp_path: Path) -> None:
    cells = {**SMALL, "D1": "=FROBNICATE(A1)*B1"}
    path = Made({("Sheet1", address): content for address, content in cells.items()}).save(tmp_path / "unknown.xlsx")
    options = [part for option in GOOD.items() for part in option]
    assert error_line("workbook", "gradcheck", str(path), *options) == (
        "error: Sheet1!D1: it uses FROBNICATE, whose derivative is not known here, and IronCalc cannot compute it: "
        "nothing can be told about the gradients"
    )


def test_the_report_of_a_right_sheet(small: Path) -> None:
    done = run("workbook", "gradcheck", str(small), *[part for option in GOOD.items() for part in option])
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "These are the gradients of Sheet1!D1.  right",
        "",
        "parameter  gradient  derivative  value  ratio       ",
        "A1:B1      A4:B4            2.8    2.8      1  right",
    ]


def test_formulas_stand_for_cells_that_the_sheet_lacks(small: Path) -> None:
    status, documents = run_json(
        small, "--loss", "=SUMSQ(A1*A2+B1*B2)/2", "--parameters", "A1,B1", "--gradients", "=A4/2,=B4/2"
    )
    assert (status, documents[0]["factor"]) == (0, 1)
    assert documents[0]["loss"] == "=SUMSQ(A1*A2+B1*B2)/2"


def test_a_transposed_matrix_is_told(tmp_path: Path) -> None:
    made = matrix_blocks({})
    made.cells["network", "M1:O3"] = "=TRANSPOSE(B66:D68)"
    path = made.save(tmp_path / "transposed.xlsx")
    done = run("workbook", "gradcheck", str(path), "--loss", "B58", "--parameters", "B23:D25", "--gradients", "M1:O3")
    assert done.returncode == 0, done.stdout
    assert "Note: network!M1:O3 is transposed: rows and columns change places" in done.stdout


def test_one_pair_alone_is_told_only_by_its_rate(small: Path) -> None:
    one = ["--loss", "D1", "--parameters", "A1", "--gradients"]
    assert run_json(small, *one, "=A4*0.7310585786")[0] == 2
    assert run_json(small, *one, "=A4*0.7310585786", "--rate", "0.7310585786")[0] == 0
    assert run_json(small, *one, "=A4*0.7310585786", "--rate", "1")[0] == 1


def test_a_check_repeats_down_a_sheet(tmp_path: Path) -> None:
    made = Made()
    for row in range(1, 6):
        slip = "*B" if row == 4 else "*A"
        made.cells |= {
            ("Sheet1", f"A{row}"): 0.1 * row, ("Sheet1", f"B{row}"): 0.3 * row + 1,
            ("Sheet1", f"C{row}"): f"=A{row}^2*B{row}", ("Sheet1", f"D{row}"): f"=2*B{row}{slip}{row}",
            ("Sheet1", f"E{row}"): f"=A{row}^2",
        }  # fmt: skip
    path = made.save(tmp_path / "rows.xlsx")
    options = ["--loss", "C1", "--parameters", "A1:B1", "--gradients", "D1:E1", "--of-each", "1"]
    status, documents = run_json(path, *options)
    assert status == 1
    assert [document["verdict"] for document in documents] == ["right", "right", "right", "wrong", "right"]


def test_the_json_has_what_the_report_has(tmp_path: Path) -> None:
    path = column_groups({"gw3": "dh2*x2"}).save(tmp_path / "theirs.xlsx")
    done = run("workbook", "gradcheck", str(path), *named(column_groups({}), "gradients"), "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert list(document) == ["file", "loss", "factor", "verdict", "pairs", "starts", "method"]
    pair = document["pairs"][2]
    assert (pair["parameter"], pair["gradient"], pair["verdict"]) == ("Sheet1!B9", "Sheet1!B36", "wrong")
    assert pair["ratio"] == pytest.approx(2)
    assert document["starts"][0]["cause"] == "Sheet1!B4 stands where Sheet1!B3 belongs"


def test_a_sheet_that_was_never_calculated_is_recalculated(tmp_path: Path) -> None:
    import openpyxl

    path = key_value_list({"dh1": "(do1*w5+do2*w7)"}).save(tmp_path / "theirs.xlsx")
    openpyxl.load_workbook(path).save(path)
    status, documents = run_json(path)
    assert (status, [start["cells"] for start in documents[0]["starts"]]) == (1, ["Sheet1!C34"])


def test_a_missing_output_derivative_common_to_all_is_found_where_it_is_named(tmp_path: Path) -> None:
    """One output: every gradient lacks the same factor, which is no learning rate."""
    slips = {"loss": "e1", "do1": "ao1-t1", "dh1": "do1*w5*ah1*(1-ah1)", "dh2": "do1*w6*ah2*(1-ah2)"}
    made = wide_row(slips)
    path = made.save(tmp_path / "theirs.xlsx")
    names = ["w1", "w2", "w3", "w4", "w5", "w6", "b1", "b2", "b3"]
    place = {name: made.places[name].rpartition("!")[2] for name in made.places}
    status, documents = run_json(
        path, "--loss", place["loss"], "--parameters", ",".join(place[name] for name in names),
        "--gradients", ",".join(place[f"g{name}"] for name in names),
    )  # fmt: skip
    assert status == 1
    assert documents[0]["starts"][0]["cause"] == "it lacks the derivative of Sheet1!X5 (by Sheet1!W5)"


def test_the_audit_of_a_sheet_without_a_table_tells_what_gradcheck_finds(tmp_path: Path) -> None:
    wrong = key_value_list({"dh1": "(do1*w5+do2*w7)"}).save(tmp_path / "wrong.xlsx")
    right = matrix_blocks({}).save(tmp_path / "right.xlsx")
    assert error_line("workbook", "audit", str(wrong)).endswith(
        "; gradcheck differentiated it instead: Sheet1!C34 is wrong: "
        "it lacks the derivative of Sheet1!C21 (by Sheet1!C20)"
    )
    assert error_line("workbook", "audit", str(right)).endswith("; gradcheck differentiated it instead: 1 step, right")


def test_the_picture_of_a_matrix() -> None:
    off = np.zeros((2, 3), dtype=bool)
    off[1, 2] = True
    assert picture(off) == "   ···\n   ··✗"
    large = np.zeros((784, 100), dtype=bool)
    large[783, 99] = True
    lines = picture(large).splitlines()
    assert len(lines) <= 12
    assert lines[-1].endswith("✗")


WRONG = {**SMALL, "A4": "=(A1*A2+B1*B2)*A2", "A6": 0.7, "A7": "=2*A6", "D2": "=D1+A6^2"}


def test_the_page_marks_the_cells_that_are_off(tmp_path: Path) -> None:
    name = 'a "b" <script>alert(1)'
    cells = {(name, address): content for address, content in WRONG.items()}
    Made(cells).save(tmp_path / "wrong.xlsx")
    options = ("--loss", "D2", "--parameters", "A1:B1,A6", "--gradients", "A4:B4,A7", "--html", "page.html")
    done = run("workbook", "gradcheck", "wrong.xlsx", *options, folder=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stdout.endswith("Wrote page.html: open it in a browser.\n")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    marks = {cell: 'class="wrong"' in rest for cell, rest in re.findall(r'<td id="f1t1-([A-Z]+\d+)"([^>]*)>', page)}
    assert marks["A4"]
    assert not any(marked for cell, marked in marks.items() if cell not in ("A4", "B4"))
    assert "1 of 2 pairs right" in page
    assert "alert(1)" in page
    assert "<script>alert" not in page


def test_a_page_needs_a_pages_name(small: Path) -> None:
    options = [part for option in GOOD.items() for part in option]
    expected = "error: --html: got page.xlsx, expected a name that ends in .html"
    assert error_line("workbook", "gradcheck", str(small), *options, "--html", "page.xlsx") == expected
