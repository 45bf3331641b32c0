"""Running the project's own command lines, as a user does."""

import contextlib
import gc
import io
import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TextIO
from unittest import mock

from engine import InputWarning

ROOT = Path(__file__).parent.parent


def run(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """`python -m ...` in a folder, as run_process does it, but in this process, which has imported everything."""
    out, err = io.StringIO(), io.StringIO()
    status: int | str | None = None
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment()),
        mock.patch.object(sys, "argv", list(arguments)),
        mock.patch.object(sys, "stdin", io.StringIO()),
        mock.patch.object(warnings, "formatwarning", warnings.formatwarning),
        mock.patch.object(sys, "unraisablehook", sys.unraisablehook),
        mock.patch.object(gc, "set_threshold"),  # it is for a process that ends with its command
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", ".* found in sys.modules", RuntimeWarning)  # a test may have imported it
        warnings.simplefilter("always", InputWarning)
        warnings.showwarning = _print_warning
        try:
            runpy.run_module(arguments[0], run_name="__main__")
        except SystemExit as stop:
            status = stop.code
    return subprocess.CompletedProcess(arguments, int(status or 0), out.getvalue(), err.getvalue())


def _print_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning, which pytest would only keep."""
    (file or sys.stderr).write(warnings.formatwarning(message, category, filename, lineno, line))


def run_process(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """`python -m ...` in a folder, with nothing on stdin and a terminal 80 characters wide."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def environment() -> dict[str, str]:
    """This process's environment, with the project importable from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}


def error_line(*arguments: str, folder: Path = ROOT) -> str:
    """The one line that a command with bad input leaves on stderr; asserts the rest of the contract."""
    done = run(*arguments, folder=folder)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.endswith("\n")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removesuffix("\n")
