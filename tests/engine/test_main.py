"""`python -m engine`."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from engine import Columns, load_experiment
from engine.experiment_file import packaged_experiments
from engine.overview import network_picture
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("new my.toml", "my.toml: exists already; name another file, or remove it first"),
        ("new nowhere/my.toml", "nowhere/my.toml: the folder nowhere does not exist; create it first"),
        ("show my.toml", "my.toml: missing key 'network'"),
        ("--csv .", ".: is a directory, expected the name of a file to write"),
        ("--csv /dev/full", "/dev/full: is a device or a pipe, expected the name of a file to write"),
        (
            "--experiment my.toml --csv my.toml",
            "--csv: got my.toml, a file that is read, and never changed; expected another name",
        ),
        ("--steps 1000000000000", "it takes more memory than this machine has; expected fewer steps, rows or runs"),
        ("--csv my.xlsx", "my.xlsx: expected a file name that ends in .csv"),
        ("new xor", "xor: expected a file name that ends in .toml"),
        ("export xor --torch xor.txt", "xor.txt: expected a file name that ends in .py"),
        ("show xor.toml", "xor.toml: no such file; the packaged experiment is named xor"),
        ("show no.toml", "no.toml: cannot read the experiment: No such file or directory"),
        ("xyzzy", "No such command 'xyzzy'; expected new, show, diagnose, export, list"),
        ("shwo", "No such command 'shwo'; did you mean 'show'?"),
        ("--stesp 3", "No such option: --stesp; did you mean '--steps'?"),
        ("show", "Missing argument 'EXPERIMENT'."),
    ],
)
def test_a_command_with_bad_input_gets_one_line(tmp_path: Path, arguments: str, message: str) -> None:
    (tmp_path / "my.toml").write_text("", encoding="utf-8")
    assert error_line("engine", *arguments.split(), folder=tmp_path) == f"error: {message}"
    assert (tmp_path / "my.toml").read_text(encoding="utf-8") == ""


def test_show_prints_the_network_and_the_size_of_its_sheet() -> None:
    done = run("engine", "show", "xor")
    assert (done.returncode, done.stderr) == (0, "")
    page, _, look_for = done.stdout.partition("\nLook for: ")
    assert " ".join(look_for.split()) == load_experiment("xor").look_for
    assert [line.rstrip() for line in page.splitlines()] == [
        "",
        "XOR with three hidden neurons",
        "",
        "     ┌─ h1 ─┐",
        " i1 ─┤      │",
        "     ├─ h2 ─┼─ o1",
        " i2 ─┤      │",
        "     └─ h3 ─┘",
        "",
        " layer      kind    neurons   activation   weights    biases",
        " inputs             2",
        " hidden 1   dense   3         tanh         w1 to w6   b1 to b3",
        " outputs    dense   1         sigmoid      w7 to w9   b4",
        "",
        " parameters    9 weights, 4 biases",
        " samples       4; an update takes the mean of 4",
        " loss          binary-cross-entropy",
        " training      80 steps, learning rate 1, sgd",
        " compared      learning rates 0.01, 0.1, 0.5, 1, 5, 10, 100",
        " sheet         46 columns, 320 rows",
    ]


def test_a_wide_layer_is_shown_in_part() -> None:
    picture = network_picture(Columns.plain((1, 30, 2)))
    assert max(map(len, picture.splitlines())) <= 80
    assert [name for name in ("h7", "⋮", "h8", "h29", "h30") if name in picture] == ["h7", "⋮", "h30"]


def test_list_names_every_packaged_experiment_in_a_line_each() -> None:
    done = run("engine", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(packaged_experiments())


def test_several_samples_are_printed_with_their_step_and_number() -> None:
    done = run("engine", "--experiment", "xor", "--steps", "2")
    assert done.stdout.startswith("learning rate 1, 2 steps, 8 rows\n\nrow step sample")
    assert done.stdout.splitlines()[8].split()[:3] == ["6", "2", "2"]


def test_csv_of_runs_names_the_run_and_its_method(tmp_path: Path) -> None:
    done = run("engine", "--experiment", "optimizers", "--csv", "out.csv", folder=tmp_path)
    assert (done.stdout, done.stderr) == ("Wrote out.csv: 560 rows, 7 runs\n", "")
    frame = pd.read_csv(tmp_path / "out.csv")
    assert list(frame.columns[:6]) == ["row", "run", "learning rate", "optimizer", "schedule", "step"]
    last = frame.groupby("optimizer", sort=False)["E_batch"].last()
    assert list(last.index) == ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
    assert last["adagrad"] < 1e-5 < last["momentum"]


def test_csv_of_a_sweep_tells_what_overflowed(tmp_path: Path) -> None:
    text = packaged_experiments()["regression"].read_text(encoding="utf-8")
    text = text.replace("[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]", "[0.1, 1e9]")
    (tmp_path / "my.toml").write_text(text, encoding="utf-8")
    (tmp_path / "regression.csv").write_text("i1,t1\n1,1\n", encoding="utf-8")
    done = run("engine", "--experiment", "my.toml", "--csv", "out.csv", folder=tmp_path)
    assert done.stdout == "Wrote out.csv: 80 rows, learning rates 0.1, 1e+09\n"
    assert done.stderr == "warning: out.csv: numbers overflowed with learning rate 1e+09; it holds inf or nan\n"


def test_what_to_type_next_names_the_python_that_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    done = run("engine", "new", "my.toml", folder=tmp_path)
    assert f"`{Path('.venv/bin/python')} -m engine show my.toml`" in done.stdout
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    done = run("engine", "export", "and", "--numpy", "and.py", folder=tmp_path)
    assert "`python and.py`" in done.stdout
