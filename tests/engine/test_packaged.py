"""The packaged experiments do what their comments say."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest

from engine import Dense, Experiment, FloatArray, Trace, descend, load_experiment
from engine.experiment_file import packaged_experiments
from engine.layers import BatchNorm, Dropout, Residual

NAMES = list(packaged_experiments())


def own_run(name: str) -> tuple[Experiment, Trace]:
    experiment = load_experiment(name)
    return experiment, descend(experiment, [experiment.learning_rate])


def last_outputs(experiment: Experiment, trace: Trace, run: int = 0) -> FloatArray:
    """The outputs of the last pass over all samples, (samples, outputs)."""
    assert experiment.rows % experiment.samples == 0
    return trace.numbers.each("activation")[-1][-experiment.samples :, :, run]


@pytest.mark.parametrize("name", NAMES)
def test_each_one_fits_on_a_screen_of_rows_and_finishes_every_run(name: str) -> None:
    experiment = load_experiment(name)
    assert experiment.rows <= 400
    assert len(experiment.sweep) <= 7
    assert experiment.runs or experiment.learning_rate in experiment.learning_rates
    for run in experiment.sweep:
        assert np.isfinite(descend(experiment.as_run(run), [run.learning_rate]).numbers.values).all()


@pytest.mark.parametrize("name", NAMES)
def test_each_one_has_a_name_for_the_list_and_tells_what_to_look_for(name: str) -> None:
    experiment = load_experiment(name)
    assert 0 < len(experiment.name) <= 60  # the names before it take 20 of a terminal's 80 characters
    assert experiment.look_for
    assert "\n" not in experiment.look_for


@pytest.mark.parametrize("name", NAMES)
def test_typed_weights_have_two_decimals(name: str) -> None:
    layers = tomllib.loads(packaged_experiments()[name].read_text(encoding="utf-8"))["network"].get("layers", [])
    for layer in layers:
        for row in layer.get("weights", []):
            np.testing.assert_array_equal(row, np.round(row, 2))


@pytest.mark.parametrize("name", ["xor", "deep", "and", "or"])
def test_all_four_outputs_end_on_the_right_side(name: str) -> None:
    experiment, trace = own_run(name)
    np.testing.assert_array_equal(last_outputs(experiment, trace) > 0.5, experiment.targets > 0.5)


def test_xor_stays_near_a_half_at_first_and_a_learning_rate_of_100_ends_it() -> None:
    experiment, trace = own_run("xor")
    assert np.abs(trace.numbers.each("activation")[-1][: 10 * 4] - 0.5).max() < 0.16
    np.testing.assert_allclose(last_outputs(experiment, descend(experiment, [100.0])), 1)


def test_and_with_a_learning_rate_of_100_saturates() -> None:
    experiment = load_experiment("and")
    trace = descend(experiment, [100.0])
    np.testing.assert_allclose(last_outputs(experiment, trace), 0, atol=1e-4)
    np.testing.assert_allclose(trace.numbers.every_gradient[-4:], 0, atol=1e-4)


def test_the_loss_of_or_has_a_tooth_for_every_round_the_highest_at_0_0() -> None:
    _, trace = own_run("or")
    rounds = trace.curve[:, 0].reshape(-1, 4)[1:]
    assert (rounds.argmax(axis=1) == 0).all()


def test_the_three_classes_are_told_apart_and_a_learning_rate_of_5_puts_all_in_one() -> None:
    experiment, trace = own_run("three-classes")
    classes = last_outputs(experiment, trace).argmax(axis=1)
    np.testing.assert_array_equal(classes, experiment.targets.argmax(axis=1))
    assert trace.curve[0, 0] == pytest.approx(np.log(3), abs=0.1)
    for rate in (5.0, 10.0):
        assert len(set(last_outputs(experiment, descend(experiment, [rate])).argmax(axis=1))) == 1


def test_the_regression_follows_the_parabola_rising_at_times_and_a_learning_rate_of_1_diverges() -> None:
    experiment, trace = own_run("regression")
    np.testing.assert_allclose(last_outputs(experiment, trace), experiment.inputs**2, atol=0.04)
    losses = trace.curve[::10, 0]
    assert (np.diff(losses) > 0).sum() > 10
    diverging = descend(experiment, [1.0]).curve[::10, 0]
    assert 25 < diverging[-1] / diverging[-2] < 40


def test_the_first_layer_of_deep_gets_less_than_half_of_the_thirds_gradients() -> None:
    _, trace = own_run("deep")
    first, third = (np.abs(trace.numbers.slopes[layer]["weight"][: 20 * 4]).mean(axis=(1, 2, 3)) for layer in (0, 2))
    steps_first, steps_third = first.reshape(20, 4).mean(axis=1), third.reshape(20, 4).mean(axis=1)
    assert (steps_first < 0.5 * steps_third).all()


def paths() -> dict[str, FloatArray]:
    """w1 and w2 at every step of each optimizer, (steps, 2)."""
    experiment = load_experiment("optimizers")
    return {
        run.method.optimizer: descend(experiment.as_run(run), [run.learning_rate]).numbers.each("weight")[0][
            ::2, 0, :, 0
        ]
        for run in experiment.sweep
    }


def test_the_optimizers_take_the_ways_that_their_file_tells() -> None:
    path = paths()
    assert list(path) == ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
    sides = np.sign(path["sgd"][:10, 0] - 1)
    assert (sides[1:] == -sides[:-1]).all()  # from side to side of the valley
    assert path["momentum"][:, 0].max() > 2
    for name in ("adagrad", "rmsprop", "adam"):
        first = path[name][1] - path[name][0]
        assert first[0] == pytest.approx(first[1], rel=1e-4)
    assert (path["adamw"].max(axis=0) < path["adam"].max(axis=0)).all()


def test_the_two_orders_of_mazur_differ_in_nothing_but_the_order() -> None:
    simultaneous, output_first = load_experiment("mazur"), load_experiment("mazur-output-first")
    assert output_first.method.update == "output-first"
    assert replace(output_first, method=simultaneous.method) == simultaneous


def without(experiment: Experiment, kind: type) -> Trace:
    """The experiment's own run without the layers of a kind; the layer before the first has its activation."""
    network = experiment.network
    kept = [number for number, layer in enumerate(network.layers) if not isinstance(layer, kind)]
    layers = tuple(network.layers[number] for number in kept)
    if kind is BatchNorm:
        layers = (layers[0].with_activation("tanh"), *layers[1:])
    weights, biases = (tuple(of[number] for number in kept) for of in (experiment.weights, experiment.biases))
    changed = replace(experiment, network=replace(network, layers=layers), weights=weights, biases=biases)
    return descend(changed, [experiment.learning_rate])


def test_the_convolutions_kernels_become_detectors_of_bars() -> None:
    experiment, trace = own_run("conv")
    outputs = last_outputs(experiment, trace)
    np.testing.assert_array_equal(outputs.argmax(axis=1), experiment.targets.argmax(axis=1))
    across, down = trace.numbers.layers[0]["weight"][-1, :, 0, :, :, 0]
    assert across.mean(axis=1).std() > 2 * across.mean(axis=0).std()  # its rows differ more than its columns
    assert down.mean(axis=0).std() > 2 * down.mean(axis=1).std()
    assert experiment.network.shapes[1][1:] == (4, 4)  # 16 windows share a kernel


def test_without_batch_norm_the_network_stands_still() -> None:
    experiment, trace = own_run("batch-norm")
    assert np.abs(trace.numbers.layers[0]["pre-activation"]).min() > 30
    assert trace.curve[-1, 0] < 0.1 * trace.curve[0, 0]
    normalized = trace.numbers.layers[1]["normalized"][-4:, :, 0]
    np.testing.assert_allclose((normalized.mean(axis=0), normalized.std(axis=0)), ([0] * 3, [1] * 3), atol=1e-6)
    assert without(experiment, BatchNorm).curve[[4, -1], 0] == pytest.approx(np.log(2), abs=5e-4)


def test_a_neuron_that_is_left_out_has_gradients_of_0() -> None:
    experiment, trace = own_run("dropout")
    out = trace.numbers.layers[1]["mask"][..., 0] == 0
    assert 0.4 < out.mean() < 0.6
    assert (trace.numbers.slopes[0]["weight"][..., 0][out] == 0).all()
    assert (trace.numbers.slopes[0]["weight"][..., 0][~out] != 0).any(axis=1).mean() > 0.7
    losses = trace.curve[:: experiment.method.batch_size, 0]
    assert (np.diff(losses) > 0).sum() > 10
    assert losses[-1] < 0.2 * losses[0]
    steady = without(experiment, Dropout).curve[:: experiment.method.batch_size, 0]
    assert (np.diff(steady) < 0).all()


def test_errors_come_back_past_the_layers_of_a_residual_network() -> None:
    experiment, trace = own_run("residual")
    bare = without(experiment, Residual)

    def first_and_last_hidden(trace: Trace) -> tuple[float, float]:
        network = trace.columns.network.layers
        hidden = [number for number, layer in enumerate(network) if isinstance(layer, Dense)][:-1]
        first, last = (float(np.abs(trace.numbers.slopes[of]["weight"][:4]).mean()) for of in (hidden[0], hidden[-1]))
        return first, last

    first, last = first_and_last_hidden(trace)
    assert 0.5 < first / last < 2
    assert first_and_last_hidden(bare)[0] < first / 20
    assert bare.curve[-1, 0] == pytest.approx(0.125, abs=5e-4)
    assert trace.curve[-1, 0] < 0.5 * trace.curve[0, 0]


def test_the_block_of_a_larger_network_learns_and_its_maps_are_normalized() -> None:
    experiment, trace = own_run("seed-block")
    outputs = last_outputs(experiment, trace)
    np.testing.assert_array_equal(outputs.argmax(axis=1), experiment.targets.argmax(axis=1))
    normalized = trace.numbers.layers[1]["normalized"][-4:, ..., 0]
    np.testing.assert_allclose(normalized.mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(normalized.var(axis=(0, 2, 3)), 1, atol=1e-3)


def test_every_token_looks_at_the_marked_one_in_the_end() -> None:
    experiment, trace = own_run("attention")
    shares = trace.numbers.layers[0]["share"][..., 0].reshape(25, 4, 4, 4)  # step, sequence, asks, asked
    marked = experiment.inputs[:, 1].reshape(4, 4).argmax(axis=1)
    last = np.array([shares[-1, sequence, :, token] for sequence, token in enumerate(marked)])
    assert (last > 0.83).all()
    assert (round(shares[0].min(), 2), round(shares[0].max(), 2)) == (0.17, 0.3)
    biases = trace.columns.names_in(0, "bias")
    assert biases[2:4] == ["bk1", "bk2"]
    np.testing.assert_allclose(trace.numbers.layers[0]["bias"][:, 2:4], 0, atol=1e-12)


def test_the_transformer_learns_the_next_character_of_a_text() -> None:
    experiment, trace = own_run("transformer")
    assert len(experiment.vocabulary) == 12
    assert trace.curve[[0, -1], 0].round(1).tolist() == [27.5, 12.5]
    said = last_outputs(experiment, trace).argmax(axis=1)
    assert (said == experiment.targets.argmax(axis=1)).sum() == 11
    assert np.triu(trace.numbers.layers[2]["share"][:10, :10, 0], 1).max() == 0
