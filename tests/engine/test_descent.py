"""The engine against numbers and methods that are not its own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Experiment, FloatArray, InputError, Network, default_experiment, descend, long_table, table
from tests.engine.networks import experiments

# Row 21 of the sheet, from a 50-digit computation.
FIRST_STEP = {
    "h1": 0.0275,
    "h2": 0.0425,
    "a_h1": 0.5068745667645342,
    "a_h2": 0.5106234010049637,
    "o1": 0.43253035715804733,
    "o2": 0.5342801539349972,
    "a_o1": 0.606477732206728,
    "a_o2": 0.6304808354506348,
    "E1": 0.005668753727943837,
    "E2": 0.00851262420994782,
    "E_tot": 0.014181377937891657,
    "∂E/∂w1": 0.0003169933959102902,
    "∂E/∂w2": 0.0006339867918205804,
    "∂E/∂w3": 0.0003517763215907321,
    "∂E/∂w4": 0.0007035526431814642,
    "∂E/∂w5": 0.01288081863162825,
    "∂E/∂w6": 0.012976084910698515,
    "∂E/∂w7": 0.01540834828177308,
    "∂E/∂w8": 0.015522308119994764,
}


def loss_by_hand(experiment: Experiment, weights: list[FloatArray]) -> float:
    """E_tot of one forward pass, written without the engine."""
    a = experiment.inputs[0]
    for matrix in weights:
        a = 1 / (1 + np.exp(-(matrix @ a)))
    return float(0.5 * np.sum((experiment.targets[0] - a) ** 2))


@pytest.mark.parametrize(("name", "expected"), FIRST_STEP.items())
def test_the_first_step_equals_the_50_digit_computation(name: str, expected: float) -> None:
    first = table(descend(default_experiment()), run=0).loc[1]
    assert first[name] == pytest.approx(expected, rel=1e-14, abs=0)


@given(experiments())
@settings(max_examples=50)
def test_gradients_equal_central_differences(experiment: Experiment) -> None:
    trace = descend(experiment)
    run, step, nudge = 1, -1, 1e-5
    weights = [matrix[step, :, :, run] for matrix in trace.numbers.weights]
    for layer, matrix in enumerate(weights):
        for place in np.ndindex(matrix.shape):
            losses = []
            for sign in (1, -1):
                nudged = [copy.copy() for copy in weights]
                nudged[layer][place] += sign * nudge
                losses.append(loss_by_hand(experiment, nudged))
            by_difference = (losses[0] - losses[1]) / (2 * nudge)
            assert trace.numbers.gradients[layer][step][(*place, run)] == pytest.approx(
                by_difference, rel=1e-6, abs=1e-9
            )


@given(experiments())
@settings(max_examples=50)
def test_a_whole_run_equals_torch_autograd(experiment: Experiment) -> None:
    trace = descend(experiment)
    for run, rate in enumerate(experiment.learning_rates):
        weights = [torch.tensor(matrix, requires_grad=True) for matrix in experiment.weights]
        inputs, targets = torch.tensor(experiment.inputs[0]), torch.tensor(experiment.targets[0])
        for step in range(experiment.steps):
            a = inputs
            for layer, matrix in enumerate(weights):
                np.testing.assert_allclose(
                    trace.numbers.weights[layer][step, :, :, run], matrix.detach(), rtol=1e-9, atol=1e-12
                )
                a = torch.sigmoid(matrix @ a)
                np.testing.assert_allclose(
                    trace.numbers.activations[layer][step, :, run], a.detach(), rtol=1e-9, atol=1e-12
                )
            loss = torch.nn.functional.mse_loss(a, targets, reduction="sum") / 2
            assert trace.numbers.loss[step, run] == pytest.approx(loss.item(), rel=1e-9, abs=1e-12)
            gradients = torch.autograd.grad(loss, weights)
            for layer, gradient in enumerate(gradients):
                np.testing.assert_allclose(
                    trace.numbers.gradients[layer][step, :, :, run], gradient, rtol=1e-9, atol=1e-12
                )
            weights = [
                (matrix - rate * gradient).detach().requires_grad_()
                for matrix, gradient in zip(weights, gradients, strict=True)
            ]


def test_a_run_of_a_sweep_equals_the_run_alone() -> None:
    experiment = default_experiment()
    sweep = descend(experiment)
    for run, rate in enumerate(experiment.learning_rates):
        alone = descend(experiment, [rate])
        np.testing.assert_array_equal(sweep.numbers.values[:, :, run], alone.numbers.values[:, :, 0])


@given(
    st.one_of(st.floats(0, 1e12), st.sampled_from([0.0, 1e-9, 0.1, 2.0, 1e4, 1e6, 1e12])),
    st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=8),
)
@settings(max_examples=200)
def test_no_learning_rate_or_weight_overflows(rate: float, weights: list[float]) -> None:
    first, second = np.array(weights).reshape(2, 2, 2)
    experiment = replace(default_experiment(), weights=(first, second), learning_rates=(rate,))
    assert np.isfinite(descend(experiment).numbers.values).all()  # and a NumPy warning would fail the test


def test_numbers_that_leave_float64_are_named() -> None:
    big = np.full((2, 2), 1e308)
    experiment = replace(
        default_experiment(), weights=(big, big), inputs=np.array([[5.0, 5.0]]), learning_rates=(1.0, 2.0)
    )
    with pytest.raises(InputError) as error:
        descend(experiment)
    assert str(error.value) == (
        "learning rate 1, step 1, column h1: the number overflowed (beyond ±1.8e308); "
        "take a smaller learning rate or smaller weights"
    )


def one_layer(*, target: float, given: float) -> Experiment:
    """One weight, 0, for a single step."""
    return Experiment(
        Network.plain((1, 1)), (np.zeros((1, 1)),), np.array([[given]]), np.array([[target]]), 1.0, (1.0,), 1
    )


# Its first output overflows at step 1 alone, because the second one turns both hidden activations from 0.95 to 0.
IN_PASSING = replace(
    default_experiment(),
    weights=(np.full((2, 2), 1.5), np.array([[1e308, 1e308], [1.0, 1.0]])),
    inputs=np.ones((1, 2)),
    targets=np.zeros((1, 2)),
    learning_rates=(1000.0,),
    steps=2,
)


@pytest.mark.parametrize(
    ("experiment", "column"),
    [
        (one_layer(target=1e200, given=1.0), "E1"),
        (one_layer(target=1e150, given=1e308), "∂E/∂w1"),
        (IN_PASSING, "o1"),
    ],
)
def test_no_number_leaves_float64_unseen(experiment: Experiment, column: str) -> None:
    with pytest.raises(InputError, match=f"step 1, column {column}: "):
        descend(experiment)


def test_a_table_has_a_row_a_step_from_1_on() -> None:
    frame = table(descend(default_experiment()), run=4)
    assert list(frame.index) == list(range(1, 81))
    assert frame.index.name == "step"
    assert len(frame.columns) == 31


def test_the_long_table_has_every_run_with_its_learning_rate() -> None:
    trace = descend(default_experiment())
    frame = long_table(trace)
    assert len(frame) == 7 * 80
    assert frame.columns[0] == "learning rate"
    last = frame[frame["learning rate"] == 10000].loc[80]
    assert last["E_tot"] == trace.numbers.loss[-1, -1]
