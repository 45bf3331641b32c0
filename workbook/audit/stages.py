"""The audit of a workbook: every training table that it holds, judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from openpyxl.utils import get_column_letter

from engine import Columns, InputError
from workbook.audit.cost import consequences, cost, replay
from workbook.audit.findings import Finding, TableReport, Verdict
from workbook.audit.headers import kind_of
from workbook.audit.judge import Judge
from workbook.audit.network import LARGEST, possible_sizes
from workbook.audit.rates import Rate, find_rates
from workbook.audit.read import LIMITS, MOST_TABLES, Book, Sheet, read
from workbook.audit.recalculate import recalculated
from workbook.audit.shapes import REFERENCE
from workbook.audit.table_sheet import TableSheet
from workbook.audit.tables import Label, Table, find_labels, find_tables, unfilled
from workbook.gradcheck.guess import summary
from workbook.trees import Tree, Variable, leaves

LOOKED_FOR = (
    "looked on every sheet for a row of headers such as t1, i1, w1, h1, a_h1, E_tot, ∂E/∂w1 "
    "(five or more, a weight among them) with numbers below"
)


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
        return next((verdict for verdict in ("wrong", "incomplete", "right") if verdict in verdicts), None)

    @property
    def status(self) -> int:
        """0: everything that was found is right; 1: findings, or something could not be judged; 2: nothing could."""
        if self.error is not None:
            return 2
        return 1 if self.roots or not all(table.judged for table in self.tables) else 0


def audit(path: Path, learning_rate: float | None = None) -> FileReport:
    """Audit one file; a file that cannot be judged is reported, not raised."""
    try:
        book = read(path)
        tables = _all_tables(book)
        judges = [_judge(book, table, labels, learning_rate) for table, labels in tables]
        for number, (table, labels) in enumerate(tables):
            judge = judges[number]
            if judge is not None and (names := judge.look_alikes()):
                tables[number] = (table.without(names), labels)
                judges[number] = _judge(book, *tables[number], learning_rate)
        stale = sum(judge.stale() for judge in judges if judge is not None)
        notes = []
        if stale:
            book, note = recalculated(book, stale)
            notes.append(note)
            tables = [(replace(table, sheet=book.twin(table.sheet)), labels) for table, labels in tables]
            judges = [_judge(book, table, labels, learning_rate) for table, labels in tables]
        reports = [_report(judge, table, notes) for judge, (table, _) in zip(judges, tables, strict=True)]
    except InputError as error:
        return FileReport(path, error=str(error))
    if not tables:
        headers = next((words for sheet in book.sheets if (words := unfilled(sheet)) is not None), None)
        told = summary(book)  # of a sheet that is no table, by its own formulas
        return FileReport(
            path, error=f"{path}: {headers or f'no training table found; {LOOKED_FOR}'}{'; ' * bool(told)}{told}"
        )
    if not any(judge is not None for judge in judges):
        return FileReport(path, reports, error=f"{path}: no table could be judged: {reports[0].findings[0].cause}")
    return FileReport(path, reports)


def _all_tables(book: Book) -> list[tuple[Table, Sequence[Label]]]:
    tables = [(table, labels) for sheet in book.sheets for table, labels in _tables(sheet)]
    if len(tables) > MOST_TABLES:
        raise InputError(f"{book.path}: {len(tables):,} training tables, more than the audit takes: {LIMITS}")
    return tables


def _tables(sheet: Sheet) -> list[tuple[Table, Sequence[Label]]]:
    tables = find_tables(sheet)
    labels = find_labels(sheet, tables) if tables else []
    return [(table, labels) for table in tables]


def _judge(book: Book, table: Table, labels: Sequence[Label], learning_rate: float | None) -> Judge | None:
    """The judge of the network that fits the table best; None where none fits."""
    if any(kind_of(name) == "bias" for name in table.columns):
        return None
    judges = []
    for sizes in possible_sizes(table.columns):
        known = Columns(sizes).of("weight")
        weights = [name for name in table.columns if name in known]
        rates: list[Rate | None] = [*find_rates(book, table, labels, weights)] or [None]
        if learning_rate is not None:
            rates = [_overridden(rates[0], learning_rate)]
        judges += [Judge(TableSheet(book, table, sizes, rate, labels)) for rate in rates]
    if len(judges) < 2:
        return judges[0] if judges else None
    return min(judges, key=lambda judge: judge.judgement.faults)


def _overridden(rate: Rate | None, value: float) -> Rate:
    if rate is not None and rate.value == value:
        return rate
    note = "" if rate is None or rate.value is None else f"; the sheet has {rate.value:g}"
    return Rate(f"{value:.15g}", value, note=f"the learning rate {value:g} was given{note}")


def _report(judge: Judge | None, table: Table, notes: list[str]) -> TableReport:
    bare = TableReport(
        sheet=table.sheet.name,
        header_row=table.header_row,
        range=f"{table.cell(min(table.columns, key=lambda n: table.columns[n]), table.first_row)}:"
        f"{table.cell(max(table.columns, key=lambda n: table.columns[n]), table.last_row)}",
        rows=table.steps,
        columns=tuple(table.columns),
        others=table.others,
        verdict="incomplete",
        judged=False,
        learning_rate=None,
        rate_text=None,
    )
    if judge is None:
        return replace(bare, findings=[_note(_why_not(table))])
    findings = list(judge.judgement.findings)
    roots = {finding.column for finding in findings if finding.kind == "root"}
    right = replay(judge.sheet) if roots else None
    if right is not None:
        findings += consequences(judge.sheet, right, roots)
    missing = _missing(judge)
    unjudged = [_note(f"{name} could not be checked: {why}", name) for name, why in judge.judgement.unjudged.items()]
    incomplete = bool(missing or unjudged or table.goes_on)
    rate = judge.sheet.rate
    return replace(
        bare,
        verdict="wrong" if roots else "incomplete" if incomplete else "right",
        judged=not unjudged,
        learning_rate=None if rate is None else rate.value,
        rate_text=None if rate is None else rate.text,
        findings=findings + unjudged + [_note(note) for note in [*missing, *notes, *_remarks(judge)]],
        cost=None if right is None else cost(judge.sheet, right),
    )


def _note(text: str, column: str = "") -> Finding:
    return Finding("note", column, "", 0, None, None, text)


def _why_not(table: Table) -> str:
    if any(kind_of(name) == "bias" for name in table.columns):
        return "the table has biases, which the audit cannot judge yet"
    return f"no network that the audit takes ({LARGEST}) has just these columns: {', '.join(table.columns)}"


def _missing(judge: Judge) -> list[str]:
    """What the table lacks: columns that no present column's check covers, or a second row to fill."""
    network = judge.sheet.network
    covered = set(network.known)
    pending = [name for name in judge.names if network.expected(name) is not None]
    while pending:
        name = pending.pop()
        rows = judge.table.steps
        for leaf in _names_in(network.definitions[name].tree) if rows > 1 or name not in network.given else []:
            if leaf in network.definitions and leaf not in covered:
                covered.add(leaf)
                pending.append(leaf)
    missing = [name for name in network.columns.names if name not in covered]
    lines = [f"no column for {', '.join(missing)}: not checked"] if missing else []
    if judge.table.steps == 1 and _is_read(judge.table, judge.table.last_row + 1):
        lines.append(f"row {judge.table.last_row + 1} is empty, but formulas read it: the update is not checked")
    return lines


def _is_read(table: Table, row: int) -> bool:
    """Whether a formula outside of the table names a cell of its columns in a row, as the marks of an exercise do."""
    columns = {get_column_letter(column) for column in table.columns.values()}
    return any(
        match[4] == str(row) and match[2].upper() in columns
        for shapes in table.sheet.shapes.values()
        for at, shape in shapes.items()
        if not table.first_row <= at <= table.last_row
        for match in REFERENCE.finditer(shape.text(at))
        if match[2]
    )


def _names_in(tree: Tree) -> list[str]:
    return [leaf.name for leaf in leaves(tree) if isinstance(leaf, Variable)]


def _remarks(judge: Judge) -> list[str]:
    """What else the reader should know."""
    table, sheet = judge.table, judge.sheet
    remarks = []
    if table.sheet.state != "visible":
        remarks.append(
            "the sheet is hidden"
            + (" from Excel's own list (very hidden)" if table.sheet.state == "veryHidden" else "")
        )
    if sheet.rate is not None and sheet.rate.note:
        remarks.append(f"learning rate: {sheet.rate.note}")
    if not sheet.one_sample:
        remarks.append(
            "targets and inputs change from row to row, as if every row were another sample: they are not judged"
        )
    typed = [
        name
        for name in judge.names
        if not any(table.sheet.shape(table.columns[name], row) for row in range(table.first_row, table.last_row + 1))
    ]
    typed = [
        name
        for name in typed
        if not (name in sheet.network.given and (table.steps == 1 or name in sheet.network.samples))
    ]
    if typed:
        remarks.append(f"typed numbers without formulas, judged by value: {', '.join(typed)}")
    if table.goes_on is not None:
        remarks.append(f"row {table.last_row + 1} is empty, but numbers go on in row {table.goes_on}: not checked")
    return remarks
