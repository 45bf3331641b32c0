"""A right workbook is never accused: layouts and spellings as people make them."""

from pathlib import Path

import pytest

from tests.workbook.handmade import FIRST, OURS, HandMade, audited, save
from workbook.inspect.audit import audit

UPPER = {name: name.upper() for name in OURS if name[0] in "tiwho"}
BY_LAYER = [
    "step", "t1", "t2", "i1", "i2", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", None, "h1", "h2", "a_h1", "a_h2",
    "o1", "o2", "a_o1", "a_o2", None, "E1", "E2", "E_tot", None, *(f"∂E/∂w{n}" for n in range(1, 9)),
]  # fmt: skip
DELTA1, DELTA2 = "(a_o1-t1)*a_o1*(1-a_o1)", "(a_o2-t2)*a_o2*(1-a_o2)"

RIGHT = {
    "as ours": HandMade(),
    "upper case": HandMade(headers={**UPPER, "E_tot": "E Total"}),
    "out_h1 and dE/dw1": HandMade(
        headers={
            **{f"a_{n}": f"out_{n}" for n in ("h1", "h2", "o1", "o2")},
            **{f"∂E/∂w{n}": f"dE/dw{n}" for n in range(1, 9)},
            "E_tot": "ETotal",
        }
    ),
    "headers that explain themselves": HandMade(
        headers={
            "h1": "h1 = w1*i1 + w2*i2", "a_h1": "a_h1 = σ(h1)", "E1": "E1 = ½(t1-a_o1)²", "i1": "i1 ",
            "∂E/∂w5": "∂E_t/∂W5",
        }
    ),
    "spellings that change within the row": HandMade(
        headers={
            "∂E/∂w1": "δE_tot/δw1", "∂E/∂w2": "Edw2", "∂E/∂w3": "dw3", "∂E/∂w4": "∂E_t/∂W4", "a_o1": "a_O1",
            "a_o2": "act_o2", "E_tot": "E_t",
        }
    ),
    "by layer, with gaps and a step column": HandMade(order=BY_LAYER, top=9, left=5, eta="$B$2", label="Learning rate"),
    "reversed": HandMade(order=tuple(reversed(OURS)), eta="$C$2", label="α"),
    "no pre-activations": HandMade(
        order=[n for n in OURS if n not in ("h1", "h2", "o1", "o2")],
        formulas={
            "a_h1": "1/(1+EXP(-(w1*i1+w2*i2)))", "a_h2": "1/(1+EXP(-(w3*i1+w4*i2)))",
            "a_o1": "1/(1+EXP(-(w5*a_h1+w6*a_h2)))", "a_o2": "1/(1+EXP(-(w7*a_h1+w8*a_h2)))",
        },
    ),
    "other algebra": HandMade(
        formulas={
            "h1": "SUMPRODUCT(w1:w2,i1:i2)", "a_h1": "EXP(h1)/(1+EXP(h1))", "a_o2": "(1+TANH(o2/2))/2",
            "E1": "(t1-a_o1)^2/2", "E2": "1/2*POWER(a_o2-t2,2)", "E_tot": "SUM(E1:E2)",
            "∂E/∂w5": "-(t1-a_o1)*a_o1*(1-a_o1)*a_h1", "∂E/∂w6": "∂E/∂w5/a_h1*a_h2",
            "∂E/∂w1": "∂E/∂w5/a_h1*w5*a_h1*(1-a_h1)*i1 + " + DELTA2 + "*w7*a_h1*(1-a_h1)*i1",
            "w5": "-eta*∂E/∂w5+w5", "w1": "SUM(w1,-eta*∂E/∂w1)",
        }
    ),
    "the rate as a number in the formulas": HandMade(
        formulas={f"w{n}": f"w{n}-0.5*∂E/∂w{n}" for n in range(1, 9)}, label=None
    ),
    "a rate of 1 that is left out": HandMade(
        formulas={f"w{n}": f"w{n}-∂E/∂w{n}" for n in range(1, 9)}, label=None, rate=1.0
    ),
    "inputs frozen at the first row": HandMade(
        formulas={
            "h1": "w1*$C$5+w2*$D$5", "h2": "w3*$C$5+w4*$D$5",
            "∂E/∂w1": f"({DELTA1}*w5+{DELTA2}*w7)*a_h1*(1-a_h1)*$C$5",
        }
    ),
    "updates without gradient columns": HandMade(
        order=OURS[:23],
        formulas={
            "w5": f"w5-eta*{DELTA1}*a_h1", "w6": f"w6-eta*{DELTA1}*a_h2",
            "w7": f"w7-eta*{DELTA2}*a_h1", "w8": f"w8-eta*{DELTA2}*a_h2",
            "w1": f"w1-eta*({DELTA1}*w5+{DELTA2}*w7)*a_h1*(1-a_h1)*i1",
            "w2": f"w2-eta*({DELTA1}*w5+{DELTA2}*w7)*a_h1*(1-a_h1)*i2",
            "w3": f"w3-eta*({DELTA1}*w6+{DELTA2}*w8)*a_h2*(1-a_h2)*i1",
            "w4": f"w4-eta*({DELTA1}*w6+{DELTA2}*w8)*a_h2*(1-a_h2)*i2",
        },
    ),
    "one row": HandMade(rows=1),
    "two rows": HandMade(rows=2),
    "numbers repeated as formulas": HandMade(first={**FIRST, "t1": 0.5, "t2": 0.5}),
    "a saturated run": HandMade(rate=10000.0, first={**FIRST, "t1": 0.5, "t2": 0.5}),
}  # fmt: skip


@pytest.mark.parametrize("made", RIGHT.values(), ids=RIGHT.keys())
def test_a_right_table_is_not_accused(tmp_path: Path, made: HandMade) -> None:
    report = audited(tmp_path, made)
    assert report.error is None
    assert [f"{f.column} {f.cell}: {f.cause}" for f in report.roots] == []
    (table,) = report.tables
    assert table.rows == made.rows
    assert table.verdict == "right", table.findings
    assert report.status == 0


@pytest.mark.parametrize("headers", [("E_0.5",), ("E_0.5", "E_0.8"), ("E 0,1", "Etot 0,2", "E_tot (η=0.5)")], ids=str)
def test_losses_at_other_learning_rates_are_no_columns_of_the_table(tmp_path: Path, headers: tuple[str, ...]) -> None:
    made = HandMade(order=(*OURS, *headers))
    for place, _ in enumerate(headers):
        for row in range(made.top + 1, made.top + 1 + made.rows):
            made.cells[row, made.left + len(OURS) + place] = 0.3 / (row + place)
    (table,) = audited(tmp_path, made).tables
    assert (table.verdict, table.roots) == ("right", [])


@pytest.mark.parametrize("function", ["AVERAGE", "SUM", "MAX", "STDEV.S"])
@pytest.mark.parametrize("frozen", ["", "$"], ids=["", "frozen rows"])
def test_a_row_that_sums_up_the_steps_is_no_step(tmp_path: Path, function: str, frozen: str) -> None:
    made = HandMade()
    first, last = made.top + 1, made.top + made.rows
    for name in OURS:
        letter = made.cell(name, 0).rstrip("0123456789")
        column = made.left + list(made.order).index(name)
        formula = f"={function}({letter}{frozen}{first}:{letter}{frozen}{last})"
        made.cells[last + 1, column] = formula.replace("STDEV.S", "_xlfn.STDEV.S")
    (table,) = audited(tmp_path, made).tables
    assert (table.verdict, table.rows, table.roots) == ("right", made.rows, [])


def test_tables_stacked_closely_keep_their_own_rows(tmp_path: Path) -> None:
    upper = HandMade(rows=6)
    label = upper.top + upper.rows + 1
    lower = HandMade(top=label + 1, rows=6, eta=f"$D${label}", label="ƞ", rate=0.8)
    report = audit(save(tmp_path / "stacked.xlsx", {**upper.cells, **lower.cells}))
    assert [(table.rows, table.verdict, table.learning_rate) for table in report.tables] == [
        (6, "right", 0.5),
        (6, "right", 0.8),
    ]
