"""Who is in the class: the CSV file of a roster, as a person writes it or as a platform exports it."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine import InputError

Platform = Literal["moodle", "canvas", "gradescope", "plain"]
# The headers, in lower case, that tell an export: the first platform all of whose headers are there.
TOLD_BY: dict[Platform, tuple[str, ...]] = {
    "canvas": ("student", "id", "sis login id", "section"),
    "gradescope": ("sid", "email"),
    "moodle": ("email address",),
}
# The columns that tell students apart, the best one first; where it is empty in a line, the next serves.
IDS = ("id", "student id", "sid", "identifier", "id number", "sis login id", "username", "email address", "email")
CANVAS_IDS = ("sis user id", "id")
NAMES = ("name", "full name", "student")
FIRST_NAMES, LAST_NAMES = ("first name",), ("last name", "surname")
EMAILS = ("email", "e-mail", "email address", "mail")
# Canvas has a line below its headers that holds no student, and its own test student.
NO_STUDENTS = {"points possible", "student, test", "test student"}
EXPECTED = "a line of headers: id, name, email; or an export of Moodle, Canvas or Gradescope"
LARGEST = 5_000_000  # bytes


@dataclass(frozen=True)
class Student:
    """A student; `id` is what tells them apart, whatever the platform calls it. `line` is the roster's, from 0."""

    id: str
    name: str
    email: str
    line: int

    @property
    def slug(self) -> str:
        """`ada-lovelace-1001`: a file name without spaces, accents or signs, which every platform accepts."""
        plain = unicodedata.normalize("NFKD", f"{self.name}-{self.id}").encode("ascii", "ignore").decode()
        return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or f"student-{self.line}"


@dataclass(frozen=True)
class Roster:
    """The lines of a roster.

    Attributes:
        platform: whose export it is.
        headers: as they stand there.
        lines: all below the headers, those of no student included.
        students: in the order of the lines.
    """

    platform: Platform
    headers: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    students: tuple[Student, ...]

    def column(self, *names: str) -> int | None:
        """Where the first of some headers stands, from 0."""
        return _column(self.headers, names)


def read_roster(path: Path) -> Roster:
    """Read a roster.

    Raises:
        InputError: the file cannot be read, its headers are unknown, two students have one id, or there is none.
    """
    headers, lines = _table(path)
    platform = _platform(headers)
    students = _students(path, headers, lines, platform)
    if not students:
        raise InputError(f"{path}: got no student, expected a line for each below the headers")
    return Roster(platform, headers, lines, students)


def _table(path: Path) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path}: got more than {LARGEST // 1_000_000} MB, expected a roster")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: is no text in UTF-8; save it as 'CSV UTF-8'") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise InputError(f"{path}: is no CSV file: {error}") from None
    if not rows:
        raise InputError(f"{path}: is empty, expected {EXPECTED}")
    return rows[0], tuple(rows[1:])


def _platform(headers: Sequence[str]) -> Platform:
    known = {header.strip().lower() for header in headers}
    return next((platform for platform, told_by in TOLD_BY.items() if known.issuperset(told_by)), "plain")


def _column(headers: Sequence[str], names: Sequence[str]) -> int | None:
    known = [header.strip().lower() for header in headers]
    return next((known.index(name) for name in names if name in known), None)


def _students(
    path: Path, headers: Sequence[str], lines: Sequence[Sequence[str]], platform: Platform
) -> tuple[Student, ...]:
    ids = [
        at for name in (CANVAS_IDS if platform == "canvas" else IDS) if (at := _column(headers, (name,))) is not None
    ]
    name_at, email_at = _column(headers, NAMES), _column(headers, EMAILS)
    first_at, last_at = _column(headers, FIRST_NAMES), _column(headers, LAST_NAMES)
    if not ids or (name_at is None and last_at is None):
        raise InputError(f"{path}: got the headers {', '.join(headers)[:100]}; expected {EXPECTED}")

    def field(line: Sequence[str], *columns: int | None) -> str:
        return " ".join(line[at].strip() for at in columns if at is not None and at < len(line)).strip()

    found: dict[str, Student] = {}
    for number, line in enumerate(lines):
        name = field(line, name_at) if name_at is not None else field(line, first_at, last_at)
        own_id = next(filter(None, (field(line, at) for at in ids)), "")
        if not name or name.lower() in NO_STUDENTS:
            continue
        if not own_id:
            raise InputError(f"{path}: line {number + 2}: {name} has no id in the column {headers[ids[0]]}")
        if own_id in found:
            raise InputError(f"{path}: line {number + 2}: the id {own_id} is {found[own_id].name}'s already")
        found[own_id] = Student(own_id, _in_order(name), field(line, email_at), number)
    return tuple(found.values())


def _in_order(name: str) -> str:
    """Ada Lovelace for Canvas's `Lovelace, Ada`."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma else name
