"""The XML parts of an .xlsx or .ods file, read within limits.

Whatever a hostile file claims, memory and time stay bounded, and whatever a damaged one provokes is one line about it.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.parsers import expat

from engine import InputError
from workbook.spreadsheet.limits import (
    BEST_COMPRESSION,
    COLUMNS_OF_EXCEL,
    LIMITS,
    MOST_BYTES,
    MOST_CELLS,
    MOST_ELEMENTS,
    ROWS_OF_EXCEL,
    SMALL_PART,
)

CHUNK = 1 << 20


def check_parts(path: Path) -> None:
    """Look through every XML part of a file, for openpyxl's sake: it sets no limits.

    Raises:
        InputError: as for `read`.
    """
    with reporting(path), zipfile.ZipFile(path) as archive:
        reader = Archive(archive)
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


def checked(path: Path) -> Path:
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


class Archive:
    """Reads the parts of one archive and counts what that costs."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self.file = file
        self.bytes = self.elements = self.cells = 0

    def parse(self, part: str, handler: "Handler") -> None:
        """Feed one XML part to a handler, within the limits."""
        info = self.file.getinfo(part)
        most = max(SMALL_PART, BEST_COMPRESSION * info.compress_size)
        parser = expat.ParserCreate()
        parser.buffer_text = True
        start, end, local = handler.start, handler.end, _LocalNames()
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = lambda name, attributes: start(local[name], attributes)
        parser.EndElementHandler = lambda name: end(local[name])
        parser.CharacterDataHandler = handler.text
        read = 0
        with self.file.open(info) as stream:
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

    def count_cells(self, number: int) -> None:
        self.cells += number
        if self.cells > MOST_CELLS:
            raise InputError(f"more cells than the audit takes: {LIMITS}")


def check_on_sheet(row: int, column: int) -> None:
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
