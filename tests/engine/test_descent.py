"""The engine against numbers and methods that are not its own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine import (
    Dense,
    Experiment,
    FloatArray,
    InputError,
    Method,
    Network,
    default_experiment,
    descend,
    long_table,
)
from tests.engine.networks import any_experiments

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


def loss_by_hand(experiment: Experiment, sample: int, weights: list[FloatArray], biases: list[FloatArray]) -> float:
    """E_tot of one forward pass, written without the engine and as the losses are defined."""
    a, t = experiment.inputs[sample], experiment.targets[sample]
    for matrix, bias, layer in zip(weights, biases, experiment.network.layers, strict=True):
        z = matrix @ a + (bias if len(bias) else 0)
        a = {
            "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
            "tanh": lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
            "relu": lambda z: z * (z > 0),
            "leaky-relu": lambda z: z * np.where(z > 0, 1, 0.01),
            "identity": lambda z: z,
            "softmax": lambda z: np.exp(z) / np.exp(z).sum(),
        }[layer.activation](z)
    loss: float = {
        "half-squared-error": lambda: np.sum((t - a) ** 2) / 2,
        "mean-squared-error": lambda: np.mean((t - a) ** 2),
        "binary-cross-entropy": lambda: -np.sum(t * np.log(a) + (1 - t) * np.log(1 - a)),
        "cross-entropy": lambda: -np.sum(t * np.log(a)),
        "squared-error": lambda: np.sum((t - a) ** 2),
        "mean-binary-cross-entropy": lambda: -np.mean(t * np.log(a) + (1 - t) * np.log(1 - a)),
    }[experiment.network.loss]()
    return loss


@pytest.mark.parametrize(("name", "expected"), FIRST_STEP.items())
def test_the_first_step_equals_the_50_digit_computation(name: str, expected: float) -> None:
    first = descend(default_experiment()).table().loc[1]
    assert first[name] == pytest.approx(expected, rel=1e-14, abs=0)


@given(any_experiments())
@settings(max_examples=100, deadline=None)
def test_gradients_equal_central_differences(experiment: Experiment) -> None:
    assume(experiment.method.update == "simultaneous")
    trace = descend(experiment)
    run, row, nudge = 1, -1, 1e-5
    numbers, sample = trace.numbers, (experiment.rows - 1) % experiment.samples
    for z, layer in zip(numbers.each("pre-activation"), experiment.network.layers, strict=True):
        assume("relu" not in layer.activation or (np.abs(z[row, :, run]) > 1e-3).all())  # no kink between the two
    weights = [matrix[row, :, :, run].copy() for matrix in numbers.each("weight")]
    biases = [bias[row, :, run].copy() for bias in numbers.each("bias")]
    by_difference = []
    for number in range(trace.columns.depth):
        for array in (weights[number], biases[number]) if "bias" in numbers.slopes[number] else (weights[number],):
            for index in np.ndindex(array.shape):
                losses, kept = [], array[index]
                for sign in (1, -1):
                    array[index] = kept + sign * nudge
                    losses.append(loss_by_hand(experiment, sample, weights, biases))
                array[index] = kept
                by_difference.append((losses[0] - losses[1]) / (2 * nudge))
    np.testing.assert_allclose(numbers.every_gradient[row, :, run], by_difference, rtol=1e-6, atol=1e-8)


def test_output_first_passes_errors_back_through_the_new_weights() -> None:
    """By hand: a chain of three linear neurons, x = 1, t = 0, η = 0.1; the errors are 30, 30·(−13), −390·81."""
    experiment = Experiment(
        network=Network(1, (Dense(1, "identity"),) * 3, deltas=True),
        weights=(np.array([[2.0]]), np.array([[3.0]]), np.array([[5.0]])),
        inputs=np.array([[1.0]]),
        targets=np.array([[0.0]]),
        learning_rate=0.1,
        learning_rates=(0.1,),
        steps=2,
        method=Method(update="output-first"),
    )
    frame = descend(experiment).table()
    by_hand = {"∂E/∂o1": 30, "∂E/∂h2": -390, "∂E/∂h1": -31590, "∂E/∂w3": 180, "∂E/∂w2": -780, "∂E/∂w1": -31590}
    assert {name: frame[name][1] for name in by_hand} == pytest.approx(by_hand)
    assert frame[["w1", "w2", "w3"]].to_numpy()[1].tolist() == pytest.approx([3161, 81, -13])


def test_a_batch_goes_round_the_samples_and_its_loss_is_the_mean() -> None:
    experiment = Experiment(
        network=Network(1, (Dense(1, "identity"),)),
        weights=(np.array([[1.0]]),),
        inputs=np.array([[1.0], [2.0], [3.0]]),
        targets=np.zeros((3, 1)),
        learning_rate=0.0,
        learning_rates=(0.0,),
        steps=3,
        method=Method(batch_size=2),
    )
    frame = descend(experiment).table()
    assert frame.index.name == "row"
    assert frame["step"].tolist() == [1, 1, 2, 2, 3, 3]
    assert frame["sample"].tolist() == [1, 2, 3, 1, 2, 3]
    assert frame["E_tot"].tolist() == [0.5, 2, 4.5, 0.5, 2, 4.5]
    assert frame["E_batch"].tolist() == [1.25, 1.25, 2.5, 2.5, 3.25, 3.25]


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
@settings(max_examples=200, deadline=None)
def test_no_learning_rate_or_weight_overflows(rate: float, weights: list[float]) -> None:
    first, second = np.array(weights).reshape(2, 2, 2)
    experiment = replace(default_experiment(), weights=(first, second), learning_rates=(rate,))
    assert np.isfinite(descend(experiment).numbers.values).all()  # and a NumPy warning would fail the test


BOUNDED = [
    ("half-squared-error", "sigmoid"),
    ("half-squared-error", "tanh"),
    ("mean-squared-error", "sigmoid"),
    ("mean-squared-error", "tanh"),
    ("binary-cross-entropy", "sigmoid"),
    ("cross-entropy", "softmax"),
]


@pytest.mark.parametrize(("loss", "out"), BOUNDED)
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh"])
@given(st.lists(st.sampled_from([-1e6, -1.0, 0.0, 1e-6, 1.0, 1e6]), min_size=6, max_size=6), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_no_input_or_learning_rate_overflows_where_outputs_are_bounded_or_the_loss_is_a_cross_entropy(
    loss: str, out: str, hidden: str, inputs: list[float], seed: int
) -> None:
    generator = np.random.default_rng(seed)
    experiment = Experiment(
        network=Network(2, (Dense(2, hidden, 2), Dense(2, out, 1)), loss, deltas=True),
        weights=(generator.normal(size=(2, 2)), generator.normal(size=(2, 2))),
        inputs=np.array(inputs).reshape(3, 2),
        targets=np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]),
        learning_rate=1.0,
        learning_rates=(1e-9, 1.0, 1e6, 1e12),
        steps=80,
        biases=(generator.normal(size=2), generator.normal(size=1)),
        method=Method(batch_size=2, reduction="sum"),
    )
    assert np.isfinite(descend(experiment).numbers.values).all()


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
    frame = descend(default_experiment()).table(4)
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
