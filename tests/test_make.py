"""The Makefile's own work: names of files reach the commands as they are."""

import importlib
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.commands import ROOT, run_process

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.mark.parametrize(
    ("target", "variable"),
    [("audit", "FILE"), ("audit", "FILES"), ("workbook", "OUT"), ("digit", "OUT"), ("workbook", "EXPERIMENT")],
)
def test_a_name_with_an_apostrophe_reaches_the_command_whole(target: str, variable: str) -> None:
    command = ["make", "--dry-run", target, f"{variable}=O'Brien's $$HOME.xlsx"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert r"'O'\''Brien'\''s $HOME.xlsx'" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("workbook STEP=5", "make workbook: got STEP, expected STEPS LEARNING_RATE EXPERIMENT FROM OUT ARGS"),
        ("workbook steps=5", "make workbook: got steps, expected STEPS LEARNING_RATE EXPERIMENT FROM OUT ARGS"),
        ("exercise STEPS=5", "make exercise: got STEPS, expected EXPERIMENT ARGS"),
        ("lint ARGS=x", "make lint: got ARGS, expected no variable"),
        ("clean lint ARGS=x", "make clean lint: got ARGS, expected no variable"),
    ],
)
def test_a_variable_that_a_target_does_not_take_is_refused(arguments: str, message: str) -> None:
    command = ["make", "--dry-run", *arguments.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"*** {message} (or PYTHON, PIP_FLAGS).  Stop.\n" in done.stderr
    assert done.stderr.count("\n") == 1


def test_targets_take_their_variables_also_several_targets_at_once() -> None:
    for arguments in (
        "workbook STEPS=5 OUT=a.xlsx",
        "lint test PIP_FLAGS=-q",
        "-j2 exercise audit FILE=a ARGS=b",
        "help",
    ):
        command = ["make", "--dry-run", *arguments.split()]
        subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=True)


def test_the_program_alone_prints_its_help_and_no_empty_error(tmp_path: Path) -> None:
    done = run_process("workbook", folder=tmp_path)
    assert "audit" in done.stdout
    assert "error" not in done.stderr


@pytest.mark.parametrize("package", ["engine", "workbook", "cnn"])
def test_each_package_has_a_command_and_tells_its_version(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, function = project["scripts"][f"backprop-{package}"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    done = run_process(package, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"backprop-workbook {project['version']}\n", "")
