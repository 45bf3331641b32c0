"""Tables as other people lay them out, and the slips that they make, built by code."""

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import ironcalc
import xlsxwriter
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.cell import coordinate_from_string

from engine import Columns
from workbook.inspect.audit import FileReport, audit
from workbook.inspect.findings import Finding
from workbook.table.definitions import definitions
from workbook.write_cells import RowWorksheet

FIRST = {
    "t1": 0.01, "t2": 0.99, "i1": 0.05, "i2": 0.1,
    "w1": 0.15, "w2": 0.2, "w3": 0.25, "w4": 0.3, "w5": 0.4, "w6": 0.45, "w7": 0.5, "w8": 0.55,
}  # fmt: skip
OURS = Columns.plain((2, 2, 2)).names
ROWS = 12
# A column's name in a formula over names.
NAME = re.compile(r"∂[A-Za-z_]+\d*/∂[A-Za-z_]+\d*|[A-Za-z_]+\d*")

Content = float | str | bool | None
Cells = dict[tuple[int, int], Content]


@dataclass
class HandMade:
    """A 2-2-2 table with live formulas, anywhere on a sheet.

    Attributes:
        order: our names from left to right; anything else is an extra column with that header, None an empty one.
        headers: what is written above our names, where that is not our name.
        top: the row of the headers; left: the column of the first one.
        eta: where the learning rate stands; label: what is written left of it.
        formulas: each column's formula over names, where that is not ours.
    """

    order: Sequence[str | None] = OURS
    headers: Mapping[str, str] = field(default_factory=dict)
    top: int = 4
    left: int = 1
    rows: int = ROWS
    eta: str = "$H$1"
    rate: float = 0.5
    label: str | None = "eta"
    first: Mapping[str, float] = field(default_factory=lambda: dict(FIRST))
    formulas: Mapping[str, str] = field(default_factory=dict)
    cells: Cells = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fill the cells."""
        letter, row = coordinate_from_string(self.eta.replace("$", ""))
        column = column_index_from_string(letter)
        self.cells[row, column] = self.rate
        if self.label is not None:
            self.cells[row, column - 1] = self.label
        for place, name in enumerate(self.order):
            if name is not None:
                self.cells[self.top, self.left + place] = self.headers.get(name, name)
        for name in self.names:
            for step in range(self.rows):
                self.put(name, step, self.first[name] if step == 0 and name in self.first else self.text(name))

    @property
    def names(self) -> list[str]:
        """Our columns."""
        return [name for name in self.order if name in OURS]

    def text(self, name: str) -> str:
        """A column's right formula over names."""
        return self.formulas.get(name) or ours(name)

    def cell(self, name: str, step: int) -> str:
        """The address of a name's cell in a step, from 0."""
        return f"{get_column_letter(self.left + list(self.order).index(name))}{self.top + 1 + step}"

    def put(self, name: str, step: int, content: Content) -> None:
        """Put a number, or a formula over names, into a cell."""
        if isinstance(content, str):
            content = "=" + self.over_cells(content, step - above(name), step)
        self.cells[self.top + 1 + step, self.left + list(self.order).index(name)] = content

    def over_cells(self, text: str, step: int, own: int) -> str:
        """A formula over names as one over cells; `name@` stands for the cell of the row itself."""
        text = text.replace("@@", "")

        def place(found: str) -> str:
            if found == "eta":
                return self.eta
            return self.cell(found, step) if found in self.order else found

        parts = text.split("@")
        return "".join(NAME.sub(lambda match: place(match[0]), part) for part in parts) if own is not None else ""

    def plant(self, name: str, old: str, new: str, steps: Sequence[int] | None = None) -> "HandMade":
        """Replace part of a column's formula over names, in all computed rows or some."""
        text = self.text(name)
        assert old in text, f"{name} = {text} holds no {old}"
        given = 1 if name in FIRST else 0
        for step in range(given, self.rows) if steps is None else steps:
            self.put(name, step, text.replace(old, new))
        return self

    def edit(self, name: str, change: Callable[[str, int], str], steps: Sequence[int] | None = None) -> "HandMade":
        """Change the text of a column's formulas over cells; `change` gets the text and the row of the sheet."""
        given = 1 if name in FIRST else 0
        column = self.left + list(self.order).index(name)
        for step in range(given, self.rows) if steps is None else steps:
            row = self.top + 1 + step
            before = self.cells[row, column]
            after = change(str(before), row)
            assert after != before, f"nothing changed in {before}"
            self.cells[row, column] = after
        return self


@cache
def ours(name: str) -> str:
    """A column's formula over names, as one types it: without the guard against overflow."""
    columns = Columns.plain((2, 2, 2))
    text = definitions(columns)[name].text(columns)
    return text.replace("MIN(709,-", "-").replace("))", ")") if "MIN" in text else text


def above(name: str) -> int:
    """How far above its own row a formula's names stand."""
    return int(definitions(Columns.plain((2, 2, 2)))[name].typed_in > 0)


def save(
    path: Path,
    *sheets: Cells,
    caches: bool = True,
    states: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    respelled: Cells | None = None,
) -> Path:
    """Write sheets of cells and defined names, with the values that IronCalc computes as caches, or with none.

    `respelled` are cells of the first sheet that are written otherwise than IronCalc, which knows no comma, got them.
    """
    values = {} if not caches else _values(path.with_suffix(".uncached.xlsx"), sheets, names or {})
    first, *others = sheets
    _write(path, [{**first, **(respelled or {})}, *others], values, states, names or {})
    if not caches:
        _without_caches(path)
    return path


def _write(
    path: Path, sheets: Sequence[Cells], values: Mapping[tuple[int, int, int], object], states: Sequence[str],
    names: Mapping[str, str],
) -> None:  # fmt: skip
    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        for number, cells in enumerate(sheets):
            sheet = book.add_worksheet(f"Sheet {number + 1}", worksheet_class=RowWorksheet)
            if number < len(states):
                getattr(sheet, states[number])()
            for (row, column), content in cells.items():
                if isinstance(content, str) and content.startswith("="):
                    sheet.write_formula(row - 1, column - 1, content, None, values.get((number, row, column), 0))
                elif content is not None:
                    sheet.write(row - 1, column - 1, content)
        for name, cell in names.items():
            book.define_name(name, f"={cell}")


def _values(path: Path, sheets: Sequence[Cells], names: Mapping[str, str]) -> dict[tuple[int, int, int], object]:
    _write(path, sheets, {}, (), names)
    model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
    path.unlink()
    model.evaluate()
    return {(s, row, column): model.get_cell_value(s, row, column) for s, row, column in model.get_all_cells()}


def _without_caches(path: Path) -> None:
    import openpyxl

    openpyxl.load_workbook(path).save(path)


def values_of(cells: Cells, folder: Path) -> list[list[object]]:
    """A sheet's rows of values, as IronCalc computes them, for formats that we do not write formulas in."""
    values = _values(folder / "values.xlsx", [cells], {})
    last_row, last_column = (max(place) for place in zip(*cells, strict=True))
    return [[values.get((0, row, column)) for column in range(1, last_column + 1)] for row in range(1, last_row + 1)]


def ods(path: Path, table: str, manifest: str = "") -> Path:
    """An OpenDocument file of one sheet with these rows of XML."""
    spaces = " ".join(f'xmlns:{name}="urn:{name}"' for name in ("office", "table", "text", "calcext"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr(
            "content.xml", f'<office:body {spaces}><table:table table:name="T">{table}</table:table></office:body>'
        )
    return path


def audited(tmp_path: Path, *made: HandMade, caches: bool = True) -> FileReport:
    """The audit of a file with one table a sheet."""
    return audit(save(tmp_path / "theirs.xlsx", *(table.cells for table in made), caches=caches))


def roots(report: FileReport) -> list[tuple[str, str]]:
    """The column and first cell of every fault."""
    return [(finding.column, finding.cell) for finding in report.roots]


def only_root(report: FileReport) -> Finding:
    """The one fault; asserts that there is no other."""
    assert report.error is None
    assert len(report.roots) == 1, [f"{f.column} {f.cell}: {f.cause}" for f in report.roots]
    return report.roots[0]
