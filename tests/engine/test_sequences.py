"""Experiments whose samples are sequences: what a file says of them, and the table's rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import InputError, Network, descend
from engine.layers import Gru, Lstm, Recurrent
from tests.engine.sequences import sequence_experiment
from tests.engine.written import load

SEQUENCES = """
[network]
inputs = 2
[[network.layers]]
kind = "recurrent"
neurons = 1
activation = "relu"
weights = [[1, 2]]
recurrent = [[3]]
bias = [4]
initial = [5]
bptt = 2
[[network.layers]]
kind = "lstm"
neurons = 1
init = "normal"
[[network.layers]]
kind = "gru"
neurons = 1
init = "normal"
bias = [0, 0, 0, 0]
train_bias = false
[[samples]]
inputs = [[1, 2], [3, 4], [5, 6]]
targets = [7]
[[samples]]
inputs = [[-1, -2], [-3, -4], [-5, -6]]
targets = [[1], [2], [3]]
[training]
learning_rate = 0.1
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    experiment = load(tmp_path, SEQUENCES)
    assert experiment.network.layers == (
        Recurrent(1, 3, 1, initial=(5.0,), bptt=2, activation="relu"),
        Lstm(1, 3),
        Gru(1, 3, 4, train_bias=False),
    )
    assert (experiment.network.time, experiment.network.counted, experiment.network.truncated) == (3, True, 1)
    np.testing.assert_array_equal(experiment.weights[0], [[1, 2, 3]])
    assert [array.shape for array in experiment.weights] == [(1, 3), (4, 2), (3, 2)]
    np.testing.assert_array_equal(experiment.inputs[:, 0], [1, 3, 5, -1, -3, -5])
    np.testing.assert_array_equal(experiment.targets[:, 0], [0, 0, 7, 1, 2, 3])
    np.testing.assert_array_equal(experiment.counted, [0, 0, 1, 1, 1, 1])
    assert (experiment.samples, experiment.method.batch_size, experiment.columns.sequences) == (6, 6, 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[-5, -6]]", "[-5, -6], [0, 0]]",
         "samples[1].inputs: got 4 steps, expected 3 as in samples[0]: "
         "the sequences of an experiment are equally long"),
        ("[3, 4]", "[3, 4, 5]", "samples[0].inputs[1]: got 3 numbers, expected 2, one for each input"),
        ("[[1], [2], [3]]", "[[1], [2]]", "samples[1].targets: got 2 lists, expected 3, one for each step, "
         "or a list of numbers for the last step"),
        ("[7]", "[7, 8]", "samples[0].targets: got 2 numbers, expected 1, one for each output"),
        ("[[-1, -2], [-3, -4], [-5, -6]]", "[1, 2]",
         "samples[1].inputs: got 2 numbers, expected a list of numbers for each step, as before"),
        ("recurrent = [[3]]", "", "network.layers[0]: got weights alone, expected recurrent too, or init"),
        ("initial = [5]", "initial = [5, 6]", "network.layers[0].initial: got 2 numbers, expected 1, h of each neuron"),
        ('kind = "lstm"', 'kind = "lstm"\ninitial = [1]',
         "network.layers[1].initial: got 1 number, expected 2, h of each neuron and c of each neuron"),
        ("bias = [4]", "bias = 4", "network.layers[0].bias: got 4, expected a list with at least one element"),
        ("bias = [0, 0, 0, 0]", "bias = [0, 0, 0]",
         "network.layers[2].bias: got 3 numbers, expected 4, one for each gate of each neuron"),
        ("bptt = 2", "bptt = 0", "network.layers[0].bptt: got 0, expected a whole number from 1 up"),
        ("learning_rate = 0.1", "learning_rate = 0.1\nbatch_size = 3",
         "training.batch_size: got 3, expected a whole number from 1 to 2, the number of samples"),
        ("inputs = 2", "inputs = 2\ndeltas = false",
         "network.deltas: got false with sequences, expected true: errors flow back through these columns"),
    ],
)  # fmt: skip
def test_what_does_not_fit_gets_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert SEQUENCES.count(old) >= 1
    with pytest.raises(InputError) as error:
        load(tmp_path, SEQUENCES.replace(old, new, 1))
    assert str(error.value) == f"{tmp_path / 'my.toml'}: {message}"


def test_a_row_is_a_step(tmp_path: Path) -> None:
    trace = descend(load(tmp_path, SEQUENCES.replace("learning_rate", "steps = 2\nlearning_rate")))
    numbers = trace.numbers.values[:, :, 0]
    steps, samples, times = (numbers[:, trace.columns.index[name]] for name in ("step", "sample", "time"))
    assert steps.tolist() == [1] * 6 + [2] * 6
    assert samples.tolist() == [1, 1, 1, 2, 2, 2] * 2
    assert times.tolist() == [1, 2, 3] * 4
    first = trace.numbers.layers[0]["pre-activation"][:6, 0, 0].tolist()
    assert first == [
        1 + 4 + 15 + 4,
        3 + 8 + 72 + 4,
        5 + 12 + 261 + 4,
        -1 - 4 + 15 + 4,
        -3 - 8 + 42 + 4,
        -5 - 12 + 105 + 4,
    ]


@pytest.mark.parametrize("seed", [100, 101, 102, 103, 106])
def test_gradients_are_central_differences(seed: int) -> None:
    experiment = sequence_experiment(seed)
    layers = tuple(
        replace(layer, bptt=0).with_activation("tanh")
        if isinstance(layer, Recurrent | Lstm | Gru) else layer for layer in experiment.network.layers
    )  # fmt: skip
    network = replace(experiment.network, layers=layers)
    experiment = replace(
        experiment, network=network, steps=1, method=replace(experiment.method, batch_size=experiment.samples)
    )
    trace = descend(experiment, [0.0])
    for layer, slopes in enumerate(trace.numbers.slopes):
        for kind, arrays in (("weight", experiment.weights), ("bias", experiment.biases)):
            if kind not in slopes:
                continue
            gradient = slopes[kind][..., 0].sum(axis=0)
            for index in np.ndindex(gradient.shape):
                sides = []
                for nudge in (1e-6, -1e-6):
                    changed = [array.copy() for array in arrays]
                    changed[layer][index] += nudge
                    weights, biases = tuple(changed), experiment.biases
                    if kind == "bias":
                        weights, biases = experiment.weights, tuple(changed)
                    made = replace(experiment, weights=weights, biases=biases)
                    sides.append(float(descend(made, [0.0]).numbers.loss.sum()))
                assert gradient[index] == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-6, abs=1e-8)


def test_sequences_are_for_layers_whose_rows_read_one_another(tmp_path: Path) -> None:
    dense = SEQUENCES[: SEQUENCES.index("[[network.layers]]")] + '[[network.layers]]\nneurons = 1\ninit = "normal"\n'
    with pytest.raises(
        InputError, match=r"samples\[0\].inputs: got a sequence, expected a list of numbers, as no layer"
    ):
        load(tmp_path, dense + SEQUENCES[SEQUENCES.index("[[samples]]") :])


def test_layers_agree_on_the_steps_of_a_sequence() -> None:
    with pytest.raises(InputError, match=r"network.layers\[1\]: got sequences of 2 steps, expected 3 as elsewhere"):
        Network(1, (Recurrent(1, 3), Lstm(1, 2)), deltas=True)
