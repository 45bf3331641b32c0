"""What a judge asks for each fault that it finds: why it is one. Those who explain stand behind the judges."""

from dataclasses import dataclass
from typing import Literal, Protocol

from workbook.inspect.find.comparison import Comparison
from workbook.inspect.find.understand import Understood
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Tree

UNNAMED = "the formula computes something else than the column's header says"


@dataclass(frozen=True)
class Cause:
    """What is wrong, and whether it is a fault at all.

    Attributes:
        words: in words in which rows are relative, as in a shape's key.
    """

    words: str
    kind: Literal["root", "note", "right"] = "root"

    def text(self, row: int) -> str:
        """The words for a row."""
        return Shape(self.words).text(row)


class Causes(Protocol):
    """Who knows the causes of what is wrong in a column."""

    def cause_of_formula(
        self, understood: Understood, name: str, shape: Shape, row: int, *, thorough: bool = True
    ) -> Cause:
        """Why a formula does not compute what its column should be."""

    def cause_of_numbers(self, understood: Understood, name: str, rows: list[int]) -> Cause | None:
        """Which slip gives the numbers that a column holds in some of its rows."""


class CauseByDefinition(Protocol):
    """Who knows why a formula is not what its column's definition says."""

    def __call__(self, comparison: Comparison, name: str, got: Tree, expected: Tree, row: int) -> str:
        """The cause in words, with the cells of a row from 0."""
