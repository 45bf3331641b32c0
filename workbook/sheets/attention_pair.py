"""On the sheet `attention`: one pair of tokens worked out, from the dot product to the share, and all the way back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from workbook.records import Cell, Rule, Style
from workbook.sheets.attention_source import Found, Source, cell, found
from workbook.sheets.choice import word
from workbook.sheets.live import live_content
from workbook.spreadsheet.algebra import ONE, ZERO, call, compare, less, over, plus, times
from workbook.spreadsheet.trees import Number, Text, Tree, Variable
from workbook.table.layout import letter

Typed = tuple[int, str]  # what the file opens with, and the cell in which it is used; from 1
# Two factors, numbers that are added up, their sum, and the index of one of them.
A, B, NUMBERS, SUM, AT = (Variable(name, 0) for name in ("a", "b", "numbers", "sum", "at"))
PRODUCT, ADDED_UP = times(A, B), call("SUM", NUMBERS)
HERE, THERE = Variable("here", 0), Variable("there", 0)
ASKS = Variable("the token that asks", 0)
ALLOWED = times(Number(1e-9), plus(ONE, call("ABS", THERE)))
MARK = word([(compare("<=", call("ABS", less(HERE, THERE)), ALLOWED), "✓")], otherwise=Text("✗"))
# e^(score − the largest score), a share from powers of e; the shares and slopes of all tokens.
POWER, SHARE = call("EXP", less(A, call("MAX", NUMBERS))), over(A, ADDED_UP)
SHARES, SLOPES = Variable("shares", 0), Variable("slopes", 0)
BACK = times(call("INDEX", SHARES, AT), less(call("INDEX", SLOPES, AT), SUM))


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
            product = found(PRODUCT, (A, one.value, cell(row, left)), (B, other.value, cell(row, left + 1)))
            yield Cell(row, left + 2, style, product.value, f"={product.formula}")

    def line(self, row: int, left: int, label: str, number: Found, style: Style) -> Iterator[Cell]:
        yield Cell(row, left + 1, "label", label)
        yield Cell(row, left + 2, style, number.value, f"={number.formula}")

    def result(self, row: int, left: int, label: str, number: Found, table: Found, style: Style) -> Iterator[Cell]:
        """A result, and below it the table's with a mark."""
        here = cell(row, left + 2)
        yield from self.line(row, left, label, number, style)
        yield Cell(row + 1, left + 1, "label", "table")
        yield Cell(row + 1, left + 2, "number", table.value, f"={table.formula}")
        there = cell(row + 1, left + 2)
        given = {HERE.name: number.value, THERE.name: table.value}
        yield Cell(row + 1, left + 3, "mark", *live_content(MARK, given, {HERE: here, THERE: there}.__getitem__))

    def score(self) -> Iterator[Cell]:
        """q·k over √F."""
        left, end = self.SCORE, self.first + self.source.features
        yield from self.heads(left, "1  the score: q·k over √F", ["q", "k", "q·k"])
        yield from self.products(left, self.factors, "box")
        dot = self.sum_of(left, self.factors)
        yield from self.line(end, left, "added up", dot, "box")
        scaled = found(over(A, self.root), (A, dot.value, cell(end, left + 2)))
        yield from self.result(end + 1, left, f"over √{self.source.features}", scaled, self.table("score"), "box")

    @property
    def root(self) -> Tree:
        """√F."""
        return call("SQRT", Number(self.source.features))

    def sum_of(self, left: int, factors: Sequence[tuple[Found, Found]]) -> Found:
        """The sum of a panel's products."""
        products = np.array([one.value * other.value for one, other in factors])
        cells = f"{cell(self.first, left + 2)}:{cell(self.first + self.source.features - 1, left + 2)}"
        return found(ADDED_UP, (NUMBERS, products, cells))

    def softmax(self) -> Iterator[Cell]:
        """Each token's score, its power of e, its share."""
        left, last = self.SOFTMAX, self.first + self.source.of.time - 1
        yield from self.heads(left, "2  softmax: e^s over the sum of all", ["s", "e^(s−max)", "α"])
        scores, powers, shares = (f"{cell(self.first, c)}:{cell(last, c)}" for c in range(left, left + 3))
        of_tokens = list(enumerate(self.of_tokens("score"), start=1))
        asked = np.array([s.value for number, s in of_tokens if number <= self.asks[0] or not self.source.of.causal])
        power_of = [
            found(
                self.if_asked(n, POWER, ZERO),
                (A, s.value, cell(self.first + n - 1, left)),
                (NUMBERS, asked, scores),
                (ASKS, *self.asks),
            )
            for n, s in of_tokens
        ]
        all_powers = np.array([power.value for power in power_of])
        share_of = []
        for (number, score), power in zip(of_tokens, power_of, strict=True):
            row = self.first + number - 1
            given = {A.name: score.value, ASKS.name: self.asks[0]}
            tree = self.if_asked(number, A, Text(""))
            yield Cell(row, left, "box", *live_content(tree, given, {A: score.formula, ASKS: self.asks[1]}.__getitem__))
            yield Cell(row, left + 1, "box", power.value, f"={power.formula}")
            share = found(SHARE, (A, power.value, cell(row, left + 1)), (NUMBERS, all_powers, powers))
            yield Cell(row, left + 2, "box", share.value, f"={share.formula}")
            share_of.append(share.value)
        own = found(call("INDEX", NUMBERS, AT), (NUMBERS, np.array([share_of]), shares), (AT, *self.asked))
        yield from self.result(last + 1, left, "α here", own, self.table("share"), "box")

    def if_asked(self, number: int, tree: Tree, otherwise: Tree) -> Tree:
        """The tree, where later tokens are not asked only of those up to the one that asks."""
        if not self.source.of.causal:
            return tree
        return call("IF", compare("<=", Number(number), ASKS), tree, otherwise)

    def slope_of_share(self) -> Iterator[Cell]:
        """∂E/∂α = ∂E/∂c·v."""
        left, end = self.SHARE, self.first + self.source.features
        yield from self.heads(left, "3  back: ∂E/∂α = ∂E/∂c·v", ["∂E/∂c", "v", "product"])
        yield from self.products(left, self.slopes, "backward")
        table = self.table("share", gradient=True)
        yield from self.result(end, left, "∂E/∂α", self.sum_of(left, self.slopes), table, "backward")

    def softmax_back(self) -> Iterator[Cell]:
        """∂E/∂s = α·(∂E/∂α − Σ α·∂E/∂α)."""
        left, last = self.BACK, self.first + self.source.of.time - 1
        yield from self.heads(left, "4  through the softmax", ["∂E/∂α", "α", "product"])
        slopes, shares = self.of_tokens("share", gradient=True), self.of_tokens("share")
        for row, (slope, share) in enumerate(zip(slopes, shares, strict=True), start=self.first):
            yield Cell(row, left, "backward", slope.value, f"={slope.formula}")
            yield Cell(row, left + 1, "box", share.value, f"={cell(row, self.SOFTMAX + 2)}")
            product = found(PRODUCT, (A, slope.value, cell(row, left)), (B, share.value, cell(row, left + 1)))
            yield Cell(row, left + 2, "backward", product.value, f"={product.formula}")
        numbers = np.array([[slope.value for slope in slopes], [share.value for share in shares]])
        products = f"{cell(self.first, left + 2)}:{cell(last, left + 2)}"
        total = found(ADDED_UP, (NUMBERS, numbers.prod(axis=0), products))
        yield from self.line(last + 1, left, "added up", total, "backward")
        ranges = [f"{cell(self.first, c)}:{cell(last, c)}" for c in (left, left + 1)]
        back = found(
            BACK,
            (SLOPES, numbers[:1], ranges[0]),
            (SHARES, numbers[1:], ranges[1]),
            (AT, *self.asked),
            (SUM, total.value, cell(last + 1, left + 2)),
        )
        yield from self.result(last + 2, left, "α·(∂E/∂α−sum)", back, self.table("score", gradient=True), "backward")

    def passed_on(self) -> Iterator[Cell]:
        """What this pair adds to ∂E/∂q, ∂E/∂k and ∂E/∂v."""
        left = self.ON
        yield from self.heads(left, "5  what this pair adds to", ["∂E/∂q", "∂E/∂k", "∂E/∂v"])
        slope, share = self.table("score", gradient=True), self.table("share")
        at = cell(self.first + self.source.of.time + 1, self.BACK + 2)
        own_share = cell(self.first + self.source.of.time, self.SOFTMAX + 2)
        by_score, by_share = over(PRODUCT, self.root), PRODUCT
        pairs = zip(self.factors, self.slopes, strict=True)
        for row, ((q, k), (error, _)) in enumerate(pairs, start=self.first):
            passed = (
                found(by_score, (A, slope.value, at), (B, k.value, cell(row, self.SCORE + 1))),
                found(by_score, (A, slope.value, at), (B, q.value, cell(row, self.SCORE))),
                found(by_share, (A, share.value, own_share), (B, error.value, cell(row, self.SHARE))),
            )
            for column, number in enumerate(passed, start=left):
                yield Cell(row, column, "backward", number.value, f"={number.formula}")
