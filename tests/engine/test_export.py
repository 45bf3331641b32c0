"""The scripts in plain torch and plain NumPy print the engine's numbers."""

import runpy
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import Dense, Experiment, FloatArray, InputError, Method, Network, descend, load_experiment
from engine.activations import ACTIVATIONS
from engine.experiment_file import packaged_experiments
from engine.export import numpy_script, torch_script
from engine.export.text import trained_names
from engine.layers import (
    AveragePool,
    BatchNorm,
    Convolution,
    Dropout,
    GlobalAveragePool,
    LayerNorm,
    Lstm,
    MaxPool,
    Recurrent,
    Residual,
)
from engine.losses import LOSSES
from engine.optimizers import OPTIMIZERS, SCHEDULES
from tests.commands import error_line, run
from tests.engine.pictures import experiment_of as layers_of
from tests.engine.pictures import picture_experiment
from tests.engine.sequences import sequence_experiment
from tests.engine.test_by_torch import experiment_of, network
from tests.engine.tokens import token_experiment

SCRIPTS = {"numpy": numpy_script, "torch": torch_script}
Script = Callable[[Experiment], str]


@pytest.fixture(autouse=True)
def _the_default_dtype_stays() -> Iterator[None]:
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


def printed(text: str, path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], FloatArray]:
    """The names above the columns that a script prints, and its numbers."""
    path.write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runpy.run_path(str(path))
    first, *lines = capsys.readouterr().out.splitlines()
    return first.split(), np.array([[float(word) for word in line.split()] for line in lines])


def check(experiment: Experiment, script: Script, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The loss and every parameter of every step, to the digits printed."""
    text = script(experiment)
    assert "import engine" not in text
    names, numbers = printed(text, path, capsys)
    trace = descend(experiment, [experiment.learning_rate])
    frame = trace.table().iloc[:: experiment.method.batch_size]
    assert names == ["step", "loss", *trained_names(experiment)]
    np.testing.assert_array_equal(numbers[:, 0], np.arange(experiment.steps) + 1)
    expected = frame[[trace.columns.loss, *names[2:]]].to_numpy()
    np.testing.assert_allclose(numbers[:, 1:], expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("name", packaged_experiments())
def test_a_packaged_experiment(name: str, script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    experiment = load_experiment(name)
    # Through time a rounding grows from step to step: by step 40 of lstm to 1e-8.
    experiment = replace(experiment, steps=min(experiment.steps, 60 if experiment.network.time == 1 else 20))
    if (script, experiment.method.update) == ("torch", "output-first"):
        with pytest.raises(InputError, match=r"training\.update: got output-first"):
            torch_script(experiment)
        return
    for run_of in [None, *experiment.runs]:
        own = experiment if run_of is None else experiment.as_run(run_of)
        check(own, SCRIPTS[script], tmp_path / f"{script}.py", capsys)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("hidden", [name for name, known in ACTIVATIONS.items() if not known.is_share])
def test_every_activation(hidden: str, script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of = experiment_of(network("half-squared-error", hidden, hidden), Method(), 0.05, 10, seed=3)
    check(of, SCRIPTS[script], tmp_path / "script.py", capsys)


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_optimizer_schedule_loss_and_reduction(
    script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with batches that go round over the samples."""
    pairs = [*product(OPTIMIZERS, ["constant"], [0.0, 0.02]), *product(["momentum"], SCHEDULES, [0.0])]
    losses = [*LOSSES] * len(pairs)
    for number, ((optimizer, schedule, decay), loss) in enumerate(zip(pairs, losses, strict=False)):
        constants = {
            **OPTIMIZERS[optimizer].constants,
            **({"weight_decay": decay, "l1_decay": decay / 2} if decay else {}),
            **SCHEDULES[schedule].constants,
        }
        method = Method(2, ("mean", "sum")[number % 2], optimizer, schedule, constants=tuple(constants.items()))
        of = network(loss, ("relu", "leaky-relu", "tanh")[number % 3], LOSSES[loss].activation or "identity")
        check(experiment_of(of, method, 0.05, 40, number), SCRIPTS[script], tmp_path / "script.py", capsys)


@pytest.mark.parametrize("script", SCRIPTS)
def test_layers_over_pictures_of_random_shapes(script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = set()
    for seed in range(40):
        experiment = picture_experiment(seed)
        if script == "torch" and _crosses(experiment):
            with pytest.raises(InputError, match="the residual connection crosses an earlier one"):
                torch_script(experiment)
        else:
            kinds |= {type(layer) for layer in experiment.network.layers}
            check(experiment, SCRIPTS[script], tmp_path / "script.py", capsys)
    assert {Convolution, MaxPool, AveragePool, GlobalAveragePool, BatchNorm, LayerNorm, Dropout, Residual} <= kinds


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("draw", [sequence_experiment, token_experiment])
def test_sequences_of_random_kinds(
    script: str, draw: Callable[[int], Experiment], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(20):
        experiment = draw(seed)
        if script == "torch" and (reason := _no_torch(experiment)):
            with pytest.raises(InputError, match=reason):
                torch_script(experiment)
        else:
            check(experiment, SCRIPTS[script], tmp_path / "script.py", capsys)


@pytest.mark.parametrize("script", SCRIPTS)
def test_sequences_of_one_step(script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw = np.random.default_rng(1)
    network = Network(2, (Lstm(2, biases=8), Recurrent(2), Dense(1, "identity", 1)), deltas=True)
    check(layers_of(network, draw, Method(2), 3, 4), SCRIPTS[script], tmp_path / "script.py", capsys)


def _no_torch(experiment: Experiment) -> str:
    """Why there is no torch script of a network over sequences."""
    if any(getattr(layer, "bptt", 0) for layer in experiment.network.layers):
        return "bptt: got "
    return "the residual connection crosses an earlier one" if _crosses(experiment) else ""


def _crosses(experiment: Experiment) -> bool:
    """Whether a residual connection begins inside of an earlier one's layers and ends outside of them."""
    ends = [(layer.source, at) for at, layer in enumerate(experiment.network.layers) if isinstance(layer, Residual)]
    return any(start < other <= end < last for start, end in ends for other, last in ends)


def test_the_command_writes_both_and_replaces_nothing(tmp_path: Path) -> None:
    done = run("engine", "export", "and", "--torch", "a.py", "--numpy", "b.py", folder=tmp_path)
    assert done.stdout.splitlines()[0].startswith("Wrote a.py: run it with `python a.py`")
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == torch_script(load_experiment("and"))
    before = (tmp_path / "b.py").read_text(encoding="utf-8")
    assert before == numpy_script(load_experiment("and"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["and"], "--torch, --numpy: got neither, expected the name of a script: --torch xor.py"),
        (["and", "--torch", "mine.py"], "mine.py: exists already; name another file, or remove it first"),
        (
            ["mazur-output-first", "--torch", "new.py"],
            "training.update: got output-first, which torch.optim cannot do; expected simultaneous, or --numpy",
        ),
    ],
)
def test_what_cannot_be_exported_is_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "mine.py").write_text("mine", encoding="utf-8")
    assert error_line("engine", "export", *arguments, folder=tmp_path) == f"error: {message}"
    assert (tmp_path / "mine.py").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "new.py").exists()
