"""How fast training is, against a plain torch loop in the same run: read the ratios in the table's brackets."""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, Normalize, ToTensor

from cnn import machine
from cnn.data import DEVIATION, MEAN, Digits
from cnn.model import DigitNet
from cnn.norm import ReLUBatchNorm2d
from cnn.recipe import load_recipe
from cnn.train import Trainer

REFERENCE = load_recipe("reference")
BATCHES = 100  # of 469 in an epoch
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def all_cores() -> Iterator[None]:
    """Let torch use them again: the other tests do with one."""
    before = torch.get_num_threads()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    yield
    torch.set_num_threads(before)


def plain_network() -> nn.Module:
    """The same network of torch's own layers."""
    network = nn.Sequential()
    for layer in DigitNet(REFERENCE.dropout, REFERENCE.dropout_pooled).layers:
        if isinstance(layer, ReLUBatchNorm2d):
            network.append(nn.ReLU()).append(nn.BatchNorm2d(layer.num_features))
        else:
            network.append(layer)
    return network.append(nn.Flatten())


def plain_loop(folder: Path) -> Callable[[], None]:
    """The reference recipe as one would write it: torchvision's MNIST through a DataLoader."""
    digits = MNIST(str(folder), transform=Compose([ToTensor(), Normalize((MEAN,), (DEVIATION,))]))
    loader = DataLoader(digits, REFERENCE.batch_size, shuffle=True)
    network = plain_network().train()
    optimizer = torch.optim.Adam(network.parameters(), lr=REFERENCE.learning_rate)
    criterion = nn.CrossEntropyLoss()

    def train() -> None:
        for images, labels in islice(loader, BATCHES):
            optimizer.zero_grad()
            criterion(network(images), labels).backward()
            optimizer.step()

    return train


# In this order: `prepare` cannot be undone, and would make the plain loop faster than it is by itself.
@pytest.mark.benchmark(group="100 batches of 128 digits")
def test_plain_loop(benchmark: BenchmarkFixture, data_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "MNIST").mkdir()
    (tmp_path / "MNIST" / "raw").symlink_to(data_folder)  # where torchvision looks
    benchmark.pedantic(plain_loop(tmp_path), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="100 batches of 128 digits")
@pytest.mark.parametrize("recipe", ["reference", "default"])
def test_ours(benchmark: BenchmarkFixture, mnist: tuple[Digits, Digits], recipe: str) -> None:
    machine.prepare()
    trainer = Trainer(load_recipe(recipe), 1, CPU)
    digits = mnist[0].first(BATCHES * trainer.recipe.batch_size)
    benchmark.pedantic(lambda: trainer.train_epoch(digits, lambda *_: None), rounds=3, warmup_rounds=1)
