"""Headers, formulas and their evaluation, each alone."""

import ironcalc
import numpy as np
import pytest

from workbook.inspect.find.headers import labelled_number, meaning
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.parser import parse
from workbook.spreadsheet.shapes import shape_of
from workbook.spreadsheet.trees import UnsupportedError

HEADERS = {
    "t1": "t1 T1 target1 target_1 t_1 t₁", "i2": "i2 I2 input2 x2", "w1": "w1 W1 w_1 weight1 w[1]",
    "h1": "h1 H1 net_h1 neth1 z_h1", "a_h1": "a_h1 out_h1 act_h1 ah1 σ(h1) sigmoid(h1)", "a_o1": "a_O1 out_o1",
    "E1": "E1 e1 E_1 E_o1", "E_tot": "E_tot ETotal E_t E_total Etot Error loss",
    "∂E/∂w1": "∂E/∂w1 ∂E_t/∂W1 dE/dw1 Edw1 dw1 ∂Ew1 dEw1 Ew1 δE_tot/δw1 dE_total/dw1 ∂E/∂w₁",
    "eta": "eta η lr LR= α alpha",
}  # fmt: skip


@pytest.mark.parametrize(
    ("header", "ours"), [(header, ours) for ours, all_ in HEADERS.items() for header in all_.split()]
)
def test_a_header_is_understood(header: str, ours: str) -> None:
    assert meaning(header) == ours
    assert meaning(f" {header} ") == ours


@pytest.mark.parametrize(
    ("header", "ours"),
    [
        ("i1 ", "i1"),
        ("h1 = w1*i1 + w2*i2", "h1"),
        ("E Total", "E_tot"),
        ("Learning rate", "eta"),
        ("Learning Rate (η)", "eta"),
    ],
)
def test_a_header_of_several_words_is_understood(header: str, ours: str) -> None:
    assert meaning(header) == ours


@pytest.mark.parametrize(
    "header", ["step", "epoch", "", "1", "Δw1", "dE1/dw5", "dE/dh1", "delta_o1", "w1 new", "Loss Curve"]
)
def test_something_else_is_not_mistaken(header: str) -> None:
    assert meaning(header) is None


def test_a_label_with_its_number() -> None:
    assert labelled_number("LR = 0.5") == ("eta", 0.5)
    assert labelled_number("Learning rate: 0,5") == ("eta", 0.5)
    assert labelled_number("h1 = w1*i1") is None


FORMULAS = [
    "-2^2", "2^-1", "2^3^2", "-(1+2)*3", "1-2-3", "8/4/2", "50%*4", "1+2*3^2", "EXP(1)-LN(2)",
    "SQRT(2)*ABS(-3)", "POWER(2,0.5)", "SUM(1,2,3)/AVERAGE(2,4)", "MIN(3,1,2)-MAX(1,5)", "PRODUCT(2,3,4)",
    "SUMSQ(1,2,3)", "TANH(0.3)", "PI()", "LOG10(5)", "LOG(8,2)", "IF(2>1,3,4)", "IF(1=2,3,4)", "IFERROR(1/0,7)",
    "ROUND(2.345,2)", "ROUND(-2.5,0)", "1E-3*.5", "--3", "+4-+2", "SUMPRODUCT(2,3)",
]  # fmt: skip


def test_formulas_come_to_what_ironcalc_computes() -> None:
    model = ironcalc.create("formulas", "en", "UTC", "en")
    for row, formula in enumerate(FORMULAS, start=1):
        model.set_user_input(0, row, 1, f"={formula}")
    model.evaluate()
    theirs = {formula: model.get_cell_value(0, row, 1) for row, formula in enumerate(FORMULAS, start=1)}
    assert {formula: float(np.asarray(evaluate(parse(formula), {}))) for formula in FORMULAS} == pytest.approx(theirs)


@pytest.mark.parametrize(
    "formula", ["1+", "(1", "1)", "A1 B1", '"text"', "{1,2}", "1" + "+1" * 500, "(" * 60 + "1" + ")" * 60, "#REF!"]
)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(UnsupportedError):
        parse(formula)


def test_a_shape_is_the_same_all_the_way_down_a_column() -> None:
    shape = shape_of("E21-$G$19*X21", 22)
    assert shape == shape_of("E99-$G$19*X99", 100)
    assert shape.text(30) == "E29-$G$19*X29"
    assert shape_of("A1+$B2*C$3", 2, columns_on=2).text(2) == "C1+$B2*E$3"
    assert shape_of("'my A1'!B2&\"A1\"", 2).text(5) == "'my A1'!B5&\"A1\""
