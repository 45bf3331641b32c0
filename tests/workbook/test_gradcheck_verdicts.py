"""No right sheet is accused, no wrong one passed: what is no training, steps of optimizers, common factors."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from tests.commands import run
from tests.workbook.spreadsheets import by_ironcalc

Cells = Mapping[str, float | str]
NOTHING = "error: no parameters with their gradients or updates found"


def saved(path: Path, cells: Cells) -> Path:
    book = openpyxl.Workbook()
    for cell, value in cells.items():
        book.active[cell] = value  # type: ignore[index]
    book.save(path)
    return path


def gradcheck(folder: Path, cells: Cells, *options: str) -> tuple[int, list[dict[str, Any]], str]:
    """The exit status, the checks, and what is said on stderr."""
    saved(folder / "sheet.xlsx", cells)
    done = run("workbook", "gradcheck", "sheet.xlsx", *options, "--json", folder=folder)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def column(letter: str, first: int, *values: float | str) -> Cells:
    return {f"{letter}{first + at}": value for at, value in enumerate(values)}


X, Y = (3.0, 5, 8, 2, 9), (14.0, 25, 20, 35, 45)
CENTRED = column("B", 2, *(f"=A{row}-$A$10" for row in range(2, 7)))
NO_TRAINING: dict[str, Cells] = {
    "centring": {**column("A", 2, *X), **CENTRED, "A8": "=AVERAGE(A2:A6)", "A10": "=AVERAGE(A2:A6)"},
    "z-scores": {
        **column("A", 2, *X),
        **CENTRED,
        **column("C", 2, *(f"=B{row}/$A$11" for row in range(2, 7))),
        "A10": "=AVERAGE(A2:A6)",
        "A11": "=SQRT(SUMSQ(B2:B6)/5)",
    },
    "price less discount": {
        **column("A", 2, *X),
        **column("B", 2, *(f"=A{row}*0.1" for row in range(2, 7))),
        **column("C", 2, *(f"=A{row}-B{row}" for row in range(2, 7))),
        "C8": "=SUM(C2:C6)",
        "A8": "=SUM(A2:A6)",
    },
    "correlation": {
        **column("A", 2, *X),
        **column("B", 2, *Y),
        **column("C", 2, *(f"=A{row}-B$9" for row in range(2, 7))),
        **column("D", 2, *(f"=B{row}-C$9" for row in range(2, 7))),
        **column("E", 2, *(f"=C{row}*D{row}" for row in range(2, 7))),
        "B9": "=AVERAGE(A2:A6)",
        "C9": "=AVERAGE(B2:B6)",
        "E9": "=SUM(E2:E6)",
        "F9": "=E9/SQRT(SUMSQ(C2:C6)*SUMSQ(D2:D6))",
    },
    "a loan": {
        "D1": 1000.0,
        "B4": 40000.0,
        **column("B", 5, *(f"=E{row - 1}" for row in range(5, 12))),
        **column("C", 4, *(f"=B{row}*0.01" for row in range(4, 12))),
        **column("D", 4, *(f"=$D$1-C{row}" for row in range(4, 12))),
        **column("E", 4, *(f"=B{row}-D{row}" for row in range(4, 12))),
        "C13": "=SUM(C4:C11)",
    },
    "a moving average": {
        **column("A", 2, *X),
        "B2": 3.0,
        **column("B", 3, *(f"=B{row - 1}+0.3*(A{row}-B{row - 1})" for row in range(3, 7))),
        "B8": "=AVERAGE(B2:B6)",
    },
    "layer norm": {
        **column("A", 2, *X),
        **CENTRED,
        **column("C", 2, *(f"=B{row}*B{row}" for row in range(2, 7))),
        "A10": "=AVERAGE(A2:A6)",
        "C8": "=AVERAGE(C2:C6)",
        **column("D", 2, *(f"=B{row}/SQRT($C$8+0.00001)" for row in range(2, 7))),
    },
}


@pytest.mark.parametrize("name", NO_TRAINING)
def test_what_is_no_descent_is_not_judged(tmp_path: Path, name: str) -> None:
    status, checks, said = gradcheck(tmp_path, NO_TRAINING[name])
    assert (status, checks) == (2, []), checks
    assert said.startswith(NOTHING)


def regression(rule: str) -> Cells:
    """Rows of a line y = a·x + b that learns from one sample after the other, the new b and a beside the old ones."""
    cells: dict[str, float | str] = {"B1": 0.0001, "D1": 0.9}
    step = {
        "plain": "{p}{r}-$B$1*{g}{r}",
        "momentum": "{p}{r}-$B$1*{v}{r}",
        "rmsprop": "{p}{r}-$B$1*{g}{r}/(SQRT({v}{r})+0.00000001)",
    }[rule]
    state = "={d}*{above}+{g}{r}" if rule == "momentum" else "={d}*{above}+(1-{d})*{g}{r}^2"
    for at, (x, y) in enumerate(((14, 58), (86, 202), (28, 86), (51, 132))):
        r = 4 + at
        cells |= {f"A{r}": x, f"B{r}": y, f"E{r}": f"=C{r}+D{r}*A{r}", f"F{r}": f"=(E{r}-B{r})^2"}
        cells |= {f"C{r}": f"=K{r - 1}" if at else 1.0, f"D{r}": f"=L{r - 1}" if at else 1.0}
        cells |= {f"G{r}": f"=2*(E{r}-B{r})", f"H{r}": f"=G{r}*A{r}"}
        for p, g, v, new in (("C", "G", "I", "K"), ("D", "H", "J", "L")):
            if rule != "plain":
                cells[f"{v}{r}"] = state.format(d="$D$1", g=g, r=r, above=f"{v}{r - 1}" if at else "0")
            cells[f"{new}{r}"] = "=" + step.format(p=p, g=g, v=v, r=r)
    return cells


@pytest.mark.parametrize("rule", ["plain", "momentum", "rmsprop"])
@pytest.mark.parametrize("row", [4, 5, 7])
def test_each_row_of_an_optimizer_is_right(tmp_path: Path, rule: str, row: int) -> None:
    named = ("--loss", f"F{row}", "--parameters", f"C{row}:D{row}", "--updates", f"K{row}:L{row}")
    status, checks, _ = gradcheck(tmp_path, regression(rule), *named)
    assert (status, checks[0]["verdict"]) == (0, "right")


@pytest.mark.parametrize("rule", ["momentum", "rmsprop"])
def test_a_slip_in_an_optimizer_s_gradient_is_wrong(tmp_path: Path, rule: str) -> None:
    cells = {**regression(rule), "H5": "=G5*B5"}
    status, checks, _ = gradcheck(tmp_path, cells, "--loss", "F5", "--parameters", "C5:D5", "--updates", "K5:L5")
    assert (status, checks[0]["verdict"]) == (1, "wrong")


def test_new_parameters_beside_the_old_ones_are_a_step_a_row(tmp_path: Path) -> None:
    status, checks, _ = gradcheck(tmp_path, regression("plain"))
    assert (status, [check["verdict"] for check in checks]) == (0, ["right"] * 4)


def neuron(slope: str, half: str = "0.5*") -> Cells:
    """A sigmoid neuron of three weights that learns one sample at a rate of 0.1; `slope` is its y·(1−y)."""
    return {
        "B1": 0.1,
        **column("A", 3, 1.0, 0.6, 0.9),
        **column("B", 3, 0.3, -0.2, 0.5),
        "F4": "=SUMPRODUCT(A3:A5,B3:B5)",
        "F5": "=F6-F7",
        "F6": 1.0,
        "F7": "=1/(1+EXP(-F4))",
        "F8": f"={half}(F6-F7)^2",
        **column("D", 3, *(f"=B{row}+$B$1*F5*{slope}*A{row}" for row in (3, 4, 5))),
    }


NAMED = ("--loss", "F8", "--parameters", "B3:B5", "--updates", "D3:D5")


@pytest.mark.parametrize("slope", ["F7*F5*(1-F7)", "F7*(1-F5)", "1", "F7*(1-F7)^2"])
def test_a_wrong_factor_that_all_have_in_common_is_wrong(tmp_path: Path, slope: str) -> None:
    status, checks, _ = gradcheck(tmp_path, neuron(slope), *NAMED)
    assert (status, checks[0]["verdict"]) == (1, "wrong")


def test_a_slope_that_is_missing_where_it_hardly_changes_is_wrong(tmp_path: Path) -> None:
    cells = {**neuron("1", half=""), **column("B", 3, 0.01, 0.0, -0.02)}  # y is near ½, and ½·½·2 near ½
    status, checks, _ = gradcheck(tmp_path, cells, *NAMED)
    assert (status, checks[0]["verdict"]) == (1, "wrong")


@pytest.mark.parametrize(("half", "factor"), [("0.5*", 0.1), ("", 0.05), ("2*", 0.025), ("1/6*", 0.3)])
def test_a_constant_factor_that_the_rate_explains_is_right(tmp_path: Path, half: str, factor: float) -> None:
    status, checks, _ = gradcheck(tmp_path, neuron("F7*(1-F7)", half), *NAMED)
    assert (status, checks[0]["verdict"]) == (0, "right")
    assert checks[0]["factor"] == pytest.approx(factor)


def test_a_constant_factor_that_nothing_explains_cannot_be_told(tmp_path: Path) -> None:
    cells = {**neuron("F7*(1-F7)"), "F8": "=0.5*(F6-F7)^2*0.7123"}
    status, checks, _ = gradcheck(tmp_path, cells, *NAMED)
    assert (status, checks[0]["verdict"]) == (2, "could not tell")
    said = run("workbook", "gradcheck", "sheet.xlsx", *NAMED, folder=tmp_path).stdout
    assert "say --rate 0.140" in " ".join(said.split())


@pytest.mark.parametrize("rate", ["0.1*^2", "'no such sheet'!A1", "A9:"])
def test_a_rate_by_a_formula_that_nobody_can_read_is_no_traceback(tmp_path: Path, rate: str) -> None:
    shown = by_ironcalc(saved(tmp_path / "sound.xlsx", neuron("F7*(1-F7)")))["Sheet"]
    with xlsxwriter.Workbook(tmp_path / "broken.xlsx") as book:
        sheet = book.add_worksheet("Sheet")
        for cell, content in {**neuron("F7*(1-F7)"), "B1": f"={rate}"}.items():
            if isinstance(content, str):
                sheet.write_formula(cell, content, None, shown[cell])
            else:
                sheet.write_number(cell, content)
    done = run("workbook", "gradcheck", "broken.xlsx", *NAMED, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_rate_a_layer_is_right_where_it_stands_in_the_formulas(tmp_path: Path) -> None:
    cells: dict[str, float | str] = {
        "A2": 0.7, "B2": 0.4, "D2": -0.3, "E2": "=TANH(A2*B2)", "F2": "=TANH(E2*D2)", "K2": "=0.5*(F2-0.2)^2",
        "H2": "=(F2-0.2)*(1-F2^2)", "J2": "=H2*D2*(1-E2^2)",
        "B3": "=B2-0.5*J2*A2", "D3": "=D2-0.3*H2*E2",
    }  # fmt: skip
    named = ("--loss", "K2", "--parameters", "B2,D2", "--updates", "B3,D3")
    status, checks, _ = gradcheck(tmp_path, cells, *named)
    assert (status, checks[0]["verdict"]) == (0, "right")
    status, checks, _ = gradcheck(tmp_path, {**cells, "J2": "=H2*D2"}, *named)
    assert (status, checks[0]["verdict"]) != (0, "right")


def test_mean_gradients_of_a_summed_loss_are_right(tmp_path: Path) -> None:
    cells: dict[str, float | str] = {"B1": 0.0199, "H4": 1.0, "I4": 0.5, "L4": "=SUM(D4:D6)"}
    for r, (x, y) in zip((4, 5, 6), ((1, 3), (2, 4), (3, 8)), strict=True):
        cells |= {f"A{r}": x, f"B{r}": y, f"C{r}": f"=$H$4*A{r}+$I$4", f"D{r}": f"=0.5*(C{r}-B{r})^2"}
        cells |= {f"E{r}": f"=(C{r}-B{r})*A{r}", f"F{r}": f"=C{r}-B{r}"}
    cells |= {"J4": "=AVERAGE(E4:E6)", "K4": "=AVERAGE(F4:F6)", "H5": "=H4-$B$1*J4", "I5": "=I4-$B$1*K4"}
    status, checks, _ = gradcheck(tmp_path, cells)
    assert (status, checks[0]["verdict"]) == (0, "right")
    assert checks[0]["factor"] == pytest.approx(0.0199 / 3)


def test_could_not_tell_accuses_nobody(tmp_path: Path) -> None:
    cells = {**neuron("F7*(1-F7)"), "F8": "=0.5*(F6-F7)^2*0.7123"}
    saved(tmp_path / "sheet.xlsx", cells)
    said = run("workbook", "gradcheck", "sheet.xlsx", *NAMED, folder=tmp_path).stdout
    assert "expected" not in said
    assert "wrong" not in said
