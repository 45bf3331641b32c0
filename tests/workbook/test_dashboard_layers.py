"""The dashboard's line on the first and the last layer: gradients that vanish or explode, and numbers that end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Dense, Experiment, Method, Network, descend
from engine.experiment_file import load_experiment, packaged_experiments
from tests.workbook.spreadsheets import Values, by_ironcalc, by_openpyxl, poisoned
from workbook.sheets.dashboard import layers_with_gradients
from workbook.sheets.training import MAIN_SHEET, main_sheet
from workbook.table.layout import Layout
from workbook.write import write

LINE = ("A14", "E14", "F14")
LABEL, NO_NUMBER = "|gradient|, first layer / last", "not a number from step"


def deep(activation: str, first: float = 1, samples: int = 1, batch_size: int = 1, rate: float = 0.01) -> Experiment:
    """Six layers of two neurons with the same weights, the first's so many times as large."""
    matrix = np.array([[1.0, -0.5], [0.25, 1.0]])
    return Experiment(
        Network(2, tuple(Dense(2, activation) for _ in range(6))),
        weights=(first * matrix, *[matrix] * 5),
        inputs=np.linspace(0.2, 0.9, 2 * samples).reshape(samples, 2),
        targets=np.tile([0.1, 0.9], (samples, 1)),
        learning_rate=rate,
        learning_rates=(rate,),
        steps=6,
        method=Method(batch_size=batch_size),
    )


def worked_off() -> Experiment:
    """Gradients that vanish, where the loss has fallen to less than a tenth all the same."""
    experiment = deep("sigmoid")
    return replace(experiment, targets=np.array([[0.69, 0.65]]), learning_rate=5.0, steps=40)


def line(experiment: Experiment, folder: Path, typed: dict[str, float] | None = None) -> tuple[Values, Values]:
    """The main sheet as IronCalc computes it, and its caches."""
    trace = descend(experiment, [experiment.learning_rate])
    layout = Layout(experiment.columns, experiment.steps)
    path = folder / "book.xlsx"
    write([main_sheet(layout, trace.numbers.values[:, :, 0], experiment.learning_rate)], path)
    lies = poisoned(path, folder / "lies.xlsx", typed)
    return by_ironcalc(lies)[MAIN_SHEET], by_openpyxl(path)[MAIN_SHEET]


def column_of_loss(experiment: Experiment) -> str:
    return Layout(experiment.columns, experiment.steps).letters[experiment.columns.loss]


def share_of(experiment: Experiment) -> float:
    """The same by the engine's slopes, a layer's array at a time."""
    slopes = descend(experiment, [experiment.learning_rate]).numbers.slopes
    rows = experiment.columns.method.batch_size
    first, last = (np.abs(slopes[layer]["weight"][-rows:]).max() for layer in (0, -1))
    return float(first / last)


@pytest.mark.parametrize(
    ("experiment", "word"),
    [
        (deep("sigmoid"), "vanish"),
        (deep("sigmoid", samples=4, batch_size=4), "vanish"),
        (deep("tanh"), ""),
        (deep("identity", first=0.0001, rate=1e-9), "explode"),
        (deep("leaky-relu", first=1000, rate=1e-12), "vanish"),
        (worked_off(), ""),
    ],
    ids=["sigmoid", "batch", "tanh", "explode", "large first weights", "learned"],
)
def test_the_line_tells_how_far_the_first_layers_gradients_are_from_the_lasts(
    experiment: Experiment, word: str, tmp_path: Path
) -> None:
    for values in line(experiment, tmp_path):
        assert values["A14"] == LABEL
        assert float(str(values["E14"])) == pytest.approx(share_of(experiment), rel=1e-9)
        assert values.get("F14", "") == word


@pytest.mark.parametrize(("activation", "rate"), [("identity", 100.0), ("leaky-relu", 1e100)])
def test_where_numbers_end_the_line_tells_since_when(activation: str, rate: float, tmp_path: Path) -> None:
    experiment = replace(deep(activation), steps=30)
    values, _ = line(experiment, tmp_path, {"G19": rate})
    losses = [values.get(f"{column_of_loss(experiment)}{row}") for row in range(21, 51)]
    step = 1 + next(index for index, loss in enumerate(losses) if not isinstance(loss, float | int))
    assert 1 < step < 30
    assert values["E13"] == "overflows"
    assert [values[cell] for cell in LINE] == [NO_NUMBER, step, "less eta"]


def test_a_network_of_one_layer_has_no_first_and_last(tmp_path: Path) -> None:
    experiment = deep("sigmoid")
    single = replace(experiment, network=Network(2, (Dense(2, "sigmoid"),)), weights=experiment.weights[:1], biases=())
    values, _ = line(single, tmp_path)
    assert "A14" not in values


@pytest.mark.parametrize("name", packaged_experiments())
def test_a_layers_gradients_stand_side_by_side(name: str) -> None:
    # The formula takes them as one range.
    columns = load_experiment(name).columns
    indices = {name: index for index, name in enumerate(columns.names)}
    for gradients in layers_with_gradients(Layout(columns, 1)):
        assert [indices[name] - indices[gradients[0]] for name in gradients] == list(range(len(gradients)))


def test_a_loss_that_halves_and_then_overflows_has_halved_at_that_step(tmp_path: Path) -> None:
    experiment = Experiment(
        Network(2, (Dense(1, "identity"),)),
        weights=(np.array([[10.0, 1e-6]]),),  # the first weight goes to 0, the second beyond all bounds
        inputs=np.array([[1.0, 0.0], [0.0, 10.0]]),
        targets=np.zeros((2, 1)),
        learning_rate=1e-5,
        learning_rates=(1e-5,),
        steps=120,
        method=Method(batch_size=2),
    )
    values, _ = line(experiment, tmp_path, {"G19": 1.0})
    losses = [values.get(f"{column_of_loss(experiment)}{row}") for row in range(21, 261)]
    assert float(str(losses[2])) <= float(str(losses[0])) / 2
    assert not isinstance(losses[-1], float | int)
    assert (values["A11"], values["E11"], values["E13"]) == ("halved at step", 2, "overflows")
