"""Large sheets as people make them, for the benchmark of gradcheck: a neuron, digits in cells, a perceptron.

All their gradients are right, and every formula has its value.
"""

from pathlib import Path

import numpy as np
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from engine import FloatArray
from workbook.spreadsheet.letters import letters_of

SAMPLES = 300
STEPS = 10_000
PIXELS, HIDDEN, DIGITS = 784, 100, 10


def _fill(sheet: Worksheet, cell: tuple[int, int], formula: str, values: FloatArray) -> None:
    """A formula filled over cells from a first (row, column) on, counted from 1, with their values.

    In it {r} and {c} are a cell's own row and column, {a} the row above.
    """
    for (down, right), value in np.ndenumerate(values):
        row, column = cell[0] + down, cell[1] + right
        text = formula.format(r=row, a=row - 1, c=letters_of(column))
        sheet.write_formula(row - 1, column - 1, text, None, float(value))


def _type(sheet: Worksheet, cell: tuple[int, int], values: FloatArray, label: str) -> None:
    """Numbers from a first (row, column) on, with a label left of them."""
    for down, row in enumerate(np.atleast_2d(values).tolist()):
        sheet.write_row(cell[0] - 1 + down, cell[1] - 1, row)
    sheet.write(cell[0] - 1, cell[1] - 2, label)


def _logistic(z: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-z)))


def neuron(path: Path) -> None:
    """One neuron's gradients over 300 samples, a row each, and one update: 3,007 formulas."""
    draws = np.random.default_rng(0)
    x, weights, rate = draws.uniform(-1, 1, (SAMPLES, 2)), np.array([0.3, -0.2, 0.1]), 0.5
    target = (x.sum(axis=1) > 0).astype(float)
    z = x @ weights[:2] + weights[2]
    a = _logistic(z)
    error, slope = a - target, a * (1 - a)
    delta = error * slope
    formulas = {
        "z": ("=$B$1*A{r}+$B$2*B{r}+$B$3", z),
        "a": ("=1/(1+EXP(-D{r}))", a),
        "error": ("=E{r}-C{r}", error),
        "loss": ("=F{r}^2/2", error**2 / 2),
        "dE/da": ("=F{r}", error),
        "da/dz": ("=E{r}*(1-E{r})", slope),
        "dE/dz": ("=H{r}*I{r}", delta),
        "dE/dw1": ("=J{r}*A{r}", delta * x[:, 0]),
        "dE/dw2": ("=J{r}*B{r}", delta * x[:, 1]),
        "dE/db": ("=J{r}", delta),
    }
    sums = [formulas[name][1].sum() for name in ("loss", "dE/dw1", "dE/dw2", "dE/db")]
    with Workbook(path) as book:
        sheet = book.add_worksheet("neuron")
        for row, (label, value) in enumerate(zip(["w1", "w2", "b", "eta"], [*weights, rate], strict=True), start=1):
            _type(sheet, (row, 2), np.array([value]), label)
        sheet.write_row(9, 0, ["x1", "x2", "t", *formulas])
        for column, numbers in enumerate((*x.T, target)):
            sheet.write_column(10, column, numbers.tolist())
        for column, (formula, values) in enumerate(formulas.values(), start=4):
            _fill(sheet, (11, column), formula, values[:, None])
        for row, letter, total in zip((5, 1, 2, 3), "GKLM", sums, strict=True):
            column = 2 if row == 5 else 5
            sheet.write(row - 1, column - 2, {5: "E", 1: "dw1", 2: "dw2", 3: "db"}[row])
            _fill(sheet, (row, column), f"=SUM({letter}11:{letter}{10 + SAMPLES})", np.array([[total]]))
        _fill(sheet, (1, 7), "=B{r}-$B$4*E{r}", (weights - rate * np.array(sums[1:]))[:, None])


def perceptron(path: Path) -> None:
    """10,000 steps of a perceptron that learns OR, a row each: 159,997 formulas."""
    rate, samples = 0.1, np.array([(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1)], dtype=float)
    weights, rows = np.array([0.2, -0.3, 0.1]), []
    for step in range(STEPS):
        x, target = samples[step % 4, :2], samples[step % 4, 2]
        z = weights[:2] @ x + weights[2]
        y = 1 / (1 + np.exp(-z))
        slope, error = y * (1 - y), y - target
        gradients = error * slope * np.array([*x, 1.0])
        rows.append([*weights, *x, target, z, y, error, error**2 / 2, error, slope, error * slope, *gradients,
                     *rate * gradients])  # fmt: skip
        weights = weights - rate * gradients
    numbers = np.array(rows)
    headers = ["w1", "w2", "b", "x1", "x2", "t", "z", "y", "e", "E", "dE/dy", "dy/dz", "delta",
               "dE/dw1", "dE/dw2", "dE/db", "step1", "step2", "step3"]  # fmt: skip
    forward = ["=A{r}*D{r}+B{r}*E{r}+C{r}", "=1/(1+EXP(-G{r}))", "=H{r}-F{r}", "=I{r}^2/2"]
    backward = ["=I{r}", "=H{r}*(1-H{r})", "=K{r}*L{r}", "=M{r}*D{r}", "=M{r}*E{r}", "=M{r}"]
    steps = ["=$B$1*N{r}", "=$B$1*O{r}", "=$B$1*P{r}"]
    with Workbook(path) as book:
        sheet = book.add_worksheet("steps")
        _type(sheet, (1, 2), np.array([rate]), "eta")
        sheet.write_row(1, 0, headers)
        sheet.write_row(2, 0, numbers[0, :3].tolist())
        for column, letter in enumerate("QRS", start=1):
            _fill(sheet, (4, column), f"={letters_of(column)}{{a}}-{letter}{{a}}", numbers[1:, column - 1, None])
        for column in (3, 4, 5):
            sheet.write_column(2, column, numbers[:, column].tolist())
        for column, formula in enumerate([*forward, *backward, *steps], start=7):
            _fill(sheet, (3, column), formula, numbers[:, column - 1, None])


def digits(path: Path) -> None:
    """A network of 784 pixels, 100 hidden neurons and ten outputs: the gradients of one sample by all 79,510 of its
    parameters, on sheets of their own, and no update.
    """
    draws = np.random.default_rng(0)
    x = (draws.random(PIXELS) > 0.8) * draws.random(PIXELS)
    w1, w2 = draws.normal(0, 0.05, (HIDDEN, PIXELS)), draws.normal(0, 0.1, (HIDDEN, DIGITS))
    b1, b2, target = np.zeros((HIDDEN, 1)), np.zeros(DIGITS), np.eye(DIGITS)[3]
    z1 = w1 @ x[:, None] + b1
    a1 = _logistic(z1)
    z2 = a1[:, 0] @ w2 + b2
    p = np.exp(z2) / np.exp(z2).sum()
    dz2 = p - target
    dz1 = (w2 @ dz2)[:, None] * a1 * (1 - a1)
    with Workbook(path) as book:
        names = ("pixels", "hidden", "output", "of hidden", "of output")
        pixels, hidden, output, of_hidden, of_output = map(book.add_worksheet, names)
        _type(pixels, (1, 2), x, "x")
        _type(pixels, (2, 2), w1, "W1")
        _type(hidden, (2, 2), w2, "W2")
        _type(hidden, (2, 14), b1, "b1")
        _fill(hidden, (2, 16), "=SUMPRODUCT(pixels!$B$1:$ADE$1,pixels!B{r}:ADE{r})+N{r}", z1)
        _fill(hidden, (2, 18), "=1/(1+EXP(-P{r}))", a1)
        _fill(hidden, (2, 20), "=SUMPRODUCT(B{r}:K{r},output!$B$6:$K$6)*R{r}*(1-R{r})", dz1)
        _type(output, (1, 2), b2, "b2")
        _fill(output, (2, 2), "=SUMPRODUCT(hidden!$R$2:$R$101,hidden!{c}$2:{c}$101)+{c}1", z2[None])
        _fill(output, (3, 2), "=EXP({c}2)", np.exp(z2)[None])
        _fill(output, (4, 2), "={c}3/SUM($B$3:$K$3)", p[None])
        _type(output, (5, 2), target, "t")
        _fill(output, (6, 2), "={c}4-{c}5", dz2[None])
        output.write_column("A2", ["z2", "exp", "p"])
        output.write_column("A6", ["dz2", None, "loss"])
        _fill(output, (8, 2), "=-SUMPRODUCT(B5:K5,LN(B4:K4))", -np.log(p[None, 3:4]))
        for sheet, cell, label in [(of_hidden, "A2", "dW1"), (of_hidden, "ADG2", "db1"),
                                   (of_output, "A2", "dW2"), (of_output, "A103", "db2")]:  # fmt: skip
            sheet.write(cell, label)
        _fill(of_hidden, (2, 2), "=hidden!$T{r}*pixels!{c}$1", dz1 * x)
        _fill(of_hidden, (2, 788), "=hidden!T{r}", dz1)
        _fill(of_output, (2, 2), "=hidden!$R{r}*output!{c}$6", a1 * dz2)
        _fill(of_output, (103, 2), "=output!{c}6", dz2[None])
