"""Examples that others published, to the digit printed."""

from dataclasses import replace

import numpy as np
import pytest

from engine import Trace, descend, load_experiment


def first_steps(name: str, steps: int = 2) -> Trace:
    experiment = replace(load_experiment(name), steps=steps)
    return descend(experiment, [experiment.learning_rate])


def number(trace: Trace, step: int, column: str) -> float:
    return float(trace.numbers.values[step - 1, trace.columns.place[column], 0])


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


HAN_KAMBER = {
    1: {"a_h1": "0.332", "a_h2": "0.525", "a_o1": "0.474"},
    2: {
        "w7": "-0.261", "w8": "-0.138", "w1": "0.192", "w4": "-0.306", "w2": "0.4", "w5": "0.1", "w3": "-0.508",
        "w6": "0.194", "b3": "0.218", "b2": "0.194", "b1": "-0.408",
    },
}  # fmt: skip
