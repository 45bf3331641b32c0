"""An excerpt of a table, to be shown as its sheet looks: the cells of some of its rows, and the loss of every step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbook.inspect.find.tables import Table
from workbook.spreadsheet.book import Value

# Of a long table these rows are shown, and those where something begins or ends.
FIRST_ROWS, LAST_ROWS = 3, 2
MOST_ROWS, MOST_COLUMNS = 40, 60

CellContent = tuple[Value | None, str | None]


@dataclass(frozen=True)
class Excerpt:
    """Some cells of a sheet, as they stand there; rows and columns count from 1.

    Attributes:
        rows: by row, the value and the formula of its cell in each of the columns.
        columns_left_out: how many columns of the table are not in it.
        loss_column: where the total loss stands.
        losses: the total loss of every row, nan where it is no number; empty without such a column.
        expected_losses: the same with the right formulas; empty where nothing is wrong, or it is not known.
    """

    columns: tuple[int, ...]
    rows: dict[int, tuple[CellContent, ...]]
    columns_left_out: int
    loss_column: int | None
    losses: tuple[float, ...]
    expected_losses: tuple[float, ...]


def excerpt_of(
    table: Table, marked: Sequence[tuple[str, tuple[int, ...]]] = (), expected_losses: Sequence[float] = ()
) -> Excerpt:
    """The excerpt of a table in which some columns, by our names, are marked in some rows of the sheet."""
    columns, whole = _columns(table, [name for name, _ in marked])
    rows = _rows(table.header_row, table.at, [at for _, at in marked if at])
    return Excerpt(
        columns=columns,
        rows={row: tuple(_cell(table, column, row) for column in columns) for row in rows},
        columns_left_out=whole - len(columns),
        loss_column=table.columns.get("E_tot"),
        losses=_losses(table, table.at),
        expected_losses=tuple(expected_losses),
    )


def _columns(table: Table, marked: Sequence[str]) -> tuple[tuple[int, ...], int]:
    """Which columns are in it, those that are marked before others, and how many the table has."""
    all_of_them = range(min(table.columns.values()), max(table.columns.values()) + 1)
    first = [table.columns[name] for name in marked if name in table.columns]
    chosen = list(dict.fromkeys([*first, *all_of_them]))[:MOST_COLUMNS]
    return tuple(sorted(chosen)), len(all_of_them)


def _rows(header_row: int, steps: Sequence[int], marked: Sequence[tuple[int, ...]]) -> list[int]:
    """The rows that are in it: the headers and what follows, the last steps, and the ends of what is marked."""
    wanted = [*range(header_row, steps[0]), *steps[:FIRST_ROWS], *steps[-LAST_ROWS:]]
    for rows in marked:
        wanted += [rows[0] - 1, rows[0], rows[-1]]
    inside = dict.fromkeys(row for row in wanted if header_row <= row <= steps[-1])
    chosen = set(list(inside)[:MOST_ROWS])
    # One row takes no more room than the line that says that it is left out.
    gaps = {row + 1 for row in chosen if row + 2 in chosen}
    return sorted(chosen | gaps)


def _cell(table: Table, column: int, row: int) -> CellContent:
    shape = table.sheet.shape(row, column)
    return table.sheet.value(row, column), None if shape is None else f"={shape.text(row)}"


def _losses(table: Table, steps: Sequence[int]) -> tuple[float, ...]:
    if "E_tot" not in table.columns:
        return ()
    values = (table.sheet.value(row, table.columns["E_tot"]) for row in steps)
    return tuple(value if isinstance(value, float) else math.nan for value in values)
