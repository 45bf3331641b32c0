"""A copy of an audited workbook with the wrong cells coloured. The one module that writes through openpyxl."""

import warnings
import zipfile
from collections import Counter
from copy import copy
from pathlib import Path
from unittest import mock

import openpyxl
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.colors import Color
from openpyxl.utils.cell import coordinate_from_string, coordinate_to_tuple
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from engine import InputError
from engine.files import replacing
from workbook.inspect.audit import FileReport
from workbook.inspect.findings import Finding
from workbook.spreadsheet.archive import check_parts, reporting
from workbook.spreadsheet.files import READERS
from workbook.spreadsheet.shapes import shape_of

ROOT_FILL = PatternFill("solid", fgColor="FFFF9999")
CONSEQUENCE_FILL = PatternFill("solid", fgColor="FFFFE699")
DARK = Color("FF000000")
LEGEND = (
    (ROOT_FILL, "wrong: the comment on the first such cell of a column says why, and what is expected"),
    (CONSEQUENCE_FILL, "right in itself, but off because of a wrong cell elsewhere"),
)
AUTHOR = "backprop workbook audit"

# What a workbook may hold besides cells, by the names of its parts.
PARTS = {
    "xl/charts/": "charts",
    "xl/media/": "pictures",
    "xl/slicers/": "slicers",
    "xl/pivotTables/": "pivot tables",
    "xl/ctrlProps/": "form controls",
    "xl/diagrams/": "diagrams",
    "xl/threadedComments/": "threaded comments",
    "customXml/": "custom data",
}


def annotate(report: FileReport, out: Path) -> list[str]:
    """Write the annotated copy; return what it could not carry over.

    Raises:
        InputError: `out` is the audited file itself or cannot be written as a workbook, or openpyxl cannot load the
            file.
    """
    source = report.file
    if source.suffix.lower() in READERS:
        raise InputError(f"{source}: a {source.suffix} file cannot be annotated; open it and save it as .xlsx")
    if out.suffix.lower() != source.suffix.lower():
        raise InputError(f"{out}: expected a file name that ends in {source.suffix.lower()}, as the audited file does")
    with reporting(out):
        if out.exists() and source.exists() and out.samefile(source):
            raise InputError("is the audited file, which is never changed; take another name")
    book, lost = _loaded(source)
    for table in report.tables:
        sheet = book[table.sheet]
        for finding in sorted(table.findings, key=lambda finding: finding.kind == "root"):
            if isinstance(sheet, Worksheet) and finding.kind != "note":
                _mark(sheet, finding)
    _add_legend(book)
    with replacing(out) as part:
        _save(book, part, source)
        lost += _missing_parts(source, part)
    return [*dict.fromkeys(lost), "stored values: Excel computes them when it opens the copy"]


def _save(book: openpyxl.Workbook, part: Path, source: Path) -> None:
    """Save; what openpyxl cannot write is the source's fault, but a disk that is full is not."""
    full: OSError | None = None
    with reporting(source):
        try:
            book.save(part)
        except OSError as error:
            full = error
    if full is not None:
        raise full


def _loaded(source: Path) -> tuple[openpyxl.Workbook, list[str]]:
    check_parts(source)
    with warnings.catch_warnings(record=True) as caught, reporting(source):
        warnings.simplefilter("always")
        try:
            with mock.patch("openpyxl.worksheet._reader.Translator", _Filled):
                book = openpyxl.load_workbook(source, keep_vba=source.suffix.lower() == ".xlsm")
        except (
            InvalidFileException, TypeError, AttributeError, IndexError, AssertionError, RecursionError,
        ) as error:  # fmt: skip
            raise InputError(f"openpyxl cannot load it to annotate a copy: {error}") from None
    return book, [_lost(str(warning.message)) for warning in caught]


class _Filled:
    """Fills a shared formula into other cells, in openpyxl's place, whose tokenizer refuses what it cannot read."""

    def __init__(self, formula: str, origin: str) -> None:
        self.formula, (self.row, self.column) = formula.removeprefix("="), coordinate_to_tuple(origin)

    def translate_formula(self, cell: str) -> str:
        """The formula as it stands in another cell."""
        row, column = coordinate_to_tuple(cell)
        return "=" + shape_of(self.formula, self.row, column - self.column).text(row)


def _lost(message: str) -> str:
    if "Sparkline" in message:
        return "sparklines"
    return message.removesuffix(" and will be removed")


def _mark(sheet: Worksheet, finding: Finding) -> None:
    letters, _ = coordinate_from_string(finding.cell)
    fill = ROOT_FILL if finding.kind == "root" else CONSEQUENCE_FILL
    for row in finding.at:
        cell = sheet[f"{letters}{row}"]
        font = copy(cell.font)
        font.color = DARK  # white letters, as E_tot's, cannot be read on these pale colours
        cell.fill, cell.font = fill, font
    first = sheet[finding.cell]
    if finding.kind == "root" and not isinstance(first, MergedCell):
        words = f"{finding.column}: {finding.cause}"
        if finding.expected is not None:
            words += f"\nexpected: {finding.expected}"
        before = f"{first.comment.text}\n\n" if first.comment else ""
        first.comment = Comment(before + words, AUTHOR, height=160, width=360)


def _add_legend(book: openpyxl.Workbook) -> None:
    """Say what the colours mean on a sheet of its own, the last one."""
    sheet = book.create_sheet("audit")
    sheet["A1"] = "The colours of this copy"
    sheet["A1"].font = Font(bold=True)
    for row, (fill, meaning) in enumerate(LEGEND, start=2):
        sheet[f"A{row}"].fill = fill
        sheet[f"B{row}"] = meaning


def _missing_parts(source: Path, copy: Path) -> list[str]:
    before, after = _kinds(source), _kinds(copy)
    return [kind for kind, number in before.items() if after[kind] < number]


def _kinds(path: Path) -> Counter[str]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    kinds = (kind for name in names for start, kind in PARTS.items() if name.startswith(start) and "_rels" not in name)
    return Counter(kinds)
