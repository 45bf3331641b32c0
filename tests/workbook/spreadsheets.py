"""Real spreadsheet engines as oracles, and copies of a workbook whose caches lie."""

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import ironcalc
import openpyxl
import pytest
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string, get_column_letter

Values = dict[str, object]

POISON = "-987654.5"
CELL = re.compile(r'<c r="([A-Z]+\d+)"([^>]*)>(.*?)</c>')
SHEET = re.compile(r"xl/worksheets/sheet\d+\.xml")

# LibreOffice believes the caches of a file unless it is told to recalculate always (0).
RECALCULATE_ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>
"""


def poisoned(path: Path, copy: Path, typed: Mapping[str, float] | None = None) -> Path:
    """A copy in which every formula's cache is a wrong number, and some input cells hold what a user typed."""
    typed = dict(typed or {})

    def poison(match: re.Match[str]) -> str:
        reference, attributes, content = match.groups()
        if reference in typed:
            content = f"<v>{typed.pop(reference)!r}</v>"
        elif "<f>" in content:
            content = re.sub("<v>.*?</v>", f"<v>{POISON}</v>", content)
        return f'<c r="{reference}"{attributes}>{content}</c>'

    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            data = source.read(item)
            if SHEET.fullmatch(item.filename):
                data = CELL.sub(poison, data.decode()).encode()
            target.writestr(item, data)
    assert not typed, f"no such cells: {typed}"
    return copy


def by_ironcalc(path: Path, typed: Mapping[str, float] | None = None) -> Values:
    """Every cell of the first sheet after IronCalc has recalculated it, with numbers typed into some cells."""
    model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
    for reference, number in (typed or {}).items():
        letter, row = coordinate_from_string(reference)
        model.set_user_input(0, row, column_index_from_string(letter), repr(number))
    model.evaluate()
    return {
        f"{get_column_letter(column)}{row}": model.get_cell_value(sheet, row, column)
        for sheet, row, column in model.get_all_cells()
        if sheet == 0
    }


def by_libreoffice(paths: Sequence[Path], folder: Path) -> list[Values]:
    """Every cell of the first sheet of each file after LibreOffice has recalculated it.

    Skips the test where there is no LibreOffice, but fails it in CI.
    """
    soffice = shutil.which("soffice")
    if soffice is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have LibreOffice: soffice was not found")
        pytest.skip("LibreOffice is not installed: soffice was not found")
    profile, out = folder / "profile", folder / "recalculated"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(RECALCULATE_ALWAYS)
    subprocess.run(
        [
            soffice,
            f"-env:UserInstallation={profile.as_uri()}",
            "--headless",
            "--convert-to",
            "xlsx",
            "--outdir",
            out,
            *paths,
        ],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return [by_openpyxl(out / path.name) for path in paths]


def by_openpyxl(path: Path) -> Values:
    """The cached values of the first sheet."""
    sheet = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    return {cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None}
