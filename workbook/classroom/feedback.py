"""The pages to hand back: one for each student, and an index for the teacher."""

from collections.abc import Sequence

from workbook.classroom.grade import Grade, anonymous
from workbook.page.records import Fault, File, Note, Page, Part

REMARK = (
    "Each cell is judged from the other cells of the same sheet: a slip counts once, and not for the numbers that "
    "follow from it."
)


def page_of_student(grade: Grade, *, answers: bool) -> Page:
    """What a student sees: the points, each slip with its rule and, with `answers`, the formula that belongs there."""
    return Page(f"Backpropagation, {grade.student.name}", [_file(anonymous(grade), answers=answers)], REMARK)


def page_of_class(grades: Sequence[Grade]) -> Page:
    """What the teacher sees: all students, the one below the other, with the formulas that belong there."""
    return Page("Backpropagation, the class", [_file(grade, answers=True) for grade in grades], REMARK)


def _file(grade: Grade, *, answers: bool) -> File:
    error = "; ".join(grade.notes) if not grade.asked else ""
    slips = grade.examined.slips
    first = f"{slips[0].cell} ({slips[0].column}): {slips[0].cause}" if slips else "no slip"
    return File(
        name=grade.student.name,
        verdict=_verdict(grade),
        summary="; ".join([*grade.notes, *([] if error else [first])]),
        score=f"{grade.points:g} of {grade.most:g} points",
        share=grade.points / grade.most if grade.most else 0.0,
        parts=[] if error else [_part(grade, answers=answers)],
        error=error,
    )


def _verdict(grade: Grade) -> str:
    if not grade.asked:
        return "not judged"
    if grade.examined.slips:
        return "wrong"
    return "right" if grade.correct == grade.asked else "incomplete"


def _part(grade: Grade, *, answers: bool) -> Part:
    counted = {"right": grade.correct} | {word: grade.count(word) for word in ("typed", "wrong", "empty")}
    facts = ", ".join(f"{number} {word}" for word, number in counted.items() if number)
    faults = [
        Fault(
            name=slip.column, cell=slip.cell, cause=slip.cause, actual=slip.formula or "a typed number",
            expected=slip.expected if answers else None, rows=1, extent=slip.rule, extent_of="rule",
        )
        for slip in grade.examined.slips
    ]  # fmt: skip
    return Part(
        title=f"{grade.asked} cells were asked",
        facts=facts,
        verdict=_verdict(grade),
        faults=faults,
        notes=[Note(note) for note in grade.notes],
        judged="All cells that were asked were judged, and no others.",
    )
