"""The sheet `maps`: the pictures on their way through a convolutional network, each with its gradients below."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from engine import Columns, FloatArray
from engine.columns import gradient_name
from workbook.records import Cell, Rule, SheetPlan, SignScale, small_sheet
from workbook.sheets.map_choice import TOP, Choices, first_convolution
from workbook.sheets.map_sums import Sums
from workbook.sheets.map_tiles import FORWARD, HEADINGS, LEFT, Picture, Tiles
from workbook.sheets.shown import Shown, is_over_batch, numbers_of_the_first_row, over_names_of_batches
from workbook.sheets.stepping import step_bars
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.evaluator import value_of
from workbook.spreadsheet.trees import Operation, Tree, Variable
from workbook.table.definitions import definitions, errors_over_columns
from workbook.table.layout import Layout, letter, on_sheet, over_cells

SHEET = "maps"
WIDTH = 5.2  # of a tile, in characters
ZOOM = 75  # so that both passes of a small network are on the first screen
HOW_TO_READ = (
    "Blue is above 0, orange below. Gradients: red above 0, violet below. "
    "Yellow: the winners of max pooling. Framed: what is typed."
)


def has_maps(columns: Columns) -> bool:
    """Whether the network's inputs are pictures."""
    return len(columns.network.shapes[0]) == 3


def maps_sheet(layout: Layout, values: FloatArray, learning_rate: float) -> SheetPlan:
    """The pictures of a run, (T, C). The file opens with the first step and its first sample."""
    return _Maps(layout, values, learning_rate).sheet()


class _Maps:
    def __init__(self, layout: Layout, values: FloatArray, learning_rate: float) -> None:
        self.layout, self.columns = layout, layout.columns
        self.tiles = Tiles(layout.columns)
        self.choices = Choices(layout, self.tiles)
        self.shown = Shown(layout, self.choices.shown)
        self.numbers = numbers_of_the_first_row(layout, values, learning_rate)

    def sheet(self) -> SheetPlan:
        convolved = first_convolution(self.tiles)
        forward, backward = list(self.forward()), list(self.backward())
        numbers = {(cell.row, cell.column): cell.value for cell in (*forward, *backward)}
        sums = Sums(self.choices, self.shown, convolved, self.numbers, numbers) if convolved else None
        chosen = [*self.choices.sample, *(sums.choices if sums else [])]
        folded = f"{letter(self.choices.folded - 1)}:{letter(self.choices.folded)}"
        return small_sheet(
            SHEET,
            [*self.heads(), *self.choices.cells(), *forward, *backward, *(sums.cells() if sums else [])],
            widths={"A": 11, f"{letter(LEFT)}:{letter(self.choices.folded - 2)}": WIDTH, folded: 9},
            tab="teach",
            heights={1: 24.0},
            validations=[choice.validation() for choice in chosen],
            rules=[*(sums.rules() if sums else []), *self.winners()],
            scales=[*self.scales(FORWARD), *self.scales(self.tiles.backward), *(sums.scales() if sums else [])],
            scroll_bars=step_bars(self.layout, f"{letter(LEFT)}{TOP + 2}", f"{letter(LEFT + 6)}{TOP + 2}"),
            zoom=ZOOM,
            frozen_rows=FORWARD - 3,
            gridlines=False,
            collapsed=[folded],
            print_area=f"A1:{letter(self.choices.folded - 2)}{sums.bottom if sums else self.tiles.bottom}",
            paper="A3",
        )

    def heads(self) -> Iterator[Cell]:
        yield Cell(1, 0, "title", "Pictures on their way through the network")
        yield Cell(2, 0, "text", HOW_TO_READ)
        layers = [None, *self.columns.network.layers]
        seen: set[int | None] = {None}
        for each in self.tiles.pictures:
            if each.layer not in seen:
                kind = layers[each.layer + 1 if each.layer is not None else 0]
                yield Cell(FORWARD - 2, each.left, "heading", _words(type(kind).__name__))
            seen.add(each.layer)
            yield Cell(FORWARD - 1, each.left, "note", self.heading(each))
            if self.has_gradient(each):
                yield Cell(self.tiles.backward - 1, each.left, "note", f"∂E/∂ {self.heading(each)}")

    def heading(self, of: Picture) -> str:
        """`ReLU`-like words for an activation, else what the numbers are, with their letter."""
        name = next(iter(of.at)).split("_")[0]
        if of.kind == "activation" and of.layer is not None:
            return self.columns.network.layers[of.layer].activation
        return HEADINGS[of.kind] if of.kind != "pre-activation" else name.rstrip("0123456789")

    def has_gradient(self, of: Picture) -> bool:
        return any(gradient_name(name) in self.gradients for name in of.at)

    @cached_property
    def gradients(self) -> dict[str, tuple[Tree, ...]]:
        return errors_over_columns(self.columns)

    def forward(self) -> Iterator[Cell]:
        for each in self.tiles.pictures:
            for name, (row, column) in each.at.items():
                number = self.numbers[name]
                yield Cell(FORWARD + row, each.left + column, "map", number, f"={self.shown.value(name)}")

    def backward(self) -> Iterator[Cell]:
        for each in filter(self.has_gradient, self.tiles.pictures):
            for name, (row, column) in each.at.items():
                number, formula = self.gradient(gradient_name(name))
                yield Cell(self.tiles.backward + row, each.left + column, "map", number, formula)

    def gradient(self, name: str) -> tuple[float, str | None]:
        """The number and the formula: the table's column, or the chain rule over these tiles where it has none."""
        if name in self.columns.by_name:
            return self.numbers[name], f"={self.shown.value(name)}"
        if name not in self.gradients:
            return 0.0, None  # nothing on the way to the loss reads it
        tree = over_names_of_batches(self.gradients[name][0])
        return value_of(tree, self.numbers), over_cells(tree, self.reference)

    def reference(self, leaf: Variable) -> str:
        """Where the formula of a gradient finds a number."""
        name = leaf.name
        if is_over_batch(name):
            return self.shown.over_batch(name)
        if name in self.layout.constants:
            return on_sheet(MAIN_SHEET, self.layout.constants[name])
        of = name.removeprefix(gradient_name(""))
        return self.tiles.cell(of, gradient=of != name) or self.shown.value(name)

    def scales(self, top: int) -> Iterator[SignScale]:
        """A scale a picture, so that each uses all of its colours."""
        backward = top != FORWARD
        for each in self.tiles.pictures:
            if not backward or self.has_gradient(each):
                yield SignScale([each.cells(top)], backward=backward)

    def winners(self) -> Iterator[Rule]:
        """The cells that win a window of a max pooling: of equal ones the first, as in its backward pass."""
        wins: dict[str, list[str]] = {}
        for definition in definitions(self.columns).values():
            inside = _largest_of(definition.tree)
            for name in inside:
                wins.setdefault(name, []).append(self.wins(name, inside))
        for name, won in wins.items():
            yield Rule(self.tile(name), f"=OR({','.join(won)})", "yellow")

    def wins(self, name: str, inside: Sequence[str]) -> str:
        """Whether a cell is larger than those before it in the window, and no smaller than those after it."""
        at = inside.index(name)
        sides = ((">", inside[:at]), (">=", inside[at + 1 :]))
        terms = [f"{self.tile(name)}{sign}MAX({','.join(map(self.tile, others))})" for sign, others in sides if others]
        return f"AND({','.join(terms)})" if terms else "TRUE"

    def tile(self, name: str) -> str:
        return str(self.tiles.cell(name))


def _largest_of(tree: Tree) -> list[str]:
    """The columns of which a tree is the largest, if it is nothing else."""
    if not (isinstance(tree, Operation) and tree.kind == "MAX"):
        return []
    names = [cell.name for cell in tree.operands if isinstance(cell, Variable)]
    return names if len(names) == len(tree.operands) else []


def _words(name: str) -> str:
    """`max pool` for `MaxPool`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
