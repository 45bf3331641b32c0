"""A disk that is full: one line, status 2, no traceback, and the old file stays as it was."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import environment

MOST_BYTES = 6_000  # of a file: less than any that is written here


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, MOST_BYTES))


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audited")
    subprocess.run([sys.executable, "-m", "workbook", "samples", folder], env=environment(), check=True)
    return folder / "theirs.xlsx"


@pytest.mark.parametrize(
    ("command", "out"),
    [
        ("engine --csv {out}", "table.csv"),
        ("workbook build --steps 80 {out}", "book.xlsx"),
        ("workbook audit {theirs} --annotate {out}", "marked.xlsx"),
        ("workbook audit {theirs} --html {out}", "page.html"),
    ],
    ids=lambda value: value.split()[1] if " " in value else value,
)
def test_a_file_that_finds_no_room(tmp_path: Path, audited: Path, command: str, out: str) -> None:
    (tmp_path / out).write_text("old")
    words = command.format(out=out, theirs=audited).split() + (["--force"] if "build" in command else [])
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=tmp_path, env=environment(), preexec_fn=_limit, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, f"error: {out}: cannot be written: File too large\n")
    assert [path.name for path in tmp_path.iterdir()] == [out]
    assert (tmp_path / out).read_text() == "old"


@pytest.mark.parametrize("command", ["engine list", "engine --version", "cnn --version"])
def test_output_that_finds_no_room(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", *command.split()],
            env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "error: the output: No space left on device\n")
