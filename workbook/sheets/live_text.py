"""Sentences whose numbers are live: a template becomes a text, and the formula that writes that text from cells.

In a template `[a_h1]` stands for a number as a text, `[~a_h1]` for the same in brackets if it is negative, as a factor
is written, `[?a_h1|above|below|zero]` for one of three texts by its sign.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from workbook.sheets.choice import NUMBER, ZERO, Pattern, TextChoice, size_within
from workbook.spreadsheet.algebra import call
from workbook.spreadsheet.printer import printed, quoted
from workbook.spreadsheet.trees import Tree, Variable

FIELD = re.compile(r"\[([^]]+)\]")


@dataclass(frozen=True)
class LiveText:
    """What the templates' fields stand for.

    Attributes:
        numbers: by name.
        value_cell, text_cell: where a number stands, and where it stands as a text, by name.
    """

    numbers: Mapping[str, float]
    value_cell: Callable[[str], str]
    text_cell: Callable[[str], str]

    def text(self, template: str) -> str:
        """The text with its numbers as they are now."""
        return FIELD.sub(lambda found: self._now(found[1]), template)

    def formula(self, template: str) -> str:
        """The formula that says the text over the cells."""
        parts = FIELD.split(template)
        said = [self._over_cells(part) if at % 2 else quoted(part) for at, part in enumerate(parts) if at % 2 or part]
        return "=" + "&".join(said)

    def _now(self, field: str) -> str:
        if field.startswith("?"):
            name, *texts = field[1:].split("|")
            number = self.numbers[name]
            return texts[0 if number > 0 else 1 if number < 0 else 2]
        number = self.numbers[field.removeprefix("~")]
        return f"({as_text(number)})" if field.startswith("~") and number < 0 else as_text(number)

    def _over_cells(self, field: str) -> str:
        if field.startswith("?"):
            name, *texts = field[1:].split("|")
            cell = self.value_cell(name)
            above, below, zero = map(quoted, texts)
            return f"IF({cell}>0,{above},IF({cell}<0,{below},{zero}))"
        if field.startswith("~"):
            value, text = self.value_cell(field[1:]), self.text_cell(field[1:])
            return f'IF({value}<0,"("&{text}&")",{text})'
        return self.text_cell(field)


def fields_of(template: str) -> list[str]:
    """The names of the numbers that a template tells."""
    return [field.removeprefix("~").removeprefix("?").partition("|")[0] for field in FIELD.findall(template)]


def plugged(tree: Tree) -> str:
    """A template of a tree with its numbers."""
    return printed(tree, lambda leaf: leaf.name if not isinstance(leaf, Variable) else f"[~{leaf.name}]")


class Rounded:
    """A number to four decimals, without zeros at its end."""

    def text(self, number: float) -> str:
        """The number as a text."""
        rounded = Decimal(repr(float(number))).quantize(Decimal("0.0001"), ROUND_HALF_UP)  # as ROUND does it
        return np.format_float_positional(float(rounded) + 0.0, trim="-")

    def formula(self, cell: str) -> str:
        """The formula that writes a cell's number so."""
        return f'ROUND({cell},4)&""'


# To four decimals, if small to seven or ten, the smallest and the largest as 1.00E-09.
TOLD = TextChoice(
    [
        (call("OR", ZERO, size_within(0.001, 1e6)), Rounded()),
        (size_within(1e-5, 1), Pattern("0.0000000")),
        (size_within(1e-8, 1), Pattern("0.0000000000")),
    ],
    otherwise=Pattern("0.00E+00"),
)


def as_text(number: float) -> str:
    """A number as a text, for reading."""
    return TOLD.text({NUMBER.name: number})


def text_formula(cell: str) -> str:
    """The formula that writes a cell's number for reading."""
    return f"={TOLD.formula(lambda _: cell)}"
