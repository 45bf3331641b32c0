"""The explorer and the derivation of any experiment: live for every step and row of its batch."""

import re
from pathlib import Path

import numpy as np
import pytest

from engine import Columns, Dense, Experiment, FloatArray, Network, descend
from tests.workbook.drawn import drawn
from tests.workbook.spreadsheets import Values, by_ironcalc, by_openpyxl, error_cells, poisoned
from workbook.sheets.derivation import derivation_sheet
from workbook.sheets.derivation_lines import DerivationLine, TextLine, derivation
from workbook.sheets.explorer import explorer_sheet
from workbook.sheets.shown import Shown
from workbook.sheets.training import main_sheet
from workbook.sheets.working import Working
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.parser import parse
from workbook.stored import as_stored
from workbook.table.layout import Layout
from workbook.write import write

SEEDS = range(10)


def written(experiment: Experiment, path: Path) -> FloatArray:
    """Write the sheets that this is about, and give the run."""
    experiment = as_stored(experiment)
    rate = experiment.learning_rate
    values: FloatArray = descend(experiment, [rate]).numbers.values[:, :, 0]
    layout = Layout(experiment.columns, experiment.steps)
    explorer = explorer_sheet(layout, values, rate)
    derivation = derivation_sheet(layout, values, rate, explorer.drawings)
    write([main_sheet(layout, values, rate), explorer, derivation], path)
    return values


def chosen(experiment: Experiment, step: float, batch_row: float) -> dict[str, float]:
    """What one types for a row of a batch, from 1."""
    return {"explorer!B3": step} | ({"explorer!D3": batch_row} if experiment.method.batch_size > 1 else {})


def working(values: Values) -> dict[str, int]:
    """The row of each quantity, below the explorer's header."""
    header = next(row for row in range(1, 200) if values.get(f"A{row}") == "quantity")
    named = {values.get(f"A{row}"): row for row in range(header + 1, header + 200)}
    return {str(name): row for name, row in named.items() if name is not None}


@pytest.mark.parametrize("seed", SEEDS)
def test_both_sheets_of_any_experiment_follow_the_step_and_the_row(seed: int, tmp_path: Path) -> None:
    experiment = drawn(seed)
    run = written(experiment, tmp_path / "book.xlsx")
    size = experiment.method.batch_size
    copy = poisoned(tmp_path / "book.xlsx", tmp_path / "p.xlsx")
    for step, batch_row in ((3, size), (experiment.steps, 1)):
        book = by_ironcalc(copy, chosen(experiment, step, batch_row))
        assert error_cells(book) == []
        values, at = book["explorer"], (step - 1) * size + batch_row - 1
        rows = working(values)
        for column, name in enumerate(experiment.columns.names):
            assert values[f"B{rows[name]}"] == pytest.approx(run[at, column], rel=1e-9, abs=1e-12), name
        _check_after(values, rows, experiment, run, step)
        _check_plugged(values, rows)
        assert str(values["C3" if size == 1 else "E3"]).startswith(f"step {step} of {experiment.steps}")
        _check_derivation(book["derivation"], experiment, run, step, batch_row)


def test_both_sheets_open_with_the_numbers_of_the_first_row(tmp_path: Path) -> None:
    for seed in SEEDS[::3]:
        written(drawn(seed), tmp_path / "book.xlsx")
        cached, recalculated = by_openpyxl(tmp_path / "book.xlsx"), by_ironcalc(tmp_path / "book.xlsx")
        for sheet in ("explorer", "derivation"):
            for cell, value in cached[sheet].items():
                if isinstance(value, int | float):
                    assert recalculated[sheet][cell] == pytest.approx(value, rel=1e-9, abs=1e-12), (seed, sheet, cell)
                elif not re.search(r"\d", str(value)):  # the engine's TEXT truncates a digit
                    assert recalculated[sheet][cell] == value, (seed, sheet, cell)


def _check_after(values: Values, rows: dict[str, int], experiment: Experiment, run: FloatArray, step: int) -> None:
    """What a step changes is after it what the next step's rows have."""
    columns, size = experiment.columns, experiment.method.batch_size
    changed = [*columns.trained, *columns.of("state")]
    assert {name for name, row in rows.items() if f"C{row}" in values} == {*changed, *columns.of("step")}
    if step < experiment.steps:
        for name in changed:
            expected = run[step * size, columns.index[name]]
            assert values[f"C{rows[name]}"] == pytest.approx(expected, rel=1e-9, abs=1e-12), name


def _with_numbers(values: Values) -> str:
    """The column of the formulas with numbers."""
    (cell,) = [cell for cell, value in values.items() if value == "with this step's numbers"]
    return cell.rstrip("0123456789")


def _check_plugged(values: Values, rows: dict[str, int]) -> None:
    """Each text with numbers plugged in is a formula whose value is the quantity's own, but for rounding."""
    compared, column = 0, _with_numbers(values)
    for name, row in rows.items():
        text = str(values.get(f"{column}{row}", ""))
        if not text or "…" in text:
            continue
        value = float(str(values.get(f"C{row}", values[f"B{row}"])))
        assert evaluate(parse(text), {}) == pytest.approx(value, rel=2e-3, abs=2e-6), (name, text)
        compared += 1
    assert compared >= 5


def _check_derivation(values: Values, experiment: Experiment, run: FloatArray, step: int, batch_row: int) -> None:
    """Every line of the chain rule and of the update has the engine's number, and a mark says so."""
    columns, size = experiment.columns, experiment.method.batch_size
    rows = {str(values.get(f"A{row}")): row for row in range(6, 250)}
    own = run[(step - 1) * size + batch_row - 1]
    for name in columns.of("loss", "total", "delta", "gradient"):
        assert values[f"C{rows[name]}"] == pytest.approx(own[columns.index[name]], rel=1e-9, abs=1e-12), name
        assert values[f"E{rows[name]}"] == "✓", name
    batch = run[(step - 1) * size : step * size]
    if size > 1:
        reduced = batch.mean(axis=0) if experiment.method.reduction == "mean" else batch.sum(axis=0)
        for name in columns.of("gradient"):
            value = values[f"C{rows[f'{experiment.method.reduction} {name}']}"]
            assert value == pytest.approx(reduced[columns.index[name]], rel=1e-9, abs=1e-12), name
    for name in [*columns.trained, *columns.of("state")]:
        row = rows[f"new {name}"]
        if step == experiment.steps:
            assert (values[f"D{row}"], values[f"E{row}"]) == ("", "")
        else:
            expected = run[step * size, columns.index[name]]
            assert values[f"C{row}"] == pytest.approx(expected, rel=1e-9, abs=1e-12), name
            assert values[f"E{row}"] == "✓", name


def batches() -> Experiment:
    """An experiment whose batches are half of its samples."""
    return next(e for e in map(drawn, range(100)) if e.samples == 4 and e.method.batch_size == 2)


@pytest.mark.parametrize(
    ("step", "batch_row", "message"),
    [
        (0, 1, "Type a whole number from 1 to 5."),
        (6, 1, "Type a whole number from 1 to 5."),
        (2, 3, "Type a whole number from 1 to 2 for the batch row."),
        (2, 1.5, "Type a whole number from 1 to 2 for the batch row."),
        (2, 0, "Type a whole number from 1 to 2 for the batch row."),
        (2, 2, "step 2 of 5, sample 4 of 4"),
    ],
)
def test_a_row_outside_the_batch_is_said_in_words(step: float, batch_row: float, message: str, tmp_path: Path) -> None:
    written(batches(), tmp_path / "book.xlsx")
    book = by_ironcalc(tmp_path / "book.xlsx", {"explorer!B3": step, "explorer!D3": batch_row})
    assert book["explorer"]["E3"] == message
    assert error_cells(book) == []


def test_a_text_instead_of_a_number_is_said_in_words(tmp_path: Path) -> None:
    written(batches(), tmp_path / "book.xlsx")
    book = by_ironcalc(tmp_path / "book.xlsx", {"explorer!D3": "two"})
    assert book["explorer"]["E3"] == "Type a whole number from 1 to 2 for the batch row."
    assert error_cells(book) == []


def test_the_batchs_numbers_stand_in_the_update(tmp_path: Path) -> None:
    experiment = batches()
    run = written(experiment, tmp_path / "book.xlsx")
    values = by_ironcalc(tmp_path / "book.xlsx", chosen(experiment, 2, 1))["explorer"]
    function = {"mean": "AVERAGE", "sum": "SUM"}[experiment.method.reduction]
    row = working(values)[f"{experiment.columns.states[0]}_w1" if experiment.columns.states else "w1"]
    gradients = run[2:4, experiment.columns.index["∂E/∂w1"]]
    text = str(values[f"{_with_numbers(values)}{row}"])
    listed = text.partition(f"{function}(")[2]
    first, second = (float(number.strip("()")) for number in listed.split(",")[:2])
    assert [first, second] == pytest.approx(gradients.tolist(), abs=2e-7, rel=2e-3), text
    assert f"{function}(∂E/∂w1 of the batch)" in str(values[f"D{row}"])


def large(*sizes: int) -> Columns:
    return Columns(Network(sizes[0], tuple(Dense(size, "tanh", size) for size in sizes[1:]), deltas=True), samples=2)


def test_a_large_networks_derivation_is_bounded_and_says_what_it_leaves_out() -> None:
    columns = large(20, 20, 10)
    numbers = dict.fromkeys(["eta", *columns.names], 0.5)
    lines = derivation(columns, numbers)
    names = [line.name for line in lines if isinstance(line, DerivationLine)]
    shown = [name for name in names if name.startswith("∂E/∂w")]
    assert shown == [f"∂E/∂w{n}" for n in (*range(401, 461), *range(1, 61))]
    assert [name for name in names if name.startswith("new w")] == [
        f"new w{n}" for n in (*range(1, 61), *range(401, 461))
    ]
    # Every neuron's error is worked out, since those of the layer before are made of them.
    assert {f"∂E/∂h{n}" for n in range(1, 21)} < set(names)
    notes = [line.text for line in lines if isinstance(line, TextLine) and "left out" in line.text]
    assert [re.findall(r"\d+", note) for note in notes] == [["60", "140"], ["60", "340"]]


def test_what_is_too_long_for_a_cell_says_so() -> None:
    # Without columns for the errors a gradient of the first layer spells out the whole chain rule.
    layout = Layout(Columns.plain((1, 1, 14, 14)), 1)
    values = np.full((1, len(layout.columns.names)), 0.123)
    working_cells = {(c.row, c.column): c for c in Working(Shown(layout, "$B$4"), values, 0.1, 10, 21).cells()}
    row = next(row for (row, column), cell in working_cells.items() if column == 0 and cell.value == "∂E/∂w1")
    assert working_cells[row, 10].value == "too long for a cell"
    assert working_cells[row, 10].formula is None
    assert str(working_cells[row, 3].value).endswith("*a_h1*(1-a_h1)*i1")
