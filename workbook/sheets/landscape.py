"""The sheet `landscape`: the loss over two weights that one chooses, and the descent's own path over it."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from engine import Columns, FloatArray
from workbook.records import Cell, Choice, ColorScale, Overlay, Series, Sheet, Validation, small_sheet
from workbook.sheets.learning_rates import LOWEST_DRAWN, run_name, run_title, title_cell
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.algebra import cell_by_cell, over, plus
from workbook.spreadsheet.trees import Number, Tree, Variable, evaluate, leaves, printed, replaced
from workbook.table.definitions import definitions
from workbook.table.layout import FIRST_ROW, FORMULA_LIMIT_OF_EXCEL, HEADER_ROW, Layout, letter, on_sheet, place
from workbook.table.runs import RunTable

SHEET = "landscape"
SIDE = 31  # of the grid, in cells
TOP = 8  # the first row of the grid
GRID = 4  # its first column
# What one types: the two weights, the step of the others, the middle of the grid and its width.
ACROSS, UP, STEP, MIDDLE_X, MIDDLE_Y, WIDTH = "$B$4", "$B$5", "$B$6", "$B$7", "$B$8", "$B$9"
LABELS = ("weight across", "weight up", "step of the others", "middle across", "middle up", "width")
ZOOM = 75  # so that the whole grid is on the first screen
NARROWEST = 0.2  # a path that hardly moves is not looked at any closer
POINTS = 200  # of a path, at most
# Dark blue for the valley, light yellow for the heights: read alike by the colour-blind and in grey.
COLORS = ("#2C6FAC", "#A9D3D0", "#FFF7C0")
TITLE = "The landscape of the loss"
HOW_TO = (
    "Every tile is the loss at its two weights, all others as at the step typed: dark is low, light is high.",
    "The lines are the paths of the runs, from their common start; they end where the runs end.",
    "A gradient points straight uphill; where the colour does not change there is none, and nothing learns.",
)
SAME_WEIGHT = "Choose two different weights: a plane needs two directions."
TOO_LARGE = (
    "The loss of this network over all its samples, spelled as one formula, would have about {length:,} characters;",
    f"a cell holds {FORMULA_LIMIT_OF_EXCEL:,}. Take fewer samples, neurons or layers to see its landscape.",
)
# A place in the grid takes `($AB$9+$AC$9*H$39+$AD$9*$G8)` for each weight.
CHARACTERS_A_LEAF = 30


def landscape_sheet(layout: Layout, values: FloatArray, tables: Sequence[RunTable]) -> Sheet:
    """The landscape of a run, (T, C), with the paths of the sweep's runs; a few words where its formula is too long."""
    length = CHARACTERS_A_LEAF * _leaves(layout.columns) * layout.columns.samples
    if length > FORMULA_LIMIT_OF_EXCEL:
        cells = [Cell(1, 0, "title", TITLE)]
        cells += [Cell(3 + row, 0, "text", line.format(length=length)) for row, line in enumerate(TOO_LARGE)]
        return small_sheet(SHEET, cells, widths={"A": 16}, tab="teach", heights={1: 24.0}, gridlines=False)
    return _Landscape(layout, values, tables).sheet()


def _leaves(columns: Columns) -> int:
    """How many weights, inputs and targets the loss of one sample names when all else is spelled out."""
    defined = definitions(columns)

    @cache
    def count(name: str) -> int:
        if defined[name].typed_in:
            return 1
        return sum(count(leaf.name) for leaf in leaves(defined[name].tree) if isinstance(leaf, Variable))

    return count("E_tot")


def _loss(columns: Columns, samples: int) -> Tree:
    """The loss over all samples, over the weights (row 0) and over what is typed in of each sample (its row)."""
    defined, weights = definitions(columns), {*columns.of("weight", "bias")}

    def spelled(name: str, sample: int) -> Tree:
        def change(leaf: Tree) -> Tree:
            if not isinstance(leaf, Variable) or leaf.name in weights:
                return leaf
            at = sample + leaf.row
            return Variable(leaf.name, at) if defined[leaf.name].typed_in else spelled(leaf.name, at)

        return replaced(cell_by_cell(defined[name].tree_of(sample)), change)

    total = plus(*(spelled("E_tot", sample) for sample in range(samples)))
    return over(total, Number(samples)) if columns.method.reduction == "mean" and samples > 1 else total


class _Path(NamedTuple):
    """A run's sheet, name, the cell of its name, layout, and numbers, (T, C)."""

    sheet: str
    name: str
    name_cell: str | None
    layout: Layout
    values: FloatArray


class _Landscape:
    def __init__(self, layout: Layout, values: FloatArray, tables: Sequence[RunTable]) -> None:
        self.layout, self.columns, self.values = layout, layout.columns, values
        self.samples = min(layout.columns.samples, layout.rows)
        self.names = layout.columns.of("weight", "bias")
        self.paths = [_Path(MAIN_SHEET, "this run", None, layout, values)]
        self.paths += [
            _Path(run_name(tables, run), run_title(tables, run), title_cell(tables, run), table.layout, table.values)
            for run, table in enumerate(tables)
        ]
        # Folded, right of the grid: the weights, then two columns of places and two of weights for each path.
        self.weights_at = GRID + SIDE + 2
        self.paths_at = self.weights_at + 5
        self.across, self.up = self.chosen()
        first = values[:, [layout.columns.place[name] for name in (self.across, self.up)]]
        low, high = first.min(axis=0), first.max(axis=0)
        self.middle = (low + high) / 2
        self.width = max(1.5 * float((high - low).max()), NARROWEST)

    def chosen(self) -> tuple[str, str]:
        """The two weights, of two neurons where there are such, that move most in the main run."""
        moved = {name: float(np.ptp(self.values[:, self.columns.place[name]])) for name in self.names}
        neurons = {column.name: (column.layer, column.neuron) for column in self.columns.all}
        most = max(moved, key=lambda name: moved[name])
        rest = [name for name in moved if name != most] or [most]
        others = [name for name in rest if neurons[name] != neurons[most]] or rest
        first, second = sorted((most, max(others, key=lambda name: moved[name])), key=self.names.index)
        return first, second

    def sheet(self) -> Sheet:
        last = self.paths_at + 4 * len(self.paths) - 1
        area = f"{letter(GRID)}{TOP}:{letter(GRID + SIDE - 1)}{TOP + SIDE - 1}"
        folded = f"{letter(self.weights_at)}:{letter(last)}"
        texts = f"${letter(self.weights_at)}${TOP}:${letter(self.weights_at)}${TOP + len(self.names) - 1}"
        cells = [*self.heads(), *self.weight_cells(), *self.grid(), *self.path_cells()]
        lines = [self.line(path) for path in range(len(self.paths))]
        return small_sheet(
            SHEET,
            cells,
            widths={"A": 18, "B": 11, "C": 3.0, letter(GRID - 1): 7}
            | {f"{letter(GRID)}:{letter(GRID + SIDE - 1)}": 3, letter(GRID + SIDE): 3}
            | {letter(GRID + SIDE + 1): 3, folded: 9},
            tab="teach",
            heights={1: 24.0} | dict.fromkeys(range(TOP, TOP + SIDE), 13.0),
            validations=[
                Validation(
                    STEP.replace("$", ""), 1, self.layout.steps, "Step",
                    f"Type a whole number from 1 to {self.layout.steps}.", whole=True,
                )
            ],
            choices=[Choice(cell.replace("$", ""), texts) for cell in (ACROSS, UP)],
            scales=[ColorScale(area, COLORS)],
            zoom=ZOOM,
            overlays=[Overlay(lines, f"{letter(GRID)}{TOP}", f"{letter(GRID + SIDE - 1)}{TOP + SIDE - 1}")],
            gridlines=False,
            collapsed=[folded],
            paper="A3",
        )  # fmt: skip

    def heads(self) -> Iterator[Cell]:
        yield Cell(1, 0, "title", TITLE)
        yield from (Cell(3 + row, GRID, "text", line) for row, line in enumerate(HOW_TO))
        x, y = (
            f"{letter(self.paths_at + 2 + n)}{TOP}:{letter(self.paths_at + 2 + n)}{self.path_end(0)}" for n in (0, 1)
        )
        spread = "MAX({0})-MIN({0})"
        width = f"=MAX(1.5*MAX({spread.format(x)},{spread.format(y)}),{NARROWEST})"
        typed: tuple[tuple[float | str, str | None], ...] = (
            (self.across, None), (self.up, None), (self.layout.steps, None),
            (float(self.middle[0]), f"=(MAX({x})+MIN({x}))/2"),
            (float(self.middle[1]), f"=(MAX({y})+MIN({y}))/2"),
            (self.width, width),
        )  # fmt: skip
        for row, (label, (value, formula)) in enumerate(zip(LABELS, typed, strict=True), start=place(ACROSS)[0]):
            yield Cell(row, 0, "label", label)
            yield Cell(row, 1, "input", value, formula)
        yield Cell(10, 0, "text", "The middle and the width follow")
        yield Cell(11, 0, "text", "the path of this run, until you")
        yield Cell(12, 0, "text", "type others.")
        tiles = f"{letter(GRID)}{TOP}:{letter(GRID + SIDE - 1)}{TOP + SIDE - 1}"
        losses = self.losses(*self.places())
        for row, (word, value) in enumerate((("lowest loss", losses.min()), ("highest loss", losses.max())), start=14):
            yield Cell(row, 0, "label", f"{word} here")
            yield Cell(row, 1, "tolerance", float(value), f"=10^{'MIN' if row == 14 else 'MAX'}({tiles})")

    def row_of_step(self) -> tuple[float, str]:
        steps, size = self.layout.steps, self.columns.method.batch_size
        inside = f"MAX(1,MIN({steps},INT({STEP})))"
        formula = f"IF(ISNUMBER({STEP}),{FIRST_ROW}+{size}*({inside}-1),{FIRST_ROW})"
        return float(FIRST_ROW + size * (steps - 1)), formula

    def weight_cells(self) -> Iterator[Cell]:
        """Each weight as at the step, and whether it is the one across or the one upwards."""
        row_value, row_formula = self.row_of_step()
        at = f"${letter(self.weights_at + 1)}${TOP - 2}"
        yield Cell(TOP - 2, self.weights_at, "folded", "row of the table")
        yield Cell(TOP - 2, self.weights_at + 1, "step", row_value, f"={row_formula}")
        headers = ("weight", "as it is", "across", "up")
        yield from (Cell(TOP - 1, self.weights_at + column, "header", text) for column, text in enumerate(headers))
        for offset, name in enumerate(self.names):
            row, column = TOP + offset, self.layout.letters[name]
            cells = on_sheet(MAIN_SHEET, f"${column}$1:${column}${self.layout.last_row}")
            kept = name not in (self.across, self.up)
            value = self.values[int(row_value) - FIRST_ROW, self.columns.place[name]] if kept else 0.0
            own = f"${letter(self.weights_at)}{row}"
            yield Cell(row, self.weights_at, "label", name)
            formula = f"=IF(OR({own}={ACROSS},{own}={UP}),0,INDEX({cells},{at}))"
            yield Cell(row, self.weights_at + 1, "number", float(value), formula)
            across, up = name == self.across, name == self.up and name != self.across
            yield Cell(row, self.weights_at + 2, "step", float(across), f"=IF({own}={ACROSS},1,0)")
            yield Cell(row, self.weights_at + 3, "step", float(up), f"=IF(AND({own}={UP},{UP}<>{ACROSS}),1,0)")

    def grid(self) -> Iterator[Cell]:
        x, y = self.places()
        bottom, side = TOP + SIDE, letter(GRID - 1)
        losses = self.losses(x, y)
        texts = _parts(_loss(self.columns, self.samples))
        yield Cell(
            TOP - 1,
            GRID,
            "heading",
            self.heading(),
            f'=IF({ACROSS}={UP},"{SAME_WEIGHT} Both are "&{ACROSS}&" now.",'
            f'"The loss over "&{ACROSS}&" (to the right) and "&{UP}&" (upwards)")',
        )
        for offset in range(SIDE):
            share = f"({offset}-{(SIDE - 1) / 2:g})/{SIDE}"
            yield Cell(bottom, GRID + offset, "axis", float(x[offset]), f"={MIDDLE_X}+{share}*{WIDTH}")
            yield Cell(TOP + offset, GRID - 1, "axis", float(y[offset]), f"={MIDDLE_Y}-{share}*{WIDTH}")
        for up in range(SIDE):
            for across in range(SIDE):
                row, column = TOP + up, GRID + across
                point = f"{letter(column)}${bottom}", f"${side}{row}"
                formula = "".join(p if isinstance(p, str) else self.cell(p, *point) for p in texts)
                value = float(np.log10(max(losses[up, across], 10.0**LOWEST_DRAWN)))
                yield Cell(row, column, "color", value, f"=LOG10(MAX({formula},10^{LOWEST_DRAWN}))")

    def places(self) -> tuple[FloatArray, FloatArray]:
        """The weights of the grid, from left to right and from the top down."""
        offsets = (np.arange(SIDE) - (SIDE - 1) / 2) / SIDE
        return self.middle[0] + offsets * self.width, self.middle[1] - offsets * self.width

    def heading(self) -> str:
        return f"The loss over {self.across} (to the right) and {self.up} (upwards)"

    def cell(self, leaf: Variable, x: str, y: str) -> str:
        """What a leaf of the loss is at a place of the grid."""
        if leaf.name in self.names:
            row = TOP + self.names.index(leaf.name)
            kept, across, up = (f"${letter(self.weights_at + 1 + n)}${row}" for n in range(3))
            return f"({kept}+{across}*{x}+{up}*{y})"
        return on_sheet(MAIN_SHEET, f"${self.layout.letters[leaf.name]}${FIRST_ROW + leaf.row}")

    def losses(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The loss at each place, (up, across)."""
        row = self.values[int(self.row_of_step()[0]) - FIRST_ROW]
        numbers = {Variable(name, 0): np.asarray(row[self.columns.place[name]]) for name in self.names}
        numbers[Variable(self.up, 0)] = y[:, np.newaxis]
        numbers[Variable(self.across, 0)] = x
        loss = _loss(self.columns, self.samples)
        for leaf in {leaf for leaf in leaves(loss) if isinstance(leaf, Variable) and leaf.name not in self.names}:
            numbers[leaf] = np.asarray(self.values[leaf.row, self.columns.place[leaf.name]])
        losses = evaluate(loss, numbers)
        return np.broadcast_to(losses, (SIDE, SIDE))

    def stride(self, path: int) -> int:
        return -(-self.paths[path].layout.steps // POINTS)

    def path_end(self, path: int) -> int:
        steps = range(0, self.paths[path].layout.steps, self.stride(path))
        return TOP + len(steps) - 1

    def path_cells(self) -> Iterator[Cell]:
        """For each run the two weights of its steps, and where they are in the grid, from 0 to 1."""
        for path, (sheet, name, name_cell, layout, values) in enumerate(self.paths):
            left = self.paths_at + 4 * path
            yield Cell(TOP - 2, left, "header_left", name, name_cell and f"={name_cell}")
            for n, text in enumerate(("x", "y", "across", "up")):
                yield Cell(TOP - 1, left + n, "header", text)
            parameters = [place for place, column in enumerate(layout.columns.all) if column.name in self.names]
            width = f"$A{{row}}:${letter(parameters[-1])}{{row}}"
            header = on_sheet(sheet, f"$A${HEADER_ROW}:${letter(parameters[-1])}${HEADER_ROW}")
            size = layout.columns.method.batch_size
            for point, step in enumerate(range(0, layout.steps, self.stride(path))):
                row, at = TOP + point, FIRST_ROW + step * size
                for n, (choice, chosen, middle, middle_cell) in enumerate(
                    ((ACROSS, self.across, self.middle[0], MIDDLE_X), (UP, self.up, self.middle[1], MIDDLE_Y))
                ):
                    weight = float(values[step * size, layout.columns.place[chosen]])
                    source = f"=INDEX({on_sheet(sheet, width.format(row=at))},1,MATCH({choice},{header},0))"
                    yield Cell(row, left + 2 + n, "number", weight, source)
                    scaled = (weight - float(middle)) / self.width + 0.5
                    cell = f"{letter(left + 2 + n)}{row}"
                    yield Cell(row, left + n, "number", scaled, f"=({cell}-{middle_cell})/{WIDTH}+0.5")

    def line(self, path: int) -> Series:
        _, name, _, layout, values = self.paths[path]
        left = self.paths_at + 4 * path
        rows = range(
            0, layout.steps * layout.columns.method.batch_size, layout.columns.method.batch_size * self.stride(path)
        )
        x, y = (
            ((values[rows, layout.columns.place[weight]] - middle) / self.width + 0.5).tolist()
            for weight, middle in zip((self.across, self.up), self.middle, strict=True)
        )
        ranges = [f"${letter(left + n)}${TOP}:${letter(left + n)}${self.path_end(path)}" for n in (0, 1)]
        return Series(
            on_sheet(SHEET, ranges[1]), y, on_sheet(SHEET, f"${letter(left)}${TOP - 2}"),
            name, on_sheet(SHEET, ranges[0]), x,
        )  # fmt: skip


def _parts(tree: Tree) -> list[str | Variable]:
    """The tree as it is written, its variables apart from the text between them."""
    marks: list[Variable] = []

    def mark(leaf: Variable) -> str:
        marks.append(leaf)
        return "\x00"

    texts = printed(tree, mark).split("\x00")
    parts: list[str | Variable] = [texts[0]]
    for leaf, text in zip(marks, texts[1:], strict=True):
        parts += [leaf, text]
    return parts
