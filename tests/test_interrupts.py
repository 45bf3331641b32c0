"""Ctrl-C while a command is still loading: status 130 and no traceback, whichever module is on its way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import environment

# Python reads this file at its start: the process is sent SIGINT as soon as it looks for the module of that name.
AT_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(name, path=None, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting)
"""
BUILD = ["workbook", "build", "out.xlsx"]


def _interrupted(folder: Path, module: str, *command: str, ignore: bool = False) -> subprocess.CompletedProcess[str]:
    (folder / "sitecustomize.py").write_text(AT_IMPORT)
    path = os.pathsep.join([str(folder), environment()["PYTHONPATH"]])
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**environment(), "PYTHONPATH": path, "INTERRUPT_AT": module},
        # Tests that run in the background themselves ignore Ctrl-C, and what they start would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN if ignore else signal.SIG_DFL),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("command", "module"),
    [
        (["engine"], "numpy"),
        (["engine"], "numpy.linalg"),  # while NumPy's own code imports
        (["engine"], "engine.descent"),
        (["engine"], "typer"),
        (BUILD, "numpy"),
        (BUILD, "typer.core"),
        (BUILD, "workbook.generated"),
        (BUILD, "workbook.plan"),
        (BUILD, "xlsxwriter.workbook"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_ctrl_c_while_a_module_loads(tmp_path: Path, command: list[str], module: str) -> None:
    done = _interrupted(tmp_path, module, *command)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")
    assert not (tmp_path / "out.xlsx").exists()


def test_a_program_that_imports_the_packages_keeps_its_own_ctrl_c() -> None:
    code = "import signal, engine, workbook; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout == "True\n"


def test_under_nohup_a_command_does_not_hear_ctrl_c(tmp_path: Path) -> None:
    done = _interrupted(tmp_path, "numpy", *BUILD, "--steps", "1", ignore=True)
    assert done.returncode == 0
    assert (tmp_path / "out.xlsx").exists()


def test_a_commands_own_process_leaves_the_line_to_the_command() -> None:
    code = "import os, signal, engine; os.kill(os.getpid(), signal.SIGINT)"
    done = subprocess.run(
        [sys.executable, "-c", code, "--multiprocessing-fork"],
        env=environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # where tests run under nohup
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
