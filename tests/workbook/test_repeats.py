"""Steps that repeat the first one are differentiated all at once, and judged as one by one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from openpyxl import Workbook

import workbook.inspect.guess
from workbook.inspect.alike import alike_checks
from workbook.inspect.gradcheck import checked
from workbook.inspect.guess import Guess, guesses
from workbook.spreadsheet.areas import Area
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.graph import differentiated
from workbook.spreadsheet.read import read
from workbook.spreadsheet.readers import Readers
from workbook.spreadsheet.recalculate import recalculated
from workbook.spreadsheet.repeats import moved_area, repeats

STEPS = 12
HEADERS = ["x1", "x2", "t", "w1", "w2", "b", "z", "a", "E", "d", "dw1", "dw2", "db", "eta"]


def neuron(path: Path, change: Callable[[int, list[object]], None] | None = None) -> Cells:
    """A neuron with tanh that learns from a row after row, the weights in D:F."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADERS)
    draws = np.random.default_rng(5)
    for row in range(2, STEPS + 3):
        weights: list[object] = [0.1, 0.2, 0.3]
        if row > 2:
            weights = [f"={was}{row - 1}-N{row - 1}*{slope}{row - 1}" for was, slope in zip("DEF", "KLM", strict=True)]
        cells: list[object] = [
            *draws.uniform(-1, 1, 3).tolist(), *weights, f"=SUMPRODUCT(A{row}:B{row},D{row}:E{row})+F{row}",
            f"=TANH(G{row})", f"=0.5*(H{row}-C{row})^2", f"=(H{row}-C{row})*(1-H{row}^2)",
            f"=J{row}*A{row}", f"=J{row}*B{row}", f"=J{row}", 0.1,
        ]  # fmt: skip
        if change is not None:
            change(row, cells)
        sheet.append(cells)
    book.save(path)
    return Cells(recalculated(read(path), 1)[0])


PARAMETERS = [Area("Sheet", 2, 4, 2, 5), Area("Sheet", 2, 6, 2, 6)]
LOSS = Area("Sheet", 2, 9, 2, 9)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Area]:
    """The losses of the steps that were differentiated one by one."""
    found: list[Area] = []

    def counted(cells: Cells, loss: Area, *args: object, **options: object) -> object:
        found.append(loss)
        return checked(cells, loss, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(workbook.inspect.guess, "checked", counted)
    return found


def test_copies_have_the_derivatives_that_each_has_alone(tmp_path: Path) -> None:
    cells = neuron(tmp_path / "neuron.xlsx")
    first = differentiated(cells, LOSS, PARAMETERS)
    found = repeats(Readers(cells), first, PARAMETERS, [], range(1, STEPS + 1))
    assert found is not None
    assert [found.downs, found.stale.any()] == [tuple(range(1, STEPS + 1)), False]
    for at, down in enumerate(found.downs):
        alone = differentiated(cells, moved_area(LOSS, down), [moved_area(area, down) for area in PARAMETERS])
        for area in PARAMETERS:
            assert np.abs(alone.by(moved_area(area, down))[0]).min() > 1e-5
            np.testing.assert_allclose(found.by(area)[:, at], alone.by(moved_area(area, down)), rtol=1e-14)


def test_steps_that_repeat_the_first_are_not_looked_at_one_by_one(tmp_path: Path, looks: list[Area]) -> None:
    found = list(guesses(neuron(tmp_path / "neuron.xlsx")))
    assert [guess.check.wrong for guess in found] == [False] * STEPS
    assert [guess.check.loss.top for guess in found] == list(range(2, STEPS + 2))
    assert {loss.top for loss in looks} == {2}


def slip(at: int, column: str, formula: str) -> Callable[[int, list[object]], None]:
    def change(row: int, cells: list[object]) -> None:
        if row == at:
            cells[HEADERS.index(column)] = formula.replace("#", str(row))

    return change


def verdicts(found: list[Guess]) -> dict[int, bool | None]:
    return {guess.check.loss.top: guess.check.wrong for guess in found if guess.check.wrong is not False}


@pytest.mark.parametrize(
    ("column", "formula"),
    [
        pytest.param("d", "=(H#-C#)*(1-H#)", id="another slope"),
        pytest.param("dw2", "=J#*A#", id="another input"),
        pytest.param("z", "=SUMPRODUCT(A#:B#,D#:E#)-F#", id="forward"),
    ],
)
def test_one_slip_among_repeated_steps_is_the_only_wrong_one(tmp_path: Path, column: str, formula: str) -> None:
    cells = neuron(tmp_path / "neuron.xlsx", slip(7, column, formula))
    assert verdicts(list(guesses(cells))) == {7: True}


def test_a_learning_rate_of_each_step_is_no_slip(tmp_path: Path, looks: list[Area]) -> None:
    def decaying(row: int, cells: list[object]) -> None:
        cells[-1] = 0.1 if row == 2 else f"=N{row - 1}*0.9"

    found = list(guesses(neuron(tmp_path / "neuron.xlsx", decaying)))
    assert [guess.check.wrong for guess in found] == [False] * STEPS
    assert found[-1].check.factor == pytest.approx(0.1 * 0.9 ** (STEPS - 1))
    assert {loss.top for loss in looks} == {2}


@pytest.mark.parametrize(
    ("column", "formula"),
    [
        pytest.param("x1", "=D#/10", id="an input that the weight moves"),
        pytest.param("t", "=A#+H3/100", id="a target that an older step moves"),
        pytest.param("z", "=SUMPRODUCT(A#:B#,D#:E#)+F#+0", id="another formula"),
    ],
)
def test_what_is_not_computed_alike_is_looked_at_alone(tmp_path: Path, column: str, formula: str) -> None:
    cells = neuron(tmp_path / "neuron.xlsx", slip(7, column, formula))
    first = differentiated(cells, LOSS, PARAMETERS)
    found = repeats(Readers(cells), first, PARAMETERS, [], [4, 5, 6])
    assert found is not None
    assert found.downs == ((4, 5, 6) if formula.startswith("=A#") else (4, 6))


def test_a_copy_that_shows_another_number_than_its_formula_gives_is_looked_at_alone(tmp_path: Path) -> None:
    cells = neuron(tmp_path / "neuron.xlsx").copied()
    cells.put(moved_area(LOSS, 5), np.array([[9.0]]))
    readers, places = Readers(cells), [(area, moved_area(area, 1)) for area in PARAMETERS]
    first = checked(cells, LOSS, places, "updates")
    steps = {at: [(moved_area(one, at), moved_area(other, at)) for one, other in places] for at in range(1, 9)}
    assert sorted(alike_checks(readers, first, steps)) == [1, 2, 3, 4, 6, 7, 8]


def test_what_all_copies_read_is_none_of_what_one_moves(tmp_path: Path) -> None:
    def total(row: int, cells: list[object]) -> None:
        cells[8] = f"=0.5*(H{row}-C{row})^2+0*SUM($H$2:$H$4)"

    cells = neuron(tmp_path / "neuron.xlsx", total)
    readers = Readers(cells)
    for row in (2, 6):
        parameters = [moved_area(area, row - 2) for area in PARAMETERS]
        first = differentiated(cells, moved_area(LOSS, row - 2), parameters)
        found = repeats(readers, first, parameters, [], [-5, -4, -3, 1, 2])
        assert (found is None) if row == 2 else found is not None and found.downs == (1, 2)
