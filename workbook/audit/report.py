"""The audit for people and for machines: the terminal, one line for each file, JSON, CSV."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.files import replacing
from workbook.audit.findings import Finding, TableReport
from workbook.audit.stages import FileReport

VERDICT_STYLES = {"right": "bold green", "wrong": "bold red", "incomplete": "bold yellow"}
CSV_COLUMNS = (
    "file",
    "verdict",
    "tables",
    "rows",
    "faults",
    "column",
    "cell",
    "cause",
    "last loss",
    "right loss",
    "error",
)


def show(report: FileReport, console: Console) -> None:
    """Print the full report of one file."""
    console.print(Text(plain(str(report.file)), style="bold"))
    for table in report.tables:
        console.print()
        for part in _table(table):
            # A formula stays on one line, however long, to be copied whole.
            console.print(part, soft_wrap=isinstance(part, _Pasteable))


def show_line(report: FileReport, console: Console) -> None:
    """Print one line about one file of many."""
    line = Text(plain(str(report.file)) + "  ")
    if report.error is not None:
        line.append("not judged", style="bold yellow")
        line.append(f"  {plain(without_file(report))}")
    else:
        verdict = report.verdict or "incomplete"
        line.append(verdict, style=VERDICT_STYLES[verdict])
        if report.roots:
            first = report.roots[0]
            line.append(
                f"  {count(len(report.roots), 'fault')}, first in {first.cell} ({first.column}): {plain(first.cause)}"
            )
    console.print(line, soft_wrap=True)


def as_json(report: FileReport) -> str:
    """One file's report as one line of JSON."""
    document: dict[str, Any] = {"file": str(report.file), "tables": [_json_table(table) for table in report.tables]}
    if report.error is not None:
        document["error"] = report.error
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace").decode()


def write_csv(reports: Iterable[FileReport], path: Path) -> None:
    """Write one line for each file, as Excel opens it.

    Raises:
        InputError: the file cannot be written.
    """
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8-sig", errors="replace") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        for report in reports:
            writer.writerow([_harmless(value) for value in _csv_row(report)])


def plain(text: str) -> str:
    """A text from a file without the control characters that would move the terminal's cursor."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _csv_row(report: FileReport) -> list[Any]:
    first = report.roots[0] if report.roots else None
    cost = next((table.cost for table in report.tables if table.cost), None)
    return [
        report.file, "not judged" if report.error else report.verdict,
        len(report.tables), sum(table.rows for table in report.tables), len(report.roots),
        first.column if first else "", first.cell if first else "", first.cause if first else "",
        cost.loss if cost else "", cost.right_loss if cost else "", without_file(report) if report.error else "",
    ]  # fmt: skip


def _harmless(value: Any) -> Any:
    """A value that a spreadsheet program does not take for a formula."""
    text = plain(str(value))
    if isinstance(value, int | float):
        return value
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def without_file(report: FileReport) -> str:
    return (report.error or "").removeprefix(f"{report.file}: ")


def _json_table(table: TableReport) -> dict[str, Any]:
    return {
        "sheet": table.sheet,
        "header_row": table.header_row,
        "rows": table.rows,
        "verdict": table.verdict,
        "learning_rate": table.learning_rate,
        "findings": [_json_finding(finding) for finding in table.findings],
    }


def _json_finding(finding: Finding) -> dict[str, Any]:
    keys = ("kind", "column", "cell", "rows", "formula", "expected", "cause", "deviation")
    return {key: getattr(finding, key) for key in keys}


def _table(table: TableReport) -> list[RenderableType]:
    rate = "not found" if table.learning_rate is None else f"{table.learning_rate:g}"
    if table.rate_text is not None and table.rate_text.startswith(("$", "'")):
        rate += f" in {table.rate_text.replace('$', '')}"
    title = Text.assemble((plain(table.sheet), "bold"), f"  {table.range}: {count(table.rows, 'row')}, ")
    title.append(f"{count(len(table.columns), 'column')}, learning rate {rate}  ")
    title.append(table.verdict, style=VERDICT_STYLES[table.verdict])
    parts: list[RenderableType] = [title]
    for number, root in enumerate(table.roots, start=1):
        parts += _root(number, root)
    parts += _rest(table)
    return parts


class _Pasteable(Text):
    """A line that the terminal may break on its screen, but that is one line where it is pasted."""


def _root(number: int, finding: Finding) -> list[RenderableType]:
    head = Text.assemble(
        (f"{number}. {finding.column}", "bold red"),
        f" from {finding.cell} on: " if finding.rows > 1 else f" in {finding.cell}: ",
    )
    head.append(plain(finding.cause))
    facts = [("is", plain(finding.formula or "(empty)"), ""), ("rows", extent(finding), "")]
    if finding.expected is not None:
        facts.insert(1, ("expected", finding.expected, "green"))
    lines = [_Pasteable.assemble("   ", (f"{word:<10}", "dim"), (text, style)) for word, text, style in facts]
    return [Text(), head, *lines]


def extent(finding: Finding) -> str:
    spans = _spans(finding.at)
    shown = ", ".join(spans[:4]) + (", ..." if len(spans) > 4 else "")
    if finding.deviation is None:
        far = ""
    elif finding.deviation == 0:
        far = "; it does not show in these numbers"
    else:
        far = f"; off by up to {_share(finding.deviation)}"
    return f"{finding.rows} ({shown}){far}"


def _share(deviation: float) -> str:
    return f"{deviation:.2g} times the right value" if deviation >= 10 else f"{100 * deviation:.2g} %"


def _spans(rows: tuple[int, ...]) -> list[str]:
    """Rows in short: 21-100, 103."""
    spans: list[list[int]] = []
    for row in rows:
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    return [f"{first}" if first == last else f"{first}-{last}" for first, last in spans]


def _rest(table: TableReport) -> list[RenderableType]:
    parts: list[RenderableType] = []
    consequences = [finding for finding in table.findings if finding.kind == "consequence"]
    if consequences:
        first = min(finding.at[0] for finding in consequences)
        names = " ".join(finding.column for finding in consequences)
        parts.append(Padding(Text(f"Off as a consequence, from row {first} on: {names}"), (1, 0, 0, 0)))
    if table.cost is not None:
        cost = table.cost
        words = (
            f"What it costs: the last row's loss is {cost.loss:.6g}, with the right formulas {cost.right_loss:.6g}; "
            f"{cost.weight} ({cost.cell}) is furthest off: {cost.value:.6g} instead of {cost.right_value:.6g}"
        )
        parts.append(Text(words))
    notes = [finding for finding in table.findings if finding.kind == "note"]
    if notes:
        parts.append(Text())
    parts += [_note(note) for note in notes]
    if table.others:
        headers = ", ".join(plain(text) for text in table.others.values())
        parts.append(Text(f"Ignored columns: {headers}", style="dim"))
    return parts


def _note(note: Finding) -> RenderableType:
    where = f"{note.column} {note.cell}: " if note.cell else ""
    many = f" ({count(note.rows, 'row')})" if note.rows > 1 else ""
    return Text(f"Note: {where}{plain(note.cause)}{many}", style="dim")


def count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
