"""Where the numbers of a network's pictures stand on the sheet `maps`: tiles, with their gradients below."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from engine import Columns
from engine.columns import Column, ColumnKind
from workbook.table.layout import letter

LEFT = 1  # the column of the first picture
FORWARD = 11  # the row of the first tiles
LEAST_WIDTH = 3  # of a picture, in cells, so that its heading has room
HEADINGS: dict[ColumnKind, str] = {
    "input": "input",
    "weight": "kernels",
    "pre-activation": "z",
    "activation": "activation",
    "normalized": "normalized",
    "mask": "mask",
}


@dataclass(frozen=True)
class Picture:
    """The maps of one kind of column, one below the other; of kernels the input's channels side by side.

    Attributes:
        layer: the layer whose maps these are; None for the inputs.
        left: the column of its first tile.
        size: rows and columns of a map, or of a kernel.
        at: each name's position, (row, column), from the first tile on.
    """

    kind: ColumnKind
    layer: int | None
    left: int
    size: tuple[int, int]
    at: dict[str, tuple[int, int]]

    @property
    def pitch(self) -> int:
        """From a map's first row to that of the next."""
        return self.size[0] + 1

    @property
    def height(self) -> int:
        """Rows of all its maps."""
        return max(row for row, _ in self.at.values()) + 1

    @property
    def width(self) -> int:
        """Columns of all its maps."""
        return max(column for _, column in self.at.values()) + 1

    def cells(self, top: int) -> str:
        """All its tiles from a row on, with the gaps between maps."""
        first, last = letter(self.left), letter(self.left + self.width - 1)
        return f"${first}${top}:${last}${top + self.height - 1}"


@dataclass(frozen=True)
class Tiles:
    """The pictures of a network, from left to right."""

    columns: Columns

    @cached_property
    def pictures(self) -> list[Picture]:
        """The input, then each layer's in the order of its pass."""
        found, left = [], LEFT
        for columns in _stacks(self.columns):
            found.append(_picture(columns, left))
            left += max(found[-1].width, LEAST_WIDTH) + 1
        return found

    @property
    def height(self) -> int:
        """Rows of the tallest picture."""
        return max(picture.height for picture in self.pictures)

    @property
    def backward(self) -> int:
        """The row of the first gradients, with a heading above."""
        return FORWARD + self.height + 2

    @property
    def bottom(self) -> int:
        """The row of the last gradients."""
        return self.backward + self.height - 1

    @property
    def right(self) -> int:
        """The column after the last picture."""
        return self.pictures[-1].left + max(self.pictures[-1].width, LEAST_WIDTH)

    def cell(self, name: str, *, gradient: bool = False) -> str | None:
        """The tile of a number, or of its gradient; None for what is in no picture."""
        if name not in self._where:
            return None
        row, column = self._where[name]
        return f"{letter(column)}{row + (self.backward if gradient else FORWARD)}"

    @cached_property
    def _where(self) -> dict[str, tuple[int, int]]:
        return {
            name: (row, picture.left + column)
            for picture in self.pictures
            for name, (row, column) in picture.at.items()
        }

    def of(self, layer: int | None, kind: ColumnKind) -> Picture | None:
        """A layer's picture of a kind."""
        return next((p for p in self.pictures if (p.layer, p.kind) == (layer, kind)), None)

    def holding(self, name: str) -> Picture:
        """The picture with a number."""
        return next(picture for picture in self.pictures if name in picture.at)


def _stacks(columns: Columns) -> Iterator[list[Column]]:
    for stage in (columns.inputs, *columns.layers):
        for _, group in groupby((column for column in stage if column.row is not None), lambda column: column.kind):
            yield list(group)


def _picture(columns: list[Column], left: int) -> Picture:
    last = columns[-1]
    size = (last.row or 0) + 1, (last.column or 0) + 1
    at = {
        each.name: (
            (each.channel or 0) * (size[0] + 1) + (each.row or 0),
            (each.source or 0) * (size[1] + 1) + (each.column or 0),
        )
        for each in columns
    }
    return Picture(last.kind, last.layer, left, size, at)
