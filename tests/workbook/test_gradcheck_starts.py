"""Where the gradient check says that a slip starts: the cell of the one sample, the gate, every copy of the slip."""

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from workbook.__main__ import app

SAMPLES = [(1.0, 2.0), (-1.3, 0.5), (1.7, 1.0)]
RELU, SIGMOID = "=MAX(0,F{r})", "=1/(1+EXP(-F{r}))"
SLOPES = {RELU: "*IF(F{r}>0,1,0)", SIGMOID: "*G{r}*(1-G{r})"}
NEURON = ["--loss", "I7", "--parameters", "B1,B2", "--gradients", "J7,K7"]


def one_neuron(path: Path, activation: str, without_slope: set[int]) -> Path:
    """Three samples in rows 2 to 4 of out = q·a(p·x), with the slope of a left out in some rows."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet["B1"], sheet["B2"] = 0.5, 1.5
    for r, (x, y) in enumerate(SAMPLES, start=2):
        sheet[f"D{r}"], sheet[f"E{r}"] = x, y
        slope = "" if r in without_slope else SLOPES[activation]
        forward = {"F": "=$B$1*D{r}", "G": activation, "H": "=$B$2*G{r}", "I": "=(H{r}-E{r})^2"}
        backward = {"J": "=2*(H{r}-E{r})*$B$2*D{r}" + slope, "K": "=2*(H{r}-E{r})*G{r}"}
        for column, text in (forward | backward).items():
            sheet[f"{column}{r}"] = text.format(r=r)
    for column in "IJK":
        sheet[f"{column}7"] = f"=SUM({column}2:{column}4)"
    book.save(path)
    return path


def starts(path: Path, *options: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit status, and where what is wrong starts."""
    done = CliRunner().invoke(app, ["gradcheck", str(path), *options, "--json"], catch_exceptions=False)
    return done.exit_code, json.loads(done.output)["starts"]


@pytest.mark.parametrize("activation", [RELU, SIGMOID], ids=["relu", "sigmoid"])
def test_a_right_column_of_samples_is_right(tmp_path: Path, activation: str) -> None:
    assert starts(one_neuron(tmp_path / "right.xlsx", activation, set()), *NEURON) == (0, [])


@pytest.mark.parametrize("options", [NEURON, [*NEURON[:2], "--parameters", "B1:B2", "--gradients", "J7:K7"], []])
def test_a_gate_that_is_missing_in_a_column_of_samples_is_named_as_a_gate(tmp_path: Path, options: list[str]) -> None:
    path = one_neuron(tmp_path / "relu.xlsx", RELU, {2, 3, 4})
    book = load_workbook(path)
    sheet = book.worksheets[0]
    sheet["A6"], sheet["B6"], sheet["B7"], sheet["B8"] = "lr", 0.1, "=B1-$B$6*J7", "=B2-$B$6*K7"
    book.save(path)
    status, (start,) = starts(path, *options)
    assert (status, start["cells"]) == (1, "Sheet!J3")  # the one sample whose gate is shut
    assert start["cause"] == "it lacks the gate IF(Sheet!F2:F4 > 0, …, 0), which is the slope of Sheet!G2:G4"
    assert start["expected"] == 0


@pytest.mark.parametrize("row", [2, 3, 4])
def test_a_slip_in_one_samples_row_names_that_cell_and_not_the_total(tmp_path: Path, row: int) -> None:
    status, (start,) = starts(one_neuron(tmp_path / "sigmoid.xlsx", SIGMOID, {row}), *NEURON)
    assert (status, start["cells"]) == (1, f"Sheet!J{row}")
    assert start["cause"] == f"it lacks the derivative of Sheet!G{row} (by Sheet!F{row})"


def test_a_slip_in_every_samples_row_names_the_column(tmp_path: Path) -> None:
    status, (start,) = starts(one_neuron(tmp_path / "sigmoid.xlsx", SIGMOID, {2, 3, 4}), *NEURON)
    assert (status, start["cells"]) == (1, "Sheet!J2:J4")
    assert start["cause"] == "it lacks the derivative of Sheet!G2:G4 (by Sheet!F2:F4)"


def two_steps(path: Path, slope: str) -> Path:
    """y = v·tanh(w·tanh(w·h)) and its gradients, with the slope of tanh spelt by a template of the cells."""
    book = Workbook()
    sheet = book.worksheets[0]
    cells: dict[str, float | str] = {"B1": 0.7, "B2": 1.9, "B3": 3, "B5": "=B2*B1", "B6": "=TANH(B5)"}
    cells |= {"B7": "=B2*B6", "B8": "=TANH(B7)", "B9": "=B3*B8", "B12": "=B8", "B13": "=B3"}
    cells |= {"B14": f"={slope}*B13".format(raw="B7", out="B8"), "B15": "=B2*B14"}
    cells |= {"B16": f"={slope}*B15".format(raw="B5", out="B6"), "B17": "=B6*B14+B1*B16"}
    for place, value in cells.items():
        sheet[place] = value
    book.save(path)
    return path


STEPS = ["--loss", "B9", "--parameters", "B2,B3", "--gradients", "B17,B12"]


def test_two_right_steps_are_right(tmp_path: Path) -> None:
    assert starts(two_steps(tmp_path / "right.xlsx", "(1-{out}^2)"), *STEPS) == (0, [])


@pytest.mark.parametrize("slip", ["(1-{raw}^2)", "(1-{out})", "{out}*(1-{out})"])
def test_one_slip_that_is_written_twice_names_both_cells(tmp_path: Path, slip: str) -> None:
    status, found = starts(two_steps(tmp_path / "twice.xlsx", slip), *STEPS)
    assert (status, [start["cells"] for start in found]) == (1, ["Sheet!B14", "Sheet!B16"])


def test_a_samples_share_that_is_right_by_chance_is_not_taken_for_the_gradient_inside_of_a_step(tmp_path: Path) -> None:
    # The first sample's z is 0, where the slope that is missing everywhere is 1.
    path, samples = tmp_path / "chance.xlsx", [(-1, -1, -0.8), (-1, 1, 0.4), (1, -1, -0.8), (1, 1, 0.8)]
    book = Workbook()
    sheet = book.worksheets[0]
    for row, value in enumerate((0.3, -0.2, 0.1), start=1):
        sheet[f"B{row}"], sheet[f"D{row}"] = value, f"=B{row}-0.25*{'HIJ'[row - 1]}9"
    for row, (x1, x2, target) in enumerate(samples, start=5):
        sheet[f"A{row}"], sheet[f"B{row}"], sheet[f"C{row}"] = x1, x2, target
        texts = {"D": "$B$1*A{r}+$B$2*B{r}+$B$3", "E": "TANH(D{r})", "F": "(E{r}-C{r})^2/2", "G": "E{r}-C{r}"}
        for column, text in (texts | {"H": "G{r}*A{r}", "I": "G{r}*B{r}", "J": "G{r}"}).items():
            sheet[f"{column}{row}"] = "=" + text.format(r=row)
    for column in "FHIJ":
        sheet[f"{column}9"] = f"=SUM({column}5:{column}8)"
    book.save(path)
    options = ["--loss", "F9", "--parameters", "B1:B3", "--updates", "D1:D3"]
    assert starts(path, *options)[0] == 1
    assert CliRunner().invoke(app, ["gradcheck", str(path)]).exit_code != 0


def test_a_column_that_repeats_another_gradients_terms_is_named_and_not_its_total(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row, value in enumerate((0.5, -0.3, 0.1), start=1):
        sheet[f"B{row}"], sheet[f"C{row}"] = value, f"=B{row}-$B$5*{'JKL'[row - 1]}10"
    sheet["B5"], sheet["H10"] = 0.1, "=SUM(H6:H9)"
    for r in range(6, 10):
        sheet[f"D{r}"], sheet[f"E{r}"] = r % 3 - 0.4, 0.7 * r - 5
        sheet[f"F{r}"], sheet[f"G{r}"] = f"=$B$1*D{r}+$B$2*E{r}+$B$3", f"=TANH(F{r})"
        sheet[f"H{r}"], sheet[f"I{r}"] = f"=(G{r}-0.3)^2/2", f"=(G{r}-0.3)*(1-G{r}^2)"
        sheet[f"J{r}"], sheet[f"K{r}"], sheet[f"L{r}"] = f"=I{r}*D{r}", f"=I{r}*D{r}", f"=I{r}"  # K: D for E
    for column in "JKL":
        sheet[f"{column}10"] = f"=SUM({column}6:{column}9)"
    book.save(tmp_path / "repeated.xlsx")
    status, (start,) = starts(tmp_path / "repeated.xlsx")
    assert (status, start["cells"]) == (1, "Sheet!K6:K9")
