"""Sheets with gradients, but with no cell for the loss: the one that people mean is taken."""

from pathlib import Path

import pytest

from tests.workbook.test_gradcheck_verdicts import Cells, gradcheck, saved
from workbook.inspect.find.made_losses import made_losses
from workbook.inspect.find.words_beside import labelled_pairs
from workbook.inspect.gradcheck_file import with_values
from workbook.spreadsheet import cells as spreadsheet
from workbook.spreadsheet.read import read


def network(output: str, mask: str = "IF({z}>0,1,0)", slip: str = "") -> Cells:
    """Two inputs, three ReLU neurons, two outputs, one sample: parameters and gradients, each beside its name."""
    cells: dict[str, float | str] = {"A1": "x", "B1": 0.7, "C1": -1.2, "A2": "t", "B2": 1.0, "C2": 0.0}
    first, second = ((0.3, -0.8, 0.5), (-0.4, 0.6, 0.9)), ((0.2, -0.5), (0.7, 0.1), (-0.3, 0.4))
    cells["A4"], cells["A7"], cells["A9"], cells["A13"] = "W1", "b1", "W2", "b2"
    for column, letter in enumerate("BCD"):
        cells |= {f"{letter}{4 + row}": first[row][column] for row in range(2)}
        cells[f"{letter}7"] = (0.1, 0.05, -0.2)[column]
        cells[f"{letter}15"] = f"=$B$1*{letter}4+$C$1*{letter}5+{letter}7"
        cells[f"{letter}16"] = f"=IF({letter}15>0,{letter}15,0)"
    for column, letter in enumerate("BC"):
        cells |= {f"{letter}{9 + row}": second[row][column] for row in range(3)}
        cells[f"{letter}13"] = (0.0, 0.1)[column]
        cells[f"{letter}18"] = f"=$B$16*{letter}9+$C$16*{letter}10+$D$16*{letter}11+{letter}13"
        cells[f"{letter}19"] = output.format(z=f"{letter}18", all="$B$18:$C$18")
        cells[f"{letter}21"] = f"={letter}19-{letter}2"  # ∂E/∂z of the outputs
        cells |= {f"{letter}{33 + row}": f"={'BCD'[row]}$16*{letter}$21" for row in range(3)}
        cells[f"{letter}37"] = f"={letter}21"
    for row, letter in enumerate("BCD"):
        back = f"($B$21*B{9 + row}+$C$21*C{9 + row})"
        cells[f"{letter}23"] = f"={back}*{mask.format(z=f'{letter}15')}" + slip
        cells |= {f"{letter}{26 + at}": f"=${'BC'[at]}$1*{letter}$23" for at in range(2)}
        cells[f"{letter}29"] = f"={letter}23"
    cells["A26"], cells["A29"], cells["A33"], cells["A37"] = "dW1", "db1", "dW2", "db2"
    return cells


OUTPUTS = {"softmax": "=EXP({z})/(EXP($B$18)+EXP($C$18))", "a line": "={z}"}


@pytest.mark.parametrize(("name", "loss"), [("softmax", "-SUM("), ("a line", "^2)/2")])
def test_the_loss_that_people_mean_is_found(tmp_path: Path, name: str, loss: str) -> None:
    status, checks, said = gradcheck(tmp_path, network(OUTPUTS[name]))
    assert (status, [check["verdict"] for check in checks]) == (0, ["right"]), said
    assert loss in checks[0]["loss"]
    assert len(checks[0]["pairs"]) == 4


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_mask_that_is_left_out_is_found_and_named(tmp_path: Path, name: str) -> None:
    status, checks, _ = gradcheck(tmp_path, network(OUTPUTS[name], mask="1"))
    assert (status, [check["verdict"] for check in checks]) == (1, ["wrong"])
    starts = checks[0]["starts"]
    assert [start["cells"] for start in starts] == ["Sheet!C23:D23"]  # B15 is above 0 in this sample
    assert "> 0" in starts[0]["cause"] or ">0" in starts[0]["cause"], starts


def test_what_no_loss_has_as_its_gradients_is_not_accused(tmp_path: Path) -> None:
    status, checks, _ = gradcheck(tmp_path, network(OUTPUTS["softmax"], slip="*0+RAND()*0+B4*D11*7"))
    assert status == 2 or all(start["cells"] in ("Sheet!B23:D23", "Sheet!C23:D23") for start in checks[0]["starts"])


@pytest.mark.parametrize(("slip", "sets"), [("", 1), ("-$B$2", 3)])
def test_outputs_side_by_side_are_parts_of_one_loss(tmp_path: Path, slip: str, sets: int) -> None:
    sheet = {**network(OUTPUTS["a line"]), **({"C21": f"=C19{slip}"} if slip else {})}
    cells = spreadsheet.Cells(with_values(read(saved(tmp_path / "made.xlsx", sheet))))
    losses = [cells.text(loss) for loss in made_losses(cells, labelled_pairs(cells))]
    assert len(losses) == 3 * sets  # squares, cross-entropy and binary cross-entropy, of all outputs or of some
    assert [losses[0].count(text) for text in ("SUM", "B19-Sheet!B2)^2")] == [2, 1]
