"""Layouts without a row a step: right ones come out right, and each slip is found at its first cell."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.workbook.layouts import (
    PARAMETERS,
    UPDATE,
    Made,
    Slips,
    column_groups,
    key_value_list,
    matrix_blocks,
    sheets_each,
    stacked_epochs,
    wide_row,
)
from workbook.__main__ import app

Layout = Callable[[Slips], Made]
SCALARS: dict[str, Layout] = {"wide row": wide_row, "list": key_value_list, "columns": column_groups}
MATRICES: dict[str, Layout] = {"blocks": matrix_blocks, "sheets": sheets_each}
LAYOUTS = {**SCALARS, "stacked": stacked_epochs, **MATRICES}

HIDDEN = "(do1*w5+do2*w7)"
# What is done wrong, and the name of the first cell that is off.
SLIPS: dict[str, tuple[Slips, str]] = {
    "no derivative of a hidden neuron": ({"dh1": HIDDEN}, "dh1"),
    "the derivative at the activation": ({"dh1": HIDDEN + "*1/(1+EXP(-ah1))*(1-1/(1+EXP(-ah1)))"}, "dh1"),
    "no derivative of an output": ({"do2": "(ao2-t2)"}, "do2"),
    "the rate drifted onto a weight": ({"nw3": "w3-w1*gw3"}, "nw3"),
    "a bias that does not move": ({"nb1": "b1"}, "nb1"),
    "uphill": ({"nw5": "w5+eta*gw5"}, "nw5"),
}
MATRIX_SLIPS: dict[str, tuple[Slips, str]] = {
    "no mask of the ReLU": ({"dZ1": "dA1*1"}, "dZ1"),
    "a sum for a mean": ({"dW1": "4*MMULT(dZ1,TRANSPOSE(X))"}, "dW1"),
    "the targets left out": ({"dZ2": "P/4"}, "dZ2"),
    "another rate": ({"nW2": "W2-0.1*dW2"}, "nW2"),
    "a bias that does not move": ({"nb1": "b1"}, "nb1"),
}
CASES = [
    *((layout, slip, SLIPS[slip]) for layout in (*SCALARS, "stacked") for slip in SLIPS),
    *((layout, slip, MATRIX_SLIPS[slip]) for layout in MATRICES for slip in MATRIX_SLIPS),
    ("stacked", "a median for a mean", ({"mean gw3": "MEDIAN"}, "mean gw3")),
]


def run(path: Path, *options: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit status, and what is printed as JSON."""
    done = CliRunner().invoke(app, ["gradcheck", str(path), *options, "--json"], catch_exceptions=False)
    return done.exit_code, [json.loads(line) for line in done.output.splitlines()]


def named(made: Made, kind: str) -> list[str]:
    """The options that name a layout's first step."""
    return ["--loss", made.loss, "--parameters", made.parameters, f"--{kind}", getattr(made, kind)]


def starts(document: dict[str, Any]) -> list[str]:
    """The cells where faults start, without quotes."""
    return [start["cells"].replace("'", "") for start in document["starts"]]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["gradients", "updates", None])
def test_a_right_sheet_is_right(tmp_path: Path, layout: str, kind: str | None) -> None:
    made = LAYOUTS[layout]({})
    status, documents = run(made.save(tmp_path / "theirs.xlsx"), *(named(made, kind) if kind else []))
    assert (status, {document["verdict"] for document in documents}) == (0, {"right"})
    assert documents[0]["loss"].replace("'", "").endswith(made.loss.replace("'", "").rpartition("!")[2])
    rate = 0.3 if layout in MATRICES else 0.5
    assert documents[0]["factor"] == pytest.approx(1 if kind == "gradients" else rate)
    assert documents[0]["method"] == "exact"


@pytest.mark.parametrize(("layout", "slip", "planted"), CASES, ids=[f"{layout}: {slip}" for layout, slip, _ in CASES])
def test_a_slip_is_found_at_its_first_cell(tmp_path: Path, layout: str, slip: str, planted: tuple[Slips, str]) -> None:
    made = LAYOUTS[layout](planted[0])
    path = made.save(tmp_path / "theirs.xlsx")
    expected = made.places[planted[1]].replace("'", "")
    for options in (named(made, "updates"), []):
        status, documents = run(path, *options)
        assert status == 1, f"{slip} with {options}: {documents[0]['verdict']}"
        assert starts(documents[0]) == [expected], documents[0]["starts"]
    if planted[1][0] != "n":  # what is wrong in an update alone does not show in the gradients
        status, documents = run(path, *named(made, "gradients"))
        assert status == 1
        assert starts(documents[0]) == [expected], documents[0]["starts"]


@pytest.mark.parametrize("layout", ["list", "wide row"])
def test_a_sheet_without_updates_is_read_by_its_labels(tmp_path: Path, layout: str) -> None:
    for slips, expected in (({}, []), ({"dh1": HIDDEN}, ["dh1"])):
        made = SCALARS[layout](slips)
        for name in UPDATE:
            del made.cells["Sheet1", made.places[name].rpartition("!")[2]]
        status, documents = run(made.save(tmp_path / "theirs.xlsx"))
        assert (status, len(documents[0]["pairs"])) == (int(bool(slips)), len(PARAMETERS))
        assert starts(documents[0]) == [made.places[name] for name in expected]
