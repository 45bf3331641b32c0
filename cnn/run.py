"""A training run and its folder: what it prints, what it writes, and how it goes on after an interruption."""

import csv
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import Tensor
from torchinfo import summary

from cnn import checkpoint, machine, processes
from cnn.data import SIZE, Digits
from cnn.errors import InputError
from cnn.files import make_folder, replacing
from cnn.model import DigitNet, save_weights
from cnn.progress import Meter, bar
from cnn.recipe import Recipe, learning_rate, to_toml
from cnn.report import Row, best, confusion, draw_confusion, draw_curves, draw_mistakes, markdown
from cnn.train import Trainer


@dataclass(frozen=True)
class Settings:
    """What decides a run's numbers, on one machine.

    Raises:
        InputError: the seed is negative, or the limit under 1.
    """

    recipe: Recipe
    recipe_name: str
    seed: int
    limit: int | None  # the run uses the first so many training and test digits
    validation: bool = False  # score on training images that it does not train on, in place of the test images

    def __post_init__(self) -> None:
        for name, value, lowest in (("seed", self.seed, 0), ("limit", self.limit, 1)):
            if value is not None and value < lowest:
                raise InputError(f"{name} is {value}, expected a whole number from {lowest} up")


def start(folder: Path, settings: Settings, device: torch.device, *, resume: bool) -> "Run":
    """A run at its beginning or, with `resume`, after its last whole epoch.

    Raises:
        InputError: the folder holds a run already and `resume` is not set, or it holds a run with other settings.
    """
    trainer = Trainer(settings.recipe, settings.seed, device)
    state = checkpoint.load(folder, warn=lambda line: print(line, file=sys.stderr))  # noqa: T201
    if state is None:
        return Run(folder, settings, trainer, rows=[], best=trainer.weights())
    if not resume:
        raise InputError(
            f"{folder}: holds a run already, {state['epoch']} of {state['settings']['recipe']['epochs']} epochs done: "
            "--resume goes on with it, --name NAME starts another"
        )
    _expect_same(folder, state["settings"], asdict(settings))
    trainer.restore(state)
    return Run(folder, settings, trainer, rows=state["rows"], best=state["best"])


def _expect_same(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    for key, old, new in _pairs(before, now):
        if old != new:
            raise InputError(
                f"{folder}: cannot resume with {key} {new}: that run has {key} {old}; --name NAME starts another"
            )


def _pairs(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, object, object]]:
    # A run of before a key was there had what the key now stands at.
    recipe = {field.name: field.default for field in fields(Recipe)} | before["recipe"]
    for key, new in now["recipe"].items():
        yield key, recipe[key], new
    for key in ("seed", "limit", "validation"):
        yield key, before.get(key), now[key]


@dataclass
class Run:
    """A training run: its trainer, its metrics so far (a row for each epoch), and the weights of its best epoch."""

    folder: Path
    settings: Settings
    trainer: Trainer
    rows: list[Row]
    best: dict[str, Tensor]

    def announce(self, console: Console) -> None:
        """Print and keep what is about to run: network, machine, seed, recipe."""
        make_folder(self.folder)
        network = _summary(self.settings.recipe.width)
        recipe = to_toml(self.settings.recipe)
        environment = self._environment()
        _write(self.folder / "summary.txt", network)
        _write(self.folder / "recipe.toml", f"# {self.settings.recipe_name}\n{recipe}")
        _write(self.folder / "environment.json", json.dumps(environment, indent=2) + "\n")
        console.print(network, highlight=False)
        console.print(" · ".join(f"{key} {value}" for key, value in environment.items() if value is not None))
        console.print(f"recipe {self.settings.recipe_name}: {', '.join(recipe.strip().splitlines())}\n")
        if self.settings.recipe.precision == "bf16" and environment["bf16_units"] is False:
            console.print("16 bits are slow here: no units for bf16; --precision fp32 is several times as fast\n")

    def train(self, train: Digits, test: Digits, console: Console) -> None:
        """Train the epochs that are left, and keep the metrics and a checkpoint after each."""
        epochs = self.settings.recipe.epochs
        with bar(console) as progress:
            done = self.trainer.epoch
            task = progress.add_task(
                "", total=epochs * len(train), completed=done * len(train), epoch=done + 1, state=""
            )
            while self.trainer.epoch < epochs:
                progress.update(task, epoch=self.trainer.epoch + 1, completed=self.trainer.epoch * len(train))
                row = self._epoch(train, test, Meter(progress, task))
                self._keep(row)
                console.print(_line(row), highlight=False)

    def _epoch(self, train: Digits, test: Digits, advance: Callable[[int, Tensor], None]) -> Row:
        steps = -(-len(train) // self.settings.recipe.batch_size)
        rate = learning_rate(self.settings.recipe, self.trainer.epoch * steps, steps)
        began = time.perf_counter()
        train_loss, train_accuracy = self.trainer.train_epoch(train, advance)
        seconds = time.perf_counter() - began
        score = self.trainer.score(test)
        right = int((score.labels == test.labels).sum())
        return {
            "epoch": self.trainer.epoch,
            "learning_rate": rate,  # of the epoch's first step
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "test_loss": score.loss,
            "test_accuracy": 100 * right / len(test),
            "test_right": right,
            "seconds": round(seconds, 3),  # of training, without the scoring
            "images_per_second": round(len(train) / seconds, 1),
        }

    def _keep(self, row: Row) -> None:
        if all(row["test_accuracy"] > before["test_accuracy"] for before in self.rows):
            self.best = self.trainer.weights()
        self.rows.append(row)
        if processes.rank() == 0:
            self._write_metrics()
            state = self.trainer.state() | {"settings": asdict(self.settings), "rows": self.rows, "best": self.best}
            checkpoint.save(self.folder, state)

    def _write_metrics(self) -> None:
        with replacing(self.folder / "metrics.csv") as part, part.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(self.rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)

    def finish(self, test: Digits, console: Console) -> None:
        """Write the weights of the last and the best epoch, the pictures and the report."""
        self._save_model("model.safetensors", self.trainer.weights(), self.rows[-1])
        self._save_model("model-best.safetensors", self.best, best(self.rows))
        answers = self.trainer.score(test).labels
        counts = confusion(test.labels, answers)
        draw_curves(self.rows, self.folder / "curves.png")
        draw_confusion(counts, self.folder / "confusion.png")
        draw_mistakes(test, answers, self.folder / "mistakes.png")
        shifted = self.trainer.score(test, average_shifts=True).labels
        result = {
            "right": int((answers == test.labels).sum()),
            "right_average_shifts": int((shifted == test.labels).sum()),
        }
        _write(self.folder / "result.json", json.dumps({"images": len(test), **result}, indent=2) + "\n")
        title = f"The {self.settings.recipe_name} recipe, seed {self.settings.seed}"
        page = markdown(title, self._scored(), self.rows, counts, self._environment())
        _write(self.folder / "report.md", page)
        console.print(self.result(), highlight=False, soft_wrap=True)

    def result(self) -> str:
        """The accuracy of the last and of the best epoch, and where the report is, in one line."""
        last, top = self.rows[-1], best(self.rows)
        return (
            f"last epoch {last['test_accuracy']:.2f} % of the {self._scored()}, best (chosen on them) "
            f"{top['test_accuracy']:.2f} % in epoch {top['epoch']}: {self.folder / 'report.md'}"
        )

    def _scored(self) -> str:
        return "held-out training images" if self.settings.validation else "test images"

    def _save_model(self, name: str, weights: dict[str, Tensor], row: Row) -> None:
        note: dict[str, object] = {
            "recipe": self.settings.recipe_name,
            "seed": self.settings.seed,
            "epoch": row["epoch"],
            "test_right": row["test_right"],
        }
        save_weights(weights, self.folder / name, note)

    def _environment(self) -> dict[str, Any]:
        settings = {key: getattr(self.settings, key) for key in ("seed", "limit", "validation")}
        return machine.describe(self.trainer.device) | settings


def _summary(width: int) -> str:
    columns = ("output_size", "num_params")
    text = str(
        summary(DigitNet(width=width), (1, 1, SIZE, SIZE), device="cpu", col_names=columns, col_width=18, verbose=0)
    )
    return text.replace("(Units.MEGABYTES)", "(millions)") + "\n"  # how torchinfo prints its own enumeration


def _line(row: Row) -> str:
    return (
        f"epoch {row['epoch']:>2}  loss {row['train_loss']:.4f}  train {row['train_accuracy']:.2f} %  "
        f"test {row['test_accuracy']:.2f} %  rate {row['learning_rate']:.5f}  {row['seconds']:.1f} s"
    )


def _write(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")
