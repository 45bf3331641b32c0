"""The audit of every kind of table that we write: right as it is, and each slip found in its own column."""

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from engine import Experiment, InputError, Method, descend, load_experiment
from engine.optimizers import OPTIMIZERS
from tests.engine.networks import random_experiment
from workbook.inspect.audit import audit
from workbook.inspect.findings import TableReport
from workbook.records import small_sheet
from workbook.sheets.exercise import exercise_sheets
from workbook.sheets.training import main_sheet
from workbook.stored import as_stored
from workbook.table.layout import HEADER_ROW, Layout
from workbook.write import write

PACKAGED = ("xor", "and", "mazur", "mazur-output-first", "textbook-3-2-1", "three-classes", "deep", "regression")
SHEET = "xl/worksheets/sheet1.xml"


def main_only(experiment: Experiment, path: Path) -> Layout:
    """The main sheet of an experiment, alone in a file."""
    experiment = as_stored(experiment)
    layout = Layout(experiment.columns, experiment.steps)
    values = descend(experiment, [experiment.learning_rate]).numbers.values[:, :, 0]
    write([main_sheet(layout, values, experiment.learning_rate)], path)
    return layout


def short(name: str) -> Experiment:
    experiment = load_experiment(Path(name))
    return replace(experiment, steps=min(experiment.steps, 6))


def the_table(path: Path) -> TableReport:
    report = audit(path)
    assert report.error is None, report.error
    (table,) = report.tables
    return table


def with_formula(path: Path, copy: Path, cell: str, change: Callable[[str], str]) -> str:
    """A copy in which one formula is another, its cached value as it was; returns what stands there now."""
    pattern = re.compile(rf'(<c r="{cell}"[^>]*><f>)([^<]*)(</f>)')
    changed = []

    def new(match: re.Match[str]) -> str:
        changed.append(change(match[2]))
        return f"{match[1]}{changed[0]}{match[3]}"

    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            data = source.read(item)
            target.writestr(item, pattern.sub(new, data.decode()).encode() if item.filename == SHEET else data)
    assert len(changed) == 1, f"{cell} holds no formula"
    return changed[0]


@pytest.mark.parametrize("name", PACKAGED)
def test_what_we_package_is_right_and_understood(name: str, tmp_path: Path) -> None:
    experiment = short(name)
    main_only(experiment, tmp_path / "book.xlsx")
    table = the_table(tmp_path / "book.xlsx")
    assert (table.verdict, table.roots, table.columns) == ("right", [], experiment.columns.names)
    words = table.findings[-1].cause
    network, method = experiment.network, experiment.method
    for part in (
        *(f"{size} {of.activation}" for size, of in zip(network.sizes[1:], network.layers, strict=True)),
        network.loss,
        method.optimizer,
    ):
        assert part in words
    assert ("output layer first" in words) == (method.update == "output-first")


def runnable(seeds: range, count: int) -> list[int]:
    """The first seeds whose random experiments do not overflow, and have more than one row to judge."""
    found = []
    for seed in seeds:
        experiment = random_experiment(seed)
        try:
            descend(experiment, [experiment.learning_rate])
        except InputError:
            continue
        if experiment.rows > 1 and experiment.columns != experiment.columns.plain(experiment.sizes):
            found.append(seed)
    return found[:count]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_table_of_any_optimizer_is_right(name: str, tmp_path: Path) -> None:
    experiment = short("and")
    method = replace(experiment.method, optimizer=name, constants=tuple(OPTIMIZERS[name].constants.items()))
    main_only(replace(experiment, runs=(), method=method), tmp_path / "book.xlsx")
    table = the_table(tmp_path / "book.xlsx")
    assert (table.verdict, table.roots) == ("right", [])


@pytest.mark.parametrize("seed", runnable(range(100, 200), 30))
def test_random_tables_are_right(seed: int, tmp_path: Path) -> None:
    experiment = random_experiment(seed)
    main_only(experiment, tmp_path / "book.xlsx")
    table = the_table(tmp_path / "book.xlsx")
    assert (table.verdict, table.roots) == ("right", []), seed


def another_column(formula: str) -> str:
    """The formula with its first reference to a cell of the table moved two columns to the right."""

    def moved(match: re.Match[str]) -> str:
        column = sum((ord(letter) - 64) * 26**place for place, letter in enumerate(reversed(match[1])))
        return f"{get_column_letter(column + 2)}{match[2]}"

    return re.sub(r"(?<![$A-Z(:])([A-Z]{1,2})(\d+)(?![\d:(])", moved, formula, count=1)


ADAM = {"beta1": 0.9, "beta2": 0.99, "eps": 1e-6, "weight_decay": 0.1, "decay": 0.1}
EXPERIMENTS = {
    "xor": short("xor"),
    "softmax": short("three-classes"),
    "mazur": short("mazur"),
    "adam": replace(
        short("and"), runs=(), method=Method(2, "sum", "adamw", "inverse-time", constants=tuple(ADAM.items()))
    ),
}


def slips() -> list[tuple[str, str]]:
    """One column of each kind in each experiment."""
    found = []
    for name, experiment in EXPERIMENTS.items():
        kinds: dict[str, str] = {}
        for column in experiment.columns.all:
            kinds.setdefault(f"{column.kind} {column.layer} {column.of is None}", column.name)
        found += [(name, column) for column in kinds.values()]
    return found


@pytest.mark.parametrize(("name", "column"), slips(), ids=lambda value: value)
def test_a_slip_in_each_kind_of_column_is_found_there_and_only_there(name: str, column: str, tmp_path: Path) -> None:
    experiment = EXPERIMENTS[name]
    layout = main_only(experiment, tmp_path / "book.xlsx")
    row = HEADER_ROW + layout.columns.samples + layout.columns.method.batch_size + 1
    cell = f"{layout.letters[column]}{row}"
    slipped = with_formula(
        tmp_path / "book.xlsx", tmp_path / "slipped.xlsx", cell,
        # Softmax is the same whatever is taken from all of its powers: there a slip has to be another one.
        lambda formula: f"2*({formula})" if another_column(formula) == formula or "MAX(A" in formula
        else another_column(formula),
    )  # fmt: skip
    table = the_table(tmp_path / "slipped.xlsx")
    assert [(root.column, root.cell, root.formula) for root in table.roots] == [(column, cell, f"={slipped}")]
    assert table.verdict == "wrong"


@pytest.mark.parametrize(
    ("name", "column", "right", "slip", "cause"),
    [
        ("xor", "w1", "AVERAGE", "SUM", "SUM stands where AVERAGE belongs"),
        ("xor", "a_h1", "TANH(", "2*TANH(", "it is 2 times what it should be"),
        ("xor", "∂E/∂w1", "AE33", "AF33", "it holds the formula of ∂E/∂w3"),
        ("xor", "h1", "F33", "H33", "w3 (H33) is read; w1 (F33) is expected"),
        ("xor", "h1", " + L33", "", "b1 (L33) is missing"),
        ("mazur", "w1", "$G$19", "$G$18", "0 is read; eta ($G$19) is expected"),
    ],
)
def test_a_cause_has_a_name(name: str, column: str, right: str, slip: str, cause: str, tmp_path: Path) -> None:
    layout = main_only(EXPERIMENTS[name], tmp_path / "book.xlsx")
    cell = f"{layout.letters[column]}{33 if name == 'xor' else 24}"
    with_formula(tmp_path / "book.xlsx", tmp_path / "s.xlsx", cell, lambda formula: formula.replace(right, slip, 1))
    (root,) = the_table(tmp_path / "s.xlsx").roots
    assert (root.column, root.cell) == (column, cell)
    assert root.cause == cause


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (r"\*(\w+)\*\(1-\1\)", "", "missing factors: {0}, 1-{0}"),
        (r"(\*(\w+)\*\(1-\2\))", r"\1\1", "doubled factors: {0}, 1-{0}"),
    ],
    ids=["forgotten", "twice"],
)
def test_a_slope_left_out_or_taken_twice_is_named(old: str, new: str, words: str, tmp_path: Path) -> None:
    layout = main_only(EXPERIMENTS["mazur"], tmp_path / "book.xlsx")
    row = HEADER_ROW + 3
    with_formula(
        tmp_path / "book.xlsx",
        tmp_path / "slip.xlsx",
        f"{layout.letters['∂E/∂o1']}{row}",
        lambda formula: re.sub(old, new, formula, count=1),
    )
    (root,) = the_table(tmp_path / "slip.xlsx").roots
    assert root.cause == words.format(f"a_o1 ({layout.letters['a_o1']}{row})")


def test_a_row_without_anything_makes_a_table_incomplete(tmp_path: Path) -> None:
    main_only(EXPERIMENTS["mazur"], tmp_path / "book.xlsx")
    row = HEADER_ROW + 4
    with zipfile.ZipFile(tmp_path / "book.xlsx") as source, zipfile.ZipFile(tmp_path / "gap.xlsx", "w") as target:
        for item in source.infolist():
            data = source.read(item)
            if item.filename == SHEET:
                data = re.sub(rf'<row r="{row}".*?</row>', "", data.decode(), flags=re.DOTALL).encode()
            target.writestr(item, data)
    table = the_table(tmp_path / "gap.xlsx")
    assert (table.verdict, table.roots) == ("incomplete", [])
    assert table.findings[0].cause == f"nothing stands in row {row}: not checked"


@pytest.mark.parametrize(
    ("cleared", "told"),
    [
        pytest.param(range(27, 28), "the last batch has 2 of 4 rows", id="a row amid"),
        pytest.param(range(32, 33), "the last batch has 3 of 4 rows", id="the last row"),
        pytest.param(range(25, 29), "row 25 is empty, but numbers go on in row 29: not checked", id="a whole batch"),
        pytest.param(range(0), "row 32 is only partly filled, without ", id="half of the last row"),
    ],
)
def test_a_table_of_batches_that_is_not_finished_is_incomplete(tmp_path: Path, cleared: range, told: str) -> None:
    main_only(replace(load_experiment("xor"), steps=3), tmp_path / "book.xlsx")
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    sheet = book.worksheets[0]
    whole = [(row, column) for row in cleared for column in range(1, sheet.max_column + 1)]
    for row, column in whole or [(32, column) for column in range(26, sheet.max_column + 1)]:
        sheet.cell(row, column).value = None
    book.save(tmp_path / "unfinished.xlsx")
    table = the_table(tmp_path / "unfinished.xlsx")
    assert (table.verdict, table.roots) == ("incomplete", [])
    assert told in " ".join(finding.cause for finding in table.findings)


def test_an_exercise_whose_rows_are_half_filled_is_incomplete(tmp_path: Path) -> None:
    """XOR's exercise asks for rows 21, 22 and 25; rows 23 and 24 stand between them as numbers."""
    experiment = replace(load_experiment("xor"), steps=2)
    solution, exercise = (exercise_sheets(experiment, solution=solution)[0] for solution in (True, False))
    whole, blank = (
        {(cell.row, cell.column): cell for cells in sheet.rows() for cell in cells} for sheet in (solution, exercise)
    )
    todo = [at for at, cell in sorted(blank.items()) if cell.style == "todo"]
    for row, right in ((21, 14), (22, 0), (22, 20), (22, 42)):
        of_row = [at for at in todo if at[0] == row]
        filled = [at for at in todo if at[0] < row] + of_row[:right]
        sheet = small_sheet("exercise", [*({**blank, **{at: whole[at] for at in filled}}).values()], {})
        write([sheet], tmp_path / "begun.xlsx")
        table = the_table(tmp_path / "begun.xlsx")
        assert (table.verdict, table.roots) == ("incomplete", []), (row, right)


def test_what_an_exercise_gives_is_not_counted_as_right(tmp_path: Path) -> None:
    """XOR's first weights and biases stand in the four rows of its first update."""
    for sheet in exercise_sheets(replace(load_experiment("xor"), steps=2), solution=False)[:1]:
        write([sheet], tmp_path / "untouched.xlsx")
    table = the_table(tmp_path / "untouched.xlsx")
    assert (table.verdict, table.score.right, table.roots) == ("incomplete", 0, [])


def test_a_right_table_of_batches_without_stored_values_is_right(tmp_path: Path) -> None:
    main_only(replace(load_experiment("xor"), steps=3), tmp_path / "book.xlsx")
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    book.save(tmp_path / "resaved.xlsx")
    assert the_table(tmp_path / "resaved.xlsx").verdict == "right"
