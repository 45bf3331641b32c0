"""Whose file is which: folders and zips of submissions, as people make them and as platforms download them."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from engine import InputError
from workbook.classroom.roster import Student
from workbook.spreadsheet.files import LOCK, WORKBOOKS

# What an archive may hold, whatever it claims.
MOST_FILES, LARGEST_FILE, DEEPEST = 20_000, 50_000_000, 3
# Moodle: Ada Lovelace_123456_assignsubmission_file_/work.xlsx, or the same in one name.
MOODLE = re.compile(r"(?P<name>[^/]+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_|/)")
# Canvas: lovelaceada_LATE_1001_20001_work-2.xlsx: user, then submission, then the name; -2 is the second try.
CANVAS = re.compile(r"(?P<name>[^/_]+)_(?:LATE_)?(?P<id>\d+)_(?P<submission>\d+)_[^/]*$")
TRY = re.compile(r"-(\d+)\.\w+$")


@dataclass(frozen=True)
class Submission:
    """A file that was handed in.

    Attributes:
        path: where it can be read; a copy, if it came in an archive.
        name: its path below the folder, archives included.
        changed: when, as far as the folder or the archive tells.
    """

    path: Path
    name: str
    changed: datetime

    @property
    def is_workbook(self) -> bool:
        """Whether its name says that it can be graded; a .zip is one that could not be opened."""
        return PurePosixPath(self.name).suffix.lower() in {*WORKBOOKS, ".zip"}

    @property
    def age(self) -> tuple[bool, datetime, int, str]:
        """The largest counts: a workbook before a photo, then by time, by the number of the try, by name."""
        tried = TRY.search(self.name)
        return self.is_workbook, self.changed, int(tried[1]) if tried else 0, self.name


def find_submissions(folder: Path, unpacked: Path) -> list[Submission]:
    """All files in a folder or a zip, those in zips inside of them included, sorted by name.

    Args:
        unpacked: an empty folder for what comes out of zips.

    Raises:
        InputError: `folder` is neither, or there are too many workbooks, or none.
    """
    if not folder.exists():
        raise InputError(f"{folder}: does not exist, expected the folder or the zip of the submissions")
    found = sorted(_below(folder, folder.parent if folder.is_file() else folder, unpacked), key=lambda own: own.name)
    workbooks = sum(own.is_workbook for own in found)
    if workbooks > MOST_FILES:
        raise InputError(f"{folder}: got more than {MOST_FILES:,} workbooks, expected one class")
    if not workbooks:
        raise InputError(f"{folder}: got no workbook, expected the folder or the zip of the submissions")
    return found


def _below(path: Path, top: Path, unpacked: Path) -> Iterator[Submission]:
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    for file in files:
        name = file.relative_to(top).as_posix()
        changed = datetime.fromtimestamp(int(file.stat().st_mtime))
        yield from _taken(Submission(file, name, changed), unpacked, DEEPEST)


def _taken(file: Submission, unpacked: Path, left: int) -> Iterator[Submission]:
    """A file, or those in an archive; a damaged archive is returned as a file, so that it is reported."""
    name = PurePosixPath(file.name)
    if name.name.startswith((LOCK, "._")) or "__MACOSX" in name.parts:
        return
    if name.suffix.lower() != ".zip":
        yield file
    elif left:
        try:
            with zipfile.ZipFile(file.path) as archive:
                inside = [_unpacked(archive, info, file, unpacked) for info in archive.infolist() if _is_wanted(info)]
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
            yield file
            return
        for own in inside:
            yield from _taken(own, unpacked, left - 1)


def _is_wanted(info: zipfile.ZipInfo) -> bool:
    return not info.is_dir() and info.file_size <= LARGEST_FILE


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, outer: Submission, unpacked: Path) -> Submission:
    copy = unpacked / f"{len(list(unpacked.iterdir()))}{PurePosixPath(info.filename).suffix.lower()}"
    with archive.open(info) as source:
        copy.write_bytes(source.read(LARGEST_FILE))
    return Submission(copy, f"{outer.name}/{info.filename}", datetime(*info.date_time))


def submitter(name: str, students: Sequence[Student]) -> Student | None:
    """Who handed a file in, as far as its path tells: by the platform's number, by a name, or by our file's name."""
    by_id = {student.id.removeprefix("Participant ").casefold(): student for student in students}
    for pattern in (MOODLE, CANVAS):
        for match in pattern.finditer(name):
            if (student := by_id.get(match["id"])) is not None:
                return student
            if (student := _by_name(match["name"], students)) is not None:
                return student
    parts = PurePosixPath(name).with_suffix("").parts
    by_slug = {student.slug: student for student in students}
    for part in reversed(parts):
        # A browser that saves a second copy names it `name (1)`.
        plain = re.sub(r"(?: ?\(\d+\)| ?- ?(?:Copy|Kopie))$", "", part)
        student = by_slug.get(plain.lower()) or by_id.get(plain.casefold()) or _by_name(plain, students)
        if student is not None:
            return student
    return None


def _by_name(name: str, students: Sequence[Student]) -> Student | None:
    """The only student of a name, in whichever order its parts are written."""
    key = _letters(name)
    found = [student for student in students if _letters(student.name) == key]
    return found[0] if key and len(found) == 1 else None


def _letters(name: str) -> str:
    return "".join(sorted(sign for sign in name.casefold() if sign.isalnum()))
