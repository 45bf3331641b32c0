"""The score of a table: of the columns that it asks its author to compute, how many are right."""

from collections.abc import Collection, Sequence

from workbook.inspect.find.headers import GIVEN, kind_of
from workbook.inspect.find.tables import Table, Unfilled
from workbook.inspect.findings import Finding, Score, TableReport, Verdict
from workbook.spreadsheet.areas import Area, bare_text
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.files import VALUES_ONLY


def score_of(asked: Collection[str], without_fault: Collection[str], typed: Collection[str]) -> Score:
    """The score.

    Args:
        asked: the columns to compute; targets, inputs and first weights are given, and so none of them.
        without_fault: the columns that were checked and hold no fault.
        typed: the columns that no formula computes, which are not right for that.
    """
    return Score(len(set(asked) & set(without_fault) - set(typed)), len(asked))


def verdict_of(asked: Collection[str], typed: Collection[str], *, roots: bool, incomplete: bool) -> Verdict:
    """The verdict; a table without a fault is typed where no formula computes most of what is asked."""
    if roots or incomplete:
        return "wrong" if roots else "incomplete"
    return "typed" if 2 * len(set(asked) & set(typed)) > len(asked) else "right"


def typed_columns(book: Book, table: Table) -> frozenset[str]:
    """The columns in which no formula stands; none of them where the file keeps values alone."""
    if book.path.suffix.lower() in VALUES_ONLY:
        return frozenset()
    filled = table.sheet.filled_by_arrays()
    return frozenset(name for name, column in table.columns.items() if not _computed(table, column, table.at, filled))


def _computed(table: Table, column: int, rows: Sequence[int], filled: Collection[tuple[int, int]]) -> bool:
    return any(table.sheet.shape(row, column) or (row, column) in filled for row in rows)


def report_of_unfilled(sheet: Sheet, left: Unfilled) -> TableReport:
    """The report on a table that has its headers and little more: nothing of what it asks is right."""
    asked = [name for name in left.columns if kind_of(name) not in GIVEN]
    columns = left.columns.values()
    return TableReport(
        sheet=sheet.name,
        header_row=left.row,
        range=bare_text(Area(sheet.name, left.row, min(columns), left.row, max(columns))),
        rows=0,
        columns=tuple(left.columns),
        others={},
        verdict="incomplete",
        judged=False,
        learning_rate=None,
        rate_text=None,
        score=Score(0, len(asked)),
        findings=[Finding("note", "", "", 0, None, None, left.words)],
    )
