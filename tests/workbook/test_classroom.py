"""A class of thirty: what each handed in gets exactly the points that it is worth, and the gradebook takes it."""

import csv
import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest
from rich.text import Text

from engine import default_experiment
from tests.commands import error_line, run
from tests.workbook.browser import browser
from tests.workbook.classroom import ASKED_CELLS, ROSTER, SEED, STUDENTS, Expected, Submissions
from workbook.classroom.command import table_of
from workbook.classroom.grade import Class, Examined, Grade, Slip
from workbook.classroom.gradebook import gradebook
from workbook.classroom.points import CellJudged, Judged, Rubric, points, read_rubric
from workbook.classroom.roster import Student, read_roster
from workbook.classroom.submissions import submitter
from workbook.sheets.training import MAIN_SHEET

NO_ROSTER = "no roster named; expected ROSTER=students.csv (--roster students.csv), a CSV file with id, name, email"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("class")
    (out / "students.csv").write_text(ROSTER)
    return out


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, Expected]:
    return Submissions(folder / "submissions").expected


@pytest.fixture(scope="module")
def graded(folder: Path, expected: dict[str, Expected]) -> dict[str, dict[str, str]]:
    """The lines of the plain gradebook, by id."""
    assert expected
    arguments = ("--roster", "students.csv", "--seed", str(SEED), "--out", "grades")
    done = run("workbook", "grade", "submissions", *arguments, folder=folder)
    assert done.returncode == 1, done  # files that could not be read, and somebody else's
    with (folder / "grades" / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {line["id"]: line for line in csv.DictReader(file)}


def test_fifty_cells_are_asked() -> None:
    assert len(ASKED_CELLS) == 50


@pytest.mark.parametrize("student", STUDENTS, ids=lambda student: student.slug)
def test_each_gets_what_the_work_is_worth(
    student: Student, graded: dict[str, dict[str, str]], expected: dict[str, Expected]
) -> None:
    line, due = graded[student.id], expected[student.id]
    assert (float(line["points"]), due.told in line["notes"]) == (due.points, True), line


def test_a_slip_is_told_before_what_was_done_with_the_file(graded: dict[str, dict[str, str]]) -> None:
    told = graded[STUDENTS[8].id]["notes"]
    assert 0 < told.index("Z21") < told.index("recalculated, as ")
    slip = Slip("Z21", "∂E/∂w3", "J21 is a_h1", "", None, "")
    grade = Grade(STUDENTS[8], 98, 100, "a.xlsx", Examined(slips=(slip,)), ("recalculated",))
    assert list(table_of([grade]).columns[-1].cells) == [Text("Z21: J21 is a_h1; recalculated")]


def test_the_same_command_gives_the_same_bytes(folder: Path, graded: dict[str, dict[str, str]]) -> None:
    assert graded
    arguments = ("--roster", "students.csv", "--seed", str(SEED), "--jobs", "1")
    run("workbook", "grade", "submissions", *arguments, "--out", "again", folder=folder)
    files = [path.relative_to(folder / "grades") for path in (folder / "grades").rglob("*") if path.is_file()]
    assert len(files) == len(STUDENTS) + 2
    for file in files:
        assert (folder / "again" / file).read_bytes() == (folder / "grades" / file).read_bytes(), file


def test_a_student_s_page_names_the_slip_and_the_rule_but_no_formula_and_nobody_else(folder: Path) -> None:
    slipped = (folder / "grades" / "pages" / f"{STUDENTS[8].slug}.html").read_text()
    assert "∂E/∂w3" in slipped
    assert "Chain rule" in slipped
    assert "L21*(1-L21)" not in slipped
    copied = (folder / "grades" / "pages" / f"{STUDENTS[16].slug}.html").read_text()
    assert "not yours" in copied
    assert STUDENTS[0].name not in copied


def test_answers_are_shown_only_if_they_are_asked_for(folder: Path, graded: dict[str, dict[str, str]]) -> None:
    assert graded
    arguments = ("--roster", "students.csv", "--seed", str(SEED), "--out", "answers", "--show-answers", "--typed", "0")
    run("workbook", "grade", "submissions", *arguments, folder=folder)
    assert "L21*(1-L21)" in (folder / "answers" / "pages" / f"{STUDENTS[8].slug}.html").read_text()
    with (folder / "answers" / "grades.csv").open(newline="", encoding="utf-8") as file:
        lines = {line["id"]: line for line in csv.DictReader(file)}
    assert float(lines[STUDENTS[14].id]["points"]) == 92  # four typed numbers of fifty cells, worth nothing


MOODLE = """Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 7001,Ada Lovelace,ada@x.org,Submitted for grading,,20.00,Yes,"Monday, 2 March",-,
Participant 7002,Alan Turing,alan@x.org,No submission,,20.00,Yes,-,-,
""".replace("\\\n", "")
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Backpropagation (4711),Final Score
    Points Possible,,,,,10.00,(read only)
"Lovelace, Ada",501,u1,ada,One,,
"Turing, Alan",502,u2,alan,One,,
"""
GRADESCOPE = """First Name,Last Name,SID,Email,Role
Ada,Lovelace,u1,ada@x.org,Student
Alan,Turing,u2,alan@x.org,Student
"""


def exported(folder: Path, text: str) -> tuple[Class, list[Grade]]:
    """The class of an export, with a grade for each."""
    (folder / "roster.csv").write_text(text)
    of = Class.of(read_roster(folder / "roster.csv"), default_experiment(), 1)
    return of, [Grade(student, 7.5, 10, notes=("nothing was handed in",)) for student in of.roster.students]


def parsed(files: dict[str, str]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(files["grades.csv"], newline="")))


def test_moodle_s_worksheet_comes_back_with_its_grades(tmp_path: Path) -> None:
    of, grades = exported(tmp_path, MOODLE)
    assert of.roster.platform == "moodle"
    before, after = list(csv.reader(io.StringIO(MOODLE))), parsed(gradebook("moodle", of.roster, grades, ""))
    for old, new in zip(before[1:], after[1:], strict=True):
        assert (new[4], new[9]) == ("7.50", "nothing was handed in")
        assert [new[at] for at in (0, 1, 2, 3, 5, 6, 7, 8)] == [old[at] for at in (0, 1, 2, 3, 5, 6, 7, 8)]
    assert after[0] == before[0]


def test_canvas_s_gradebook_has_its_second_row_and_its_own_names(tmp_path: Path) -> None:
    of, grades = exported(tmp_path, CANVAS)
    assert [student.name for student in of.roster.students] == ["Ada Lovelace", "Alan Turing"]
    headers, possible, *rows = parsed(gradebook("canvas", of.roster, grades, "Backpropagation"))
    assert headers == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Backpropagation (4711)"]
    assert (possible[0].strip(), possible[-1]) == ("Points Possible", "10.00")
    assert rows[0] == ["Lovelace, Ada", "501", "u1", "ada", "One", "7.50"]


def test_gradescope_gets_a_result_for_each(tmp_path: Path) -> None:
    of, grades = exported(tmp_path, GRADESCOPE)
    files = gradebook("gradescope", of.roster, grades, "")
    result = json.loads(files["ada-lovelace-u1.json"])
    assert (result["name"], result["score"], result["max_score"]) == ("Ada Lovelace (u1)", 7.5, 10)
    assert result["output"] == "nothing was handed in"


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("Student B1_1001_assignsubmission_file_/anything.xlsx", 1),
        ("student b1_555_assignsubmission_file_work.xlsx", 1),  # a number of Moodle's own: the name tells
        ("b1student_LATE_1001_20_work-2.xlsx", 1),
        ("all.zip/student-b1-1001 (1).xlsx", 1),
        ("1001.xlsx", 1),
        ("1001/solved.xlsx", 1),
        ("homework.xlsx", None),
        ("21001.xlsx", None),
    ],
)
def test_a_path_tells_whose_file_it_is(name: str, number: int | None) -> None:
    assert submitter(name, STUDENTS) == (None if number is None else STUDENTS[number])


def test_a_rubric_weighs_kinds_of_columns(tmp_path: Path, graded: dict[str, dict[str, str]]) -> None:
    assert graded
    (tmp_path / "rubric.toml").write_text("points = 10\ntyped = 0\n[kinds]\ngradient = 3\nactivation = 0\n")
    rubric = read_rubric(tmp_path / "rubric.toml")
    cells = [judged(kind, "right") for kind in ("gradient", "activation")] + [judged("loss", "typed")]
    assert points(cells, rubric, rubric.points) == 7.5  # 3 of 4
    assert points(cells, Rubric(), 100) == pytest.approx(100 * 2.5 / 3, abs=0.005)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("class",), f"error: {NO_ROSTER}"),
        (("grade", "submissions"), f"error: {NO_ROSTER}"),
        (("class", "--roster", "none.csv"), "error: none.csv: cannot be read: No such file or directory"),
        (("class", "--roster", "twice.csv"), "error: twice.csv: line 3: the id 1 is Ada's already"),
        (
            ("class", "--roster", "other.csv"),
            "error: other.csv: got the headers a, b; expected a line of headers: id, name, email; or an export of "
            "Moodle, Canvas or Gradescope",
        ),
        (("grade", "--roster", "ok.csv"), "error: no submissions named; type `make grade FOLDER=submissions "
         "ROSTER=students.csv`"),
        (("grade", "nowhere", "--roster", "ok.csv"), "error: nowhere: does not exist, expected the folder or the zip "
         "of the submissions"),
        (("grade", "empty", "--roster", "ok.csv"), "error: empty: got no workbook, expected the folder or the zip of "
         "the submissions"),
        (("grade", "empty", "--roster", "ok.csv", "--typed", "2"), "error: --typed: got 2, expected a share from 0 "
         "to 1"),
        (("grade", "empty", "--roster", "ok.csv", "--format", "excel"), "error: --format: got excel, expected moodle, "
         "canvas, gradescope, plain"),
    ],
)  # fmt: skip
def test_slips_of_the_command_line_are_one_line(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    for name, text in (("ok", "id,name\n1,Ada\n"), ("twice", "id,name\n1,Ada\n1,Alan\n"), ("other", "a,b\n1,2\n")):
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "empty").mkdir()
    assert error_line("workbook", *arguments, folder=tmp_path) == message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "ok.csv", "other.csv", "twice.csv"]


def test_a_class_is_drawn_from_its_seed(tmp_path: Path) -> None:
    (tmp_path / "ok.csv").write_text("id,name\n1,Ada\n2,Alan\n")
    for out in ("one", "two"):
        assert run("workbook", "class", out, "--roster", "ok.csv", folder=tmp_path).returncode == 0
    assert run("workbook", "class", "zips", "--roster", "ok.csv", "--zip", folder=tmp_path).returncode == 0
    ada, alan = ((tmp_path / "one" / "exercises" / f"{name}.xlsx").read_bytes() for name in ("ada-1", "alan-2"))
    assert ada == (tmp_path / "two" / "exercises" / "ada-1.xlsx").read_bytes()
    assert ada != alan
    with zipfile.ZipFile(tmp_path / "zips" / "exercises.zip") as archive:
        assert archive.read("alan-2.xlsx") == alan


def test_the_table_wraps_what_is_to_be_known_in_place_of_cutting_it(tmp_path: Path) -> None:
    (tmp_path / "students.csv").write_text("id,name\n1,Ada Lovelace\n")
    made = ("class", "--roster", "students.csv", "--seed", "7")
    assert run("workbook", "class", *made, folder=tmp_path).returncode == 0
    graded = ("--roster", "students.csv", "--seed", "8", "--out", "grades", "--jobs", "1")
    done = run("workbook", "grade", "class/solutions", *graded, folder=tmp_path)
    told = "the given numbers are those of nobody in this class, if --seed and EXPERIMENT are right"
    assert told in " ".join(done.stdout.replace("Ada Lovelace   100/100  50/50  0      0      0", "").split())


def test_a_changed_exercise_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "ok.csv").write_text("id,name\n1,Ada\n")
    run("workbook", "class", "out", "--roster", "ok.csv", folder=tmp_path)
    path = tmp_path / "out" / "exercises" / "ada-1.xlsx"
    path.write_bytes(b"my work")
    assert "exists, and is not an unchanged exercise" in error_line(
        "workbook", "class", "out", "--roster", "ok.csv", folder=tmp_path
    )
    assert path.read_bytes() == b"my work"


@pytest.mark.parametrize("experiment", ["xor", "three-classes", "mazur"])
def test_any_experiment_s_solution_gets_all_points(tmp_path: Path, experiment: str) -> None:
    (tmp_path / "ok.csv").write_text("id,name\n1,Ada\n2,Alan\n")
    arguments = ("--roster", "ok.csv", "--experiment", experiment)
    run("workbook", "class", "out", *arguments, folder=tmp_path)
    done = run("workbook", "grade", "out/solutions", *arguments, "--out", "grades", folder=tmp_path)
    assert done.returncode == 0, done
    with (tmp_path / "grades" / "grades.csv").open(newline="", encoding="utf-8") as file:
        assert [line["points"] for line in csv.DictReader(file)] == ["100.00", "100.00"]


def test_pages_fit_a_phone_and_a_desk(
    folder: Path, graded: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert graded
    with browser(tmp_path_factory.mktemp("profile")) as chrome:
        for page in ("index.html", f"pages/{STUDENTS[8].slug}.html", f"pages/{STUDENTS[17].slug}.html"):
            chrome.get((folder / "grades" / page).as_uri())
            for width in (390, 1280):
                size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
                chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                wide = chrome.execute_script("return document.documentElement.scrollWidth")
                assert wide <= width, (page, width)
            assert str(folder) not in chrome.page_source


def judged(kind: str, word: Judged) -> CellJudged:
    return CellJudged("A21", "a", kind, 21, word, 1.0, None, "", "")


def test_what_was_written_in_an_exam_is_graded(tmp_path: Path) -> None:
    (tmp_path / "ok.csv").write_text("id,name\n1,Ada\n2,Alan\n")
    assert run("workbook", "class", "out", "--roster", "ok.csv", "--exam", folder=tmp_path).returncode == 0
    for slug, wrong in (("ada-1", {}), ("alan-2", {"I21": "=E21*C21", "AE22": None})):
        path = tmp_path / "out" / "exercises" / f"{slug}.xlsx"
        solution = openpyxl.load_workbook(tmp_path / "out" / "solutions" / path.name)[MAIN_SHEET]
        exam = openpyxl.load_workbook(path)
        assert "hints" not in exam.sheetnames
        for cell in ASKED_CELLS:
            exam[MAIN_SHEET][cell] = wrong.get(cell, solution[cell].value)
        exam.save(path)
    assert run("workbook", "grade", "out/exercises", "--roster", "ok.csv", folder=tmp_path).returncode == 0
    with (tmp_path / "build" / "grades" / "grades.csv").open(newline="", encoding="utf-8") as file:
        assert [line["points"] for line in csv.DictReader(file)] == ["100.00", "96.00"]
