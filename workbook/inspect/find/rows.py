"""Which rows below the headers are steps of a training, and which only stand there: sums, notes, spacers."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from workbook.inspect.find.headers import COMPUTED, kind_of, typed_number
from workbook.spreadsheet.book import Sheet
from workbook.spreadsheet.parser import references
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Reference

# A header that is merged downwards, a line of remarks or of units may stand above the first numbers, or between steps.
MOST_ROWS_BETWEEN = 3
# So many empty cells in the last row, and it was not filled to its end.
FEWEST_EMPTY = 3
# What a formula has in it that reads its own row, or any row at all: E21, [@w1], a column of an Excel table.
OWN_ROW = re.compile(r"‹0›|#This Row|\[@|\bROW\(\)", re.IGNORECASE)
SOME_ROW = re.compile(r"‹-?\d+›|\$\d|\[")

SUMS_UP = "its formulas read no cell of their own row"
COUNTS = "it counts the columns"
COMPARES = "typed numbers with a text beside them, below formulas"


@dataclass(frozen=True)
class Rows:
    """The steps of a table.

    Attributes:
        steps: their rows on the sheet, from the top.
        partial: whether the last one is only partly filled.
        passed: rows that hold numbers and are no steps, with why.
        goes_on: a row that looks as if the table went on there, below one empty row or two, or further down with the
            formulas of its steps.
    """

    steps: Sequence[int]
    partial: bool = False
    passed: dict[int, str] = field(default_factory=dict)
    goes_on: int | None = None


def find_rows(sheet: Sheet, header: int, columns: Mapping[str, int], stops: Sequence[int]) -> Rows | None:
    """The steps below a row of headers; None where there is none.

    Args:
        stops: the rows of headers further down, from the top.
    """
    block = _Block(sheet, columns)
    starts = range(header + 1, header + 2 + MOST_ROWS_BETWEEN)
    first = next((row for row in starts if block.is_step(row, len(columns))), None)
    if first is None or (stops and stops[0] <= first):
        return None
    usual = block.numbers(first)
    steps, end = [first], block.end(stops, first)
    while more := block.next_steps(steps[-1], end, usual):
        steps += more
        if more[-1] > end:
            end = block.end(stops, more[-1])
    last = steps[-1]
    if partial := last + 1 < end and block.updates(last + 1, last):
        steps.append(last + 1)
    elif len(steps) > 1:
        partial = len(columns) - block.filled(last) >= FEWEST_EMPTY > len(columns) - block.filled(steps[-2])
    last = steps[-1]
    others = sorted(set(range(header + 1, min(last + 1 + MOST_ROWS_BETWEEN, end))) - set(steps))
    passed = {row: why for row in others if 2 * block.numbers(row) >= usual and (why := block.no_step(row))}
    near = (row for row in (last + 2, last + 3) if row < end and block.is_step(row, usual))
    goes_on = next(near, None) or block.goes_on(steps, end)
    whole = range(first, last + 1)
    return Rows(whole if len(whole) == len(steps) else tuple(steps), partial, passed, goes_on)


def _reads_elsewhere(shape: Shape) -> bool:
    return OWN_ROW.search(shape.key) is None and SOME_ROW.search(shape.key) is not None


class _Block:
    """The columns of a table, and what can be said of any row of them."""

    def __init__(self, sheet: Sheet, columns: Mapping[str, int]) -> None:
        self.sheet, self.columns = sheet, list(columns.values())
        self.weights = [column for name, column in columns.items() if kind_of(name) == "weight"]
        self.computed = [column for name, column in columns.items() if kind_of(name) in COMPUTED]

    def filled(self, row: int) -> int:
        """How many cells hold something."""
        return sum(self.sheet.holds(row, column) for column in self.columns)

    def numbers(self, row: int) -> int:
        """How many cells hold a number or a formula."""
        return sum(
            typed_number(self.sheet.value(row, column)) is not None or self.sheet.shape(row, column) is not None
            for column in self.columns
        )

    def is_step(self, row: int, usual: int) -> bool:
        """Whether at least half of the usual number of cells is filled, with what may be a step."""
        return 2 * self.numbers(row) >= usual and self.no_step(row) is None

    def no_step(self, row: int) -> str | None:
        """Why a row that holds numbers is no step of the training; a row that the next one is computed from is one."""
        why = self._no_step(row)
        return None if why is None or self.updates(row + 1, row) else why

    def _no_step(self, row: int) -> str | None:
        shapes = (shape for column in self.computed if (shape := self.sheet.shape(row, column)) is not None)
        first = next(shapes, None)
        if first is None:
            return self._typed(row)
        if not _reads_elsewhere(first):
            return None  # at once, for the many rows that are steps
        others = list(map(_reads_elsewhere, shapes))
        return SUMS_UP if 2 * sum(others) >= len(others) else None

    def _typed(self, row: int) -> str | None:
        """Why a row is no step if it has no formulas; None if it may be one."""
        if any(self.sheet.shape(row, column) is not None for column in self.columns):
            return None
        values = [self.sheet.value(row, column) for column in sorted(self.columns)]
        numbers = [value for value in values if isinstance(value, float)]
        if len(numbers) == len(values) and {b - a for a, b in pairwise(numbers)} == {1.0}:
            return COUNTS
        above = any(self.sheet.shape(row - 1, column) is not None for column in self.computed)
        beside = (min(self.columns) - 1, max(self.columns) + 1)
        texts = [*values, *(self.sheet.value(row, column) for column in beside)]
        return COMPARES if above and numbers and any(isinstance(text, str) for text in texts) else None

    def end(self, stops: Sequence[int], row: int) -> int:
        """The first row of headers below a row that stand over these columns."""
        below = stops[bisect_right(stops, row) :]
        return next((s for s in below if any(isinstance(self.sheet.value(s, c), str) for c in self.columns)), 1 << 21)

    def next_steps(self, last: int, end: int, usual: int) -> list[int]:
        """The step that comes after a row, with a broken one before it, perhaps; none where the table ends."""
        if last + 1 < end and self.is_step(last + 1, usual):
            return [last + 1]
        below = range(last + 2, last + 2 + MOST_ROWS_BETWEEN)
        after = next((row for row in below if self.is_step(row, usual)), None)
        if after is None:
            return []
        between = range(last + 1, after)
        if self.updates(after, last) and (after < end or not any(map(self.numbers, between))):
            return [after]  # across a spacer, if only the headers once more
        # A row that the next one reads, or of which some number is left, is a hole.
        left = self.updates(after, last + 1) or (self.numbers(last + 1) and self.no_step(last + 1) is None)
        return [last + 1, after] if left and after == last + 2 < end else []

    def goes_on(self, steps: Sequence[int], end: int) -> int | None:
        """The first row further down where at least half of the computed columns have a formula of the steps."""
        shapes_of = (self.sheet.shapes.get(column, {}) for column in self.computed)
        columns = [shapes for shapes in shapes_of if max(shapes, default=0) > steps[-1]]  # none, as a rule
        below = sorted({row for shapes in columns for row in shapes if steps[-1] < row < end})
        known = [{shapes[row].key for row in steps if row in shapes} for shapes in columns] if below else []
        for row in below:
            alike = sum(row in shapes and shapes[row].key in keys for shapes, keys in zip(columns, known, strict=True))
            if 2 * alike >= len(self.computed):
                return row
        return None

    def updates(self, row: int, above: int) -> bool:
        """Whether the weights of a row are computed from another one: from more than themselves."""
        return any(
            isinstance(leaf, Reference)
            and (leaf.sheet, leaf.frozen, row + leaf.row) == (None, False, above)
            and leaf.column in self.columns
            and leaf.column != column
            for column in self.weights
            if (shape := self.sheet.shape(row, column)) is not None
            for leaf in references(shape.key)
        )
