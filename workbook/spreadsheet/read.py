"""Anybody's .xlsx file as plain sheets of values and formulas.

The XML is read here, cell by cell, and not through openpyxl: one pass yields formulas and cached values together, and a
formula that was filled down a column is kept once.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path

from engine import InputError
from workbook.spreadsheet.archive import Archive, Handler, checked, reporting
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.letters import coordinates_of
from workbook.spreadsheet.limits import LONGEST_TEXT
from workbook.spreadsheet.structured import ExcelTable
from workbook.spreadsheet.worksheet import Worksheet

# What an .xlsx says of a table's rows that are no data, and what it means by saying nothing.
ROWS_BESIDE = {"headerRowCount": 1, "totalsRowCount": 0}


def read(path: Path) -> Book:
    """Read every worksheet of an .xlsx or .xlsm file.

    Raises:
        InputError: the file cannot be opened, is something else, is damaged, or is larger than LIMITS.
    """
    with reporting(path), zipfile.ZipFile(checked(path)) as file:
        return _book(file, path)


def _book(file: zipfile.ZipFile, path: Path) -> Book:
    _check_kind(file)
    archive, workbook = Archive(file), _WorkbookPart()
    archive.parse("xl/workbook.xml", workbook)
    targets = _relationships(archive, "xl/workbook.xml")
    strings = _SharedStrings()
    for kind, target in targets.values():
        if kind == "sharedStrings":
            archive.parse(target, strings)
    parts = [(Sheet(name, state), targets.get(relation, ("", ""))) for name, state, relation in workbook.sheets]
    # A chart sheet holds no cells.
    worksheets = [(sheet, part) for sheet, (kind, part) in parts if kind == "worksheet"]
    tables = {name: table for sheet, part in worksheets for name, table in _tables(archive, sheet.name, part)}
    for sheet, part in worksheets:
        archive.parse(part, Worksheet(sheet, archive, strings.found, tables))
    scopes: dict[str | None, str | None] = {
        None: None,
        **{str(index): name for index, (name, _, _) in enumerate(workbook.sheets)},
    }
    names = {(name, scopes[scope]): text for (name, scope), text in workbook.names.items() if scope in scopes}
    return Book(path, [sheet for sheet, _ in worksheets], names)


def _relationships(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """The parts that a part refers to: id to (kind, name of the part)."""
    relationships = _Relationships(posixpath.dirname(part))
    archive.parse(_list_of(part), relationships)
    return relationships.found


def _list_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return f"{folder}/_rels/{name}.rels"


def _tables(archive: Archive, sheet: str, part: str) -> Iterator[tuple[str, ExcelTable]]:
    """The tables on a worksheet by their names in lower case."""
    refers = _list_of(part) in archive.file.namelist()
    for kind, target in _relationships(archive, part).values() if refers else ():
        if kind == "table":
            found = _TablePart()
            archive.parse(target, found)
            yield found.name, found.table(sheet)


def _check_kind(file: zipfile.ZipFile) -> None:
    parts = set(file.namelist())
    if "xl/workbook.xml" in parts:
        return
    if "mimetype" in parts:
        kind = file.open("mimetype").read(100).decode("ascii", "replace")
        if "opendocument" in kind:
            raise InputError("an OpenDocument file (.ods); open it and save it as .xlsx")
    if "xl/workbook.bin" in parts:
        raise InputError("a binary workbook (.xlsb); open it and save it as .xlsx")
    raise InputError("not an Excel workbook: the archive holds no xl/workbook.xml")


class _WorkbookPart(Handler):
    """The sheets as (name, state, relation), and the defined names by (name, number of their sheet or None)."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, str]] = []
        self.names: dict[tuple[str, str | None], str] = {}
        self._name: tuple[str, str | None] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            self.sheets.append((attributes.get("name", ""), attributes.get("state", "visible"), relation))
        elif name == "definedName":
            self._name = (attributes.get("name", "").casefold(), attributes.get("localSheetId"))
            self.names[self._name] = ""

    def end(self, name: str) -> None:  # noqa: ARG002 - a handler's signature
        self._name = None

    def text(self, text: str) -> None:
        if self._name is not None:
            self.names[self._name] += text[:LONGEST_TEXT]


class _Relationships(Handler):
    """The parts that a part in a folder refers to: id to (kind, name of the part)."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{self.folder}/{target}")
            self.found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], part)


class _TablePart(Handler):
    """A table's name, cells and columns."""

    def __init__(self) -> None:
        self.name = ""
        self.attributes: dict[str, str] = {}
        self.columns: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            self.name, self.attributes = attributes.get("displayName", "").casefold(), attributes
        elif name == "tableColumn":
            self.columns.append(attributes.get("name", ""))

    def table(self, sheet: str) -> ExcelTable:
        """The table, on its sheet."""
        first, _, last = self.attributes["ref"].partition(":")
        (top, left), (bottom, _) = coordinates_of(first), coordinates_of(last or first)
        headers, totals = (int(self.attributes.get(kind, default)) for kind, default in ROWS_BESIDE.items())
        return ExcelTable(sheet, top, left, bottom, tuple(self.columns), headers, totals)


class _SharedStrings(Handler):
    """The texts that cells refer to by number, without their phonetic readings."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._inside = False
        self._phonetic = False

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002 - a handler's signature
        if name == "si":
            self.found.append("")
        self._phonetic = self._phonetic or name == "rPh"
        self._inside = name == "t" and bool(self.found) and not self._phonetic

    def end(self, name: str) -> None:
        self._inside = False
        if name == "rPh":
            self._phonetic = False

    def text(self, text: str) -> None:
        if self._inside:
            self.found[-1] = (self.found[-1] + text)[:LONGEST_TEXT]
