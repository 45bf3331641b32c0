import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from cnn import cli
from cnn.__main__ import load_app
from cnn.data import Digits
from cnn.download import load
from cnn.errors import InputError

ROOT = Path(__file__).parents[2]

# Batches are small here, and on a busy machine threads that wait for one another take many times as long.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the real MNIST, fetched where it is missing."""
    folder = ROOT / "data"
    try:
        # The workers' folders lie in one: the first of them fetches, the others wait for it.
        with FileLock(tmp_path_factory.getbasetemp().parent / "mnist.lock"):
            load(folder)
    except InputError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    return folder


@pytest.fixture(scope="session")
def mnist(data_folder: Path) -> tuple[Digits, Digits]:
    """The real training and test digits."""
    return load(data_folder)


@pytest.fixture(scope="session")
def digits() -> Digits:
    """320 made-up images of ten classes, each a blot at its own place under noise: needs no MNIST."""
    generator = torch.Generator().manual_seed(7)
    labels = torch.arange(320) % 10
    images = torch.randint(0, 60, (320, 1, 28, 28), generator=generator, dtype=torch.uint8)
    for index, label in enumerate(labels.tolist()):
        row, column = 2 + 12 * (label // 5), 1 + 5 * (label % 5)
        images[index, 0, row : row + 10, column : column + 5] += 180
    return Digits(images, labels)


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit status."""

    status: int | str | None
    out: str
    err: str


@pytest.fixture
def small_recipe(tmp_path: Path) -> None:
    """`small.toml` in the test's own folder: a recipe of seconds."""
    (tmp_path / "small.toml").write_text("""\
epochs = 1
batch_size = 50
optimizer = "sgd"
learning_rate = 0.02
schedule = "one-cycle"
""")


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[..., Result]]:
    """`python -m cnn …` in this process, in an empty folder: a process of its own imports torch for seconds."""
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in cli.STOPPING}

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["cnn", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.run(load_app, "python -m cnn")
        printed = capsys.readouterr()
        return Result(stop.value.code or 0, printed.out, printed.err)

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)
