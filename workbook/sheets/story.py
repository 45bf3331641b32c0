"""The sheet `story`: one weight's gradient in six panels, whose sentences tell the numbers of the explorer's step."""

from collections.abc import Iterator, Mapping

from engine import FloatArray
from engine.columns import gradient_name
from workbook.records import Cell, Highlight, SheetPlan, Style, small_sheet
from workbook.sheets.derivation import MARKS, chosen, mark
from workbook.sheets.explorer import SHEET as EXPLORER
from workbook.sheets.explorer import SHOWN as EXPLORER_SHOWN
from workbook.sheets.live_text import LiveText, as_text, text_formula
from workbook.sheets.shown import Shown, is_over_batch, numbers_of_the_first_row
from workbook.sheets.stepping import step_bars
from workbook.sheets.story_numbers import StoryNumbers
from workbook.sheets.story_panels import PRODUCT, SLOPE, Panel
from workbook.sheets.story_path import NEXT, WeightPath, story_path
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.evaluator import value_of
from workbook.table.layout import FIRST_ROW, Layout, letter, on_sheet, over_cells

SHEET = "story"
SHOWN = "$B$3"
WAY, TOP, LINES = 5, 10, 4
RESULT, TEXT = 1, 2
# What is folded away stands to the right of the longest line.
FOLDED = 14
WIDTH = 13.0
GAP = 8.0
ZOOM = 88  # so that all six panels are on the first screen
SAME = "✓ as in the table"


def story_sheet(layout: Layout, values: FloatArray, learning_rate: float) -> SheetPlan | None:
    """The story of a weight of a table; `values` is its run, (T, C). None where no weight multiplies an input."""
    numbers = numbers_of_the_first_row(layout, values, learning_rate)
    path = story_path(layout.columns, numbers)
    if path is None:
        return None
    story = _Story(layout, path, numbers)
    folded = f"{letter(FOLDED)}:{letter(FOLDED + 2)}"
    gaps = [WAY - 1, TOP - 1, *(TOP + LINES * (at + 1) - 1 for at in range(len(story.panels)))]
    return small_sheet(
        SHEET,
        [*story.head(), *story.way(), *story.told(), *story.folded()],
        widths={"A": 18, f"B:{letter(FOLDED - 1)}": WIDTH, folded: WIDTH},
        tab="teach",
        heights={1: 24.0} | dict.fromkeys(gaps, GAP),
        highlights=[Highlight(f"B{TOP}:B{TOP + LINES * len(story.panels)}", mark, color) for mark, color in MARKS],
        gridlines=False,
        scroll_bars=step_bars(layout, "H3", "J3"),
        zoom=ZOOM,
        collapsed=[folded],
        print_area=f"A1:L{TOP + LINES * len(story.panels)}",
        paper="A3",
    )


class _Story:
    """The cells of the sheet, and where each number stands."""

    def __init__(self, layout: Layout, path: WeightPath, numbers: Mapping[str, float]) -> None:
        self.layout, self.path, self.columns = layout, path, layout.columns
        told = StoryNumbers(self.columns, path, self._on_the_way())
        self.panels, self.trees = told.panels, told.trees
        self.numbers = dict(numbers)
        for name, steps in path.later.items():
            self.numbers[name] = numbers[f"{name.removeprefix(NEXT)}[+1]"] if 1 in steps else 0.0
        for name, tree in self.trees.items():
            if tree is not None:
                self.numbers[name] = value_of(tree, self.numbers)
        self.rows = {name: row for row, name in enumerate(self.trees, start=TOP)}
        self.live = LiveText(self.numbers, self.value_cell, self.text_cell)

    def value_cell(self, name: str) -> str:
        """Where a number stands."""
        return f"${letter(FOLDED + 1)}${self.rows[name]}"

    def text_cell(self, name: str) -> str:
        """Where it stands as a text."""
        return f"${letter(FOLDED + 2)}${self.rows[name]}"

    def folded(self) -> Iterator[Cell]:
        """Every number that the sentences tell, and the same as a text."""
        shown = Shown(self.layout, SHOWN)
        for name, tree in self.trees.items():
            row, number = self.rows[name], self.numbers[name]
            if tree is not None:
                formula = over_cells(tree, lambda leaf: self.value_cell(leaf.name))
            elif name in self.layout.constants:
                formula = f"={on_sheet(MAIN_SHEET, self.layout.constants[name])}"
            elif name in self.path.later:
                formula = f"={self._from_the_next_step(name, shown)}"
            else:
                formula = f"={shown.over_batch(name) if is_over_batch(name) else shown.value(name)}"
            yield Cell(row, FOLDED, "folded", name)
            yield Cell(row, FOLDED + 1, "number", number, formula)
            yield Cell(row, FOLDED + 2, "folded", as_text(number), text_formula(self.value_cell(name)))

    def _from_the_next_step(self, name: str, shown: Shown) -> str:
        """What a column has in the row below, or 0 in the steps that nothing comes back to."""
        below = shown.value(f"{name.removeprefix(NEXT)}[+1]")
        steps = range(1, self.columns.network.time + 1)
        return shown.by_step([below if step in self.path.later[name] else "0" for step in steps])

    def head(self) -> Iterator[Cell]:
        """What the sheet is about, and the step."""
        path, explorer_row = self.path, on_sheet(EXPLORER, EXPLORER_SHOWN)
        what = (
            f"Training changes every weight a little, so that the loss gets smaller. Which way, and how far? Here for "
            f"{path.weight}, which carries {path.source} to {path.sum}; every other weight is worked out likewise."
        )
        yield Cell(1, 0, "title", f"The story of one weight: {path.weight}")
        yield Cell(2, 0, "text", what)
        yield Cell(3, 0, "label", "row of the table")
        yield Cell(3, 1, "step_left", float(FIRST_ROW), f"=IF({explorer_row}=0,{FIRST_ROW},{explorer_row})")
        yield Cell(3, 2, "beside", *chosen(self.layout))

    def way(self) -> Iterator[Cell]:
        """The way from the weight's input to the loss, and below it the way back."""
        yield Cell(WAY + 1, 0, "label", "forward")
        yield Cell(WAY + 2, 0, "label", "backward")
        for column, (forward, backward) in enumerate(self._stations(), start=1):
            for row, name, style in ((WAY, forward, "box"), (WAY + 3, backward, "backward")):
                at = WAY + 1 if row == WAY else WAY + 2
                if name.startswith(("→", "←")):
                    yield Cell(at, column, "mark", name)
                elif name:
                    yield Cell(row, column, "mark", name)
                    yield Cell(at, column, style, self.numbers[name], f"={self.value_cell(name)}")  # type: ignore[arg-type] # one of two styles

    def _on_the_way(self) -> list[str]:
        return [name for pair in self._stations() for name in pair if name and name[0] not in "→←"]

    def _stations(self) -> list[tuple[str, str]]:
        """What stands on the way forward and, in the same column, back: a number's name, or an arrow."""
        path, columns = self.path, self.columns
        last = columns.depth - 1
        stations = [
            (path.source, ""),
            (path.weight, gradient_name(path.weight)),
            ("→", f"← * {path.source}"),
            (path.sum, gradient_name(path.sum)),
        ]
        if path.output != path.sum:
            through = path.slope is None
            stations += [
                (f"→ {path.activation} →", "←" if through else "← * slope"),
                (path.output, "" if through else path.blame_name),
            ]
        if path.layer != last:
            error = next(iter(path.errors))
            stations += [("→ … →", "← …"), (columns.activation_names(last)[0], error)]
        return [*stations, ("→ loss →", "←"), ("E_tot", "")]

    def told(self) -> Iterator[Cell]:
        """The panels."""
        for at, panel in enumerate(self.panels):
            row = TOP + LINES * at
            yield Cell(row, 0, "heading", panel.heading)
            yield from self._result(row, panel)
            for line, template in enumerate(panel.lines):
                yield Cell(row + line, TEXT, "beside", self.live.text(template), self.live.formula(template))

    def _result(self, row: int, panel: Panel) -> Iterator[Cell]:
        name = gradient_name(self.path.weight) if panel.result == PRODUCT else panel.result
        style: Style = "backward" if name.startswith(gradient_name("")) or name == SLOPE else "box"
        yield Cell(row, RESULT, style, self.numbers[panel.result], f"={self.value_cell(panel.result)}")
        yield Cell(row + 1, RESULT, "mark", name)
        if panel.result == PRODUCT:
            here, there = ((self.numbers[of], self.value_cell(of)) for of in (PRODUCT, name))
            yield Cell(row + 2, RESULT, "mark", *mark(here, there, SAME))
