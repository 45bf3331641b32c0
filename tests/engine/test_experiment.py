"""Reading an experiment file, and each thing that can be wrong with one."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from engine import InputError, InputWarning, default_experiment, load_experiment
from tests.commands import run

DEFAULT = files("engine").joinpath("default.toml").read_text(encoding="utf-8")


def test_the_packaged_experiment_is_the_worked_example() -> None:
    experiment = default_experiment()
    np.testing.assert_array_equal(experiment.weights, [[[0.15, 0.2], [0.25, 0.3]], [[0.4, 0.45], [0.5, 0.55]]])
    np.testing.assert_array_equal(experiment.inputs, [[0.05, 0.1]])
    np.testing.assert_array_equal(experiment.targets, [[0.5, 0.5]])
    assert list(experiment.learning_rates) == [0.1, 0.2, 0.5, 0.8, 1, 2, 10000]
    assert (experiment.learning_rate, experiment.steps, experiment.sizes) == (1, 80, (2, 2, 2))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[training]", "[training",
         "not a TOML file: Expected ']' at the end of a table declaration (at line 18, column 10)"),
        ("0.20]", "'abc']", "network.weights[0][0][1]: got 'abc', expected a finite number"),
        ("0.20]", "nan]", "network.weights[0][0][1]: got nan, expected a finite number"),
        ("0.20]", "true]", "network.weights[0][0][1]: got True, expected a finite number"),
        ("0.20]", "0.20, 1]",
         "network.layers[0].weights[1]: got 2 numbers, expected 3, one for each input of the layer"),
        ("[0.40, 0.45], [0.50, 0.55]", "[0.4], [0.5]",
         "network.layers[1].weights[0]: got 1 number, expected 2, one for each input of the layer"),
        ("[0.15, 0.20], [0.25, 0.30]", "[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]",
         "samples[0].inputs: got 2 numbers, expected 3, one for each input"),
        ("targets = [0.5, 0.5]", "targets = [0.5]",
         "samples[0].targets: got 1 number, expected 2, one for each output"),
        ("inputs = [0.05, 0.10]", "inputs = []",
         "samples[0].inputs: got [], expected a list with at least one element"),
        ("inputs = [0.05, 0.10]", "inputs = 3", "samples[0].inputs: got 3, expected a list with at least one element"),
        ("[[samples]]", "[samples]",
         "samples: got {'inputs': [0.05, 0.1], 'targets': [0.5, 0.5]}, expected a list with at least one element"),
        ("[training]", "[[samples]]\n[training]", "missing key 'samples[1].inputs'"),
        ("steps = 80", "steps = 0", "training.steps: got 0, expected a whole number from 1 to 1000000"),
        ("steps = 80", "steps = 1.5", "training.steps: got 1.5, expected a whole number from 1 to 1000000"),
        ("steps = 80", "steps = 80\nstep = 3",
         "unknown key 'training.step'; did you mean 'training.steps'?"),
        ("[training]", "[trainig]", "unknown key 'trainig'; did you mean 'training'?"),
        ("learning_rate = 1\n", "learning_rate = -1\n", "training.learning_rate: got -1, expected a number from 0 up"),
        ("learning_rates = [0.1,", "learning_rates = [-0.1,",
         "training.learning_rates[0]: got -0.1, expected a number from 0 up"),
    ],
)  # fmt: skip
def test_a_bad_file_gets_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert DEFAULT.count(old) == 1
    path = tmp_path / "experiment.toml"
    path.write_text(DEFAULT.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_experiment(path)
    assert str(error.value) == f"{path}: {message}"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        load_experiment(tmp_path / "no.toml")
    assert str(error.value) == f"{tmp_path / 'no.toml'}: cannot read the experiment: No such file or directory"


def test_a_binary_file_is_no_experiment(tmp_path: Path) -> None:
    path = tmp_path / "experiment.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError) as error:
        load_experiment(path)
    assert str(error.value) == f"{path}: not a TOML file: not UTF-8 text (invalid start byte at byte 0)"


@pytest.mark.parametrize("target", ["5", "-3", "1.0001"])
def test_a_target_that_no_output_can_reach_gets_a_warning(tmp_path: Path, target: str) -> None:
    path = tmp_path / "experiment.toml"
    path.write_text(DEFAULT.replace("targets = [0.5, 0.5]", f"targets = [0.5, {target}]"), encoding="utf-8")
    with pytest.warns(InputWarning) as caught:
        experiment = load_experiment(path)
    assert experiment.targets[0, 1] == float(target)
    assert [str(warning.message) for warning in caught] == [
        f"{path}: samples.targets: got {float(target):g}, expected 0 to 1, since an output is a sigmoid; "
        "the loss cannot reach 0"
    ]


def test_experiments_of_equal_numbers_are_equal() -> None:
    default = default_experiment()
    assert default == default_experiment()
    for other in (
        replace(default, steps=81),
        replace(default, learning_rate=2.0),
        replace(default, targets=np.array([[0.5, 0.6]])),
        replace(default, weights=(default.weights[0], default.weights[1] + 1e-16 * (default.weights[1] > 0.5) + 1e-3)),
        "something else",
    ):
        assert default != other


def test_the_command_prints_the_warning_as_one_line(tmp_path: Path) -> None:
    (tmp_path / "far.toml").write_text(DEFAULT.replace("targets = [0.5, 0.5]", "targets = [5, -3]"), encoding="utf-8")
    done = run("engine", "--experiment", "far.toml", "--steps", "1", folder=tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith("warning: far.toml: samples.targets: got 5, expected 0 to 1")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("targets", ["[0, 1]", "[0.01, 0.99]"])
def test_a_target_of_0_or_1_gets_none(tmp_path: Path, targets: str) -> None:
    path = tmp_path / "experiment.toml"
    path.write_text(DEFAULT.replace("[0.5, 0.5]\n", f"{targets}\n", 1), encoding="utf-8")
    load_experiment(path)
