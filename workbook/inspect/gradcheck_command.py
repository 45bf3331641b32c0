"""The command line of the gradient check."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from engine.files import check_outputs
from workbook.inspect.gradcheck_file import CheckOptions, gradcheck
from workbook.inspect.report.gradcheck import as_json, show_all
from workbook.page.records import check_page_name

SHOWN_AFTER = 2.0  # seconds


def run_gradcheck(file: Path, asked: CheckOptions, *, json: bool, html: Path | None = None) -> int:
    """Check and print; return the exit status.

    Raises:
        InputError: the file cannot be read, an option makes no sense, or nothing can be told.
    """
    check_page_name(html)
    check_outputs({"--html": html}, [file])
    terminal = Console(stderr=True)
    with _progress(terminal) as say:
        found = gradcheck(file, asked, say)
    if json:
        for check in found.checks:
            typer.echo(as_json(check, found.cells, file))
    else:
        show_all(found, Console(highlight=False, markup=False, emoji=False))
    if html is not None:
        from workbook.inspect.report.gradcheck_page import page_of  # jinja2 takes a while to load
        from workbook.page.render import write_page

        write_page(page_of(file, found.checks, found.cells), html)
        typer.echo(f"Wrote {html}: open it in a browser.", err=json)
    return found.status


@contextmanager
def _progress(terminal: Console) -> Iterator[Callable[[str], None]]:
    """On a terminal, a line that says what is being done and for how long, once that takes a while."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    progress = Progress(*columns, transient=True, console=terminal, disable=not terminal.is_terminal)
    task = progress.add_task("", total=None)
    timer = Timer(SHOWN_AFTER, progress.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda words: progress.update(task, description=words)
    finally:
        timer.cancel()
        timer.join()
        progress.stop()
