"""Training with two processes, started by torchrun as a user would."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _python(count: int, arguments: list[str], folder: Path) -> str:
    """What Python prints in that many processes, which must end well."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"] if count > 1 else []
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *torchrun, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_processes_have_the_losses_of_one(tmp_path: Path) -> None:
    # In double precision: in single precision roundings grow tenfold a step at this network's start.
    script = [str(Path(__file__).with_name("step_losses.py"))]
    one, two = (json.loads(_python(count, script, tmp_path)) for count in (1, 2))
    assert [len(losses) for losses in one["losses"]] == [12, 12]
    for losses, expected in zip(two["losses"], one["losses"], strict=True):
        assert losses == pytest.approx(expected, rel=1e-6)
    # A thread of the process group that still runs when Python ends can abort the process.
    assert not [name for name in two["threads"] if "gloo" in name]


@pytest.mark.usefixtures("small_recipe")
def test_two_processes_share_a_taught_run_and_one_of_them_writes(data_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taught.toml").write_text(f'{(tmp_path / "small.toml").read_text()}teacher = "small.toml"\n')
    command = ["-m", "cnn", "train", "--recipe", "taught.toml", "--limit", "225", "--device", "cpu"]
    out = _python(2, [*command, "--data", str(data_folder)], tmp_path)
    assert out.count("epoch  1") == 2  # the teacher's and its own
    run = tmp_path / "runs" / "taught-seed1-limit225"
    assert json.loads((run / "environment.json").read_text())["processes"] == 2
    assert len((run / "metrics.csv").read_text().splitlines()) == 2
    assert (run / "report.md").is_file()
    assert not list(run.glob(".part-*"))


@pytest.mark.usefixtures("small_recipe")
def test_two_processes_share_several_seeds_and_one_of_them_prints(
    command: Callable[..., Any], data_folder: Path, tmp_path: Path
) -> None:
    arguments = ["seeds", "--recipe", "small.toml", "--limit", "100", "--device", "cpu", "--data", str(data_folder)]
    assert command(*arguments, "--seeds", 1).status == 0
    out = _python(2, ["-m", "cnn", *arguments, "--seeds", "1-2"], tmp_path)
    assert out.count("finished before") == 1
    assert out.count("epoch  1") == 1
    assert out.count("runs/seeds.md") == 1
    assert "| small-limit100 | 2 | 1 |" in (tmp_path / "runs/seeds.md").read_text()
