"""Trees: printed as people write formulas."""

import pytest

from workbook.spreadsheet.parser import parse
from workbook.spreadsheet.printer import printed, shortened
from workbook.spreadsheet.trees import Name, Number, Tree, Variable, replaced


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


def test_numbers_are_printed_as_they_are_typed() -> None:
    # An exponent in a formula is more than some spreadsheet libraries can parse.
    assert [printed(Number(value)) for value in (709.0, 0.5, 1e-7, 0.1)] == ["709", "0.5", "0.0000001", "0.1"]


def test_a_long_sum_keeps_its_first_terms_and_its_last() -> None:
    terms = [f"EXP(o{n} + m)" for n in range(1, 13)]
    assert shortened(" + ".join(terms), 50) == "EXP(o1 + m) + EXP(o2 + m) + … + EXP(o12 + m)"
    assert shortened(" + ".join(terms[:3]), 50) == " + ".join(terms[:3])
    assert shortened("x*(" + " + ".join(terms) + ")", 20) == "x*(EXP(o1 + m) + E …"
