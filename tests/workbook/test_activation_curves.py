"""The curves of the activations on `explorer`, against functions written here and their central differences."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string, get_column_letter

from engine import Dense, FloatArray, Network, default_experiment, descend
from tests.workbook.spreadsheets import Values, by_ironcalc, poisoned
from workbook.sheets.explorer import explorer_sheet
from workbook.sheets.training import main_sheet
from workbook.table.layout import Layout
from workbook.write import write

FUNCTIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky-relu": lambda z: np.where(z > 0, z, 0.01 * z),
}


def numbers(values: Values, reference: str | None) -> FloatArray:
    """What the cells of a range hold."""
    assert reference is not None
    ends = [coordinate_from_string(end.replace("$", "")) for end in reference.rpartition("!")[2].split(":")]
    (left, top), (right, bottom) = ends[0], ends[-1]
    columns = range(column_index_from_string(left), column_index_from_string(right) + 1)
    cells = [f"{get_column_letter(column)}{row}" for row in range(top, bottom + 1) for column in columns]
    return np.array([values[cell] for cell in cells], dtype=float)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_curves_and_the_neurons_on_them_follow_the_step(name: str, tmp_path: Path) -> None:
    experiment = replace(
        default_experiment(), steps=3, learning_rate=40.0, network=Network(2, (Dense(2, name), Dense(2, "identity")))
    )
    layout = Layout(experiment.columns, experiment.steps)
    run = descend(experiment, [40.0]).numbers.values[:, :, 0]
    explorer = explorer_sheet(layout, run, 40.0)
    write([main_sheet(layout, run, 40.0), explorer], tmp_path / "book.xlsx")
    values = by_ironcalc(poisoned(tmp_path / "book.xlsx", tmp_path / "p.xlsx"), {"explorer!B3": 2})["explorer"]
    (chart,) = explorer.charts
    assert [series.name for series in chart.series] == ["a", "its slope ∂a/∂z", "h1", "h2"]
    activation, slope, *neurons = chart.series
    own = dict(zip(experiment.columns.names, run[1].tolist(), strict=True))
    for neuron in neurons:
        z = numbers(values, neuron.x_range)
        assert z == pytest.approx([own[neuron.name]] * 2, rel=1e-9)
        assert numbers(values, neuron.range) == pytest.approx([own[f"a_{neuron.name}"], slope_of(name, z[:1])[0]])
    z = numbers(values, activation.x_range)
    furthest = max(6.0, *(abs(own[neuron.name]) for neuron in neurons))
    assert (z[0], z[20], z[40]) == pytest.approx((-furthest, 0, furthest))
    assert numbers(values, activation.range) == pytest.approx(FUNCTIONS[name](z))
    away = z != 0  # where relu has no slope
    assert numbers(values, slope.range)[away] == pytest.approx(slope_of(name, z)[away], abs=1e-6)
    assert slope.x_range == activation.x_range


def slope_of(name: str, z: FloatArray) -> FloatArray:
    """By central differences."""
    of = FUNCTIONS[name]
    return np.asarray((of(z + 1e-6) - of(z - 1e-6)) / 2e-6)


def test_softmax_and_the_identity_have_no_curve() -> None:
    network = Network(2, (Dense(2, "identity"), Dense(2, "softmax")), "cross-entropy")
    experiment = replace(default_experiment(), steps=1, network=network, targets=np.array([[0.0, 1.0]]))
    layout = Layout(experiment.columns, 1)
    explorer = explorer_sheet(layout, descend(experiment, [1.0]).numbers.values[:, :, 0], 1.0)
    assert list(explorer.charts) == []


def test_the_caches_are_the_cells() -> None:
    experiment = replace(default_experiment(), steps=1)
    layout = Layout(experiment.columns, 1)
    explorer = explorer_sheet(layout, descend(experiment, [1.0]).numbers.values[:, :, 0], 1.0)
    held: Values = {
        f"{get_column_letter(cell.column + 1)}{cell.row}": cell.value for row in explorer.rows() for cell in row
    }
    for series in explorer.charts[0].series:
        assert numbers(held, series.x_range).tolist() == list(series.x_values)
        assert numbers(held, series.range).tolist() == list(series.values)
