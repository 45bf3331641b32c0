"""What the cells of --updates may hold: the new value, or the step; and sheets whose numbers overflow."""

from pathlib import Path

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from engine import InputError
from workbook.__main__ import app

NAMED = ["--loss", "B6", "--parameters", "B1,B2", "--updates", "B9,B10"]


def sheet_of(
    path: Path, update: str, *, x: float = 1.5, slope: str = "*B5*(1-B5)", activation: str = "=1/(1+EXP(-B4))"
) -> Path:
    """A neuron, with its two updates by a template of the weight {w} and the gradient {g}."""
    book = Workbook()
    cells: dict[str, str | float] = {
        "B1": 0.4,
        "B2": -0.2,
        "B3": x,
        "B4": "=B1*B3+B2",
        "B5": activation,
        "B6": "=0.5*(B5-1)^2",
    }
    cells |= {"B7": f"=(B5-1){slope}*B3", "B8": f"=(B5-1){slope}", "A12": "rate", "B12": 0.3}
    cells |= {"B9": update.format(w="B1", g="B7"), "B10": update.format(w="B2", g="B8")}
    for place, value in cells.items():
        book.worksheets[0][place] = value
    book.save(path)
    return path


def check(path: Path, *options: str) -> tuple[int, str, str]:
    """The exit status, what is printed, and what is said on the side."""
    done = CliRunner().invoke(app, ["gradcheck", str(path), *options], catch_exceptions=False)
    return done.exit_code, " ".join(done.stdout.split()), done.stderr


UPDATES = {
    "the new value": ("={w}-$B$12*{g}", "old less new parameters are 0.3"),
    "what is subtracted": ("=$B$12*{g}", "hold what is subtracted from the parameters"),
    "what is added": ("=-$B$12*{g}", "hold what is added to the parameters"),
    "the step less the weight": ("=$B$12*{g}-{w}", "hold the new values with their sign turned"),
}


@pytest.mark.parametrize("name", UPDATES)
def test_updates_are_new_values_or_steps(tmp_path: Path, name: str) -> None:
    update, words = UPDATES[name]
    status, said, _ = check(sheet_of(tmp_path / "step.xlsx", update), *NAMED)
    assert (status, words in said, "0.3 (Sheet!B12) times the gradients" in said) == (0, True, True)


@pytest.mark.parametrize("name", UPDATES)
def test_a_slip_is_one_however_the_step_is_written(tmp_path: Path, name: str) -> None:
    status, _, _ = check(sheet_of(tmp_path / "slip.xlsx", UPDATES[name][0], slope="*B5"), *NAMED)
    assert status == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("x", "slope"), [(-2000.0, "*B5"), (1e200, ""), (0.0, "")])
def test_numbers_that_overflow_are_no_warning(tmp_path: Path, x: float, slope: str) -> None:
    path = sheet_of(tmp_path / "large.xlsx", "={w}-$B$12*{g}", x=x, slope=slope, activation="=2.5*B4")
    try:
        status, _, beside = check(path, *NAMED)  # a warning of NumPy's is an error here
    except InputError as error:
        status, beside = 2, str(error)  # one line that says why nothing can be told
    assert (status in (0, 1, 2), "Warning" in beside) == (True, False)
