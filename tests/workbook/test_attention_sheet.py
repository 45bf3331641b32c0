"""The sheet `attention`, recalculated by IronCalc and LibreOffice, against the engine's run."""

from pathlib import Path

import numpy as np
import pytest

from engine import Dense, Experiment, FloatArray, Method, Network, descend
from engine.layers import Attention
from tests.engine.pictures import experiment_of
from tests.workbook.kinds import KINDS
from tests.workbook.spreadsheets import Book, by_ironcalc, by_libreoffice, error_cells, poisoned
from workbook.sheets.attention import LEFT, MAP, PAIR_CHOICE, TOP, attention_sheets
from workbook.sheets.explorer import explorer_sheet
from workbook.sheets.training import main_sheet
from workbook.stored import as_stored
from workbook.table.layout import Layout, letter
from workbook.write import write

WORDS = ("the", " ", "cat")
# A step, a sequence, a head, the token that asks, the one that is asked.
Typed = tuple[int, int, int, int, int]


def run_of(experiment: Experiment) -> FloatArray:
    run: FloatArray = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    return run


def lying(experiment: Experiment, folder: Path, words: tuple[str, ...] = WORDS) -> Path:
    """The table and the sheet, with every formula's cache wrong."""
    layout, values = Layout(experiment.columns, experiment.steps), run_of(experiment)
    rate = experiment.learning_rate
    explorer = explorer_sheet(layout, values, rate)
    sheets = [main_sheet(layout, values, rate), explorer, *attention_sheets(layout, values, words)]
    write(sheets, folder / "as-written.xlsx")
    return poisoned(folder / "as-written.xlsx", folder / "book.xlsx")


def cells_of(typed: Typed) -> dict[str, float]:
    rows = [(LEFT, TOP + 1), (LEFT, TOP + 2), (PAIR_CHOICE, TOP), (PAIR_CHOICE, TOP + 1)]
    found = {f"attention!{letter(c)}{row}": float(number) for (c, row), number in zip(rows, typed[1:], strict=True)}
    return found | {"explorer!B3": typed[0]}


def check(book: Book, experiment: Experiment, typed: Typed) -> None:
    """Both maps and every result of the pair."""
    step, sequence, head, asks, asked = typed
    columns, of = experiment.columns, experiment.network.layers[2]
    time, sheet = of.time, book["attention"]
    first = (step - 1) * columns.method.batch_size + (sequence - 1) * time
    rows = run_of(experiment)[first : first + time]

    def number(name: str, token: int) -> float:
        return float(rows[token - 1, columns.index[name]])

    for token in range(1, time + 1):
        for other in range(1, time + 1):
            share = sheet[f"{letter(LEFT + other - 1)}{MAP + token - 1}"]
            slope = sheet[f"{letter(LEFT + time + 1 + other)}{MAP + token - 1}"]
            assert share == pytest.approx(number(f"α{head}_{other}", token), rel=1e-9, abs=1e-12)
            assert slope == pytest.approx(number(f"∂E/∂s{head}_{other}", token), rel=1e-9, abs=1e-12)
        word = WORDS[int(number("i1", token))].replace(" ", "␣")
        assert sheet[f"A{MAP + token - 1}"] == sheet[f"{letter(LEFT + token - 1)}{MAP - 1}"] == word
    values = list(sheet.values())
    assert (values.count("✓"), values.count("✗")) == (4, 0)
    results = [number(f"{of}{head}_{asked}", asks) for of in ("s", "α", "∂E/∂α", "∂E/∂s")]
    numbers = [value for value in values if isinstance(value, int | float)]
    for result in results:
        # Worked out, and as the table has it.
        assert sum(value == pytest.approx(result, rel=1e-9, abs=1e-12) for value in numbers) >= 2


@pytest.mark.parametrize("typed", [(1, 1, 1, 3, 1), (2, 2, 2, 2, 1), (2, 1, 2, 1, 1)])
def test_ironcalc_works_out_whatever_pair_is_typed(typed: Typed, tmp_path: Path) -> None:
    experiment = as_stored(KINDS["attention"])
    book = by_ironcalc(lying(experiment, tmp_path), cells_of(typed))
    assert error_cells(book) == []
    check(book, experiment, typed)


def test_libreoffice_opens_it_as_it_is_written(tmp_path: Path) -> None:
    experiment = as_stored(KINDS["attention"])
    path = lying(experiment, tmp_path)
    (book,) = by_libreoffice([path], tmp_path)
    typed = (1, 1, 1, 3, int(run_of(experiment)[2, experiment.columns.span(["α1_1", "α1_2", "α1_3"])].argmax()) + 1)
    check(book, experiment, typed)


def test_a_wrong_share_in_the_table_gets_a_cross(tmp_path: Path) -> None:
    experiment = as_stored(KINDS["attention"])
    cell = f"assignment6-calculations!{letter(experiment.columns.index['∂E/∂s1_1'])}23"
    values = by_ironcalc(lying(experiment, tmp_path), cells_of((1, 1, 1, 3, 1)) | {cell: 0.5})["attention"].values()
    assert list(values).count("✗") == 1


def test_each_attention_layer_has_a_sheet_and_numbers_are_names_where_there_are_no_words(tmp_path: Path) -> None:
    layers = (Attention(time=2), Attention(time=2, causal=True), Dense(1))
    network = Network(2, layers, deltas=True)
    experiment = as_stored(experiment_of(network, np.random.default_rng(1), Method(2), 1, 2))
    book = by_ironcalc(lying(experiment, tmp_path, ()))
    assert list(book)[2:] == ["attention", "attention 2"]
    first = " ".join(f"{number:g}" for number in experiment.inputs[0])
    assert str(book["attention"][f"A{MAP}"]).split()[0][:6] == first[:6]
    assert error_cells(book) == []
