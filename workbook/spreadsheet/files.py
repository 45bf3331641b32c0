"""Which files an audit takes from what the user names, and what reads them."""

from collections.abc import Sequence
from glob import glob
from pathlib import Path

from workbook.spreadsheet.archive import reporting
from workbook.spreadsheet.book import Book
from workbook.spreadsheet.opendocument import read_opendocument
from workbook.spreadsheet.read import read
from workbook.spreadsheet.text import read_text

# Any other file is read as .xlsx.
READERS = {".csv": read_text, ".ods": read_opendocument}
# What tells values only.
VALUES_ONLY = {".csv"}
# What counts as a workbook in a folder: there, a .csv may be anything, such as the grades of the last audit.
WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"}
# Excel's own marker beside a file that is open.
LOCK = "~$"


def named(path: Path) -> list[Path]:
    """The files and folders that a name stands for: itself, or several with spaces between, or all of a pattern.

    Several names come from make as one; each may hold spaces, if it exists. Patterns come from shells that leave them.

    Raises:
        InputError: a file or folder cannot be looked up.
    """
    with reporting(path):
        words, found = str(path).split(" "), dict[str, list[Path]]()
        while words:
            starts = (" ".join(words[:count]) for count in range(len(words), 0, -1))
            name = next((name for name in starts if _matches(name)), words[0])
            found[name] = _matches(name)
            words = words[name.count(" ") + 1 :]
        # What stands for nothing is missing under the name that was given.
        if not any(found.values()):
            return [path]
        return [file for name, files in found.items() if name for file in files or [Path(name)]]


def _matches(name: str) -> list[Path]:
    """The file or folder of a name, or those of a pattern such as class/*.xlsx."""
    if name and Path(name).exists():
        return [Path(name)]
    return [Path(path) for path in sorted(glob(name))]  # noqa: PTH207 - a Path takes no pattern that begins with /


def workbooks(paths: Sequence[Path]) -> list[Path]:
    """The files that were named and, for a folder, the workbooks in it, the folders below included.

    Raises:
        InputError: a file or folder cannot be looked up.
    """
    found: dict[Path, None] = {}
    for path in paths:
        with reporting(path):
            if path.is_dir():
                inside = (file for file in path.rglob("*") if file.suffix.lower() in WORKBOOKS and file.is_file())
                found |= dict.fromkeys(sorted(file for file in inside if not file.name.startswith(LOCK)))
            else:
                found[path] = None
    return list(found)


def load(path: Path) -> Book:
    """Read a file by the ending of its name.

    Raises:
        InputError: the file cannot be read.
    """
    return READERS.get(path.suffix.lower(), read)(path)
