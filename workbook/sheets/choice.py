"""A word that depends on numbers: the formula that says it in a cell, and its cache, from the same trees."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workbook.spreadsheet.evaluator import value_of
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Tree, Variable


@dataclass(frozen=True)
class Choice:
    """The word of the first condition that holds.

    Attributes:
        cases: conditions, as trees that are 1 or 0, each with its word.
        otherwise: the word where none holds.
    """

    cases: Sequence[tuple[Tree, str]]
    otherwise: str

    def word(self, numbers: Mapping[str, float]) -> str:
        """The word for numbers, by the names of the conditions' variables."""
        return next((word for condition, word in self.cases if value_of(condition, numbers)), self.otherwise)

    def formula(self, cell_of: Callable[[Variable], str]) -> str:
        """The same over cells, without a leading `=`."""
        formula = f'"{self.otherwise}"'
        for condition, word in reversed(self.cases):
            formula = f'IF({printed(condition, cell_of)},"{word}",{formula})'
        return formula
