"""Each workbook says what network it is, and what to look for."""

from dataclasses import replace
from itertools import islice

import pytest

from engine import load_experiment
from engine.experiment_file import packaged_experiments
from workbook.plan import plan
from workbook.records import Cell
from workbook.sheets.introduction import what_it_is
from workbook.table.layout import HEADER_ROW, Layout


def above(packaged: str, **changes: str) -> list[Cell]:
    """The cells above the table of a packaged experiment's main sheet."""
    sheet = plan(replace(load_experiment(packaged), **changes))[0]  # type: ignore[arg-type] # of texts alone
    cells: list[Cell] = []
    for row in sheet.rows():
        if row[0].row >= HEADER_ROW - 1:
            return cells
        cells += row
    raise AssertionError(packaged)


@pytest.mark.parametrize("name", packaged_experiments())
def test_the_main_sheet_says_the_name_the_network_and_what_to_look_for(name: str) -> None:
    experiment = load_experiment(name)
    texts = {(cell.row, cell.column): cell.value for cell in above(name) if isinstance(cell.value, str)}
    assert texts[2, 0] == experiment.name
    for fact in (experiment.network.loss, experiment.method.optimizer):
        assert fact in texts[3, 0]
    assert texts[8, 6] == "Look for"
    said = [texts[row, 6] for row in range(9, 18) if (row, 6) in texts]
    assert " ".join(said) == experiment.look_for
    assert max(map(len, said)) <= 66  # the loss curve begins there
    # LibreOffice's AutoInput offers them to who types a number below.
    assert not [text for text in texts.values() if text[:1].isdigit()]


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("xor", "A 2-3-1 network (tanh, sigmoid). Loss: "),
        ("conv", "With 1×6×6 pictures: convolution 2×4×4 relu, max-pool 2×2×2, dense 2 softmax. Loss: "),
        ("batch-norm", "With 2 inputs: dense 3, batch-norm tanh, dense 1 sigmoid. Loss: "),
        (
            "residual",
            "With 2 inputs: dense 2 tanh, residual, dense 2 tanh, residual, dense 2 tanh, residual, dense 2 tanh, "
            "residual, dense 2 tanh, …. Loss: ",
        ),
    ],
)
def test_the_third_line_tells_the_layers(name: str, begins: str) -> None:
    assert what_it_is(Layout(load_experiment(name).columns, 1)).startswith(begins)


def test_without_a_name_the_old_title_stands_and_nothing_to_look_for() -> None:
    cells = above("xor", name="", look_for="")
    assert next(cell.value for cell in cells if cell.row == 2) == "Backpropagation, number by number"
    assert not [cell for cell in cells if cell.column == 6]


def test_a_long_text_ends_before_the_learning_rate() -> None:
    said = [cell for cell in above("xor", look_for="word " * 500) if cell.column == 6]
    assert said[-1].row == 17
    assert str(said[-1].value).endswith("…")


@pytest.mark.parametrize(("steps", "cut"), [(600, []), (601, ["It stops at step 600 of 601, to keep the file small."])])
def test_a_rate_sheet_says_where_it_is_cut(steps: int, cut: list[str]) -> None:
    sheets = plan(replace(load_experiment("default"), steps=steps))
    rate = next(sheet for sheet in sheets if sheet.name == "rate 1")
    said = [str(cell.value) for row in islice(rate.rows(), 8) for cell in row if cell.row < HEADER_ROW]
    assert [text for text in said if text.startswith("It stops")] == cut
