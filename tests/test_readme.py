"""What the README shows is what the commands print."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from engine import default_experiment, descend
from engine.experiment_file import packaged_experiments
from tests.commands import ROOT, environment, run_process

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n\$ ([^\n]*)\n(.*?)```", README, flags=re.DOTALL)

# What the README does with the workbooks to try.
SAMPLES = ("samples", "audit", "gradcheck")


def test_the_readme_shows_commands() -> None:
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize(("command", "shown"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_a_command_prints_what_the_readme_shows(tmp_path: Path, command: str, shown: str) -> None:
    program, *arguments = shlex.split(command)
    if program == "make" and arguments[0] in SAMPLES:
        # Into another folder: the user's own build/ may be open in Excel.
        run_process("workbook", "samples", "build/samples", folder=tmp_path)
        done = run_process("workbook", *[word.removeprefix("FILE=") for word in arguments], folder=tmp_path)
        assert done.stderr == ""
        printed = re.sub(" +\n", "\n", done.stdout)
    elif program == "make":
        printed = _make(*arguments, f"OUT={tmp_path}/BackPropagation.xlsx").replace(str(tmp_path), "build")
    else:
        assert (program, arguments[0]) == (".venv/bin/python", "-m")
        (tmp_path / "assets").symlink_to(ROOT / "assets")
        printed = run_process(*arguments[1:], folder=tmp_path).stdout
    if shown.endswith("...\n"):
        assert printed.startswith(shown.removesuffix("...\n"))
    else:
        assert printed == shown


def _make(*arguments: str) -> str:
    if shutil.which("make") is None or not (ROOT / ".venv/ready").exists():
        pytest.skip("run `make test`: this needs make and its .venv")
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_make_alone_lists_every_target() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    listed = set(re.findall(r"^  make ([a-z]+)", _make(), flags=re.MULTILINE))
    assert listed == targets
    assert targets >= {"workbook", "test", "lint", "bench", "clean"}


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    code = " ".join(re.findall(r"```.*?```|`[^`]+`", README, flags=re.DOTALL))
    named = set(re.findall(r"\bmake ([a-z]+)\b", code))
    assert named >= {"workbook", "test", "train"}
    assert named - targets == set()


def test_the_readme_tells_of_every_packaged_experiment() -> None:
    assert [name for name in packaged_experiments() if f"`{name}`" not in README] == []


def test_every_link_in_the_readmes_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/*.md"), *ROOT.glob("workbook/*/README.md")]
    links = [
        (page, *link) for page in pages for link in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", page.read_text("utf-8"))
    ]
    assert len(links) > 20
    assert [link for page, link, _ in links if not (page.parent / link).exists()] == []
    anchored = [(page.parent / link if link else page, anchor) for page, link, anchor in links if anchor]
    assert [anchor for page, anchor in anchored if anchor not in _anchors(page)] == []


def _anchors(page: Path) -> list[str]:
    """Of each heading, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_the_losses_that_the_readme_tells_are_the_engines() -> None:
    trace = descend(default_experiment())
    losses = dict(zip(trace.learning_rates, trace.numbers.loss[-1].tolist(), strict=True))
    assert f"from {losses[1]:.1e} to {losses[2]:.1e}" in README
    assert f"{losses[0.1]:.1e} is left" in README
    assert f"flat at {losses[10000]:.2f}" in README
    halved = (trace.numbers.loss <= trace.numbers.loss[0] / 2).argmax(axis=0) + 1
    told = dict(zip(trace.learning_rates, halved.tolist(), strict=True))
    assert f"With 0.2 it halves by step {told[0.2]}, with 1 by step {told[1]}, with 2 by step {told[2]}." in README
    assert f"a_o1 is about {trace.numbers.each('activation')[-1][1, 0, -1]:.0e}" in README


@pytest.mark.parametrize("version", ["3.10"])
def test_an_old_python_gets_a_clear_message(tmp_path: Path, version: str) -> None:
    old = tmp_path / "python"
    old.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo Python {version}.1; else exit 1; fi\n')
    old.chmod(0o755)
    (tmp_path / "pyproject.toml").touch()
    done = subprocess.run(
        ["make", "-f", ROOT / "Makefile", "workbook", f"PYTHON={old}"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"error: {old} is Python {version}.1; Python 3.11 or newer is needed" in done.stderr
