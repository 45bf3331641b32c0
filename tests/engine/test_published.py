"""Examples that others published, to the digit printed."""

from dataclasses import replace

import numpy as np
import pytest

from engine import Dense, Experiment, Method, Network, Trace, descend, load_experiment


def first_steps(name: str, steps: int = 2) -> Trace:
    experiment = replace(load_experiment(name), steps=steps)
    return descend(experiment, [experiment.learning_rate])


def number(trace: Trace, step: int, column: str) -> float:
    return float(trace.numbers.values[step - 1, trace.columns.index[column], 0])


@pytest.mark.parametrize(
    ("step", "column", "printed"),
    [
        (1, "h1", "0.3775"),
        (1, "a_h1", "0.593269992"),
        (1, "a_h2", "0.596884378"),
        (1, "o1", "1.105905967"),
        (1, "a_o1", "0.75136507"),
        (1, "a_o2", "0.772928465"),
        (1, "E1", "0.274811083"),
        (1, "E2", "0.023560026"),
        (1, "E_tot", "0.298371109"),
        (1, "∂E/∂o1", "0.138498562"),
        (1, "∂E/∂w5", "0.082167041"),
        (1, "∂E/∂w1", "0.000438568"),
        (2, "w1", "0.149780716"),
        (2, "w2", "0.19956143"),
        (2, "w3", "0.24975114"),
        (2, "w4", "0.29950229"),
        (2, "w5", "0.35891648"),
        (2, "w6", "0.408666186"),
        (2, "w7", "0.511301270"),
        (2, "w8", "0.561370121"),
    ],
)
def test_mazur_simultaneous(step: int, column: str, printed: str) -> None:
    """Matt Mazur, "A Step by Step Backpropagation Example", mattmazur.com, 2015: its first pass and new weights."""
    decimals = len(printed.partition(".")[2])
    assert number(first_steps("mazur"), step, column) == pytest.approx(float(printed), abs=0.5001 * 10**-decimals)


def test_mazurs_next_loss_is_that_of_the_output_layer_first() -> None:
    """The loss printed there after one step, and what is printed after 10,000, belong to another order of updates."""
    output_first, simultaneous = first_steps("mazur-output-first", 10_001), first_steps("mazur", 10_001)
    assert f"{number(output_first, 2, 'E_tot'):.9f}" == "0.291027924"
    assert f"{number(output_first, 10_001, 'a_o1'):.9f}" == "0.015912196"
    assert f"{number(output_first, 10_001, 'a_o2'):.9f}" == "0.984065734"
    # By others who coded both orders, with all digits.
    assert number(output_first, 2, "E_tot") == pytest.approx(0.29102792390544197, rel=1e-14)
    assert number(output_first, 10_001, "E_tot") == pytest.approx(3.5084786296312774e-05, rel=1e-10)
    assert number(simultaneous, 2, "E_tot") == pytest.approx(0.29102777369359933, rel=1e-14)
    assert number(simultaneous, 10_001, "E_tot") == pytest.approx(3.510187782978859e-05, rel=1e-10)


# "Data Mining: Concepts and Techniques": outputs, then weights and biases after one step. w14, w24, w34 are w1, w2, w3
# here, w15, w25, w35 are w4, w5, w6, w46 and w56 are w7 and w8; θ4, θ5, θ6 are b1, b2, b3.
HAN_KAMBER = {
    1: {"a_h1": 0.332, "a_h2": 0.525, "a_o1": 0.474},
    2: {
        "w7": -0.261, "w8": -0.138, "w1": 0.192, "w4": -0.306, "w2": 0.4, "w5": 0.1, "w3": -0.508, "w6": 0.194,
        "b3": 0.218, "b2": 0.194, "b1": -0.408,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("step", "column", "printed"),
    [(step, column, printed) for step, columns in HAN_KAMBER.items() for column, printed in columns.items()],
)
def test_han_and_kamber(step: int, column: str, printed: float) -> None:
    assert round(number(first_steps("textbook-3-2-1"), step, column), 3) == printed


@pytest.mark.parametrize(("column", "printed"), [("∂E/∂o1", 0.1311), ("∂E/∂h2", -0.0065), ("∂E/∂h1", -0.0087)])
def test_the_errors_of_han_and_kamber(column: str, printed: float) -> None:
    """The book has the other sign, and reckons with outputs that it has rounded: .474·(1 − .474)·(1 − .474) = .1311."""
    assert -number(first_steps("textbook-3-2-1"), 1, column) == pytest.approx(printed, abs=1e-4)


def valley(scales: list[float], targets: list[float], weights: list[float], rate: float, method: Method) -> Experiment:
    """Weights w whose loss is Σ (t − w)² · scale: a linear neuron, and a sample for each weight."""
    return Experiment(
        network=Network(len(weights), (Dense(1, "identity"),), "mean-squared-error"),
        weights=(np.array([weights]),),
        inputs=np.diag(np.sqrt(scales)),
        targets=np.array(targets)[:, np.newaxis] * np.sqrt(scales)[:, np.newaxis],
        learning_rate=rate,
        learning_rates=(rate,),
        steps=171,
        method=replace(method, batch_size=len(weights), reduction="sum"),
    )


@pytest.mark.parametrize(
    ("method", "rate", "updates", "printed"),
    [
        (Method(optimizer="momentum", constants=(("momentum", 0.9),)), 0.01, 70, 30.686162582787535),
        (Method(optimizer="rmsprop", constants=(("alpha", 0.999), ("eps", 10e-8))), 0.1, 170, 29.990436450964964),
    ],
)
def test_momentum_and_rmsprop_of_the_little_learner(method: Method, rate: float, updates: int, printed: float) -> None:
    """Friedman and Mendhekar, "The Little Learner": (30 − θ)² from 3 on, in the tests of its package malt.

    Source: github.com/themetaschemer/malt, malted/test/test-G-velocity.rkt and test-H-rms.rkt. (Its Adam has no bias
    correction, and so is another than torch's.)
    """
    trace = descend(valley([1], [30], [3], rate, method))
    assert trace.numbers.each("weight")[0][updates, 0, 0, 0] == pytest.approx(printed, rel=1e-12)


def test_adam_of_an_exercise() -> None:
    """0.1·w1² + 2·w2² from (−5, −2) on with η = 0.2: the printed output of a solved exercise.

    Source: github.com/tienhyu/AIO-Exercise-Module-05, Week_04/4d_Adam.ipynb.
    """
    method = Method(optimizer="adam", constants=(("beta1", 0.9), ("beta2", 0.999), ("eps", 1e-6)))
    weights = descend(valley([0.1, 2], [0, 0], [-5, -2], 0.2, method)).numbers.each("weight")[0][::2, 0, :, 0]
    printed = {
        1: (-4.8000002, -1.80000002),
        2: (-4.60025478, -1.60082451),
        3: (-4.40094848, -1.40317262),
        4: (-4.20227764, -1.20787822),
        5: (-4.00445033, -1.01592745),
        10: (-3.03606592, -0.15249855),
        15: (-2.12645742, 0.40484195),
        20: (-1.31256067, 0.54230812),
        25: (-0.63179919, 0.3611089),
        30: (-0.11386457, 0.06793529),
    }
    for update, numbers in printed.items():
        np.testing.assert_allclose(weights[update], numbers, rtol=0, atol=1e-8)
