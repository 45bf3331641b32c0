"""The workbook of a network that a file of torch defines."""

from dataclasses import replace
from pathlib import Path

import typer

import workbook
from engine import Experiment
from engine.experiment_toml import write_toml
from engine.files import check_outputs


def build_from(named: str, steps: int | None, toml: Path | None, out: Path, *, force: bool) -> int:
    """Write the workbook of `model.py:net`, and its experiment file; train in torch beside it.

    Returns:
        The exit status: 1 if torch trains the network to other numbers.

    Raises:
        InputError: the file fails, or holds what no experiment has; a file cannot be written.
    """
    from engine.imports.model_file import read_model

    check_outputs({"the workbook": out, "--toml": toml}, [Path(named.partition(":")[0])])
    model = read_model(named)
    experiment = model.experiment()
    if steps is not None:
        experiment = replace(experiment, steps=steps)
    workbook.build(experiment, out, force=force)
    typer.echo(built(experiment, out))
    if toml is not None:
        write_toml(experiment, toml)
        typer.echo(f"Wrote {toml}: change it, and `build --experiment {toml}` makes its workbook.")
    agreement = model.beside(experiment)
    typer.echo(agreement)
    return 1 if agreement.first else 0


def built(experiment: Experiment, out: Path) -> str:
    """What a command says when it has written a workbook."""
    return (
        f"Wrote {out}: {experiment.steps} step{'s' * (experiment.steps != 1)}, "
        f"learning rate {experiment.learning_rate:g}. "
        "Open it in Excel or LibreOffice and change G19."
    )
