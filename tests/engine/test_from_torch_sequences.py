"""torch's recurrent networks as experiments: torch trains beside, and what would not be the same is refused."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn, optim

import engine
from engine import InputError, load_experiment
from engine.imports.beside import beside_torch
from tests.engine.test_from_torch import check_file

torch.manual_seed(2)
INPUTS, TOKENS = torch.rand(4, 3, 2), torch.tensor([[0, 2, 1], [1, 1, 3], [3, 0, 2], [2, 3, 0]])
LAST, EVERY, CLASSES = torch.rand(4, 2), torch.rand(4, 3, 1), torch.tensor([0, 1, 1, 0])


class Net(nn.Module):
    """Modules one after another, of each recurrent one its states; the last step's outputs, or all."""

    def __init__(self, *children: nn.Module, every: bool = False) -> None:
        super().__init__()
        self.every = every
        for number, child in enumerate(children):
            self.add_module(f"part{number}", child)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for child in self.children():
            out: Any = child(x)
            x = out[0] if isinstance(out, tuple) else out
        return x if self.every else x[:, -1]


def one_bias(module: Any) -> Any:
    nn.init.zeros_(module.bias_hh_l0).requires_grad = False
    return module


def rnn(**options: Any) -> nn.Module:
    return nn.RNN(2, 3, **({"batch_first": True, "bias": False} | options))


def after(module: nn.Module, outputs: int = 2, **options: bool) -> Net:
    return Net(module, nn.Linear(3, outputs), **options)


TRAINED: dict[str, tuple[Callable[[], nn.Module], Any, torch.Tensor, torch.Tensor]] = {
    "RNN": (lambda: after(rnn()), nn.MSELoss(), INPUTS, LAST),
    "RNN, relu, one bias": (
        lambda: after(one_bias(rnn(bias=True, nonlinearity="relu"))), nn.CrossEntropyLoss(), INPUTS, CLASSES
    ),
    "LSTM": (
        lambda: after(nn.LSTM(2, 3, batch_first=True, bias=False)), nn.CrossEntropyLoss(), INPUTS, CLASSES
    ),
    "LSTM, one bias, every step": (
        lambda: after(one_bias(nn.LSTM(2, 3, batch_first=True)), 1, every=True),
        nn.MSELoss(reduction="sum"), INPUTS, EVERY,
    ),
    "GRU, every step": (
        lambda: Net(nn.GRU(2, 3, batch_first=True, bias=False), nn.Linear(3, 1), nn.Sigmoid(), every=True),
        nn.BCELoss(reduction="sum"), INPUTS, EVERY,
    ),
    "tokens, two layers, a norm": (
        lambda: Net(
            nn.Embedding(4, 2), nn.GRU(2, 3, batch_first=True, bias=False), nn.LayerNorm(3),
            nn.RNN(3, 3, batch_first=True, bias=False), nn.Linear(3, 2), nn.LogSoftmax(dim=-1),
        ),
        nn.NLLLoss(), TOKENS, CLASSES,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAINED)
def test_every_kind_trains_as_in_torch(name: str) -> None:
    make, loss, inputs, targets = TRAINED[name]
    net = make()
    optimizer = optim.SGD(net.parameters(), 0.1, momentum=0.5, weight_decay=0.01)
    experiment = engine.from_torch(net, loss, optimizer, inputs, targets, steps=12, batch_size=2)
    agreement = beside_torch(experiment, net, loss, optimizer, inputs, targets)
    assert agreement.first is None
    assert agreement.largest < 1e-12
    check_file(experiment)


def test_a_plain_torch_loop_gives_the_tables_losses() -> None:
    """Independent of what trains beside the engine in the test above."""
    net, loss = after(one_bias(nn.LSTM(2, 3, batch_first=True))), nn.MSELoss()
    experiment = engine.from_torch(net, loss, optim.SGD(net.parameters(), 0.3), INPUTS, LAST, steps=20)
    own, losses = copy.deepcopy(net).double(), []
    optimizer = optim.SGD(own.parameters(), 0.3)
    for _ in range(20):
        error = loss(own(INPUTS.double()), LAST.double())
        losses.append(error.item())
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    np.testing.assert_allclose(experiment.train().curve[::12, 0], losses, rtol=1e-12)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_the_file_of_a_packaged_sequence_experiment_reads_as_the_same(name: str) -> None:
    check_file(load_experiment(name))


def lstm(**options: Any) -> nn.Module:
    return nn.LSTM(2, 3, batch_first=True, **options)


class Begun(Net):
    """A network whose first state is not 0."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, last = self.children()
        states, _ = first(x, torch.ones(1, len(x), 3, dtype=x.dtype))
        out: torch.Tensor = last(states[:, -1])
        return out


class Pair(Net):
    """A network that puts out its last state too."""

    def forward(self, x: torch.Tensor) -> Any:
        return super().forward(x), x


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (
            after(lstm()),
            "net.part0: got nn.LSTM with two biases, whose sum would learn twice as fast as the one of a column; "
            "expected bias=False, or the second one left at 0: "
            "nn.init.zeros_(net.part0.bias_hh_l0).requires_grad_(False)",
        ),
        (
            after(nn.GRU(2, 3, batch_first=True)),
            "net.part0: got nn.GRU with two biases of each gate, whose sum would learn twice as fast as the one of a "
            "column; expected bias=False",
        ),
        (after(rnn(num_layers=2)), "net.part0: got nn.RNN with num_layers=2, expected num_layers=1"),
        (after(rnn(bidirectional=True)), "net.part0: got nn.RNN with bidirectional=True, expected bidirectional=False"),
        (after(rnn(batch_first=False)), "net.part0: got nn.RNN with batch_first=False, expected batch_first=True"),
        (after(lstm(bias=False, proj_size=2)), "net.part0: got nn.LSTM with proj_size=2, expected proj_size=0"),
        (
            after(nn.RNN(4, 3, batch_first=True, bias=False)),
            "net.part0: got 4 inputs, expected 2, what comes in",
        ),
        (Net(rnn()), "net.part0: got nn.RNN as the last layer, expected nn.Linear behind it"),
        (
            Net(lstm(bias=False), nn.ReLU(), nn.Linear(3, 2)),
            "net.part1: got nn.ReLU behind nn.LSTM, expected nn.Linear between",
        ),
        (
            Net(rnn(), nn.Flatten(), nn.Linear(9, 2)),
            "net.part1: got nn.Flatten over sequences, expected one of nn.RNN, nn.LSTM, nn.GRU, "
            "nn.MultiheadAttention, nn.Linear, nn.LayerNorm, nn.Embedding, nn.Identity, or an activation",
        ),
        (
            after(rnn(), every=True),
            "loss: got nn.MSELoss(reduction='mean') over every step, expected reduction='sum': the losses of a "
            "sequence's steps are added up",
        ),
        (
            nn.Sequential(rnn(), nn.Linear(3, 2)),
            "net: got nn.RNN in nn.Sequential, which hands on the pair that it puts out; expected a module of "
            "your own with `states, _ = self.rnn(x)`, then `self.out(states)` or `self.out(states[:, -1])`",
        ),
        (
            Pair(rnn(), nn.Linear(3, 2)),
            "net: got a tuple from its forward pass, expected the outputs alone, a tensor",
        ),
        (
            Begun(rnn(), nn.Linear(3, 2)),
            "net: its forward pass is not that of its children one after another, expected nn.Sequential, or a "
            "forward pass that applies them in order, activations among them",
        ),
    ],
)
def test_what_would_not_be_the_same_is_one_line(net: nn.Module, message: str) -> None:
    with pytest.raises(InputError) as raised:
        engine.from_torch(net, nn.MSELoss(), optim.SGD(net.parameters(), 0.1), INPUTS, LAST)
    assert str(raised.value) == message


def test_classes_of_every_step_and_inputs_that_are_no_sequences_are_one_line() -> None:
    net = after(rnn(), every=True)
    optimizer = optim.SGD(net.parameters(), 0.1)
    with pytest.raises(InputError, match=r"^loss: got nn.CrossEntropyLoss over the outputs of every step, expected"):
        engine.from_torch(net, nn.CrossEntropyLoss(), optimizer, INPUTS, CLASSES)
    with pytest.raises(InputError, match=r"^inputs: got samples×2, expected samples×steps×features for nn.RNN"):
        engine.from_torch(net, nn.MSELoss(), optimizer, LAST, LAST)
    with pytest.raises(InputError, match=r"^targets: got shape 4×2, expected 4×3×2"):
        engine.from_torch(net, nn.BCEWithLogitsLoss(reduction="sum"), optimizer, INPUTS, LAST)
