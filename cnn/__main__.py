"""`python -m cnn`: train the network."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cnn import cli, machine
from cnn.download import load
from cnn.recipe import load_recipe
from cnn.run import Settings, start

app = typer.Typer(add_completion=False, no_args_is_help=True)
RUNS = Path("runs")

Data = Annotated[Path, typer.Option(help="The folder that holds the four files of MNIST, or will.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or mps; the default is the fastest that is there.")]


@app.callback()
def main() -> None:
    """Train a small convolutional network on MNIST, and use it."""


@app.command()
def train(
    recipe: Annotated[str, typer.Option(help="'default', 'reference', or a TOML file.")] = "default",
    epochs: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Instead of the recipe's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides every random number of the run.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only the first N training and test images.")] = None,
    name: Annotated[str | None, typer.Option(help="The run's folder under runs/; the default tells recipe and seed.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last whole epoch.")] = False,
    target_accuracy: Annotated[
        float | None, typer.Option(min=0, max=100, help="Exit status 1 if the last epoch is below it, in percent.")
    ] = None,
    device: Device = None,
    data: Data = Path("data"),
) -> None:
    """Train, and write all about the run into runs/<name>/."""
    console = Console()
    machine.prepare()
    given = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    chosen = replace(load_recipe(recipe), **{key: value for key, value in given.items() if value is not None})
    settings = Settings(chosen, Path(recipe).stem, seed, limit)
    folder = RUNS / (name or f"{settings.recipe_name}-seed{seed}" + (f"-limit{limit}" if limit else ""))
    where = machine.choose_device(device)
    run = start(folder, settings, where, resume=resume, console=console)
    train_digits, test_digits = (digits.first(limit).to(where) for digits in load(data))
    run.announce(console)
    run.train(train_digits, test_digits, console)
    run.save_models()


if __name__ == "__main__":
    cli.run(app, "python -m cnn")
