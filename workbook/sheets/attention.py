"""The sheet `attention`: how much each token takes of each, as a map of heat, and one pair of tokens worked out."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from engine import Columns, FloatArray
from engine.names import ColumnKind
from workbook.records import Cell, ColorScale, Highlight, Rule, SheetPlan, SignScale, small_sheet
from workbook.sheets.attention_pair import TokenPair
from workbook.sheets.attention_source import Source, cell, shown_word
from workbook.sheets.derivation import MARKS
from workbook.sheets.map_choice import TypedNumber
from workbook.sheets.stepping import row_of_step, step_bars, step_cells
from workbook.table.layout import FIRST_ROW, Layout, letter

SHEET = "attention"
LEFT = 1  # the column of the first token of the map
TOP = 3  # the row of the step
MAP = 10  # the row of the first token of the map
PAIR_CHOICE = LEFT + 9  # the column in which the pair is typed
WIDTH = 7.5  # of a cell, in characters
SHARES = ("#FFFFFF", "#6BAED6")
HOW_TO_READ = (
    "Left: of each token (a row) how much it takes of each (a column), which is 1 in all. "
    "Right: how steeply the loss rises with each score. Framed: the pair that is typed, worked out below."
)


def attention_layers(columns: Columns) -> list[int]:
    """The numbers of the layers that have such a sheet."""
    return [number for number in range(columns.depth) if columns.names_in(number, "share")]


def attention_sheets(layout: Layout, values: FloatArray, words: tuple[str, ...]) -> list[SheetPlan]:
    """One for each attention layer of a run, (T, C). The file opens with the first step and its first sequence.

    Args:
        words: what the tokens stand for; none if they are no words.
    """
    return [
        _Attention(layout, values, words, layer, SHEET + (f" {number}" if number > 1 else "")).sheet()
        for number, layer in enumerate(attention_layers(layout.columns), start=1)
    ]


@dataclass(frozen=True)
class _Attention:
    layout: Layout
    values: FloatArray
    words: tuple[str, ...]
    layer: int
    name: str

    def sheet(self) -> SheetPlan:
        pair = self.pair
        return small_sheet(
            self.name,
            [*self.heads(), *self.chosen(), *self.maps(), *pair.cells()],
            widths={"A": 12, f"B:{letter(self.folded - 2)}": WIDTH, f"{letter(self.folded)}": 9},
            tab="teach",
            heights={1: 24.0},
            validations=[choice.validation() for choice in self.choices],
            highlights=[Highlight(pair.marks, mark, color) for mark, color in MARKS],
            rules=[
                *(Rule(self.area(left).replace("$", ""), self.is_pair(left), "framed") for left in self.lefts),
                *pair.rules(),
            ],
            scales=[
                ColorScale(self.area(LEFT).replace("$", ""), SHARES),
                SignScale([self.area(self.lefts[1])], backward=True),
            ],
            scroll_bars=step_bars(self.layout, f"{letter(LEFT)}{TOP + 3}", f"{letter(LEFT + 3)}{TOP + 3}"),
            zoom=80,
            frozen_rows=TOP + 4,
            gridlines=False,
            collapsed=[letter(self.folded)],
            print_area=f"A1:{letter(self.folded - 2)}{pair.bottom}",
            paper="A3",
        )

    @cached_property
    def source(self) -> Source:
        return Source(self.layout, self.layer, self.values, self.words, self.used(TOP + 5))

    @property
    def time(self) -> int:
        return self.layout.columns.network.layers[self.layer].time

    @property
    def lefts(self) -> tuple[int, int]:
        """The first columns of both maps: the shares, and ∂E/∂ the scores."""
        return LEFT, LEFT + self.time + 2

    @cached_property
    def folded(self) -> int:
        """The column of the numbers that are used, and of the words."""
        return max(self.lefts[1] + self.time, TokenPair.WIDTH) + 1

    def used(self, row: int) -> str:
        """A cell of the folded column."""
        return cell(row, self.folded)

    @cached_property
    def choices(self) -> list[TypedNumber]:
        """The sequence of the step's update, the head, and both tokens."""
        columns, time = self.layout.columns, self.time
        kinds = {"sequence": columns.sequences, "head": self.source.heads}
        found = [
            TypedNumber(label, TOP + row, LEFT, most, self.used(TOP + row))
            for row, (label, most) in enumerate(kinds.items(), start=1)
        ]
        opened = {"query of token": time, "key of token": self.most_asked}
        found += [
            TypedNumber(label, TOP + row, PAIR_CHOICE, time, self.used(TOP + 3 + row), number)
            for row, (label, number) in enumerate(opened.items())
        ]
        return found

    @cached_property
    def most_asked(self) -> int:
        """The token of which the last one takes most in the first head, from 1."""
        columns = self.layout.columns
        shares = [columns.index[name] for name in columns.names_in(self.layer, "share")[: self.time]]
        return int(self.values[self.time - 1, shares].argmax()) + 1

    @cached_property
    def pair(self) -> TokenPair:
        head, asks, asked = self.choices[1:]
        return TokenPair(
            self.source, MAP + self.time + 2, (1, head.used), (asks.opened, asks.used), (asked.opened, asked.used)
        )

    def chosen(self) -> Iterator[Cell]:
        yield Cell(TOP, LEFT - 1, "label", "step")
        yield from step_cells(self.layout, TOP, LEFT)
        for choice in self.choices:
            yield from choice.cells()
        first = row_of_step(self.layout, f"${letter(LEFT)}${TOP}")
        base = f"={first}+{self.time}*({self.used(TOP + 1)}-1)"
        yield Cell(TOP + 5, self.folded, "step", FIRST_ROW, base)
        for row, word in enumerate(self.words, start=MAP):
            yield Cell(row, self.folded, "step", shown_word(word))

    @property
    def words_range(self) -> str:
        return f"{self.used(MAP)}:{self.used(MAP + len(self.words) - 1)}"

    def heads(self) -> Iterator[Cell]:
        yield Cell(1, 0, "title", "Attention: which token looks at which")
        yield Cell(2, 0, "text", HOW_TO_READ)
        for left, words in zip(
            self.lefts, ("α: the share that is taken", "∂E/∂s: the slopes of the scores"), strict=True
        ):
            yield Cell(MAP - 2, left, "heading", words)
        asks, asked = self.choices[2:]
        for choice in (asks, asked):
            text, _ = self.source.token(choice.opened, self.words_range)
            names = f"{cell(MAP, 0)}:{cell(MAP + self.time - 1, 0)}"
            yield Cell(choice.row, PAIR_CHOICE + 2, "heading", text, f"=INDEX({names},{choice.used})")

    def maps(self) -> Iterator[Cell]:
        """Both maps, with the tokens at their sides."""
        for number, left in enumerate(self.lefts):
            for token in range(1, self.time + 1):
                text, formula = self.source.token(token, self.words_range)
                yield Cell(MAP - 1, left + token - 1, "edge", text, formula)
                yield Cell(MAP + token - 1, left - 1, "label", text, formula)
                for other in range(1, self.time + 1):
                    feature = (other, f"({self.choices[1].used}-1)*{self.time}+{other}")
                    kind: ColumnKind = "score" if number else "share"
                    found = self.source.at(kind, (token, str(token)), feature, gradient=bool(number))
                    yield Cell(MAP + token - 1, left + other - 1, "map", found.value, f"={found.formula}")

    def area(self, left: int) -> str:
        """The cells of a map."""
        return f"{cell(MAP, left)}:{cell(MAP + self.time - 1, left + self.time - 1)}"

    def is_pair(self, left: int) -> str:
        """Whether a cell of a map is that of the pair."""
        asks, asked = self.choices[2:]
        return f"=AND(ROW()-{MAP - 1}={asks.used},COLUMN()-{left}={asked.used})"
