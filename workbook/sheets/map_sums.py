"""On the sheet `maps`: one output cell of the first convolution, and a weight's gradient, as sums of products."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from engine.columns import gradient_name
from workbook.records import Cell, Rule, SignScale
from workbook.sheets.live import Live
from workbook.sheets.map_blocks import PictureBlock, Term, text, text_formula
from workbook.sheets.map_choice import TOP, Choices, Convolved, TypedNumber
from workbook.sheets.map_index import Indexed, added
from workbook.sheets.map_tiles import FORWARD, Picture, Tiles
from workbook.sheets.shown import Shown
from workbook.spreadsheet.algebra import ONE, ZERO, less, plus, times
from workbook.spreadsheet.trees import Number, Tree, Variable
from workbook.table.layout import letter

MOST_TERMS = 60  # spelled out in a line
# What is typed: the output cell's indices and the weight's, as the choices of the sheet are.
OUTPUT = tuple(Variable(name, 0) for name in ("channel", "row", "column"))
WEIGHT = tuple(Variable(name, 0) for name in ("kernel", "source", "y", "x"))


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
    numbers: Mapping[tuple[int, int], float | str | None]

    @property
    def tiles(self) -> Tiles:
        """The pictures."""
        return self.all.tiles

    @cached_property
    def choices(self) -> list[TypedNumber]:
        """The output cell's, then the weight's: they open with the largest z and the steepest gradient."""
        columns, c = self.tiles.columns, self.convolved
        z = columns.by_name[max(c.outputs.at, key=lambda name: self.opened[name])]
        w = columns.by_name[max(c.kernels.at, key=lambda name: abs(self.opened[gradient_name(name)]))]
        cell, weight = (z.channel, z.row, z.column), (w.channel, w.source, w.row, w.column)
        return [*self.all.cell(c, _from_1(cell)), *self.all.weight(c, _from_1(weight))]

    @cached_property
    def by_index(self) -> Indexed:
        """The tiles, by the numbers that are typed."""
        return Indexed(dict(zip((*OUTPUT, *WEIGHT), self.choices, strict=True)), self.numbers)

    @cached_property
    def used(self) -> list[str]:
        """The cells of the numbers that are typed, as they are used."""
        return [choice.used for choice in self.choices]

    @cached_property
    def sources(self) -> int:
        """Channels of what goes in."""
        return self.choices[4].most

    @cached_property
    def windows(self) -> list[PictureBlock]:
        """For each channel of what goes in: the window, the kernel over it, the products."""
        c, (height, width), (channel, row, column) = self.convolved, self.convolved.window.size, OUTPUT
        found = []
        for source in range(self.sources):
            top = self.tiles.bottom + 4 + source * (height + 1)
            terms = []
            for y, x in product(range(height), range(width)):
                given = self.input(Number(source + 1), self.seen(row, Number(y), 0), self.seen(column, Number(x), 1))
                across = Number(source * (width + 1) + x + 1)
                weight = self.by_index.tile(c.kernels, FORWARD, channel, Number(y + 1), across)
                terms.append(Term(y, x, (given, weight)))
            found.append(PictureBlock(top, width, terms, backward=False))
        return found

    @cached_property
    def meetings(self) -> PictureBlock:
        """A kernel's weight: the error of each cell of its map, the input that the weight meets there, the products."""
        outputs, (kernel, source, y, x) = self.convolved.outputs, WEIGHT
        terms = []
        for row, column in product(*map(range, outputs.size)):
            at = Number(row + 1), Number(column + 1)
            error = self.by_index.tile(outputs, self.tiles.backward, kernel, *at)
            met = (
                self.seen(of, less(inside, ONE), axis) for axis, (of, inside) in enumerate(zip(at, (y, x), strict=True))
            )
            terms.append(Term(row, column, (error, self.input(source, *met))))
        return PictureBlock(self.windows[-1].bottom + 5, outputs.size[1], terms, backward=True)

    @property
    def bottom(self) -> int:
        """The last row."""
        return self.meetings.bottom

    def seen(self, output: Tree, inside: Tree, axis: int) -> Tree:
        """Where in a map the weight `inside`, from 0, meets it for an output, from 1: a row, or a column, from 1."""
        of = self.convolved.window
        met = added(times(less(output, ONE), Number(of.stride[axis])), inside)
        return added(met, Number(1 - of.padding[axis]))

    def input(self, channel: Tree, row: Tree, column: Tree) -> Live:
        """A tile of the input, or 0 in the padding."""
        find = self.by_index.tile if self.convolved.window.padding == (0, 0) else self.by_index.padded
        return find(self.convolved.inputs, FORWARD, channel, row, column)

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
        total = sum(a * b for block in self.windows for a, b in (term.numbers for term in block.terms)) + bias
        areas = ",".join(block.area(2) for block in self.windows)
        table = self.by_index.tile(c.outputs, FORWARD, *OUTPUT)
        yield from self.results(top, "z", bias, formula, (total, f"=SUM({areas})+{self.result(top, 1)}"), table)
        yield from self.line(TOP + 4, "z", self.windows, (bias, self.result(top, 1)), (total, self.result(top, 2)))

    def gradient(self) -> Iterator[Cell]:
        """The products of errors and inputs, and their sum."""
        c, block = self.convolved, self.meetings
        top = block.top
        yield Cell(top - 2, 0, "heading", "One weight's gradient: ∂E/∂z of its map, times the input that it meets")
        yield Cell(top, 0, "label", "∂E/∂z")
        yield from block.cells()
        total = sum(a * b for a, b in (term.numbers for term in block.terms))
        kernel, source, y, x = WEIGHT
        across = plus(times(less(source, ONE), Number(c.kernels.size[1] + 1)), x)
        table = self.by_index.tile(c.kernels, self.tiles.backward, kernel, y, across)
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
        self, top: int, what: str, bias: float | None, bias_formula: str, total: Live, table: Live
    ) -> Iterator[Cell]:
        """The bias, the sum and what the table has, one below the other, right of the products."""
        labels = self.beside + 1
        if bias is not None:
            yield Cell(top, labels, "label", "bias")
            yield Cell(top, labels + 1, "map", bias, bias_formula or None)
        yield Cell(top + 1, labels, "label", f"sum = {what}")
        yield Cell(top + 1, labels + 1, "map", *total)
        yield Cell(top + 2, labels, "label", "in the table")
        yield Cell(top + 2, labels + 1, "map", *table)

    def bias(self) -> Live:
        """The bias of the output's channel, as the tables' row has it; 0 where there is none."""
        names = self.tiles.columns.bias_names(self.convolved.layer)
        if not names:
            return 0.0, ""
        values = ",".join(self.shown.value(name) for name in names)
        formula = f"=CHOOSE({self.used[0]},{values})" if len(names) > 1 else f"={values}"
        return self.opened[names[min(self.choices[0].opened, len(names)) - 1]], formula

    def line(self, row: int, what: str, blocks: list[PictureBlock], bias: Live | None, total: Live) -> Iterator[Cell]:
        """The sum spelled out with its numbers."""
        terms = [(block, term) for block in blocks for term in block.terms]
        if len(terms) > MOST_TERMS:
            return
        values = " + ".join("·".join(map(text, term.numbers)) for _, term in terms)
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
        (height, width), maps = c.window.size, c.outputs.size
        channel, row, column, kernel, source, y, x = self.used
        rows = [self.by_index.text(self.seen(of, ZERO, axis)) for axis, of in enumerate(OUTPUT[1:])]
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


def _from_1(indices: Iterable[int | None]) -> list[int]:
    return [(index or 0) + 1 for index in indices]
