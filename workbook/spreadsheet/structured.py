"""Structured references, such as Table1[[#This Row],[w1]], as the cells that they stand for (ECMA-376, 18.17.6.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from workbook.spreadsheet.areas import quoted
from workbook.spreadsheet.letters import letters_of

# A quote makes the bracket behind it a part of the name.
_PART = r"(?:[^\[\]']|'.)*"
REFERENCE = re.compile(rf'"[^"]*"|\'[^\']*\'|(?<![\w.!\]])([^\W\d][\w.]*)\[((?:\[{_PART}\]|[^\[\]\']|\'.)*)\]')
ITEM = re.compile(rf"\[({_PART})\]")


@dataclass(frozen=True)
class ExcelTable:
    """A table of a workbook, from its first row, which may be a header, to its last, which may be one of totals."""

    sheet: str
    top: int
    left: int
    bottom: int
    columns: tuple[str, ...]
    headers: int = 1
    totals: int = 0

    def rows(self, items: set[str], row: int) -> tuple[str, str] | None:
        """The first and the last of the rows that items such as `#All` stand for, in a formula of a row."""
        first, last = self.top + self.headers, self.bottom - self.totals
        spans = {
            "#all": (self.top, self.bottom),
            "#data": (first, last),
            "#headers": (self.top, first - 1),
            "#totals": (last + 1, self.bottom),
        }
        if items == {"#this row"}:
            return (str(row), str(row)) if first <= row <= last else None
        if not items <= set(spans):
            return None
        chosen = [spans[item] for item in items or {"#data"}]
        top, bottom = min(span[0] for span in chosen), max(span[1] for span in chosen)
        return (f"${top}", f"${bottom}") if top <= bottom else None

    def across(self, names: list[str]) -> tuple[str, str] | None:
        """The letters of the first and the last of the columns between these, of all if there are none."""
        known = {name.casefold(): letters_of(at) for at, name in enumerate(self.columns, start=self.left)}
        letters = [known.get(re.sub("'(.)", r"\1", name).casefold()) for name in names] or list(known.values())
        found = [letter for letter in letters if letter is not None]
        return (found[0], found[-1]) if found and len(found) == len(letters) else None


def plain(formula: str, tables: Mapping[str, ExcelTable], sheet: str, row: int) -> str:
    """A formula in a row of a sheet with cells in place of its structured references; what leads nowhere stays.

    Args:
        tables: by their names in lower case.
    """

    def cells(match: re.Match[str]) -> str:
        table = tables.get((match[1] or "").casefold())
        if table is None:
            return match[0]
        inside = match[2]
        parts = ITEM.findall(inside) if "[" in inside else [inside] if inside else []
        if inside.startswith("@"):
            parts = ["#This Row", *(parts if "[" in inside else [inside[1:]] if inside != "@" else [])]
        rows = table.rows({part.casefold() for part in parts if part.startswith("#")}, row)
        columns = table.across([part for part in parts if not part.startswith("#")])
        if rows is None or columns is None:
            return match[0]
        first, last = (f"${column}{at}" for column, at in zip(columns, rows, strict=True))
        there = "" if table.sheet == sheet else f"{quoted(table.sheet)}!"
        return f"{there}{first}" if first == last else f"{there}{first}:{last}"

    return REFERENCE.sub(cells, formula)
