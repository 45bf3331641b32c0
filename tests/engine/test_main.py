"""`python -m engine`."""

from pathlib import Path

import pandas as pd
import pytest

from tests.commands import error_line, run


def test_it_prints_every_column_of_every_step() -> None:
    done = run("engine", "--steps", "2", "--learning-rate", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("learning rate 2, 2 steps\n")
    words = done.stdout.split()
    assert words.count("step") == 6  # 80 characters take six columns at a time
    assert "0.0141814" in words
    assert words[words.index("w5") :][6 * 1 + 1] == "0.4000000"


def test_csv_has_every_learning_rate_of_the_sweep(tmp_path: Path) -> None:
    done = run("engine", "--csv", "out.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(tmp_path / "out.csv")
    assert len(frame) == 560
    assert sorted(set(frame["learning rate"])) == [0.1, 0.2, 0.5, 0.8, 1, 2, 10000]
    assert frame["E_tot"][0] == pytest.approx(0.014181377937891657, rel=1e-14)


def test_csv_of_one_learning_rate(tmp_path: Path) -> None:
    run("engine", "--csv", "out.csv", "--learning-rate", "3", "--steps", "4", folder=tmp_path)
    assert list(pd.read_csv(tmp_path / "out.csv")["learning rate"]) == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--steps abc", "Invalid value for '--steps': got 'abc', expected a whole number"),
        ("--steps 0", "steps: got 0, expected a whole number from 1 up"),
        ("--learning-rate x", "Invalid value for '--learning-rate': got 'x', expected a number"),
        ("--learning-rate nan", "learning rate: got nan, expected a finite number from 0 up"),
        ("--learning-rate=-1", "learning rate: got -1, expected a finite number from 0 up"),
        ("--csv nowhere/out.csv", "nowhere/out.csv: the folder nowhere does not exist; create it first"),
        ("--experiment no.toml", "no.toml: cannot read the experiment: No such file or directory"),
    ],
)
def test_bad_input_gets_one_line(tmp_path: Path, arguments: str, message: str) -> None:
    assert error_line("engine", *arguments.split(), folder=tmp_path) == f"error: {message}"
