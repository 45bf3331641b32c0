"""Recalculating a workbook whose stored values are missing or stale, with IronCalc, in a process of its own."""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import ironcalc

from workbook.read import Book, ErrorValue

# A workbook that takes longer is hostile, or too large to be worth it.
LONGEST_SECONDS = 120


def recalculated(book: Book, stale: int) -> str:
    """Put IronCalc's values in the place of the cached ones, where it has any; return what to tell the reader."""
    values = _by_ironcalc(book.path)
    what = f"{stale} stored values are missing or not what their formulas give"
    if values is None:
        return f"{what}, and IronCalc could not recalculate the file: judged as far as it goes"
    refused = 0
    for sheet, found in zip(book.sheets, (values.get(sheet.name, {}) for sheet in book.sheets), strict=True):
        for column, shapes in sheet.shapes.items():
            cells = sheet.values.setdefault(column, {})
            new = found.get(str(column), {})
            for row in shapes:
                value = new.get(str(row))
                if isinstance(value, int | float) and not isinstance(value, bool):
                    cells[row] = float(value)
                elif row not in cells:
                    refused += 1
                    if isinstance(value, str) and value.startswith("#"):
                        cells[row] = ErrorValue(value[:20])
    return f"{what}: recalculated with IronCalc" + (f", but for {refused} cells" if refused else "")


def _by_ironcalc(path: Path) -> dict[str, dict[str, dict[str, object]]] | None:
    """Every cell's value by sheet, column and row; None if IronCalc gives up.

    In a process of its own: on a broken file it may run for ever, panic, or take the interpreter down.
    """
    command = [sys.executable, "-m", "workbook.recalculate", str(path)]
    try:
        done = subprocess.run(  # noqa: S603 - the project's own module
            command, capture_output=True, timeout=LONGEST_SECONDS, check=True, cwd=Path(__file__).parent.parent
        )
        found: dict[str, dict[str, dict[str, object]]] = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        return None
    return found


def _dump(path: str) -> None:
    try:
        model = ironcalc.load_from_xlsx(path, "en", "UTC", "en")
    except ironcalc.WorkbookError:
        # It gives up on relations that it does not know, such as openpyxl's comments: none bears on a value.
        with tempfile.TemporaryDirectory() as folder:
            bare = _without_relations(Path(path), Path(folder) / "bare.xlsx")
            model = ironcalc.load_from_xlsx(str(bare), "en", "UTC", "en")
    model.evaluate()
    names = [properties["name"] for properties in model.get_worksheets_properties()]
    found: dict[str, dict[str, dict[str, object]]] = {name: {} for name in names}
    for sheet, row, column in model.get_all_cells():
        value = model.get_cell_value(sheet, row, column)
        found[names[sheet]].setdefault(str(column), {})[str(row)] = value
    json.dump(found, sys.stdout)


def _without_relations(path: Path, copy: Path) -> Path:
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            if not name.startswith("xl/worksheets/_rels/"):
                target.writestr(name, source.read(name))
    return copy


if __name__ == "__main__":
    _dump(sys.argv[1])
