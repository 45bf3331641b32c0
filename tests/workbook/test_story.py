"""The sheet `story`: live for every step and row of any experiment, and true in what it says."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Experiment, FloatArray, descend, load_experiment
from engine.experiment_file import packaged_experiments
from tests.workbook.drawn import drawn
from tests.workbook.kinds import KINDS
from tests.workbook.spreadsheets import Values, by_ironcalc, by_libreoffice, by_openpyxl, error_cells, poisoned
from workbook.sheets.explorer import explorer_sheet
from workbook.sheets.story import story_sheet
from workbook.sheets.story_panels import SLOPES
from workbook.sheets.training import main_sheet
from workbook.stored import as_stored
from workbook.table.layout import Layout
from workbook.write import write

EXPERIMENTS = {f"seed {seed}": drawn(seed) for seed in range(10)} | KINDS
# The rows of the panels.
FORWARD, WRONG, BLAME, STEEP, PRODUCT, STEP = range(10, 34, 4)
BITS = [1.0, *[0.0] * 7]  # the first sequence of rnn, lstm and gru
NUMBER = re.compile(r"(?<![\w∂])-?\d+(?:\.\d+)?(?:E[-+]\d+)?")


def written(experiment: Experiment, path: Path) -> FloatArray:
    """Write the sheets that this is about, and give the run."""
    experiment = as_stored(experiment)
    rate = experiment.learning_rate
    values: FloatArray = descend(experiment, [rate]).numbers.values[:, :, 0]
    layout = Layout(experiment.columns, experiment.steps)
    story = story_sheet(layout, values, rate)
    assert story is not None
    write([main_sheet(layout, values, rate), explorer_sheet(layout, values, rate), story], path)
    return values


def typed(experiment: Experiment, step: int, batch_row: int) -> dict[str, float | str]:
    return {"explorer!B3": step, **({"explorer!D3": batch_row} if experiment.method.batch_size > 1 else {})}


def told(values: Values) -> str:
    """All sentences, one after another."""
    return " ".join(str(values.get(f"C{row}", "")) for row in range(FORWARD, STEP + 3))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_panels_follow_the_step_and_the_row(name: str, tmp_path: Path) -> None:
    experiment = EXPERIMENTS[name]
    run = written(experiment, tmp_path / "book.xlsx")
    columns, size = experiment.columns, experiment.method.batch_size
    copy = poisoned(tmp_path / "book.xlsx", tmp_path / "p.xlsx")
    for step, batch_row in ((1, size), (experiment.steps - 1, 1)):
        book = by_ironcalc(copy, typed(experiment, step, batch_row))
        assert error_cells(book) == []
        values, at = book["story"], (step - 1) * size + batch_row - 1
        weight = str(values["A1"]).removeprefix("The story of one weight: ")
        expected = {
            FORWARD: (values[f"B{FORWARD + 1}"], at),
            WRONG: ("E_tot", at),
            PRODUCT: (f"∂E/∂{weight}", at),
            STEP: (weight, step * size),
        }
        for row, (of, line) in expected.items():
            number = run[line, columns.index[str(of)]]
            assert values[f"B{row}"] == pytest.approx(number, rel=1e-9, abs=1e-12), (row, of)
        gradient = run[at, columns.index[f"∂E/∂{weight}"]]
        _check_words(told(values), gradient, weight)
        _check_verdicts(told(values), experiment, run[at])
        batch = run[(step - 1) * size : step * size, columns.index[f"∂E/∂{weight}"]]
        gain = batch.sum() * (run[at, columns.index[weight]] - run[step * size, columns.index[weight]])
        assert f" {'larger' if gain < 0 else 'smaller'}. All weights" in told(values)
        if "places" not in told(values):
            assert values[f"B{PRODUCT + 2}"] == "✓ as in the table"


def _check_words(text: str, gradient: float, weight: str) -> None:
    if "places" in text:
        return
    way = "larger" if gradient > 0 else "smaller"
    assert (f"a larger {weight} would make the loss {way}" if gradient else f"change of {weight} does nothing") in text


def _check_verdicts(text: str, experiment: Experiment, row: FloatArray) -> None:
    """What is said of the first three answers."""
    columns = experiment.columns
    counts = row[columns.index["counted"]] if columns.network.counted else 1
    at_zero = "is not wrong" if columns.network.counted else "is right"
    for answer, target in list(zip(columns.activation_names(columns.depth - 1), columns.target_names, strict=True))[:3]:
        apart = counts * (row[columns.index[answer]] - row[columns.index[target]])
        verdict = "is too large" if apart > 0 else "is too small" if apart < 0 else at_zero
        assert f"{answer} {verdict}" in text


@pytest.mark.parametrize("name", sorted(packaged_experiments().keys() - {"mazur-output-first", "rnn", "lstm", "gru"}))
def test_the_product_is_what_a_nudge_of_the_weight_does_to_the_loss(name: str) -> None:
    """The row's loss with the weight a little larger, and a little smaller; output-first is no slope of the loss.

    In a recurrent layer the loss of later rows changes as well: see below.
    """
    experiment = as_stored(load_experiment(name))
    values = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    sheet = story_sheet(Layout(experiment.columns, experiment.steps), values, experiment.learning_rate)
    assert sheet is not None
    cells = {(cell.row, cell.column): cell for row in sheet.rows() for cell in row}
    weight = str(cells[1, 0].value).removeprefix("The story of one weight: ")
    column = experiment.columns.by_name[weight]
    assert column.layer is not None
    flat = experiment.columns.names_in(column.layer, "weight").index(weight)
    losses = []
    for nudge in (1e-5, -1e-5):
        weights = [array.copy() for array in experiment.weights]
        weights[column.layer].flat[flat] += nudge
        nudged = replace(experiment, weights=tuple(weights))
        losses.append(descend(nudged, [0.0]).numbers.loss[0, 0])
    assert cells[PRODUCT, 1].value == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-5, abs=1e-9)
    gradients = [values[0, experiment.columns.index[f"∂E/∂{name}"]] for name in experiment.columns.of("weight")]
    if experiment.network.time == 1:  # in a sequence a weight's error may come from other rows, which is no short story
        assert (cells[PRODUCT, 1].value == 0) == (not any(gradients)), "another weight has a better story"


def test_in_a_recurrent_layer_the_blame_comes_from_the_next_step_too(tmp_path: Path) -> None:
    """rnn's first sequence's loss, written here with NumPy: one step alone has another a_h1, or another w1."""
    run = written(load_experiment("rnn"), tmp_path / "book.xlsx")
    columns = load_experiment("rnn").columns
    w, u, b, out = (run[0, columns.index[name]] for name in ("w1", "u1", "b1", "w2"))

    def loss(step: int, more: float = 0.0, heavier: float = 0.0) -> float:
        a = 0.0
        for at, bit in enumerate(BITS, start=1):
            a = np.tanh((w + heavier * (at == step)) * bit + u * a + b) + more * (at == step)
        return float(0.5 * (out * a - 1) ** 2)  # it is asked in the last step

    copy, nudge = poisoned(tmp_path / "book.xlsx", tmp_path / "p.xlsx"), 1e-5
    for step in (1, 5, 8):
        book = by_ironcalc(copy, {"explorer!B3": 1, "explorer!D3": step})
        assert error_cells(book) == []
        values = book["story"]
        assert values["A1"] == "The story of one weight: w1"
        blame = (loss(step, more=nudge) - loss(step, more=-nudge)) / (2 * nudge)
        product = (loss(step, heavier=nudge) - loss(step, heavier=-nudge)) / (2 * nudge)
        assert values[f"B{BLAME}"] == pytest.approx(blame, rel=1e-6), step
        assert values[f"B{PRODUCT}"] == pytest.approx(product, rel=1e-6, abs=1e-12), step
        assert values[f"B{PRODUCT + 2}"] == "✓ as in the table"


def _lstm(of: dict[str, float], step: int, more: float, heavier: float) -> float:
    """The answer to lstm's first sequence; at a step the input gate is larger by `more`, or its weight by `heavier`."""
    h = c = 0.0
    for at, bit in enumerate(BITS, start=1):
        i, f, g, o = (of[f"w{n}"] * bit + of[f"u{n}"] * h + of[f"b{n}"] for n in range(1, 5))
        here = at == step
        c = _sigmoid(f) * c + (_sigmoid(i + heavier * bit * here) + more * here) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
    return of["w5"] * h


def _gru(of: dict[str, float], step: int, more: float, heavier: float) -> float:
    """The answer to gru's first sequence; at a step n is larger by `more`, or its weight by `heavier`."""
    h = 0.0
    for at, bit in enumerate(BITS, start=1):
        r, z = (_sigmoid(of[f"w{n}"] * bit + of[f"u{n}"] * h + of[f"b{n}"]) for n in (1, 2))
        here = at == step
        n = np.tanh((of["w3"] + heavier * here) * bit + of["b3"] + r * (of["u3"] * h + of["b4"])) + more * here
        h = (1 - z) * n + z * h
    return of["w4"] * h


def _sigmoid(z: float) -> float:
    return float(1 / (1 + np.exp(-z)))


@pytest.mark.parametrize(("name", "answer", "weight"), [("lstm", _lstm, "w1"), ("gru", _gru, "w3")])
def test_in_a_layer_with_gates_a_gates_weight_has_the_story(
    name: str, answer: Callable[[dict[str, float], int, float, float], float], weight: str, tmp_path: Path
) -> None:
    """The first sequence's loss, written here with NumPy; it is asked in the last step."""
    run = written(load_experiment(name), tmp_path / "book.xlsx")
    of = dict(zip(load_experiment(name).columns.names, run[0].tolist(), strict=True))

    def loss(step: int, more: float = 0.0, heavier: float = 0.0) -> float:
        return 0.5 * (answer(of, step, more, heavier) - 1) ** 2

    copy, nudge = poisoned(tmp_path / "book.xlsx", tmp_path / "p.xlsx"), 1e-5
    for step in (1, 8):
        book = by_ironcalc(copy, {"explorer!B3": 1, "explorer!D3": step})
        assert error_cells(book) == []
        values = book["story"]
        assert values["A1"] == f"The story of one weight: {weight}"
        blame = (loss(step, more=nudge) - loss(step, more=-nudge)) / (2 * nudge)
        product = (loss(step, heavier=nudge) - loss(step, heavier=-nudge)) / (2 * nudge)
        assert values[f"B{BLAME}"] == pytest.approx(blame, rel=1e-6), step
        assert values[f"B{PRODUCT}"] == pytest.approx(product, rel=1e-6, abs=1e-12), step
        assert values[f"B{PRODUCT + 2}"] == "✓ as in the table"
        assert "the errors there include what comes back from later steps" in told(values)


def test_an_activation_that_has_no_words_of_its_own_has_a_story(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new activation needs no line here: its slope is worked out, and no more is said of it."""
    monkeypatch.delitem(SLOPES, "sigmoid")
    experiment = load_experiment("mazur")
    values = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    sheet = story_sheet(Layout(experiment.columns, experiment.steps), values, experiment.learning_rate)
    assert sheet is not None
    lines = {cell.row: str(cell.value) for row in sheet.rows() for cell in row if cell.column == 2}
    assert lines[STEEP + 1].startswith("slope = a_h1*(1-a_h1) = ")
    assert STEEP + 2 not in lines


def test_it_tells_the_published_numbers_of_mazurs_example(tmp_path: Path) -> None:
    """Matt Mazur, "A Step by Step Backpropagation Example" (2015): his w1, and its gradient, 0.000438568."""
    written(load_experiment("mazur"), tmp_path / "book.xlsx")
    values = by_ironcalc(poisoned(tmp_path / "book.xlsx", tmp_path / "p.xlsx"))["story"]
    assert values["A1"] == "The story of one weight: w1"
    assert values[f"B{FORWARD}"] == pytest.approx(0.593269992, abs=1e-9)
    assert values[f"B{WRONG}"] == pytest.approx(0.298371109, abs=1e-9)
    assert values[f"B{BLAME}"] == pytest.approx(0.036350306, abs=1e-9)
    assert values[f"B{STEEP}"] == pytest.approx(0.241300709, abs=1e-9)
    assert values[f"B{PRODUCT}"] == pytest.approx(0.000438568, abs=1e-9)
    assert values[f"B{STEP}"] == pytest.approx(0.149780716, abs=1e-9)
    total = "h1 is a sum, each input times its weight: h1 = w1*i1 + w2*i2 + b1 = 0.15*0.05 + 0.2*0.1 + 0.35 = 0.3775."
    assert values[f"C{FORWARD}"] == total
    assert values[f"C{BLAME + 1}"] == "∂E/∂a_h1 = ∂E/∂o1*w5 + ∂E/∂o2*w7 = 0.1385*0.4 + (-0.0381)*0.5 = 0.0364."
    assert values[f"C{WRONG}"] == "It should answer t1 = 0.01 and t2 = 0.99: a_o1 is too large and a_o2 is too small."


def test_the_sentences_that_it_opens_with_are_those_of_the_cells(tmp_path: Path) -> None:
    """In IronCalc, whose TEXT cuts a digit off, with their numbers nearly; in LibreOffice to the letter."""
    names = ("seed 3", "seed 5", "block", "layer-norm of maps")
    paths = [tmp_path / f"{name}.xlsx" for name in names]
    copies = []
    for name, path in zip(names, paths, strict=True):
        written(EXPERIMENTS[name], path)
        copies.append(poisoned(path, tmp_path / f"p {name}.xlsx"))
    for path, copy, book in zip(paths, copies, by_libreoffice(copies, tmp_path, ["story"]), strict=True):
        opened, recalculated = by_openpyxl(path, ["story"])["story"], by_ironcalc(copy)["story"]
        for cell, text in opened.items():
            if not isinstance(text, str):
                continue
            assert book["story"][cell] == text
            assert NUMBER.sub("#", str(recalculated[cell])) == NUMBER.sub("#", text)
            for mine, theirs in zip(NUMBER.findall(text), NUMBER.findall(str(recalculated[cell])), strict=True):
                assert float(theirs) == pytest.approx(float(mine), rel=0.02, abs=1e-12), (cell, text)


def test_inputs_of_0_make_another_layer_tell_the_story() -> None:
    """XOR's first sample is 0, 0: no weight of the hidden layer has a gradient there."""
    experiment = as_stored(load_experiment("xor"))
    values = descend(experiment, [1.0]).numbers.values[:, :, 0]
    sheet = story_sheet(Layout(experiment.columns, experiment.steps), values, 1.0)
    assert sheet is not None
    assert next(iter(sheet.rows()))[0].value == "The story of one weight: w7"


def test_rows_that_are_steps_of_sequences_are_called_so() -> None:
    experiment = as_stored(load_experiment("lstm"))
    values = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    sheet = story_sheet(Layout(experiment.columns, experiment.steps), values, experiment.learning_rate)
    assert sheet is not None
    text = " ".join(str(cell.value) for row in sheet.rows() for cell in row)
    assert "All 16 steps of the sequences: SUM(∂E/∂w1 of all steps)/2 = " in text
    assert "It should answer t1 = 0, if the step has a target (counted = 0): a_o1 is not wrong." in text
    assert "batch" not in text
