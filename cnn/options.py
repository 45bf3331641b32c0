"""The command line that the commands add themselves to, and the options that several of them have."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from cnn import cli
from cnn.model import SHIPPED


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


def shipped_or_path(text: str | Path) -> Path:
    """The weights that ship under that name, or the path as it stands."""
    return {path.stem: path for path in SHIPPED.parent.glob("*.safetensors")}.get(str(text), Path(text))


app = typer.Typer(add_completion=False)
console = Console(highlight=False, markup=False)

CPU = torch.device("cpu")  # fast enough for all but training

Recipe = Annotated[str, typer.Option(help="'default', 'quick', 'reference', 'best', 'long', or a TOML file.")]
Limit = Annotated[int | None, typer.Option(parser=whole_number, help="Use only the first N training and test images.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or mps; the default is the fastest here.")]
Data = Annotated[Path, typer.Option(help="The folder that holds the four files of MNIST, or will.")]
Weights = Annotated[
    Path,
    typer.Option(
        parser=shipped_or_path,
        metavar="NAME|FILE",
        show_default=SHIPPED.stem,
        help="'best', 'default' or 'reference', which ship, or a run's model.safetensors.",
    ),
]

AverageShifts = Annotated[
    bool, typer.Option("--average-shifts", help="Average over each image and its four shifts by a pixel.")
]


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        cli.print_version()
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Train a small convolutional network on MNIST, and use it."""
