"""The workbook of a network that a file of torch or of ONNX holds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

import workbook
from engine import Experiment, InputError
from engine.experiment_toml import write_toml
from engine.files import check_outputs
from workbook.table.layout import MOST_NEURONS

# An independent computation: a sentence on how far the two agree, and whether they do.
Beside = Callable[[], tuple[str, bool]]


@dataclass(frozen=True)
class Asked:
    """What the command adds to the file: for ONNX, which holds no training, the loss, the samples and the rate."""

    steps: int | None
    learning_rate: float | None
    loss: str | None
    data: Path | None


def build_from(named: str, asked: Asked, toml: Path | None, out: Path, *, force: bool) -> int:
    """Write the workbook of `model.py:net` or `model.onnx`, and its experiment file; compute the same beside it.

    Returns:
        The exit status: 1 if torch trains the network to other numbers.

    Raises:
        InputError: the file fails, or holds what no experiment has; a file cannot be written; without `force`, there
            is an experiment file already: somebody may have changed it.
    """
    path = Path(named) if named.endswith(".onnx") else Path(named.partition(":")[0])
    check_outputs({"the workbook": out, "--toml": toml}, [path, *([asked.data] if asked.data else [])])
    if toml is not None and toml.exists() and not force:
        raise InputError(f"--toml: {toml} exists; name another file, or replace it with --force (make: ARGS=--force)")
    experiment, beside = _onnx(path, asked) if path.suffix == ".onnx" else _torch(named, asked)
    _check_width(path, experiment)
    workbook.build(experiment, out, force=force)
    typer.echo(built(experiment, out))
    if toml is not None:
        write_toml(experiment, toml)
        typer.echo(f"Wrote {toml}: change it, and `build --experiment {toml}` makes its workbook.")
    words, agrees = beside()
    typer.echo(words)
    return 0 if agrees else 1


def _check_width(path: Path, experiment: Experiment) -> None:
    """Raise unless a table holds the network; of large ones say what does."""
    sizes = experiment.network.sizes
    if max(sizes) > MOST_NEURONS:
        raise InputError(
            f"{path}: got {sizes[0]:,} inputs and up to {max(sizes[1:]):,} neurons in {len(sizes) - 1} layers, "
            f"expected at most {MOST_NEURONS} in a layer of a workbook; take a smaller network, or smaller pictures "
            "(`make digit` puts this package's own reader of digits into cells)"
        )


def _torch(named: str, asked: Asked) -> tuple[Experiment, Beside]:
    from engine.imports.model_file import read_model

    for option, value in (("--learning-rate", asked.learning_rate), ("--loss", asked.loss), ("--data", asked.data)):
        if value is not None:
            raise InputError(f"--from: got it with {option}, expected the model's file to say all")
    model = read_model(named)
    experiment = model.experiment()
    if asked.steps is not None:
        experiment = replace(experiment, steps=asked.steps)

    def beside() -> tuple[str, bool]:
        agreement = model.beside(experiment)
        return str(agreement), agreement.first is None

    return experiment, beside


def _onnx(path: Path, asked: Asked) -> tuple[Experiment, Beside]:
    from engine.imports.from_onnx import beside_onnxruntime, from_onnx

    training = {"steps": asked.steps, "learning_rate": asked.learning_rate}
    given: dict[str, Any] = {name: value for name, value in training.items() if value is not None}
    if given and asked.loss is None:
        raise InputError(
            f"--{next(iter(given)).replace('_', '-')}: got it without --loss, expected a loss to train with"
        )
    experiment = from_onnx(path, asked.loss, asked.data, **given)

    def beside() -> tuple[str, bool]:
        largest = beside_onnxruntime(experiment, path)
        return f"onnxruntime beside it: largest difference of an output {largest:.0e}", True

    return experiment, beside


def built(experiment: Experiment, out: Path) -> str:
    """The lines that a command prints when it has written a workbook."""
    return (
        f"Wrote {out}: {experiment.steps} step{'s' * (experiment.steps != 1)}, "
        f"learning rate {experiment.learning_rate:g}. "
        "Open it in Excel or LibreOffice and change G19."
    )
