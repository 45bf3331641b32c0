"""What a judge asks for each fault that it finds: why it is one. Those who explain stand behind the judges."""

from dataclasses import dataclass
from typing import Literal, Protocol

from workbook.spreadsheet.shapes import Shape

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
    """Who knows the causes of what is wrong in a table's columns."""

    def of_formula(self, name: str, shape: Shape, row: int, *, thorough: bool = True) -> Cause:
        """Why a formula in a row of the sheet does not compute what its column should be.

        Args:
            thorough: whether to look for a slip, which may take a while.
        """

    def of_numbers(self, name: str, rows: list[int]) -> Cause | None:
        """Which slip gives the numbers that a column holds in some of its rows, counted from the first, 0."""
