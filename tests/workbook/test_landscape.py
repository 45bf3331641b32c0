"""The sheets `predictions` and `landscape`, against forward passes written here with NumPy."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from openpyxl.utils import get_column_letter as letter

from engine import Dense, Experiment, FloatArray, Method, Network, descend, load_experiment
from tests.workbook.spreadsheets import Book, Values, by_ironcalc, by_libreoffice, error_cells, poisoned
from workbook.records import SheetPlan
from workbook.sheets.explorer import explorer_sheet
from workbook.sheets.landscape import landscape_sheet
from workbook.sheets.learning_rates import learning_rates_sheet, rate_cell, run_name
from workbook.sheets.predictions import has_predictions, predictions_sheet
from workbook.sheets.training import main_sheet, run_sheet
from workbook.table.layout import Layout
from workbook.table.runs import sweep
from workbook.write import write

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "identity": lambda z: z,
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=0),
}


def test_a_single_neuron_has_a_landscape_over_two_of_its_weights() -> None:
    experiment = load_experiment("optimizers")
    tables = sweep(experiment, experiment.steps)
    sheet = landscape_sheet(tables[0].layout, tables[0].values, tables)
    values = {(cell.row, cell.column): cell.value for row in sheet.rows() for cell in row}
    assert (values[4, 1], values[5, 1]) == ("w1", "w2")


def an_experiment(last: str, loss: str, outputs: int, inputs: FloatArray = XOR, hidden: int = 3) -> Experiment:
    """A small network with biases, trained for three steps on all samples at once."""
    generator = np.random.default_rng(4)
    targets = (
        np.eye(outputs)[[0, *[outputs - 1] * (len(inputs) - 1)]] if outputs > 1 else np.array([[0], [1], [1], [0]])
    )
    width = inputs.shape[1]
    return Experiment(
        Network(width, (Dense(hidden, "tanh", hidden), Dense(outputs, last, 1)), loss, deltas=True),
        (generator.normal(size=(hidden, width)).round(2), generator.normal(size=(outputs, hidden)).round(2)),
        inputs,
        targets.astype(float),
        0.5,
        (0.1, 2.0),
        3,
        (generator.normal(size=hidden).round(2), generator.normal(size=1).round(2)),
        Method(len(inputs)),
    )


XOR_EXPERIMENT = an_experiment("sigmoid", "half-squared-error", 1)


def weights_at(experiment: Experiment, step: int) -> dict[str, float]:
    """All weights and biases that a step starts from, by name."""
    columns = experiment.columns
    row = descend(experiment, [experiment.learning_rate]).numbers.values[(step - 1) * len(experiment.inputs), :, 0]
    return {name: float(row[columns.index[name]]) for name in columns.of("weight", "bias")}


def outputs_of(experiment: Experiment, weights: dict[str, float], inputs: FloatArray) -> FloatArray:
    """A forward pass, written without the engine; inputs and outputs are a column a sample."""
    a = inputs.T
    for layer, of in enumerate(experiment.network.layers):
        matrix = np.array([[weights[name] for name in row] for row in experiment.columns.weight_names(layer)])
        bias = np.array([[weights[name]] for name in experiment.columns.bias_names(layer)])
        a = ACTIVATIONS[of.activation](matrix @ a + bias)
    return np.asarray(a)


def loss_of(experiment: Experiment, weights: dict[str, float]) -> float:
    """The mean over the samples of the half squared errors."""
    return float((0.5 * (outputs_of(experiment, weights, experiment.inputs).T - experiment.targets) ** 2).sum(1).mean())


def mean_loss(experiment: Experiment, weights: dict[str, float]) -> float:
    """The mean over the samples of the experiment's loss, written without the engine."""
    outputs, targets = outputs_of(experiment, weights, experiment.inputs).T, experiment.targets
    of_each: dict[str, Callable[[], FloatArray]] = {
        "half-squared-error": lambda: 0.5 * (outputs - targets) ** 2,
        "mean-squared-error": lambda: (outputs - targets) ** 2 / targets.shape[1],
        "cross-entropy": lambda: -targets * np.log(outputs),
        "binary-cross-entropy": lambda: -targets * np.log(outputs) - (1 - targets) * np.log(1 - outputs),
    }
    return float(of_each[experiment.network.loss]().sum(axis=1).mean())


def recalculated(sheets: list[SheetPlan], folder: Path, typed: dict[str, float | str] | None = None) -> Book:
    write(sheets, folder / "book.xlsx")
    book = by_ironcalc(poisoned(folder / "book.xlsx", folder / "poisoned.xlsx"), typed)
    assert error_cells(book) == []
    return book


def main_and(experiment: Experiment) -> tuple[Layout, FloatArray, SheetPlan]:
    layout = Layout(experiment.columns, experiment.steps)
    values = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    return layout, values, main_sheet(layout, values, experiment.learning_rate)


def with_predictions(experiment: Experiment) -> list[SheetPlan]:
    layout, values, main = main_and(experiment)
    return [main, predictions_sheet(layout, values), explorer_sheet(layout, values, experiment.learning_rate)]


def with_landscape(experiment: Experiment) -> list[SheetPlan]:
    layout, values, main = main_and(experiment)
    tables = sweep(experiment, experiment.steps)
    runs = [
        run_sheet(run_name(tables, run), t.layout, t.values, t.run.learning_rate, rate_cell(tables, run), layout)
        for run, t in enumerate(tables)
    ]
    explorer = explorer_sheet(layout, values, experiment.learning_rate)
    return [main, learning_rates_sheet(tables), landscape_sheet(layout, values, tables), *runs, explorer]


@pytest.mark.parametrize(
    ("last", "loss", "outputs"),
    [("sigmoid", "half-squared-error", 1), ("softmax", "cross-entropy", 3), ("identity", "mean-squared-error", 1)],
)
@pytest.mark.parametrize("step", [3, 1])
def test_every_prediction_and_tile_is_a_forward_pass(
    tmp_path: Path, last: str, loss: str, outputs: int, step: int
) -> None:
    experiment = an_experiment(last, loss, outputs)
    sheet = recalculated(with_predictions(experiment), tmp_path, {"explorer!B3": step})["predictions"]
    weights = weights_at(experiment, step)
    first_output = 3 + 1 + outputs
    expected = outputs_of(experiment, weights, experiment.inputs)
    for sample in range(4):
        got = [sheet[f"{letter(first_output + k)}{9 + sample}"] for k in range(outputs)]
        assert got == pytest.approx(expected[:, sample].tolist(), rel=1e-9, abs=1e-12)
    left = 3 + 2 + 2 * outputs + 1  # the column of the labels of i2
    x = [sheet[f"{letter(left + 1 + index)}30"] for index in range(21)]
    y = [sheet[f"{letter(left)}{9 + index}"] for index in range(21)]
    assert (x[0], x[20], y[0], y[20]) == pytest.approx((-0.25, 1.25, 1.25, -0.25))
    points = np.array([[i1, i2] for i2 in y for i1 in x], dtype=float)
    tiles = [sheet[f"{letter(left + 1 + along)}{9 + down}"] for down in range(21) for along in range(21)]
    over_plane = outputs_of(experiment, weights, points)
    shown = over_plane.argmax(axis=0) + 1 if outputs > 1 else over_plane[0]
    assert tiles == pytest.approx(shown.tolist(), rel=1e-9, abs=1e-12)
    every_second = [along + 21 * down for down in range(0, 21, 2) for along in range(0, 21, 2)]
    matrix = np.array([[weights[name] for name in row] for row in experiment.columns.weight_names(0)])
    biases = np.array([weights[name] for name in experiment.columns.bias_names(0)])
    hidden = np.tanh(points[every_second] @ matrix.T + biases)
    for neuron in range(3):
        corner = left + 1 + 21 + 1, 9 + 12 * neuron
        assert sheet[f"{letter(corner[0])}{corner[1] - 1}"] == f"a_h{neuron + 1}"
        small = [sheet[f"{letter(corner[0] + along)}{corner[1] + down}"] for down in range(11) for along in range(11)]
        assert small == pytest.approx(hidden[:, neuron].tolist(), rel=1e-9, abs=1e-12)
    if outputs > 1:
        small = [sheet[f"{letter(left + 35 + along)}{21 + down}"] for down in range(11) for along in range(11)]
        assert small == pytest.approx(over_plane[1, every_second].tolist(), rel=1e-9, abs=1e-12)
    classes = experiment.targets.argmax(axis=1) if outputs > 1 else experiment.targets[:, 0].astype(int)
    assert_points(sheet, x, y, classes.tolist() if last != "identity" else None)


def assert_points(sheet: Values, x: list[object], y: list[object], classes: list[int] | None) -> None:
    """The samples' points are where their inputs are between the first and the last tile, in their class's column."""
    at = next(column for column in range(30, 90) if sheet.get(f"{letter(column)}8") == "class")
    ends = np.array([[x[0], y[20]], [x[20], y[0]]], dtype=float)
    shares = (XOR - ends[0]) / (ends[1] - ends[0])
    for sample, share in enumerate(shares):
        own = classes[sample] if classes else 0
        assert sheet[f"{letter(at)}{9 + sample}"] == own + 1
        assert sheet[f"{letter(at + 1)}{9 + sample}"] == pytest.approx(share[0])
        for number in range(max(classes or [0]) + 1):
            expected = share[1] if number == own else -9
            assert sheet[f"{letter(at + 2 + number)}{9 + sample}"] == pytest.approx(expected)


def test_a_mark_tells_whether_the_class_is_right(tmp_path: Path) -> None:
    sheet = recalculated(with_predictions(XOR_EXPERIMENT), tmp_path)["predictions"]
    outputs = outputs_of(XOR_EXPERIMENT, weights_at(XOR_EXPERIMENT, 1), XOR)[0]
    is_right = (outputs > 0.5) == (XOR_EXPERIMENT.targets[:, 0] > 0.5)
    assert {True, False} == set(is_right.tolist()), "the test needs both marks"
    assert [sheet[f"F{9 + sample}"] for sample in range(4)] == ["✓" if good else "✗" for good in is_right]


def test_an_output_of_tanh_says_its_class_by_its_sign(tmp_path: Path) -> None:
    # tanh(0.25) is above 0 and below 0.5: each sample is said to be of the class above 0.
    experiment = replace(
        an_experiment("tanh", "half-squared-error", 1),
        weights=(np.zeros((3, 2)), np.zeros((1, 3))),
        biases=(np.zeros(3), np.array([0.25])),
        targets=np.array([[-1.0], [0.4], [1.0], [-0.1]]),
    )
    sheets = with_predictions(experiment)
    cached = {(cell.row, cell.column): cell.value for row in sheets[1].rows() for cell in row}
    sheet = recalculated(sheets, tmp_path)["predictions"]
    assert float(str(sheet["E9"])) == pytest.approx(np.tanh(0.25))
    assert [sheet[f"F{9 + sample}"] for sample in range(4)] == ["✗", "✓", "✓", "✗"]
    assert [cached[9 + sample, 5] for sample in range(4)] == ["✗", "✓", "✓", "✗"]


def test_a_step_that_is_none_shows_one_that_is(tmp_path: Path) -> None:
    for typed, row in ((99, 29), (-4, 21), ("abc", 21)):
        sheet = recalculated(with_predictions(XOR_EXPERIMENT), tmp_path, {"explorer!B3": typed})["predictions"]
        assert sheet["B4"] == row


def test_one_input_has_a_curve(tmp_path: Path) -> None:
    inputs = np.array([[-1.0], [0.0], [0.5], [1.0]])
    experiment = an_experiment("identity", "mean-squared-error", 1, inputs)
    sheet = recalculated(with_predictions(experiment), tmp_path)["predictions"]
    at = next(column for column in range(30, 60) if sheet.get(f"{letter(column)}8") == "i1")
    rows = [row for row in range(16, 99) if isinstance(sheet.get(f"{letter(at)}{row}"), float)]
    assert len(rows) == 41
    x = np.array([[sheet[f"{letter(at)}{row}"]] for row in rows], dtype=float)
    expected = outputs_of(experiment, weights_at(experiment, 1), x)[0]
    last = letter(at + 2 * 3 + 2)
    assert [sheet[f"{last}{row}"] for row in rows] == pytest.approx(expected.tolist(), rel=1e-9)


def test_what_cannot_be_drawn_is_said_or_left_out(tmp_path: Path) -> None:
    assert not has_predictions(
        replace(
            XOR_EXPERIMENT,
            inputs=XOR[:1],
            targets=XOR_EXPERIMENT.targets[:1],
            counted=XOR_EXPERIMENT.counted[:1],
            method=Method(),
        ).columns
    )
    large = an_experiment("sigmoid", "half-squared-error", 1, hidden=41)
    sheet = recalculated(with_predictions(large), tmp_path)["predictions"]
    assert "No map: it is drawn for networks of up to 40 neurons; this one has 42." in sheet.values()
    three = an_experiment("sigmoid", "half-squared-error", 1, np.hstack([XOR, XOR[:, :1]]))
    sheet = recalculated(with_predictions(three), tmp_path, {"explorer!B3": 2})["predictions"]
    assert "No map: it is drawn over one or two inputs; this network has 3." in sheet.values()
    outputs = outputs_of(three, weights_at(three, 2), three.inputs)[0]
    assert [sheet[f"C{9 + sample}"] for sample in range(4)] == pytest.approx(outputs.tolist())
    pictures = replace(load_experiment("seed-block"), steps=1)
    landscape = landscape_sheet(*main_and(pictures)[:2], sweep(pictures, 1))
    texts = [cell.value for row in landscape.rows() for cell in row]
    assert texts[2] == "and 12,000 are taken at most. Take fewer samples, neurons or layers to see it."


@pytest.mark.parametrize(
    "typed",
    [{}, {"landscape!B4": "w2", "landscape!B5": "b4"}, {"explorer!B3": 3.0, "landscape!B7": 0.5, "landscape!B9": 3.0}],
    ids=["as it opens", "other weights", "another place"],
)
def test_every_tile_of_the_landscape_is_the_loss_there(tmp_path: Path, typed: dict[str, float | str]) -> None:
    book = recalculated(with_landscape(XOR_EXPERIMENT), tmp_path, typed)
    sheet = book["landscape"]
    across, up = str(sheet["B4"]), str(sheet["B5"])
    weights = weights_at(XOR_EXPERIMENT, int(float(str(sheet["B6"]))))
    for along in range(0, 31, 3):
        for down in range(0, 31, 5):
            x, y = sheet[f"{letter(5 + along)}39"], sheet[f"D{8 + down}"]
            loss = loss_of(XOR_EXPERIMENT, {**weights, across: float(str(x)), up: float(str(y))})
            assert sheet[f"{letter(5 + along)}{8 + down}"] == pytest.approx(np.log10(loss), rel=1e-9, abs=1e-12)
    middle = (float(str(sheet["T39"])), float(str(sheet["D23"])))
    assert middle == pytest.approx((sheet["B7"], sheet["B8"]))


LARGER = ["three-classes", "regression", "deep"]  # their losses are too long for one cell


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The landscapes of larger networks, of a step each, with poisoned caches."""
    folder = tmp_path_factory.mktemp("larger")
    for name in LARGER:
        experiment = replace(load_experiment(name), steps=2, learning_rates=(0.1,), runs=())
        write(with_landscape(experiment), folder / "right.xlsx")
        poisoned(folder / "right.xlsx", folder / f"{name}.xlsx")
    return {name: folder / f"{name}.xlsx" for name in LARGER}


def assert_tiles(book: Book, experiment: Experiment) -> None:
    """Some tiles of a landscape are the loss at their weights."""
    sheet = book["landscape"]
    side = next(side for side in (31, 21, 15, 11) if isinstance(sheet.get(f"D{7 + side}"), float))
    across, up = str(sheet["B4"]), str(sheet["B5"])
    weights = weights_at(experiment, int(float(str(sheet["B6"]))))
    for along in range(0, side, 5):
        for down in range(0, side, 4):
            x, y = (float(str(sheet[cell])) for cell in (f"{letter(5 + along)}{8 + side}", f"D{8 + down}"))
            loss = mean_loss(experiment, {**weights, across: x, up: y})
            assert sheet[f"{letter(5 + along)}{8 + down}"] == pytest.approx(np.log10(loss), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", LARGER)
def test_a_loss_too_long_for_a_cell_is_computed_with_helpers(larger: dict[str, Path], name: str) -> None:
    book = by_ironcalc(larger[name], {"landscape!B4": "w1", "landscape!B5": "w5", "explorer!B3": 2})
    assert error_cells(book) == []
    assert_tiles(book, replace(load_experiment(name), steps=2))


def test_libreoffice_computes_the_helpers_alike(larger: dict[str, Path], tmp_path: Path) -> None:
    for name, book in zip(LARGER, by_libreoffice(list(larger.values()), tmp_path, ["landscape"]), strict=True):
        assert error_cells(book) == []
        assert_tiles(book, replace(load_experiment(name), steps=2))


def test_marks_stand_at_every_tenth_step_of_each_path() -> None:
    experiment = replace(XOR_EXPERIMENT, steps=25)
    landscape = with_landscape(experiment)[2]
    series = landscape.overlays[0].series
    lines = [each for each in series if not each.marker]
    assert lines[0].range == lines[-1].range, "the main run is drawn first and last"
    marks = next(each for each in series if each.name == "every 10 steps")
    by_range = {each.range: each for each in lines}
    assert len(by_range) == 3
    expected = [(line.x_values[step], line.values[step]) for line in by_range.values() for step in (10, 20)]
    assert list(zip(marks.x_values, marks.values, strict=True)) == expected
    ends = [each for each in series if each.marker == "square"][:-1]
    assert [(end.x_values[0], end.values[0]) for end in ends] == [
        (line.x_values[-1], line.values[-1]) for line in by_range.values()
    ]
    values = {f"{letter(cell.column + 1)}{cell.row}": cell.value for row in landscape.rows() for cell in row}
    first, last = marks.range.split("!")[1].replace("$", "").split(":")
    assert (values[first], values[last]) == (marks.values[0], marks.values[-1])


def test_the_paths_of_all_runs_lie_over_the_landscape(tmp_path: Path) -> None:
    sheet = recalculated(with_landscape(XOR_EXPERIMENT), tmp_path, {"explorer!B3": 3})["landscape"]
    names, middle, width = (sheet["B4"], sheet["B5"]), (sheet["B7"], sheet["B8"]), float(str(sheet["B9"]))
    first = next(column for column in range(36, 80) if sheet.get(f"{letter(column)}6") == "this run")
    now = [sheet[f"{letter(first + 12 + n)}6"] for n in (0, 1)]
    assert now == pytest.approx([sheet[f"{letter(first + n)}10"] for n in (0, 1)])
    for path, rate in enumerate((0.5, 0.1, 2.0)):
        run = replace(XOR_EXPERIMENT, learning_rate=rate)
        for step in (1, 2, 3):
            weights = weights_at(run, step)
            for n in (0, 1):
                expected = (weights[str(names[n])] - float(str(middle[n]))) / width + 0.5
                assert sheet[f"{letter(first + 4 * path + n)}{7 + step}"] == pytest.approx(
                    expected, rel=1e-9, abs=1e-12
                )


def test_one_weight_against_itself_is_refused_with_a_reason(tmp_path: Path) -> None:
    sheet = recalculated(with_landscape(XOR_EXPERIMENT), tmp_path, {"landscape!B4": "w1", "landscape!B5": "w1"})
    assert str(sheet["landscape"]["E7"]).startswith("Choose two different weights")
    assert str(sheet["landscape"]["E7"]).endswith("Both are w1 now.")


def test_a_place_in_a_single_row_is_said_by_row_and_column() -> None:
    """Some programs take the only number of INDEX(row, n) for a row, and show an error."""
    several = an_experiment("softmax", "cross-entropy", 3)
    sheets = [*with_landscape(XOR_EXPERIMENT), *with_predictions(several)]
    formulas = [cell.formula for sheet in sheets for row in sheet.rows() for cell in row if cell.formula]
    one_row = re.compile(r"INDEX\((?:'?[\w -]+'?!)?\$?[A-Z]+\$?(\d+):\$?[A-Z]+\$?\1,(\d+,)?")
    found = [match for formula in formulas for match in one_row.finditer(formula)]
    assert found
    assert all(match[2] == "1," for match in found)
