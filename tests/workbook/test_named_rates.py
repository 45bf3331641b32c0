"""A learning rate that is a defined name, for a number or a formula, as Excel's Name Manager holds it: eta = 0.5."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.workbook.handmade import Cells, HandMade, only_root, save
from workbook.__main__ import app
from workbook.inspect.audit import FileReport, audit

# What the names stand for, how the updates spell the rate, which is 0.5, and which name that is.
SPELLINGS = {
    "a number": ({"eta": "0.5"}, "eta", "eta"),
    "a formula": ({"Rate": "2*0.75/3"}, "Rate", "Rate"),
    "a name of a name": ({"lr": "eta", "eta": "0.5"}, "lr", "eta"),
    "a formula over a cell": ({"eta": "'Sheet 1'!$H$2/4"}, "eta", "eta"),
    "a formula over a range and a name": ({"eta": "SUM('Sheet 1'!$H$2:$I$2)/four", "four": "4"}, "eta", "eta"),
    "a name of one sheet": ({"'Sheet 1'!eta": "0.5", "eta": "7"}, "eta", "eta"),
}


def respelled(
    path: Path, names: dict[str, str], rate: str, made: HandMade, change: Callable[[str], str] = str.strip
) -> FileReport:
    """The audit of a sheet whose rate is a name; its values are those of the same sheet with the rate in a cell."""
    made.cells[2, 8] = 2.0
    formulas = {at: text for at, text in made.cells.items() if isinstance(text, str)}
    cells: Cells = {at: change(text.replace("$H$1", rate)) for at, text in formulas.items()}
    cells |= {(1, 7): None, (1, 8): None}
    return audit(save(path / "theirs.xlsx", made.cells, names=names, respelled=cells))


@pytest.mark.parametrize("kind", SPELLINGS)
def test_a_rate_that_is_a_name_is_followed_and_named(tmp_path: Path, kind: str) -> None:
    names, rate, name = SPELLINGS[kind]
    report = respelled(tmp_path, names, rate, HandMade(rows=5))
    table = report.tables[0]
    assert (report.verdict, table.learning_rate, table.rate_text) == ("right", 0.5, name)
    assert [found.cause for found in table.findings] == [f"learning rate: the defined name {name} stands for it"]


@pytest.mark.parametrize("kind", SPELLINGS)
def test_a_slip_beside_a_rate_that_is_a_name_is_told(tmp_path: Path, kind: str) -> None:
    names, rate, name = SPELLINGS[kind]
    made = HandMade(rows=5).plant("w5", "-", "+")
    root = only_root(respelled(tmp_path, names, rate, made))
    assert (root.column, root.expected) == ("w5", f"=M5 - {name}*AB5")


def test_another_name_in_the_place_of_the_rate_is_a_slip(tmp_path: Path) -> None:
    made = HandMade(rows=5).plant("w5", "eta", "0.9")
    names = {"eta": "0.5", "alpha": "0.9"}
    root = only_root(respelled(tmp_path, names, "eta", made, lambda text: text.replace("0.9", "alpha")))
    assert (root.column, root.cause) == ("w5", "alpha stands for 0.9; the learning rate (eta) is expected")


def test_a_name_of_the_same_number_as_the_rate_stands_for_itself(tmp_path: Path) -> None:
    names = {"eta": "0.5", "half": "1/2"}
    report = respelled(
        tmp_path, names, "eta", HandMade(rows=5), lambda text: text.replace("0.5*", "half*").replace("1/2*", "half*")
    )
    assert (report.verdict, report.tables[0].rate_text, len(report.tables[0].findings)) == ("right", "eta", 1)


NO_NUMBERS = {"a text": '"half"', "a circle": "eta", "a function that is not known": "VLOOKUP(1,'Sheet 1'!$A$1:$B$3,2)"}


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_a_name_that_cannot_be_followed_makes_no_right_sheet_wrong(tmp_path: Path, kind: str) -> None:
    report = respelled(tmp_path, {"eta": NO_NUMBERS[kind]}, "eta", HandMade(rows=5))
    assert (report.roots, report.tables[0].learning_rate) == ([], 0.5)  # inferred from the numbers
    assert "judged by its numbers alone" in str(report)


@pytest.mark.parametrize("rate", ["1/0", "1E+300*1E+300"])
def test_what_comes_to_an_error_is_not_what_it_should_be(tmp_path: Path, rate: str) -> None:
    report = respelled(tmp_path, {"eta": rate}, "eta", HandMade(rows=5))
    assert {root.column for root in report.roots} == {f"w{number}" for number in range(1, 9)}


def test_a_table_with_our_headers_and_no_cell_for_its_rate_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    built = CliRunner().invoke(app, ["build", "--experiment", "and", "--steps", "3", str(tmp_path / "built.xlsx")])
    assert built.exit_code == 0, built.output
    with zipfile.ZipFile(tmp_path / "built.xlsx") as source, zipfile.ZipFile(tmp_path / "rate.xlsx", "w") as out:
        for name in source.namelist():
            part = source.read(name).decode(errors="surrogateescape")
            if name == "xl/worksheets/sheet1.xml":
                part = re.sub(r'<c r="[FG]19".*?</c>', "", part.replace("$G$19", "lr"))
            out.writestr(name, part.encode(errors="surrogateescape"))
    table = audit(tmp_path / "rate.xlsx").tables[0]
    assert "the name lr stands for no cell" in "".join(finding.cause for finding in table.findings)
    assert table.roots == []


def gradcheck(
    path: Path, update: str, names: dict[str, str], slope: str = "*(1-F2)", x: float = 1.5
) -> tuple[int, str]:
    """The exit status on a neuron's two updates, and what is printed."""
    cells: Cells = {
        (1, 1): "w", (1, 2): "b", (1, 3): "x", (1, 4): "t", (1, 5): "z", (1, 6): "a", (1, 7): "E",
        (2, 1): 0.4, (2, 2): -0.2, (2, 3): x, (2, 4): 1.0,
        (2, 5): "=A2*C2+B2", (2, 6): "=1/(1+EXP(-E2))", (2, 7): "=0.5*(F2-D2)^2",
        (2, 8): f"=(F2-D2)*F2{slope}*C2", (2, 9): f"=(F2-D2)*F2{slope}",
        (3, 1): "=A2-$K$1*H2", (3, 2): "=B2-$K$1*I2", (1, 11): 0.35,
    }  # fmt: skip
    spelled: Cells = {at: str(cells[at]).replace("$K$1", update) for at in ((3, 1), (3, 2))} | {(1, 11): None}
    save(path / "neuron.xlsx", cells, names=names, respelled=spelled)
    options = ["--loss", "G2", "--parameters", "A2,B2", "--updates", "A3,B3"]
    done = CliRunner().invoke(app, ["gradcheck", str(path / "neuron.xlsx"), *options], catch_exceptions=False)
    return done.exit_code, " ".join(done.stdout.split())


@pytest.mark.parametrize("names", [{"eta": "0.35"}, {"eta": "0.7/2"}, {"eta": "lr*1.4", "lr": "1/4"}])
def test_gradcheck_takes_the_number_of_a_name_for_the_rate(tmp_path: Path, names: dict[str, str]) -> None:
    status, said = gradcheck(tmp_path, "eta", names)
    assert (status, "are 0.35 times the gradients. right" in said) == (0, True), said


def test_gradcheck_tells_a_slip_beside_a_rate_that_is_a_name(tmp_path: Path) -> None:
    assert gradcheck(tmp_path, "eta", {"eta": "0.35"}, slope="*1")[0] == 1


def test_a_cell_that_holds_the_number_of_a_name_by_chance_is_not_taken_for_the_rate(tmp_path: Path) -> None:
    status, said = gradcheck(tmp_path, "eta", {"eta": "0.35"}, x=0.35)
    assert status == 0
    assert "old less new parameters are 0.35 times the gradients" in said
