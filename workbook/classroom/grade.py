"""From submissions to grades: each file read, judged, and set beside its student."""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from engine import Experiment, InputError
from workbook.classroom.numbers import own_experiment
from workbook.classroom.points import (
    CellJudged,
    Rubric,
    changed_cells,
    exercise_sheet,
    given_numbers,
    judge,
    points,
)
from workbook.classroom.roster import Roster, Student
from workbook.classroom.submissions import Submission, submitter
from workbook.inspect.audit import audit
from workbook.inspect.findings import Finding
from workbook.inspect.parallel import in_processes
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.files import load
from workbook.spreadsheet.recalculate import recalculated
from workbook.table.layout import FIRST_ROW, Layout

MACROS = "xl/vbaProject.bin"
# Of the given numbers, how many must be a student's own for the sheet to be theirs: some may have been changed.
OWN_SHARE = 0.75
NO_RULE = "the number does not follow from the cells that it is computed from"


@dataclass(frozen=True)
class Slip:
    """A cell that costs points: where, in which column, why, what stands there, and what belongs there."""

    cell: str
    column: str
    cause: str
    rule: str
    formula: str | None
    expected: str


@dataclass(frozen=True)
class Examined:
    """What is in one file.

    Attributes:
        owner: the id of the student whose numbers the sheet holds, or "".
        error: why it could not be read, or "".
    """

    cells: tuple[CellJudged, ...] = ()
    slips: tuple[Slip, ...] = ()
    notes: tuple[str, ...] = ()
    owner: str = ""
    error: str = ""


@dataclass(frozen=True)
class Grade:
    """A student's grade; `file` is "" where nothing was handed in."""

    student: Student
    points: float
    most: float
    file: str = ""
    examined: Examined = Examined()
    notes: tuple[str, ...] = ()

    def count(self, judged: str) -> int:
        """How many of the cells asked for were judged so."""
        return sum(cell.judged == judged for cell in self.examined.cells)

    @property
    def correct(self) -> int:
        """The cells that are right, or the same slip filled down, which counts once."""
        return self.count("right") + self.count("again")

    @property
    def asked(self) -> int:
        """How many cells were asked."""
        return len(self.examined.cells)


@dataclass(frozen=True)
class Class:
    """What a class was given.

    Attributes:
        given: each student's own numbers, by id, then by cell.
    """

    roster: Roster
    layout: Layout
    given: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, roster: Roster, experiment: Experiment, seed: int) -> "Class":
        """The class whose exercises were drawn with a seed."""
        layout = Layout(experiment.columns, experiment.steps)
        given = {
            student.id: given_numbers(layout, own_experiment(experiment, seed, student.id))
            for student in roster.students
        }
        return cls(roster, layout, given)


def grades(
    of: Class, submissions: Sequence[Submission], rubric: Rubric, most: float, jobs: int | None = None
) -> Iterator[Grade | Submission]:
    """Grade each student's newest file; yield a grade for each student, and each file that is nobody's.

    They come as they are done; the caller puts them in order.
    """
    students = of.roster.students
    newest: dict[str, Submission] = {}
    lost = []
    for submission in submissions:
        student = submitter(submission.name, students) or _named_inside(submission, students)
        if student is None:
            lost += [submission] if submission.is_workbook else []
        elif student.id not in newest or submission.age > newest[student.id].age:
            newest[student.id] = submission
    handed_in = [student for student in students if student.id in newest]
    yield from (Grade(student, 0.0, most, notes=("nothing was handed in",)) for student in students
                if student.id not in newest)  # fmt: skip
    tasks = [(of, newest[student.id], student.id) for student in handed_in]
    for index, examined in in_processes(_examine, tasks, jobs):
        student = handed_in[index]
        earned = points(examined.cells, rubric, most)
        notes = _notes(examined, student, students)
        yield Grade(student, earned, most, newest[student.id].name, examined, notes)
    yield from lost


def _notes(examined: Examined, student: Student, students: Sequence[Student]) -> tuple[str, ...]:
    if examined.error:
        return (examined.error,)
    if examined.owner == student.id:
        return examined.notes
    owner = next((other for other in students if other.id == examined.owner), None)
    whose = f"of {owner.name} ({owner.id})" if owner else "of nobody in this class, if --seed and EXPERIMENT are right"
    return (f"the given numbers are those {whose}", *examined.notes)


def _named_inside(submission: Submission, students: Sequence[Student]) -> Student | None:
    """Who is named on the sheet, where the file's name tells nothing."""
    if not submission.is_workbook:
        return None
    try:
        sheet = exercise_sheet(load(submission.path))
    except InputError:
        return None
    texts = {str(value) for rows in sheet.values.values() for row, value in rows.items() if row < FIRST_ROW}
    found = [student for student in students if signature(student) in texts]
    return found[0] if len(found) == 1 else None


def signature(student: Student) -> str:
    """The numbers of a student's sheet that tell whose it is."""
    return f"{student.name} ({student.id})"


def _examine(task: tuple[Class, Submission, str]) -> Examined:
    """Read and judge a file, in a process of its own perhaps."""
    of, submission, student_id = task
    path = submission.path
    if not submission.is_workbook:
        return Examined(error=f"got {PurePosixPath(submission.name).name}, expected a workbook (.xlsx)")
    try:
        book = load(path)
        sheet = exercise_sheet(book)
        sheet, note = _with_values(book, sheet)
        owner = _owner(of, sheet, student_id)
        roots = [root for root in audit(path).roots if root.cell]
    except InputError as error:
        return Examined(error=f"could not be read: {str(error).removeprefix(f'{path}: ')}")
    cells = judge(sheet, of.layout, {cell for root in roots for cell in _cells_of(root)})
    slips = tuple(_slip(cell, roots) for cell in cells if cell.judged == "wrong")
    notes = [*note, *(changed_cells(sheet, of.given[owner]) if owner else ())]
    if _has_macros(path):
        notes.append("the file holds macros: they were not run")
    if typed := sum(cell.judged == "typed" for cell in cells):
        notes.append(f"{typed} right number{'s' * (typed > 1)} typed in place of a formula")
    return Examined(cells, slips, tuple(notes), owner)


def _cells_of(root: Finding) -> list[str]:
    letters = re.sub(r"\d", "", root.cell)
    return [f"{letters}{row}" for row in root.at] or [root.cell]


def _with_values(book: Book, sheet: Sheet) -> tuple[Sheet, list[str]]:
    """The sheet recalculated, if formulas have no values, as where no spreadsheet program saved them."""
    missing = sum(
        sheet.value(row, column) is None
        for column, shapes in sheet.shapes.items()
        for row in shapes
        if row >= FIRST_ROW
    )
    if not missing:
        return sheet, []
    with_values, note = recalculated(book, missing)
    if with_values is not book:
        note = f"recalculated, as {missing} formulas held no value"
    return exercise_sheet(with_values), [note]


def _owner(of: Class, sheet: Sheet, student_id: str) -> str:
    """Whose numbers the sheet holds: the student's own, if they fit, else those that fit best; "" if none do."""
    shares = {id_: 1 - len(changed_cells(sheet, given)) / len(given) for id_, given in of.given.items()}
    best = max(shares, key=lambda id_: (shares[id_], id_ == student_id))
    return best if shares[best] >= OWN_SHARE else ""


def _has_macros(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return MACROS in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False  # an .ods or a .csv, which hold none that we know


def _slip(cell: CellJudged, roots: Sequence[Finding]) -> Slip:
    cause = next((root.cause for root in roots if cell.cell in _cells_of(root)), NO_RULE)
    return Slip(cell.cell, cell.column, cause, cell.idea, cell.formula, cell.expected)


def anonymous(grade: Grade) -> Grade:
    """A grade whose notes name nobody else, for the page that a student gets."""
    return replace(grade, notes=tuple(re.sub(r"those of .*", "not yours", note) for note in grade.notes))
