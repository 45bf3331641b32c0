"""The paths of the runs over the sheet `landscape`: where each step's two weights are in the grid, and their lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle

import numpy as np

from engine import FloatArray
from workbook.records import BLACK, LINE_COLORS, RED, Cell, Series
from workbook.sheets.live import formula
from workbook.spreadsheet.algebra import less, over, plus
from workbook.spreadsheet.evaluator import Value, evaluate
from workbook.spreadsheet.trees import Number, Variable
from workbook.table.layout import FIRST_ROW, HEADER_ROW, Layout, letter, on_sheet

POINTS = 200  # of a path, at most
MARKS = 20  # on a path, at most, between its start and its end
# Of the lines, in points. Excel draws the last above all others, LibreOffice the first. Lines that lie on one another
# are told apart in both: here the thinner one lies above the wider, there the shorter above the longer. What is to
# lie above all, the main run and the marks, comes first and last.
WIDEST, THINNEST, MAIN = 7.0, 2.0, 1.25
# From 0 to 1 from one end of the grid to the other.
WEIGHT, MIDDLE, WIDTH = (Variable(name, 0) for name in ("weight", "middle", "width"))
SHARE = plus(over(less(WEIGHT, MIDDLE), WIDTH), Number(0.5))
END_SIZE, START_SIZE, MARK_SIZE, NOW_SIZE = 9, 11, 4, 9


@dataclass(frozen=True)
class RunPath:
    """A run's sheet, name, the cell of its name, layout, and numbers, (T, C)."""

    sheet: str
    name: str
    name_cell: str | None
    layout: Layout
    values: FloatArray

    @cached_property
    def stride(self) -> int:
        """The steps from one point to the next."""
        return next(unit for unit in _round_numbers(1) if unit * POINTS >= self.layout.steps)

    @property
    def steps(self) -> list[int]:
        """Those that are points, from 0: every so many, and the last."""
        last = self.layout.steps - 1
        return [*range(0, last, self.stride), last]

    @property
    def rows(self) -> list[int]:
        """Those of its numbers."""
        return [step * self.layout.columns.method.batch_size for step in self.steps]

    @cached_property
    def last_parameter(self) -> str:
        """The column of its last weight or bias."""
        return letter(max(self.layout.columns.index[name] for name in self.layout.columns.of("weight", "bias")))

    @property
    def header(self) -> str:
        """The cells of its header, up to there."""
        return on_sheet(self.sheet, f"$A${HEADER_ROW}:${self.last_parameter}${HEADER_ROW}")

    @property
    def between_marks(self) -> int:
        """The steps from one mark to the next: a multiple of the stride."""
        return next(unit for unit in _round_numbers(10) if unit * MARKS >= self.layout.steps)

    @property
    def marked(self) -> list[int]:
        """Which of its points are marked, by index."""
        return [index for index, step in enumerate(self.steps) if step and step % self.between_marks == 0]


@dataclass(frozen=True)
class Axis:
    """A direction of the grid: the weight, the middle and the width, each with the cell that holds it."""

    weight: str
    weight_cell: str
    middle: float
    middle_cell: str
    width: float
    width_cell: str

    def share(self, path: RunPath) -> list[float]:
        """Where a path is in this direction, from 0 to 1 within the grid."""
        weights = path.values[path.rows, path.layout.columns.index[self.weight]]
        numbers: dict[Variable, Value] = {
            WEIGHT: weights,
            MIDDLE: np.float64(self.middle),
            WIDTH: np.float64(self.width),
        }
        shares: list[float] = np.asarray(evaluate(SHARE, numbers)).tolist()
        return shares

    def share_of(self, cell: str) -> str:
        """The formula of this, of the weight in a cell."""
        return formula(SHARE, {WEIGHT: cell, MIDDLE: self.middle_cell, WIDTH: self.width_cell}.__getitem__)


@dataclass(frozen=True)
class Paths:
    """Four columns a path, from the column `left` and the row `top` on: across and up in the grid, and the two weights.

    After them stand the coordinates of all paths' marks, one below the other, and above these that of the step shown.

    Attributes:
        row_shown: the cell with its row of the first path's table.
    """

    sheet: str
    paths: Sequence[RunPath]
    axes: tuple[Axis, Axis]
    left: int
    top: int
    row_shown: str

    @property
    def last_column(self) -> int:
        """The last column that the paths take."""
        return self.left + 4 * len(self.paths) + 1

    def weights(self, direction: int) -> str:
        """The cells of the first path's weights in a direction."""
        return self._range(self.left + 2 + direction, len(self.paths[0].steps)).replace("$", "")

    def cells(self) -> Iterator[Cell]:
        """The cells of all paths, and of their marks."""
        for number, path in enumerate(self.paths):
            left = self.left + 4 * number
            yield Cell(self.top - 2, left, "header_left", path.name, path.name_cell and f"={path.name_cell}")
            for n, text in enumerate(("x", "y", "across", "up")):
                yield Cell(self.top - 1, left + n, "header", text)
            for n, axis in enumerate(self.axes):
                yield from self._of(path, axis, left + n)
        marks = self.last_column - 1
        for n, axis in enumerate(self.axes):
            yield Cell(self.top - 2, marks + n, "number", axis.share(self.paths[0])[0], self._now(axis))
        for n, text in enumerate(("x of marks", "y of marks")):
            yield Cell(self.top - 1, marks + n, "header", text)
            for index, (cell, value) in enumerate(self._marks(n)):
                yield Cell(self.top + index, marks + n, "number", value, f"={cell}")

    def _of(self, path: RunPath, axis: Axis, column: int) -> Iterator[Cell]:
        columns, last = path.layout.columns, path.last_parameter
        for point, (step, share) in enumerate(zip(path.steps, axis.share(path), strict=True)):
            row, at = self.top + point, FIRST_ROW + step * columns.method.batch_size
            weight = float(path.values[at - FIRST_ROW, columns.index[axis.weight]])
            source = on_sheet(path.sheet, f"$A{at}:${last}{at}")
            yield Cell(
                row, column + 2, "number", weight, f"=INDEX({source},1,MATCH({axis.weight_cell},{path.header},0))"
            )
            yield Cell(row, column, "number", share, axis.share_of(f"{letter(column + 2)}{row}"))

    def _now(self, axis: Axis) -> str:
        path = self.paths[0]
        last = path.last_parameter
        table = on_sheet(path.sheet, f"$A$1:${last}${path.layout.last_row}")
        weight = f"INDEX({table},{self.row_shown},MATCH({axis.weight_cell},{path.header},0))"
        return axis.share_of(weight)

    def _marks(self, direction: int) -> Iterator[tuple[str, float]]:
        for number, path in enumerate(self.paths):
            shares = self.axes[direction].share(path)
            for point in path.marked:
                yield f"{letter(self.left + 4 * number + direction)}{self.top + point}", shares[point]

    def series(self) -> Iterator[Series]:
        """The lines, the marks, the common start and the ends."""
        top = list(self._main())
        yield from top
        others = list(zip(range(1, len(self.paths)), cycle(LINE_COLORS), strict=False))
        thinner = (WIDEST - THINNEST) / max(len(others) - 1, 1)
        for number, color in others:
            yield self._line(number, color, WIDEST - thinner * (number - 1))
        for number, color in others:
            end = self._points(number, len(self.paths[number].steps) - 1, 1)
            yield replace(end, marker="square", color=color, size=END_SIZE)
        yield from (replace(each, name="", name_cell=None) for each in reversed(top))

    def _main(self) -> Iterator[Series]:
        """What is drawn above all else: the main run's start, end and line, and all runs' marks."""
        end = self._points(0, len(self.paths[0].steps) - 1, 1)
        now = Series(
            self._cell(self.last_column), self.axes[1].share(self.paths[0])[:1], name="this step",
            x_range=self._cell(self.last_column - 1), x_values=self.axes[0].share(self.paths[0])[:1],
        )  # fmt: skip
        yield replace(now, marker="circle", color=RED, size=NOW_SIZE)
        yield replace(self._points(0, 0, 1), name="start", marker="diamond", color=BLACK, size=START_SIZE)
        yield replace(end, name="end", marker="square", color=BLACK, size=END_SIZE)
        if any(path.marked for path in self.paths):
            yield self._marked()
        yield self._line(0, BLACK, MAIN)

    def _line(self, number: int, color: str, width: float) -> Series:
        path = self.paths[number]
        name_cell = self._cell(self.left + 4 * number)
        line = self._points(number, 0, len(path.steps))
        return replace(line, name_cell=name_cell, name=path.name, color=color, width=width)

    def _points(self, number: int, first: int, count: int) -> Series:
        """Some points of a path."""
        left = self.left + 4 * number
        x, y = (axis.share(self.paths[number])[first : first + count] for axis in self.axes)
        x_range, y_range = (on_sheet(self.sheet, self._range(left + n, count, first)) for n in (0, 1))
        return Series(y_range, y, x_range=x_range, x_values=x)

    def _marked(self) -> Series:
        x, y = ([share for _, share in self._marks(n)] for n in (0, 1))
        x_range, y_range = (on_sheet(self.sheet, self._range(self.last_column - 1 + n, len(x))) for n in (0, 1))
        every = " or ".join(f"every {steps} steps" for steps in sorted({path.between_marks for path in self.paths}))
        return Series(y_range, y, name=every, x_range=x_range, x_values=x, marker="circle", color=BLACK, size=MARK_SIZE)

    def _cell(self, column: int) -> str:
        return on_sheet(self.sheet, f"${letter(column)}${self.top - 2}")

    def _range(self, column: int, count: int, first: int = 0) -> str:
        return f"${letter(column)}${self.top + first}:${letter(column)}${self.top + first + count - 1}"


def _round_numbers(first: int) -> Iterator[int]:
    """1, 2, 5, 10, 20, … times the first."""
    return (digit * first * 10**power for power in range(9) for digit in (1, 2, 5))
