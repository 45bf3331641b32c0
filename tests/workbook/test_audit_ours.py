"""Tables with our headers are told all that a table of anybody's is: the one judge knows both."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine import Experiment, descend, load_experiment
from tests.workbook.test_audit_any import the_table
from workbook.inspect.findings import TableReport
from workbook.records import Cell, small_sheet
from workbook.sheets.training import main_sheet
from workbook.stored import as_stored
from workbook.table.layout import FIRST_ROW, HEADER_ROW, Layout
from workbook.write import write

Cells = dict[tuple[int, str], Cell]
MAZUR = replace(load_experiment("mazur"), steps=6)
XOR = replace(load_experiment("xor"), steps=3)
LAST = FIRST_ROW + 5


def audited(experiment: Experiment, change: Callable[[Cells], Cells], path: Path) -> TableReport:
    """The report on an experiment's main sheet in which some cells, by row and header, are others."""
    experiment = as_stored(experiment)
    values = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    sheet = main_sheet(Layout(experiment.columns, experiment.steps), values, experiment.learning_rate)
    cells = {(cell.row, cell.column): cell for row in sheet.rows() for cell in row}
    headers = {column: str(cell.value) for (row, column), cell in cells.items() if row == HEADER_ROW}
    named = {(row, headers[column]): cell for (row, column), cell in cells.items() if row >= FIRST_ROW}
    changed = {(cell.row, cell.column): cell for cell in change(named).values()}
    write([small_sheet("table", {**cells, **changed}.values(), {})], path / "book.xlsx")
    return the_table(path / "book.xlsx")


def typed(cell: Cell, value: float | str | None) -> Cell:
    return cell._replace(value=value, formula=None)


def number(cell: Cell) -> float:
    assert isinstance(cell.value, float)
    return cell.value


def in_cell(row: int, name: str, value: float | str | None) -> Callable[[Cells], Cells]:
    return lambda cells: {(row, name): typed(cells[row, name], value)}


@pytest.mark.parametrize(
    ("experiment", "name", "value", "cause"),
    [
        (MAZUR, "w3", "none", "the cell holds the text 'none'; expected a number"),
        (MAZUR, "t1", None, "the cell is empty; expected a number"),
        (XOR, "b4", None, "the cell is empty; expected a number"),
    ],
    ids=["a weight", "a target", "a bias of a batch"],
)
def test_a_given_cell_without_a_number_is_a_root(
    experiment: Experiment, name: str, value: str | None, cause: str, tmp_path: Path
) -> None:
    (root,) = audited(experiment, in_cell(FIRST_ROW, name, value), tmp_path).roots
    assert (root.column, root.at, root.cause, root.expected) == (name, (FIRST_ROW,), cause, None)


def test_an_error_under_a_right_formula_is_a_root(tmp_path: Path) -> None:
    table = audited(
        XOR, lambda cells: {(28, "a_h1"): cells[28, "a_h1"]._replace(value="#DIV/0!")}, tmp_path
    )  # fmt: skip
    assert [(root.column, root.at) for root in table.roots] == [("a_h1", (28,))]
    assert table.roots[0].cause.startswith("the formula is right, but the cell shows the error #DIV/0!")


def test_a_row_of_typed_numbers_is_one_root(tmp_path: Path) -> None:
    def change(cells: Cells) -> Cells:
        return {at: typed(cell, number(cell) + 0.5) for at, cell in cells.items() if at[0] == 28 and cell.formula}

    table = audited(XOR, change, tmp_path)
    assert [root.at for root in table.roots] == [(28,)]
    assert "formulas of row 28 are overwritten with typed numbers" in table.roots[0].cause
    assert table.score.right == table.score.asked - 1


def test_rows_that_repeat_the_one_above_are_frozen(tmp_path: Path) -> None:
    def change(cells: Cells) -> Cells:
        rows = {at: cell for at, cell in cells.items() if at[0] > 23 and cell.formula}
        return {at: typed(cell, cells[24, at[1]].value) for at, cell in rows.items()}

    table = audited(MAZUR, change, tmp_path)
    assert [(root.column, root.at) for root in table.roots] == [("w1", (25, LAST))]
    assert table.roots[0].cause == "frozen: from here on the rows repeat the numbers of row 24"
    assert any("row 24 are overwritten" in finding.cause for finding in table.findings)


@pytest.mark.parametrize("digits", [4, 10])
def test_a_column_of_rounded_numbers_is_right(digits: int, tmp_path: Path) -> None:
    def change(cells: Cells) -> Cells:
        return {at: typed(cell, round(number(cell), digits)) for at, cell in cells.items() if at[1] == "∂E/∂w7"}

    table = audited(MAZUR, change, tmp_path)
    assert (table.verdict, table.roots) == ("right", [])
    assert "typed numbers without formulas, judged by value: ∂E/∂w7" in [finding.cause for finding in table.findings]


def test_a_column_of_other_numbers_is_wrong(tmp_path: Path) -> None:
    def change(cells: Cells) -> Cells:
        return {at: typed(cell, round(1.01 * number(cell), 4)) for at, cell in cells.items() if at[1] == "∂E/∂w7"}

    assert [root.column for root in audited(MAZUR, change, tmp_path).roots] == ["∂E/∂w7"]


def test_a_rounded_number_over_a_formula_is_told_as_one(tmp_path: Path) -> None:
    def change(cells: Cells) -> Cells:
        return {(25, "a_h1"): typed(cells[25, "a_h1"], round(number(cells[25, "a_h1"]), 4))}

    (root,) = audited(MAZUR, change, tmp_path).roots
    assert root.cause.endswith("is typed over the formula: a rounded number")


def test_numbers_stored_as_texts_are_read(tmp_path: Path) -> None:
    def change(cells: Cells) -> Cells:
        return {at: typed(cell, str(cell.value).replace(".", ",")) for at, cell in cells.items() if at[1] == "a_o1"}

    table = audited(MAZUR, change, tmp_path)
    assert (table.verdict, table.roots) == ("right", [])
    assert "numbers are stored as texts: a_o1" in [finding.cause for finding in table.findings]


def test_a_typed_number_is_judged_by_values_that_are_not_stale(tmp_path: Path) -> None:
    """A weight is changed and nothing recalculated: the number that was right by the old values is wrong."""

    def change(cells: Cells) -> Cells:
        return {
            (FIRST_ROW, "w1"): typed(cells[FIRST_ROW, "w1"], 0.75),
            (22, "h1"): typed(cells[22, "h1"], cells[22, "h1"].value),
        }

    table = audited(MAZUR, change, tmp_path)
    assert [(root.column, root.at) for root in table.roots] == [("h1", (22,))]
    assert any("recalculated with IronCalc" in finding.cause for finding in table.findings)
