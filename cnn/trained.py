"""The commands that use a trained network: score it, read pictures with it, export it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from cnn import cli, machine
from cnn.download import load
from cnn.errors import InputError
from cnn.explain import draw_reading, draw_view
from cnn.export import export_onnx
from cnn.files import expect_outputs
from cnn.model import SHIPPED, DigitNet, load_model
from cnn.options import CPU, AverageShifts, Data, Weights, app, console
from cnn.pictures import FIGURES, find_pictures
from cnn.predict import Reading, read_picture
from cnn.printed import as_json, matrix, print_readings
from cnn.report import confusion
from cnn.train import score


@app.command()
def evaluate(
    weights: Weights = SHIPPED,
    average_shifts: AverageShifts = False,  # noqa: FBT002 - how typer takes a flag
    data: Data = Path("data"),
) -> None:
    """Score a trained model on all 10,000 test images."""
    machine.prepare()
    model = load_model(weights, CPU)
    _, test = load(data)
    counts = confusion(test.labels, score(model, test).labels)
    console.print(matrix(counts))
    right = int(counts.diagonal().sum())
    console.print(f"{weights.name}: {right:,} of {len(test):,} right, {100 * right / len(test):.2f} %")
    if average_shifts:
        right = int((score(model, test, average_shifts=True).labels == test.labels).sum())
        console.print(f"averaged over five shifts: {right:,} right, {100 * right / len(test):.2f} %")


@app.command()
def predict(
    pictures: Annotated[list[Path] | None, typer.Argument(help="Pictures of digits, or folders of them.")] = None,
    weights: Weights = SHIPPED,
    picture: Annotated[Path | None, typer.Option(help="Draw what was read onto the picture, into this file.")] = None,
    explain: Annotated[
        Path | None, typer.Option(help="Draw how the network sees the first digit, into this file.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: texts, digits, probabilities and boxes.")] = False,  # noqa: FBT002 - how typer takes a flag
) -> None:
    """Read the digits on pictures: one or more, written or printed, on paper or as a drawing."""
    if not pictures:
        raise InputError('no picture given; type make predict ARGS="digit.png", or python -m cnn predict digit.png')
    paths = find_pictures(pictures)
    _expect_drawable({"--picture": picture, "--explain": explain}, paths, weights)
    model = load_model(weights, CPU)
    readings, errors = _read(paths, model)
    if json:
        typer.echo(as_json(readings))
    else:
        print_readings(readings, console)
    for reading in readings.values():
        if picture is not None:
            draw_reading(reading, picture)
        if explain is not None and reading.digits:
            draw_view(model, reading.images[0], explain)
    for line in errors:
        cli.fail(line)
    if errors:
        raise typer.Exit(2)
    if not all(reading.digits for reading in readings.values()):
        raise typer.Exit(1)


def _expect_drawable(outputs: dict[str, Path | None], paths: list[Path], weights: Path) -> None:
    for option, value in outputs.items():
        if value is not None and len(paths) > 1:
            raise InputError(f"{option} {value}: got {len(paths)} pictures, expected one")
        if value is not None and value.suffix.lower() not in FIGURES:
            raise InputError(f"{option} {value}: expected a name that ends with {', '.join(FIGURES)}")
    expect_outputs(outputs, [*paths, weights])


def _read(paths: list[Path], model: DigitNet) -> tuple[dict[Path, Reading], list[str]]:
    """The readings of the pictures that can be read, and what is wrong with the others."""
    readings, errors = {}, []
    for path in track(paths, "reading", console=console, transient=True, disable=not console.is_terminal):
        try:
            readings[path] = read_picture(path, model)
        except InputError as error:
            errors.append(str(error))
    return readings, errors


@app.command()
def export(
    onnx: Annotated[Path, typer.Option(help="The file to write.")],
    weights: Weights = SHIPPED,
) -> None:
    """Write a trained model as ONNX, and check it against torch with onnxruntime."""
    expect_outputs({"--onnx": onnx}, [weights])
    difference = export_onnx(load_model(weights, CPU), onnx)
    console.print(f"{onnx}: onnxruntime's logits equal torch's to {difference:.1e}")
