"""What one chooses on the sheet `maps`: a sample beside the step, an output cell, and a kernel's weight."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.layers.windows import Window
from workbook.records import Cell, Validation
from workbook.sheets.map_tiles import LEFT, Picture, Tiles
from workbook.sheets.stepping import row_of_step, step_cells, whole_number
from workbook.table.layout import FIRST_ROW, Layout, letter, row_and_column

TOP = 3  # the row of the step
# The columns in which the output cell's channel, row and column are typed, and the weight's.
CELL, WEIGHT = LEFT + 9, LEFT + 18
AXES = ("channel", "row", "column")


@dataclass(frozen=True)
class Convolved:
    """The first convolution, of which an output cell and a weight are worked out.

    Attributes:
        layer: its number, from 0.
        channels: how many maps it makes.
        window: how its kernels slide.
        inputs, kernels, outputs: its pictures.
    """

    layer: int
    channels: int
    window: Window
    inputs: Picture
    kernels: Picture
    outputs: Picture


def first_convolution(tiles: Tiles) -> Convolved | None:
    """The first whose outputs are maps; those of a network's last layer are not."""
    columns = tiles.columns
    for number, layer in enumerate(columns.network.layers):
        kernels, outputs = tiles.of(number, "weight"), tiles.of(number, "pre-activation")
        if layer.kernels and kernels and outputs:
            inputs = columns.activation_names(layer.reads(number)[0] - 1)
            channels = columns.network.shapes[number + 1][0]
            return Convolved(number, channels, layer.kernels, tiles.holding(inputs[0]), kernels, outputs)
    return None


@dataclass(frozen=True)
class TypedNumber:
    """A number that one types: its label, where, from 1 to `most`, the cell in which it is used, what it opens with."""

    label: str
    row: int
    column: int
    most: int
    used: str
    opened: int = 1

    @property
    def typed(self) -> str:
        """Its cell."""
        return f"${letter(self.column)}${self.row}"

    def cells(self) -> Iterator[Cell]:
        """Its label, the cell, what it takes, and the number that is used."""
        yield Cell(self.row, self.column - 1, "label", self.label)
        yield Cell(self.row, self.column, "input", self.opened)
        yield Cell(self.row, self.column + 1, "beside", f"of {self.most}")
        yield Cell(*row_and_column(self.used), "step", *whole_number(self.typed, self.most, self.opened))

    def validation(self) -> Validation:
        """What its cell takes."""
        message = f"Type a whole number from 1 to {self.most}."
        return Validation(self.typed.replace("$", ""), 1, self.most, self.label.capitalize(), message, whole=True)


@dataclass(frozen=True)
class Choices:
    """All that one types, and in the folded column the numbers that are used."""

    layout: Layout
    tiles: Tiles

    @property
    def folded(self) -> int:
        """The column of the numbers that are used."""
        return max(self.tiles.right, WEIGHT + 2) + 2

    def used(self, row: int) -> str:
        """A cell of the folded column."""
        return f"${letter(self.folded)}${row}"

    @property
    def shown(self) -> str:
        """The cell with the row of the table."""
        return self.used(TOP + 2)

    @cached_property
    def sample(self) -> list[TypedNumber]:
        """Of a batch, the row."""
        columns = self.layout.columns
        size = columns.method.batch_size
        label = "sample" if columns.samples == size else "batch row"
        return [TypedNumber(label, TOP + 1, LEFT, size, self.used(TOP + 1))] if size > 1 else []

    def cells(self) -> Iterator[Cell]:
        """The step and the sample, and the row of the table."""
        yield Cell(TOP, LEFT - 1, "label", "step")
        yield from step_cells(self.layout, TOP, LEFT)
        row = f"={row_of_step(self.layout, f'${letter(LEFT)}${TOP}')}"
        for choice in self.sample:
            yield from choice.cells()
            row += f"+{choice.used}-1"
        yield Cell(TOP + 2, self.folded, "step", FIRST_ROW, row)

    def cell(self, of: Convolved, opened: Sequence[int]) -> list[TypedNumber]:
        """The output cell's channel, row and column, opened with these."""
        most = (of.channels, *of.outputs.size)
        return [
            TypedNumber(label, TOP + down, CELL, number, self.used(TOP + 3 + down), opened[down])
            for down, (label, number) in enumerate(zip(AXES, most, strict=True))
        ]

    def weight(self, of: Convolved, opened: Sequence[int]) -> list[TypedNumber]:
        """The weight's kernel, its channel of the input, row and column, opened with these."""
        sources = (of.kernels.width + 1) // (of.kernels.size[1] + 1)
        most = {"kernel": of.channels, "input channel": sources, "row": of.kernels.size[0]}
        return [
            TypedNumber(label, TOP + down, WEIGHT, number, self.used(TOP + 6 + down), opened[down])
            for down, (label, number) in enumerate({**most, "column": of.kernels.size[1]}.items())
        ]
