"""Where maps and kernels stand on a sheet.

Maps stand side by side, with a border of zeros around them that two neighbours share, and the kernels that read them
lie in rows with the same spacing. So a pixel of the next block is the product of two ranges: all of a kernel's row, and
as wide a stretch of the maps. What lies between the kernels is empty and counts as zero.

Rows are Excel's, from 1; columns, maps and pixels count from 0.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from xlsxwriter.utility import xl_col_to_name

from workbook.digit.weights import Array
from workbook.records import Cell, Style
from workbook.spreadsheet.evaluator import Given, content_of
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Tree, Variable

LEFT = 10  # the first column with maps or kernels; before it stand the numbers of each map
SQUARE_WIDTH, SQUARE_HEIGHT = 9 / 7, 10.5  # 14 pixels, in the units of columns and of rows


def at(row: int, column: int, *, fixed: bool = False) -> str:
    """A cell's address, with $ if it is fixed."""
    dollar = "$" if fixed else ""
    return f"{dollar}{xl_col_to_name(column)}{dollar}{row}"


def span(row: int, column: int, rows: int, columns: int, *, fixed: bool = False) -> str:
    """The address of so many rows and columns."""
    return f"{at(row, column, fixed=fixed)}:{at(row + rows - 1, column + columns - 1, fixed=fixed)}"


def live(tree: Tree, given: Mapping[str, Given], cells: Mapping[Variable, str]) -> tuple[float | str, str]:
    """What a cell shows and its formula, both from one tree over numbers, texts or ranges and where these stand."""
    return content_of(tree, given), "=" + printed(tree, cells.__getitem__, spaced=False)


def live_whole(tree: Tree, given: Mapping[str, Given], cells: Mapping[Variable, str]) -> tuple[int, str]:
    """The same of a whole number."""
    number, formula = live(tree, given, cells)
    return int(number), formula


@dataclass(frozen=True)
class Strip:
    """Square maps side by side; `row` is that of their first pixels, `border` how many zeros surround each."""

    sheet: str
    row: int
    count: int
    size: int
    border: int = 1

    @property
    def pitch(self) -> int:
        """Columns from one map's first to the next one's."""
        return self.size + self.border

    @property
    def last_row(self) -> int:
        """The row of the border below."""
        return self.row + self.size - 1 + self.border

    def column(self, number: int) -> int:
        """The column of a map's first pixels."""
        return LEFT + self.border + number * self.pitch

    def pixel(self, number: int, y: int, x: int) -> str:
        """The address of a pixel on this sheet."""
        return at(self.row + y, self.column(number) + x)

    def map(self, number: int, y: int = 0, x: int = 0, size: int | None = None, *, fixed: bool = False) -> str:
        """The address on this sheet of a map, or of as large a square of its strip that starts at another pixel."""
        size = self.size if size is None else size
        return span(self.row + y, self.column(number) + x, size, size, fixed=fixed)

    def all(self, *, fixed: bool = False) -> str:
        """The address on this sheet of all maps, and what lies between them."""
        return span(self.row, self.column(0), self.size, self.count * self.pitch - self.border, fixed=fixed)

    def window(self, y: int, x: int, kernel: int) -> str:
        """What a row of kernels whose upper left corner lies on a pixel covers of all maps, for another sheet."""
        across = (self.count - 1) * self.pitch + kernel
        return f"{self.sheet}!{span(self.row + y, self.column(0) + x, kernel, across)}"

    def cells(self, values: Array, formulas: Iterator[str], style: Style = "pixel") -> Iterator[Cell]:
        """The pixels with their values (maps, rows, columns) and, in the same order, their formulas."""
        for (number, y, x), value, formula in zip(
            product(range(self.count), range(self.size), range(self.size)), values.flat, formulas, strict=True
        ):
            yield Cell(self.row + y, self.column(number) + x, style, float(value), f"={formula}")

    def zeros(self) -> Iterator[Cell]:
        """The cells of the borders."""
        inner = {LEFT + self.border + number * self.pitch + x for number in range(self.count) for x in range(self.size)}
        for row in range(self.row - self.border, self.last_row + 1):
            for column in range(LEFT, LEFT + self.count * self.pitch + self.border):
                if column not in inner or not self.row <= row < self.row + self.size:
                    yield Cell(row, column, "zero", 0)


@dataclass(frozen=True)
class Kernels:
    """A row of kernels for each of `count` maps to be made, with one kernel over each map of a strip."""

    sheet: str
    row: int
    count: int
    size: int
    over: int  # maps
    pitch: int  # of those maps

    @property
    def last_row(self) -> int:
        """The last row of the last kernels."""
        return self.top(self.count - 1) + self.size - 1

    @property
    def across(self) -> int:
        """Columns, from the first kernel to the last."""
        return (self.over - 1) * self.pitch + self.size

    def top(self, number: int) -> int:
        """The first row of the kernels that make a map."""
        return self.row + number * (self.size + 1)

    def cell(self, number: int, over: int, y: int, x: int) -> tuple[int, int]:
        """The row and column of one weight."""
        return self.top(number) + y, LEFT + over * self.pitch + x

    def strip(self, number: int) -> str:
        """The address of a whole row of kernels, fixed, on their sheet."""
        return span(self.top(number), LEFT, self.size, self.across, fixed=True)

    def all(self, *, fixed: bool = False) -> str:
        """The address of all of them on their sheet."""
        return span(self.row, LEFT, self.last_row - self.row + 1, self.across, fixed=fixed)

    def weights(self) -> Iterator[tuple[int, int, int, int]]:
        """Every weight: the map that it helps to make, the map that it reads, its row and column in the kernel."""
        yield from product(range(self.count), range(self.over), range(self.size), range(self.size))
