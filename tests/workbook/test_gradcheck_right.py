"""A right sheet is never accused, however unusual."""

from pathlib import Path

import pytest

from engine import default_experiment
from tests.workbook.layouts import (
    BACKWARD,
    FORWARD,
    PARAMETERS,
    Made,
    Slips,
    column_groups,
    key_value_list,
    matrix_blocks,
    stacked_epochs,
    wide_row,
)
from tests.workbook.test_gradcheck_layouts import named, run
from workbook.plan import plan
from workbook.write import write

SIGMOIDS = {"ah1": "h1", "ah2": "h2", "ao1": "o1", "ao2": "o2"}


def everywhere(old: str, new: str) -> dict[str, str]:
    """The formulas that hold a text, with another in its place."""
    formulas = {**FORWARD, **BACKWARD, **{f"n{name}": f"{name}-eta*g{name}" for name in PARAMETERS}}
    return {name: text.replace(old, new) for name, text in formulas.items() if old in text}


TANH: Slips = {
    **{name: f"TANH({inner})" for name, inner in SIGMOIDS.items()},
    "do1": "(ao1-t1)*(1-ao1^2)", "do2": "(ao2-t2)*(1-ao2^2)",
    "dh1": "(do1*w5+do2*w7)*(1-ah1*ah1)", "dh2": "(do1*w6+do2*w8)*(1-ah2*ah2)",
}  # fmt: skip
LEAKY: Slips = {
    "ah1": "IF(h1>0,h1,0.1*h1)", "ah2": "MAX(h2,0.1*h2)",
    "dh1": "(do1*w5+do2*w7)*IF(h1>0,1,0.1)", "dh2": "(do1*w6+do2*w8)*IF(h2>0,1,0.1)",
}  # fmt: skip
ENTROPY: Slips = {
    "e1": "-(t1*LN(ao1)+(1-t1)*LN(1-ao1))", "e2": "-(t2*LN(ao2)+(1-t2)*LN(1-ao2))", "do1": "ao1-t1", "do2": "ao2-t2",
}  # fmt: skip
THRESHOLDS: Slips = {
    **everywhere("+b", "-b"),
    "gb1": "-dh1", "gb2": "-dh2", "gb3": "-do1", "gb4": "-do2",
}  # fmt: skip
DECAY: Slips = {f"nw{at}": f"w{at}-eta*(gw{at}+0.01*w{at})" for at in range(1, 9)}
SOFTPLUS: Slips = {
    "ah1": "LN(1+EXP(h1))", "ah2": "LN(1+EXP(h2))",
    "dh1": "(do1*w5+do2*w7)/(1+EXP(-h1))", "dh2": "(do1*w6+do2*w8)/(1+EXP(-h2))",
}  # fmt: skip
VARIANTS: dict[str, Made] = {
    "no half in the loss": wide_row({"e1": "(t1-ao1)^2", "e2": "(t2-ao2)^2"}),
    "the half in neither": wide_row(
        everywhere("/2", "") | {"do1": "2*(ao1-t1)*ao1*(1-ao1)", "do2": "2*(ao2-t2)*ao2*(1-ao2)"}
    ),
    "the mean of the outputs": key_value_list({"loss": "AVERAGE(e1,e2)"}),
    "gradients of the negative loss, added": wide_row(
        {"do1": "(t1-ao1)*ao1*(1-ao1)", "do2": "(t2-ao2)*ao2*(1-ao2)", **everywhere("-eta*", "+eta*")}
    ),
    "a negative rate, added": column_groups(everywhere("-eta*", "+(-eta)*")),
    "the step before the weight": wide_row({f"n{name}": f"-eta*g{name}+{name}" for name in PARAMETERS}),
    "thresholds subtracted": key_value_list(THRESHOLDS),
    "hyperbolic tangents": column_groups(TANH),
    "leaky rectifiers": wide_row(LEAKY),
    "cross-entropy": wide_row(ENTROPY),
    "softplus": stacked_epochs(SOFTPLUS),
    "the sum of the samples": stacked_epochs({f"mean g{name}": "SUM" for name in PARAMETERS} | {"mean loss": "SUM"}),
    "the mean loss, the summed gradients": stacked_epochs({f"mean g{name}": "SUM" for name in PARAMETERS}),
    "the exponential otherwise": column_groups({name: f"EXP({z})/(1+EXP({z}))" for name, z in SIGMOIDS.items()}),
    "guarded exponentials": wide_row({name: f"1/(1+EXP(MIN(700,-{inner})))" for name, inner in SIGMOIDS.items()}),
    "powers by name": key_value_list({"e1": "POWER(t1-ao1,2)/2", "e2": "0.5*POWER(t2-ao2,2)"}),
    "a root of the loss": wide_row({"e1": "SQRT((t1-ao1)^4)/2"}),
    "a softmax shifted by its largest": matrix_blocks({"S": "EXP(Z2-MAX(Z2))"}),
    "a mask by SIGN": matrix_blocks({"dZ1": "dA1*(SIGN(Z1)+1)/2"}),
    "rectified by a product": matrix_blocks({"A1": "Z1*(Z1>0)"}),
    "weights that decay": wide_row(DECAY),
    "matrices that decay": matrix_blocks({f"nW{at}": f"W{at}-RATE*(dW{at}+0.01*W{at})" for at in (1, 2)}),
    "scaled as Adam scales": wide_row({f"n{n}": f"{n}-eta*g{n}/(SQRT(g{n}^2)+0.01)" for n in PARAMETERS}),
    "biases that are left alone": key_value_list({f"nb{at}": f"b{at}" for at in range(1, 5)}),
    "another loss than the one shown": wide_row({"do1": "ao1-t1", "do2": "ao2-t2"}),
}  # fmt: skip
# What the sheet's loss cell does not say cannot be told from it; it is not accused of it.
NOT_TOLD = {"another loss than the one shown"}


def test_there_are_more_than_twenty() -> None:
    assert len(VARIANTS) - len(NOT_TOLD) >= 20


@pytest.mark.parametrize("name", VARIANTS)
def test_a_right_but_unusual_sheet_is_not_accused(tmp_path: Path, name: str) -> None:
    made = VARIANTS[name]
    path = made.save(tmp_path / "theirs.xlsx")
    status, documents = run(path)
    assert status == (2 if name in NOT_TOLD else 0), [document["verdict"] for document in documents]
    assert all(document["verdict"] != "wrong" for document in documents)
    if name not in NOT_TOLD and "left alone" not in name:
        status, documents = run(path, *named(made, "gradients"))
        assert (status, documents[0]["verdict"]) == (0, "right"), documents


def test_our_own_workbook_is_right(tmp_path: Path) -> None:
    from dataclasses import replace

    path = tmp_path / "ours.xlsx"
    write(plan(replace(default_experiment(), steps=6)), path)
    status, documents = run(path)
    assert status == 0
    assert {document["verdict"] for document in documents} == {"right"}
    sheets = {document["loss"].rpartition("!")[0] for document in documents}
    assert sheets >= {"'assignment6-calculations'", *(f"'rate {number}'" for number in range(1, 8))}
