"""Experiment files with [[network.layers]]: what they may say, and each thing that can be wrong with one."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from engine import Dense, Experiment, InputError, InputWarning, Method, Network, Run, load_experiment
from engine.experiment_file import packaged_experiments
from engine.experiment_keys import CONSTANTS, NETWORK, TRAINING
from engine.experiment_tables import read_experiment
from engine.experiment_toml import toml_text
from engine.optimizers import DECAYS, OPTIMIZERS, SCHEDULES, TAKERS
from tests.commands import run
from tests.engine.written import load

WHOLE = """
[network]
inputs = 2
loss = "mean-squared-error"
deltas = false

[[network.layers]]
neurons = 3
activation = "tanh"
weights = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
bias = 0.7
train_bias = false

[[network.layers]]
neurons = 1
weights = [[0.8, 0.9, 1]]
bias = [-1]

[[samples]]
inputs = [0, 1]
targets = [1]

[[samples]]
inputs = [1, 1]
targets = [0]

[training]
steps = 7
batch_size = 1
reduction = "sum"
learning_rate = 0.5
optimizer = "adam"
betas = [0.8, 0.9]
eps = 1e-6
weight_decay = 0.1
schedule = "step"
step_size = 3
"""
SHORT = """
[network]
inputs = 1
[[network.layers]]
neurons = 1
weights = [[0.5]]
[[samples]]
inputs = [1]
targets = [1]
[[samples]]
inputs = [2]
targets = [0]
[training]
learning_rate = 0.7
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    constants = {"beta1": 0.8, "beta2": 0.9, "eps": 1e-6, "weight_decay": 0.1, "step_size": 3.0, "gamma": 0.1}
    layers = (Dense(3, "tanh", 1, train_bias=False), Dense(1, "sigmoid", 1))
    assert load(tmp_path, WHOLE) == Experiment(
        network=Network(2, layers, "mean-squared-error"),
        weights=(np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]), np.array([[0.8, 0.9, 1]])),
        inputs=np.array([[0.0, 1.0], [1.0, 1.0]]),
        targets=np.array([[1.0], [0.0]]),
        learning_rate=0.5,
        learning_rates=(0.005, 0.05, 0.5, 5.0, 50.0),
        steps=7,
        biases=(np.array([0.7]), np.array([-1.0])),
        method=Method(1, "sum", "adam", "step", constants=tuple(constants.items())),
    )


def test_what_a_file_leaves_out_has_its_default(tmp_path: Path) -> None:
    assert load(tmp_path, SHORT) == Experiment(
        network=Network(1, (Dense(1),), deltas=True),
        weights=(np.array([[0.5]]),),
        inputs=np.array([[1.0], [2.0]]),
        targets=np.array([[1.0], [0.0]]),
        learning_rate=0.7,
        learning_rates=(0.007, 0.07, 0.7, 7.0, 70.0),
        steps=80,
        method=Method(batch_size=2),
    )


def test_a_cosine_ends_with_the_last_step(tmp_path: Path) -> None:
    experiment = load(tmp_path, SHORT + 'schedule = "cosine"\nsteps = 33\n')
    assert dict(experiment.method.constants) == {"T_max": 33, "eta_min": 0}


def test_a_run_takes_what_it_does_not_say_from_training(tmp_path: Path) -> None:
    text = SHORT + (
        'optimizer = "momentum"\nmomentum = 0.8\nweight_decay = 0.1\n'
        '[[training.runs]]\noptimizer = "nesterov"\n'
        '[[training.runs]]\noptimizer = "adagrad"\nlearning_rate = 2\nschedule = "warm-up"\n'
        "[[training.runs]]\nmomentum = 0.5\n"
    )
    assert load(tmp_path, text).runs == (
        Run(0.7, Method(2, optimizer="nesterov", constants=(("momentum", 0.8), ("weight_decay", 0.1)))),
        Run(
            2,
            Method(
                2,
                optimizer="adagrad",
                schedule="warm-up",
                constants=(("eps", 1e-10), ("weight_decay", 0.1), ("warm_up", 10)),
            ),
        ),
        Run(0.7, Method(2, optimizer="momentum", constants=(("momentum", 0.5), ("weight_decay", 0.1)))),
    )


def test_samples_come_from_a_csv_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_text("\ufefft1, i1\n1,1\n\n0,2\n", encoding="utf-8")
    start, samples, end = SHORT.partition("[[samples]]")[0], "", "[training]\nlearning_rate = 0.7\n"
    assert load(tmp_path, 'data = "my.csv"\n' + start + samples + end) == load(tmp_path, SHORT)


@pytest.mark.parametrize(
    ("init", "spread"),
    [
        # The standard deviation of 30 × 20 numbers; that of uniform ones in ±r is r/√3.
        ("uniform", 1 / np.sqrt(3)),
        ("normal", 1),
        ("glorot-uniform", np.sqrt(2 / (20 + 30))),
        ("glorot-normal", np.sqrt(2 / (20 + 30))),
        ("he-uniform", np.sqrt(2 / 20)),
        ("he-normal", np.sqrt(2 / 20)),
    ],
)
def test_weights_are_drawn(tmp_path: Path, init: str, spread: float) -> None:
    text = SHORT.replace("neurons = 1\nweights = [[0.5]]", f'neurons = 30\ninit = "{init}"')
    text = text.replace("inputs = 1\n", "inputs = 20\n").replace("[1]", str([1] * 30)).replace("[0]", str([0] * 30))
    text = text.replace(f"inputs = {[1] * 30}", f"inputs = {[1] * 20}").replace("[2]", str([2] * 20))
    (first,) = load(tmp_path, text).weights
    assert first.shape == (30, 20)
    assert first.std() == pytest.approx(spread, rel=0.1)
    assert abs(first.mean()) < 0.2 * spread
    assert np.abs(first).max() <= np.sqrt(3) * spread + 5e-5 or "normal" in init
    np.testing.assert_array_equal(first, np.round(first, 4))
    np.testing.assert_array_equal(first, load(tmp_path, text).weights[0])
    assert (first != load(tmp_path, text.replace("[network]", "[network]\nseed = 2")).weights[0]).any()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[network]", "[netwrok]", "unknown key 'netwrok'; did you mean 'network'?"),
        ("inputs = 2\n", "", "missing key 'network.inputs'"),
        ("inputs = 2\n", "inputs = 0\n", "network.inputs: got 0, expected a whole number from 1 to 1000"),
        ("inputs = 2\n", "inputs = 2.0\n", "network.inputs: got 2.0, expected a whole number from 1 to 1000"),
        ("mean-squared-error", "mean-squarederor",
         "network.loss: got 'mean-squarederor'; did you mean 'mean-squared-error'?"),
        ("mean-squared-error", "mse", "network.loss: got 'mse'; expected half-squared-error, mean-squared-error, "
         "binary-cross-entropy, cross-entropy, squared-error, mean-binary-cross-entropy"),
        ('"mean-squared-error"', "3", "network.loss: got 3, expected half-squared-error, mean-squared-error, "
         "binary-cross-entropy, cross-entropy, squared-error, mean-binary-cross-entropy"),
        ("mean-squared-error", "cross-entropy", "network.loss: got cross-entropy with sigmoid in the last layer, "
         "expected the activation softmax there"),
        ("deltas = false", "deltas = 0", "network.deltas: got 0, expected true or false"),
        ("deltas = false", "seed = -1", "network.seed: got -1, expected a whole number from 0 up"),
        ("deltas = false", "delta = false", "unknown key 'network.delta'; did you mean 'network.deltas'?"),
        ("neurons = 3", "neuron = 3",
         "unknown key 'network.layers[0].neuron'; did you mean 'network.layers[0].neurons'?"),
        ("neurons = 3", "neurons = true",
         "network.layers[0].neurons: got True, expected a whole number from 1 to 1000"),
        ("neurons = 3", "neurons = 2", "network.layers[0].weights: got 3 rows, expected 2, one for each neuron"),
        ("neurons = 1", "neurons = 1001",
         "network.layers[1].neurons: got 1001, expected a whole number from 1 to 1000"),
        ('"tanh"', '"Tanh"', "network.layers[0].activation: got 'Tanh'; did you mean 'tanh'?"),
        ('"tanh"', '"softmax"', "network.layers[0].activation: got softmax, expected it in the last layer alone, "
         "with the loss cross-entropy"),
        ("0.6]]", "0.6, 0.7]]",
         "network.layers[0].weights[2]: got 3 numbers, expected 2, one for each input of the layer"),
        ("0.6]]", "'x']]", "network.layers[0].weights[2][1]: got 'x', expected a finite number"),
        ("0.6]]", "inf]]", "network.layers[0].weights[2][1]: got inf, expected a finite number"),
        ("weights = [[0.8, 0.9, 1]]", "weights = 1",
         "network.layers[1].weights: got 1, expected a list with at least one element"),
        ("weights = [[0.8, 0.9, 1]]", "",
         "network.layers[1]: got neither of weights and init, expected one of them"),
        ("weights = [[0.8, 0.9, 1]]", "weights = [[0.8, 0.9, 1]]\ninit = 'uniform'",
         "network.layers[1]: got both of weights and init, expected one of them"),
        ("weights = [[0.8, 0.9, 1]]", "init = 'he'",
         "network.layers[1].init: got 'he'; expected uniform, glorot-uniform, he-uniform, normal, "
         "glorot-normal, he-normal"),
        ("bias = 0.7", "bias = [0.7]",
         "network.layers[0].bias: got 1 number, expected 3, one for each neuron, or one number "
         "without brackets for all"),
        ("bias = 0.7", "bias = 'a'", "network.layers[0].bias: got 'a', expected a finite number"),
        ("bias = [-1]", "bias = ['a']", "network.layers[1].bias[0]: got 'a', expected a finite number"),
        ("train_bias = false", "train_bias = 'no'", "network.layers[0].train_bias: got 'no', expected true or false"),
        ("inputs = [0, 1]", "inputs = [0]", "samples[0].inputs: got 1 number, expected 2, one for each input"),
        ("inputs = [0, 1]", "input = [0, 1]", "unknown key 'samples[0].input'; did you mean 'samples[0].inputs'?"),
        ("targets = [0]", "targets = [0, 1]", "samples[1].targets: got 2 numbers, expected 1, one for each output"),
        ("targets = [0]", "targets = [nan]", "samples[1].targets[0]: got nan, expected a finite number"),
        ("targets = [0]\n", "", "missing key 'samples[1].targets'"),
        ("[network]", "data = 'my.csv'\n[network]", "data: got it beside [[samples]], expected one of the two"),
        ("[network]", "data = 3\n[network]", "data: got 3, expected a text"),
        ("steps = 7", "steps = 0", "training.steps: got 0, expected a whole number from 1 to 1000000"),
        ("batch_size = 1", "batch_size = 0", "training.batch_size: got 0, expected a whole number from 1 up"),
        ("batch_size = 1", "batch_size = 3",
         "training.batch_size: got 3, expected a whole number from 1 to 2, the number of samples"),
        ('"sum"', '"average"', "training.reduction: got 'average'; expected mean, sum"),
        ("learning_rate = 0.5", "", "missing key 'training.learning_rate'"),
        ("learning_rate = 0.5", "learning_rate = -1", "training.learning_rate: got -1, expected a number from 0 up"),
        ("learning_rate = 0.5", f"learning_rate = 1{'0' * 400}",
         f"training.learning_rate: got 1{'0' * 400}, expected a number from 0 up"),
        ("learning_rate = 0.5", "learning_rate = 0.5\nlearning_rates = []",
         "training.learning_rates: got [], expected a list with at least one element"),
        ("learning_rate = 0.5", "learning_rate = 0.5\nlearning_rates = [1, '2']",
         "training.learning_rates[1]: got '2', expected a number from 0 up"),
        ('"adam"', '"lion"', "training.optimizer: got 'lion'; "
         "expected sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, adamax, adadelta, nadam, "
         "dampened-momentum"),
        ('"adam"', '"adma"', "training.optimizer: got 'adma'; did you mean 'adam'?"),
        ("betas = [0.8, 0.9]", "beta = 3", "unknown key 'training.beta'; did you mean 'training.betas'?"),
        ("betas = [0.8, 0.9]", "betas = 0.9", "training.betas: got 0.9, expected a list of 2 elements"),
        ("betas = [0.8, 0.9]", "betas = [0.8]", "training.betas: got [0.8], expected a list of 2 elements"),
        ("betas = [0.8, 0.9]", "betas = [0.8, 1]", "training.betas[1]: got 1, expected a number from 0 to below 1"),
        ("betas = [0.8, 0.9]", "momentum = 0.9",
         "training.momentum: got it with adam and step, expected it with momentum or nesterov "
         "or dampened-momentum"),
        ('"adam"', '"sgd"',
         "training.betas: got it with sgd and step, expected it with adam or adamw or adamax or nadam"),
        ("eps = 1e-6", "eps = -1", "training.eps: got -1, expected a number from 0 up"),
        ("weight_decay = 0.1", "weight_decay = -0.1", "training.weight_decay: got -0.1, expected a number from 0 up"),
        ("step_size = 3", "step_size = 0", "training.step_size: got 0, expected a whole number from 1 up"),
        ("step_size = 3", "warm_up = 3", "training.warm_up: got it with adam and step, expected it with warm-up"),
        ('"step"', '"stepp"', "training.schedule: got 'stepp'; did you mean 'step'?"),
        ("step_size = 3", "update = 'output-first'", "training.update: got output-first with a batch, an optimizer or "
         "a weight decay, expected it with batch_size 1 and plain gradient descent"),
        ("step_size = 3", "[[training.runs]]\nlearning_rate = 'a'",
         "training.runs[0].learning_rate: got 'a', expected a number from 0 up"),
        ("step_size = 3", "[[training.runs]]\nmomentum = 0.5",
         "training.runs[0].momentum: got it with adam and step, expected it with momentum or nesterov "
         "or dampened-momentum"),
        ("step_size = 3", "learning_rates = [1]\n[[training.runs]]\nlearning_rate = 1",
         "training.runs: got them beside training.learning_rates, expected one of the two"),
        ("step_size = 3", "[training.runs]\nlearning_rate = 1",
         "training.runs: got {'learning_rate': 1}, expected a list with at least one element"),
    ],
)  # fmt: skip
def test_a_bad_file_gets_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert WHOLE.count(old) >= 1
    with pytest.raises(InputError) as error:
        load(tmp_path, WHOLE.replace(old, new, 1))
    assert str(error.value) == f"{tmp_path / 'my.toml'}: {message}"


def test_a_file_without_samples_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        load(tmp_path, SHORT.partition("[[samples]]")[0] + "[training]\nlearning_rate = 1\n")
    assert str(error.value) == f"{tmp_path / 'my.toml'}: missing key 'samples', or 'data' for a CSV file of them"


@pytest.mark.parametrize(
    ("loss", "targets", "message"),
    [
        ("binary-cross-entropy", "[1.5]",
         "samples[1].targets: got [1.5], expected 0 to 1 with the loss binary-cross-entropy"),
        ("cross-entropy", "[0.9]", "samples[1].targets: got [0.9], expected a sum of 1 with the loss cross-entropy"),
    ],
)  # fmt: skip
def test_targets_that_a_loss_is_not_for_are_told(tmp_path: Path, loss: str, targets: str, message: str) -> None:
    activation = "softmax" if loss == "cross-entropy" else "sigmoid"
    text = SHORT.replace("[network]", f'[network]\nloss = "{loss}"').replace("targets = [0]", f"targets = {targets}")
    with pytest.raises(InputError) as error:
        load(tmp_path, text.replace("neurons = 1", f'neurons = 1\nactivation = "{activation}"'))
    assert str(error.value) == f"{tmp_path / 'my.toml'}: {message}"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "data: cannot read {folder}/my.csv: No such file or directory"),
        (b"\xff\xfe",
         "data: my.csv: not a CSV file: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"", "data: my.csv: got the columns none, expected i1, t1"),
        (b"i1,t2\n1,2\n", "data: my.csv: got the columns i1, t2, expected i1, t1"),
        (b"i1;t1\n0,5;1\n",
         "data: my.csv: got columns parted by semicolons, expected commas, and points in numbers"),
        (b"i1,t1\n", "data: my.csv: got no sample, expected a line for each"),
        (b"i1,t1\n1,1\n\n2\n", "data: my.csv, line 4: got 1 value, expected 2, one for each column"),
        (b"i1,t1\n1,a\n", "data: my.csv, line 2, t1: got 'a', expected a finite number"),
        (b"i1,t1\n1,inf\n", "data: my.csv, line 2, t1: got inf, expected a finite number"),
    ],
)  # fmt: skip
def test_a_bad_csv_file_gets_one_line(tmp_path: Path, data: bytes | None, message: str) -> None:
    if data is not None:
        (tmp_path / "my.csv").write_bytes(data)
    text = SHORT.partition("[[samples]]")[0] + "[training]\nlearning_rate = 1\n"
    with pytest.raises(InputError) as error:
        load(tmp_path, 'data = "my.csv"\n' + text)
    assert str(error.value) == f"{tmp_path / 'my.toml'}: {message.format(folder=tmp_path)}"


@pytest.mark.parametrize(
    ("activation", "target", "expected"),
    [
        ("sigmoid", -0.1, "0 to 1"),
        ("tanh", 1.5, "-1 to 1"),
        ("relu", -1, "0 or more"),
        ("tanh", -0.5, None),
        ("relu", 5, None),
        ("leaky-relu", -5, None),
        ("identity", -5, None),
    ],
)
def test_a_target_out_of_an_activations_reach_gets_a_warning(
    tmp_path: Path, activation: str, target: float, expected: str | None
) -> None:
    text = SHORT.replace("neurons = 1", f'neurons = 1\nactivation = "{activation}"')
    text = text.replace("targets = [0]", f"targets = [{target}]")
    if expected is None:
        load(tmp_path, text)  # a warning would be an error here
        return
    with pytest.warns(InputWarning) as caught:
        load(tmp_path, text)
    assert [str(warning.message) for warning in caught] == [
        f"{tmp_path / 'my.toml'}: samples.targets: got {target:g}, expected {expected}, since an "
        f"output is a {activation}; "
        "the loss cannot reach 0"
    ]


def test_every_constant_of_an_optimizer_or_a_schedule_has_a_key() -> None:
    assert set(TAKERS) - {"beta1", "beta2"} | {"betas", *DECAYS} == set(CONSTANTS)


def test_the_file_to_start_from_is_read_and_tells_every_key_and_word(tmp_path: Path) -> None:
    done = run("engine", "new", "my.toml", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    text = (tmp_path / "my.toml").read_text(encoding="utf-8")
    assert load_experiment(tmp_path / "my.toml").sizes == (2, 2, 1)
    for key in (*NETWORK, *Dense.keys, *TRAINING, "data", "samples", "targets"):
        assert key in text
    for word in (*OPTIMIZERS, *SCHEDULES):
        assert f'"{word}"' in text


def test_a_packaged_name_is_read_unless_a_file_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_experiment("xor").sizes == (2, 3, 1)
    (tmp_path / "xor").write_text(SHORT, encoding="utf-8")
    assert load_experiment("xor").sizes == (1, 1)


def test_an_unknown_name_is_answered_with_the_packaged_ones() -> None:
    with pytest.raises(InputError) as error:
        load_experiment("xro")
    assert str(error.value) == (
        "xro: neither a file nor a packaged experiment; expected default, and, attention, batch-norm, conv, deep, "
        "dropout, gru, lstm, mazur, mazur-output-first, optimizers, or, regression, residual, rnn, seed-block, "
        "textbook-3-2-1, three-classes, transformer, xor"
    )


# Its network has a seed of its own, which a file that is written does not say.
SEEDED = {"seed-block"}


@pytest.mark.parametrize("name", [name for name in packaged_experiments() if name not in SEEDED])
def test_what_is_written_of_every_kind_of_layer_reads_as_the_layer(name: str) -> None:
    experiment = load_experiment(name)
    read = read_experiment(tomllib.loads(toml_text(experiment)), Path())
    assert read.network == experiment.network
    for ours, theirs in zip((*read.weights, *read.biases), (*experiment.weights, *experiment.biases), strict=True):
        np.testing.assert_array_equal(ours, theirs)
