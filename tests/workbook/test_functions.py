"""A spreadsheet function is one record: its value over cells and over rows, its adjoint and its formula agree."""

import re

import numpy as np
import pytest

from tests.workbook.test_gradcheck_derivatives import OF_CELLS, POINT, book_of
from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.differentiate import slopes
from workbook.spreadsheet.evaluator import Value, evaluate
from workbook.spreadsheet.functions import FUNCTIONS
from workbook.spreadsheet.graph import differentiated
from workbook.spreadsheet.parser import parse_arrays
from workbook.spreadsheet.trace import traced
from workbook.spreadsheet.trees import (
    Name,
    Number,
    Operation,
    Range,
    Reference,
    Tree,
    UnsupportedError,
    Variable,
    replaced,
)

# Without the empty cells.
FORMULAS = OF_CELLS | {"COUNT": "A1*COUNT(A1:A4)", "AVERAGE": "AVERAGE(A1:A4)*A1"}
# Their formulas need whole arrays on the way.
OVER_CELLS_ALONE = {"MMULT", "TRANSPOSE"}
ROWS = np.array([POINT, (1.4, -0.3, 0.8, 2.2), (0.2, -2.5, 1.9, 0.9)])
CELLS = Area("S", 1, 1, 4, 1)


def over_variables(text: str) -> Tree:
    """A formula over A1 to A4 as one over four columns of a table."""

    def cell(row: int) -> Tree:
        return Variable(f"a{row}", 0)

    def changed(leaf: Tree) -> Tree:
        if isinstance(leaf, Name):
            return Number(float(leaf.text == "TRUE"))
        if isinstance(leaf, Range):
            return Operation("block", tuple(map(cell, range(leaf.first.row, leaf.last.row + 1))))
        return cell(leaf.row) if isinstance(leaf, Reference) else leaf

    return replaced(parse_arrays(re.sub(r"\bA(\d)", r"A$\1", text)), changed)


def values_of(row: np.ndarray) -> dict[Variable, Value]:
    return {Variable(f"a{at}", 0): np.float64(number) for at, number in enumerate(row, start=1)}


@pytest.mark.parametrize(("kind", "text"), FORMULAS.items(), ids=FORMULAS)
def test_a_functions_value_over_rows_is_its_value_over_cells(kind: str, text: str) -> None:
    tree = over_variables(text)
    together: dict[Variable, Value] = {Variable(f"a{at}", 0): ROWS[:, at - 1] for at in range(1, 5)}
    if kind in OVER_CELLS_ALONE:
        with pytest.raises(UnsupportedError, match="a range where one cell"):
            evaluate(tree, together)
        return
    found = np.broadcast_to(evaluate(tree, together), len(ROWS))
    for row, value in zip(ROWS, found, strict=True):
        cells = book_of({(1, 3): text}, {(at, 1): number for at, number in enumerate(row, start=1)}, (1, 3))
        formula = cells.formula(Address("S", 1, 3))
        assert formula is not None
        assert value == pytest.approx(traced(cells, formula).value.item(), rel=1e-14, nan_ok=True)
        assert value == pytest.approx(float(evaluate(tree, values_of(row))), rel=1e-14, nan_ok=True)


@pytest.mark.parametrize("kind", [kind for kind, function in FUNCTIONS.items() if function.rule is not None])
def test_a_functions_slopes_as_formulas_are_its_adjoints(kind: str) -> None:
    text = FORMULAS[kind]
    by_formula = slopes(over_variables(text))
    cells = book_of({(1, 3): text}, {(at, 1): number for at, number in enumerate(POINT, start=1)}, (1, 3))
    by_adjoint = differentiated(cells, Area("S", 1, 3, 1, 3), [CELLS]).by(CELLS)[0]
    at = values_of(np.array(POINT))
    for row in range(1, 5):
        slope = by_formula.get(Variable(f"a{row}", 0), Number(0))
        assert float(evaluate(slope, at)) == pytest.approx(by_adjoint[row - 1, 0], rel=1e-12, abs=1e-12), row
