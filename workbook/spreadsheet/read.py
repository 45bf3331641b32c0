"""Anybody's .xlsx file as plain sheets of values and formulas.

The XML is read here, cell by cell, and not through openpyxl: one pass yields formulas and cached values together, a
formula that was filled down a column is kept once, and whatever a hostile file claims, memory and time stay bounded.
"""

import math
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from xml.parsers import expat

from engine import InputError
from workbook.spreadsheet.letters import column_of, letters_of
from workbook.spreadsheet.limits import (
    BEST_COMPRESSION,
    COLUMNS_OF_EXCEL,
    LIMITS,
    LONGEST_TEXT,
    MOST_BYTES,
    MOST_CELLS,
    MOST_ELEMENTS,
    ROWS_OF_EXCEL,
    SMALL_PART,
)
from workbook.spreadsheet.shapes import Shape, shape_of

CHUNK = 1 << 20


@dataclass(frozen=True)
class ErrorValue:
    """What an error cell shows, such as #DIV/0!."""

    text: str


Value = float | str | bool | ErrorValue


@dataclass
class Sheet:
    """The cells of a worksheet that hold something, by column and row, both from 1.

    Attributes:
        values: typed values and the cached values of formulas.
        shapes: the formulas; that of an array formula stands in its first cell.
        arrays: the last cell that an array formula fills by its first one, both (column, row).
        state: "visible", "hidden" or "veryHidden".
    """

    name: str
    state: str = "visible"
    values: dict[int, dict[int, Value]] = field(default_factory=dict)
    shapes: dict[int, dict[int, Shape]] = field(default_factory=dict)
    arrays: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def value(self, column: int, row: int) -> Value | None:
        """A cell's value; None for an empty cell or a formula without a cached value."""
        return self.values.get(column, {}).get(row)

    def shape(self, column: int, row: int) -> Shape | None:
        """A cell's formula."""
        return self.shapes.get(column, {}).get(row)

    def holds(self, column: int, row: int) -> bool:
        """Whether a cell holds something."""
        return self.value(column, row) is not None or self.shape(column, row) is not None

    @cached_property
    def used(self) -> tuple[int, int]:
        """The last row and column that hold a value."""
        return max((max(rows) for rows in self.values.values() if rows), default=1), max(self.values, default=1)

    def filled_by_arrays(self) -> set[tuple[int, int]]:
        """The cells, as (column, row), that array formulas fill, at most MOST_CELLS."""
        filled: set[tuple[int, int]] = set()
        for (left, top), (right, bottom) in self.arrays.items():
            if (right - left + 1) * (bottom - top + 1) + len(filled) > MOST_CELLS:
                raise InputError(f"array formulas fill more cells than the audit takes: {LIMITS}")
            filled.update((column, row) for column in range(left, right + 1) for row in range(top, bottom + 1))
        return filled


@dataclass(frozen=True)
class Book:
    """A workbook.

    Attributes:
        sheets: its worksheets in their order.
        names: what its defined names, in lower case, stand for on the one sheet that they belong to, or on all (None).
    """

    path: Path
    sheets: list[Sheet]
    names: dict[tuple[str, str | None], str]

    def twin(self, sheet: Sheet) -> Sheet:
        """The worksheet that has the name of one of another state of the same file."""
        return next(own for own in self.sheets if own.name == sheet.name)

    def sheet(self, name: str) -> Sheet | None:
        """The worksheet of a name; Excel ignores case."""
        return next((sheet for sheet in self.sheets if sheet.name.casefold() == name.casefold()), None)


def read(path: Path) -> Book:
    """Read every worksheet of an .xlsx or .xlsm file.

    Raises:
        InputError: the file cannot be opened, is something else, is damaged, or is larger than LIMITS.
    """
    with reporting(path), zipfile.ZipFile(_checked(path)) as archive:
        return Reader(archive).book(path)


def check_parts(path: Path) -> None:
    """Look through every XML part of a file, for openpyxl's sake: it sets no limits.

    Raises:
        InputError: as for `read`.
    """
    with reporting(path), zipfile.ZipFile(path) as archive:
        reader = Reader(archive)
        for name in archive.namelist():
            if name.endswith((".xml", ".rels", ".vml")):
                reader.parse(name, Handler())


@contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file provokes into one line about that file."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except expat.ExpatError as error:
        raise InputError(f"{path}: damaged: its XML breaks off or is wrong ({error})") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        LookupError,
        ValueError,
        RuntimeError,
    ) as error:
        if isinstance(error, InputError):
            raise InputError(f"{path}: {error}") from None
        raise InputError(f"{path}: damaged or not an Excel workbook: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _checked(path: Path) -> Path:
    """The path, if what stands there begins like a zip file."""
    if path.is_dir():
        raise InputError("is a directory, expected an .xlsx file")
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError("an old .xls file or one with a password; open it and save it as .xlsx without a password")
    if not start.startswith(b"PK"):
        raise InputError("not an Excel workbook: an .xlsx file is a zip archive, and this is not one")
    return path


class Reader:
    """Reads the parts of one archive and counts what that costs."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.bytes = self.elements = self.cells = 0
        self.strings: list[str] = []

    def book(self, path: Path) -> Book:
        self._check_kind()
        workbook = _WorkbookPart()
        self.parse("xl/workbook.xml", workbook)
        targets = _Relationships()
        self.parse("xl/_rels/workbook.xml.rels", targets)
        strings = _SharedStrings()
        for kind, target in targets.found.values():
            if kind == "sharedStrings":
                self.parse(target, strings)
        self.strings = strings.found
        sheets = []
        for name, state, relation in workbook.sheets:
            kind, target = targets.found.get(relation, ("", ""))
            if kind != "worksheet":
                continue  # a chart sheet holds no cells
            sheets.append(Sheet(name, state))
            self.parse(target, _Cells(sheets[-1], self))
        scopes: dict[str | None, str | None] = {
            None: None,
            **{str(place): name for place, (name, _, _) in enumerate(workbook.sheets)},
        }
        names = {(name, scopes[scope]): text for (name, scope), text in workbook.names.items() if scope in scopes}
        return Book(path, sheets, names)

    def _check_kind(self) -> None:
        parts = set(self.archive.namelist())
        if "xl/workbook.xml" in parts:
            return
        if "mimetype" in parts:
            kind = self.archive.open("mimetype").read(100).decode("ascii", "replace")
            if "opendocument" in kind:
                raise InputError("an OpenDocument file (.ods); open it and save it as .xlsx")
        if "xl/workbook.bin" in parts:
            raise InputError("a binary workbook (.xlsb); open it and save it as .xlsx")
        raise InputError("not an Excel workbook: the archive holds no xl/workbook.xml")

    def parse(self, part: str, handler: "Handler") -> None:
        """Feed one XML part to a handler, within the limits."""
        info = self.archive.getinfo(part)
        most = max(SMALL_PART, BEST_COMPRESSION * info.compress_size)
        parser = expat.ParserCreate()
        parser.buffer_text = True
        start, end, local = handler.start, handler.end, _LocalNames()
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = lambda name, attributes: start(local[name], attributes)
        parser.EndElementHandler = lambda name: end(local[name])
        parser.CharacterDataHandler = handler.text
        read = 0
        with self.archive.open(info) as stream:
            while chunk := stream.read(CHUNK):
                read += len(chunk)
                self.bytes += len(chunk)
                if read > most or self.bytes > MOST_BYTES:
                    raise InputError(f"{part} unpacks to more than the audit takes: {LIMITS}")
                self.elements += chunk.count(b"<") - chunk.count(b"</")
                if self.elements > MOST_ELEMENTS:
                    raise InputError(f"more XML elements than the audit takes: {LIMITS}")
                parser.Parse(chunk, False)  # noqa: FBT003 - expat's own signature
        parser.Parse(b"", True)  # noqa: FBT003

    def string(self, number: int) -> str:
        if not 0 <= number < len(self.strings):
            raise InputError(f"damaged: a cell refers to text {number} of {len(self.strings)}")
        return self.strings[number]

    def count_cells(self, number: int) -> None:
        self.cells += number
        if self.cells > MOST_CELLS:
            raise InputError(f"more cells than the audit takes: {LIMITS}")


def check_place(row: int, column: int) -> None:
    """Refuse a cell that no sheet has.

    Raises:
        InputError: it lies outside.
    """
    if not (1 <= row <= ROWS_OF_EXCEL and 1 <= column <= COLUMNS_OF_EXCEL):
        raise InputError(f"a cell in row {row}, column {column}: outside of any Excel sheet")


def _refuse_doctype(*_: object) -> None:
    raise InputError("its XML declares a document type or entities, which no Excel workbook does")


class _LocalNames(dict[str, str]):
    """The names of elements without their namespace prefix, each looked for once: sheets have few names, often."""

    def __missing__(self, name: str) -> str:
        self[name] = name.rpartition(":")[2]
        return self[name]


class Handler:
    """What a part's elements mean; names come without their namespace prefix."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text stands in an element."""


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
    """The parts that the workbook refers to: id to (kind, name of the part)."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            self.found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], part)


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


class _Cells(Handler):
    """The cells of a worksheet."""

    def __init__(self, sheet: Sheet, reader: Reader) -> None:
        self.sheet, self.reader = sheet, reader
        self.row = self.column = 0
        self.kind = self.formula_kind = self.inside = self.value = self.formula = ""
        self.index = self.filled_range = ""
        self.shared: dict[str, tuple[str, int, int]] = {}
        self.filled: dict[tuple[str, int], Shape] = {}
        self.letters: dict[str, int] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.inside = name
        if name == "c":
            self.kind = attributes.get("t", "n")
            self._go_to(attributes.get("r"))
            self.value = self.formula = self.formula_kind = ""
        elif name == "f":
            self.formula_kind, self.index = attributes.get("t", "normal"), attributes.get("si", "")
            self.filled_range = attributes.get("ref", "")
        elif name == "row":
            self.row = self._whole(attributes["r"], "a row's number") if "r" in attributes else self.row + 1
            self.column = 0

    def end(self, name: str) -> None:
        self.inside = ""
        if name == "c" and (self.value or self.formula_kind):
            self._keep()

    def text(self, text: str) -> None:
        if self.inside == "v" or self.inside == "t":
            self.value += text
        elif self.inside == "f":
            self.formula += text

    def _go_to(self, reference: str | None) -> None:
        if reference is None:
            self.column += 1
            return
        letters = reference.rstrip("0123456789")
        if letters not in self.letters:
            try:
                self.letters[letters] = column_of(letters)
            except ValueError:
                raise InputError(self._damaged(reference, "the address of a cell")) from None
        self.column = self.letters[letters]
        if reference != f"{letters}{self.row}":
            self.row = self._whole(reference[len(letters) :], "the row in a cell's address")

    def _keep(self) -> None:
        column, row = self.column, self.row
        check_place(row, column)
        self.reader.count_cells(1)
        if self.value:
            values = self.sheet.values.get(column)
            if values is None:
                values = self.sheet.values[column] = {}
            values[row] = self._typed(self.value)
        if self.formula_kind:
            shapes = self.sheet.shapes.get(column)
            if shapes is None:
                shapes = self.sheet.shapes[column] = {}
            shapes[row] = self._shape(shapes.get(row - 1))
            if self.formula_kind == "array":
                self.sheet.arrays[column, row] = _last_cell(self.filled_range, column, row)

    def _typed(self, text: str) -> Value:
        if self.kind == "s":
            return self.reader.string(self._whole(text, "the number of a text"))
        if self.kind == "b":
            return text == "1"
        if self.kind == "e":
            return ErrorValue(text[:20])
        if self.kind in ("str", "inlineStr", "d"):
            return text[:LONGEST_TEXT]
        try:
            number = float(text)
        except ValueError:
            raise InputError(self._damaged(text, "a number")) from None
        return number if math.isfinite(number) else ErrorValue("#NUM!")

    def _whole(self, text: str, what: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise InputError(self._damaged(text, what)) from None

    def _damaged(self, got: str, expected: str) -> str:
        cell = f"{letters_of(self.column)}{self.row}" if self.row > 0 and self.column > 0 else "the first row"
        return f"damaged: '{self.sheet.name}', at {cell}: got '{got[:40]}', expected {expected}"

    def _shape(self, above: Shape | None) -> Shape:
        """The cell's formula; the same object as the one above where that was only filled down."""
        if self.formula_kind == "shared":
            if self.formula:
                self.shared[self.index] = (self.formula, self.column, self.row)
            key = (self.index, self.column)
            if key not in self.filled:
                if self.index not in self.shared:
                    raise InputError(self._damaged(self.index, "the number of a shared formula"))
                formula, column, row = self.shared[self.index]
                self.filled[key] = shape_of(formula, row, self.column - column)
            return self.filled[key]
        if above is not None and above.text(self.row) == self.formula:
            return above
        return shape_of(self.formula, self.row)


def _last_cell(cells: str, column: int, row: int) -> tuple[int, int]:
    """The last of the cells that an array formula fills, if they begin with its own."""
    from openpyxl.utils import range_boundaries  # which takes long to load, for what few workbooks have

    left, top, right, bottom = range_boundaries(cells)
    if (left, top) != (column, row) or right is None or bottom is None:
        raise InputError(f"damaged: an array formula in row {row}, column {column} fills {cells[:40]}")
    return right, bottom
