"""How many of the made pictures are read right: the tables of cnn/README.md.

`python -m tests.cnn.read_made` draws 50 of each kind of `made_pages` and `made_pictures` from test digits, reads them
with the model that ships, and writes the counts into `assets/` and the pictures that are read wrong into `build/`.
`… read_made held-out` does so with training digits that were held out and other pictures: thresholds are chosen there.
"""

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from cnn.data import Digits, hold_out
from cnn.report import table
from tests.cnn.made_pages import EMPTY, WRITTEN, make_page
from tests.cnn.made_pictures import KINDS, make_picture

WRONG = Path("build/made-pictures")
SEEDS = {"test": range(50), "held-out": range(1000, 1050)}
DRAW: dict[str, Callable[[str, Digits, int], tuple[Image.Image, str]]] = {
    **dict.fromkeys([*EMPTY, *WRITTEN], make_page),
    **dict.fromkeys(KINDS, make_picture),
}

Row = dict[str, str]  # kind, pictures, right


def counts_of(digits: str) -> Path:
    """The file of the counts for 'test' or 'held-out' digits."""
    return Path(f"assets/made-pictures-{digits}.csv")


def tables(rows: list[Row]) -> list[list[str]]:
    """The lines of two Markdown tables: the pictures without a digit, and those with digits."""
    return [
        _table("no digit is read", [row for row in rows if row["kind"] in EMPTY]),
        _table("all digits are read, and no more", [row for row in rows if row["kind"] not in EMPTY]),
    ]


def _table(title: str, rows: list[Row]) -> list[str]:
    right, pictures = (sum(int(row[key]) for row in rows) for key in ("right", "pictures"))
    lines = [[row["kind"], f"{row['right']} of {row['pictures']}"] for row in rows]
    return table([title, "right"], [*lines, ["all", f"{right:,} of {pictures:,}, {100 * right / pictures:.1f} %"]])


def _count(digits: Digits, seeds: range) -> Iterator[Row]:
    import torch

    from cnn.model import SHIPPED, load_model
    from cnn.predict import read_picture

    model = load_model(SHIPPED, torch.device("cpu"))
    WRONG.mkdir(parents=True, exist_ok=True)
    for kind, draw in DRAW.items():
        right = 0
        for seed in seeds:
            picture, text = draw(kind, digits, seed)
            path = WRONG / f"{kind.replace(' ', '-').replace(':', '')}-{seed:04}-{text}.png"
            picture.save(path)
            if read_picture(path, model).text == text:
                right += 1
                path.unlink()
        print(f"{kind}: {right} of {len(seeds)}", flush=True)  # noqa: T201
        yield {"kind": kind, "pictures": str(len(seeds)), "right": str(right)}


def main() -> None:
    """Count, keep the counts and print the tables."""
    from cnn.download import load

    name = sys.argv[1] if len(sys.argv) > 1 else "test"
    train, test = load(Path("data"))
    rows = list(_count(test if name == "test" else hold_out(train)[1], SEEDS[name]))
    with counts_of(name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for lines in tables(rows):
        print("\n".join(["", *lines]))  # noqa: T201


if __name__ == "__main__":
    main()
