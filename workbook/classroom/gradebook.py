"""Grades as the file that a platform takes: Moodle's, Canvas's and Gradescope's own forms, or a plain table."""

import csv
import io
import json
from collections.abc import Sequence

from workbook.classroom.grade import Grade
from workbook.classroom.roster import Platform, Roster
from workbook.inspect.report.audit import harmless

MOODLE_HEADERS = (
    "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed",
    "Last modified (submission)", "Last modified (grade)", "Feedback comments",
)  # fmt: skip
CANVAS_HEADERS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
PLAIN_HEADERS = ("id", "name", "email", "points", "of", "right", "asked", "typed", "wrong", "empty", "file", "notes")


def maximum(roster: Roster, otherwise: float) -> float:
    """The points of a sheet that is right throughout: Moodle's worksheet says them, else the rubric."""
    at = roster.column("maximum grade")
    texts = {line[at].strip().replace(",", ".") for line in roster.lines if at is not None and at < len(line)}
    try:
        found = {float(text) for text in texts if text}
    except ValueError:
        return otherwise
    return found.pop() if len(found) == 1 else otherwise


def gradebook(form: Platform, roster: Roster, grades: Sequence[Grade], assignment: str) -> dict[str, str]:
    """The files to upload, by name: one CSV, or for Gradescope a JSON for each student."""
    if form == "gradescope":
        return {f"{grade.student.slug}.json": _results(grade) for grade in grades}
    rows = {"moodle": _moodle, "canvas": _canvas}.get(form, _plain)(roster, grades, assignment)
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return {"grades.csv": text.getvalue()}


def summary(grade: Grade) -> str:
    """A grade in one line, for a cell of a gradebook: what was right, each slip, what else to know."""
    if not grade.asked:
        return "; ".join(grade.notes)
    parts = [f"{grade.correct} of {grade.asked} cells right"]
    parts += [f"{slip.cell} ({slip.column}): {slip.cause}" for slip in grade.examined.slips]
    parts += [f"{count} {word}" for word in ("empty",) if (count := grade.count(word))]
    return "; ".join([*parts, *grade.notes])


def _number(points: float) -> str:
    return f"{points:.2f}"


def _moodle(roster: Roster, grades: Sequence[Grade], _: str) -> list[list[str]]:
    """Moodle's grading worksheet: the one that was given, with its Grade and Feedback comments filled in."""
    by_line = {grade.student.line: grade for grade in grades}
    if roster.column("identifier") is None:
        return [list(MOODLE_HEADERS), *(_moodle_line(grade) for grade in grades)]
    headers = [
        *roster.headers,
        *(name for name in ("Grade", "Feedback comments") if roster.column(name.lower()) is None),
    ]
    rows = [headers]
    for number, line in enumerate(roster.lines):
        cells = dict(zip(headers, [*line, *[""] * len(headers)], strict=False))
        if (grade := by_line.get(number)) is not None:
            known = {header.strip().lower(): header for header in headers}
            cells[known["grade"]], cells[known["feedback comments"]] = _number(grade.points), summary(grade)
        rows.append(list(cells.values()))
    return rows


def _moodle_line(grade: Grade) -> list[str]:
    student, status = grade.student, "Submitted for grading" if grade.file else "No submission"
    return [
        student.id, student.name, student.email, status, _number(grade.points), _number(grade.most), "Yes", "-", "-",
        summary(grade),
    ]  # fmt: skip


def _canvas(roster: Roster, grades: Sequence[Grade], assignment: str) -> list[list[str]]:
    """Canvas's gradebook with one assignment; its second row says the points possible."""
    columns = [roster.column(name.lower()) for name in CANVAS_HEADERS]
    # Where the export holds the assignment already, its header has Canvas's own number: Backpropagation (12345).
    header = next((name for name in roster.headers if name.split(" (")[0].strip() == assignment), assignment)
    rows = [[*CANVAS_HEADERS, header], ["    Points Possible", "", "", "", "", _number(grades[0].most)]]
    for grade in grades:
        line = roster.lines[grade.student.line]
        cells = [line[at] if at is not None and at < len(line) else "" for at in columns]
        if columns[0] is None:
            cells[0], cells[2] = grade.student.name, grade.student.id
        rows.append([*cells, _number(grade.points)])
    return rows


def _plain(_: Roster, grades: Sequence[Grade], __: str) -> list[list[str]]:
    rows = [list(PLAIN_HEADERS)]
    for grade in grades:
        student = grade.student
        counts = [
            str(number) for number in (grade.correct, grade.asked, *map(grade.count, ("typed", "wrong", "empty")))
        ]
        points = [_number(grade.points), _number(grade.most)]
        rows.append([student.id, student.name, student.email, *points, *counts, harmless(grade.file), summary(grade)])
    return rows


def _results(grade: Grade) -> str:
    """Gradescope's results.json: a test for each kind of column, with its share of the points."""
    tests = []
    kinds = dict.fromkeys(cell.kind for cell in grade.examined.cells)
    for kind in kinds:
        cells = [cell for cell in grade.examined.cells if cell.kind == kind]
        slips = [slip for slip in grade.examined.slips if slip.cell in {cell.cell for cell in cells}]
        tests.append(
            {
                "name": kind,
                "score": sum(cell.judged in ("right", "again") for cell in cells),
                "max_score": len(cells),
                "output": "; ".join(f"{slip.cell} ({slip.column}): {slip.cause}" for slip in slips) or "no slip",
            }
        )
    name = f"{grade.student.name} ({grade.student.id})"
    result = {"name": name, "score": grade.points, "max_score": grade.most, "output": summary(grade), "tests": tests}
    return json.dumps(result, ensure_ascii=False, indent=2) + "\n"
