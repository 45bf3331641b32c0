"""A class of thirty made by code: each fills the exercise in another way, and what that is worth is known."""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import openpyxl

from engine import default_experiment, descend
from tests.workbook.spreadsheets import convert
from workbook.classroom.grade import signature
from workbook.classroom.numbers import own_experiment
from workbook.classroom.roster import Student
from workbook.sheets.exercise import exercise_sheets
from workbook.sheets.training import MAIN_SHEET
from workbook.write import write

SEED = 11
LATER = 2**31  # the year 2038
STUDENTS = [Student(str(1000 + number), f"Student {chr(65 + number % 26)}{number}", f"s{number}@x.org", number)
            for number in range(30)]  # fmt: skip
ROSTER = "id,name,email\n" + "".join(f"{own.id},{own.name},{own.email}\n" for own in STUDENTS)
ASKED = 50  # 23 cells in row 21, whose targets, inputs and weights are given, and 27 more in row 22

# Known slips: the formula of a cell with one thing replaced, and the words of the cause that the audit gives.
SLIPS = {
    "Z21": ("L21*(1-L21)", "J21*(1-J21)"),
    "I21": ("F21*D21", "F21*C21"),
    "U21": ("0.5*", ""),
    "X22": ("*C22", "*D22"),
    "G22": ("$G$19", "0.3"),
}


@dataclass(frozen=True)
class Expected:
    """What a student should get: points of 100, and words that must be told."""

    points: float
    told: str = ""


def filled(path: Path, student: Student, change: Callable[[dict[str, object]], None] | None = None) -> Path:
    """A student's exercise, filled with the solution after a change of its cells, or as the writer makes it."""
    experiment = own_experiment(default_experiment(), SEED, student.id)
    write(exercise_sheets(experiment, solution=change is None, student=signature(student)), path)
    if change is None:
        return path
    key = path.with_name(f"key-{path.name}")
    write(exercise_sheets(experiment, solution=True, student=signature(student)), key)
    solution = openpyxl.load_workbook(key)[MAIN_SHEET]
    cells: dict[str, object] = {cell.coordinate: cell.value for row in solution["A21:AE22"] for cell in row}
    change(cells)
    key.unlink()
    book = openpyxl.load_workbook(path)
    for cell, value in cells.items():
        book[MAIN_SHEET][cell].value = value
    book.save(path)
    return path


def values_of(student: Student) -> Mapping[str, float]:
    """The numbers of a student's solution, by cell."""
    experiment = own_experiment(default_experiment(), SEED, student.id)
    trace = descend(experiment, [experiment.learning_rate])
    letters = openpyxl.utils.get_column_letter
    return {
        f"{letters(column + 1)}{21 + row}": float(trace.numbers.values[row, column, 0])
        for row in range(2)
        for column in range(len(trace.columns.names))
    }


class Submissions:
    """Thirty submissions of every kind in a folder; `expected` says by id what each student should get."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.expected: dict[str, Expected] = {}
        folder.mkdir()
        self.right_ones(range(7))
        self.no_workbooks(0, 7)
        self.slips(range(8, 13))
        self.unfinished(13, 14, 15)
        self.others_and_damaged(16, 17, 26, 27)
        self.unusual(18, 19, 28)
        self.saved_by_libreoffice(20, 21)
        self.downloaded(22, 23)
        self.zipped(24, 25)
        self.expect(29, 0, "nothing was handed in")

    def path(self, number: int) -> Path:
        return self.folder / f"{STUDENTS[number].slug}.xlsx"

    def expect(self, number: int, points: float, told: str = "") -> None:
        self.expected[STUDENTS[number].id] = Expected(points, told)

    def right_ones(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            filled(self.path(number), STUDENTS[number])
            self.expect(number, 100)

    def slips(self, numbers: Iterable[int]) -> None:
        for number, (cell, (old, new)) in zip(numbers, SLIPS.items(), strict=True):

            def slip(cells: dict[str, object], cell: str = cell, old: str = old, new: str = new) -> None:
                assert str(cells[cell]).count(old) == 1, cells[cell]
                cells[cell] = str(cells[cell]).replace(old, new)

            filled(self.path(number), STUDENTS[number], slip)
            self.expect(number, 98, f"{cell} (")

    def no_workbooks(self, beside: int, alone: int) -> None:
        """A photo beside the workbook, later than it, changes nothing; alone it is told."""
        for number in (beside, alone):
            photo = self.folder / f"{STUDENTS[number].slug}.jpg"
            photo.write_bytes(b"a photo of the screen")
            os.utime(photo, (LATER, LATER))
        (self.folder / "notes.txt").write_text("nobody's")
        self.expect(alone, 0, f"got {STUDENTS[alone].slug}.jpg, expected a workbook (.xlsx)")

    def unfinished(self, half: int, typed: int, untouched: int) -> None:
        filled(self.path(half), STUDENTS[half], first_row_alone)  # 19 of 50 cells
        self.expect(half, 38, "31 empty")
        numbers = values_of(STUDENTS[typed])
        filled(
            self.path(typed),
            STUDENTS[typed],
            lambda cells: cells.update({cell: numbers[cell] for cell in ("I21", "J21", "W22", "AE22")}),
        )
        self.expect(typed, 96, "4 right numbers typed")
        filled(self.path(untouched), STUDENTS[untouched], lambda cells: cells.update(dict.fromkeys(ASKED_CELLS)))
        self.expect(untouched, 0, "50 empty")

    def others_and_damaged(self, copied: int, damaged: int, text: int, other: int) -> None:
        shutil.copy(self.path(0), self.path(copied))  # somebody else's, under their own name
        self.expect(copied, 100, f"those of {STUDENTS[0].name}")
        self.path(damaged).write_bytes(self.path(1).read_bytes()[:3000])
        self.path(text).write_text("no workbook")
        for number in (damaged, text):
            self.expect(number, 0, "could not be read")
        openpyxl.Workbook().save(self.path(other))
        self.expect(other, 0, "this is not the exercise")

    def unusual(self, changed: int, twice: int, macros: int) -> None:
        # A given number was changed: all else follows from it.
        filled(self.path(changed), STUDENTS[changed], lambda cells: cells.update(E21=0.77))
        self.expect(changed, 100, "E21 holds 0.77")

        def same_slip_twice(cells: dict[str, object]) -> None:
            for row in (21, 22):
                cells[f"Y{row}"] = str(cells[f"Y{row}"]).removesuffix(f"*D{row}") + f"*C{row}"

        filled(self.path(twice), STUDENTS[twice], same_slip_twice)
        self.expect(twice, 98, "Y21 (")
        with zipfile.ZipFile(filled(self.path(macros), STUDENTS[macros]), "a") as archive:  # which nobody runs
            archive.writestr("xl/vbaProject.bin", b"\x00")
        self.expect(macros, 100, "macros")

    def saved_by_libreoffice(self, *numbers: int) -> None:
        """Renamed beyond recognition, too: the name on the sheet tells whose it is."""
        saved = self.folder.parent / "saved"
        files = [filled(self.folder / f"homework{number}.xlsx", STUDENTS[number]) for number in numbers]
        convert(files, "xlsx", self.folder.parent / "lo", saved)
        for number, file in zip(numbers, files, strict=True):
            shutil.move(saved / file.name, file)
            self.expect(number, 100)

    def downloaded(self, moodle: int, canvas: int) -> None:
        folder = self.folder / f"{STUDENTS[moodle].name}_{STUDENTS[moodle].id}_assignsubmission_file_"
        folder.mkdir()
        filled(folder / "work.xlsx", STUDENTS[moodle])
        name = f"name_LATE_{STUDENTS[canvas].id}_999_work"
        filled(self.folder / f"{name}-1.xlsx", STUDENTS[canvas], first_row_alone)
        filled(self.folder / f"{name}-2.xlsx", STUDENTS[canvas])  # the second try
        for number in (moodle, canvas):
            self.expect(number, 100)

    def zipped(self, *numbers: int) -> None:
        inside = self.folder / "inside.xlsx"
        with zipfile.ZipFile(self.folder / "more.zip", "w") as archive:
            for number in numbers:
                archive.write(filled(inside, STUDENTS[number]), f"late/{STUDENTS[number].slug}.xlsx")
                self.expect(number, 100)
        inside.unlink()


def first_row_alone(cells: dict[str, object]) -> None:
    """Leave row 22 empty."""
    cells.update({cell: None for cell in cells if cell.endswith("22")})


# What the exercise of the default network asks for: row 21 from h1 on, row 22 whole.
ASKED_CELLS = {
    f"{openpyxl.utils.get_column_letter(column)}{row}"
    for row, columns in ((21, [9, 10, 11, 12, *range(17, 32)]), (22, range(1, 32)))
    for column in columns
}
