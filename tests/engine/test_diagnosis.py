"""`diagnose` on networks that are built to ail in one way, whose numbers follow by hand."""

from dataclasses import replace

import numpy as np
import pytest

from engine import Dense, Experiment, FloatArray, Network, load_experiment
from engine.diagnosis import diagnose
from engine.diagnosis_page import findings
from engine.experiment_file import packaged_experiments
from tests.commands import error_line, run


def chain(activations: str, weights: list[float], target: float = 0.0, rate: float = 0.1, steps: int = 3) -> Experiment:
    """One neuron a layer, the input 1, E = ½(t − a)²."""
    layers = tuple(Dense(1, activation) for activation in activations.split())
    matrices: tuple[FloatArray, ...] = tuple(np.array([[weight]]) for weight in weights)
    return Experiment(Network(1, layers), matrices, np.array([[1.0]]), np.array([[target]]), rate, (rate,), steps)


def found(experiment: Experiment) -> str:
    """What is found, in one line."""
    return " ".join(finding.what for finding in findings(diagnose(experiment)))


@pytest.mark.parametrize("name", packaged_experiments())
def test_of_the_packaged_experiments_two_ail(name: str) -> None:
    """The residual one ends where its loss leaps, at its learning rate; that of rnn hardly falls: its lesson."""
    what = found(load_experiment(name))
    assert ("1.64 times what the loss's curvature allows at step 80" in what) == (name == "residual"), what
    assert ("The loss ends at 94% of the first" in what) == (name == "rnn"), what
    assert (what == "") == (name not in ("residual", "rnn"))


def test_a_relu_that_is_dead_from_the_start() -> None:
    network = Network(1, (Dense(3, "relu", biases=3), Dense(1, "identity")))
    experiment = Experiment(
        network=network,
        weights=(np.array([[1.0], [1.0], [-1.0]]), np.array([[1.0, 1.0, 1.0]])),
        inputs=np.array([[1.0], [2.0]]),
        targets=np.array([[1.0], [2.0]]),
        learning_rate=0.01,
        learning_rates=(0.01,),
        steps=4,
        biases=(np.array([0.0, -2.0, 0.5]), np.empty(0)),
    )
    # h2 is −1 and 0: 0 is dead too. h3 is −½ and −3/2.
    assert "2 of 3 ReLUs of hidden 1 are dead" in found(experiment)
    assert "(h2 since step 1, h3 since step 1)" in found(experiment)


def test_a_relu_that_a_step_kills_is_dead_from_the_next_step_on() -> None:
    # E = ½(w1·w2)²: the first step takes η·w1·w2² = 2 off w1 = 1, and h is −1.
    experiment = chain("relu identity", [1.0, 1.0], rate=2.0)
    assert "1 of 1 ReLUs of hidden 1 is dead" in found(experiment)
    assert "(h1 since step 2)" in found(experiment)


def test_saturation_from_the_start_and_of_outputs_that_are_wrong_at_the_end() -> None:
    # tanh'(3) = 0.0099, and 0.07 at 2, above a twentieth of the largest, 1.
    assert "100% of the activations of hidden 1 are saturated from the start" in found(
        chain("tanh identity", [3, 1], 9)
    )
    assert "saturated" not in found(chain("tanh identity", [2, 1], 9, rate=0.001))
    # The first step, η·(a − t)·a·(1 − a) = 400/8, makes z −50, and the target is above 0.
    wrong = found(replace(chain("sigmoid", [0.0], 0.0, rate=400), targets=np.array([[0.25]])))
    assert "100% of the activations of outputs are saturated at the end, 0% at the start" in wrong
    # So they are at the right end, and nothing is wrong.
    assert "saturated" not in found(chain("sigmoid", [0.0], 0.0, rate=400))


def test_gradients_that_explode_and_vanish() -> None:
    # E = ½(w1·w2·w3)²: ∂E/∂w1 is w3/w1 times ∂E/∂w3.
    assert "in step 1 those of hidden 1 are 4.00e+02, those of outputs 2.00e+00, 1/200 of them" in found(
        chain("identity identity identity", [0.1, 1 / 0.1**0.5, 20.0], rate=1e-6)
    )
    assert "vanish" in found(chain("identity identity identity", [4.0, 1.0, 0.02], rate=1e-6))
    assert "vanish" not in found(chain("identity identity identity", [1.0, 1.0, 0.02], rate=1e-6))


def test_a_learning_rate_beside_two_over_the_curvature() -> None:
    # E = ½w²: its curvature is 1 everywhere, and each step multiplies w by 1 − η.
    assert "learning rate 2.5 is 1.25 times" in found(chain("identity", [1.0], rate=2.5))
    assert "2/1 = 2 " in found(chain("identity", [1.0], rate=2.5))
    assert found(chain("identity", [1.0], rate=1.9, steps=40)) == ""
    assert "0.05 is 1/40 of what the curvature allows, 2." in found(chain("identity", [1.0], rate=0.05))


def test_a_leap_is_told_with_its_size() -> None:
    # The first step takes η·w = 12 off w = 1.
    assert "outputs by 12 times its size in step 1" in found(chain("identity", [1.0], rate=12))


def test_where_the_numbers_overflow() -> None:
    # w is multiplied by −9999 in each step: E = ½w² is beyond 1.8e308 where |w| is above 1.9e154, from step 40 on.
    what = found(chain("identity", [1.0], rate=1e4, steps=60))
    assert "The numbers overflow: first E1 at step 40" in what
    assert "learning rate 10000 is 5e+03 times" in what
    # Already the first pass.
    assert "first E1 at step 1" in found(chain("identity", [1e200]))


def test_the_command_prints_a_page_and_exits_with_1_if_something_is_found() -> None:
    well = run("engine", "diagnose", "xor")
    assert (well.returncode, well.stderr) == (0, "")
    assert "Nothing found." in well.stdout
    assert "loss: 0.6788 at step 1, 0.05027 at step 80" in well.stdout
    ill = run("engine", "diagnose", "default", "--learning-rate", "10000", "--steps", "5")
    assert (ill.returncode, ill.stderr) == (1, "")
    assert "The learning rate 10000 is 134 times" in ill.stdout
    assert "Take a learning rate below 75." in ill.stdout
    assert max(map(len, ill.stdout.splitlines())) <= 80


def test_bad_input_gets_one_line() -> None:
    assert error_line("engine", "diagnose", "xor", "--steps", "0") == (
        "error: steps: got 0, expected a whole number from 1 up"
    )
    assert "neither a file nor a packaged experiment" in error_line("engine", "diagnose", "xyzzy")
