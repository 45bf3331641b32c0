"""The exercise of any experiment: which rows a student fills, and what the marks say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.formula.translate import Translator

from engine import Dense, Experiment, InputError, default_experiment, descend, load_experiment
from tests.commands import run
from tests.workbook.spreadsheets import Values, by_ironcalc, by_libreoffice, error_cells, poisoned
from tests.workbook.test_check import experiment
from workbook.drawn import drawn_experiment
from workbook.sheets.exercise import exercise_sheets
from workbook.sheets.sketch import sketch
from workbook.sheets.task import LAST_MARK_ROW, Task
from workbook.sheets.training import MAIN_SHEET
from workbook.table.layout import FIRST_ROW, Layout, letter
from workbook.write import write

XOR = replace(
    experiment((Dense(3, "tanh", 3), Dense(1, "sigmoid", 1)), batch_size=4, steps=5),
    inputs=np.array([[0, 0], [0, 1.0], [1, 0], [1, 1]]),
    targets=np.array([[0], [1.0], [1], [0]]),
)
KINDS = {
    "xor in one batch": XOR,
    "xor in batches of two": replace(XOR, method=replace(XOR.method, batch_size=2)),
    "xor one by one": replace(XOR, method=replace(XOR.method, batch_size=1)),
    "softmax": experiment((Dense(2, "tanh", 1), Dense(3, "softmax", 3)), loss="cross-entropy", samples=1),
    "adam": experiment(optimizer="adam", schedule="cosine", batch_size=3, steps=3),
}


def cells(made: Experiment) -> list[str]:
    """What the student fills."""
    layout = Layout(made.columns, made.steps)
    return [f"{layout.letters[name]}{row}" for row, names in Task(layout).asked.items() for name in names]


def blank(made: Experiment, path: Path) -> Path:
    write(exercise_sheets(made, solution=False), path)
    return path


def answers(made: Experiment, folder: Path) -> dict[str, float | str]:
    """What the solution holds in the cells that the student is to fill."""
    write(exercise_sheets(made, solution=True), folder / "solution.xlsx")
    sheet = openpyxl.load_workbook(folder / "solution.xlsx")[MAIN_SHEET]
    return {at: str(sheet[at].value) for at in cells(made)}


def marks(made: Experiment, values: Values) -> dict[str, object]:
    """What the marks show, by the cell that is judged."""
    task = Task(Layout(made.columns, made.steps))
    shown = {}
    for row, mark_row in task.mark_rows.items():
        for column in map(letter, range(len(made.columns.names))):
            if values.get(f"{column}{mark_row}"):
                shown[f"{column}{row}"] = values[f"{column}{mark_row}"]
    return shown


@pytest.mark.parametrize("made", KINDS.values(), ids=KINDS)
def test_blank_it_shows_nothing_and_filled_every_mark_is_right(made: Experiment, tmp_path: Path) -> None:
    path, total = blank(made, tmp_path / "exercise.xlsx"), len(cells(made))
    empty = by_ironcalc(poisoned(path, tmp_path / "poisoned.xlsx"))
    assert error_cells(empty) == []
    assert (empty[MAIN_SHEET]["A8"], marks(made, empty[MAIN_SHEET])) == (f"0 of {total} done", {})
    filled = by_ironcalc(path, answers(made, tmp_path))
    assert error_cells(filled) == []
    assert filled[MAIN_SHEET]["A8"] == f"{total} of {total} done"
    assert marks(made, filled[MAIN_SHEET]) == dict.fromkeys(cells(made), "✓")


@pytest.mark.parametrize(
    ("kind", "name", "row", "right", "wrong"),
    [
        ("xor in one batch", "b1", 25, "AVERAGE(", "SUM("),
        ("xor in one batch", "w4", 22, "=", "=2*"),
        ("xor in one batch", "a_h2", 22, "TANH(", "COS("),
        ("xor in one batch", "E_batch", 21, "AVERAGE(", "SUM("),
        ("xor in batches of two", "t1", 25, "=", "=1-"),
        ("softmax", "a_o2", 21, "EXP(", "2*EXP("),
        ("softmax", "∂E/∂b1", 22, "=", "=2*"),
        ("adam", "m_w1", 24, "(1-", "(2-"),
    ],
)
def test_one_slip_is_one_cross(kind: str, name: str, row: int, right: str, wrong: str, tmp_path: Path) -> None:
    made = KINDS[kind]
    cell, filled = f"{Layout(made.columns, made.steps).letters[name]}{row}", answers(made, tmp_path)
    assert right in str(filled[cell])
    filled[cell] = str(filled[cell]).replace(right, wrong, 1)
    shown = marks(made, by_ironcalc(blank(made, tmp_path / "exercise.xlsx"), filled)[MAIN_SHEET])
    assert [judged for judged, mark in shown.items() if mark == "✗"] == [cell]


@pytest.mark.parametrize("kind", ["xor in one batch", "xor in batches of two", "xor one by one"])
def test_what_the_sheet_says_on_filling_it_up_completes_the_table(kind: str, tmp_path: Path) -> None:
    made = KINDS[kind]
    layout, filled = Layout(made.columns, made.steps), answers(made, tmp_path)
    batch, hints = made.method.batch_size, blank(made, tmp_path / "exercise.xlsx")
    for name in made.columns.names:
        column = layout.letters[name]
        sample = made.columns.by_name[name].kind in ("target", "input")
        if name == "E_batch" and batch > 1:
            filled[f"{column}22"] = f"={column}21"  # the hint
        first = FIRST_ROW + made.samples if sample else FIRST_ROW + batch
        for row in range(first, layout.last_row + 1):
            inside = (row - FIRST_ROW) % batch > 0
            source = first if sample else (FIRST_ROW + 1 if inside else first)
            formula = Translator(str(filled[f"{column}{source}"]), f"{column}{source}")
            filled[f"{column}{row}"] = formula.translate_formula(f"{column}{row}")
    values = by_ironcalc(hints, filled)[MAIN_SHEET]
    expected = descend(made, [made.learning_rate]).numbers.values[:, :, 0]
    for row, numbers in enumerate(expected, start=FIRST_ROW):
        got = [values[f"{layout.letters[name]}{row}"] for name in made.columns.names]
        np.testing.assert_allclose(np.array(got, dtype=float), numbers, rtol=1e-9, atol=1e-12)


def test_libreoffice_counts_the_solutions_too(tmp_path: Path) -> None:
    paths = []
    for number, made in enumerate(KINDS.values()):
        write(exercise_sheets(made, solution=True), tmp_path / "s.xlsx")
        paths.append(poisoned(tmp_path / "s.xlsx", tmp_path / f"{number}.xlsx"))
    for made, book in zip(KINDS.values(), by_libreoffice(paths, tmp_path), strict=True):
        assert book[MAIN_SHEET]["A8"] == f"{len(cells(made))} of {len(cells(made))} done"


def test_the_rows_that_are_asked_hold_every_formula_once() -> None:
    rows = {kind: Task(Layout(made.columns, made.steps)).asked for kind, made in KINDS.items()}
    assert {kind: list(asked) for kind, asked in rows.items()} == {
        "xor in one batch": [21, 22, 25],
        "xor in batches of two": [21, 22, 23, 25],
        "xor one by one": [21, 22, 25],
        "softmax": [21, 22],
        "adam": [21, 22, 24, 25],
    }
    assert rows["xor one by one"][25] == rows["xor in batches of two"][25] == ["t1", "i1", "i2"]
    short = Task(Layout(XOR.columns, 1))
    assert (list(short.asked), list(short.mark_rows.values())) == ([21, 22], [17, LAST_MARK_ROW])


def test_the_lines_above_the_table_end_before_the_chart() -> None:
    for made in (default_experiment(), *KINDS.values()):
        task = Task(Layout(made.columns, made.steps))
        for exam in (False, True):
            above, below = task.how_to(exam=exam), task.completing(exam=exam)
            assert max(map(len, above + below)) <= 116
            assert len(above) <= 4  # below the student's name
            assert 8 + len(below) < min(task.mark_rows.values())


def test_the_instructions_of_several_samples_say_what_to_fill_and_in_which_order() -> None:
    told = {kind: Task(Layout(made.columns, made.steps)) for kind, made in KINDS.items()}
    assert told["xor in one batch"].how_to(exam=True)[:3] == [
        "1. Fill row 21 with formulas, from left to right: the first sample.",
        "2. Fill row 22: the next sample. Its weights are still those of row 21. Rows 23 and 24 are given.",
        "3. Fill row 25: the first sample again (t and i refer to row 21). "
        "There the weights learn, from rows 21 to 24.",
    ]
    for kind, task in told.items():  # every row that is asked is named
        text = " ".join(task.how_to(exam=True))
        assert all(f"row {row}" in text for row in task.asked), kind
    ends = {kind: " ".join(task.completing(exam=True)) for kind, task in told.items()}
    assert all("down to row " in text for text in ends.values())
    assert ends["xor in one batch"].count("down to row 40") == 2  # 5 steps of 4 rows, from row 21 on


def test_an_exam_tells_nothing_of_what_is_right(tmp_path: Path) -> None:
    for number, made in enumerate((default_experiment(), *KINDS.values())):
        path = tmp_path / f"{number}.xlsx"
        write(exercise_sheets(made, solution=False, exam=True), path)
        book = openpyxl.load_workbook(path)
        assert set(book.sheetnames) <= {MAIN_SHEET, "network"}
        texts = [str(cell.value) for row in book[MAIN_SHEET] for cell in row if cell.value is not None]
        assert not [text for text in texts if text.startswith("=")]
        assert not [text for text in texts if "✓" in text or "hints" in text or " done" in text]
        assert {at: book[MAIN_SHEET][at].value for at in cells(made)} == dict.fromkeys(cells(made))


def test_drawn_numbers_suit_the_experiment() -> None:
    drawn = drawn_experiment(XOR, 5)
    assert (drawn.inputs == XOR.inputs).all()
    assert (drawn.targets == XOR.targets).all()
    numbers = [number for array in (*drawn.weights, *drawn.biases) for number in array.ravel().tolist()]
    assert len(set(numbers)) == len(numbers) == 13
    assert drawn == drawn_experiment(XOR, 5) != drawn_experiment(XOR, 6)
    softmax = drawn_experiment(experiment((Dense(4, "softmax", 4),), loss="cross-entropy", samples=3), 2)
    assert (softmax.targets > 0).all()
    np.testing.assert_allclose(softmax.targets.sum(axis=1), 1, rtol=1e-12)
    large = drawn_experiment(experiment((Dense(30, "tanh", 30), Dense(20))), 2)
    assert len(set(large.weights[1].ravel().tolist())) == 600


def test_a_mark_that_does_not_fit_into_a_cell_is_refused_in_one_line() -> None:
    made = experiment(tuple(Dense(size, "tanh") for size in (7, 7, 7, 3)), samples=1, deltas=False, steps=2)
    with pytest.raises(InputError, match=r"^network: the mark of ∂E/∂w1 has \d+ characters, Excel's limit is 8192; "):
        exercise_sheets(made, solution=False)


def test_the_command_takes_an_experiment(tmp_path: Path) -> None:
    toml = (Path(__file__).parents[2] / "engine" / "default.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(toml.replace("0.15", "0.17"), encoding="utf-8")
    assert run("workbook", "exercise", "e.xlsx", "--experiment", "mine.toml", folder=tmp_path).returncode == 0
    assert openpyxl.load_workbook(tmp_path / "e.xlsx")[MAIN_SHEET]["E21"].value == 0.17


def test_a_small_drawing_names_each_weight_between_its_neurons() -> None:
    for made in (default_experiment(), XOR):
        drawn = sketch(made.columns, 2, 14)
        assert drawn is not None
        texts = {series.name: series for look, series in drawn[1].marks if look in ("weight", "inside small")}
        weights = {name for name in made.columns.names if made.columns.by_name[name].kind == "weight"}
        assert weights <= set(texts)
        assert {*made.columns.input_names, *made.columns.neuron_names(0)} <= set(texts)
        for series in texts.values():  # no name on another
            near = [
                other
                for other in texts.values()
                if abs(other.x_values[0] - series.x_values[0]) < 20 and abs(other.values[0] - series.values[0]) < 15
            ]
            assert near == [series]
    narrow, wide = (sketch(load_experiment(name).columns, 2, 14) for name in ("three-classes", "deep"))
    assert narrow is not None
    assert wide is not None
    assert (narrow[1].first, wide[1].first) == ("K2", "V2"), "more layers stand right of the loss curve"
    crowded = experiment((Dense(20, "tanh"), Dense(3)), samples=1)
    assert sketch(crowded.columns, 2, 14) is None
