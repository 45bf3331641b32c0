"""The panels of a weight's story, and the numbers in them, each after those that it is computed from."""

from collections.abc import Iterable

from engine import Columns
from engine.columns import gradient_name
from workbook.sheets.live_text import fields_of
from workbook.sheets.shown import NEW, after_the_step
from workbook.sheets.story_panels import (
    GAIN,
    GAIN_SIZE,
    GRADIENT,
    PRODUCT,
    SLOPE,
    apart,
    gradient_of_the_update,
    panels,
)
from workbook.sheets.story_path import WeightPath
from workbook.spreadsheet.algebra import ONE, call, less, times
from workbook.spreadsheet.trees import Tree, Variable, leaves


class StoryNumbers:
    """The panels of a path, and their numbers.

    Attributes:
        weight: its name.
        panels: six, with templates of live_text.
        trees: what each number is, by its name, over those before it; None for a column of the table, one over the
            batch, one of the next step, or a constant.
        later: the steps that the numbers of the next step are not 0 in, see WeightPath.later.
    """

    def __init__(self, columns: Columns, path: WeightPath, others: Iterable[str] = ()) -> None:
        self.columns, self.weight, self.later = columns, path.weight, path.later
        self.panels = panels(columns, path, after_the_step(columns, path.weight))
        self.trees: dict[str, Tree | None] = {}
        self._computed = _computed(columns, path)
        fields = [name for panel in self.panels for line in panel.lines for name in fields_of(line)]
        for name in [*others, *(panel.result for panel in self.panels), *fields]:
            self._need(name)

    def _need(self, name: str) -> None:
        if name in self.trees:
            return
        tree = self._computed.get(name)
        if name.startswith(NEW):
            tree = after_the_step(self.columns, name.removeprefix(NEW))
        for leaf in leaves(tree) if tree is not None else ():
            if isinstance(leaf, Variable):
                self._need(leaf.name)
        self.trees[name] = tree


def _computed(columns: Columns, path: WeightPath) -> dict[str, Tree]:
    """What the story computes from the table's numbers, a factor at a time."""
    weight, new = Variable(path.weight, 0), Variable(NEW + path.weight, 0)
    blame, slope = Variable(path.blame_name, 0), Variable(SLOPE, 0)
    answers = zip(columns.activation_names(columns.depth - 1), columns.target_names, strict=True)
    return {
        gradient_name(path.sum): times(blame, slope),
        **path.errors,
        path.blame_name: path.blame,
        SLOPE: path.slope or ONE,
        PRODUCT: times(blame, slope, Variable(path.source, 0)),
        GRADIENT: gradient_of_the_update(columns, path.weight),
        GAIN: times(Variable(GRADIENT, 0), less(weight, new)),
        GAIN_SIZE: call("ABS", Variable(GAIN, 0)),
        **{apart(columns, target): _apart(columns, answer, target) for answer, target in answers},
    }


def _apart(columns: Columns, answer: str, target: str) -> Tree:
    difference = less(Variable(answer, 0), Variable(target, 0))
    return times(Variable("counted", 0), difference) if columns.network.counted else difference
