"""The sheet `unrolled`: a sequence's numbers from left to right, what flows back, and how large it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Experiment, FloatArray, descend, load_experiment
from engine.layers import Lstm, Recurrent
from tests.workbook.kinds import KINDS, sequences_of
from tests.workbook.spreadsheets import Values, by_ironcalc, poisoned
from workbook.sheets.explorer import explorer_sheet
from workbook.sheets.training import main_sheet
from workbook.sheets.unrolled import SHEET, has_unrolled, unrolled_sheet
from workbook.stored import as_stored
from workbook.table.layout import FIRST_ROW, Layout
from workbook.write import write


def recalculated(experiment: Experiment, folder: Path, typed: dict[str, float]) -> Values:
    """The sheet after some of its cells were typed anew, recalculated from caches that lie."""
    experiment = as_stored(experiment)
    layout, rate = Layout(experiment.columns, experiment.steps), experiment.learning_rate
    values = descend(experiment, [rate]).numbers.values[:, :, 0]
    sheets = [main_sheet(layout, values, rate), explorer_sheet(layout, values, rate), unrolled_sheet(layout, values)]
    write(sheets, folder / "written.xlsx")
    return by_ironcalc(poisoned(folder / "written.xlsx", folder / "book.xlsx"), typed)[SHEET]


def numbers_in(values: Values, row: int) -> FloatArray:
    """The tiles of a row."""
    return np.array([values[f"{column}{row}"] for column in "BCD"], dtype=float)


@pytest.mark.parametrize("kind", ["recurrent", "lstm", "gru"])
def test_it_shows_the_sequence_that_one_types(kind: str, tmp_path: Path) -> None:
    experiment = KINDS[kind]
    several = experiment.columns.sequences > 1
    values = recalculated(experiment, tmp_path, {"explorer!B3": 2, **({f"{SHEET}!B4": 2} if several else {})})
    time, size = experiment.network.time, experiment.method.batch_size
    first = size + (time if several else 0)
    assert values["E4"] == FIRST_ROW + first
    numbers = descend(experiment, [experiment.learning_rate]).numbers.values[first : first + time, :, 0]
    labels = {str(values[f"A{row}"]): row for row in range(9, 80) if f"A{row}" in values}
    shown = [name for name in experiment.columns.names if name in labels]
    assert {"h1", "∂E/∂h1", "i1", "E_tot"} <= set(shown)
    for name in shown:
        got = numbers_in(values, labels[name])
        np.testing.assert_allclose(got, numbers[:, experiment.columns.index[name]], rtol=1e-9, atol=1e-13)
    errors = numbers[:, [experiment.columns.index[name] for name in ("∂E/∂h1", "∂E/∂h2") if name in shown]]
    sizes = numbers_in(values, labels["size of ∂E/∂h"])
    np.testing.assert_allclose(sizes, np.sqrt((errors**2).sum(axis=1)), rtol=1e-9)


def test_what_is_no_sequence_empties_it(tmp_path: Path) -> None:
    values = recalculated(KINDS["recurrent"], tmp_path, {f"{SHEET}!B4": 9})
    assert values["E4"] == 0
    assert values["F4"] == "Type a sequence from 1 to 2."
    assert values["B10"] == ""


def test_gradients_vanish_in_rnn_and_not_in_lstm() -> None:
    def back(name: str, column: str) -> float:
        """What flows back to the first step, as a share of that in the last."""
        experiment = load_experiment(name)
        values = descend(experiment, [experiment.learning_rate]).numbers.values[:, experiment.columns.index[column], 0]
        return float(abs(values[0] / values[experiment.network.time - 1]))

    assert back("rnn", "∂E/∂h1") == pytest.approx(0.0038, abs=5e-5)
    assert back("lstm", "∂E/∂c_h1") == pytest.approx(1.29, abs=5e-3)
    assert back("gru", "∂E/∂h1") == pytest.approx(0.52, abs=5e-3)


def test_the_losses_that_the_experiments_tell_of() -> None:
    def loss(name: str, update: int) -> float:
        experiment = load_experiment(name)
        return float(descend(experiment, [experiment.learning_rate]).curve[experiment.method.batch_size * update, 0])

    assert (round(loss("rnn", 20), 2), round(loss("lstm", 20), 2)) == (0.48, 0.04)


def test_a_sequence_too_long_for_a_picture_gets_words() -> None:
    long = replace(sequences_of(Recurrent(1, 3)))
    assert has_unrolled(long.columns)
    layer = Lstm(1, 41, 4)
    made = replace(
        long, network=replace(long.network, layers=(layer, long.network.layers[1])),
        weights=(np.ones((4, 3)), long.weights[1]), biases=(np.zeros(4), long.biases[1]),
        inputs=np.zeros((41, 2)), targets=np.full((41, 2), 0.5), counted=np.ones(41), steps=1,
        method=replace(long.method, batch_size=41),
    )  # fmt: skip
    sheet = unrolled_sheet(Layout(made.columns, 1), np.zeros((41, len(made.columns.names))))
    texts = [cell.value for cells in sheet.rows() for cell in cells]
    assert texts == [
        "A sequence, unrolled",
        "No picture: it has 41 steps in a sequence, and 40 are drawn at most. The table has all numbers.",
    ]


def test_the_gates_are_explained_where_they_are_first_seen() -> None:
    experiment = as_stored(replace(load_experiment("lstm"), steps=1))
    values = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    cells = [cell for row in unrolled_sheet(Layout(experiment.columns, 1), values).rows() for cell in row]
    (told,) = [cell.value for cell in cells if str(cell.value).startswith("Of h1")]
    assert told == (
        "Of h1: i_h1 is the input gate, f_h1 is the forget gate, g_h1 is what is new for the cell, "
        "o_h1 is the output gate (i1 is an input)."
    )
