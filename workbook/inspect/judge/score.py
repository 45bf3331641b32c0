"""The score of a table: of the columns that it asks its author to compute, how many are right."""

from collections.abc import Collection, Sequence

from workbook.inspect.find.tables import Table
from workbook.inspect.findings import Score, Verdict
from workbook.spreadsheet.book import Book
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
