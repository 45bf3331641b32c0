"""An audit as the records of a page."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from openpyxl.utils.cell import coordinate_from_string

from workbook.inspect.audit import FileReport
from workbook.inspect.find.excerpt import CellContent, Excerpt
from workbook.inspect.findings import Cost, Finding, TableReport
from workbook.inspect.report.audit import count, extent, plain, without_file
from workbook.page.records import Curve, Fault, File, Fold, Grid, GridCell, Header, Look, Mark, Note, Page, Part, Row
from workbook.spreadsheet.book import ErrorValue
from workbook.spreadsheet.letters import letters_of
from workbook.spreadsheet.shapes import shape_of

REMARK = (
    "The audit judges the training tables that it finds, each cell by the numbers of its own row. "
    "Whatever else stands in a workbook is not judged."
)
# A value typed with so many digits or fewer is shown as it is.
DIGITS = 7
# Which column and row is a root's or off as a consequence: the mark, and the root's number.
Marks = dict[tuple[str, int], tuple[Mark, int]]


def page_of(reports: Sequence[FileReport]) -> Page:
    """The page of the reports on some files."""
    what = one_line(reports[0].file.name) if len(reports) == 1 else count(len(reports), "workbook")
    return Page(f"Audit of {what}", [_file(report) for report in reports], REMARK)


def one_line(text: str) -> str:
    """A text from a file on one line, without control characters."""
    return plain(" ".join(text.split()))


def _file(report: FileReport) -> File:
    score = report.score
    return File(
        name=one_line(str(report.file)),
        verdict="not judged" if report.error is not None else report.verdict or "incomplete",
        summary=_summary(report),
        score=f"{score.right} of {score.asked} columns right" if score.asked else "none",
        share=score.right / score.asked if score.asked else -1.0,
        parts=[_part(table) for table in report.tables],
        error=one_line(without_file(report)) if report.error is not None else "",
    )


def _summary(report: FileReport) -> str:
    if report.error is not None:
        return one_line(without_file(report))
    if not report.roots:
        return "no fault found"
    first = report.roots[0]
    where = f"{first.cell} ({first.column}): " if first.cell else ""
    return f"{where}{one_line(first.cause)}"


def _part(table: TableReport) -> Part:
    rate = "not found" if table.learning_rate is None else f"{table.learning_rate:g}"
    if table.rate_text is not None and table.rate_text.startswith(("$", "'")):
        rate += f" in {one_line(table.rate_text.replace('$', ''))}"
    return Part(
        title=one_line(table.sheet),
        facts=f"{table.range}: {count(table.rows, 'row')}, {count(len(table.columns), 'column')}, learning rate {rate}",
        verdict=table.verdict,
        faults=[_fault(root) for root in table.roots],
        consequences=_consequences(table),
        grid=None if table.excerpt is None else _grid(table, table.excerpt),
        curve=None if table.excerpt is None else _curve(table.excerpt, table.cost),
        notes=[
            Note(one_line(f"{finding.column} {finding.cell}: " * bool(finding.cell) + finding.cause), finding.cell)
            for finding in table.findings
            if finding.kind == "note"
        ],
        judged=_judged(table),
    )


def _fault(root: Finding) -> Fault:
    return Fault(
        name=one_line(root.column), cell=root.cell, cause=one_line(root.cause),
        actual=one_line(root.formula or "(empty)"), expected=root.expected, rows=root.rows, extent=extent(root),
    )  # fmt: skip


def _consequences(table: TableReport) -> str:
    off = [finding for finding in table.findings if finding.kind == "consequence"]
    if not off:
        return ""
    first = min(finding.at[0] for finding in off)
    return f"from row {first} on: {', '.join(finding.column for finding in off)}"


def _judged(table: TableReport) -> str:
    whole = table.judged and table.verdict != "incomplete"
    words = "All columns of the table were judged." if whole else "Not all of the table was judged: see the notes."
    if table.others:
        headers = ", ".join(one_line(text) for text in table.others.values())
        words += f" Not judged, since their headers are none of the table's: {headers}."
    return words


def _curve(excerpt: Excerpt, cost: Cost | None) -> Curve | None:
    if not excerpt.losses:
        return None
    if cost is None:
        words = f"The loss of the last row is {excerpt.losses[-1]:.6g}."
    else:
        words = (
            f"The loss of the last row is {cost.loss:.6g}; with the right formulas it is {cost.expected_loss:.6g}. "
            f"{cost.weight} ({cost.cell}) is furthest off: {cost.value:.6g} instead of {cost.expected_value:.6g}."
        )
    return Curve(excerpt.losses, excerpt.expected_losses, words)


def _grid(table: TableReport, excerpt: Excerpt) -> Grid:
    letters = [letters_of(column) for column in excerpt.columns]
    marks = _marks(table, excerpt)
    rows: list[Row | Fold] = []
    last = table.header_row
    for number, cells in excerpt.rows.items():
        if number == table.header_row:
            continue
        if number > last + 1:
            rows.append(_fold(table, last + 1, number - 1))
        lettered = zip(letters, cells, strict=True)
        rows.append(Row(number, [_cell(table, cell, letter, number, marks) for letter, cell in lettered]))
        last = number
    headers = [
        _header(table, excerpt, column, text)
        for column, (text, _) in zip(excerpt.columns, excerpt.rows[table.header_row], strict=True)
    ]
    left_out = f"{count(excerpt.columns_left_out, 'column')} not drawn" if excerpt.columns_left_out else ""
    cells_shown = [f"{letter}{number}" for number in excerpt.rows if number > table.header_row for letter in letters]
    first = next((root.cell for root in table.roots if root.cell in cells_shown), cells_shown[0])
    return Grid(letters, rows, first, table.header_row, headers, left_out)


def _header(table: TableReport, excerpt: Excerpt, column: int, value: object) -> Header:
    ignored: Look = "ignored" if column in table.others else ""
    return Header(_text(value), "loss" if column == excerpt.loss_column else ignored)


def _marks(table: TableReport, excerpt: Excerpt) -> Marks:
    """The marks of the excerpt's cells; where two roots meet in a cell, it is the first one's."""
    found: list[tuple[Finding, tuple[Mark, int]]]
    found = [(root, ("wrong", number)) for number, root in enumerate(table.roots, start=1)]
    found += [(finding, ("off", 0)) for finding in table.findings if finding.kind == "consequence"]
    marks: Marks = {}
    for finding, mark in reversed(found):
        if finding.cell:
            letter, _ = coordinate_from_string(finding.cell)
            marks |= {(letter, row): mark for row in excerpt.rows.keys() & set(finding.at)}
    return marks


def _fold(table: TableReport, first: int, last: int) -> Fold:
    counted = []
    for kind, meaning in (("root", "wrong"), ("consequence", "off as a consequence")):
        ats = [finding.at for finding in table.findings if finding.kind == kind]
        if cells := sum(bisect_right(at, last) - bisect_left(at, first) for at in ats):
            counted.append(f"{cells:,} {meaning}")
    words = f"rows {first} to {last} are folded" if last > first else f"row {first} is folded"
    return Fold(words + (f"; of the cells in them, {' and '.join(counted)}" if counted else ""))


def _cell(table: TableReport, content: CellContent, letter: str, row: int, marks: Marks) -> GridCell:
    value, formula = content
    mark, fault = marks.get((letter, row), ("", 0))
    expected = None
    if fault and (first := table.roots[fault - 1]).expected is not None:
        # What is expected in the fault's first cell, filled down to this row.
        _, at = coordinate_from_string(first.cell)
        expected = shape_of(first.expected, at).text(row)
    text = _text(value)
    return GridCell(
        shown=f"{value:.{DIGITS}g}" if isinstance(value, float) else text, value=text,
        formula=None if formula is None else one_line(formula), is_text=isinstance(value, str),
        mark=mark, fault=fault, expected=expected,
    )  # fmt: skip


def _text(value: object) -> str:
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, ErrorValue):
        return value.text
    return "" if value is None else one_line(str(value).upper() if isinstance(value, bool) else str(value))
