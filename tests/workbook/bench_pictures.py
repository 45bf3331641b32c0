"""How long a convolution's workbook takes, and how large it is, by the picture, the channels and the samples.

The default network's workbook, of as many rows, is measured beside it: the rows of the table tell the ratio.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from engine import Experiment, default_experiment, load_experiment
from workbook.plan import plan
from workbook.write import write

TOML = """
[network]
inputs = [1, {side}, {side}]
loss = "cross-entropy"
[[network.layers]]
kind = "convolution"
channels = {channels}
kernel = [3, 3]
activation = "relu"
init = "he-uniform"
[[network.layers]]
kind = "max-pool"
size = [2, 2]
[[network.layers]]
neurons = 2
activation = "softmax"
init = "glorot-uniform"
[training]
learning_rate = 0.1
learning_rates = [0.1, 1]
steps = {steps}
batch_size = {samples}
"""


def pictures(folder: Path, side: int, channels: int, samples: int) -> Experiment:
    """24 rows of a small convolution's training."""
    text = TOML.format(side=side, channels=channels, samples=samples, steps=24 // samples)
    for number in range(samples):
        pixels = [(number * 7 + at * 5) % 11 / 10 for at in range(side * side)]
        text += f"[[samples]]\ninputs = {pixels}\ntargets = {[1, 0] if number % 2 else [0, 1]}\n"
    (folder / "pictures.toml").write_text(text)
    return load_experiment(folder / "pictures.toml")


@pytest.mark.benchmark(group="a workbook of 24 rows")
@pytest.mark.parametrize(
    ("side", "channels", "samples"),
    [(0, 0, 0), (6, 1, 4), (6, 2, 4), (6, 4, 4), (8, 2, 4), (10, 2, 4), (6, 2, 2), (6, 2, 8)],
    ids=lambda number: str(number),
)
def test_pictures(benchmark: BenchmarkFixture, tmp_path: Path, side: int, channels: int, samples: int) -> None:
    experiment = (
        pictures(tmp_path, side, channels, samples)
        if side
        else replace(default_experiment(), steps=24, learning_rates=(0.1, 1.0))
    )
    out = tmp_path / "book.xlsx"
    benchmark.pedantic(lambda: write(plan(experiment), out), rounds=3, warmup_rounds=1)
    benchmark.extra_info["KB"] = out.stat().st_size // 1000
