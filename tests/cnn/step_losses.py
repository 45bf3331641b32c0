"""Writes the loss of each step of two short trainings in double precision, and the threads that are left after them.

torchrun starts it in several processes.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from cnn import processes, train
from cnn.augment import MOVES
from cnn.data import Digits
from cnn.recipe import Recipe, load_recipe
from cnn.teacher import Answers

PLAIN = replace(load_recipe("reference"), epochs=2, batch_size=50, dropout=0.0, dropout_pooled=0.0, learning_rate=0.003)
TAUGHT = replace(load_recipe("best"), precision="fp32", epochs=2, batch_size=50)  # and augmented


class _Recorder(train.Trainer):
    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe, 1, torch.device("cpu"))
        self.losses: list[float] = []

    def step(
        self, images: Tensor, labels: Tensor, moves: Tensor, rate: float, size: int, answers: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        loss, logits = super().step(images, labels, moves, rate, size, answers)
        self.losses.append(processes.total(loss.clone()).item() / size)
        return loss, logits


def _losses(recipe: Recipe) -> list[float]:
    """Of 12 steps on made-up images; the last batch of an epoch has 25, an odd number."""
    generator = torch.Generator().manual_seed(2)
    images = torch.randint(0, 256, (275, 1, 28, 28), generator=generator, dtype=torch.uint8)
    recorder = _Recorder(recipe)
    if recipe.teacher:
        moves, logits = torch.rand(2, 275, MOVES, generator=generator), torch.randn(2, 275, 10, generator=generator)
        recorder.answers = Answers(moves, logits)
    for _ in range(recipe.epochs):
        recorder.train_epoch(Digits(images, torch.arange(275) % 10), lambda *_: None)
    return recorder.losses


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign] # so that images become doubles too
    processes.join(torch.device("cpu"))
    found = [_losses(recipe) for recipe in (PLAIN, TAUGHT)]
    first = processes.rank() == 0
    processes.leave()
    threads = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]  # none but on Linux
    if first:
        sys.stdout.write(json.dumps({"losses": found, "threads": threads}))
