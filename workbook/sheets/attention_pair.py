"""On the sheet `attention`: one pair of tokens worked out, from the dot product to the share, and all the way back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, sqrt
from typing import ClassVar

from workbook.records import Cell, Rule, Style
from workbook.sheets.attention_source import Found, Source, cell
from workbook.table.layout import letter

Typed = tuple[int, str]  # what the file opens with, and the cell in which it is used; from 1
SAME = 1e-9


@dataclass(frozen=True)
class TokenPair:
    """The token of a query and the token of a key, in one head.

    Its panels stand side by side from the row `top` on: the score, the softmax, the slope by the share, the softmax
    backward, and what goes on to q, k and v.
    """

    source: Source
    top: int
    head: Typed
    asks: Typed
    asked: Typed

    # The first column of each panel.
    SCORE: ClassVar[int] = 1
    SOFTMAX: ClassVar[int] = 5
    SHARE: ClassVar[int] = 9
    BACK: ClassVar[int] = 13
    ON: ClassVar[int] = 17
    WIDTH: ClassVar[int] = 20

    @property
    def first(self) -> int:
        """The row of the first feature or token."""
        return self.top + 3

    @property
    def bottom(self) -> int:
        """The last row."""
        return self.first + max(self.source.features + 5, self.source.of.time + 4)

    @property
    def marks(self) -> str:
        """Where the marks stand."""
        return f"B{self.first}:{letter(self.ON)}{self.bottom}"

    def cells(self) -> Iterator[Cell]:
        """All panels."""
        yield Cell(
            self.top,
            0,
            "heading",
            "One pair worked out: forward (blue), then back (red); ✓ where the table has the same",
        )
        yield from self.score()
        yield from self.softmax()
        yield from self.slope_of_share()
        yield from self.softmax_back()
        yield from self.passed_on()

    def rules(self) -> list[Rule]:
        """The asked token's row in both panels of the softmax."""
        last = self.first + self.source.of.time - 1
        return [
            Rule(
                f"{letter(left)}{self.first}:{letter(left + 2)}{last}",
                f"=ROW()-{self.first - 1}={self.asked[1]}",
                "framed",
            )
            for left in (self.SOFTMAX, self.BACK)
        ]

    def feature(self, number: int) -> Typed:
        """A feature of the head, from 1, among those of all heads."""
        features = self.source.features
        return (self.head[0] - 1) * features + number, f"({self.head[1]}-1)*{features}+{number}"

    def token(self, number: int, text: str) -> Typed:
        """A token of the head, from 1, among those of all heads."""
        time = self.source.of.time
        return (self.head[0] - 1) * time + number, f"({self.head[1]}-1)*{time}+{text}"

    @cached_property
    def factors(self) -> list[tuple[Found, Found]]:
        """q of the token that asks and k of the one that is asked, feature by feature."""
        features = [self.feature(number + 1) for number in range(self.source.features)]
        return [(self.source.at("query", self.asks, p), self.source.at("key", self.asked, p)) for p in features]

    @cached_property
    def slopes(self) -> list[tuple[Found, Found]]:
        """∂E/∂c of the token that asks and v of the one that is asked, feature by feature."""
        features = [self.feature(number + 1) for number in range(self.source.features)]
        return [
            (self.source.at("context", self.asks, p, gradient=True), self.source.at("value", self.asked, p))
            for p in features
        ]

    def of_tokens(self, kind: str, *, gradient: bool = False) -> list[Found]:
        """A number of the asking token's row for each token."""
        return [
            self.source.at(kind, self.asks, self.token(n, str(n)), gradient=gradient)  # type: ignore[arg-type] # a Kind
            for n in range(1, self.source.of.time + 1)
        ]

    def table(self, kind: str, *, gradient: bool = False) -> Found:
        """The pair's own number in the table."""
        return self.source.at(kind, self.asks, self.token(*self.asked), gradient=gradient)  # type: ignore[arg-type] # a Kind

    def heads(self, left: int, title: str, headings: Sequence[str]) -> Iterator[Cell]:
        yield Cell(self.top + 1, left, "note", title)
        for column, text in enumerate(headings, start=left):
            yield Cell(self.top + 2, column, "edge", text)

    def products(self, left: int, factors: Sequence[tuple[Found, Found]], style: Style) -> Iterator[Cell]:
        """Two factors and their product in each row, and the sum below."""
        for row, (one, other) in enumerate(factors, start=self.first):
            yield Cell(row, left, style, one.value, f"={one.formula}")
            yield Cell(row, left + 1, "box", other.value, f"={other.formula}")
            product = f"={cell(row, left)}*{cell(row, left + 1)}"
            yield Cell(row, left + 2, style, one.value * other.value, product)

    def line(self, row: int, left: int, label: str, found: Found, style: Style) -> Iterator[Cell]:
        yield Cell(row, left + 1, "label", label)
        yield Cell(row, left + 2, style, found.value, f"={found.formula}")

    def result(self, row: int, left: int, label: str, found: Found, table: Found, style: Style) -> Iterator[Cell]:
        """A result, and below it the table's with a mark."""
        here = cell(row, left + 2)
        yield from self.line(row, left, label, found, style)
        yield Cell(row + 1, left + 1, "label", "table")
        yield Cell(row + 1, left + 2, "number", table.value, f"={table.formula}")
        there = cell(row + 1, left + 2)
        mark = f'=IF(ABS({here}-{there})<={SAME:.9f}*(1+ABS({there})),"✓","✗")'
        yield Cell(row + 1, left + 3, "mark", "✓", mark)

    def score(self) -> Iterator[Cell]:
        """q·k over √F."""
        left, end = self.SCORE, self.first + self.source.features
        yield from self.heads(left, "1  the score: q·k over √F", ["q", "k", "q·k"])
        yield from self.products(left, self.factors, "box")
        dot = sum(one.value * other.value for one, other in self.factors)
        yield from self.line(end, left, "added up", Found(dot, self.sum_of(left)), "box")
        root = sqrt(self.source.features)
        scaled = Found(dot / root, f"{cell(end, left + 2)}/SQRT({self.source.features})")
        yield from self.result(end + 1, left, f"over √{self.source.features}", scaled, self.table("score"), "box")

    def sum_of(self, left: int) -> str:
        """The sum of a panel's products."""
        return f"SUM({cell(self.first, left + 2)}:{cell(self.first + self.source.features - 1, left + 2)})"

    @cached_property
    def powers(self) -> list[float]:
        """e^(s − the largest s) of each token that may be asked, 0 of the others."""
        scores = [found.value for found in self.of_tokens("score")]
        most = self.asks[0] if self.source.of.causal else len(scores)
        return [exp(score - max(scores[:most])) if n < most else 0.0 for n, score in enumerate(scores)]

    def softmax(self) -> Iterator[Cell]:
        """Each token's score, its power of e, its share."""
        left, last = self.SOFTMAX, self.first + self.source.of.time - 1
        yield from self.heads(left, "2  softmax: e^s over the sum of all", ["s", "e^(s−max)", "α"])
        scores, powers = (f"{cell(self.first, c)}:{cell(last, c)}" for c in (left, left + 1))
        for number, found in enumerate(self.of_tokens("score")):
            row, power = self.first + number, self.powers[number]
            may_ask = f"{number + 1}<={self.asks[1]}" if self.source.of.causal else ""
            formula, exponential = found.formula, f"EXP({cell(row, left)}-MAX({scores}))"
            if may_ask:
                formula, exponential = f'IF({may_ask},{formula},"")', f"IF({may_ask},{exponential},0)"
            shown = found.value if power or not may_ask else ""
            yield Cell(row, left, "box", shown, f"={formula}")
            yield Cell(row, left + 1, "box", power, f"={exponential}")
            share = f"={cell(row, left + 1)}/SUM({powers})"
            yield Cell(row, left + 2, "box", power / sum(self.powers), share)
        own = self.powers[self.asked[0] - 1] / sum(self.powers)
        shares = f"{cell(self.first, left + 2)}:{cell(last, left + 2)}"
        yield from self.result(
            last + 1, left, "α here", Found(own, f"INDEX({shares},{self.asked[1]})"), self.table("share"), "box"
        )

    def slope_of_share(self) -> Iterator[Cell]:
        """∂E/∂α = ∂E/∂c·v."""
        left, end = self.SHARE, self.first + self.source.features
        yield from self.heads(left, "3  back: ∂E/∂α = ∂E/∂c·v", ["∂E/∂c", "v", "product"])
        yield from self.products(left, self.slopes, "backward")
        whole = sum(one.value * other.value for one, other in self.slopes)
        table = self.table("share", gradient=True)
        yield from self.result(end, left, "∂E/∂α", Found(whole, self.sum_of(left)), table, "backward")

    def softmax_back(self) -> Iterator[Cell]:
        """∂E/∂s = α·(∂E/∂α − Σ α·∂E/∂α)."""
        left, last = self.BACK, self.first + self.source.of.time - 1
        yield from self.heads(left, "4  through the softmax", ["∂E/∂α", "α", "product"])
        slopes, shares = self.of_tokens("share", gradient=True), self.of_tokens("share")
        for row, (slope, share) in enumerate(zip(slopes, shares, strict=True), start=self.first):
            yield Cell(row, left, "backward", slope.value, f"={slope.formula}")
            yield Cell(row, left + 1, "box", share.value, f"={cell(row, self.SOFTMAX + 2)}")
            product = f"={cell(row, left)}*{cell(row, left + 1)}"
            yield Cell(row, left + 2, "backward", slope.value * share.value, product)
        mean = sum(slope.value * share.value for slope, share in zip(slopes, shares, strict=True))
        products = f"SUM({cell(self.first, left + 2)}:{cell(last, left + 2)})"
        yield from self.line(last + 1, left, "added up", Found(mean, products), "backward")
        at, value = self.asked[0] - 1, self.asked[1]
        own = [f"INDEX({cell(self.first, c)}:{cell(last, c)},{value})" for c in (left, left + 1)]
        back = Found(shares[at].value * (slopes[at].value - mean), f"{own[1]}*({own[0]}-{cell(last + 1, left + 2)})")
        yield from self.result(last + 2, left, "α·(∂E/∂α−sum)", back, self.table("score", gradient=True), "backward")

    def passed_on(self) -> Iterator[Cell]:
        """What this pair adds to ∂E/∂q, ∂E/∂k and ∂E/∂v."""
        left = self.ON
        yield from self.heads(left, "5  what this pair adds to", ["∂E/∂q", "∂E/∂k", "∂E/∂v"])
        root, slope = self.source.features, self.table("score", gradient=True)
        share = self.table("share")
        at = cell(self.first + self.source.of.time + 1, self.BACK + 2)
        own_share = cell(self.first + self.source.of.time, self.SOFTMAX + 2)
        pairs = zip(self.factors, self.slopes, strict=True)
        for row, ((q, k), (error, _)) in enumerate(pairs, start=self.first):
            numbers = slope.value * k.value / sqrt(root), slope.value * q.value / sqrt(root), share.value * error.value
            formulas = (
                f"={at}*{cell(row, self.SCORE + 1)}/SQRT({root})",
                f"={at}*{cell(row, self.SCORE)}/SQRT({root})",
                f"={own_share}*{cell(row, self.SHARE)}",
            )
            for column, (number, formula) in enumerate(zip(numbers, formulas, strict=True), start=left):
                yield Cell(row, column, "backward", number, formula)
