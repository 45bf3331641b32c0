"""The hidden sheet with the stored pictures, one below the other, the empty one first: on it one paints one's own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from workbook.digit.block_layout import SIZE
from workbook.digit.layout import at, span
from workbook.digit.weights import Array
from workbook.records import Cell, SheetPlan, small_sheet

IMAGES, OWN = "images", "my own"
FIRST = 1  # the pictures' first column, that of the square on which one paints
NAMES, LABELS = 30, 31  # columns
PICKED = f"{IMAGES}!$AH$1"  # the number of the picture that is picked, 0 for one's own
ANSWER = f"{IMAGES}!$AH$2"  # what the network reads, which is the label of one's own picture
NUMBERS = 33  # the column of these two
PAINTED = 35  # first column of what was painted over the picture


@dataclass(frozen=True)
class Pictures:
    """The pictures of the drop-down, without the one that one paints."""

    images: Array  # (N, 28, 28)
    labels: Sequence[int]
    names: Sequence[str]

    @property
    def names_range(self) -> str:
        """The address of their names, one's own first."""
        return f"{IMAGES}!{span(1, NAMES, len(self.names) + 1, 1, fixed=True)}"

    @property
    def labels_range(self) -> str:
        """The address of the digits that they are."""
        return f"{IMAGES}!{span(1, LABELS, len(self.names) + 1, 1, fixed=True)}"

    def pixel(self, column: int, rows_above: int) -> str:
        """A pixel of the picture that is picked, for cells in its column with so many rows above the first."""
        letters, last = xl_col_to_name(column), (len(self.names) + 1) * SIZE
        return f"INDEX({IMAGES}!{letters}$1:{letters}${last},{SIZE}*{PICKED}+ROW()-{rows_above})"


def picture_names(labels: Sequence[int], numbers: Sequence[int], answers: Sequence[int]) -> list[str]:
    """What the drop-down calls pictures: the digit, as what it is read if not as this, its number in MNIST."""
    return [
        f"{label}{'' if answer == label else f' read as {answer}'} (test image {number})"
        for label, number, answer in zip(labels, numbers, answers, strict=True)
    ]


def painted_range() -> str:
    """The address of how far each pixel is from the picture that is picked."""
    return f"{IMAGES}!{span(1, PAINTED, SIZE, SIZE, fixed=True)}"


def images_sheet(
    pictures: Pictures, square: tuple[str, int, int], picked: tuple[int, str], answer: tuple[int, str]
) -> SheetPlan:
    """The sheet.

    Args:
        pictures: those that it holds.
        square: the sheet, row and column of the first of the pixels that the network reads.
        picked: the number of the picture that is picked, and its formula.
        answer: what the network reads, and its formula.
    """
    stack = np.concatenate([np.zeros((1, SIZE, SIZE)), pictures.images])
    cells = chain(
        (Cell(SIZE * n + y + 1, FIRST + x, "step", float(stack[n, y, x])) for n, y, x in np.ndindex(stack.shape)),
        (Cell(row, NAMES, "text", name) for row, name in enumerate([OWN, *pictures.names], start=1)),
        [Cell(1, LABELS, "step", answer[0], f"={ANSWER}")],
        [Cell(1, NUMBERS, "step", *picked), Cell(2, NUMBERS, "step", *answer)],
        (Cell(row, LABELS, "step", label) for row, label in enumerate(pictures.labels, start=2)),
        _painted(pictures, square),
    )
    return small_sheet(IMAGES, cells, {}, hidden="hidden")


def _painted(pictures: Pictures, square: tuple[str, int, int]) -> Iterator[Cell]:
    sheet, row, column = square
    for y, x in product(range(SIZE), range(SIZE)):
        pixel = pictures.pixel(FIRST + x, rows_above=0)
        yield Cell(y + 1, PAINTED + x, "step", 0, f"=ABS({sheet}!{at(row + y, column + x)}-{pixel})")
