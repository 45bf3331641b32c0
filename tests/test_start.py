"""What a command loads before it answers: nothing that is slow to load and not used."""

import json
import subprocess
import sys

import pytest

HEAVY = {"pandas", "openpyxl", "xlsxwriter", "matplotlib", "jinja2", "ironcalc", "torch"}
LOADED = "import sys, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


@pytest.mark.parametrize(
    ("code", "unused"),
    [
        pytest.param("import engine; engine.descend(engine.default_experiment())", HEAVY, id="the engine's numbers"),
        pytest.param("import engine, workbook", HEAVY | {"rich", "typer"}, id="what a notebook imports"),
        pytest.param("import engine.__main__", HEAVY, id="the engine's commands"),
        pytest.param("import workbook.__main__", HEAVY, id="the workbook's commands"),
        pytest.param("from workbook import plan, write", HEAVY - {"xlsxwriter"}, id="all of a build"),
        pytest.param("from workbook.inspect import audit_command", HEAVY | {"multiprocessing"}, id="all of an audit"),
        pytest.param("import cnn.__main__", {"torch", "torchvision", "matplotlib", "pandas"}, id="the CNN's commands"),
    ],
)
def test_loads_nothing_slow_that_is_not_used(code: str, unused: set[str]) -> None:
    run = subprocess.run([sys.executable, "-c", f"{code}; {LOADED}"], check=True, capture_output=True, text=True)
    loaded = set(json.loads(run.stdout))
    assert "numpy" in loaded or "cnn" in loaded
    assert not loaded & unused


@pytest.mark.parametrize("wrong", ["--help", "--no-such-option"])
def test_help_and_a_wrong_option_load_nothing_slow(wrong: str) -> None:
    ask = f"import atexit, runpy, sys; sys.argv = ['workbook', '{wrong}']; atexit.register(lambda: exec(\"{LOADED}\"))"
    run = subprocess.run(
        [sys.executable, "-c", f"{ask}; runpy.run_module('workbook', run_name='__main__')"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    loaded = set(json.loads(run.stdout.splitlines()[-1]))
    assert "typer" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize(
    ("module", "unused"),
    [
        pytest.param("workbook.__main__", "workbook.table.definitions", id="what a table is, for help"),
        pytest.param("workbook.inspect.audit_command", "workbook.inspect.gradcheck", id="gradcheck, for an audit"),
    ],
)
def test_loads_no_part_of_ours_that_is_not_used(module: str, unused: str) -> None:
    code = f"import {module}, sys; print('{unused}' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout == "False\n"
