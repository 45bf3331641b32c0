"""Real spreadsheet engines as oracles, and copies of a workbook whose caches lie."""

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path

import ironcalc
import openpyxl
import pytest
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string, get_column_letter

# A sheet's values by cell, and a workbook's by sheet.
Values = dict[str, object]
Book = dict[str, Values]

POISON = "-987654.5"
CELL = re.compile(r'<c r="([A-Z]+\d+)"([^>]*)>(.*?)</c>')
SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")

# LibreOffice believes the caches of a file unless it is told to recalculate always (0).
RECALCULATE_ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>
"""


def poisoned(path: Path, copy: Path, typed: Mapping[str, float] | None = None) -> Path:
    """A copy in which every formula's cache is wrong, and some input cells hold what a user typed.

    Cells are those of the first sheet (`G19`) or named with theirs (`explorer!B3`).
    """
    pending = {_sheet_and_cell(cell, _sheet_names(path)): number for cell, number in (typed or {}).items()}

    def poison(sheet: int, match: re.Match[str]) -> str:
        reference, attributes, content = match.groups()
        if (sheet, reference) in pending:
            content = f"<v>{pending.pop((sheet, reference))!r}</v>"
        elif "<f>" in content:
            content = re.sub("<v>.*?</v>", f"<v>{POISON}</v>", content)
        return f'<c r="{reference}"{attributes}>{content}</c>'

    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            data = source.read(item)
            if match := SHEET.fullmatch(item.filename):
                data = CELL.sub(partial(poison, int(match[1]) - 1), data.decode()).encode()
            target.writestr(item, data)
    assert not pending, f"no such cells: {pending}"
    return copy


def slipped(path: Path, copy: Path, correct: str, slip: str) -> Path:
    """A copy in which one formula of the first sheet has one slip."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            data = source.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                assert data.count(correct.encode()) == 1, f"the sheet does not hold {correct} once"
                data = data.replace(correct.encode(), slip.encode())
            target.writestr(item, data)
    return copy


def _sheet_names(path: Path) -> list[str]:
    return openpyxl.load_workbook(path, read_only=True).sheetnames


def _sheet_and_cell(reference: str, sheets: list[str]) -> tuple[int, str]:
    sheet, _, cell = reference.rpartition("!")
    return (sheets.index(sheet) if sheet else 0), cell


def by_ironcalc(path: Path, typed: Mapping[str, float | str] | None = None) -> Book:
    """Every cell after IronCalc has recalculated the file, with numbers or formulas typed into some cells."""
    names, loaded = _by_ironcalc(path, path.stat().st_mtime_ns)
    model = ironcalc.load_from_bytes(loaded, "en")
    for reference, entry in (typed or {}).items():
        sheet, cell = _sheet_and_cell(reference, names)
        column, row = coordinate_from_string(cell)
        model.set_user_input(sheet, row, column_index_from_string(column), str(entry))
    model.evaluate()
    book: Book = {name: {} for name in names}
    for sheet, row, number in model.get_all_cells():
        book[names[sheet]][f"{get_column_letter(number)}{row}"] = model.get_cell_value(sheet, row, number)
    return book


@lru_cache(maxsize=8)
def _by_ironcalc(path: Path, _changed: int) -> tuple[list[str], bytes]:
    """The names of a file's sheets, and the model that IronCalc makes of it, in its own form: five times as fast."""
    return _sheet_names(path), ironcalc.load_from_xlsx(str(path), "en", "UTC", "en").to_bytes()


def soffice() -> str:
    """LibreOffice's program. Skips the test where there is none, but fails it in CI."""
    program = shutil.which("soffice")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have LibreOffice: soffice was not found")
        pytest.skip("LibreOffice is not installed: soffice was not found")
    return program


def by_libreoffice(paths: Sequence[Path], folder: Path, sheets: Sequence[str] | None = None) -> list[Book]:
    """Every cell of each file, or of some sheets, after LibreOffice has recalculated it; see soffice."""
    user = folder / "profile" / "user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(RECALCULATE_ALWAYS)
    convert(paths, "xlsx", folder, folder / "recalculated")
    return [by_openpyxl(folder / "recalculated" / path.name, sheets) for path in paths]


def convert(paths: Sequence[Path], kind: str, folder: Path, out: Path) -> None:
    """Let LibreOffice convert files, in one start and with a profile of its own in the folder."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    options: list[str | Path] = ["--headless", "--convert-to", kind, "--outdir", out]
    subprocess.run([soffice(), profile, *options, *paths], check=True, capture_output=True, timeout=900)


def by_openpyxl(path: Path, sheets: Sequence[str] | None = None) -> Book:
    """The cached values, of all sheets unless some are named."""
    book = openpyxl.load_workbook(path, data_only=True, read_only=sheets is not None)
    return {
        name: {cell.coordinate: cell.value for row in book[name].iter_rows() for cell in row if cell.value is not None}
        for name in sheets or book.sheetnames
    }


def error_cells(book: Book) -> list[str]:
    """The cells that show #VALUE! and the like."""
    return [
        f"{sheet}!{cell}"
        for sheet, values in book.items()
        for cell, value in values.items()
        if isinstance(value, str) and value.startswith("#")
    ]
