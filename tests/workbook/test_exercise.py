"""The exercise: empty it counts nothing, solved it counts all, and one slip is one ✗."""

from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl.formula.translate import Translator
from openpyxl.utils import get_column_letter

from engine import Experiment, default_experiment, descend
from tests.commands import error_line, run
from tests.workbook.spreadsheets import Values, by_ironcalc, by_libreoffice
from workbook.drawn import drawn_experiment
from workbook.inspect.audit import audit
from workbook.inspect.findings import Score
from workbook.sheets.exercise import exercise_sheets
from workbook.write import write

MAIN = "assignment6-calculations"
COLUMNS = [get_column_letter(column) for column in range(1, 32)]


def drawn(seed: int | None) -> Experiment:
    return default_experiment() if seed is None else drawn_experiment(default_experiment(), seed)


def blank(path: Path, seed: int | None = None) -> Path:
    write(exercise_sheets(drawn(seed), solution=False), path)
    return path


def answers(folder: Path, seed: int | None = None) -> dict[str, float | str]:
    """What the solution holds in the cells that the student is to fill."""
    write(exercise_sheets(drawn(seed), solution=True), folder / "solution.xlsx")
    sheet = openpyxl.load_workbook(folder / "solution.xlsx")[MAIN]
    cells = (sheet[f"{column}{row}"] for row in (21, 22) for column in COLUMNS)
    return {cell.coordinate: str(cell.value) for cell in cells if cell.data_type == "f"}


def marks(values: Values) -> dict[str, object]:
    """What the two rows of marks show, by the cell that is judged."""
    shown = {}
    for mark_row, row in ((17, 21), (18, 22)):
        for column in COLUMNS:
            if values.get(f"{column}{mark_row}"):
                shown[f"{column}{row}"] = values[f"{column}{mark_row}"]
    return shown


def test_the_blank_one_counts_nothing(tmp_path: Path) -> None:
    values = by_ironcalc(blank(tmp_path / "exercise.xlsx"))[MAIN]
    assert values["A8"] == "0 of 50 done"
    assert marks(values) == {}


def test_the_blank_ones_loss_curve_has_room_for_every_step(tmp_path: Path) -> None:
    with ZipFile(blank(tmp_path / "exercise.xlsx")) as book:
        chart = book.read("xl/charts/chart1.xml").decode()
    x_axis = chart.split("<c:valAx>")[1]
    assert '<c:max val="80"/><c:min val="0"/>' in x_axis


def test_the_solution_counts_all_in_both_engines(tmp_path: Path) -> None:
    paths = []
    for seed in (None, 1, 2):
        paths.append(tmp_path / f"{seed}.xlsx")
        write(exercise_sheets(drawn(seed), solution=True), paths[-1])
    for book in (*map(by_ironcalc, paths), *by_libreoffice(paths, tmp_path)):
        assert book[MAIN]["A8"] == "50 of 50 done"


@pytest.mark.parametrize(
    ("cell", "slip"),
    [
        ("Z21", "=((R21-A21)*R21*(1-R21)*N21 + (T21-B21)*T21*(1-T21)*P21)*J21*(1-J21)*C21"),
        ("I21", "=E21*C21+G21*D21"),
        ("J22", "=1/(1+EXP(I22))"),
        ("G22", "=G21+$G$19*Z21"),
        ("A22", 7.0),
        ("U21", "=A21/0"),
        ("W22", "'text"),
    ],
)
def test_one_wrong_cell_is_exactly_one_cross(tmp_path: Path, cell: str, slip: str | float) -> None:
    filled = answers(tmp_path, seed=3) | {cell: slip}
    values = by_ironcalc(blank(tmp_path / "exercise.xlsx", seed=3), filled)[MAIN]
    crosses = [judged for judged, mark in marks(values).items() if mark == "✗"]
    if cell == "U21":  # an error spreads to what is computed from it
        assert crosses == ["U21", "W21"]
    else:
        assert crosses == [cell]


def test_an_empty_cell_has_no_mark(tmp_path: Path) -> None:
    filled = answers(tmp_path)
    del filled["AE22"]
    values = by_ironcalc(blank(tmp_path / "exercise.xlsx"), filled)[MAIN]
    assert "AE22" not in marks(values)
    assert values["A8"] == "49 of 50 done"


def test_filling_row_22_down_completes_the_table(tmp_path: Path) -> None:
    filled = answers(tmp_path, seed=4)
    for row in range(23, 101):
        for column in COLUMNS:
            formula = Translator(str(filled[f"{column}22"]), f"{column}22")
            filled[f"{column}{row}"] = formula.translate_formula(f"{column}{row}")
    values = by_ironcalc(blank(tmp_path / "exercise.xlsx", seed=4), filled)[MAIN]
    trace = descend(drawn_experiment(default_experiment(), 4)).numbers  # the fifth rate of the sweep is 1
    assert values["W100"] == pytest.approx(trace.loss[-1, 4], rel=1e-9)
    assert values["AE100"] == pytest.approx(trace.slopes[1]["weight"][-1, 1, 1, 4], rel=1e-9)


def test_a_seed_draws_round_numbers_and_the_same_file_each_time(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        assert run("workbook", "exercise", name, "--seed", "7", folder=tmp_path).returncode == 0
    assert run("workbook", "exercise", "c.xlsx", "--seed", "8", folder=tmp_path).returncode == 0
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert (tmp_path / "a.xlsx").read_bytes() != (tmp_path / "c.xlsx").read_bytes()
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")[MAIN]
    given = [sheet[f"{column}21"].value for column in "ABCDEFGHMNOP"]
    assert all(isinstance(number, float) and number == round(number, 2) for number in given)


def test_bad_input_gets_one_line(tmp_path: Path) -> None:
    line = error_line("workbook", "exercise", "e.xlsx", "--seed", "x", folder=tmp_path)
    assert line == "error: Invalid value for '--seed': got 'x', expected a whole number"


def test_a_filled_exercise_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "exercise.xlsx"
    assert run("workbook", "exercise", str(path)).returncode == 0
    assert run("workbook", "exercise", "--seed", "7", str(path)).returncode == 0, "nobody had changed it"
    book = openpyxl.load_workbook(path)
    book[MAIN]["I21"] = 0.5
    book.save(path)
    filled = path.read_bytes()
    line = (
        f"error: {path}: exists, and is not an unchanged exercise made by this command; "
        "name another file, or replace it with --force (make: ARGS=--force)"
    )
    assert error_line("workbook", "exercise", str(path)) == line
    assert error_line("workbook", "exercise", "--solution", str(path)) == line.replace("exercise made", "solution made")
    assert path.read_bytes() == filled
    assert run("workbook", "exercise", "--force", str(path)).returncode == 0


def test_a_solution_does_not_replace_the_exercise_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "exercise.xlsx"
    assert run("workbook", "exercise", str(path)).returncode == 0
    assert "is not an unchanged solution" in error_line("workbook", "exercise", "--solution", str(path))
    assert "is not an unchanged workbook" in error_line("workbook", "build", str(path))


def test_an_exercise_without_its_second_row_is_incomplete(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(blank(tmp_path / "exercise.xlsx"))
    for cell, answer in answers(tmp_path).items():
        if cell.endswith("21"):
            book[MAIN][cell] = answer
    book.save(tmp_path / "filled.xlsx")
    report = audit(tmp_path / "filled.xlsx")
    assert (report.verdict, report.roots) == ("incomplete", [])
    assert report.score == Score(right=19, asked=27), "the eight weights are to be computed in the second row"
    notes = [finding.cause for finding in report.tables[0].findings]
    assert "row 22 is empty, but formulas read it: the update is not checked" in notes


def test_each_hint_shows_only_within_the_one_before_and_no_text_is_cut_off(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(blank(tmp_path / "exercise.xlsx"))["hints"]
    outline = sheet.sheet_properties.outlinePr
    assert outline is not None
    assert outline.summaryRight is False
    columns = {letter: sheet.column_dimensions[letter] for letter in "ABCDEFGH"}
    levels = [0, 0, 1, 2, 3, 2, 1, 0]
    assert [columns[letter].outlineLevel for letter in columns] == levels
    assert [columns[letter].hidden for letter in columns] == [level > 0 for level in levels]
    for hint, before, after in (("G", "B", "H"), ("F", "C", "G"), ("E", "D", "F")):
        # Excel looks before the group for what its + unfolds, LibreOffice after it.
        assert columns[before].collapsed
        assert columns[after].collapsed
        assert str(sheet[f"{before}5"].value).startswith("+ ")
        texts = [str(cell.value) for cell in sheet[hint] if cell.value]
        assert max(map(len, texts)) < columns[hint].width


def test_a_mark_does_not_tell_the_right_formula_to_who_clicks_it(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(blank(tmp_path / "exercise.xlsx"))
    shown = [cell for row in book[MAIN]["A16:AE18"] for cell in row if cell.value is not None]
    for cell in shown:
        own = f"{cell.column_letter}{cell.row + 4}"
        assert cell.value == f"=IF(ISBLANK({own}),\"\",'marks'!{cell.coordinate})"
    assert len(shown) == 50
    assert [sheet.sheet_state for sheet in book.worksheets] == ["visible", "visible", "veryHidden", "hidden"]


def test_an_untouched_exercise_scores_nothing_of_what_it_asks(tmp_path: Path) -> None:
    report = audit(blank(tmp_path / "exercise.xlsx"))
    assert (report.verdict, report.error, report.status) == ("incomplete", None, 1)
    assert report.score == Score(right=0, asked=27), "31 columns, of which two targets and two inputs are given"
    assert report.tables[0].findings[0].cause == (
        f"row 20 of '{MAIN}' has the headers of a training table, 31 columns, "
        "but below them 12 are filled, expected half of them at least"
    )


def test_an_exam_has_neither_marks_nor_hints(tmp_path: Path) -> None:
    assert run("workbook", "exercise", "exam.xlsx", "--exam", "--seed", "7", folder=tmp_path).returncode == 0
    assert run("workbook", "exercise", "exercise.xlsx", "--seed", "7", folder=tmp_path).returncode == 0
    exam, exercise = (openpyxl.load_workbook(tmp_path / name) for name in ("exam.xlsx", "exercise.xlsx"))
    assert exam.sheetnames == [MAIN, "network"]
    assert [cell.coordinate for row in exam[MAIN].iter_rows() for cell in row if cell.data_type == "f"] == []
    for row in (20, 21, 22):
        assert [cell.value for cell in exam[MAIN][row]] == [cell.value for cell in exercise[MAIN][row]]


def test_an_exam_is_no_solution(tmp_path: Path) -> None:
    line = error_line("workbook", "exercise", "e.xlsx", "--exam", "--solution", folder=tmp_path)
    assert line.startswith("error: --exam: got it with --solution, expected one of them")
