"""The report on one table: what its judge found, what that costs, and what the reader should know besides."""

from collections.abc import Sequence
from dataclasses import replace

from workbook.inspect.explain.cost import consequences, cost, replay
from workbook.inspect.find.excerpt import excerpt_of
from workbook.inspect.find.headers import GIVEN, kind_of
from workbook.inspect.find.network import LARGEST
from workbook.inspect.find.tables import Table, Unfilled
from workbook.inspect.find.understood_case import UnderstoodCase
from workbook.inspect.find.wording import in_short
from workbook.inspect.findings import Finding, Score, TableReport
from workbook.inspect.judge.judge import Judge
from workbook.inspect.judge.score import score_of, typed_columns, verdict_of
from workbook.spreadsheet.areas import Area, bare_text
from workbook.spreadsheet.book import Sheet


def report_of(judge: Judge, notes: Sequence[str]) -> TableReport:
    """The report on a judged table.

    Args:
        notes: what is to be said of the whole file.
    """
    case, table = judge.case, judge.table
    findings = list(judge.judgement.findings)
    roots = {finding.column for finding in findings if finding.kind == "root"}
    marked = [(finding.column, finding.at) for finding in findings]
    understood = case.understood if isinstance(case, UnderstoodCase) else None
    # Only a plain network is run again; what slips in other tables lead to is not told.
    expected = replay(understood) if understood is not None and roots else None
    if understood is not None and expected is not None:
        findings += consequences(understood, expected, roots)
    lacking = case.lacking + _empty_rows(judge)
    unjudged = [note(f"{name} could not be checked: {why}", name) for name, why in judge.judgement.unjudged.items()]
    asked, typed = case.asked, typed_columns(case.book, table)
    rate, rate_text = case.rate
    told = [note(text) for text in [*lacking, *notes, *case.remarks, *_remarks(judge), *table.remarks]]
    return replace(
        _without_verdict(table),
        verdict=verdict_of(asked, typed, roots=bool(roots), incomplete=bool(lacking or unjudged or table.rows.goes_on)),
        judged=not unjudged,
        learning_rate=rate,
        rate_text=rate_text,
        score=score_of(asked, set(judge.judgement.checked) - roots - case.begun, typed),
        findings=findings + unjudged + told,
        cost=None if understood is None or expected is None else cost(understood, expected),
        excerpt=excerpt_of(table, marked, () if expected is None else expected["E_tot"].tolist()),
    )


def not_judged(table: Table) -> TableReport:
    """The report on a table that nothing fits."""
    return replace(_without_verdict(table), findings=[note(_why_not(table))], excerpt=excerpt_of(table))


def _without_verdict(table: Table) -> TableReport:
    return TableReport(
        sheet=table.sheet.name,
        header_row=table.header_row,
        range=table.range,
        rows=table.steps,
        columns=tuple(table.columns),
        others=table.others,
        verdict="incomplete",
        judged=False,
        learning_rate=None,
        rate_text=None,
    )


def report_of_unfilled(sheet: Sheet, left: Unfilled) -> TableReport:
    """The report on a table that has its headers and little more: nothing of what it asks is right."""
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
        score=Score(0, sum(kind_of(name) not in GIVEN for name in left.columns)),
        findings=[note(left.words)],
    )


def note(text: str, column: str = "") -> Finding:
    """A remark on a column, or on the whole table."""
    return Finding("note", column, "", 0, None, None, text)


def _why_not(table: Table) -> str:
    if any(kind_of(name) == "bias" for name in table.columns):
        return "the table has biases, which the audit cannot judge yet"
    return f"no network that the audit takes ({LARGEST}) has just these columns: {', '.join(table.columns)}"


def _empty_rows(judge: Judge) -> list[str]:
    rows = in_short(judge.table.at[row] for row in judge.case.empty_rows)
    return [f"nothing stands in row {', '.join(rows)}: not checked"] if rows else []


def _remarks(judge: Judge) -> list[str]:
    """What else the reader should know."""
    case, table = judge.case, judge.table
    remarks = []
    if table.sheet.state != "visible":
        remarks.append(
            "the sheet is hidden"
            + (" from Excel's own list (very hidden)" if table.sheet.state == "veryHidden" else "")
        )
    judged = set(case.asked) - case.begun
    typed = [name for name in table.typed if name in judged and len(case.given_rows(name)) < table.steps]
    if typed:
        remarks.append(f"typed numbers without formulas, judged by value: {', '.join(typed)}")
    texts = [name for name in case.names if any(isinstance(value, str) for value in table.numbers_of(name))]
    if texts:
        remarks.append(f"numbers are stored as texts: {', '.join(texts)}")
    for why in dict.fromkeys(table.rows.passed.values()):
        rows = in_short(row for row, reason in table.rows.passed.items() if reason == why)
        remarks.append(f"taken for no step of the training: row {', '.join(rows)}: {why}")
    return remarks
