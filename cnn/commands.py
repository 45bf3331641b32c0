"""The commands: train the network, score it, read pictures with it, export it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text
from torch import Tensor

from cnn import cli, machine, processes
from cnn.data import Digits, hold_out
from cnn.download import load
from cnn.errors import InputError
from cnn.export import export_onnx
from cnn.model import SHIPPED, load_model
from cnn.predict import find_pictures, probabilities, read_digit
from cnn.recipe import load_recipe
from cnn.report import CLASSES, confusion
from cnn.run import Run, Settings, start
from cnn.seeds import finished, parse_seeds, summarise
from cnn.train import score


def number(text: str) -> float:
    """Parse an option's value."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"got '{text}', expected a number") from None


def whole_number(text: str) -> int:
    """Parse an option's value."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"got '{text}', expected a whole number") from None


app = typer.Typer(add_completion=False)
console = Console(highlight=False, markup=False)

RUNS = Path("runs")
CPU = torch.device("cpu")  # fast enough for all but training

Recipe = Annotated[str, typer.Option(help="'default', 'quick', 'reference', or a TOML file.")]
Limit = Annotated[int | None, typer.Option(parser=whole_number, help="Use only the first N training and test images.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or mps; the default is the fastest here.")]
Data = Annotated[Path, typer.Option(help="The folder that holds the four files of MNIST, or will.")]
Weights = Annotated[
    Path, typer.Option(show_default="the trained model that ships", help="A run's model.safetensors, say.")
]


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"backprop-workbook {version('backprop-workbook')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Train a small convolutional network on MNIST, and use it."""


@app.command()
def train(
    recipe: Recipe = "default",
    epochs: Annotated[int | None, typer.Option(parser=whole_number, help="Instead of the recipe's.")] = None,
    batch_size: Annotated[int | None, typer.Option(parser=whole_number, help="Instead of the recipe's.")] = None,
    learning_rate: Annotated[float | None, typer.Option(parser=number, help="Instead of the recipe's.")] = None,
    seed: Annotated[int, typer.Option(parser=whole_number, help="Decides every random number of the run.")] = 1,
    limit: Limit = None,
    validation: Annotated[  # noqa: FBT002 - how typer takes a flag
        bool, typer.Option("--validation", help="Score on the last 10,000 training images, and train on the others.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="The folder under runs/, else named after the settings.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last whole epoch.")] = False,  # noqa: FBT002 - how typer takes a flag
    target_accuracy: Annotated[
        float | None, typer.Option(parser=number, help="Exit with 1 if the last epoch is below it, in percent.")
    ] = None,
    device: Device = None,
    data: Data = Path("data"),
) -> None:
    """Train, and write the results into runs/<name>/."""
    given = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    plain = load_recipe(recipe)
    changed: dict[str, Any] = {
        key: value for key, value in given.items() if value is not None and value != getattr(plain, key)
    }
    settings = Settings(replace(plain, **changed), Path(recipe).stem, seed, limit, validation)
    folder = RUNS / (name or _name(settings, changed))
    if resume and not folder.is_dir():
        raise InputError(f"{folder}: no such run, so --resume has nothing to go on with; leave it out to start one")
    with _processes(device) as where:
        done_before = finished(folder) and not resume
        run = start(folder, settings, where, resume=resume or done_before)
        if not (done_before and run.rows):
            _train(run, *_load(data, where, limit, validation=validation), again=cli.again("--resume"))
        elif processes.rank() == 0:
            line = f"{folder}: finished before; another --seed or --name starts another run\n{run.result()}"
            console.print(line, soft_wrap=True)
        reached = run.rows[-1]["test_accuracy"]
        if target_accuracy is not None and reached < target_accuracy:
            if processes.rank() == 0:
                console.print(f"target missed: {reached:.2f} % is below {target_accuracy:g} %")
            raise typer.Exit(1)


@contextmanager
def _processes(device: str | None) -> Iterator[torch.device]:
    """The device of this process, among all those that torchrun started."""
    where = processes.join(machine.choose_device(device))
    machine.prepare()
    try:
        yield where
    finally:
        processes.leave()


def _load(data: Path, device: torch.device, limit: int | None, *, validation: bool) -> tuple[Digits, Digits]:
    """The digits to train on and those to score; the first process fetches them for all."""
    if processes.rank() > 0:
        processes.wait()
    train_digits, test_digits = load(data)
    if processes.rank() == 0:
        processes.wait()
    if validation:
        train_digits, test_digits = hold_out(train_digits)
    return train_digits.first(limit).to(device), test_digits.first(limit).to(device)


def _train(run: Run, train_digits: Digits, test_digits: Digits, *, again: str) -> None:
    """Train and report; `again` is the command that goes on after an interruption."""
    first = processes.rank() == 0
    try:
        if first:
            run.announce(console)
        run.train(train_digits, test_digits, console if first else Console(quiet=True))
        if first:
            run.finish(test_digits, console)
    except cli.Stopped as stop:
        stop.add_note(f"{len(run.rows)} of {run.settings.recipe.epochs} epochs are kept; go on with: {again}")
        raise


@app.command()
def seeds(
    numbers: Annotated[str, typer.Option("--seeds", help="Such as 1-5 or 1,2,7.")] = "1-5",
    recipe: Recipe = "default",
    limit: Limit = None,
    device: Device = None,
    data: Data = Path("data"),
) -> None:
    """Train a run for each seed that has no finished one, and write a table and a picture of all runs into runs/."""
    plain, wanted = load_recipe(recipe), parse_seeds(numbers)
    with _processes(device) as where:
        first = processes.rank() == 0
        digits = _load(data, where, limit, validation=False)
        page = ""
        for seed in wanted:
            settings = Settings(plain, Path(recipe).stem, seed, limit)
            folder = RUNS / _name(settings, {})
            run = start(folder, settings, where, resume=True)
            if not finished(folder):
                _train(run, *digits, again=cli.again())
            elif first:
                console.print(f"{folder}: finished before")
            if first:
                page = summarise(RUNS)
        if first:
            console.print(Markdown(page))
            console.print(f"{RUNS / 'seeds.md'}, {RUNS / 'seeds.png'}")


def _name(settings: Settings, changed: dict[str, Any]) -> str:
    """The name of a run's folder; the same settings give the same name."""
    limit = {"limit": settings.limit} if settings.limit else {}
    parts = [f"{key.replace('_', '-')}{value:g}" for key, value in (changed | limit).items()]
    return "-".join([settings.recipe_name, f"seed{settings.seed}", *parts, *["validation"] * settings.validation])


@app.command()
def evaluate(weights: Weights = SHIPPED, data: Data = Path("data")) -> None:
    """Score a trained model on all 10,000 test images."""
    machine.prepare()
    model = load_model(weights, CPU)
    _, test = load(data)
    counts = confusion(test.labels, score(model, test).labels)
    console.print(_matrix(counts))
    right = int(counts.diagonal().sum())
    console.print(f"{weights.name}: {right:,} of {len(test):,} right, {100 * right / len(test):.2f} %")


def _matrix(counts: Tensor) -> Table:
    table = Table(title="digits and what they were read as", box=None, title_style="bold")
    for name in ("is", *map(str, range(CLASSES)), "wrong"):
        table.add_column(name, justify="right", style="bold red" if name == "wrong" else "")
    for digit, row in enumerate(counts.tolist()):
        cells = [str(count) if count else "·" for count in row]
        right = Text(str(row[digit]), "bold green")
        table.add_row(Text(str(digit), "bold"), *cells[:digit], right, *cells[digit + 1 :], str(sum(row) - row[digit]))
    return table


@app.command()
def predict(
    pictures: Annotated[list[Path] | None, typer.Argument(help="Pictures of a digit each, or folders of them.")] = None,
    weights: Weights = SHIPPED,
) -> None:
    """Read the digits on pictures: any size, colour and background."""
    if not pictures:
        raise InputError('no picture given; type make predict ARGS="digit.png", or python -m cnn predict digit.png')
    model = load_model(weights, CPU)
    images, errors = {}, []
    for path in find_pictures(pictures):
        try:
            images[path] = read_digit(path)
        except InputError as error:
            errors.append(str(error))
    if images:
        _print_readings(images, probabilities(model, torch.stack([*images.values()])))
    for line in errors:
        cli.fail(line)
    if errors:
        raise typer.Exit(2)


def _print_readings(paths: Iterable[Path], shares: Tensor) -> None:
    """One line for each picture: the likeliest digit, and the probabilities (N, 10) of all in whole percent."""
    names = [str(path) for path in paths]
    width = max(map(len, ["picture", *names]))
    header = f"{'picture':<{width}} reads" + "".join(f"{digit:4}" for digit in range(CLASSES)) + "  %"
    console.print(Text(header, "bold"), soft_wrap=True)
    for name, row in zip(names, (100 * shares).tolist(), strict=True):
        digit = max(range(CLASSES), key=row.__getitem__)
        cells = "".join(f"{share:4.0f}" if share >= 0.5 else "   ·" for share in row)
        console.print(Text.assemble(f"{name:<{width}} ", (f"{digit:>5}", "bold green"), cells), soft_wrap=True)


@app.command()
def export(
    onnx: Annotated[Path, typer.Option(help="The file to write.")],
    weights: Weights = SHIPPED,
) -> None:
    """Write a trained model as ONNX, and check it against torch with onnxruntime."""
    difference = export_onnx(load_model(weights, CPU), onnx)
    console.print(f"{onnx}: onnxruntime's logits equal torch's to {difference:.1e}")
