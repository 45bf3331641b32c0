"""Running the project's own command lines, as a user does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """`python -m ...` in a folder, with nothing on stdin and a terminal 80 characters wide."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
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
