"""The audit's command line: one file in full, many in a line each."""

import math
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import track
from rich.text import Text

from engine import InputError
from engine.files import check_outputs
from workbook.inspect.audit import FileReport, audit
from workbook.inspect.report.audit import as_json, show, show_line, write_csv
from workbook.page.records import check_page_name
from workbook.spreadsheet.files import WORKBOOKS, named, workbooks


def run_audit(
    paths: Sequence[Path],
    learning_rate: float | None,
    *,
    json: bool,
    csv: Path | None,
    annotated: Path | None,
    html: Path | None = None,
    jobs: int | None = None,
    everything: bool = False,
) -> int:
    """Audit, several files in so many processes at once, and print; return the exit status.

    Raises:
        InputError: the only file, or the one to annotate, could not be judged; a file cannot be looked up, or there
            are none; an option's value is out of bounds, or an output cannot be written.
    """
    paths = [path for name in paths for path in named(name)]
    files = workbooks(paths)
    _check(paths, files, learning_rate, csv, annotated)
    check_outputs({"--csv": csv, "--annotate": annotated, "--html": html}, files)
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs: got {jobs}, expected a whole number from 1 up")
    check_page_name(html)
    console = Console(highlight=False, markup=False, emoji=False)
    one = len(files) == 1 and not any(path.is_dir() for path in paths)
    if one:
        reports = [_audited(files[0], learning_rate, console, json=json, everything=everything)]
    else:
        reports = _all_audited(files, learning_rate, jobs, console, json=json)
    if csv is not None:
        write_csv(reports, csv)
    if (one or annotated is not None) and reports[0].error is not None:
        raise InputError(reports[0].error)
    if annotated is not None:
        from workbook.inspect.report.annotate import annotate  # openpyxl takes a while to load

        lost = annotate(reports[0], annotated)
        typer.echo(f"Wrote {annotated}. Not carried over: {', '.join(lost)}", err=json)
    if html is not None:
        from workbook.inspect.report.audit_page import page_of
        from workbook.page.render import write_page  # jinja2 takes a while to load

        write_page(page_of(reports), html)
        typer.echo(f"Wrote {html}: open it in a browser.", err=json)
    return _status(reports)


def _check(
    paths: Sequence[Path], files: Sequence[Path], learning_rate: float | None, csv: Path | None, annotated: Path | None
) -> None:
    if not files:
        raise InputError(f"{paths[0]}: no workbooks (.xlsx, .xlsm, .ods) in it")
    # `--csv *.xlsx` names the first of the workbooks as the path of the CSV.
    if csv is not None and csv.suffix.lower() in WORKBOOKS:
        raise InputError(f"--csv: got {csv}, a workbook; expected a name that ends in .csv")
    if annotated is not None and len(files) > 1:
        raise InputError(f"--annotate: got {len(files)} files, expected one")
    if learning_rate is not None and not (math.isfinite(learning_rate) and learning_rate >= 0):
        raise InputError(f"learning rate: got {learning_rate:g}, expected a finite number from 0 up")


def _audited(file: Path, learning_rate: float | None, console: Console, *, json: bool, everything: bool) -> FileReport:
    report = audit(file, learning_rate)
    if json:
        typer.echo(as_json(report))
    elif report.error is None:
        show(report, console, everything=everything)
    return report


def _all_audited(
    files: Sequence[Path], learning_rate: float | None, jobs: int | None, console: Console, *, json: bool
) -> list[FileReport]:
    """Print a line for each file as it is done; return the reports in the order of the files."""
    reports: dict[int, FileReport] = {}
    from workbook.inspect.parallel import audit_all  # what starts processes takes a while to load

    # Where the lines go to the terminal, the bar stays below them.
    beside = console if console.is_terminal else Console(stderr=True)
    audits = audit_all(files, learning_rate, jobs)
    shown = track(audits, "audit", len(files), console=beside, transient=True, disable=not beside.is_terminal)
    for number, report in shown:
        reports[number] = report
        if json:
            console.print(Text(as_json(report)), soft_wrap=True)
        else:
            show_line(report, console)
    return [reports[number] for number in range(len(files))]


def _status(reports: Sequence[FileReport]) -> int:
    """1 if any file has findings; else 2 if any could not be judged; else 0."""
    statuses = {report.status for report in reports}
    return 1 if 1 in statuses else max(statuses)
