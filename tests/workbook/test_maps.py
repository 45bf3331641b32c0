"""The sheet `maps`, recalculated by IronCalc and LibreOffice, against the engine's run and central differences."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Experiment, FloatArray, descend, load_experiment
from engine.layers import Convolution
from tests.workbook.spreadsheets import Values, by_ironcalc, by_libreoffice, by_openpyxl, error_cells, poisoned
from workbook.sheets.explorer import explorer_sheet
from workbook.sheets.map_choice import CELL, TOP, WEIGHT
from workbook.sheets.map_tiles import Tiles
from workbook.sheets.maps import has_maps, maps_sheet
from workbook.sheets.training import main_sheet
from workbook.stored import as_stored
from workbook.table.layout import Layout, letter
from workbook.write import write

# A step, a sample, an output cell, a weight, as one types them.
Chosen = tuple[int, int, tuple[int, int, int], tuple[int, int, int, int]]

PADDED = """
[network]
inputs = [2, 4, 5]
seed = 4
[[network.layers]]
kind = "convolution"
channels = 3
kernel = [3, 2]
stride = [2, 1]
padding = [1, 1]
activation = "tanh"
init = "glorot-uniform"
bias = [0.1, -0.2, 0.3]
[[network.layers]]
kind = "max-pool"
size = [2, 2]
stride = [1, 1]
[[network.layers]]
neurons = 1
init = "glorot-uniform"
[[samples]]
inputs = [0.1,0.2,-0.3,0.4,0.5,0.6,-0.7,0.8,0.9,1,0.1,0.3,0.2,0.5,-0.4,0.7,0.6,0.9,0.8,0,
1,0.9,-0.8,0.7,0.6,0.5,0.4,-0.3,0.2,0.1,1,0.8,0.9,-0.6,0.7,0.4,0.5,0.2,0.3,0]
targets = [1]
[[samples]]
inputs = [0.3,0.1,-0.2,0.2,0.5,0.9,-0.1,0.8,0.4,1,0.7,0.3,0.6,0.5,-0.2,0.7,0.1,0.9,0.3,0,
0.2,0.9,-0.5,0.7,0.1,0.5,0.8,-0.3,0.6,0.1,0.3,0.8,0.4,-0.6,0.2,0.4,0.9,0.2,0.1,1]
targets = [0]
[training]
steps = 4
learning_rate = 0.5
learning_rates = [0.5]
"""


def experiment_of(name: str, folder: Path) -> Experiment:
    """A packaged experiment, or one with two channels, a stride and padding."""
    if name != "padded":
        return as_stored(load_experiment(name))
    path = folder / "padded.toml"
    path.write_text(PADDED)
    return as_stored(load_experiment(str(path)))


def run_of(experiment: Experiment) -> FloatArray:
    run: FloatArray = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    return run


def written(experiment: Experiment, path: Path) -> FloatArray:
    """Write the table and the maps, and give the run."""
    values, layout = run_of(experiment), Layout(experiment.columns, experiment.steps)
    rate = experiment.learning_rate
    explorer = explorer_sheet(layout, values, rate)
    write([main_sheet(layout, values, rate), maps_sheet(layout, values, rate), explorer], path)
    return values


def typed(step: int, sample: int, cell: tuple[int, int, int], weight: tuple[int, int, int, int]) -> dict[str, float]:
    """What one types, each from 1."""
    found: dict[str, float] = {"explorer!B3": step, f"maps!B{TOP + 1}": sample}
    found |= {f"maps!{letter(CELL)}{TOP + down}": number for down, number in enumerate(cell)}
    return found | {f"maps!{letter(WEIGHT)}{TOP + down}": number for down, number in enumerate(weight)}


def check(maps: Values, experiment: Experiment, run: FloatArray, chosen: Chosen) -> None:
    """Every tile, and both sums, against a row of the run."""
    step, sample, cell, weight = chosen
    columns, tiles = experiment.columns, Tiles(experiment.columns)
    row = run[(step - 1) * columns.method.batch_size + sample - 1]
    numbers = dict(zip(columns.names, row.tolist(), strict=True))
    seen = 0
    for column in columns.all:
        of = column.name.removeprefix("∂E/∂")
        if (tile := tiles.cell(of, gradient=of != column.name)) is not None:
            seen += 1
            assert maps[tile] == pytest.approx(numbers[column.name], rel=1e-9, abs=1e-12), (tile, column.name)
    assert seen > 60
    layer = columns.network.layers[0]
    assert isinstance(layer, Convolution)
    z = numbers[f"h{cell[0]}_{cell[1]}_{cell[2]}"]
    assert [maps[each] for each in results(maps, "sum = z")] == pytest.approx([z, z], rel=1e-9, abs=1e-12)
    kernels = np.array(columns.names_in(0, "weight")).reshape(layer.channels, -1, *layer.kernel)
    gradient = numbers["∂E/∂" + str(kernels[tuple(np.array(weight) - 1)])]
    assert [maps[each] for each in results(maps, "sum = ∂E/∂w")] == pytest.approx([gradient] * 2, rel=1e-9, abs=1e-12)


def results(maps: Values, label: str) -> list[str]:
    """The cells of a sum, and of what the table has below it."""
    at = next(cell for cell, value in maps.items() if value == label)
    match = re.fullmatch(r"([A-Z]+)(\d+)", at)
    assert match
    column = next(letter(n + 1) for n in range(200) if letter(n) == match[1])
    return [f"{column}{int(match[2]) + down}" for down in range(2)]


def chosen_in(maps: Values) -> Chosen:
    """What a file opens with: step 1, sample 1, and a cell and a weight."""
    cell, weight = (
        [int(str(maps[f"{letter(column)}{TOP + down}"])) for down in range(count)]
        for column, count in ((CELL, 3), (WEIGHT, 4))
    )
    return 1, 1, (cell[0], cell[1], cell[2]), (weight[0], weight[1], weight[2], weight[3])


CHOSEN: Mapping[str, list[Chosen]] = {
    "conv": [(1, 1, (1, 1, 1), (1, 1, 1, 1)), (7, 5, (2, 4, 3), (2, 1, 3, 2)), (40, 6, (1, 2, 4), (1, 1, 2, 3))],
    "seed-block": [(1, 1, (1, 1, 1), (1, 1, 1, 1)), (30, 3, (2, 3, 1), (2, 1, 1, 3))],
    "padded": [(1, 1, (1, 1, 1), (1, 1, 1, 1)), (4, 2, (3, 2, 6), (3, 2, 3, 2)), (2, 1, (2, 1, 3), (1, 2, 1, 1))],
}


@pytest.mark.parametrize("name", CHOSEN)
def test_tiles_and_sums_follow_what_is_typed(name: str, tmp_path: Path) -> None:
    experiment = experiment_of(name, tmp_path)
    run = written(experiment, tmp_path / "book.xlsx")
    size = experiment.method.batch_size
    copy = poisoned(tmp_path / "book.xlsx", tmp_path / "p.xlsx")
    for chosen in CHOSEN[name]:
        entries = typed(*chosen)
        if size == 1:
            del entries[f"maps!B{TOP + 1}"]
            chosen = (chosen[0], 1, *chosen[2:])
        book = by_ironcalc(copy, entries)
        assert error_cells(book) == []
        check(book["maps"], experiment, run, chosen)


def test_libreoffice_agrees_and_the_sums_are_spelled_out(tmp_path: Path) -> None:
    # Not batch norm: LibreOffice keeps lies in the table itself, where a row reads rows below it.
    names, paths, runs = ("conv", "padded"), [], {}
    for name in names:
        experiment = experiment_of(name, tmp_path)
        runs[name] = experiment, written(experiment, tmp_path / f"{name}-book.xlsx")
        paths.append(poisoned(tmp_path / f"{name}-book.xlsx", tmp_path / f"{name}.xlsx"))
    for name, book in zip(names, by_libreoffice(paths, tmp_path), strict=True):
        opened = by_openpyxl(tmp_path / f"{name}-book.xlsx")["maps"]
        check(book["maps"], *runs[name], chosen_in(opened))
        assert set(opened) == set(book["maps"])
        for cell, value in opened.items():
            expected = pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value
            assert book["maps"][cell] == expected, (name, cell)
        assert str(opened["A7"]).startswith("z = ")


@pytest.mark.parametrize("name", ["conv", "seed-block", "padded"])
def test_the_gradients_without_columns_are_slopes_of_the_loss(name: str, tmp_path: Path) -> None:
    """∂E/∂ an input, by central differences of the loss of all samples; those of activations by what is behind them."""
    experiment = experiment_of(name, tmp_path)
    # Of pictures without 0s and equal numbers, at which ReLU and max pooling have no slope.
    drawn = np.random.default_rng(3).normal(size=experiment.inputs.shape)
    experiment = as_stored(replace(experiment, inputs=drawn))
    written(experiment, tmp_path / "book.xlsx")
    maps, columns = by_openpyxl(tmp_path / "book.xlsx")["maps"], experiment.columns
    tiles, size = Tiles(columns), columns.method.batch_size

    def loss(index: int, by: float) -> float:
        inputs = experiment.inputs.copy()
        inputs.reshape(len(inputs), -1)[0, index] += by
        return float(run_of(replace(experiment, inputs=inputs, steps=1))[:size, columns.index["E_tot"]].sum())

    for index, of in enumerate(columns.input_names):
        slope = (loss(index, 1e-6) - loss(index, -1e-6)) / 2e-6
        assert maps[str(tiles.cell(of, gradient=True))] == pytest.approx(slope, abs=1e-7), of
    for z, a in zip(columns.neuron_names(0), columns.activation_names(0), strict=True):
        after = float(str(maps[str(tiles.cell(a))]))
        own = 1 - after**2 if name == "padded" else float(after > 0)
        error = float(str(maps[str(tiles.cell(a, gradient=True))])) * own
        assert maps[str(tiles.cell(z, gradient=True))] == pytest.approx(error, abs=1e-12), z


def test_only_networks_of_pictures_have_maps() -> None:
    shown = {name for name in ("default", "xor", "batch-norm", "conv") if has_maps(load_experiment(name).columns)}
    assert shown == {"conv"}


def test_the_winners_of_max_pooling_are_those_that_pass_its_errors_on(tmp_path: Path) -> None:
    """Each yellow rule, recalculated as a formula, holds where torch would send the window's gradient."""
    experiment = experiment_of("conv", tmp_path)
    values, layout = run_of(experiment), Layout(experiment.columns, experiment.steps)
    sheet = maps_sheet(layout, values, experiment.learning_rate)
    won = {rule.range: rule.formula for rule in sheet.rules if rule.color == "yellow"}
    tests = {f"maps!AZ{row}": formula for row, formula in enumerate(won.values(), start=1)}
    written(experiment, tmp_path / "book.xlsx")
    book = by_ironcalc(tmp_path / "book.xlsx", tests)["maps"]
    found = {tile for row, tile in enumerate(won, start=1) if book[f"AZ{row}"] is True}
    columns, tiles = experiment.columns, Tiles(experiment.columns)
    maps = (
        values[0, columns.span(columns.activation_names(0))].reshape(2, 2, 2, 2, 2).swapaxes(2, 3).reshape(2, 2, 2, 4)
    )
    expected = set()
    for (channel, row, column), at in np.ndenumerate(maps.argmax(axis=-1)):
        expected.add(tiles.cell(f"a_h{channel + 1}_{2 * row + at // 2 + 1}_{2 * column + at % 2 + 1}"))
    assert found == expected
