"""`python -m workbook build`: its options, and what it says to bad input."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pytest

from tests.commands import environment, error_line, run


def test_options_reach_the_sheet(tmp_path: Path) -> None:
    done = run("workbook", "build", "some.xlsx", "--steps", "200", "--learning-rate", "0.5", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    sheet = openpyxl.load_workbook(tmp_path / "some.xlsx").worksheets[0]
    assert sheet.max_row == 220
    assert sheet["G19"].value == 0.5


def test_build_makes_its_own_folder_and_nothing_else(tmp_path: Path) -> None:
    assert run("workbook", "build", folder=tmp_path).returncode == 0
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == [
        "build",
        "build/BackPropagation.xlsx",
    ]


def test_an_experiment_file_reaches_the_sheet(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "engine/default.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace("0.15", "0.75"), encoding="utf-8")
    assert run("workbook", "build", "out.xlsx", "--experiment", "mine.toml", folder=tmp_path).returncode == 0
    assert openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]["E21"].value == 0.75


def test_help_names_the_options() -> None:
    done = run("workbook", "build", "--help")
    assert done.returncode == 0
    for option in ("--steps", "--learning-rate", "--experiment", "from 1 up"):
        assert option in done.stdout


BAD_INPUT = [
    ("--steps 0", "steps: got 0, expected a whole number from 1 up"),
    ("--steps=-1", "steps: got -1, expected a whole number from 1 up"),
    ("--steps abc", "Invalid value for '--steps': got 'abc', expected a whole number"),
    ("--steps 1048557", "steps: got 1048557, expected at most 1048556: Excel's rows below the header"),
    ("--learning-rate=-0.5", "learning rate: got -0.5, expected a finite number from 0 up"),
    ("--learning-rate nan", "learning rate: got nan, expected a finite number from 0 up"),
    ("--learning-rate inf", "learning rate: got inf, expected a finite number from 0 up"),
    ("--learning-rate fast", "Invalid value for '--learning-rate': got 'fast', expected a number"),
    ("--experiment no.toml", "no.toml: cannot read the experiment: No such file or directory"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_INPUT)
def test_bad_options_get_one_line_and_leave_the_old_file(tmp_path: Path, arguments: str, message: str) -> None:
    (tmp_path / "old.xlsx").write_text("mine")
    got = error_line("workbook", "build", "--force", "old.xlsx", *arguments.split(), folder=tmp_path)
    assert got == f"error: {message}"
    assert (tmp_path / "old.xlsx").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [tmp_path / "old.xlsx"]


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("nowhere/out.xlsx", "nowhere/out.xlsx: the folder nowhere does not exist; create it first"),
        ("folder.xlsx", "folder.xlsx: is a directory, expected the name of a file to write"),
        ("out.csv", "out.csv: expected a file name that ends in .xlsx"),
        ("n" * 300 + ".xlsx", "n" * 300 + ".xlsx: cannot be written: File name too long"),
        pytest.param(
            "/sys/out.xlsx",
            "/sys/out.xlsx: cannot be written: Permission denied",
            marks=pytest.mark.skipif(
                not Path("/sys").exists(), reason="no folder here that even root may not write to"
            ),
        ),
    ],
    ids=["no folder", "a directory", "another format", "too long a name", "no permission"],
)
def test_a_bad_out_gets_one_line(tmp_path: Path, out: str, message: str) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    assert error_line("workbook", "build", out, folder=tmp_path) == f"error: {message}"


def test_a_build_that_is_killed_leaves_the_old_file_whole(tmp_path: Path) -> None:
    out = tmp_path / "old.xlsx"
    assert run("workbook", "build", str(out)).returncode == 0
    before = out.read_bytes()
    command = [sys.executable, "-m", "workbook", "build", str(out), "--steps", "20000"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _wait_for(tmp_path / "old.xlsx.part")
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert out.read_bytes() == before
    # What it left beside is in nobody's way.
    assert run("workbook", "build", str(out), "--steps", "5").returncode == 0
    assert list(tmp_path.iterdir()) == [out]


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 600
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)
