"""`python -m engine`: print or export the table of every step."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from engine import cli, default_experiment, descend, load_experiment, long_table, table
from engine.files import replacing

app = typer.Typer(add_completion=False)

# Seven decimals, as in the workbook, and a column's padding.
COLUMN_WIDTH = 11
STEP_WIDTH = 9


@app.command()
def show(
    learning_rate: Annotated[
        float | None, typer.Option(parser=cli.number, help="η of the run; the default is the experiment's.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(parser=cli.whole_number, help="How many steps; the default is the experiment's.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(help="Write the table here instead: every learning rate of the sweep, or just --learning-rate."),
    ] = None,
    experiment_file: Annotated[
        Path | None, typer.Option("--experiment", help="A TOML file; the default is the packaged 2-2-2 network.")
    ] = None,
    *,
    version: cli.Version = False,  # noqa: ARG001 - its callback prints
) -> None:
    """Train a small network by gradient descent and show every number of every step."""
    experiment = load_experiment(experiment_file) if experiment_file else default_experiment()
    if steps is not None:
        experiment = replace(experiment, steps=steps)
    if learning_rate is not None or csv is None:
        rate = experiment.learning_rate if learning_rate is None else learning_rate
        trace = descend(replace(experiment, learning_rate=rate), [rate])
    else:
        trace = descend(experiment)
    if csv is None:
        _print(table(trace, run=0), trace.learning_rates[0])
        return
    with replacing(csv) as part:
        long_table(trace).to_csv(part)
    rows = len(trace.numbers.values) * len(trace.learning_rates)
    rates = ", ".join(f"{rate:g}" for rate in trace.learning_rates)
    several = "s" * (len(trace.learning_rates) != 1)
    typer.echo(f"Wrote {csv}: {rows} row{'s' * (rows != 1)}, learning rate{several} {rates}")


def _print(frame: pd.DataFrame, learning_rate: float) -> None:
    """Print a wide table as blocks of as many columns as the terminal takes."""
    console = Console()
    console.print(f"learning rate {learning_rate:g}, {len(frame)} step{'s' * (len(frame) != 1)}", style="bold")
    per_block = max(1, (console.width - STEP_WIDTH) // COLUMN_WIDTH)
    for first in range(0, len(frame.columns), per_block):
        block = frame.iloc[:, first : first + per_block]
        grid = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
        grid.add_column("step", justify="right", style="dim")
        for name in block.columns:
            grid.add_column(name, justify="right", no_wrap=True, style="red" if name == "E_tot" else "")
        for row in block.itertuples():
            grid.add_row(str(row[0]), *(_text(value) for value in row[1:]))
        console.print()
        console.print(grid)


def _text(value: float) -> str:
    return f"{value:z.7f}" if abs(value) < 100 else f"{value:.3e}"


def main() -> None:
    """Run as `backprop-engine`, the command of the installed package."""
    cli.run(app, "backprop-engine")


if __name__ == "__main__":
    cli.run(app, "python -m engine")
