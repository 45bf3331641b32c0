"""The audit of a workbook: every training table that it holds, judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine import InputError
from workbook.inspect.choice import judge_of
from workbook.inspect.find.labels import LabelledCell, find_labels
from workbook.inspect.find.tables import Table, find_tables, turned, unfilled
from workbook.inspect.findings import Finding, Score, TableReport, Verdict
from workbook.inspect.judge.judge import Judge
from workbook.inspect.table_report import not_judged, note, report_of, report_of_unfilled
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.files import VALUES_ONLY, load
from workbook.spreadsheet.limits import LIMITS, MOST_TABLES
from workbook.spreadsheet.recalculate import recalculated

LOOKED_FOR = (
    "looked on every sheet for a row of headers such as t1, i1, w1, h1, a_h1, E_tot, ∂E/∂w1 "
    "(five or more, a weight among them) with numbers below"
)
BY_VALUE = "a {} file is judged by its values alone; save it as .xlsx to have its formulas judged"


@dataclass(frozen=True)
class FileReport:
    """What the audit of one file found; `error` says why nothing could be judged."""

    file: Path
    tables: list[TableReport] = field(default_factory=list)
    error: str | None = None

    @property
    def roots(self) -> list[Finding]:
        """The faults of all tables."""
        return [root for table in self.tables for root in table.roots]

    @property
    def verdict(self) -> Verdict | None:
        """The worst of the tables' verdicts."""
        verdicts = {table.verdict for table in self.tables}
        return next((verdict for verdict in ("wrong", "incomplete", "typed", "right") if verdict in verdicts), None)

    @property
    def score(self) -> Score:
        """How many columns of all tables were checked, and how many are right."""
        return sum((table.score for table in self.tables), Score())

    @property
    def status(self) -> int:
        """0: everything that was found is right; 1: findings, or something could not be judged; 2: nothing could."""
        if self.error is not None:
            return 2
        return 1 if self.roots or not all(table.judged for table in self.tables) else 0

    @property
    def findings(self) -> list[Finding]:
        """The faults, what follows from them, and the remarks on all tables."""
        return [finding for table in self.tables for finding in table.findings]

    def __str__(self) -> str:
        """The same words as on the command line."""
        from workbook.inspect.report.audit import show
        from workbook.inspect.report.text import as_text

        return self.error or as_text(lambda console: show(self, console))

    def _repr_html_(self) -> str:
        from workbook.inspect.report.audit_page import page_of
        from workbook.page.render import framed

        return framed(page_of([self]))


def audit(path: Path, learning_rate: float | None = None) -> FileReport:
    """Audit one file; a file that cannot be judged is reported, not raised."""
    try:
        book = load(path)
        tables = _all_tables(book)
        judges = [judge_of(book, table, labels, learning_rate) for table, labels in tables]
        for number, (table, labels) in enumerate(tables):
            judge = judges[number]
            if judge is not None and (names := judge.case.look_alikes()):
                tables[number] = (table.without(names), labels)
                judges[number] = judge_of(book, *tables[number], learning_rate)
        stale = sum(judge.stale() for judge in judges if judge is not None)
        notes = [BY_VALUE.format(path.suffix)] if path.suffix.lower() in VALUES_ONLY else []
        if stale:
            book, told = recalculated(book, stale)
            notes.append(told)
            tables = [(replace(table, sheet=book.twin(table.sheet)), labels) for table, labels in tables]
            judges = [judge_of(book, table, labels, learning_rate) for table, labels in tables]
        reports = [
            not_judged(table) if judge is None else report_of(judge, notes)
            for judge, (table, _) in zip(judges, tables, strict=True)
        ]
        reports = _without_logs(judges, reports)
    except InputError as error:
        return FileReport(path, error=str(error))
    if not tables and (
        begun := [report_of_unfilled(sheet, left) for sheet in book.sheets if (left := unfilled(sheet))]
    ):
        return FileReport(path, begun)
    if not tables:
        from workbook.inspect.guess import summary  # gradcheck takes a while to load

        why = (words for sheet in book.sheets if (words := turned(sheet)) is not None)
        told = summary(book)  # of a sheet that is no table, by its own formulas
        words = next(why, f"no training table found; {LOOKED_FOR}")
        return FileReport(path, error=f"{path}: {words}{'; ' * bool(told)}{told}")
    if not any(judges):
        return FileReport(path, reports, error=f"{path}: no table could be judged: {reports[0].findings[0].cause}")
    return FileReport(path, reports)


def _without_logs(judges: Sequence[Judge | None], reports: list[TableReport]) -> list[TableReport]:
    """The reports without those of logs, such as a list of results, where there is a training beside them."""
    logs = [judge is not None and judge.is_log for judge in judges]
    kept = [report for report, log in zip(reports, logs, strict=True) if not log]
    if not kept:
        return reports
    ignored = [
        note(f"'{report.sheet}' {report.range} is no training: no row follows from the one above; it is ignored")
        for report, log in zip(reports, logs, strict=True)
        if log
    ]
    return [replace(kept[0], findings=kept[0].findings + ignored), *kept[1:]]


def _all_tables(book: Book) -> list[tuple[Table, Sequence[LabelledCell]]]:
    tables = [(table, labels) for sheet in book.sheets for table, labels in _tables(sheet)]
    if len(tables) > MOST_TABLES:
        raise InputError(f"{book.path}: {len(tables):,} training tables, more than the audit takes: {LIMITS}")
    return tables


def _tables(sheet: Sheet) -> list[tuple[Table, Sequence[LabelledCell]]]:
    tables = find_tables(sheet)
    labels = find_labels(sheet, tables) if tables else []
    return [(table, labels) for table in tables]
