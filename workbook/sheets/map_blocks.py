"""Two blocks of numbers and their products, side by side, on the sheet `maps`."""

from collections.abc import Iterator
from dataclasses import dataclass

from workbook.records import Cell, SignScale
from workbook.sheets.live import Live, live
from workbook.sheets.map_tiles import LEFT
from workbook.spreadsheet.algebra import times
from workbook.spreadsheet.trees import Variable
from workbook.table.layout import letter

TEXT = "0.00;(-0.00)"
FACTORS = Variable("factor", 0), Variable("other", 0)
PRODUCT = times(*FACTORS)


@dataclass(frozen=True)
class Term:
    """A product of two factors.

    Attributes:
        row, column: of each factor, from the top and left of its block.
    """

    row: int
    column: int
    factors: tuple[Live, Live]

    @property
    def numbers(self) -> tuple[float, float]:
        """Its factors' numbers as the file opens."""
        return self.factors[0][0], self.factors[1][0]


@dataclass(frozen=True)
class PictureBlock:
    """Two pictures side by side and their products, from a row on.

    Attributes:
        width: columns of each.
        backward: whether the first factors and the products are gradients.
    """

    top: int
    width: int
    terms: list[Term]
    backward: bool

    def column(self, which: int) -> int:
        """The first column of a factor, 0 or 1, or of the products, 2."""
        return LEFT + which * (self.width + 2)

    @property
    def bottom(self) -> int:
        """The last row."""
        return self.top + max(term.row for term in self.terms)

    def area(self, which: int) -> str:
        """The cells of a factor or of the products."""
        first, last = letter(self.column(which)), letter(self.column(which) + self.width - 1)
        return f"${first}${self.top}:${last}${self.bottom}"

    def cell(self, term: Term, which: int) -> str:
        """The cell of a term's factor or product."""
        return f"{letter(self.column(which) + term.column)}{self.top + term.row}"

    def cells(self) -> Iterator[Cell]:
        """Both factors and the products."""
        middle = (self.top + self.bottom) // 2
        yield Cell(middle, self.column(1) - 2, "mark", "×")
        yield Cell(middle, self.column(2) - 2, "mark", "=")
        for term in self.terms:
            row = self.top + term.row
            for which in range(2):
                yield Cell(row, self.column(which) + term.column, "map", *term.factors[which])
            yield Cell(row, self.column(2) + term.column, "map", *self.product(term))

    def product(self, term: Term) -> Live:
        """A term's product over the cells of its factors."""
        cells = {leaf: self.cell(term, which) for which, leaf in enumerate(FACTORS)}
        numbers = {leaf.name: number for leaf, number in zip(FACTORS, term.numbers, strict=True)}
        return live(PRODUCT, numbers, cells.__getitem__)

    def scales(self) -> list[SignScale]:
        """Of gradients in the colours of theirs."""
        return [SignScale([self.area(which)], backward=self.backward and which != 1) for which in range(3)]


def text(number: float) -> str:
    """A number in a sum that is spelled out."""
    return f"({number:.2f})" if number < 0 else f"{number:.2f}"


def text_formula(cell: str) -> str:
    """The formula that writes a cell's number so."""
    return f'TEXT({cell},"{TEXT}")'
