"""`python -m engine`: print or export the table of every step; start, show and list experiment files."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from engine import (
    Column,
    Experiment,
    InputError,
    InputWarning,
    Trace,
    cli,
    default_experiment,
    descend,
    load_experiment,
    sweep_table,
)
from engine.diagnosis import diagnose as diagnosis_of
from engine.diagnosis_page import findings
from engine.diagnosis_page import page as diagnosis_page
from engine.experiment_file import FOLDER, packaged_experiments
from engine.files import check_ending, check_outputs, replacing
from engine.overview import overview

app = typer.Typer(add_completion=False)

# Seven decimals, as in the workbook, and a column's padding.
COLUMN_WIDTH = 11
STEP_WIDTH = 9

ExperimentFile = Annotated[
    Path, typer.Argument(metavar="EXPERIMENT", help="A TOML file, or a packaged experiment's name.")
]
LearningRate = Annotated[
    float | None, typer.Option(parser=cli.number, help="η of the run; the default is the experiment's.")
]
Steps = Annotated[
    int | None, typer.Option(parser=cli.whole_number, help="How many steps; the default is the experiment's.")
]


@app.callback(invoke_without_command=True)
def print_table(
    context: typer.Context,
    learning_rate: LearningRate = None,
    steps: Steps = None,
    csv: Annotated[
        Path | None,
        typer.Option(help="Write the table here instead: every run of the sweep, or just --learning-rate."),
    ] = None,
    experiment_file: Annotated[
        Path | None,
        typer.Option(
            "--experiment", help="A TOML file, or a packaged experiment's name; the default is the 2-2-2 network."
        ),
    ] = None,
    *,
    version: cli.Version = False,  # noqa: ARG001 - its callback prints
) -> None:
    """Train a small network by gradient descent and show every number of every step."""
    if context.invoked_subcommand:
        return
    inputs = [] if experiment_file is None else [experiment_file]
    check_outputs({"--csv": csv}, inputs)
    if csv is not None:
        check_ending(csv, ".csv")
    experiment = load_experiment(experiment_file) if experiment_file else default_experiment()
    if steps is not None:
        experiment = replace(experiment, steps=steps)
    if learning_rate is not None:
        experiment = replace(experiment, learning_rate=learning_rate, learning_rates=(learning_rate,), runs=())
    if csv is None:
        _print(descend(experiment, [experiment.learning_rate]), experiment)
    else:
        _write_csv(experiment, csv)


@app.command()
def new(path: Annotated[Path, typer.Argument(metavar="FILE", help="The TOML file to write.")]) -> None:
    """Write a commented experiment file to start from."""
    _refuse_to_replace(path)
    check_ending(path, ".toml")
    with replacing(path) as part:
        part.write_text((FOLDER / "template.toml").read_text(encoding="utf-8"), encoding="utf-8")
    typer.echo(f"Wrote {path}: change it, then `{cli.python()} -m engine show {path}` tells what it describes.")


@app.command()
def show(
    experiment_file: ExperimentFile,
) -> None:
    """Print a network: a picture, its layers, its samples, and how large its sheet will be."""
    Console().print(overview(load_experiment(experiment_file)), highlight=False)


@app.command()
def diagnose(
    experiment_file: ExperimentFile,
    learning_rate: LearningRate = None,
    steps: Steps = None,
) -> None:
    """Tell why a loss does not fall, or is nan: what ails the training, and what to change.

    Exits with 1 if something is found.
    """
    experiment = load_experiment(experiment_file)
    experiment = replace(
        experiment,
        learning_rate=experiment.learning_rate if learning_rate is None else learning_rate,
        steps=experiment.steps if steps is None else steps,
    )
    diagnosis = diagnosis_of(experiment)
    Console().print(diagnosis_page(diagnosis), highlight=False)
    raise typer.Exit(1 if findings(diagnosis) else 0)


@app.command()
def export(
    experiment_file: ExperimentFile,
    torch: Annotated[Path | None, typer.Option(help="Write a script in plain torch here.")] = None,
    numpy: Annotated[Path | None, typer.Option(help="Write a script in plain NumPy here.")] = None,
) -> None:
    """Write an experiment as a script without this package, which prints the same numbers."""
    from engine.export import numpy_script, torch_script

    if torch is None and numpy is None:
        raise InputError("--torch, --numpy: got neither, expected the name of a script: --torch xor.py")
    check_outputs({"--torch": torch, "--numpy": numpy}, [experiment_file])
    experiment = load_experiment(experiment_file)
    texts = [(path, script(experiment)) for path, script in ((torch, torch_script), (numpy, numpy_script)) if path]
    for path, _ in texts:
        _refuse_to_replace(path)
        check_ending(path, ".py")
    for path, text in texts:
        with replacing(path) as part:
            part.write_text(text, encoding="utf-8")
        typer.echo(
            f"Wrote {path}: run it with `{cli.python()} {path}`; it prints the loss and the weights of every step."
        )


@app.command(name="list")
def list_packaged() -> None:
    """List the packaged experiments."""
    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    for name, path in packaged_experiments().items():
        grid.add_row(name, load_experiment(path).name)
    Console().print(grid, highlight=False)


def _refuse_to_replace(path: Path) -> None:
    if path.exists():
        raise InputError(f"{path}: exists already; name another file, or remove it first")


def _write_csv(experiment: Experiment, csv: Path) -> None:
    frame = sweep_table(experiment)
    with replacing(csv) as part:
        frame.to_csv(part)
    overflowed = frame.loc[~np.isfinite(frame["E_tot"]), "learning rate"].unique()
    if len(overflowed):
        rates = ", ".join(f"{rate:g}" for rate in overflowed)
        warnings.warn(f"{csv}: numbers overflowed with learning rate {rates}; it holds inf or nan", InputWarning, 2)
    rates = ", ".join(f"{rate:g}" for rate in experiment.learning_rates)
    several = "s" * (len(experiment.learning_rates) != 1)
    runs = _count(len(experiment.runs), "run") if experiment.runs else f"learning rate{several} {rates}"
    typer.echo(f"Wrote {csv}: {_count(len(frame), 'row')}, {runs}")


def _print(trace: Trace, experiment: Experiment) -> None:
    """Print a wide table as blocks of as many columns as the terminal takes."""
    console, frame, columns = Console(), trace.table(), trace.columns
    rows = f", {len(frame)} row{'s' * (len(frame) != 1)}" if len(frame) != experiment.steps else ""
    heading = f"learning rate {trace.learning_rates[0]:g}, {_count(experiment.steps, 'step')}{rows}"
    console.print(heading, style="bold", highlight=False)
    per_block = max(1, (console.width - STEP_WIDTH) // COLUMN_WIDTH)
    for first in range(0, len(columns.all), per_block):
        block = columns.all[first : first + per_block]
        grid = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
        grid.add_column(str(frame.index.name), justify="right", style="dim")
        for column in block:
            style = "red" if column.name == columns.loss else ""
            grid.add_column(column.name, justify="right", no_wrap=True, style=style)
        for number, row in enumerate(trace.numbers.values[:, first : first + per_block, 0].tolist(), start=1):
            grid.add_row(str(number), *(_text(value, column) for value, column in zip(row, block, strict=True)))
        console.print()
        console.print(grid)


def _text(value: float, column: Column) -> str:
    if column.kind in ("step", "sample", "time"):
        return f"{value:g}"
    return f"{value:z.7f}" if abs(value) < 100 else f"{value:.3e}"


def _count(number: int, of: str) -> str:
    return f"{number} {of}{'s' * (number != 1)}"


def main() -> None:
    """Run as `backprop-engine`, the command of the installed package."""
    cli.run(app, "backprop-engine")


if __name__ == "__main__":
    cli.run(app, "python -m engine")
