"""The audit for people and for machines: the terminal, one line for each file, JSON, CSV."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.files import replacing
from workbook.inspect.audit import FileReport
from workbook.inspect.find.wording import in_short, stretches
from workbook.inspect.findings import Cost, Finding, Score, TableReport
from workbook.inspect.report.together import grouped, grouped_notes

# A screen or two: so many faults in full, so many more in a line each, so many notes.
MOST_SHOWN, MOST_SHORT, MOST_NOTES = 8, 10, 10
VERDICT_STYLES = {"right": "bold green", "wrong": "bold red", "incomplete": "bold yellow", "typed": "bold yellow"}
CSV_COLUMNS = (
    "file",
    "verdict",
    "tables",
    "rows",
    "columns right",
    "columns asked",
    "faults",
    "column",
    "cell",
    "cause",
    "last loss",
    "right loss",
    "error",
)


def show(report: FileReport, console: Console, *, everything: bool = False) -> None:
    """Print the report of one file: what has one cause together, and no more than fits on a screen or two."""
    console.print(Text(plain(str(report.file)), style="bold"))
    for table in report.tables:
        console.print()
        for part in _table(table, everything=everything):
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
        line.append(f"  {_score(report.score)}")
        if report.roots:
            first = report.roots[0]
            line.append(
                f"  {count(len(report.roots), 'fault')}, first in {first.cell} ({first.column}): {plain(first.cause)}"
            )
    console.print(line, soft_wrap=True)


def as_json(report: FileReport) -> str:
    """One file's report as one line of JSON."""
    document: dict[str, Any] = {"file": str(report.file)}
    if report.error is None:
        document |= {"verdict": report.verdict, "score": asdict(report.score)}
    else:
        document["error"] = report.error
    document["tables"] = [_json_table(table) for table in report.tables]
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
            writer.writerow([harmless(value) for value in _csv_row(report)])


def plain(text: str) -> str:
    """A text from a file without the control characters that would move the terminal's cursor."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _csv_row(report: FileReport) -> list[Any]:
    first = report.roots[0] if report.roots else None
    cost = next((table.cost for table in report.tables if table.cost), None)
    return [
        report.file, "not judged" if report.error else report.verdict,
        len(report.tables), sum(table.rows for table in report.tables),
        report.score.right, report.score.asked, len(report.roots),
        first.column if first else "", first.cell if first else "", first.cause if first else "",
        cost.loss if cost else "", cost.expected_loss if cost else "", without_file(report) if report.error else "",
    ]  # fmt: skip


def harmless(value: Any) -> Any:
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
        "score": asdict(table.score),
        "learning_rate": table.learning_rate,
        "findings": [_json_finding(finding) for finding in table.findings],
    }


def _json_finding(finding: Finding) -> dict[str, Any]:
    keys = ("kind", "column", "cell", "rows", "formula", "expected", "cause", "deviation")
    return {**{key: getattr(finding, key) for key in keys}, "at": stretches(finding.at)}


def _table(table: TableReport, *, everything: bool) -> list[RenderableType]:
    rate = "not found" if table.learning_rate is None else f"{table.learning_rate:g}"
    if table.rate_text is not None and table.rate_text.startswith(("$", "'")):
        rate += f" in {table.rate_text.replace('$', '')}"
    title = Text.assemble((plain(table.sheet), "bold"), f"  {table.range}: {count(table.rows, 'row')}, ")
    title.append(f"{count(len(table.columns), 'column')}, learning rate {rate}  ")
    title.append(table.verdict, style=VERDICT_STYLES[table.verdict])
    title.append(f", {_score(table.score)}")
    faults = [[root] for root in table.roots] if everything else grouped(table.roots)
    most = len(faults) if everything else MOST_SHOWN
    parts: list[RenderableType] = [title]
    for number, members in enumerate(faults[:most], start=1):
        parts += _root(number, members)
    if faults[most:]:
        parts.append(Text())
    parts += [_short(number, members) for number, members in enumerate(faults[most:][:MOST_SHORT], start=most + 1)]
    if left := sum(map(len, faults[most + MOST_SHORT :])):
        parts.append(Text(f"... and {count(left, 'more fault')}: --all prints everything"))
    return parts + _rest(table, everything=everything)


class _Pasteable(Text):
    """A line that the terminal may break on its screen, but that is one line where it is pasted."""


def _root(number: int, members: Sequence[Finding]) -> list[RenderableType]:
    finding = members[0]
    head = _head(number, members)
    rows = extent(finding) + (f"; so in {finding.column}" if len(members) > 1 else "")
    facts = [("is", plain(finding.formula or "(empty)"), ""), ("rows", rows, "")]
    if finding.expected is not None:
        facts.insert(1, ("expected", finding.expected, "green"))
    lines = [_Pasteable.assemble("   ", (f"{word:<10}", "dim"), (text, style)) for word, text, style in facts]
    return [Text(), head, *lines]


def _head(number: int, members: Sequence[Finding]) -> Text:
    first = members[0]
    names = ", ".join(finding.column for finding in members)
    where = f" from {first.cell} on: " if first.rows > 1 else f" in {first.cell}: "
    return Text.assemble((f"{number}. {names}", "bold red"), where, plain(first.cause))


def _short(number: int, members: Sequence[Finding]) -> Text:
    head = _head(number, members)
    head.no_wrap, head.overflow = True, "ellipsis"
    return head


def _score(score: Score) -> str:
    return f"{score.right} of {count(score.asked, 'column')} right"


def extent(finding: Finding) -> str:
    spans = in_short(finding.at)
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


def _rest(table: TableReport, *, everything: bool) -> list[RenderableType]:
    parts: list[RenderableType] = []
    consequences = [finding for finding in table.findings if finding.kind == "consequence"]
    if consequences:
        first = min(finding.at[0] for finding in consequences)
        names = " ".join(finding.column for finding in consequences)
        parts.append(Padding(Text(f"Off as a consequence, from row {first} on: {names}"), (1, 0, 0, 0)))
    if table.cost is not None:
        parts.append(Text(f"What it costs: {_cost(table.cost)}"))
    notes = [finding for finding in table.findings if finding.kind == "note"]
    together = [[note] for note in notes] if everything else grouped_notes(notes)
    most = len(together) if everything else MOST_NOTES
    if notes:
        parts.append(Text())
    parts += map(_note, together[:most])
    if left := sum(map(len, together[most:])):
        parts.append(Text(f"... and {count(left, 'more note')}: --all prints everything", style="dim"))
    if table.others:
        headers = ", ".join(plain(text) for text in table.others.values())
        parts.append(Text(f"Ignored columns: {headers}", style="dim"))
    return parts


def _note(members: Sequence[Finding]) -> RenderableType:
    note = members[0]
    names = ", ".join(finding.column for finding in members)
    where = f"{names} {note.cell}: " if note.cell else ""
    many = f" ({count(note.rows, 'row')})" if note.rows > 1 else ""
    cause = f"{names}{note.cause.removeprefix(note.column)}" if len(members) > 1 and not note.cell else note.cause
    return Text(f"Note: {where}{plain(cause)}{many}", style="dim")


def _cost(cost: Cost) -> str:
    """The numbers as they are printed; where these are the same, that is said."""
    loss, expected_loss, value, expected_value = (
        f"{number:.6g}" for number in (cost.loss, cost.expected_loss, cost.value, cost.expected_value)
    )
    if (loss, value) == (expected_loss, expected_value):
        return "no difference in the printed digits"
    same = f"the last row's loss is {loss}: no difference in the printed digits"
    other = f"the last row's loss is {loss}, with the right formulas {expected_loss}"
    far = f"{cost.weight} ({cost.cell}) is furthest off: {value} instead of {expected_value}"
    return f"{same if loss == expected_loss else other}" + ("" if value == expected_value else f"; {far}")


def count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
