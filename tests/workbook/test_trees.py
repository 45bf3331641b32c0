"""Trees: printed as people write formulas, differentiated, and definitions that prove themselves."""

import numpy as np
import pytest

from engine import Columns
from engine.columns import gradient_name
from workbook.table.definitions import definitions
from workbook.trees import (
    Name,
    Number,
    Tree,
    UnsupportedError,
    Variable,
    derivative,
    evaluate,
    parse,
    printed,
    replaced,
)

NETWORKS = [(2, 2, 2), (3, 4, 3, 2), (2, 3, 2, 1), (1, 1), (3, 1)]


def over_variables(text: str) -> Tree:
    """A formula over names as a tree over variables."""
    return replaced(parse(text), lambda leaf: Variable(leaf.text, 0) if isinstance(leaf, Name) else leaf)


@pytest.mark.parametrize(
    "text",
    [
        "w1*i1 + w2*i2", "1/(1+EXP(MIN(709,-h1)))", "0.5*(t1-a_o1)^2", "E1 + E2", "w1 - eta*g1", "a-(b-c)", "a-b-c",
        "a/(b*c)", "a/b*c", "(a + b)*c", "(a*b + c*d)*e", "-(a + b)", "-a*b", "(-a)^2", "a^(b + c)", "2*a/3",
    ],
)  # fmt: skip
def test_a_tree_is_printed_as_it_was_written(text: str) -> None:
    tree = over_variables(text)
    again = over_variables(printed(tree))
    assert again == tree
    if text != "(-a)^2":  # a sign binds more tightly than a power in a spreadsheet: no brackets are needed
        assert printed(tree) == text


def test_a_tree_is_printed_over_anything_that_stands_for_its_variables() -> None:
    assert printed(over_variables("w1*i1 + w2"), lambda leaf: f"{leaf.name.upper()}21") == "W121*I121 + W221"


@pytest.mark.parametrize(
    "text",
    [
        "a*b + c",
        "a/b",
        "a^3",
        "a^b",
        "-a*a",
        "EXP(a*b)",
        "1/(1+EXP(MIN(709,-a)))",
        "(a-b)^2/c",
        "2^a",
        "MIN(a,b)*c",
        "IF(a>b,a*c,b/a)",
    ],
)
def test_a_derivative_is_the_central_difference(text: str) -> None:
    tree = over_variables(text)
    generator = np.random.default_rng(1)
    values = {Variable(name, 0): generator.uniform(0.3, 2, 50) for name in "abc"}
    for leaf in values:
        nudged = [evaluate(tree, {**values, leaf: values[leaf] + step}) for step in (1e-6, -1e-6)]
        difference = np.broadcast_to((nudged[0] - nudged[1]) / 2e-6, 50)
        np.testing.assert_allclose(
            np.broadcast_to(derivative(tree, leaf, values), 50), difference, rtol=1e-6, atol=1e-7
        )


def test_a_derivative_without_a_rule_says_so_but_a_constant_needs_none() -> None:
    values = {Variable("a", 0): np.float64(2), Variable("b", 0): np.float64(3)}
    tree = over_variables("INT(a)*b")
    with pytest.raises(UnsupportedError, match="it uses INT, whose derivative is not known here"):
        derivative(tree, Variable("a", 0), values)
    assert derivative(tree, Variable("b", 0), values) == 2


def test_a_slope_of_infinity_does_not_spoil_what_does_not_depend_on_it() -> None:
    values = {Variable("a", 0): np.float64(-2), Variable("b", 0): np.float64(3)}
    assert derivative(over_variables("a^2*b"), Variable("a", 0), values) == -12  # LN(a) is no number here


@pytest.mark.parametrize("sizes", NETWORKS, ids=str)
def test_every_gradient_column_is_the_derivative_of_the_loss_column(sizes: tuple[int, ...]) -> None:
    columns = Columns.plain(sizes)
    defined = definitions(columns)

    def whole(tree: Tree) -> Tree:
        """The tree over what is typed in alone."""

        def change(leaf: Tree) -> Tree:
            if isinstance(leaf, Variable) and not defined[leaf.name].typed_in:
                return whole(defined[leaf.name].tree)
            return leaf

        return replaced(tree, change)

    generator = np.random.default_rng(2)
    typed = {Variable(name, 0): generator.uniform(-1, 1, 20) for name in defined if defined[name].typed_in}
    loss = whole(defined["E_tot"].tree)
    for layer in range(columns.depth):
        for weight in (name for row in columns.weight_names(layer) for name in row):
            gradient = evaluate(whole(defined[gradient_name(weight)].tree), typed)
            np.testing.assert_allclose(
                derivative(loss, Variable(weight, 0), typed), gradient, rtol=1e-11, atol=1e-14, err_msg=weight
            )


def test_numbers_are_printed_as_they_are_typed() -> None:
    # An exponent in a formula is more than some spreadsheet libraries can parse.
    assert [printed(Number(value)) for value in (709.0, 0.5, 1e-7, 0.1)] == ["709", "0.5", "0.0000001", "0.1"]
