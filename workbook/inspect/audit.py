"""The audit of a workbook: every training table that it holds, judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine import Columns, InputError
from workbook.inspect.explain import causes
from workbook.inspect.explain.cost import consequences, cost, replay
from workbook.inspect.explain.definitions import cause_by_definition
from workbook.inspect.find.drawing import draw
from workbook.inspect.find.headers import kind_of
from workbook.inspect.find.labels import Label, find_labels
from workbook.inspect.find.network import LARGEST, NEGATIVE_RATE, NO_HALF, possible_sizes
from workbook.inspect.find.rates import Rate, find_rates
from workbook.inspect.find.tables import Table, find_tables, turned, unfilled
from workbook.inspect.find.understand import understand
from workbook.inspect.find.wording import in_short
from workbook.inspect.findings import Finding, Score, TableReport, Verdict
from workbook.inspect.judge.by_definition import judged_by_definition
from workbook.inspect.judge.judge import Judge
from workbook.inspect.judge.score import GIVEN, report_of_unfilled, score_of, typed_columns, verdict_of
from workbook.spreadsheet.book import Book, Sheet
from workbook.spreadsheet.files import VALUES_ONLY, load
from workbook.spreadsheet.letters import letters_of
from workbook.spreadsheet.limits import LIMITS, MOST_TABLES
from workbook.spreadsheet.recalculate import recalculated
from workbook.spreadsheet.shapes import REFERENCE
from workbook.spreadsheet.trees import Tree, Variable, leaves

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
        ours, judges = _all_judged(book, tables, learning_rate)
        for number, (table, labels) in enumerate(tables):
            judge = judges[number]
            if judge is not None and (names := judge.look_alikes()):
                tables[number] = (table.without(names), labels)
                judges[number] = _judge(book, *tables[number], learning_rate)
        stale = sum(judge.stale() for judge in judges if judge is not None)
        notes = [BY_VALUE.format(path.suffix)] if path.suffix.lower() in VALUES_ONLY else []
        if stale:
            book, note = recalculated(book, stale)
            notes.append(note)
            tables = [(replace(table, sheet=book.twin(table.sheet)), labels) for table, labels in tables]
            ours, judges = _all_judged(book, tables, learning_rate)
        reports = [
            own or _report(book, judge, table, notes)
            for own, judge, (table, _) in zip(ours, judges, tables, strict=True)
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
    if not any(report.judged for report in reports) and not any(judges):
        return FileReport(path, reports, error=f"{path}: no table could be judged: {reports[0].findings[0].cause}")
    return FileReport(path, reports)


def _all_judged(
    book: Book, tables: Sequence[tuple[Table, Sequence[Label]]], learning_rate: float | None
) -> tuple[list[TableReport | None], list[Judge | None]]:
    """For each table either the report by its definitions, where the headers are ours, or its judge."""
    ours = [judged_by_definition(book, table, cause_by_definition) for table, _ in tables]
    judges = [
        None if own is not None else _judge(book, table, labels, learning_rate)
        for own, (table, labels) in zip(ours, tables, strict=True)
    ]
    return ours, judges


def _without_logs(judges: Sequence[Judge | None], reports: list[TableReport]) -> list[TableReport]:
    """The reports without those of logs, such as a list of results, where there is a training beside them."""
    logs = [judge is not None and judge.is_log for judge in judges]
    kept = [report for report, log in zip(reports, logs, strict=True) if not log]
    if not kept:
        return reports
    ignored = [
        _note(f"'{report.sheet}' {report.range} is no training: no row follows from the one above; it is ignored")
        for report, log in zip(reports, logs, strict=True)
        if log
    ]
    return [replace(kept[0], findings=kept[0].findings + ignored), *kept[1:]]


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
        known = Columns.plain(sizes).of("weight")
        weights = [name for name in table.columns if name in known]
        rates: list[Rate | None] = [*find_rates(book, table, labels, weights)] or [None]
        if learning_rate is not None:
            rates = [_overridden(rates[0], learning_rate)]
        judges += [Judge(understand(book, table, sizes, rate, labels), causes) for rate in rates]
    if not judges:
        return None
    best = judges[0] if len(judges) == 1 else min(judges, key=lambda judge: judge.judgement.faults)
    sizes, rate = best.understood.network.sizes, best.understood.rate
    variants = [NO_HALF] if best.is_doubled() else []
    variants += [NEGATIVE_RATE] if rate is not None and rate.value is not None and rate.value < 0 else []
    varied = [Judge(understand(book, table, sizes, rate, labels, variant), causes) for variant in variants]
    return min([best, *varied], key=lambda judge: judge.judgement.faults) if varied else best


def _overridden(rate: Rate | None, value: float) -> Rate:
    if rate is not None and rate.value == value:
        return rate
    note = "" if rate is None or rate.value is None else f"; the sheet has {rate.value:g}"
    return Rate(f"{value:.15g}", value, note=f"the learning rate {value:g} was given{note}")


def _report(book: Book, judge: Judge | None, table: Table, notes: list[str]) -> TableReport:
    bare = TableReport(
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
    if judge is None:
        return replace(bare, findings=[_note(_why_not(table))], drawing=draw(table))
    findings = list(judge.judgement.findings)
    roots = {finding.column for finding in findings if finding.kind == "root"}
    expected = replay(judge.understood) if roots else None
    if expected is not None:
        findings += consequences(judge.understood, expected, roots)
    missing = _missing(judge)
    unjudged = [_note(f"{name} could not be checked: {why}", name) for name, why in judge.judgement.unjudged.items()]
    incomplete = bool(missing or unjudged or table.rows.goes_on or _is_begun(table))
    asked, typed = _asked(judge), typed_columns(book, table)
    rate = judge.understood.rate
    return replace(
        bare,
        verdict=verdict_of(asked, typed, roots=bool(roots), incomplete=incomplete),
        judged=not unjudged,
        learning_rate=None if rate is None else rate.value,
        rate_text=None if rate is None else rate.text,
        score=score_of(asked, set(judge.judgement.checked) - roots, typed),
        findings=findings + unjudged + [_note(note) for note in [*missing, *notes, *_remarks(judge)]],
        cost=None if expected is None else cost(judge.understood, expected),
        drawing=draw(
            table,
            [(finding.column, finding.at) for finding in judge.judgement.findings],
            () if expected is None else expected["E_tot"].tolist(),
        ),
    )


def _is_begun(table: Table) -> bool:
    """Whether the last row holds more than the weights that the row above leads to, and not all of a step."""
    begun = (name for name in table.columns if not table.ends_early(name))
    return table.rows.partial and any(kind_of(name) not in {*GIVEN, "weight", "bias"} for name in begun)


def _note(text: str, column: str = "") -> Finding:
    return Finding("note", column, "", 0, None, None, text)


def _why_not(table: Table) -> str:
    if any(kind_of(name) == "bias" for name in table.columns):
        return "the table has biases, which the audit cannot judge yet"
    return f"no network that the audit takes ({LARGEST}) has just these columns: {', '.join(table.columns)}"


def _asked(judge: Judge) -> list[str]:
    """The columns that are to be computed: of the weights, whose first row is given, only where a second one is."""
    network, table = judge.understood.network, judge.table
    given = network.samples if table.steps > 1 or _is_read(table, table.last_row + 1) else network.given
    return [name for name in (*judge.names, *table.empty) if name not in given]


def _missing(judge: Judge) -> list[str]:
    """What the table lacks: columns that no present column's check covers, or a second row to fill."""
    network = judge.understood.network
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
    if judge.empty_rows:
        lines.append(f"nothing stands in row {', '.join(in_short(judge.empty_rows))}: not checked")
    if judge.table.steps == 1 and _is_read(judge.table, judge.table.last_row + 1):
        lines.append(f"row {judge.table.last_row + 1} is empty, but formulas read it: the update is not checked")
    return lines


def _is_read(table: Table, row: int) -> bool:
    """Whether a formula outside of the table names a cell of its columns in a row, as the marks of an exercise do."""
    columns = {letters_of(column) for column in table.columns.values()}
    return any(
        match[4] == str(row) and match[2].upper() in columns
        for shapes in table.sheet.shapes.values()
        for at, shape in shapes.items()
        if table.step(at) is None
        for match in REFERENCE.finditer(shape.text(at))
        if match[2]
    )


def _names_in(tree: Tree) -> list[str]:
    return [leaf.name for leaf in leaves(tree) if isinstance(leaf, Variable)]


def _remarks(judge: Judge) -> list[str]:
    """What else the reader should know."""
    table, understood = judge.table, judge.understood
    remarks = [understood.network.variant] if understood.network.variant else []
    if table.sheet.state != "visible":
        remarks.append(
            "the sheet is hidden"
            + (" from Excel's own list (very hidden)" if table.sheet.state == "veryHidden" else "")
        )
    if understood.rate is not None and understood.rate.note:
        remarks.append(f"learning rate: {understood.rate.note}")
    if not understood.one_sample:
        remarks.append(
            "targets and inputs change from row to row, as if every row were another sample: they are not judged"
        )
    typed = [name for name in judge.names if not any(table.sheet.shape(table.columns[name], row) for row in table.at)]
    typed = [
        name
        for name in typed
        if not (name in understood.network.given and (table.steps == 1 or name in understood.network.samples))
    ]
    if typed:
        remarks.append(f"typed numbers without formulas, judged by value: {', '.join(typed)}")
    texts = [name for name in judge.names if any(isinstance(v, str) for v in table.numbers_of(name))]
    if texts:
        remarks.append(f"numbers are stored as texts: {', '.join(texts)}")
    if table.rows.partial:
        empty = [name for name in table.columns if table.ends_early(name)]
        remarks.append(f"row {table.last_row} is only partly filled, without {', '.join(empty)}: these are not checked")
    for why in dict.fromkeys(table.rows.passed.values()):
        rows = in_short(row for row, reason in table.rows.passed.items() if reason == why)
        remarks.append(f"taken for no step of the training: row {', '.join(rows)}: {why}")
    return remarks + table.remarks
