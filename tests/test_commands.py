"""A command does the same in a process of its own as where the tests run it."""

from pathlib import Path

import pytest

from tests.commands import ROOT, run, run_process

FAR = (ROOT / "engine/default.toml").read_text(encoding="utf-8").replace("targets = [0.5, 0.5]", "targets = [0.5, 7]")


@pytest.mark.parametrize(
    "arguments",
    [
        "workbook",
        "workbook build --help",
        "workbook build out.xlsx --steps 3",
        "workbook build --steps 0",
        "workbook audit no.xlsx",
        "workbook audit --colour",
        "engine --steps 2 --learning-rate 2",
        "engine --steps abc",
        "engine --experiment far.toml --steps 1",
    ],
)
def test_a_command_does_the_same_in_a_process_of_its_own(tmp_path: Path, arguments: str) -> None:
    done = []
    for runner in (run, run_process):
        folder = tmp_path / runner.__name__
        folder.mkdir()
        (folder / "far.toml").write_text(FAR, encoding="utf-8")
        result = runner(*arguments.split(), folder=folder)
        done.append((result.returncode, result.stdout, result.stderr, [path.name for path in folder.iterdir()]))
    assert done[0] == done[1]
    assert done[0][1] + done[0][2] != ""
