"""Layers over pictures: their columns, what an experiment file says of them, and their gradients as slopes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Columns, Dense, Experiment, FloatArray, InputError, Method, Network, descend
from engine.layers import (
    LAYERS,
    AveragePool,
    BatchNorm,
    Convolution,
    Dropout,
    GlobalAveragePool,
    LayerNorm,
    MaxPool,
    Residual,
)
from tests.engine.pictures import picture_experiment
from tests.engine.written import load

PICTURES = """
[network]
inputs = [1, 3, 4]
loss = "cross-entropy"
seed = 7
[[network.layers]]
kind = "convolution"
name = "first"
channels = 2
kernel = [2, 3]
stride = 1
padding = [1, 1]
activation = "relu"
weights = [[[[1, 2, 3], [4, 5, 6]]], [[[7, 8, 9], [10, 11, 12]]]]
bias = 0.5
[[network.layers]]
kind = "batch-norm"
eps = 0.001
gamma = [2, 3]
[[network.layers]]
kind = "max-pool"
stride = [1, 2]
[[network.layers]]
kind = "dropout"
rate = 0.25
[[network.layers]]
kind = "convolution"
channels = 2
kernel = 1
init = "he-normal"
bias = [0, 1]
train_bias = false
[[network.layers]]
kind = "residual"
from = 5
activation = "tanh"
[[network.layers]]
kind = "average-pool"
size = [1, 2]
[[network.layers]]
kind = "global-average-pool"
activation = "softmax"
[[samples]]
inputs = [[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]]
targets = [1, 0]
[[samples]]
inputs = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13]
targets = [0, 1]
[training]
learning_rate = 0.1
"""


def test_every_key_of_every_kind_is_read(tmp_path: Path) -> None:
    experiment = load(tmp_path, PICTURES)
    assert experiment.network == Network(
        12,
        (
            Convolution(2, (2, 3), (1, 1), (1, 1), "relu", biases=1),
            BatchNorm(eps=0.001),
            MaxPool((2, 2), (1, 2)),
            Dropout(0.25, (7, 3)),
            Convolution(2, (1, 1), biases=2, train_bias=False),
            Residual(4, "tanh"),
            AveragePool((1, 2), (1, 2)),
            GlobalAveragePool("softmax"),
        ),
        "cross-entropy",
        deltas=True,
        picture=(1, 3, 4),
    )
    assert experiment.network.shapes == (
        (1, 3, 4), (2, 4, 4), (2, 4, 4), (2, 3, 2), (2, 3, 2), (2, 3, 2), (2, 3, 2), (2, 3, 1), (2,),
    )  # fmt: skip
    np.testing.assert_array_equal(experiment.inputs, [[*range(1, 13)], [*range(1, 12), 13]])
    np.testing.assert_array_equal(experiment.weights[0].ravel(), range(1, 13))
    np.testing.assert_array_equal(experiment.weights[1], [2, 3])
    np.testing.assert_array_equal(experiment.biases[1], [0, 0])
    assert [array.shape for array in experiment.weights] == [
        (2, 1, 2, 3), (2,), (0,), (0,), (2, 2, 1, 1), (0,), (0,), (0,),
    ]  # fmt: skip
    assert load(tmp_path, PICTURES.replace("from = 5", 'from = "last"').replace(
        "kernel = 1", 'kernel = 1\nname = "last"')) == experiment  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("inputs = [1, 3, 4]", "inputs = [3, 4]", "network.inputs: got [3, 4], expected a list of 3 elements"),
        ("inputs = [1, 3, 4]", "inputs = 12",
         "network.layers[0].kind: got it after 12 numbers without rows and columns, expected maps: inputs = [1, 6, 6]"),
        ('"max-pool"', '"maxpool"', "network.layers[2].kind: got 'maxpool'; did you mean 'max-pool'?"),
        ('"max-pool"', "3", "network.layers[2].kind: got 3, expected " + ", ".join(LAYERS)),
        ("channels = 2\nkernel = [2, 3]", "kernel = [2, 3]", "missing key 'network.layers[0].channels'"),
        ("kernel = [2, 3]", "kernel = [6, 3]",
         "network.layers[0].kernel: got 6×3, expected at most 5×6, the size of what goes in"),
        ("kernel = [2, 3]", "kernel = [2, 3, 4]",
         "network.layers[0].kernel: got [2, 3, 4], expected a list of 2 elements"),
        ("[4, 5, 6]]]", "[4, 5]]]",
         "network.layers[0].weights[0][0][1]: got 2 numbers, expected 3, one for each column of the kernel"),
        ("[[[[1, 2, 3], [4, 5, 6]]], ", "[", "network.layers[0].weights: got 1 list, expected 2, one for each channel"),
        ("bias = 0.5", "bias = [1, 2, 3]",
         "network.layers[0].bias: got 3 numbers, expected 2, one for each channel, or one number for all"),
        ("gamma = [2, 3]", "gamma = [2]", "network.layers[1].gamma: got 1 number, expected 2, one for each channel"),
        ("rate = 0.25", "rate = 1", "network.layers[3].rate: got 1, expected a number from 0 to below 1"),
        ("from = 5", "from = 6", "network.layers[5].from: got '6', expected the name or number of a layer before: "
         "1, first, 2, 3, 4, 5"),
        ("from = 5", "from = 1", "network.layers[5].from: got numbers of shape 1×3×4, expected 2×3×2"),
        ("rate = 0.25", "rate = 0.25\nneurons = 3", "unknown key 'network.layers[3].neurons'; expected "
         "network.layers[3].kind, network.layers[3].name, network.layers[3].rate, network.layers[3].activation"),
        ("[[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]]", "[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]",
         "samples[0].inputs: got lists in a list, expected 1×3×4 nested lists, channels of rows, or a list of numbers"),
        ("11, 13]", "11]", "samples[1].inputs: got 11 numbers, expected 12, one for each input"),
        ("learning_rate = 0.1", "learning_rate = 0.1\nbatch_size = 1",
         "training.batch_size: got 1, expected at least 2 with batch-norm"),
    ],
)  # fmt: skip
def test_a_bad_layer_gets_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert PICTURES.count(old) >= 1
    with pytest.raises(InputError) as error:
        load(tmp_path, PICTURES.replace(old, new, 1))
    assert str(error.value) == f"{tmp_path / 'my.toml'}: {message}"


def test_the_columns_of_pictures_and_maps_tell_channel_row_and_column() -> None:
    layers = (Convolution(2, (2, 2), activation="relu", biases=2), MaxPool((1, 2), (1, 2)), BatchNorm(), Dropout(0.5))
    columns = Columns(Network(6, (*layers, Dense(1)), deltas=True, picture=(1, 2, 3)), 2, Method(2))
    assert " ".join(columns.names) == (
        "step sample t1 i1_1_1 i1_1_2 i1_1_3 i1_2_1 i1_2_2 i1_2_3 "
        "w1 w2 w3 w4 w5 w6 w7 w8 b1 b2 h1_1_1 h1_1_2 h2_1_1 h2_1_2 a_h1_1_1 a_h1_1_2 a_h2_1_1 a_h2_1_2 "
        "p1_1_1 p2_1_1 "
        "γ1 γ2 β1 β2 running_mean1 running_mean2 running_var1 running_var2 mean1 mean2 var1 var2 "
        "n1_1_1 n2_1_1 y1_1_1 y2_1_1 "
        "mask1_1_1 mask2_1_1 d1_1_1 d2_1_1 "
        "w9 w10 o1 a_o1 E1 E_tot E_batch "
        "∂E/∂o1 ∂E/∂d1_1_1 ∂E/∂d2_1_1 ∂E/∂y1_1_1 ∂E/∂y2_1_1 ∂E/∂n1_1_1 ∂E/∂n2_1_1 ∂E/∂var1 ∂E/∂var2 "
        "∂E/∂mean1 ∂E/∂mean2 "
        "∂E/∂p1_1_1 ∂E/∂p2_1_1 ∂E/∂h1_1_1 ∂E/∂h1_1_2 ∂E/∂h2_1_1 ∂E/∂h2_1_2 "
        "∂E/∂w1 ∂E/∂w2 ∂E/∂w3 ∂E/∂w4 ∂E/∂w5 ∂E/∂w6 ∂E/∂w7 ∂E/∂w8 ∂E/∂b1 ∂E/∂b2 ∂E/∂γ1 ∂E/∂γ2 ∂E/∂β1 "
        "∂E/∂β2 ∂E/∂w9 ∂E/∂w10"
    )
    i, w, h = (columns.by_name[name] for name in ("i1_2_3", "w7", "∂E/∂h2_1_2"))
    assert (i.channel, i.row, i.column, i.neuron) == (0, 1, 2, 5)
    assert (w.layer, w.neuron, w.source, w.row, w.column) == (0, 1, 0, 1, 0)
    assert (h.layer, h.channel, h.row, h.column, h.neuron) == (0, 1, 0, 1, 3)


@pytest.mark.parametrize("seed", range(25))
def test_gradients_of_every_kind_equal_central_differences(seed: int) -> None:
    experiment = picture_experiment(seed, steps=1)
    network = replace(experiment.network, layers=tuple(
        layer.with_activation("tanh") if "relu" in layer.activation else layer for layer in experiment.network.layers
    ))  # fmt: skip
    experiment = replace(experiment, network=network, learning_rates=(0.0,))
    numbers = descend(experiment).numbers
    gradient = getattr(np, experiment.method.reduction)(numbers.every_gradient[..., 0], axis=0)
    by_difference: list[float] = []
    for number, (layer, shape) in enumerate(zip(network.layers, network.shapes, strict=False)):
        for kind in layer.trained(shape):
            arrays = experiment.weights if kind == "weight" else experiment.biases
            for index in range(arrays[number].size):
                up, down = (_loss(experiment, kind, _nudged(arrays, number, index, step)) for step in (1e-6, -1e-6))
                by_difference.append((up - down) / 2e-6)
    # A nudge may change the winner of a max pool, but not of these seeds.
    np.testing.assert_allclose(gradient, by_difference, rtol=1e-5, atol=1e-7)


def _nudged(arrays: tuple[FloatArray, ...], number: int, index: int, step: float) -> tuple[FloatArray, ...]:
    changed = [array.copy() for array in arrays]
    changed[number].flat[index] += step
    return tuple(changed)


def _loss(experiment: Experiment, kind: str, arrays: tuple[FloatArray, ...]) -> float:
    experiment = replace(experiment, weights=arrays) if kind == "weight" else replace(experiment, biases=arrays)
    return float(descend(experiment).curve[0, 0])


def test_a_layer_norm_tells_how_wide_it_may_be() -> None:
    assert Network(255, (LayerNorm(), Dense(1))).sizes == (255, 255, 1)
    with pytest.raises(InputError, match=r"layers\[0\].kind: got layer-norm of 256 numbers, expected at most 255"):
        Network(256, (LayerNorm(), Dense(1)))


def test_a_seed_draws_the_same_masks_in_all_runs_and_other_ones_in_each_row() -> None:
    network = Network(40, (Dropout(0.25), Dense(1)), deltas=True)
    weights, inputs, targets = (np.empty(0), np.ones((1, 40))), np.ones((50, 40)), np.zeros((50, 1))
    experiment = Experiment(network, weights, inputs, targets, 0.1, (0.1, 1), 2, method=Method(50))
    masks = descend(experiment).numbers.layers[0]["mask"]
    assert set(np.unique(masks)) == {0, 1}
    assert masks.mean() == pytest.approx(0.75, abs=0.03)
    np.testing.assert_array_equal(masks[..., 0], masks[..., 1])
    assert len(np.unique(masks[..., 0], axis=0)) == len(masks)
    np.testing.assert_array_equal(masks, descend(experiment).numbers.layers[0]["mask"])
    other = replace(network, layers=(Dropout(0.25, (2, 0)), Dense(1)))
    assert (descend(replace(experiment, network=other)).numbers.layers[0]["mask"] != masks).any()
