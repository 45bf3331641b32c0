"""On the sheet `maps`: one output cell of the first convolution, and a weight's gradient, as the sums that they are."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from engine.columns import gradient_name
from workbook.records import Cell, Rule, SignScale
from workbook.sheets.map_blocks import Block, Term, text, text_formula
from workbook.sheets.map_choice import TOP, Choice, Choices, Convolved
from workbook.sheets.map_tiles import FORWARD, Picture, Tiles
from workbook.sheets.shown import Shown
from workbook.table.layout import letter

MOST_TERMS = 60  # spelled out in a line
Numbers = Mapping[tuple[int, int], float | str | None]


@dataclass(frozen=True)
class Sums:
    """What is worked out of a convolution.

    Attributes:
        shown: the row of the table.
        opened: the number of every column that the file opens with.
        numbers: those of all tiles, by row and column.
    """

    all: Choices
    shown: Shown
    convolved: Convolved
    opened: Mapping[str, float]
    numbers: Numbers

    @property
    def tiles(self) -> Tiles:
        """The pictures."""
        return self.all.tiles

    @cached_property
    def choices(self) -> list[Choice]:
        """The output cell's, then the weight's: they open with the largest z and the steepest gradient."""
        columns, c = self.tiles.columns, self.convolved
        z = columns.by_name[max(c.outputs.at, key=lambda name: self.opened[name])]
        w = columns.by_name[max(c.kernels.at, key=lambda name: abs(self.opened[gradient_name(name)]))]
        cell, weight = (z.channel, z.row, z.column), (w.channel, w.source, w.row, w.column)
        return [*self.all.cell(c, _from_1(cell)), *self.all.weight(c, _from_1(weight))]

    @cached_property
    def opens(self) -> list[int]:
        """The same as numbers from 0."""
        return [choice.opened - 1 for choice in self.choices]

    @cached_property
    def used(self) -> list[str]:
        """The cells of the numbers that are typed, as they are used."""
        return [choice.used for choice in self.choices]

    @cached_property
    def sources(self) -> int:
        """Channels of what goes in."""
        return self.choices[4].most

    @cached_property
    def windows(self) -> list[Block]:
        """For each channel of what goes in: the window, the kernel over it, the products."""
        c, stride, (height, width) = self.convolved, self.convolved.of.stride, self.convolved.of.kernel
        channel, row, column = self.used[:3]
        at_channel, *at = self.opens[:3]
        found = []
        for source in range(self.sources):
            top = self.tiles.bottom + 4 + source * (height + 1)
            terms = []
            for y, x in product(range(height), range(width)):
                given = self.input(str(source + 1), self.seen(row, str(y), 0), self.seen(column, str(x), 1))
                weight = self.tile(c.kernels, FORWARD, channel, str(y + 1), f"{source * (width + 1) + x + 1}")
                given_first = self.opened_input(source, at[0] * stride[0] + y, at[1] * stride[1] + x)
                down, across = FORWARD + at_channel * c.kernels.pitch + y, source * (width + 1) + x
                pair = given_first, self.number(down, c.kernels.left + across)
                terms.append(Term(y, x, pair, (given, weight)))
            found.append(Block(top, width, terms, backward=False))
        return found

    @cached_property
    def meetings(self) -> Block:
        """A kernel's weight: the error of each cell of its map, the input that the weight meets there, the products."""
        c, stride, (height, width) = self.convolved, self.convolved.of.stride, self.convolved.outputs.size
        kernel, source, y, x = self.used[3:]
        at_kernel, at_source, *at = self.opens[3:]
        errors = self.tiles.backward + at_kernel * c.outputs.pitch
        terms = []
        for row, column in product(range(height), range(width)):
            error = self.tile(c.outputs, self.tiles.backward, kernel, str(row + 1), str(column + 1))
            met = self.seen(str(row + 1), f"{y}-1", 0), self.seen(str(column + 1), f"{x}-1", 1)
            given = self.opened_input(at_source, row * stride[0] + at[0], column * stride[1] + at[1])
            pair = self.number(errors + row, c.outputs.left + column), given
            terms.append(Term(row, column, pair, (error, self.input(source, *met))))
        return Block(self.windows[-1].bottom + 5, width, terms, backward=True)

    @property
    def bottom(self) -> int:
        """The last row."""
        return self.meetings.bottom

    def seen(self, output: str, inside: str, axis: int) -> str:
        """Where in a map the weight `inside`, from 0, meets it for an output, from 1: a row, or a column, from 1."""
        of = self.convolved.of
        return f"({output}-1)*{of.stride[axis]}+{inside}+{1 - of.padding[axis]}"

    def tile(self, of: Picture, top: int, channel: str, row: str, column: str) -> str:
        """A tile by its map, row and column, each from 1."""
        return f"INDEX({of.cells(top)},({channel}-1)*{of.pitch}+{row},{column})"

    def input(self, channel: str, row: str, column: str) -> str:
        """A tile of the input, or 0 in the padding."""
        of = self.convolved.inputs
        found = self.tile(of, FORWARD, channel, row, column)
        if self.convolved.of.padding == (0, 0):
            return found
        height, width = of.size
        return f"IF(OR({row}<1,{row}>{height},{column}<1,{column}>{width}),0,{found})"

    def number(self, row: int, column: int) -> float:
        """What a tile opens with."""
        return float(self.numbers[row, column] or 0)

    def opened_input(self, channel: int, row: int, column: int) -> float:
        """What the input's tile opens with, by its place with the padding around it, from 0; 0 in the padding."""
        of, padding = self.convolved.inputs, self.convolved.of.padding
        row, column = row - padding[0], column - padding[1]
        if not (0 <= row < of.size[0] and 0 <= column < of.size[1]):
            return 0.0
        return self.number(FORWARD + channel * of.pitch + row, of.left + column)

    def cells(self) -> Iterator[Cell]:
        """What one types, the sums in a line, and below the pictures the products."""
        for choice in self.choices:
            yield from choice.cells()
        yield Cell(TOP, self.choices[0].column - 4, "note", "one output cell")
        yield Cell(TOP, self.choices[3].column - 5, "note", "one weight")
        yield from self.output()
        yield from self.gradient()

    def output(self) -> Iterator[Cell]:
        """The products of the windows, and their sum with the bias."""
        c, top = self.convolved, self.windows[0].top
        yield Cell(top - 2, 0, "heading", "One output cell: its window, times the kernel over it, added up")
        for number, block in enumerate(self.windows):
            yield Cell(block.top, 0, "label", f"channel {number + 1}" if self.sources > 1 else "window")
            yield from block.cells()
        bias, formula = self.bias()
        total = sum(a * b for block in self.windows for a, b in (term.factors for term in block.terms)) + bias
        areas = ",".join(block.area(2) for block in self.windows)
        table = self.tile(c.outputs, FORWARD, *self.used[:3])
        yield from self.results(top, "z", bias, formula, (total, f"=SUM({areas})+{self.result(top, 1)}"), table)
        yield from self.line(TOP + 4, "z", self.windows, (bias, self.result(top, 1)), (total, self.result(top, 2)))

    def gradient(self) -> Iterator[Cell]:
        """The products of errors and inputs, and their sum."""
        c, block = self.convolved, self.meetings
        top = block.top
        yield Cell(top - 2, 0, "heading", "One weight's gradient: ∂E/∂z of its map, times the input that it meets")
        yield Cell(top, 0, "label", "∂E/∂z")
        yield from block.cells()
        total = sum(a * b for a, b in (term.factors for term in block.terms))
        kernel, source, y, x = self.used[3:]
        across = f"({source}-1)*{c.kernels.size[1] + 1}+{x}"
        table = self.tile(c.kernels, self.tiles.backward, kernel, y, across)
        yield from self.results(top, "∂E/∂w", None, "", (total, f"=SUM({block.area(2)})"), table)
        yield from self.line(TOP + 5, "∂E/∂w", [block], None, (total, self.result(top, 2)))

    def result(self, top: int, row: int) -> str:
        """The cell of a block's bias (1), its sum (2), or the table's number (3)."""
        return f"${letter(self.beside + 2)}${top + row - 1}"

    @property
    def beside(self) -> int:
        """The column right of the products of both blocks, of the results' labels."""
        return max(block.column(2) + block.width for block in (self.windows[0], self.meetings)) + 1

    def results(
        self, top: int, what: str, bias: float | None, bias_formula: str, total: tuple[float, str], table: str
    ) -> Iterator[Cell]:
        """The bias, the sum and what the table has, one below the other, right of the products."""
        labels = self.beside + 1
        if bias is not None:
            yield Cell(top, labels, "label", "bias")
            yield Cell(top, labels + 1, "map", bias, bias_formula or None)
        yield Cell(top + 1, labels, "label", f"sum = {what}")
        yield Cell(top + 1, labels + 1, "map", *total)
        yield Cell(top + 2, labels, "label", "in the table")
        yield Cell(top + 2, labels + 1, "map", total[0], f"={table}")

    def bias(self) -> tuple[float, str]:
        """The bias of the output's channel, as the tables' row has it; 0 where there is none."""
        names = self.tiles.columns.bias_names(self.convolved.layer)
        if not names:
            return 0.0, ""
        values = ",".join(self.shown.value(name) for name in names)
        formula = f"=CHOOSE({self.used[0]},{values})" if len(names) > 1 else f"={values}"
        return self.opened[names[min(self.opens[0], len(names) - 1)]], formula

    def line(
        self, row: int, what: str, blocks: list[Block], bias: tuple[float, str] | None, total: tuple[float, str]
    ) -> Iterator[Cell]:
        """The sum spelled out with its numbers."""
        terms = [(block, term) for block in blocks for term in block.terms]
        if len(terms) > MOST_TERMS:
            return
        values = " + ".join("·".join(map(text, term.factors)) for _, term in terms)
        texts = '&" + "&'.join(
            '&"·"&'.join(text_formula(block.cell(term, which)) for which in range(2)) for block, term in terms
        )
        if bias:
            values, texts = f"{values} + {text(bias[0])}", f'{texts}&" + "&{text_formula(bias[1])}'
        formula = f'="{what} = "&{texts}&" = "&{text_formula(total[1])}'
        yield Cell(row, 0, "note", f"{what} = {values} = {text(total[0])}", formula)

    def scales(self) -> list[SignScale]:
        """Of the products and their factors."""
        return [scale for block in (*self.windows, self.meetings) for scale in block.scales()]

    def rules(self) -> list[Rule]:
        """The frames around the window, the kernel, the output cell; around the weight's gradient and its map's."""
        c, back = self.convolved, self.tiles.backward
        (height, width), maps = c.of.kernel, c.outputs.size
        channel, row, column, kernel, source, y, x = self.used
        rows = [f"{self.seen(row, '0', 0)}", f"{self.seen(column, '0', 1)}"]
        return [
            _frame(c.inputs, FORWARD, None, (rows[0], rows[1]), (height, width)),
            _frame(c.kernels, FORWARD, channel, ("1", "1"), (height, c.kernels.width)),
            _frame(c.outputs, FORWARD, channel, (row, column), (1, 1)),
            _frame(c.kernels, back, kernel, (y, f"({source}-1)*{width + 1}+{x}"), (1, 1)),
            _frame(c.outputs, back, kernel, ("1", "1"), maps),
        ]


def _frame(of: Picture, top: int, channel: str | None, first: tuple[str, str], size: tuple[int, int]) -> Rule:
    """The tiles of a map, or of all, from a row and a column on, both from 1."""
    row, column = f"MOD(ROW()-{top},{of.pitch})+1", f"COLUMN()-{of.left}"
    terms = [
        f"{row}<={of.size[0]}",
        f"{row}>={first[0]}", f"{row}<{first[0]}+{size[0]}",
        f"{column}>={first[1]}", f"{column}<{first[1]}+{size[1]}",
        f"MOD({column}-1,{of.size[1] + 1})<{of.size[1]}",
    ]  # fmt: skip
    if channel is not None:
        terms.append(f"INT((ROW()-{top})/{of.pitch})+1={channel}")
    return Rule(of.cells(top).replace("$", ""), f"=AND({','.join(terms)})", "framed")


def _from_1(places: Iterable[int | None]) -> list[int]:
    return [(place or 0) + 1 for place in places]
