"""What the commands print of scores and readings, for terminals."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text
from torch import Tensor

from cnn.predict import Reading
from cnn.report import CLASSES


def matrix(counts: Tensor) -> Table:
    """A confusion matrix: counts (10, 10) of each digit (row) read as each digit (column)."""
    table = Table(title="digits and what they were read as", box=None, title_style="bold")
    for name in ("is", *map(str, range(CLASSES)), "wrong"):
        table.add_column(name, justify="right", style="bold red" if name == "wrong" else "")
    for digit, row in enumerate(counts.tolist()):
        cells = [str(count) if count else "·" for count in row]
        right = Text(str(row[digit]), "bold green")
        table.add_row(Text(str(digit), "bold"), *cells[:digit], right, *cells[digit + 1 :], str(sum(row) - row[digit]))
    return table


def print_readings(readings: dict[Path, Reading], console: Console) -> None:
    """Print a line for each picture: its digits, the probability of each in percent, and what is doubtful."""
    if not readings:
        return
    names = [str(path) for path in readings]
    texts = [reading.text or "no digit here" for reading in readings.values()]
    width, wide = max(map(len, ["picture", *names])), max(map(len, ["reads", *texts]))
    console.print(Text(f"{'picture':<{width}}  {'reads':<{wide}}  sure of each, %", "bold"), soft_wrap=True)
    for name, text, reading in zip(names, texts, readings.values(), strict=True):
        shares = " ".join(f"{100 * share:.0f}" for share in reading.shares.amax(1).tolist())
        doubts = f"  unsure: {', '.join(reading.doubts)}" if reading.doubts else ""
        if reading.left_out:
            doubts += f"  {reading.left_out} no digit{'s' * (reading.left_out > 1)}"
        style = "bold green" if reading.digits and not doubts else "bold yellow"
        line = Text.assemble(f"{name:<{width}}  ", (f"{text:<{wide}}", style), f"  {shares}{doubts}")
        console.print(line, soft_wrap=True)


def as_json(readings: dict[Path, Reading]) -> str:
    """The readings as a JSON list, an object for each picture.

    A digit's box is (left, top, right, bottom) in pixels of the picture as it was read, `width` by `height`: a larger
    one than 1024×1024 is made smaller first.
    """
    pictures = [
        {
            "picture": str(path),
            "width": reading.picture.width,
            "height": reading.picture.height,
            "text": reading.text,
            "left_out": reading.left_out,
            "digits": [
                {"digit": answer, "probabilities": shares, "box": (box.left, box.top, box.right, box.bottom)}
                for answer, shares, box in zip(
                    reading.answers,
                    ([round(share, 6) for share in row] for row in reading.shares.tolist()),
                    (digit.box for digit in reading.digits),
                    strict=True,
                )
            ],
        }
        for path, reading in readings.items()
    ]
    return json.dumps(pictures, indent=2)
