"""Symbolic differentiation: right by central differences, and written as somebody would by hand."""

import numpy as np
import pytest

from tests.workbook.test_trees import over_variables
from workbook.spreadsheet.algebra import ZERO, product, total
from workbook.spreadsheet.differentiate import slopes
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Number, Operation, Tree, UnsupportedError, Variable

A, B, C = (Variable(name, 0) for name in "abc")


@pytest.mark.parametrize(
    ("text", "by_a"),
    [
        ("a*b + c", "b"),
        ("c - b*a", "-b"),
        ("a/b", "1/b"),
        ("b/a", "-b/(a*a)"),
        ("a^2", "2*a"),
        ("a^3", "3*a^2"),
        ("a*a", "2*a"),
        ("0.5*(b-a)^2", "a-b"),
        ("a^b", "b*a^(b-1)"),
        ("2^a", "2^a*LN(2)"),
        ("-a*b", "-b"),
        ("EXP(a*b)", "EXP(a*b)*b"),
        ("LN(a)*c", "c/a"),
        ("LOG10(a)", "1/(a*LN(10))"),
        ("SQRT(a)", "0.5/SQRT(a)"),
        ("TANH(a)", "1-TANH(a)^2"),
        ("ABS(a)", "SIGN(a)"),
        ("SUM(a,b,c)", "1"),
        ("SUMSQ(a,b)", "2*a"),
        ("AVERAGE(a,b,c)", "1/3"),
        ("PRODUCT(a,b,c)", "b*c"),
        ("MAX(0,a)", "IF(a>0,1,0)"),
        ("b*MIN(709,-a)", "-b*IF(-a<709,1,0)"),
        ("IF(a>0,a,0.01*a)", "IF(a>0,1,0.01)"),
        ("IF(b>c,a*b,a*b)", "b"),
        ("IF(a>b,c)", "0"),
    ],
)
def test_a_slope_is_right_and_reads_as_by_hand(text: str, by_a: str) -> None:
    tree = over_variables(text)
    slope = slopes(tree).get(A, ZERO)
    assert printed(slope) == by_a
    assert_is_the_slope(tree, A, slope)


def assert_is_the_slope(tree: Tree, leaf: Variable, slope: Tree) -> None:
    """By central differences at 50 points."""
    generator = np.random.default_rng(1)
    values = {each: generator.uniform(0.3, 2, 50) for each in (A, B, C)}
    more, fewer = (evaluate(tree, values | {leaf: values[leaf] + step}) for step in (1e-6, -1e-6))
    difference = np.broadcast_to((more - fewer) / 2e-6, 50)
    np.testing.assert_allclose(np.broadcast_to(evaluate(slope, values), 50), difference, rtol=1e-6, atol=1e-7)


def test_every_slope_of_a_formula_is_found_in_one_go() -> None:
    assert {leaf.name: printed(slope) for leaf, slope in slopes(over_variables("w1*i1 + w2*i2 + b")).items()} == {
        "w1": "i1", "i1": "w1", "w2": "i2", "i2": "w2", "b": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name", "by_a"),
    [("EXP(a)", "e", "e"), ("SQRT(a)", "s", "0.5/s"), ("TANH(a)", "y", "1-y^2"), ("b/a", "q", "-q/a")],
)
def test_the_value_of_a_column_stands_in_its_slope(text: str, name: str, by_a: str) -> None:
    assert printed(slopes(over_variables(text), name)[A]) == by_a


def test_of_equal_operands_the_first_is_the_largest_and_the_smallest() -> None:
    at = {A: np.float64(2), B: np.float64(2), C: np.float64(2)}
    for function in ("MAX", "MIN"):
        found = slopes(over_variables(f"{function}(a,b,c)"))
        assert [float(evaluate(found[leaf], at)) for leaf in (A, B, C)] == [1, 0, 0]
        later = at | {A: np.float64(1 if function == "MAX" else 3)}
        assert [float(evaluate(found[leaf], later)) for leaf in (A, B, C)] == [0, 1, 0]


def test_relu_at_0_has_the_slope_0_and_abs_too() -> None:
    for text in ("MAX(0,a)", "ABS(a)"):
        assert evaluate(slopes(over_variables(text))[A], {A: np.float64(0)}) == 0


def test_a_range_of_cells_has_a_slope_by_each() -> None:
    column = Operation("block", (Variable("a", -1), Variable("a", 0)))
    weights = Operation("block", (Variable("w", -1), Variable("w", 0)))
    mean = slopes(Operation("AVERAGE", (column,)))
    assert {(leaf.row, printed(slope)) for leaf, slope in mean.items()} == {(-1, "1/2"), (0, "1/2")}
    dot = slopes(Operation("SUMPRODUCT", (column, weights)))
    assert {leaf: slope for leaf, slope in dot.items() if leaf.name == "a"} == {
        Variable("a", -1): Variable("w", -1), Variable("a", 0): Variable("w", 0),
    }  # fmt: skip


def test_a_function_without_a_rule_says_so_but_a_constant_needs_none() -> None:
    with pytest.raises(UnsupportedError, match="it uses INT, whose derivative is not known here"):
        slopes(over_variables("INT(a)*b"))
    assert slopes(over_variables("INT(2.5)*b")) == {B: Operation("INT", (Number(2.5),))}


def test_a_slope_of_infinity_does_not_spoil_what_does_not_depend_on_it() -> None:
    slope = slopes(over_variables("a^2*b"))[A]
    assert evaluate(slope, {A: np.float64(-2), B: np.float64(3)}) == -12  # LN(a) is no number here


@pytest.mark.parametrize(
    ("factors", "text"),
    [
        (["a", "1", "b*c"], "a*b*c"),
        (["a", "b/c"], "a*b/c"),
        (["1/a", "b"], "b/a"),
        (["2/3", "a-b", "c"], "2/3*(a-b)*c"),
        (["-a", "-b"], "a*b"),
        (["-(a - b)", "1"], "b-a"),
        (["0.5", "a", "4"], "2*a"),
        (["a/b", "1/c"], "a/(b*c)"),
        (["a", "0"], "0"),
        ([], "1"),
    ],
)
def test_products_are_put_together(factors: list[str], text: str) -> None:
    assert printed(product(*map(over_variables, factors))) == text


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (["a", "0", "b"], "a + b"),
        (["-a", "b"], "b-a"),
        (["-a", "-b"], "-(a + b)"),
        (["a*b", "a*b"], "2*a*b"),
        (["a", "b-c"], "a+b-c"),
        ([], "0"),
    ],
)
def test_sums_are_put_together(terms: list[str], text: str) -> None:
    assert printed(total(*map(over_variables, terms))).replace(" ", "") == text.replace(" ", "")


def test_a_variance_has_the_slope_of_textbooks() -> None:
    tree = over_variables("VARP(a,b,c)")
    slope = slopes(tree)[A]
    assert printed(slope) == "2*(a-AVERAGE(a,b,c))/3"
    assert_is_the_slope(tree, A, slope)
    root = slopes(over_variables("(a-b)/SQRT(c+1)"), "n")
    assert printed(root[C]) == "-0.5*n/(c+1)"
