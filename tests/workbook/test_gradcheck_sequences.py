"""Sheets of an LSTM cell and of attention as people lay them out, both ways: right ones, and slips at their cells."""

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet
from typer.testing import CliRunner

from workbook.__main__ import app

# The numbers of Aidan Gomez, Backpropogating an LSTM: A Numerical Example (2016), with their names: of the candidate a,
# the input, forget and output gates.
LSTM = {
    "Wa1": 0.45, "Wa2": 0.25, "Ua": 0.15, "ba": 0.2, "Wi1": 0.95, "Wi2": 0.8, "Ui": 0.8, "bi": 0.65,
    "Wf1": 0.7, "Wf2": 0.45, "Uf": 0.1, "bf": 0.15, "Wo1": 0.6, "Wo2": 0.4, "Uo": 0.25, "bo": 0.1,
}  # fmt: skip
GRADIENTS = {
    "Wa1": -0.02672, "Wa2": -0.0922, "Ua": -0.0104, "ba": -0.03641, "Wi1": -0.0022, "Wi2": -0.00664, "Ui": -0.0006,
    "bi": -0.00276, "Wf1": -0.00315, "Wf2": -0.01892, "Uf": -0.00338, "bf": -0.00631, "Wo1": -0.02592, "Wo2": -0.1626,
    "Uo": -0.0297, "bo": -0.05361,
}  # fmt: skip
SERIES = [(1.0, 2.0, 0.5), (0.5, 3.0, 1.25)]
CELL = {  # a row a time step; what flows back comes from the row below
    "E": "=TANH({a})", "F": "=1/(1+EXP(-({i})))", "G": "=1/(1+EXP(-({f})))", "H": "=1/(1+EXP(-({o})))",
    "I": "=E{r}*F{r}+G{r}*I{b}", "J": "=TANH(I{r})", "L": "=H{r}*J{r}", "M": "=(L{r}-D{r})^2/2",
    "N": "=L{r}-D{r}+T{n}", "O": "=N{r}*H{r}*(1-J{r}^2)+U{n}", "P": "=O{r}*F{r}*(1-E{r}^2)",
    "Q": "=O{r}*E{r}*F{r}*(1-F{r})", "R": "=O{r}*I{b}*G{r}*(1-G{r})", "S": "=N{r}*J{r}*H{r}*(1-H{r})",
    "T": "=P{r}*$B$4+Q{r}*$B$8+R{r}*$B$12+S{r}*$B$16", "U": "=O{r}*G{r}",
}  # fmt: skip
FIRST, LAST = 21, 22


def lstm(path: Path, slip: dict[str, str], *, steps: bool) -> Path:
    """One LSTM cell over two time steps, with the gradient of each of its sixteen numbers beside it."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet["A1"], sheet["G1"], sheet["H1"] = "LSTM", "Loss", f"=SUM(M{FIRST}:M{LAST})"
    for row, (name, value) in enumerate(LSTM.items(), start=2):
        sheet[f"A{row}"], sheet[f"B{row}"], sheet[f"D{row}"] = name, value, f"dL/d{name}"
        gate, beside = "PQRS"["aifo".index(name[1])], {"1": "B", "2": "C"}.get(name[-1])
        if name[0] == "U":
            product = f"=SUMPRODUCT({gate}{FIRST}:{gate}{LAST},L{FIRST - 1}:L{LAST - 1})"
        else:
            product = f"=SUM({gate}{FIRST}:{gate}{LAST})" if beside is None else (
                f"=SUMPRODUCT({gate}{FIRST}:{gate}{LAST},{beside}{FIRST}:{beside}{LAST})")  # fmt: skip
        sheet[f"E{row}"] = product
        if steps:
            sheet[f"F{row}"] = f"=B{row}-0.1*E{row}"
    for column, header in zip("ABCDEFGHIJKLMNOPQRSTU", HEADERS, strict=True):
        sheet[f"{column}19"] = header
    sheet["I20"], sheet["L20"] = 0, 0
    for r, (x1, x2, y) in enumerate(SERIES, start=FIRST):
        sheet[f"A{r}"], sheet[f"B{r}"], sheet[f"C{r}"], sheet[f"D{r}"] = r - FIRST + 1, x1, x2, y
        gates = {
            gate: f"$B${t}*B{r}+$B${t + 1}*C{r}+$B${t + 2}*L{r - 1}+$B${t + 3}"
            for gate, t in zip("aifo", (2, 6, 10, 14), strict=True)
        }
        for column, text in (CELL | slip).items():
            sheet[f"{column}{r}"] = text.format(r=r, b=r - 1, n=r + 1, **gates)
    book.save(path)
    return path


HEADERS = (
    "t", "x1", "x2", "y", "a", "i", "f", "o", "c", "tanh c", "", "h", "E", "dh", "dc", "da", "di", "df", "do",
    "back to h", "back to c",
)  # fmt: skip


def said(path: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the check."""
    done = CliRunner().invoke(app, ["gradcheck", str(path), *options, "--json"], catch_exceptions=False)
    return done.exit_code, json.loads(done.output)


@pytest.mark.parametrize("steps", [False, True], ids=["gradients", "updates"])
def test_an_lstm_cell_is_right_with_the_published_gradients(tmp_path: Path, *, steps: bool) -> None:
    status, check = said(lstm(tmp_path / "lstm.xlsx", {}, steps=steps))
    assert (status, check["verdict"], check["loss"]) == (0, "right", "Sheet!H1")
    if not steps:
        found = {f"{pair['gradient']}": pair["value"] for pair in check["pairs"]}
        due = {f"Sheet!E{row}": GRADIENTS[name] for row, name in enumerate(LSTM, start=2)}
        assert found == pytest.approx(due, abs=1e-5)


@pytest.mark.parametrize("steps", [False, True], ids=["gradients", "updates"])
@pytest.mark.parametrize(("column", "text", "cells"), [
    ("R", "=O{r}*I{b}*G{r}", "Sheet!R22"),  # the forget gate's slope; in the first row c before is 0
    ("O", "=N{r}*H{r}*(1-J{r}^2)", "Sheet!O21"),  # what flows back through the cell's state
])  # fmt: skip
def test_a_slip_in_an_lstm_cell_is_found(tmp_path: Path, column: str, text: str, cells: str, *, steps: bool) -> None:
    status, check = said(lstm(tmp_path / "slip.xlsx", {column: text}, steps=steps))
    assert (status, check["verdict"]) == (1, "wrong")
    assert [start["cells"] for start in check["starts"]] == [cells]


TOKENS = [[1.0, 0.2, -0.5, 0.3], [0.1, 0.9, 0.4, -0.7], [-0.6, 0.5, 0.8, 0.2]]
WEIGHTS = {
    "Wq": [[0.3, -0.4], [0.7, 0.1], [-0.2, 0.5], [0.6, 0.2]],
    "Wk": [[0.5, 0.2], [-0.3, 0.4], [0.1, -0.6], [0.4, 0.8]],
    "Wv": [[-0.1, 0.3], [0.2, 0.6], [0.9, -0.5], [0.3, 0.1]],
}
TARGET = [[0.5, -0.2], [0.1, 0.4], [-0.3, 0.6]]
# The first cell of each block, and its size; names as on the sheet.
BLOCKS = {
    "X": ("B2", 3, 4), "Wq": ("H2", 4, 2), "Wk": ("K2", 4, 2), "Wv": ("N2", 4, 2), "target": ("Q2", 3, 2),
    "Q": ("B9", 3, 2), "K": ("E9", 3, 2), "V": ("H9", 3, 2), "scores": ("K9", 3, 3), "P": ("O9", 3, 3),
    "out": ("S9", 3, 2), "dout": ("B16", 3, 2), "dV": ("E16", 3, 2), "dP": ("H16", 3, 3), "dscores": ("L16", 3, 3),
    "dQ": ("P16", 3, 2), "dK": ("S16", 3, 2), "dWq": ("B22", 4, 2), "dWk": ("E22", 4, 2), "dWv": ("H22", 4, 2),
}  # fmt: skip
ATTENTION = {
    "Q": "MMULT({X},{Wq})", "K": "MMULT({X},{Wk})", "V": "MMULT({X},{Wv})",
    "scores": "MMULT({Q},TRANSPOSE({K}))/SQRT(2)", "out": "MMULT({P},{V})", "dout": "{out}-{target}",
    "dV": "MMULT(TRANSPOSE({P}),{dout})", "dP": "MMULT({dout},TRANSPOSE({V}))", "dQ": "MMULT({dscores},{K})/SQRT(2)",
    "dK": "MMULT(TRANSPOSE({dscores}),{Q})/SQRT(2)", "dWq": "MMULT(TRANSPOSE({X}),{dQ})",
    "dWk": "MMULT(TRANSPOSE({X}),{dK})", "dWv": "MMULT(TRANSPOSE({X}),{dV})",
}  # fmt: skip
SOFTMAX = "=EXP({s})/SUM(EXP({r1}),EXP({r2}),EXP({r3}))"
BACK_THROUGH_SOFTMAX = "={p}*({d}-SUMPRODUCT({prow},{drow}))"


def block(name: str) -> list[list[str]]:
    """The addresses of a block's cells."""
    first, rows, columns = BLOCKS[name]
    left, top = ord(first[0]), int(first[1:])
    return [[f"{chr(left + c)}{top + r}" for c in range(columns)] for r in range(rows)]


def area(name: str) -> str:
    """A block as a range."""
    cells = block(name)
    return f"{cells[0][0]}:{cells[-1][-1]}"


def attention(path: Path, slip: dict[str, str], *, back: str = BACK_THROUGH_SOFTMAX, two_sheets: bool = False) -> Path:
    """Scaled dot-product attention over three tokens, half the summed squares as its loss, and its backward pass."""
    book = Workbook()
    forward = book.worksheets[0]
    forward.title = "forward"
    backward = book.create_sheet("backward") if two_sheets else forward
    where = {name: backward if name[0] == "d" else forward for name in BLOCKS}

    def seen(name: str, home: Worksheet) -> str:
        return area(name) if where[name] is home else f"{where[name].title}!{area(name)}"

    for name, sheet in where.items():
        cells = block(name)
        sheet[f"{cells[0][0][0]}{int(cells[0][0][1:]) - 1}"] = name
        given = {"X": TOKENS, "target": TARGET, **WEIGHTS}.get(name)
        for r, row in enumerate(cells):
            for c, cell in enumerate(row):
                if given is not None:
                    sheet[cell] = given[r][c]
                elif name == "P":
                    scores = block("scores")[r]
                    sheet[cell] = SOFTMAX.format(s=scores[c], r1=scores[0], r2=scores[1], r3=scores[2])
                elif name == "dscores":
                    other = "" if where["P"] is sheet else "forward!"
                    p, d = block("P")[r], block("dP")[r]
                    sheet[cell] = back.format(
                        p=other + p[c], d=d[c], prow=f"{other}{p[0]}:{p[-1]}", drow=f"{d[0]}:{d[-1]}"
                    )
        if name in ATTENTION:
            text = (ATTENTION | slip)[name].format(**{one: seen(one, sheet) for one in BLOCKS})
            sheet[cells[0][0]] = ArrayFormula(area(name), f"={text}")
    forward["V8"], forward["V9"] = "loss", f"=SUMXMY2({area('out')},{area('target')})/2"
    book.save(path)
    return path


@pytest.mark.parametrize("two_sheets", [False, True], ids=["one sheet", "backward on a sheet of its own"])
def test_attention_is_right(tmp_path: Path, *, two_sheets: bool) -> None:
    status, check = said(attention(tmp_path / "attention.xlsx", {}, two_sheets=two_sheets))
    assert (status, check["verdict"], check["loss"]) == (0, "right", "forward!V9")
    assert [pair["parameter"] for pair in check["pairs"]] == [f"forward!{area(name)}" for name in WEIGHTS]


@pytest.mark.parametrize("two_sheets", [False, True], ids=["one sheet", "backward on a sheet of its own"])
@pytest.mark.parametrize(("slip", "wrong"), [
    ({"dQ": "MMULT({dscores},{K})"}, "dQ"),  # without the scale
    ({"dV": "MMULT({P},{dout})"}, "dV"),  # not transposed
    ({"dscores": "={p}*{d}"}, "dscores"),  # a softmax taken for a function of each score alone
    ({"dscores": "={d}*{p}*(1-{p})"}, "dscores"),  # or for a sigmoid
])  # fmt: skip
def test_a_slip_in_attention_is_found(tmp_path: Path, slip: dict[str, str], wrong: str, *, two_sheets: bool) -> None:
    back = slip.get("dscores", BACK_THROUGH_SOFTMAX)
    status, check = said(attention(tmp_path / "slip.xlsx", slip, back=back, two_sheets=two_sheets))
    assert (status, check["verdict"]) == (1, "wrong")
    home = "backward" if two_sheets else "forward"
    assert [start["cells"] for start in check["starts"]] == [f"{home}!{area(wrong)}"]
