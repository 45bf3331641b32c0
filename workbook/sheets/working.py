"""The working of the sheet `explorer`: a row for each quantity, with its formula and the same with numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np

from engine import Columns, FloatArray
from engine.columns import gradient_name
from workbook.records import Cell
from workbook.sheets.choice import NUMBER, ZERO, Pattern, TextChoice, size_within
from workbook.sheets.live import live
from workbook.sheets.shown import (
    GIVEN,
    NEW,
    OTHER_ROW,
    OTHER_ROWS,
    Quantities,
    Shown,
    after_the_step,
    changing,
    errors,
    in_each_step,
    in_other_rows,
    in_the_row,
    in_words,
    is_over_batch,
    numbers_of_the_first_row,
    over_batch,
)
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.algebra import call, largest_size
from workbook.spreadsheet.evaluator import value_of
from workbook.spreadsheet.printer import number_text, pieces, printed
from workbook.spreadsheet.trees import Tree, Variable, leaves
from workbook.table.definitions import constant_names
from workbook.table.layout import FORMULA_LIMIT_OF_EXCEL, letter, on_sheet

NAME_COLUMN, VALUE_COLUMN, AFTER_COLUMN, FORMULA_COLUMN = 0, 1, 2, 3
WITH_NUMBERS = "with this step's numbers"
# The longest formulas may be cut where their numbers begin, or these would be off a small screen.
COLUMNS_OF_A_FORMULA, CHARACTERS_OF_A_COLUMN = 7, 16
HEADERS = {
    NAME_COLUMN: "quantity",
    VALUE_COLUMN: "value",
    AFTER_COLUMN: "after the step",
    FORMULA_COLUMN: "formula",
}
# Of a larger batch the first two numbers and the last are plugged in.
MOST_LISTED = 6
# Whole numbers are shown as such.
COUNTERS = ("step", "sample", "time")
GRADIENTS = Variable("gradients", 0)

# Seven decimals, or four digits and an exponent.
PLUGGED = TextChoice(
    [(call("OR", ZERO, size_within(0.0001, 1000)), Pattern("0.0000000"))], otherwise=Pattern("0.000E+00")
)


@dataclass(frozen=True)
class Working:
    """Where the quantities stand, and how one refers to them.

    Attributes:
        shown: the row of the table.
        values: the run, (T, C).
        first_row: that of the first quantity.
        folded: the first of the columns that are folded away: each value as a text for plugging in; the next has those
            after the step, the ones after it those of the batch's rows.
    """

    shown: Shown
    values: FloatArray
    learning_rate: float
    first_row: int
    folded: int

    @property
    def columns(self) -> Columns:
        """The table's."""
        return self.shown.layout.columns

    @property
    def last_folded(self) -> int:
        """The last column that the texts need."""
        return self.folded + 1 + len(self.listed) if self.listed or self.columns.states else self.folded

    @cached_property
    def listed(self) -> list[int]:
        """The rows of a batch, by offset, whose numbers are plugged in."""
        size = self.columns.method.batch_size
        if size == 1:
            return []
        return list(range(size)) if size <= MOST_LISTED else [0, 1, size - 1]

    @cached_property
    def read_over_batch(self) -> set[str]:
        """The columns, but for gradients, of which a formula reads all rows of the batch."""
        changed = set(changing(self.columns))
        trees = [(after_the_step if name in changed else in_the_row)(self.columns, name) for name in self.columns.names]
        names = [leaf.name for tree in trees for leaf in leaves(tree) if isinstance(leaf, Variable)]
        read = {over_batch(name)[1] for name in names if is_over_batch(name)}
        return read - set(map(gradient_name, self.columns.names))

    @cached_property
    def formulas(self) -> dict[str, list[str]]:
        """What stands beside each quantity that is computed: its formula over names, in each step of a sequence."""
        columns, changed = self.columns, set(changing(self.columns))
        return {
            name: [f"after the step: {in_words(columns, after_the_step(columns, name))}"]
            if name in changed
            else [in_words(columns, tree) for tree in in_each_step(columns, name)]
            for name in columns.names
            if name in changed or not self._is_given(name)
        }

    @cached_property
    def numbers_column(self) -> int:
        """Where the formulas stand once more, with numbers: right of the longest one."""
        longest = max(len(words[0]) for words in self.formulas.values())
        return FORMULA_COLUMN + min(longest // CHARACTERS_OF_A_COLUMN + 1, COLUMNS_OF_A_FORMULA)

    @cached_property
    def numbers(self) -> dict[str, float]:
        """Every number that the file opens with."""
        return numbers_of_the_first_row(self.shown.layout, self.values, self.learning_rate)

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each quantity."""
        names = [*constant_names(self.columns), *self.columns.names, *in_other_rows(self.columns)]
        return {name: row for row, name in enumerate(names, start=self.first_row)}

    @cached_property
    def quantities(self) -> Quantities:
        """What a picture of the network shows."""
        formulas = {name: self.cell(name) for name in self.rows}
        numbers = dict(self.numbers)
        for name, tree in errors(self.columns).items():
            if name not in formulas:
                formulas[name] = self._if_shown(printed(tree, lambda leaf: self.cell(leaf.name)))
                numbers[name] = value_of(tree, numbers)
        gradients = list(map(gradient_name, self.columns.trained))
        column, rows = letter(VALUE_COLUMN), [self.rows[name] for name in gradients]
        cells = f"${column}${min(rows)}:${column}${max(rows)}"
        given = {GRADIENTS.name: np.array([[numbers[name] for name in gradients]])}
        largest, formula = live(largest_size(GRADIENTS), given, lambda _: cells)
        return Quantities(formulas, numbers, (formula[1:], largest))

    def cell(self, name: str) -> str:
        """The cell, or the formula without its `=`, of a number."""
        if is_over_batch(name):
            return self.shown.over_batch(name)
        column = AFTER_COLUMN if name.startswith(NEW) else VALUE_COLUMN
        return f"{letter(column)}{self.rows[name.removeprefix(NEW)]}"

    def cells(self) -> Iterator[Cell]:
        """The header and a row for each quantity."""
        headers = HEADERS | {self.numbers_column: WITH_NUMBERS}
        for column in range(self.folded):
            style = "header" if column < FORMULA_COLUMN else "header_left"
            yield Cell(self.first_row - 1, column, style, headers.get(column, ""))  # type: ignore[arg-type]
        changed = set(changing(self.columns))
        for name, row in self.rows.items():
            value = f"{letter(VALUE_COLUMN)}{row}"
            yield Cell(row, NAME_COLUMN, "label", name)
            if name in COUNTERS:
                yield Cell(row, VALUE_COLUMN, "step", self.numbers[name], self._value_formula(name))
                yield Cell(row, self.folded, "folded", self._text(Variable(name, 0)), f'={value}&""')
            else:
                yield Cell(row, VALUE_COLUMN, "number", self.numbers.get(name, ""), self._value_formula(name))
                yield Cell(row, self.folded, "folded", self._text(Variable(name, 0)), f"={text_formula(value)}")
            if of := OTHER_ROW.fullmatch(name):
                rows, where = of[2][1:], "above" if of[2].startswith("-") else "below"
                there = f"{of[1]}, {rows} row{'s' * (rows != '1')} {where}"
                yield Cell(row, FORMULA_COLUMN, "beside", there)
            elif name in changed:
                yield from self._after(name, row)
            elif name in self.formulas:
                words = self.formulas[name]
                formula = self.shown.by_step([f'"{text}"' for text in words]) if len(set(words)) > 1 else None
                yield Cell(row, FORMULA_COLUMN, "beside", words[0], formula and f"={self._if_shown(formula)}")
                yield self._plugged(row, list(in_each_step(self.columns, name)))
            else:
                yield Cell(row, FORMULA_COLUMN, "beside", "given")
            if self.listed and gradient_name(name) in self.rows:
                yield from self._of_batch(gradient_name(name))
            if self.listed and name in self.read_over_batch:
                yield from self._of_batch(name)

    def _is_given(self, name: str) -> bool:
        kind = self.columns.by_name[name].kind
        return kind in GIVEN or (kind == "bias" and name not in self.columns.trained)

    def _value_formula(self, name: str) -> str:
        layout = self.shown.layout
        if name in layout.constants:
            return f"={on_sheet(MAIN_SHEET, layout.constants[name])}"
        if of := OTHER_ROW.fullmatch(name):
            time, step = self.columns.network.time, f"{self.shown.value('time')}{of[2]}"
            inside = f"{step}>0" if of[2].startswith("-") else f"{step}<={time}"
            return f"={self._if_shown(f'IF({inside},{self.shown.value(name)},{chr(34) * 2})')}"
        return f"={self._if_shown(self.shown.value(name))}"

    def _if_shown(self, formula: str) -> str:
        return f'IF({self.shown.row}=0,"",{formula})'

    def _after(self, name: str, row: int) -> Iterator[Cell]:
        tree, number = after_the_step(self.columns, name), self.numbers[NEW + name]
        formula = self._if_shown(printed(tree, lambda leaf: self.cell(leaf.name)))
        yield Cell(row, FORMULA_COLUMN, "beside", self.formulas[name][0])
        yield Cell(row, AFTER_COLUMN, "step" if name in COUNTERS else "number", number, f"={formula}")
        yield self._plugged(row, [tree])
        if self.columns.by_name[name].kind == "state":
            text = text_formula(self.cell(NEW + name))
            yield Cell(row, self.folded + 1, "folded", as_text(number), f"={text}")

    def _of_batch(self, name: str) -> Iterator[Cell]:
        """The numbers of a column in the rows of the batch, as texts."""
        column = self.columns.index[name]
        for at, offset in enumerate(self.listed, start=self.folded + 2):
            text = self._if_shown(text_formula(self.shown.in_batch(name, offset)))
            yield Cell(self.rows[name], at, "folded", as_text(self.values[offset, column]), f"={text}")

    def _plugged(self, row: int, trees: list[Tree]) -> Cell:
        """The formula of each step of a sequence, or the one of all, with numbers."""
        formula = f"={self._if_shown(self.shown.by_step(list(map(self._plugged_formula, trees))))}"
        if len(formula) > FORMULA_LIMIT_OF_EXCEL:
            return Cell(row, self.numbers_column, "beside", "too long for a cell")
        return Cell(row, self.numbers_column, "beside", printed(trees[0], self._text), formula)

    def _plugged_formula(self, tree: Tree) -> str:
        """A text of what stands between the variables, with the text of each one's number."""
        parts: list[str] = []
        for is_variable, group in groupby(pieces(tree), key=lambda piece: isinstance(piece, Variable)):
            if is_variable:
                parts += [self._text_cells(leaf.name) for leaf in group if isinstance(leaf, Variable)]
            else:
                parts.append('"' + "".join(p if isinstance(p, str) else number_text(p) for p in group) + '"')
        return "&".join(parts)

    def _text_cells(self, name: str) -> str:
        """The cell of a number as a text; those of a batch's numbers, listed."""
        if is_over_batch(name):
            function, column = over_batch(name)
            cells = [f"{letter(self.folded + 2 + at)}{self.rows[column]}" for at in range(len(self.listed))]
            listed = '&","&'.join(self._with_dots(cells, '"…"'))
            return f'"{function}("&{listed}&")"' if function else listed
        if OTHER_ROWS.fullmatch(name):
            return f'"{name}"'
        texts = self.folded + 1 if name.startswith(NEW) else self.folded
        return f"{letter(texts)}{self.rows[name.removeprefix(NEW)]}"

    def _text(self, leaf: Variable) -> str:
        if is_over_batch(leaf.name):
            function, column = over_batch(leaf.name)
            numbers = self.values[self.listed, self.columns.index[column]].tolist()
            listed = ",".join(self._with_dots(list(map(as_text, numbers)), "…"))
            return f"{function}({listed})" if function else listed
        if OTHER_ROWS.fullmatch(leaf.name):
            return leaf.name
        if leaf.name not in self.numbers:
            return ""  # of a row above the first
        number = self.numbers[leaf.name]
        return f"{number:.0f}" if leaf.name in COUNTERS else as_text(number)

    def _with_dots(self, texts: list[str], dots: str) -> list[str]:
        return texts if len(texts) == self.columns.method.batch_size else [*texts[:-1], dots, texts[-1]]


def as_text(value: float) -> str:
    """A number as it is plugged in: negative in brackets."""
    text = PLUGGED.text({NUMBER.name: value + 0.0})  # no cell shows -0
    return f"({text})" if value < 0 else text


def text_formula(cell: str) -> str:
    """The formula that writes a cell's number so; an empty text for an empty cell."""
    text = PLUGGED.formula(lambda _: cell)
    return f'IF({cell}="","",IF({cell}<0,"("&{text}&")",{text}))'
