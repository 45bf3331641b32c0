"""The network alive: the explorer's drawing, whose points and texts are cells, and the diagram for larger networks."""

import itertools
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string, get_column_letter

from engine import Columns, Dense, Experiment, Network, default_experiment
from tests.workbook.drawn import drawn
from tests.workbook.spreadsheets import Values, by_ironcalc, by_libreoffice, by_openpyxl, poisoned
from tests.workbook.test_explorer import chosen, written
from workbook.sheets.arrangement import HEIGHT, WIDTH, arranged
from workbook.sheets.drawing import LARGEST
from workbook.sheets.shown import errors
from workbook.spreadsheet.evaluator import value_of

CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def chart_of(path: Path) -> str:
    """The drawing in the file's own format."""
    with zipfile.ZipFile(path) as archive:
        charts = [archive.read(name).decode() for name in archive.namelist() if "charts/chart" in name]
    return max((chart for chart in charts if "'explorer'!" in chart), key=len)  # not that of an activation


def series_of(path: Path) -> list[dict[str, list[str]]]:
    """The cells of the drawing's series: their name (or none), x and y."""
    root = ElementTree.fromstring(chart_of(path))  # noqa: S314 - our own
    found = []
    for series in root.iter(f"{CHART}ser"):
        parts = {tag: series.find(f"{CHART}{tag}") for tag in ("tx", "xVal", "yVal")}
        found.append({tag: cells(next(part.iter(f"{CHART}f")).text) for tag, part in parts.items() if part is not None})
    return found


def cells(reference: str | None) -> list[str]:
    """The cells, in a row, of a reference to the explorer."""
    assert reference is not None
    sheet, _, corners = reference.rpartition("!")
    assert sheet.strip("'") == "explorer"
    first, *last = map(coordinate_from_string, corners.replace("$", "").split(":"))
    columns = [column_index_from_string(column) for column, _ in (first, *last)]
    return [f"{get_column_letter(column)}{first[1]}" for column in range(columns[0], columns[-1] + 1)]


def numbers(values: Values, addresses: list[str]) -> list[float]:
    return [float(str(values[address])) for address in addresses]


def texts(path: Path, values: Values) -> dict[str, str]:
    """The drawing's texts by their cell."""
    return {series["tx"][0]: str(values[series["tx"][0]]) for series in series_of(path) if "tx" in series}


def beside(values: Values, cell: str) -> float:
    """The number that a text shows rounded, in the cell right of it."""
    column, row = coordinate_from_string(cell)
    return float(str(values[f"{get_column_letter(column_index_from_string(column) + 1)}{row}"]))


def live(path: Path, folder: Path, typed: dict[str, float]) -> Values:
    return by_ironcalc(poisoned(path, folder / "poisoned.xlsx"), typed)["explorer"]


def shapes() -> list[Columns]:
    """Networks that are drawn, with biases and without."""
    sizes = [(2, 2, 2), (2, 3, 1), (2, 4, 3), (3, 4, 4, 2), (3, 3, 3), (4, 4, 2), (1, 1), (2, 2, 2, 2, 1)]
    return [
        Columns(Network(first, tuple(Dense(size, "tanh", size if biased else 0) for size in rest)))
        for first, *rest in sizes
        for biased in (False, True)
    ]


@pytest.mark.parametrize("columns", shapes(), ids=lambda c: f"{c.sizes}{' biased' * bool(c.of('bias'))}")
def test_nothing_in_the_drawing_overlaps_or_leaves_it(columns: Columns) -> None:
    arrangement = arranged(columns)
    assert arrangement is not None
    radius = arrangement.diameter / 2
    boxes = {label.quantity: label.box for label in arrangement.labels if not label.look.startswith("inside")}
    boxes |= {
        str(at): (x - radius, y - radius, x + radius, y + radius) for at, (_, x, y) in enumerate(arrangement.neurons)
    }
    assert len(arrangement.neurons) == sum(columns.sizes)
    assert {edge.weight for edge in arrangement.edges} == set(columns.of("weight"))
    for left, lower, right, upper in boxes.values():
        assert left >= 0
        assert lower >= 0
        assert right <= WIDTH
        assert upper <= HEIGHT
    overlapping = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes.items(), 2)
        if min(a[2], b[2]) - max(a[0], b[0]) > 1e-6 and min(a[3], b[3]) - max(a[1], b[1]) > 1e-6
    ]
    assert overlapping == []
    # A weight's text stands on its own edge.
    edges = {edge.weight: edge for edge in arrangement.edges}
    for label in arrangement.labels:
        if label.quantity in edges:
            (x0, y0), (x1, y1) = edges[label.quantity].start, edges[label.quantity].end
            on_edge = y0 + (label.x - x0) / (x1 - x0) * (y1 - y0)
            assert abs(label.y - on_edge) < 10


@pytest.mark.parametrize("seed", range(10))
def test_every_text_of_the_drawing_is_live(seed: int, tmp_path: Path) -> None:
    experiment = drawn(seed)
    path, columns = tmp_path / "book.xlsx", experiment.columns
    run = written(experiment, path)
    size = experiment.method.batch_size
    values = live(path, tmp_path, chosen(experiment, 4, size))
    own = dict(zip(columns.names, run[4 * size - 1].tolist(), strict=True))
    constants = {"eta": experiment.learning_rate, **own, **dict(experiment.method.constants)}
    own |= {name: value_of(tree, constants) for name, tree in errors(columns).items()}
    shown = texts(path, values)
    named = {text.partition(" ")[0]: beside(values, cell) for cell, text in shown.items() if " " in text}
    forward = columns.of("target", "input", "weight", "bias", "pre-activation", "activation", "loss", "total")
    errors_of_neurons = {f"∂E/∂{z}" for layer in range(columns.depth) for z in columns.neuron_names(layer)}
    assert set(named) == {*forward, *errors_of_neurons}
    for name, number in named.items():
        assert number == pytest.approx(own[name], rel=1e-9, abs=1e-12), name
    gradients = {cell: beside(values, cell) for cell, text in shown.items() if " " not in text}
    # A bias that a layer shares stands at each of its neurons.
    at_neurons = [
        columns.bias_of(layer, at) for layer in range(columns.depth) for at in range(columns.sizes[layer + 1])
    ]
    under = [*columns.of("weight"), *(bias for bias in at_neurons if bias in columns.trained)]
    expected = sorted(own[f"∂E/∂{name}"] for name in under)
    assert sorted(gradients.values()) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    marked = {abs(gradients[cell]) for cell, text in shown.items() if text.startswith(LARGEST)}
    largest = max(map(abs, expected))
    assert sorted(marked) == pytest.approx([largest] if largest else [], rel=1e-9)


def test_the_texts_show_the_numbers_rounded(tmp_path: Path) -> None:
    written(default_experiment(), tmp_path / "book.xlsx")
    typed = {"E21": -0.999951, "F21": 12345.0, "G21": 0.0, "C21": 1e-7, "D21": 0.05}
    (book,) = by_libreoffice([poisoned(tmp_path / "book.xlsx", tmp_path / "p.xlsx", typed)], tmp_path)
    values = book["explorer"]
    shown = {text.lstrip(LARGEST): beside(values, cell) for cell, text in texts(tmp_path / "book.xlsx", values).items()}
    assert {"w1 -1.000", "w2 1.2E+04", "w3 0", "i1 1.0E-07", "i2 0.0500", "h2 0.0150", "w4 0.300"} < set(shown)
    for text, number in shown.items():
        assert float(text.rpartition(" ")[2]) == pytest.approx(number, rel=0.05), text


def test_the_drawing_has_a_series_for_each_neuron_edge_and_text(tmp_path: Path) -> None:
    written(default_experiment(), tmp_path / "book.xlsx")
    series = series_of(tmp_path / "book.xlsx")
    lines = [one for one in series if len(one["xVal"]) > 1]
    circles = [one for one in series if len(one["xVal"]) == 1 and "tx" not in one]
    named = [one for one in series if "tx" in one]
    # A line for each sign of 8 weights; 6 neurons; weights and gradients, inputs, four neurons' z, a and ∂E/∂z,
    # targets and losses, their sum.
    assert (len(lines), len(circles), len(named)) == (16, 6, 2 * 8 + 2 + 3 * 4 + 2 * 2 + 1)
    assert len(series) == len(lines) + len(circles) + len(named)


def test_the_points_stand_on_the_chart_and_the_caches_are_the_cells(tmp_path: Path) -> None:
    written(default_experiment(), tmp_path / "book.xlsx")
    cached = by_openpyxl(tmp_path / "book.xlsx")["explorer"]
    for series in series_of(tmp_path / "book.xlsx"):
        assert all(0 <= x <= WIDTH for x in numbers(cached, series["xVal"]))
        assert all(0 <= y <= HEIGHT for y in numbers(cached, series["yVal"]))
    names = re.findall(r"<c:tx>.*?<c:v>(.*?)</c:v>", chart_of(tmp_path / "book.xlsx"), re.DOTALL)
    assert names == list(texts(tmp_path / "book.xlsx", cached).values())


def test_a_lines_colour_follows_the_sign_of_its_weight(tmp_path: Path) -> None:
    written(default_experiment(), tmp_path / "book.xlsx")
    lines = [one for one in series_of(tmp_path / "book.xlsx") if len(one["xVal"]) > 1]
    for weight, blue, orange in ((0.15, True, False), (-0.15, False, True), (0, True, False)):
        values = live(tmp_path / "book.xlsx", tmp_path, {"E21": weight})
        # The first two are the lines of w1; a line that is not seen ends where it starts.
        long = [len(set(numbers(values, one["xVal"]))) > 1 for one in lines[:2]]
        assert long == [blue, orange]
        assert all(len(set(numbers(values, one["xVal"]))) > 1 for one in lines[2::2])


def test_a_lines_width_follows_the_size_of_its_weight(tmp_path: Path) -> None:
    written(default_experiment(), tmp_path / "book.xlsx")
    lines = [one for one in series_of(tmp_path / "book.xlsx") if len(one["xVal"]) > 1]
    weights = {"E21": -2.0, "F21": 0.5, "G21": 0.0}  # w1, w2, w3; no other is larger
    values = live(tmp_path / "book.xlsx", tmp_path, weights)
    for line, weight in zip((lines[1], lines[2], lines[4]), weights.values(), strict=True):
        x, y = (np.array(numbers(values, line[of])) for of in ("xVal", "yVal"))
        along = np.array([x[5] - x[4], y[5] - y[4]]) / np.hypot(x[5] - x[4], y[5] - y[4])
        beside = [(x[n] - x[4]) * -along[1] + (y[n] - y[4]) * along[0] for n in range(6)]
        half = 2.0 * abs(weight) / 2.0
        assert beside == pytest.approx([half, half, -half, -half, 0, 0], abs=1e-9)


def crowded(neurons: int) -> Experiment:
    """A network with too many neurons for the drawing."""
    generator = np.random.default_rng(2)
    return replace(
        default_experiment(),
        network=Network(2, (Dense(neurons, "tanh", neurons), Dense(2, "sigmoid"))),
        weights=(generator.normal(size=(neurons, 2)), generator.normal(size=(2, neurons))),
        biases=(generator.normal(size=neurons), np.empty(0)),
        steps=5,
    )


def test_a_larger_network_has_a_diagram_of_cells(tmp_path: Path) -> None:
    experiment = crowded(7)
    run = written(experiment, tmp_path / "book.xlsx")
    values = live(tmp_path / "book.xlsx", tmp_path, {"explorer!B3": 4})
    own = dict(zip(experiment.columns.names, run[3].tolist(), strict=True))
    edges = {
        str(text): cell for cell, text in values.items() if "→" in str(text) and cell[0] in "CH" and cell[1:] != "6"
    }
    assert len(edges) == 2 * 7 + 7 + 7 * 2
    for text, cell in edges.items():
        name = text.partition(" ")[0].rstrip(":")
        after = {"C": ("D", "E"), "H": ("I", "J")}[cell[0]]
        shown = numbers(values, [f"{column}{cell[1:]}" for column in after])
        assert shown == pytest.approx([own[name], own[f"∂E/∂{name}"]], rel=1e-9), text
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx")["explorer"]
    rules = {rule.type: area for area in sheet.conditional_formatting for rule in area.rules}
    for text, cell in edges.items():
        at = int(cell[1:])
        assert f"{'D' if cell[0] == 'C' else 'I'}{at}" in rules["colorScale"], text
        assert f"{'E' if cell[0] == 'C' else 'J'}{at}" in rules["expression"], text


def test_a_network_too_large_for_the_diagram_says_how_large_it_may_be(tmp_path: Path) -> None:
    written(crowded(40), tmp_path / "book.xlsx")
    values = by_openpyxl(tmp_path / "book.xlsx")["explorer"]
    assert values["A6"] == (
        "No diagram: it is drawn for dense layers of up to about 60 weights and biases. "
        "Every number is in the table below."
    )
