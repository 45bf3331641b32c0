"""Where the sheets `attention` find an attention layer's numbers: by kind, token and feature, in the table."""

from dataclasses import dataclass
from functools import cached_property

from engine import FloatArray
from engine.columns import gradient_name
from engine.layers import Layer
from engine.names import ColumnKind
from workbook.sheets.live import live
from workbook.sheets.training import MAIN_SHEET
from workbook.spreadsheet.evaluator import Given
from workbook.spreadsheet.trees import Tree, Variable
from workbook.table.layout import Layout, letter, on_sheet

MOST_SHOWN = 3  # numbers of a token that are its name


@dataclass(frozen=True)
class Found:
    """A number with its formula, without `=`."""

    value: float
    formula: str


def found(tree: Tree, *parts: tuple[Variable, Given, str]) -> Found:
    """A tree's number and formula, from the number or numbers and the cell or cells of each of its variables."""
    cells = {leaf: there for leaf, _, there in parts}
    number, formula = live(tree, {leaf.name: given for leaf, given, _ in parts}, cells.__getitem__)
    return Found(number, formula[1:])


@dataclass(frozen=True)
class Source:
    """An attention layer in the table of a run.

    Attributes:
        layer: its number, from 0.
        values: the run's numbers, (T, C).
        words: of the tokens, if they are words.
        base: the cell with the row of the sequence's first token.
    """

    layout: Layout
    layer: int
    values: FloatArray
    words: tuple[str, ...]
    base: str

    @property
    def of(self) -> Layer:
        """The layer."""
        return self.layout.columns.network.layers[self.layer]

    @cached_property
    def heads(self) -> int:
        """Its heads: each has a share of every token."""
        return len(self.names("share")) // self.of.time

    @cached_property
    def features(self) -> int:
        """Numbers of a head."""
        return len(self.names("query")) // self.heads

    def names(self, kind: ColumnKind) -> list[str]:
        """The layer's columns of a kind."""
        return self.layout.columns.names_in(self.layer, kind)

    def at(
        self, kind: ColumnKind, token: tuple[int, str], feature: tuple[int, str], *, gradient: bool = False
    ) -> Found:
        """A number of a token's row; token and feature count from 1, each as the opening value and as a formula."""
        names = [gradient_name(name) if gradient else name for name in self.names(kind)]
        row, column = token[0] - 1, self.layout.columns.index[names[feature[0] - 1]]
        return Found(
            float(self.values[row, column]), f"INDEX({self._range(names)},{self.base}+{token[1]}-1,{feature[1]})"
        )

    def _range(self, names: list[str]) -> str:
        """Columns side by side, from row 1 of the sheet on, so that a row's number finds its cell."""
        first, last = self.layout.letters[names[0]], self.layout.letters[names[-1]]
        return on_sheet(MAIN_SHEET, f"${first}$1:${last}${self.layout.last_row}")

    def token(self, position: int, words: str) -> tuple[str, str]:
        """What a token of the sequence is called, by its position from 1: its word, or its numbers; and the formula."""
        columns = self.layout.columns
        names = columns.input_names
        row = f"{self.base}+{position - 1}"
        numbers = [float(self.values[position - 1, columns.index[name]]) for name in names]
        cells = [f"INDEX({self._range([name])},{row})" for name in names]
        if self.words:
            return shown_word(self.words[int(numbers[0])]), f"=INDEX({words},{cells[0]}+1)"
        if len(names) > MOST_SHOWN:
            return f"token {position}", f'="token {position}"'
        text = " ".join(f"{number:g}" for number in numbers)
        return text, "=" + '&" "&'.join(cells) + '&""'


def shown_word(word: str) -> str:
    """A word as it is seen where it stands alone."""
    return "␣" if word == " " else word


def cell(row: int, column: int) -> str:
    """A cell by its row, from 1, and its column, from 0."""
    return f"${letter(column)}${row}"
