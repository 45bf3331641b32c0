"""Recalculating a workbook whose stored values are missing or stale, with IronCalc, in a process of its own."""

import math
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from workbook.spreadsheet.book import Book, ErrorValue, Sheet, Value

# A workbook that takes longer is hostile, or too large to be worth it: 100,000 rows take about half a minute.
LONGEST_SECONDS = 120

# What it shows for what it does not understand, where a spreadsheet program may well have a value.
NO_ANSWERS = {"#NAME?", "#N/IMPL!", "#ERROR!"}


class _NotRecalculatedError(Exception):
    """IronCalc gave up; the message says how."""


def recalculated(book: Book, stale: int) -> tuple[Book, str]:
    """The workbook with IronCalc's values for the cached ones, where it has any; what to tell the reader."""
    what = (
        "1 stored value is missing or not what its formula gives"
        if stale == 1
        else f"{stale} stored values are missing or not what their formulas give"
    )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "values.npz"
        try:
            _by_ironcalc(book.path, out)
            new, refused = _with_values(book, out)
        except _NotRecalculatedError as error:
            return book, f"{what}, and IronCalc {error}: judged by the formulas, and by the values as far as they go"
    return new, f"{what}: recalculated with IronCalc" + (
        f", but for {refused} cell{'s' * (refused > 1)}" if refused else ""
    )


def _by_ironcalc(path: Path, out: Path) -> None:
    """Write every cell's value to `out`: in a process of its own, since IronCalc may run for ever on a broken file,
    panic, or take the interpreter down.
    """
    command = [sys.executable, "-m", "workbook.spreadsheet.recalculate", str(path.resolve()), str(out)]
    try:
        # What it prints is a line for each cell that it takes exception to.
        subprocess.run(  # noqa: S603 - the project's own module
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LONGEST_SECONDS, check=True,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _NotRecalculatedError(f"did not finish within {LONGEST_SECONDS} seconds") from None
    except (subprocess.SubprocessError, OSError):
        raise _NotRecalculatedError("could not recalculate the file") from None


def _with_values(book: Book, out: Path) -> tuple[Book, int]:
    """The workbook with other values in its formulas' cells; how many are still without one."""
    with np.load(out) as arrays:
        names, addresses, numbers = arrays["names"], arrays["addresses"], arrays["numbers"]
        errors = dict(zip(arrays["error_indices"].tolist(), arrays["errors"].tolist(), strict=True))
    new = replace(book, sheets=[replace(sheet, values=_copied_columns(sheet)) for sheet in book.sheets])
    sheets = [new.sheet(name) for name in names.tolist()]
    filled = [set() if sheet is None else sheet.filled_by_arrays() for sheet in sheets]
    refused = 0
    for at, (address, value) in enumerate(zip(addresses, numbers.tolist(), strict=True)):
        number, row, column = address.tolist()
        sheet = sheets[number]
        if sheet is None or (sheet.shape(row, column) is None and (row, column) not in filled[number]):
            continue
        cells = sheet.values.setdefault(column, {})
        if math.isfinite(value):
            cells[row] = value
        elif at in errors and row not in cells:
            if errors[at] in NO_ANSWERS:
                refused += 1
            else:
                cells[row] = ErrorValue(errors[at])
    return new, refused


def _copied_columns(sheet: Sheet) -> dict[int, dict[int, Value]]:
    """The values, in which those columns are copies that hold a formula's value."""
    computed = sheet.shapes.keys() | {column for _, column in sheet.filled_by_arrays()}
    return {column: dict(cells) if column in computed else cells for column, cells in sheet.values.items()}


def _dump(path: str, out: str) -> None:
    import ironcalc  # in the process of its own alone

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.xlsx"
        try:
            model = ironcalc.load_from_xlsx(_copied(path, copy, relations=True), "en", "UTC", "en")
        except ironcalc.WorkbookError:
            # It gives up on relations that it does not know, such as openpyxl's comments: none bears on a value.
            model = ironcalc.load_from_xlsx(_copied(path, copy, relations=False), "en", "UTC", "en")
    model.evaluate()
    addresses = model.get_all_cells()
    values = [model.get_cell_value(*address) for address in addresses]
    errors = {at: value for at, value in enumerate(values) if isinstance(value, str) and value.startswith("#")}
    np.savez(
        out,
        names=np.array([properties["name"] for properties in model.get_worksheets_properties()]),
        addresses=np.array(addresses, dtype=np.int32).reshape(-1, 3),
        numbers=np.array(
            [v if isinstance(v, int | float) and not isinstance(v, bool) else np.nan for v in values], dtype=float
        ),
        error_indices=np.array(list(errors), dtype=np.int64),
        errors=np.array(list(errors.values()), dtype="U20"),
    )


def _copied(path: str, copy: Path, *, relations: bool) -> str:
    """A copy in which each formula has an element for its value, at least an empty one: else IronCalc takes four times
    as long.
    """
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name in source.namelist():
            if relations or not name.startswith("xl/worksheets/_rels/"):
                target.writestr(name, source.read(name).replace(b"</f></c>", b"</f><v></v></c>"))
    return str(copy)


if __name__ == "__main__":
    _dump(*sys.argv[1:])
