"""What the user names on the command line, as areas of cells."""

from collections.abc import Iterator

import numpy as np

from engine import InputError
from workbook.spreadsheet.areas import Address, Area
from workbook.spreadsheet.arrays import numbers
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.parser import parse_arrays
from workbook.spreadsheet.shapes import shape_of
from workbook.spreadsheet.trace import traced
from workbook.spreadsheet.trees import Name, Range, Reference, UnsupportedError


def areas(cells: Cells, option: str, text: str, sheet: str, rows_down: int = 0) -> list[Area]:
    """The cells, ranges, defined names and formulas in an option's text, in their order.

    Args:
        sheet: where references without a sheet lead.
        rows_down: how many rows further down everything stands whose row has no $.

    Raises:
        InputError: one of them is none of these, or a formula cannot be computed.
    """
    found = [_area(cells, option, item.strip(), sheet, rows_down) for item in _items(text)]
    if not found:
        raise InputError(f"{option}: got nothing, expected cells such as {sheet}!A1:B3")
    return found


def _area(cells: Cells, option: str, item: str, sheet: str, rows_down: int) -> Area:
    try:
        if item.startswith("="):
            formula = cells.type_in(item[1:], sheet, rows_down)
            return cells.keep(formula, numbers(traced(cells, formula).value))
        leaf = parse_arrays(shape_of(item, 1).key)
        home = Address(sheet, 1 + rows_down, 1)
        if isinstance(leaf, Name):
            leaf = cells.meaning(leaf, home)
        if isinstance(leaf, Reference | Range):
            return cells.area_of(leaf, home)
    except UnsupportedError as error:
        raise InputError(f"{option}: got '{item}': {error}") from None
    raise InputError(
        f"{option}: got '{item}', expected a cell, a range, a defined name, or a formula that begins with ="
    )


def _items(text: str) -> Iterator[str]:
    """The items of a list, cut at its commas but not at those in quotes or brackets."""
    depth, quote, start = 0, "", 0
    for at, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif sign == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    if text[start:].strip():
        yield text[start:]


def paired(cells: Cells, parameters: list[Area], given: list[Area], option: str) -> list[tuple[Area, Area]]:
    """Parameters with what is given for each: range by range, or cell by cell where the ranges are cut differently.

    Raises:
        InputError: they do not fit.
    """
    if len(parameters) == len(given):
        for own, other in zip(parameters, given, strict=True):
            if other.shape not in (own.shape, own.shape[::-1]):
                raise InputError(
                    f"{option}: got {cells.text(other)}, {_size(other)}, expected {_size(own)} as {cells.text(own)}"
                )
        return list(zip(parameters, given, strict=True))
    singles = [[area.cell(*at) for area in some for at in np.ndindex(area.shape)] for some in (parameters, given)]
    if len(singles[0]) != len(singles[1]):
        raise InputError(
            f"{option}: got {len(singles[1])} cells, expected {len(singles[0])}, one for each of --parameters"
        )
    return list(zip(*singles, strict=True))


def _size(area: Area) -> str:
    return f"{area.shape[0]} x {area.shape[1]} cells"
