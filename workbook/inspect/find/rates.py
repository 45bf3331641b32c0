"""Which learning rate a table was computed with: what its updates refer to, what labels say."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine import FloatArray
from workbook.inspect.find.headers import typed_number
from workbook.inspect.find.labels import LabelledCell
from workbook.inspect.find.rate_references import referred_to
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.book import Book
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.letters import letters_of
from workbook.spreadsheet.parser import parse
from workbook.spreadsheet.references import definition_of
from workbook.spreadsheet.trace import number_named
from workbook.spreadsheet.trees import Name, Number, Range, Reference, UnsupportedError, leaves

# The updates of so many rows are looked at: enough to outvote any slip.
ROWS_ASKED = 40
MOST_LITERALS = 4


@dataclass(frozen=True)
class Rate:
    """A learning rate and where it stands.

    Attributes:
        text: how an update refers to it: `$G$19`, `0.5`, `eta`, or the letters of the column of the rates of the rows.
        value: the rate, or None where each row has its own.
        cell: the one cell that it stands in, or None.
        column: the column of the rates of the rows, or None.
        name: the defined name that stands for it, by its key in the book, or None.
        offset: how far above an update its rate stands in that column.
        note: what the reader should know about where it was found.
    """

    text: str
    value: float | None
    cell: Address | None = None
    column: int | None = None
    offset: int = 0
    note: str | None = None
    name: tuple[str, str | None] | None = None

    @property
    def is_typed(self) -> bool:
        """Whether it stands nowhere but as a number in the formulas, if there."""
        return self.cell is None and self.column is None and self.name is None


def find_rates(book: Book, table: Table, labels: Sequence[LabelledCell], weights: Sequence[str]) -> list[Rate]:
    """The learning rate, first from what the update formulas refer to, then from labels, then from the numbers.

    Several only where it is one of the numbers that stand in the formulas, and which one is not known yet.
    """
    label = _nearest(table, [label for label in labels if label.name == "eta" and label.value is not None])
    votes = Counter(referred_to(book, table, weights, _update_rows(table)))
    if votes:
        labelled = {label.address for label in labels if label.name == "eta"}
        target, _ = max(votes.items(), key=lambda item: (item[1], item[0] in labelled))
        return [_compared(_referred(book, table, target), label)]
    if (own_column := table.columns.get("eta")) is not None:
        return [_column_rate(table, own_column, -1)]
    numbers = Counter(_literals(table, weights))
    if numbers and not (set(numbers) == {1.0} and label is not None and label.value != 1):
        return [_compared(_literal(value), label) for value, _ in numbers.most_common(MOST_LITERALS)]
    rate = _without_formulas(table, label, weights)
    return [] if rate is None else [rate]


def _literal(value: float) -> Rate:
    note = (
        "it stands as a number in the update formulas" if value != 1 else "the updates have no factor for it: it is 1"
    )
    return Rate(f"{value:.15g}", value, note=note)


def _without_formulas(table: Table, label: LabelledCell | None, weights: Sequence[str]) -> Rate | None:
    fitted = _fitted(table, weights)
    if label is not None:
        rate = _of_label(label)
        formulas = any(table.sheet.shape(row, table.columns[name]) for name in weights for row in _update_rows(table))
        if formulas or fitted is None or np.isclose(fitted, label.value or 0.0, rtol=1e-3):
            return rate
        note = f"{label.address.bare} says {label.value:g}, but the numbers were computed with {fitted:.6g}"
        return Rate(f"{fitted:.6g}", fitted, note=note)
    if fitted is None:
        return None
    return Rate(f"{fitted:.6g}", fitted, note="no cell holds it: it is inferred from the numbers")


def _of_label(label: LabelledCell) -> Rate:
    return Rate(label.address.frozen, label.value, label.address)


def _compared(rate: Rate, label: LabelledCell | None) -> Rate:
    if label is None or label.value is None or rate.value is None or np.isclose(label.value, rate.value, rtol=1e-9):
        return rate
    where = "the update formulas" if rate.is_typed else rate.text
    return replace(
        rate, note=f"{where} has {rate.value:g}; {label.address.bare} is labelled as the rate and has {label.value:g}"
    )


def _nearest(table: Table, labels: Sequence[LabelledCell]) -> LabelledCell | None:
    left, right = min(table.columns.values()), max(table.columns.values())

    def distance(label: LabelledCell) -> tuple[int, int]:
        _, row, column = label.address
        beside = max(left - column, column - right, 0)
        return (0 if row <= table.header_row else 1, abs(table.header_row - row) + beside)

    return min(labels, key=distance, default=None)


def _update_rows(table: Table) -> Sequence[int]:
    return table.at[1 : 1 + ROWS_ASKED]


def _referred(book: Book, table: Table, target: Address | tuple[int, int] | Name) -> Rate:
    if isinstance(target, Name):
        value = number_named(Cells(book), target, Address(table.sheet.name, 1, 1))
        key, note = definition_of(book, target, table.sheet.name), f"the defined name {target.text} stands for it"
        return Rate(target.text, value, note=note, name=key)
    if not isinstance(target, Address):
        return _column_rate(table, *target)
    quoted = target.sheet.replace("'", "''")
    prefix = "" if target.sheet == table.sheet.name else f"'{quoted}'!"
    return Rate(f"{prefix}{target.frozen}", typed_number(book.value(target)), target)


def _column_rate(table: Table, column: int, offset: int) -> Rate:
    rates = {typed_number(table.sheet.value(row, column)) for row in table.at}
    numbers = {rate for rate in rates if rate is not None}
    value = numbers.pop() if len(numbers) == 1 else None
    return Rate(letters_of(column), value, column=column, offset=offset)


def _literals(table: Table, weights: Sequence[str]) -> Iterator[float]:
    for name in weights:
        for row in _update_rows(table):
            shape = table.sheet.shape(row, table.columns[name])
            if shape is None:
                continue
            try:
                operands = list(leaves(parse(shape.key)))
            except UnsupportedError:
                continue
            numbers = {leaf.value for leaf in operands if isinstance(leaf, Number)}
            # A bare w - g is an update with a rate of 1; a name in it may be the rate, though nobody can follow it.
            yield from numbers or ({1.0} if all(isinstance(leaf, Reference | Range) for leaf in operands) else ())


def _fitted(table: Table, weights: Sequence[str]) -> float | None:
    """The rate that most updates have in common, from the numbers alone."""
    ratios = [ratio for name in weights if f"∂E/∂{name}" in table.columns for ratio in _ratios(table, name)]
    if not ratios:
        return None
    middle = float(np.median(ratios))
    agreeing = np.isclose(ratios, middle, rtol=1e-3).mean()
    return float(f"{middle:.4g}") if agreeing > 0.5 else None


def _ratios(table: Table, name: str) -> FloatArray:
    w, g = (
        np.array([typed_number(table.sheet.value(row, table.columns[n])) for row in table.at], dtype=float)
        for n in (name, f"∂E/∂{name}")
    )
    with np.errstate(all="ignore"):
        ratios = (w[:-1] - w[1:]) / g[:-1]
    # Where a step is small against the weight, rounding swamps it.
    known: FloatArray = ratios[np.isfinite(ratios) & (np.abs(w[:-1] - w[1:]) > 1e-5 * np.abs(w[1:]))]
    return known
