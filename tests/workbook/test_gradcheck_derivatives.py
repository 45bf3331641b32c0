"""Derivatives of sheets against torch autograd, and against IronCalc's central differences."""

from dataclasses import dataclass
from pathlib import Path

import ironcalc
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.functions import FUNCTIONS
from workbook.spreadsheet.graph import differentiated, is_stale
from workbook.spreadsheet.shapes import shape_of

ROWS, COLUMNS = 2, 3
# A1:C2 and E1:G2 hold the parameters, numbers away from every kink.
LEFT, RIGHT = Area("S", 1, 1, 2, 3), Area("S", 1, 5, 2, 7)


def book_of(formulas: dict[tuple[int, int], str], values: dict[tuple[int, int], float], last: tuple[int, int]) -> Cells:
    """A sheet S with numbers and formulas by (row, column); the last formula is an array formula of one cell."""
    sheet = Sheet("S")
    for (row, column), value in values.items():
        sheet.values.setdefault(column, {})[row] = value
    for (row, column), text in formulas.items():
        sheet.shapes.setdefault(column, {})[row] = shape_of(text, row)
    sheet.arrays[last] = last
    return Cells(Book(Path("made.xlsx"), [sheet], {}))


def placed(matrix: np.ndarray, area: Area) -> dict[tuple[int, int], float]:
    """A matrix by the cells of an area."""
    return {(area.top + r, area.left + c): float(matrix[r, c]) for r, c in np.ndindex(matrix.shape)}


@dataclass(frozen=True)
class Expression:
    """A formula of two rows and three columns, and the same for torch."""

    text: str
    value: torch.Tensor


def unary(inner: Expression, which: int) -> Expression:
    """A function of every element, within its domain."""
    t, v = inner.text, inner.value
    return [
        lambda: Expression(f"EXP(({t})/4)", torch.exp(v / 4)),
        lambda: Expression(f"TANH({t})", torch.tanh(v)),
        lambda: Expression(f"LN(1+({t})^2)", torch.log(1 + v**2)),
        lambda: Expression(f"SQRT(1+({t})*({t}))", torch.sqrt(1 + v * v)),
        lambda: Expression(f"1/(1+EXP(-({t})))", torch.sigmoid(v)),
        lambda: Expression(f"ABS({t})", torch.abs(v)),
        lambda: Expression(f"IF({t}>0.1,{t},0.01*({t}))", torch.where(v > 0.1, v, 0.01 * v)),
        lambda: Expression(f"SIN({t})+COS({t})", torch.sin(v) + torch.cos(v)),
        lambda: Expression(f"POWER(2,({t})/3)", torch.pow(2.0, v / 3)),
        lambda: Expression(f"-({t})%*50", -v / 2),
        lambda: Expression(f"LOG10(2+({t})^2)+LOG(3+({t})^2,2)", torch.log10(2 + v**2) + torch.log2(3 + v**2)),
        lambda: Expression(f"IFERROR({t},7)", v),
        lambda: Expression(f"({t})-SUM({t})/6", v - v.sum() / 6),
        lambda: Expression(f"({t})*AVERAGE({t})", v * v.mean()),
        lambda: Expression(f"({t})/(1+SUMSQ({t}))", v / (1 + (v * v).sum())),
        lambda: Expression(f"({t})-MAX({t})", v - v.max()),
        lambda: Expression(f"({t})+MIN({t})", v + v.min()),
        lambda: Expression(f"({t})*INDEX({t},2,3)", v * v[1, 2]),
        lambda: Expression(f"TRANSPOSE(TRANSPOSE({t}))*{{1,2,3;4,5,6}}", v * torch.tensor([[1.0, 2, 3], [4, 5, 6]])),
        lambda: Expression(f"({t})*SQRT(1+VAR({t}))", v * torch.sqrt(1 + v.var())),
        lambda: Expression(f"EXP(({t})-MAX({t}))/SUM(EXP(({t})-MAX({t})))", torch.softmax(v.ravel(), 0).reshape(2, 3)),
    ][which]()


def binary(left: Expression, right: Expression, which: int) -> Expression:
    """A function of two."""
    a, b = f"({left.text})", f"({right.text})"
    x, y = left.value, right.value
    return [
        lambda: Expression(f"{a}+{b}", x + y),
        lambda: Expression(f"{a}-{b}", x - y),
        lambda: Expression(f"{a}*{b}", x * y),
        lambda: Expression(f"{a}/(1+{b}^2)", x / (1 + y**2)),
        lambda: Expression(f"MMULT({a},MMULT(TRANSPOSE({b}),{a}))/9", x @ (y.T @ x) / 9),
        lambda: Expression(f"{a}*SUMPRODUCT({a},{b})/4", x * (x * y).sum() / 4),
        lambda: Expression(f"{a}+SUMXMY2({a},{b})", x + ((x - y) ** 2).sum()),
        lambda: Expression(f"{a}*MEDIAN({b})+INDEX({a},1,0)", x * _median(y) + x[0]),
    ][which]()


def _median(values: torch.Tensor) -> torch.Tensor:
    ordered = values.ravel().sort().values
    return (ordered[2] + ordered[3]) / 2


UNARY, BINARY = 21, 8


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[tuple[str, int, int]], int]:
    """Steps of a random graph: which function, of which of the values so far; and a seed for the numbers."""
    steps = []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["unary", "binary"]))
        which = draw(st.integers(0, (UNARY if kind == "unary" else BINARY) - 1))
        steps.append((kind, which, draw(st.integers(0, number + 1)) * 10 + draw(st.integers(0, number + 1))))
    return steps, draw(st.integers(0, 10_000))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(programs())
def test_derivatives_of_random_graphs_are_those_of_autograd(program: tuple[list[tuple[str, int, int]], int]) -> None:
    steps, seed = program
    generator = np.random.default_rng(seed)
    matrices = [generator.uniform(0.2, 1.5, (ROWS, COLUMNS)) * generator.choice([-1, 1], (ROWS, COLUMNS)) for _ in "ab"]
    leaves = [torch.tensor(matrix, dtype=torch.double, requires_grad=True) for matrix in matrices]
    cells = [Expression("A1:C2", leaves[0]), Expression("E1:G2", leaves[1])]
    values = placed(matrices[0], LEFT) | placed(matrices[1], RIGHT)
    formulas: dict[tuple[int, int], str] = {}
    arrays: dict[tuple[int, int], tuple[int, int]] = {}
    for number, (kind, which, operands) in enumerate(steps):
        first, second = cells[operands // 10], cells[operands % 10]
        found = unary(first, which) if kind == "unary" else binary(first, second, which)
        top = 4 + 3 * number
        formulas[top, 1] = found.text
        arrays[top, 1] = (top + 1, COLUMNS)
        values |= placed(found.value.detach().numpy(), Area("S", top, 1, top + 1, 3))
        cells.append(Expression(f"A{top}:C{top + 1}", found.value))
    loss = (cells[-1].value ** 2).sum()
    formulas[30, 1] = f"SUMSQ({cells[-1].text})"
    values[30, 1] = loss.item()
    book = book_of(formulas, values, (30, 1))
    book = Cells(Book(Path("made.xlsx"), [_with_arrays(book.sheets["S"], arrays)], {}))
    expected = torch.autograd.grad(loss, leaves, allow_unused=True)
    found_ = differentiated(book, Area("S", 30, 1, 30, 1), [LEFT, RIGHT])
    assert found_.by_differences == {}
    assert found_.stale == {}
    for area, right in zip((LEFT, RIGHT), expected, strict=True):
        wanted = np.zeros((ROWS, COLUMNS)) if right is None else right.numpy()
        got, size, open_ = found_.by(area)
        assert not open_.any()
        np.testing.assert_allclose(
            got, wanted, rtol=1e-9, atol=1e-9 * max(1.0, np.abs(wanted).max()) + 1e-14 * size.max()
        )


def _with_arrays(sheet: Sheet, arrays: dict[tuple[int, int], tuple[int, int]]) -> Sheet:
    sheet.arrays.update(arrays)
    return sheet


# Formulas over A1 to A4 (0.7, -1.3, 2.1, 0.4), one for each function that has a derivative.
OF_CELLS = {
    "+": "A1+A2", "-": "A1-A2", "*": "A1*A2", "/": "A1/A2", "^": "A1^A4", "neg": "-A1*A1", "=": "A1*(A2=3)",
    "<>": "A1*(A2<>3)", "<": "A1*(A2<3)", ">": "A1*(A2>3)", "<=": "A1*(A2<=3)", ">=": "A1*(A2>=3)",
    "AND": "IF(AND(A1>0,A2<0),A1*A2,A3)", "OR": "IF(OR(A1<0,A2<0),A1*A2,A3)", "NOT": "IF(NOT(A1>0),A1,A3*A3)",
    "IF": "IF(A1>A2,A1*A3,A4)", "IFERROR": "IFERROR(1/(A1-A1),A3^2)", "IFNA": "IFNA(A1,3)*A2", "EXP": "EXP(A1)",
    "LN": "LN(A1)", "LOG10": "LOG10(A1)", "LOG": "LOG(A3,A1)", "SQRT": "SQRT(A1*A3)", "POWER": "POWER(A1,A2)",
    "ABS": "ABS(A2)*A1", "SIGN": "SIGN(A2)*A1", "TANH": "TANH(A1)", "SINH": "SINH(A1)", "COSH": "COSH(A1)",
    "SIN": "SIN(A1)", "COS": "COS(A1)", "TAN": "TAN(A1)", "ATAN": "ATAN(A1)", "PI": "PI()*A1", "TRUE": "TRUE*A1",
    "FALSE": "FALSE+A1", "SUM": "SUM(A1:A4)^2", "SUMSQ": "SUMSQ(A1:A4,A2)", "PRODUCT": "PRODUCT(A1:A4)",
    "COUNT": "A1*COUNT(A1:A9)", "AVERAGE": "AVERAGE(A1:A6)*A1", "MAX": "MAX(A1:A4,A1*A3)", "MIN": "MIN(A1:A4)*A1",
    "MEDIAN": "MEDIAN(A1:A4)*A1", "VAR": "VAR(A1:A4)", "VAR.S": "VAR.S(A1:A3)", "VARP": "VARP(A1:A4)",
    "VAR.P": "VAR.P(A1:A4)", "STDEV": "STDEV(A1:A4)", "STDEV.S": "STDEV.S(A1:A4)", "STDEVP": "STDEVP(A1:A4)",
    "STDEV.P": "STDEV.P(A1:A4)", "DEVSQ": "DEVSQ(A1:A4)", "SUMPRODUCT": "SUMPRODUCT(A1:A2,A3:A4,A2:A3)",
    "SUMXMY2": "SUMXMY2(A1:A2,A3:A4)", "SUMX2MY2": "SUMX2MY2(A1:A2,A3:A4)", "SUMX2PY2": "SUMX2PY2(A1:A2,A3:A4)",
    "MMULT": "SUM(MMULT(A1:A2,TRANSPOSE(A3:A4)))", "TRANSPOSE": "SUM(TRANSPOSE(A1:A4)*TRANSPOSE(A1:A4))",
    "INDEX": "INDEX(A1:A4,3)*INDEX(A1:A4,2,1)", "SINGLE": "_xlfn.SINGLE(A1)*A2",
    "ISNUMBER": "IF(ISNUMBER(A1),A1*A2,A3)", "MATCH": "A1*MATCH(MAX(A1:A4),A1:A4,0)",
    # Flat but for their jumps: the slope is zero, and what hangs on them is left open.
    "ROUND": "A1*ROUND(A2,1)", "INT": "A1*INT(A2)", "TRUNC": "A1*TRUNC(A2)", "MOD": "MOD(A2,A1)*A3",
}  # fmt: skip
POINT = (0.7, -1.3, 2.1, 0.4)
UNKNOWN_TO_IRONCALC = {"SUMX2MY2", "SUMX2PY2", "SUMXMY2", "DEVSQ", "SINGLE", "VARP", "STDEV", "STDEVP"}


@pytest.mark.parametrize(("kind", "text"), OF_CELLS.items(), ids=OF_CELLS)
def test_a_functions_derivative_is_ironcalcs_central_difference(kind: str, text: str) -> None:
    model = ironcalc.create("test", "en", "UTC", "en")
    model.set_user_array_formula(0, 1, 3, 1, 1, f"={text}")

    def shown(point: tuple[float, ...]) -> float:
        for row, number in enumerate(point, start=1):
            model.update_cell_with_number(0, row, 1, number)
        model.evaluate()
        value = model.get_cell_value(0, 1, 3)
        if not isinstance(value, float | int) and kind in UNKNOWN_TO_IRONCALC:
            pytest.skip(f"IronCalc has no {kind}: it shows {value}")
        assert isinstance(value, float | int), value
        return float(value)

    values = {(row, 1): number for row, number in enumerate(POINT, start=1)} | {(1, 3): shown(POINT)}
    area = Area("S", 1, 1, 4, 1)
    found = differentiated(book_of({(1, 3): text}, values, (1, 3)), Area("S", 1, 3, 1, 3), [area])
    assert found.stale == {}
    step = 1e-6
    for row in range(4):
        ends = [tuple(x + sign * step * (at == row) for at, x in enumerate(POINT)) for sign in (1, -1)]
        expected = (shown(ends[0]) - shown(ends[1])) / (2 * step)
        assert found.by(area)[0][row, 0] == pytest.approx(expected, rel=1e-7, abs=1e-8)


def test_every_function_is_compared() -> None:
    assert set(OF_CELLS) == set(FUNCTIONS)


@pytest.mark.parametrize(
    "text", ["ABS(A5)", "MAX(A5,0)", "IF(A5>0,A5,0)", "SIGN(A5)*A1", "ROUND(A1,0)", "INT(A1)", "MATCH(A5,A1:A5,0)"]
)
def test_what_hangs_on_a_kink_is_left_open(text: str) -> None:
    values = {(row, 1): number for row, number in enumerate((*POINT, 0.0), start=1)}
    values[1, 3] = {"ROUND(A1,0)": 1.0, "MATCH(A5,A1:A5,0)": 5.0}.get(text, 0.0)
    found = differentiated(book_of({(1, 3): text}, values, (1, 3)), Area("S", 1, 3, 1, 3), [Area("S", 1, 1, 5, 1)])
    open_ = found.by(Area("S", 1, 1, 5, 1))[2]
    assert open_.any()


def test_a_function_without_a_derivative_here_is_differentiated_through_ironcalc() -> None:
    values = {(row, 1): number for row, number in enumerate(POINT, start=1)}
    values[1, 3] = float(torch.erf(torch.tensor(0.7 * -1.3, dtype=torch.double)))
    found = differentiated(
        book_of({(1, 3): "ERF(A1*A2)"}, values, (1, 3)), Area("S", 1, 3, 1, 3), [Area("S", 1, 1, 4, 1)]
    )
    assert found.by_differences == {("S", 1, 3): "it uses ERF"}
    slope = 2 / np.sqrt(np.pi) * np.exp(-((0.7 * 1.3) ** 2))
    np.testing.assert_allclose(
        found.by(Area("S", 1, 1, 4, 1))[0].ravel(), [slope * -1.3, slope * 0.7, 0, 0], rtol=found.tolerance, atol=1e-9
    )


def test_a_shown_number_is_stale_from_a_millionth_on() -> None:
    shown = np.array([1 + 1e-4, 1 + 1e-5, 1 - 1e-5, 1 + 1e-7, 1.0])
    assert is_stale(shown, np.ones(5)).tolist() == [True, True, True, False, False]
    assert is_stale(shown * 1e6, np.full(5, 1e6)).tolist() == [True, True, True, False, False]
