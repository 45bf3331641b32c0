"""Which files an audit takes from what the user names."""

from collections.abc import Sequence
from pathlib import Path

from workbook.audit.read import reporting

WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"}
# Excel's own marker beside a file that is open.
LOCK = "~$"


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
