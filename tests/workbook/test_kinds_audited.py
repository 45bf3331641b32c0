"""Tables of every kind of layer before the audit and gradcheck: right as they are, and each slip found at its root."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl.utils import get_column_letter

from engine import Dense, Experiment
from engine.layers.recurrence import Recurrence
from tests.workbook.kinds import KINDS
from tests.workbook.test_audit_any import main_only, the_table, with_formula
from workbook.table.definitions import definitions
from workbook.table.layout import FIRST_ROW
from workbook.table.network_line import network_line, read_network


def slips() -> Iterator[tuple[str, str]]:
    """One column of each kind in each kind of layer, if it has a formula in the last row."""
    seen = set()
    for name, experiment in KINDS.items():
        for column in experiment.columns.all:
            layer = None if column.layer is None else type(experiment.network.layers[column.layer])
            # Of gates, which are all alike, one is enough; of attention one of its four matrices, and of their biases.
            gated = layer is not None and issubclass(layer, Recurrence)
            letters = re.sub(r"([wb])[qkvo]$", r"\1", column.name.strip("0123456789_"))
            kind = (layer, column.kind, "" if gated else letters)
            defined = definitions(experiment.columns)[column.name]
            if layer not in (None, Dense) and kind not in seen and defined.typed_in < experiment.rows:
                seen.add(kind)
                yield name, column.name


@pytest.mark.parametrize("experiment", KINDS.values(), ids=KINDS)
def test_the_audit_finds_a_table_of_any_kind_right(experiment: Experiment, tmp_path: Path) -> None:
    main_only(experiment, tmp_path / "book.xlsx")
    table = the_table(tmp_path / "book.xlsx")
    assert (table.verdict, table.roots, table.columns) == ("right", [], experiment.columns.names)


@pytest.mark.parametrize(("name", "column"), list(slips()))
def test_a_slip_in_each_kind_of_column_is_found_there(name: str, column: str, tmp_path: Path) -> None:
    experiment = KINDS[name]
    main_only(experiment, tmp_path / "right.xlsx")
    row = FIRST_ROW + experiment.rows - 1
    cell = f"{get_column_letter(experiment.columns.index[column] + 1)}{row}"
    with_formula(tmp_path / "right.xlsx", tmp_path / "slip.xlsx", cell, lambda formula: f"1.5*({formula})+0.25")
    table = the_table(tmp_path / "slip.xlsx")
    assert [(root.column, root.cell) for root in table.roots] == [(column, cell)]


@pytest.mark.parametrize("experiment", KINDS.values(), ids=KINDS)
def test_the_line_tells_the_network(experiment: Experiment) -> None:
    line = network_line(experiment.columns)
    assert line is not None
    network = read_network(line, deltas=True, counted=experiment.network.counted)
    assert network is not None
    masks = [getattr(layer, "seed", None) for layer in experiment.network.layers]
    assert network == experiment.network or any(masks)


@pytest.mark.parametrize(
    "line",
    [
        "Network: inputs 1x4x4; convolution channels=1000000000 kernel=(2, 2); loss=cross-entropy",
        "Network: inputs 1x4x4; convolution channels=2 kernel=(9, 9); loss=cross-entropy",
        "Network: inputs 1x4x4; convolution channels=two; loss=cross-entropy",
        "Network: inputs 3; residual source=7; dense neurons=2; loss=half-squared-error",
        "Network: inputs 3; nonsense; loss=half-squared-error",
        "Network: inputs 99999999; dense neurons=2; loss=half-squared-error",
        "Network: inputs 3; dense neurons=2; loss=none",
        "Network: inputs",
        "A network",
    ],
)
def test_a_line_that_tells_no_network_is_none(line: str) -> None:
    assert read_network(line, deltas=True) is None
