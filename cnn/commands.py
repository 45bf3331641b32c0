"""The commands that train: one run, or one for each of several seeds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.markdown import Markdown

from cnn import cli, machine, processes
from cnn.data import Digits, hold_out
from cnn.download import load
from cnn.errors import InputError
from cnn.model import load_model
from cnn.options import Data, Device, Limit, Recipe, app, console, number, whole_number
from cnn.recipe import load_recipe, parse_values
from cnn.run import Run, Settings, start
from cnn.seeds import draw, finished, parse_seeds, summarise
from cnn.tables import differences, keep, kept_runs, recipes_table
from cnn.teacher import Answers, ask

RUNS = Path("runs")
ASSETS = "The folder that holds a folder of metrics for each recipe."


@app.command()
def train(
    recipe: Recipe = "default",
    epochs: Annotated[int | None, typer.Option(parser=whole_number, help="Instead of the recipe's.")] = None,
    batch_size: Annotated[int | None, typer.Option(parser=whole_number, help="Instead of the recipe's.")] = None,
    learning_rate: Annotated[float | None, typer.Option(parser=number, help="Instead of the recipe's.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="Of the convolutions: 'fp32' or 'bf16', fast where a processor has units for it.")
    ] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any key of the recipe, such as shift=1.5.")
    ] = None,
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
    given = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "precision": precision}
    given |= parse_values(values or [])
    plain = load_recipe(recipe)
    changed: dict[str, Any] = {
        key: value for key, value in given.items() if value is not None and value != getattr(plain, key)
    }
    settings = Settings(replace(plain, **changed), Path(recipe).stem, seed, limit, validation)
    folder = RUNS / (_name(settings, changed) if name is None else _plain_name(name))
    if Path(recipe).resolve().parent == folder.resolve():
        raise InputError(f"--recipe {recipe}: the run would write over it; copy it out of {folder}, or use --name")
    if resume and not folder.is_dir():
        raise InputError(f"{folder}: no such run, so --resume has nothing to go on with; leave it out to start one")
    with _processes(device) as where:
        done_before = finished(folder) and not resume
        run = start(folder, settings, where, resume=resume or done_before)
        if not (done_before and run.rows):
            digits = _load(data, where, limit, validation=validation)
            run.trainer.answers = _answers(settings, where, data, digits[0])
            _train(run, *digits, again=cli.again("--resume"))
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


def _answers(settings: Settings, device: torch.device, data: Path, digits: Digits) -> Answers | None:
    """What the recipe's teachers answer about the training digits; the teachers are trained first if they are not.

    They train in the precision of the recipe that asks them. Their runs hold the last 10,000 training images out
    whether or not the network's does: so the same teachers serve where recipes are compared and where they are scored
    in the end, and their own accuracy is known.

    Raises:
        InputError: the teachers' recipe is not there or has a teacher itself.
    """
    recipe = settings.recipe
    if not recipe.teacher:
        return None
    alone = load_recipe(recipe.teacher)
    if alone.teacher:
        raise InputError(f"teacher {recipe.teacher}: has a teacher itself, expected a recipe without one")
    plain = replace(alone, precision=recipe.precision)  # which is a matter of the machine
    changed = {"precision": plain.precision} if plain != alone else {}
    teachers = []
    for seed in range(1, recipe.teachers + 1):
        own = replace(settings, recipe=plain, recipe_name=Path(recipe.teacher).stem, seed=seed, validation=True)
        folder = RUNS / _name(own, changed)
        run = start(folder, own, device, resume=True)
        if not finished(folder):
            _train(run, *_load(data, device, settings.limit, validation=True), again=cli.again())
        processes.wait()  # until the first has written it
        teachers.append(load_model(folder / "model.safetensors", device))
    return ask(teachers, digits, recipe, RUNS, console)


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
                run.trainer.answers = _answers(settings, where, data, digits[0])
                _train(run, *digits, again=cli.again())
            elif first:
                console.print(f"{folder}: finished before")
            if first:
                page = summarise(RUNS)
        if first:
            console.print(Markdown(page))
            console.print(f"{RUNS / 'seeds.md'}, {RUNS / 'seeds.png'}")


@app.command("keep")
def keep_runs(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished runs, that of seed 1 first.")],
    assets: Annotated[Path, typer.Option(help=ASSETS)] = Path("assets"),
) -> None:
    """Copy the metrics of finished runs, and seed 1's report, to where `tables` reads them."""
    for folder in runs:
        typer.echo(keep(folder, assets))


@app.command()
def tables(
    assets: Annotated[Path, typer.Argument(help=ASSETS)] = Path("assets"),
    picture: Annotated[Path | None, typer.Option(help="Draw the errors over the epochs into this file.")] = None,
) -> None:
    """Print the README's table of recipes from the metrics that are kept, and draw its picture."""
    groups = kept_runs(assets)
    for line in (*recipes_table(groups), "", *differences(groups)):
        typer.echo(line)
    if picture is not None:
        draw(groups, picture)


def _plain_name(name: str) -> str:
    if name in ("", "..") or Path(name).name != name:
        raise InputError(f"--name {name!r}: expected the name of a folder in {RUNS}/, without a '/'")
    return name


def _name(settings: Settings, changed: dict[str, Any]) -> str:
    """The name of a run's folder; the same settings give the same name."""
    limit = {"limit": settings.limit} if settings.limit else {}
    values = {key: value if isinstance(value, str) else f"{value:g}" for key, value in (changed | limit).items()}
    parts = [f"{key.replace('_', '-')}{value}" for key, value in values.items()]
    return "-".join([settings.recipe_name, f"seed{settings.seed}", *parts, *["validation"] * settings.validation])
