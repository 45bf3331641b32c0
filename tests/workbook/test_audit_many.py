"""Many files at once: over several processes, a line for each, and a CSV for the grader."""

import csv
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine import InputError
from tests.commands import environment, error_line, run
from tests.workbook.handmade import HandMade, save
from workbook.inspect import parallel
from workbook.inspect.audit import FileReport
from workbook.inspect.findings import Finding, TableReport
from workbook.inspect.parallel import audit_all
from workbook.inspect.report.audit import write_csv


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of four: the first table is the longest, and done last."""
    folder = tmp_path_factory.mktemp("some") / "class"
    folder.mkdir()
    save(folder / "a-long.xlsx", HandMade(rows=200).plant("h1", "w1", "w3").cells)
    save(folder / "b.xlsx", HandMade(rows=3).cells)
    shutil.copy(folder / "b.xlsx", folder / "c.xlsx")
    (folder / "d.xlsx").write_text("no workbook")
    return folder


def test_several_processes_find_what_one_does_and_write_the_same_csv(folder: Path, tmp_path: Path) -> None:
    printed = {}
    for jobs in ("1", "2"):
        out = tmp_path / f"{jobs}.csv"
        done = run("workbook", "audit", "class", "--jobs", jobs, "--csv", str(out), folder=folder.parent)
        assert (done.returncode, done.stderr) == (1, "")
        printed[jobs] = done.stdout.splitlines()
    assert [line.split()[0] for line in printed["1"]] == [f"class/{name}.xlsx" for name in ("a-long", "b", "c", "d")]
    assert sorted(printed["2"]) == printed["1"]
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    with (tmp_path / "2.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["file"] for row in csv.DictReader(file)] == [line.split()[0] for line in printed["1"]]


def test_each_file_is_told_as_soon_as_it_is_done(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted(folder.iterdir())
    assert [place for place, _ in audit_all(files, None, 1)] == [0, 1, 2, 3]
    # In threads, where the first file can be made to wait until another one is told.
    told = threading.Event()

    def waiting(file: Path, _: float | None) -> FileReport:
        if file == files[0]:
            assert told.wait(timeout=60)
        return FileReport(file)

    monkeypatch.setattr(parallel, "audit", waiting)
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", lambda processes, *_: ThreadPoolExecutor(processes))
    places = []
    for place, _ in audit_all(files, None, 2):
        places.append(place)
        told.set()
    assert places[0] != 0
    assert sorted(places) == [0, 1, 2, 3]


def test_json_of_many_files_is_a_line_for_each(folder: Path) -> None:
    done = run("workbook", "audit", "--json", "--jobs", "1", "class", folder=folder.parent)
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == [
        f"class/{name}.xlsx" for name in ("a-long", "b", "c", "d")
    ]


def test_a_terminal_sees_the_lines_and_below_them_a_bar(folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "workbook", "audit", "class", "--jobs", "1"]
    with subprocess.Popen(
        command, cwd=folder.parent, env=environment() | {"TERM": "xterm"}, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = b""
        while chunk := _read(ours):
            seen += chunk
    os.close(ours)
    assert process.returncode == 1
    text = seen.decode()
    assert text.count("class/") == 4
    assert "100%" in text
    assert text.endswith("\x1b[1A\x1b[2K"), "the bar stays"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end was closed
        return b""


def test_ctrl_c_ends_all_processes_with_one_line(folder: Path, tmp_path: Path) -> None:
    for number in range(8):
        shutil.copy(folder / "a-long.xlsx", tmp_path / f"{number}.xlsx")
    command = [sys.executable, "-m", "workbook", "audit", str(tmp_path), str(folder / "d.xlsx"), "--jobs", "2"]
    with subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # where the tests run under nohup
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does
        _, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (130, "error: interrupted\n")


def _killed(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_the_system_ends_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_audited", _killed)
    with pytest.raises(InputError) as caught:
        list(audit_all(sorted(folder.iterdir()), None, 2))
    assert str(caught.value) == "a process was ended from outside, for want of memory perhaps; try --jobs 1"


def test_no_number_of_processes_is_one_line(folder: Path) -> None:
    line = "error: --jobs: got 0, expected a whole number from 1 up"
    assert error_line("workbook", "audit", str(folder), "--jobs", "0") == line


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_nothing_in_the_graders_csv_is_a_formula(tmp_path: Path, start: str) -> None:
    finding = Finding("root", f"{start}w", f"{start}A1", 1, None, None, f"{start} stands here")
    table = TableReport(
        f"{start}s", 1, "A1:B2", 1, (), {}, "wrong", judged=True, learning_rate=None, rate_text=None, findings=[finding]
    )
    reports = [FileReport(Path(f"{start}.xlsx"), [table]), FileReport(Path("b.xlsx"), error=f"{start} is no table")]
    write_csv(reports, tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    held = [cell for cell in cells if start.strip() in cell]
    assert len(held) == 5
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))] == []


def test_a_file_with_a_formula_for_a_name_is_text_in_the_graders_csv(tmp_path: Path) -> None:
    shutil.copy(save(tmp_path / "good.xlsx", HandMade(rows=3).cells), tmp_path / "=1+1.xlsx")
    done = run("workbook", "audit", "=1+1.xlsx", "good.xlsx", "--jobs", "1", "--csv", "grades.csv", folder=tmp_path)
    assert done.stdout == "".join(f"{name}.xlsx  right  27 of 27 columns right\n" for name in ("=1+1", "good"))
    lines = (tmp_path / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["file", "'=1+1.xlsx", "good.xlsx"]
