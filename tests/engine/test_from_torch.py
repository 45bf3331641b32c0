"""A torch network, its loss, optimizer and schedule as an experiment, and torch's own training beside it."""

import copy
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn, optim
from torch.nn import functional
from torch.optim import lr_scheduler

import engine
from engine import Experiment, load_experiment
from engine.experiment_tables import read_experiment
from engine.experiment_toml import toml_text
from engine.imports.beside import beside_torch

torch.manual_seed(1)
FLAT, PICTURES = torch.rand(4, 3), torch.rand(4, 2, 6, 6)
NUMBERS, BINARY, CLASSES = torch.rand(4, 2), torch.tensor([[0.0], [1.0], [1.0], [0.0]]), torch.tensor([0, 2, 1, 0])


class Block(nn.Module):
    """A module whose children are applied in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.inner = nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU())
        self.out = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.out(self.inner(self.norm(x)))
        return out


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Whatever tests ran before, a network starts with the same weights."""
    torch.manual_seed(1)


def dense(*last: nn.Module, outputs: int = 2) -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, outputs), *last)


def pictures() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 2, 3, stride=(1, 2), padding=1), nn.BatchNorm2d(2, momentum=0.3), nn.LeakyReLU(0.15),
        nn.Identity(), nn.MaxPool2d(2, 1), nn.LayerNorm([2, 5, 2]), nn.Dropout(0.3),
        nn.Conv2d(2, 3, 1, bias=False), nn.AvgPool2d((2, 1)), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip


def without_bias_training() -> nn.Sequential:
    net = nn.Sequential(nn.Flatten(), nn.Linear(72, 2), nn.Sigmoid())
    net[1].bias.requires_grad = False
    return net


def tokens() -> nn.Sequential:
    return nn.Sequential(
        nn.Embedding(5, 2), nn.Tanh(), nn.Dropout(0.2), nn.Flatten(), nn.LayerNorm(6), nn.Linear(6, 3)
    )  # fmt: skip


# What is trained: a network, a loss, inputs, targets.
TRAINED: dict[str, tuple[Callable[[], nn.Module], Any, torch.Tensor, torch.Tensor]] = {
    "MSELoss": (dense, nn.MSELoss(), FLAT, NUMBERS),
    "MSELoss, the sum of one output": (lambda: dense(outputs=1), nn.MSELoss(reduction="sum"), FLAT, BINARY),
    "MSELoss, the sum": (dense, nn.MSELoss(reduction="sum"), FLAT, NUMBERS),
    "BCELoss, the mean of two outputs": (lambda: dense(nn.Sigmoid()), nn.BCELoss(), FLAT, NUMBERS),
    "BCEWithLogitsLoss, the mean of two outputs": (dense, nn.BCEWithLogitsLoss(), FLAT, NUMBERS),
    "mse_loss": (Block, functional.mse_loss, FLAT, NUMBERS),
    "BCELoss": (lambda: dense(nn.Sigmoid(), outputs=1), nn.BCELoss(), FLAT, BINARY),
    "BCEWithLogitsLoss, the sum": (dense, nn.BCEWithLogitsLoss(reduction="sum"), FLAT, NUMBERS),
    "CrossEntropyLoss of classes": (lambda: dense(outputs=3), nn.CrossEntropyLoss(), FLAT, CLASSES),
    "CrossEntropyLoss, smoothed": (lambda: dense(outputs=3), nn.CrossEntropyLoss(label_smoothing=0.1), FLAT, CLASSES),
    "CrossEntropyLoss of shares": (
        lambda: dense(outputs=3), nn.CrossEntropyLoss(reduction="sum"), FLAT, torch.softmax(torch.rand(4, 3), dim=1)
    ),
    "NLLLoss": (lambda: dense(nn.LogSoftmax(dim=1), outputs=3), nn.NLLLoss(), FLAT, CLASSES),
    "tokens": (tokens, nn.CrossEntropyLoss(), torch.tensor([[0, 4, 2], [1, 1, 3], [4, 0, 0], [2, 3, 1]]), CLASSES),
    "pictures": (pictures, nn.CrossEntropyLoss(), PICTURES, CLASSES),
    "pictures, flattened, and a bias that stays": (without_bias_training, nn.MSELoss(), PICTURES, NUMBERS),
}  # fmt: skip
OPTIMIZERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda p: optim.SGD(p, 0.1, weight_decay=0.01),
    "momentum": lambda p: optim.SGD(p, 0.1, momentum=0.8),
    "Nesterov": lambda p: optim.SGD(p, 0.1, momentum=0.8, nesterov=True),
    "Adagrad": lambda p: optim.Adagrad(p, 0.1, eps=1e-6),
    "RMSprop": lambda p: optim.RMSprop(p, 0.01, alpha=0.9),
    "Adam": lambda p: optim.Adam(p, 0.01, (0.8, 0.99), 1e-6, 0.1),
    "AdamW": lambda p: optim.AdamW(p, 0.01),
    "Adamax": lambda p: optim.Adamax(p, 0.01, (0.8, 0.99), 1e-6, 0.1),
    "dampening": lambda p: optim.SGD(p, 0.1, momentum=0.8, dampening=0.3, weight_decay=0.01),
    "NAdam": lambda p: optim.NAdam(p, 0.01, (0.8, 0.99), 1e-6, 0.1, 0.02),
    "Adam, eps of 0": lambda p: optim.Adam(p, 0.01, eps=0),
    "Adadelta": lambda p: optim.Adadelta(p, 0.5, 0.8, 1e-5),
}
SCHEDULES: dict[str, Callable[[optim.Optimizer], Any]] = {
    "StepLR": lambda of: lr_scheduler.StepLR(of, 3, 0.5),
    "ExponentialLR": lambda of: lr_scheduler.ExponentialLR(of, 0.9),
    "CosineAnnealingLR": lambda of: lr_scheduler.CosineAnnealingLR(of, 8, 0.001),
    "LinearLR": lambda of: lr_scheduler.LinearLR(of, start_factor=1 / 5, total_iters=4),
    "LambdaLR, inverse time": lambda of: lr_scheduler.LambdaLR(of, lambda k: 1 / (1 + 0.3 * k)),
    "LambdaLR, a warm-up": lambda of: lr_scheduler.LambdaLR(of, lambda k: min(1, (k + 1) / 6)),
    "MultiplicativeLR": lambda of: lr_scheduler.MultiplicativeLR(of, lambda _: 0.9),
    "MultiStepLR": lambda of: lr_scheduler.MultiStepLR(of, [7, 14], 0.5),
    "ConstantLR": lambda of: lr_scheduler.ConstantLR(of, 1.0),
}


def check_file(experiment: Experiment) -> None:
    """The experiment's file reads as the experiment."""
    assert read_experiment(tomllib.loads(toml_text(experiment)), Path()) == experiment


@pytest.mark.parametrize("name", TRAINED)
def test_every_loss_and_module(name: str) -> None:
    make, loss, inputs, targets = TRAINED[name]
    net = make()
    optimizer = optim.SGD(net.parameters(), 0.05)
    experiment = engine.from_torch(net, loss, optimizer, inputs, targets, steps=15)
    agreement = beside_torch(experiment, net, loss, optimizer, inputs, targets)
    assert agreement.first is None
    assert agreement.largest < 1e-12
    check_file(experiment)


@pytest.mark.parametrize("name", [*OPTIMIZERS, *SCHEDULES])
def test_every_optimizer_and_schedule_in_batches(name: str) -> None:
    net, loss = dense(), nn.MSELoss()
    optimizer = OPTIMIZERS.get(name, OPTIMIZERS["momentum"])(net.parameters())
    scheduler = SCHEDULES[name](optimizer) if name in SCHEDULES else None
    experiment = engine.from_torch(
        net, loss, optimizer, FLAT, NUMBERS, steps=20, batch_size=3, scheduler=scheduler, name="Of torch"
    )
    agreement = beside_torch(experiment, net, loss, optimizer, FLAT, NUMBERS, scheduler)
    assert agreement.first is None
    assert agreement.largest < 1e-12
    assert experiment.method.batch_size == 3
    check_file(experiment)


def test_a_trained_batch_norm_begins_with_its_statistics() -> None:
    """What the network that is only asked takes is what torch's `eval` takes."""
    net, loss = Block(), nn.MSELoss()
    net(FLAT + 2)
    experiment = engine.from_torch(net, loss, optim.SGD(net.parameters(), 0.1), FLAT, NUMBERS, steps=3)
    check_file(experiment)
    columns, values = experiment.columns, experiment.train().numbers.values[:, :, 0]
    own = copy.deepcopy(net).double()
    optimizer = optim.SGD(own.parameters(), 0.1)
    for row in values[::4]:
        running = torch.cat([own.norm.get_buffer(name) for name in ("running_mean", "running_var")]).tolist()
        names = columns.of("running-mean", "running-variance")
        np.testing.assert_allclose([row[columns.index[name]] for name in names], running, rtol=1e-12)
        optimizer.zero_grad()
        loss(own(FLAT.double()), NUMBERS.double()).backward()
        optimizer.step()


def test_a_plain_torch_loop_gives_the_tables_losses() -> None:
    """Independent of what trains beside the engine in the tests above."""
    net, loss = dense(), nn.MSELoss()
    experiment = engine.from_torch(net, loss, optim.SGD(net.parameters(), 0.3), FLAT, NUMBERS, steps=30)
    own = copy.deepcopy(net).double()
    optimizer, losses = optim.SGD(own.parameters(), 0.3), []
    for _ in range(30):
        error = loss(own(FLAT.double()), NUMBERS.double())
        losses.append(error.item())
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    trace = experiment.train()
    np.testing.assert_allclose(trace.curve[::4, 0], losses, rtol=1e-12)
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("name", ["default", "conv", "batch-norm", "dropout", "optimizers", "three-classes", "mazur"])
def test_the_file_of_a_packaged_experiment_reads_as_the_same(name: str) -> None:
    experiment = load_experiment(name)
    if not experiment.runs:
        check_file(experiment)
    for run in experiment.runs:
        check_file(replace(experiment.as_run(run), runs=()))


def test_what_differs_is_told_by_step_and_parameter() -> None:
    net, loss = dense(), nn.MSELoss()
    optimizer = optim.SGD(net.parameters(), 0.3)
    experiment = engine.from_torch(net, loss, optimizer, FLAT, NUMBERS, steps=5)
    wrong = replace(experiment, learning_rate=0.31)
    agreement = beside_torch(wrong, net, loss, optimizer, FLAT, NUMBERS)
    assert agreement.first is not None
    assert agreement.first[:2] in [(2, "E_batch"), (2, "w1")]
    assert str(agreement).startswith(f"torch beside it differs from step 2 on: {agreement.first[1]} is ")
