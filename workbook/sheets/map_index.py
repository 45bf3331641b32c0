"""A tile of the sheet `maps` by indices that one types: the formula that finds it, and the number it opens with."""

from collections.abc import Mapping
from dataclasses import dataclass

from workbook.sheets.live import Live
from workbook.sheets.map_choice import TypedNumber
from workbook.sheets.map_tiles import Picture
from workbook.spreadsheet.algebra import ONE, call, compare, less, plus, times
from workbook.spreadsheet.evaluator import value_of
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Number, Operation, Tree, Variable


def added(left: Tree, right: Tree) -> Tree:
    """A sum without brackets: (a + b) + c for a + (b + c)."""
    if isinstance(right, Operation) and right.kind in ("+", "-"):
        return Operation(right.kind, (added(left, right.operands[0]), right.operands[1]))
    return plus(left, right)


@dataclass(frozen=True)
class Indexed:
    """The tiles, by trees over the numbers that are typed.

    Attributes:
        choices: what is typed.
        numbers: of all tiles, by row and column.
    """

    choices: Mapping[Variable, TypedNumber]
    numbers: Mapping[tuple[int, int], float | str | None]

    def text(self, index: Tree) -> str:
        """An index in a formula."""
        return printed(index, lambda leaf: self.choices[leaf].used, spaced=False)

    def opened(self, index: Tree) -> int:
        """The number that an index opens with."""
        return int(value_of(index, {leaf.name: choice.opened for leaf, choice in self.choices.items()}))

    def tile(self, of: Picture, top: int, channel: Tree, row: Tree, column: Tree) -> Live:
        """A tile by its map, row and column, each from 1."""
        down = added(times(less(channel, ONE), Number(of.pitch)), row)
        number = self.numbers.get((top + self.opened(down) - 1, of.left + self.opened(column) - 1))
        return float(number or 0), f"=INDEX({of.cells(top)},{self.text(down)},{self.text(column)})"

    def padded(self, of: Picture, top: int, channel: Tree, row: Tree, column: Tree) -> Live:
        """The same, or 0 in the padding around a map."""
        height, width = map(Number, of.size)
        outside = call(
            "OR",
            compare("<", row, ONE),
            compare(">", row, height),
            compare("<", column, ONE),
            compare(">", column, width),
        )
        number, formula = self.tile(of, top, channel, row, column)
        return 0.0 if self.opened(outside) else number, f"=IF({self.text(outside)},0,{formula[1:]})"
