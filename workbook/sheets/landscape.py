"""The sheet `landscape`: the loss over two weights that one chooses, and the paths of the runs over it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from engine import FloatArray
from workbook.records import Cell, Choice, ColorScale, Overlay, SheetPlan, Style, small_sheet
from workbook.sheets.choice import Pattern
from workbook.sheets.landscape_paths import Axis, Paths, RunPath
from workbook.sheets.learning_rates import LEAST_LOSS, run_name, run_title, title_cell
from workbook.sheets.live import formula, live
from workbook.sheets.loss_surface import LossFormula, loss_over_weights
from workbook.sheets.stepping import row_of_step, step_bars, step_cells
from workbook.sheets.tile_grid import EdgeValues, TileGrid
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.algebra import ONE, TWO, ZERO, call, compare, less, over, plus, power, times
from workbook.spreadsheet.evaluator import Given, Value, evaluate, value_of
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Number, Tree, Variable, leaves
from workbook.table.layout import FIRST_ROW, FORMULA_LIMIT_OF_EXCEL, Layout, letter, on_sheet, row_and_column
from workbook.table.runs import RunTable

SHEET = "landscape"
# Cells along an edge of the grid: the largest of these for which MOST_HELPERS are enough.
SIDES = (31, 21, 15, 11)
MOST_HELPERS = 12_000
# Pixels of the grid's edge, whatever the number of its cells.
GRID_WIDTH, GRID_HEIGHT = 806, 537
TOP = 8  # the first row of the grid
GRID = 4  # its first column
LABELLED = 5  # every so many of the weights along the edges are shown
# What one types: the two weights, the step of the others, the middle of the grid and its width.
ACROSS, UP, STEP, MIDDLE_X, MIDDLE_Y, WIDTH = "$B$4", "$B$5", "$B$6", "$B$7", "$B$8", "$B$9"
LABELS = ("weight across", "weight up", "step of the others", "middle across", "middle up", "width")
EDGE_MIDDLE, EDGE_WIDTH = Variable("middle", 0), Variable("width", 0)
ZOOM = 75  # so that the whole grid is on the first screen
LABEL = Pattern("0.000")  # of a weight along the edge
NARROWEST = 0.2  # a path that hardly moves is not looked at any closer
# The weights on the path of the main run in both directions; the middles and the width that the grid opens with.
PATH_X, PATH_Y = Variable("path across", 0), Variable("path up", 0)
ENDS = [(call("MAX", path), call("MIN", path)) for path in (PATH_X, PATH_Y)]
SPREADS = call("MAX", *(less(most, least) for most, least in ENDS))
OPENED = [
    *(over(plus(most, least), TWO) for most, least in ENDS),
    call("MAX", times(Number(1.5), SPREADS), Number(NARROWEST)),
]
# A weight's name and number, and the names of those across and up. Behind: what the weight adds at every tile, and
# whether the tile's own across and up do.
OWN, NOW, IS_ACROSS, IS_UP = (Variable(name, 0) for name in ("own name", "now", "name across", "name up"))
OF_A_WEIGHT: tuple[tuple[Tree, Style], ...] = (
    (call("IF", call("OR", compare("=", OWN, IS_ACROSS), compare("=", OWN, IS_UP)), ZERO, NOW), "number"),
    (call("IF", compare("=", OWN, IS_ACROSS), ONE, ZERO), "step"),
    (call("IF", call("AND", compare("=", OWN, IS_UP), compare("<>", IS_UP, IS_ACROSS)), ONE, ZERO), "step"),
)
# A tile's color by its loss, which may be a whole formula, and those of all tiles.
LOSS, TILES = Variable("loss", 0), Variable("tiles", 0)
TILE = call("LOG10", call("MAX", LOSS, LEAST_LOSS))
# Dark blue for the valley, light yellow for the heights: read alike by the colour-blind and in grey.
COLORS = ("#2C6FAC", "#A9D3D0", "#FFF7C0")
TITLE = "The landscape of the loss"
HOW_TO = (
    "Every tile is the loss at its two weights, all others as at the step shown: dark is low, light is high.",
    "The lines are the paths of the runs, from their common start; each ends in a square of its colour.",
    "A gradient points straight uphill; where the colour does not change there is none, and nothing learns.",
)
SAME_WEIGHT = "Choose two different weights: a plane needs two directions."
TOO_LARGE = (
    "No landscape: the loss of this network over all its samples would take {helpers:,} cells for {tiles} tiles,",
    f"and {MOST_HELPERS:,} are taken at most. Take fewer samples, neurons or layers to see it.",
)
# Left of the grid, below what one types.
HINTS = ("The middle and the width follow", "the path of this run, until you", "type others.")


def landscape_sheet(layout: Layout, values: FloatArray, tables: Sequence[RunTable]) -> SheetPlan:
    """The landscape of a run, (T, C), with the paths of the sweep's runs; a few words where it is too large."""
    loss = loss_over_weights(layout.columns, min(layout.columns.samples, layout.rows))
    side = next((side for side in SIDES if side**2 * len(loss.helpers) <= MOST_HELPERS), None)
    if side is None or loss.longest > FORMULA_LIMIT_OF_EXCEL:
        tiles = SIDES[-1] ** 2
        lines = (line.format(helpers=tiles * len(loss.helpers), tiles=tiles) for line in TOO_LARGE)
        cells = [Cell(1, 0, "title", TITLE), *(Cell(3 + row, 0, "text", line) for row, line in enumerate(lines))]
        return small_sheet(SHEET, cells, widths={"A": 16}, tab="teach", heights={1: 24.0}, gridlines=False)
    return _Landscape(layout, values, tables, loss, side).sheet()


class _Landscape:
    def __init__(
        self, layout: Layout, values: FloatArray, tables: Sequence[RunTable], loss: LossFormula, side: int
    ) -> None:
        self.layout, self.columns, self.values = layout, layout.columns, values
        self.loss, self.grid = loss, TileGrid(TOP, GRID, side)
        self.names = layout.columns.of("weight", "bias")
        paths = [RunPath(MAIN_SHEET, "this run", None, layout, values)]
        paths += [
            RunPath(run_name(tables, run), run_title(tables, run), title_cell(tables, run), table.layout, table.values)
            for run, table in enumerate(tables)
        ]
        # Folded, right of the grid and its legend: the weights, the paths, and a row of helpers for each tile.
        self.weights_at = GRID + side + 2
        self.across, self.up = self.chosen()
        first = values[:, [layout.columns.index[name] for name in (self.across, self.up)]]
        self.path = {leaf.name: first[paths[0].rows, direction] for direction, leaf in enumerate((PATH_X, PATH_Y))}
        x, y, width = (value_of(tree, self.path) for tree in OPENED)
        axes = Axis(self.across, ACROSS, x, MIDDLE_X, width, WIDTH), Axis(self.up, UP, y, MIDDLE_Y, width, WIDTH)
        self.row_shown = f"${letter(self.weights_at + 1)}${TOP - 2}"
        self.paths = Paths(SHEET, paths, axes, self.weights_at + 5, TOP, self.row_shown)
        self.helpers_at = self.paths.last_column + 2
        self.x, self.y = self.edge(axes[0], plus), self.edge(axes[1], less)

    def chosen(self) -> tuple[str, str]:
        """The two weights, of two neurons where there are such, that move most in the main run."""
        moved = {name: float(np.ptp(self.values[:, self.columns.index[name]])) for name in self.names}
        neurons = {column.name: (column.layer, column.neuron) for column in self.columns.all}
        most = max(moved, key=lambda name: moved[name])
        rest = [name for name in moved if name != most] or [most]
        others = [name for name in rest if neurons[name] != neurons[most]] or rest
        first, second = sorted((most, max(others, key=lambda name: moved[name])), key=self.names.index)
        return first, second

    def sheet(self) -> SheetPlan:
        side, bottom = self.grid.side, self.grid.bottom
        first_tile, last_tile = self.grid.corners
        right = letter(GRID + side)
        folded = f"{letter(self.weights_at)}:{letter(self.helpers_at + len(self.loss.helpers))}"
        texts = f"${letter(self.weights_at)}${TOP}:${letter(self.weights_at)}${TOP + len(self.names) - 1}"
        cells = [*self.heads(), *self.weight_cells(), *self.tiles(), *self.paths.cells()]
        return small_sheet(
            SHEET,
            cells,
            widths={"A": 18, "B": 11, "C": 3.0, letter(GRID - 1): 7}
            | {f"{letter(GRID)}:{letter(GRID + side - 1)}": (GRID_WIDTH // side - 5) / 7, right: 18}
            | {letter(GRID + side + 1): 3, folded: 9},
            tab="teach",
            heights={1: 24.0} | dict.fromkeys(range(TOP, bottom), GRID_HEIGHT // side * 0.75) | {bottom: 3.0},
            scroll_bars=step_bars(self.layout, "A2", "B2"),
            choices=[Choice(cell.replace("$", ""), texts) for cell in (ACROSS, UP)],
            scales=[ColorScale(self.grid.area, COLORS)],
            zoom=ZOOM,
            overlays=[Overlay(list(self.paths.series()), first_tile, last_tile, f"{right}{bottom - 1}")],
            gridlines=False,
            collapsed=[folded],
            print_area=f"A1:{right}{bottom + 1}",
            paper="A3",
        )

    def heads(self) -> Iterator[Cell]:
        yield Cell(1, 0, "title", TITLE)
        yield from (Cell(3 + row, GRID, "text", line) for row, line in enumerate(HOW_TO))
        cell_of = {leaf: self.paths.weights(direction) for direction, leaf in enumerate((PATH_X, PATH_Y))}.__getitem__
        typed: tuple[tuple[float | str | None, str | None], ...] = (
            (self.across, None), (self.up, None), (None, None),
            *(live(tree, self.path, cell_of) for tree in OPENED),
        )  # fmt: skip
        for row, (label, (value, own)) in enumerate(zip(LABELS, typed, strict=True), start=row_and_column(ACROSS)[0]):
            yield Cell(row, 0, "label", label)
            if value is not None:
                yield Cell(row, 1, "input", value, own)
        yield from step_cells(self.layout, *row_and_column(STEP))
        yield from (Cell(10 + row, 0, "text", line) for row, line in enumerate(HINTS))

    def weight_cells(self) -> Iterator[Cell]:
        """Each weight's number at the step, and whether it is the one across or the one upwards."""
        at = self.row_shown
        yield Cell(TOP - 2, self.weights_at, "folded", "row of the table")
        yield Cell(TOP - 2, self.weights_at + 1, "step", FIRST_ROW, f"={row_of_step(self.layout, STEP)}")
        headers = ("weight", "as it is", "across", "up")
        yield from (Cell(TOP - 1, self.weights_at + column, "header", text) for column, text in enumerate(headers))
        for offset, name in enumerate(self.names):
            row, column = TOP + offset, self.layout.letters[name]
            cells = on_sheet(MAIN_SHEET, f"${column}$1:${column}${self.layout.last_row}")
            given: dict[str, Given] = {OWN.name: name, IS_ACROSS.name: self.across, IS_UP.name: self.up}
            given[NOW.name] = float(self.values[0, self.columns.index[name]])
            cell_of = {OWN: f"${letter(self.weights_at)}{row}", IS_ACROSS: ACROSS, IS_UP: UP}
            cell_of[NOW] = f"INDEX({cells},{at})"
            yield Cell(row, self.weights_at, "label", name)
            for at_column, (tree, style) in enumerate(OF_A_WEIGHT, start=self.weights_at + 1):
                yield Cell(row, at_column, style, *live(tree, given, cell_of.__getitem__))

    def edge(self, axis: Axis, away: Callable[[Tree, Tree], Tree]) -> EdgeValues:
        """A weight's values, spaced evenly about the middle: more and more of them, or less."""
        side, half = self.grid.side, (self.grid.side - 1) // 2
        shares = [over(less(Number(tile), Number(half)), Number(side)) for tile in range(side)]
        trees = [away(EDGE_MIDDLE, times(share, EDGE_WIDTH)) for share in shares]
        numbers = {EDGE_MIDDLE.name: axis.middle, EDGE_WIDTH.name: axis.width}
        return EdgeValues.of(trees, numbers, {EDGE_MIDDLE: axis.middle_cell, EDGE_WIDTH: axis.width_cell}.__getitem__)

    def tiles(self) -> Iterator[Cell]:
        """The tiles, their helpers, the weights along the edges, and the lowest and highest loss."""
        heading = f"The loss over {self.across} (to the right) and {self.up} (upwards)"
        refused = f'IF({ACROSS}={UP},"{SAME_WEIGHT} Both are "&{ACROSS}&" now.",'
        words = f'"The loss over "&{ACROSS}&" (to the right) and "&{UP}&" (upwards)")'
        yield Cell(TOP - 1, GRID, "heading", heading, f"={refused}{words}")
        yield from self.edges()
        helpers, losses = self.numbers(self.x.numbers, self.y.numbers)
        drawn = np.asarray(evaluate(TILE, {LOSS: losses}))
        for row, (word, extreme) in enumerate((("lowest", "MIN"), ("highest", "MAX")), start=14):
            tree = power(Number(10), call(extreme, TILES))
            yield Cell(row, 0, "label", f"{word} loss here")
            yield Cell(row, 1, "tolerance", *live(tree, {TILES.name: drawn}, {TILES: self.grid.area}.__getitem__))
        columns = {of: self.helpers_at + index for index, of in enumerate(self.loss.helpers)}
        texts = {of: _parts(tree) for of, tree in self.loss.helpers.items()}
        whole = _parts(self.loss.tree)
        for of, column in columns.items():
            yield Cell(TOP - 1, column, "header", f"{of.name}, row {of.row + 1}")
        for tile, down, along in self.grid.tiles():
            row = TOP + tile
            point = f"${letter(GRID + along)}${self.grid.bottom}", f"${letter(GRID - 1)}${TOP + down}"
            own = {of: f"{letter(column)}{row}" for of, column in columns.items()}
            for of, column in columns.items():
                helper = f"={self.formula(texts[of], own, *point)}"
                yield Cell(row, column, "number", float(helpers[of][down, along]), helper)
            loss = self.formula(whole, own, *point)
            yield Cell(
                TOP + down, GRID + along, "color", float(drawn[down, along]), formula(TILE, {LOSS: loss}.__getitem__)
            )

    def edges(self) -> Iterator[Cell]:
        """The weights of the tiles: across in a thin row, whose numbers are shown in the one below it, and up."""
        bottom, middle = self.grid.bottom, (self.grid.side - 1) // 2
        yield Cell(TOP - 1, GRID - 1, "axis", f"↑ {self.up}", f'="↑ "&{UP}')
        yield Cell(bottom - 1, GRID + self.grid.side, "beside", f"→ {self.across}", f'="→ "&{ACROSS}')
        for offset in range(self.grid.side):
            labelled = (offset - middle) % LABELLED == 0
            style: Style = "axis" if labelled else "color"
            x = float(self.x.numbers[offset])
            yield Cell(bottom, GRID + offset, "color", x, self.x.formulas[offset])
            yield Cell(TOP + offset, GRID - 1, style, float(self.y.numbers[offset]), self.y.formulas[offset])
            if labelled:
                text = LABEL.formula(f"{letter(GRID + offset)}{bottom}")
                yield Cell(bottom + 1, GRID + offset, "edge", LABEL.text(x), f"={text}")

    def formula(self, text: Sequence[str | Variable], helpers: Mapping[Variable, str], x: str, y: str) -> str:
        """A formula at a point of the grid."""
        return "".join(
            part if isinstance(part, str) else helpers[part] if part in helpers else self.cell(part, x, y)
            for part in text
        )

    def cell(self, leaf: Variable, x: str, y: str) -> str:
        """What a leaf of the loss is at a point of the grid."""
        if leaf.name in self.names:
            row = TOP + self.names.index(leaf.name)
            kept, across, up = (f"${letter(self.weights_at + 1 + n)}${row}" for n in range(3))
            return f"({kept}+{across}*{x}+{up}*{y})"
        return on_sheet(MAIN_SHEET, f"${self.layout.letters[leaf.name]}${FIRST_ROW + leaf.row}")

    def numbers(self, x: FloatArray, y: FloatArray) -> tuple[dict[Variable, FloatArray], FloatArray]:
        """The helpers and the loss at each point, (up, across)."""
        row = self.values[0]
        known: dict[Variable, Value] = {
            Variable(name, 0): np.asarray(row[self.columns.index[name]]) for name in self.names
        }
        known[Variable(self.up, 0)] = y[:, np.newaxis]
        known[Variable(self.across, 0)] = x

        def number(tree: Tree) -> FloatArray:
            for leaf in leaves(tree):
                if isinstance(leaf, Variable) and leaf not in known:
                    known[leaf] = np.asarray(self.values[leaf.row, self.columns.index[leaf.name]])
            return np.broadcast_to(evaluate(tree, known), (self.grid.side, self.grid.side))

        helpers = {}
        for of, tree in self.loss.helpers.items():
            helpers[of] = known[of] = number(tree)
        return helpers, number(self.loss.tree)


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
