"""The mark that a file was generated and not changed since, so that nobody's work is overwritten by accident.

The mark is a part of its own inside the .xlsx file, which no other part refers to: spreadsheet programs ignore it,
and leave it out when they save.
"""

import hashlib
import zipfile
from pathlib import Path
from typing import Literal

from engine import InputError

FileKind = Literal["workbook", "exercise", "solution", "digit", "sample"]

PART = "docProps/generated.xml"


def mark(path: Path, kind: FileKind) -> None:
    """Add the mark to a file that was just written."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(PART), _mark(archive, kind))


def refuse_to_replace(path: Path, kind: FileKind) -> None:
    """Let only a generated file of the same kind be replaced, and only if nobody changed it since.

    Raises:
        InputError: another file stands at `path`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            same = PART in archive.namelist() and archive.read(PART).decode() == _mark(archive, kind)
    except (PermissionError, ValueError, zipfile.BadZipFile):
        same = False
    except OSError:
        return  # nothing stands there, or nothing can: writing says so
    if not same:
        raise InputError(
            f"{path}: exists, and is not an unchanged {kind} made by this command; "
            "name another file, or replace it with --force (make: ARGS=--force)"
        )


def _mark(archive: zipfile.ZipFile, kind: FileKind) -> str:
    parts = [f"{part.filename} {part.CRC:08x}" for part in archive.infolist() if part.filename != PART]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f'<generated kind="{kind}" sha256="{digest}"/>'
