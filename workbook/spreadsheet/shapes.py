"""A formula apart from its row: what stays the same when it is filled down a column."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from workbook.spreadsheet.forms import Parsed, parsed
from workbook.spreadsheet.letters import column_of, letters_of
from workbook.spreadsheet.trees import UnsupportedError

EXTERNAL = re.compile(r"\[\d+\]|\[[^\]]+\.xls\w?\]")
# Texts and quoted sheet names come first, so that nothing in them is taken for a reference.
REFERENCE = re.compile(
    r'"[^"]*"|\'[^\']*\'|(?<![\w.$\]])(\$?)([A-Za-z]{1,3})(\$?)([1-9]\d{0,6})(?![\w(.!])',
)
RELATIVE_ROW = re.compile("‹(-?[0-9]+)›")


@dataclass(frozen=True)
class Shape:
    """A formula, without its `=`, in which every row number that moves when it is filled down is relative.

    `E21-$G$19*X21` in row 22 has the key `E‹-1›-$G$19*X‹-1›`.
    """

    key: str

    def text(self, row: int) -> str:
        """The formula as it stands in a row."""
        pattern, offsets = self._pattern
        return pattern % tuple([row + offset for offset in offsets])

    @property
    def parsed(self) -> Parsed:
        """The formula parsed, once for all cells that it was filled into.

        Raises:
            UnsupportedError: it uses what is not supported.
        """
        if isinstance(self._parsed, str):
            raise UnsupportedError(self._parsed)
        return self._parsed

    @cached_property
    def _parsed(self) -> Parsed | str:
        """The formula parsed, or why it cannot be."""
        if EXTERNAL.search(self.key):
            return "it refers to another workbook"
        try:
            return parsed(self.key)
        except UnsupportedError as error:
            return str(error)

    @cached_property
    def _pattern(self) -> tuple[str, list[int]]:
        offsets = [int(offset) for offset in RELATIVE_ROW.findall(self.key)]
        return RELATIVE_ROW.sub("%d", self.key.replace("%", "%%")), offsets


def shape_of(formula: str, row: int, columns_on: int = 0) -> Shape:
    """The shape of a formula that stands in a row, moved on by a number of columns."""

    def relative(match: re.Match[str]) -> str:
        frozen_column, letters, frozen_row, number = match.groups()
        if letters is None:
            return match[0]
        if columns_on and not frozen_column:
            letters = letters_of(column_of(letters) + columns_on)
        row_text = f"${number}" if frozen_row else f"‹{int(number) - row}›"
        return f"{frozen_column}{letters.upper()}{row_text}"

    return _shape(REFERENCE.sub(relative, formula))


@lru_cache(maxsize=4096)
def _shape(key: str) -> Shape:
    return Shape(key)
