"""A text that depends on numbers: the formula that says it in a cell, and its cache, from the same trees."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

from workbook.spreadsheet.algebra import call, compare
from workbook.spreadsheet.evaluator import value_of
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Number, Text, Tree, Variable

# What a condition and a number's text are about, where that is one number.
NUMBER = Variable("number", 0)
ZERO = compare("=", NUMBER, Number(0))


class NumberText(Protocol):
    """A way to write a number."""

    def text(self, number: float) -> str:
        """The number as a text."""

    def formula(self, cell: str) -> str:
        """The formula that writes a cell's number, without a leading `=`."""


@dataclass(frozen=True)
class Pattern:
    """A number in one of Excel's formats: 0.000, with so many decimals, or 0.0E+00, with an exponent."""

    pattern: str

    def text(self, number: float) -> str:
        """The number as a text."""
        decimals, _, exponent = self.pattern.partition(".")[2].partition("E")
        return f"{number:.{len(decimals)}{'E' if exponent else 'f'}}"

    def formula(self, cell: str) -> str:
        """The formula that writes a cell's number."""
        return f'TEXT({cell},"{self.pattern}")'


@dataclass(frozen=True)
class TextChoice:
    """The text of the first condition that holds: words, or NUMBER as a text.

    Attributes:
        cases: conditions, as trees that are 1 or 0, each with its text.
        otherwise: the text where none holds.
    """

    cases: Sequence[tuple[Tree, str | NumberText]]
    otherwise: str | NumberText

    def text(self, numbers: Mapping[str, float]) -> str:
        """The text for numbers, by the names of the conditions' variables."""
        chosen = next((text for condition, text in self.cases if value_of(condition, numbers)), self.otherwise)
        return chosen if isinstance(chosen, str) else chosen.text(numbers[NUMBER.name])

    def formula(self, cell_of: Callable[[Variable], str]) -> str:
        """The formula that gives this text over cells, without a leading `=`."""

        def spelled(text: str | NumberText) -> str:
            return f'"{text}"' if isinstance(text, str) else text.formula(cell_of(NUMBER))

        formula = spelled(self.otherwise)
        for condition, text in reversed(self.cases):
            formula = f"IF({printed(condition, cell_of, spaced=False)},{spelled(text)},{formula})"
        return formula


def word(cases: Sequence[tuple[Tree, str]], otherwise: Tree) -> Tree:
    """The word of the first condition that holds."""
    return reduce(lambda rest, case: call("IF", case[0], Text(case[1]), rest), reversed(cases), otherwise)


def size_within(least: float, below: float) -> Tree:
    """The condition that the size of NUMBER is at least the first bound and below the second."""
    size = call("ABS", NUMBER)
    return call("AND", compare(">=", size, Number(least)), compare("<", size, Number(below)))
