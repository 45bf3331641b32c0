"""`class` writes an exercise for each student, `grade` reads what they handed in."""

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from engine import Experiment, InputError
from engine.files import replacing
from workbook.classroom.feedback import page_of_class, page_of_student
from workbook.classroom.grade import Class, Grade, grades, signature
from workbook.classroom.gradebook import gradebook, maximum
from workbook.classroom.numbers import own_experiment
from workbook.classroom.points import Rubric, read_rubric
from workbook.classroom.roster import Platform, Roster, Student
from workbook.classroom.submissions import Submission, find_submissions
from workbook.generated import FileKind, refuse_to_replace
from workbook.page.render import write_page
from workbook.sheets.exercise import exercise_sheets
from workbook.write import write


def rubric_of(path: Path | None, typed: float | None) -> Rubric:
    """The rubric of a file, or the default one; `typed` in place of its own.

    Raises:
        InputError: as `read_rubric`, or `typed` is no share.
    """
    rubric = read_rubric(path) if path else Rubric()
    if typed is None:
        return rubric
    if not 0 <= typed <= 1:
        raise InputError(f"--typed: got {typed:g}, expected a share from 0 to 1")
    return replace(rubric, typed=typed)


def platform_of(form: str, roster: Roster) -> Platform:
    """The platform of a name, or the roster's own for "".

    Raises:
        InputError: it is none of them.
    """
    for platform in get_args(Platform):
        if form in ("", platform):
            return roster.platform if form == "" else cast(Platform, platform)
    raise InputError(f"--format: got {form}, expected {', '.join(get_args(Platform))}")


def make_class(
    roster: Roster, experiment: Experiment, seed: int, out: Path, *, zipped: bool, exam: bool, force: bool
) -> None:
    """Write an exercise for each student into `out/exercises`, the solutions into `out/solutions`, or both as zips.

    The exercises of an exam have no marks and no hints.

    Raises:
        InputError: a file is there already that was changed or not made by this command, or cannot be written.
    """
    files: list[tuple[FileKind, Student, Path]] = [
        (kind, student, out / f"{kind}s" / f"{student.slug}.xlsx")
        for kind in ("exercise", "solution")
        for student in roster.students
    ]
    if not force and not zipped:
        for kind, _, path in files:
            refuse_to_replace(path, kind)
    out.mkdir(parents=True, exist_ok=True)
    beside = Console(stderr=True)
    shown = track(files, "exercises", console=beside, transient=True, disable=not beside.is_terminal)
    with tempfile.TemporaryDirectory() as folder:
        for kind, student, path in shown:
            target = Path(folder) / kind / path.name if zipped else path
            target.parent.mkdir(parents=True, exist_ok=True)
            own = own_experiment(experiment, seed, student.id)
            solved = kind == "solution"
            sheets = exercise_sheets(own, solution=solved, student=signature(student), exam=exam and not solved)
            write(sheets, target, kind)
        if zipped:
            for kind in ("exercise", "solution"):
                _zip(sorted((Path(folder) / kind).iterdir()), out / f"{kind}s.zip")
    where = "exercises.zip, solutions.zip" if zipped else "exercises/, solutions/"
    each = (
        "1 exercise and its solution"
        if len(roster.students) == 1
        else f"{len(roster.students)} exercises and their solutions"
    )
    typer.echo(f"Wrote {each} into {out}: {where} (seed {seed}).")


def _zip(files: Sequence[Path], path: Path) -> None:
    """Files as a zip archive whose bytes do not depend on the time."""
    with replacing(path) as part, zipfile.ZipFile(part, "w") as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes())


def grade_class(
    of: Class,
    folder: Path,
    out: Path,
    rubric: Rubric,
    form: Platform,
    assignment: str,
    *,
    answers: bool,
    jobs: int | None,
) -> int:
    """Grade what was handed in; write the gradebook's file and the pages into `out`, print a table.

    Returns:
        0, or 1 if a file could not be read, is nobody's, or has somebody else's numbers.

    Raises:
        InputError: there is nothing to grade, or an output cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"--out: got {out}, a file; expected a folder")
    if folder.resolve() == out.resolve():
        raise InputError(f"--out: got {out}, the folder of the submissions; expected another one")
    most = maximum(of.roster, rubric.points)
    with tempfile.TemporaryDirectory() as unpacked:
        submissions = find_submissions(folder, Path(unpacked))
        done, lost = [], []
        for graded in _with_progress(of, submissions, rubric, most, jobs):
            if isinstance(graded, Grade):
                done.append(graded)
            else:
                lost.append(graded.name)
    done.sort(key=lambda grade: grade.student.line)
    _write(of, done, out, form, assignment, answers=answers)
    console = Console(highlight=False)
    console.print(table_of(done))
    for name in lost:
        typer.echo(f"{name}: whose it is cannot be told, neither by its name nor by what stands in it; not graded")
    typer.echo(f"Wrote {out}: the gradebook ({form}), {len(done)} page{'s' * (len(done) != 1)}, index.html.")
    doubtful = any(grade.file and (grade.examined.error or grade.examined.owner != grade.student.id) for grade in done)
    return 1 if lost or doubtful else 0


def _with_progress(
    of: Class, submissions: Sequence[Submission], rubric: Rubric, most: float, jobs: int | None
) -> Iterator[Grade | Submission]:
    beside = Console(stderr=True)
    found = grades(of, submissions, rubric, most, jobs)
    total = len(of.roster.students)
    yield from track(found, "grading", total, console=beside, transient=True, disable=not beside.is_terminal)


def _write(of: Class, done: Sequence[Grade], out: Path, form: Platform, assignment: str, *, answers: bool) -> None:
    pages = out / "pages"
    pages.mkdir(parents=True, exist_ok=True)
    for name, text in gradebook(form, of.roster, done, assignment).items():
        with replacing(out / name) as part:
            part.write_text(text, encoding="utf-8", newline="")
    for grade in done:
        write_page(page_of_student(grade, answers=answers), pages / f"{grade.student.slug}.html")
    write_page(page_of_class(done), out / "index.html")


def table_of(done: Sequence[Grade]) -> Table:
    """What the command prints: a line for each student, a slip before the notes."""
    table = Table("student", "points", "right", "typed", "wrong", "empty", "what to know", box=None, pad_edge=False)
    for grade in done:
        counts = [f"{grade.correct}/{grade.asked}", *(str(grade.count(word)) for word in ("typed", "wrong", "empty"))]
        slip = next((f"{slip.cell}: {slip.cause}" for slip in grade.examined.slips), "")
        told = Text("; ".join(filter(None, [slip, *grade.notes])))
        points = Text(f"{grade.points:g}/{grade.most:g}", style=_style(grade))
        table.add_row(Text(grade.student.name), points, *(counts if grade.asked else ["", "", "", ""]), told)
    return table


def _style(grade: Grade) -> str:
    if grade.asked and grade.examined.owner != grade.student.id:
        return "bold red"
    return "green" if grade.asked and grade.correct == grade.asked else "red" if grade.examined.slips else "yellow"
