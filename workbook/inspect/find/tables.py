"""Finding the training tables of a sheet, whatever stands around them."""

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from engine import FloatArray
from workbook.inspect.find.headers import COMPUTED, kind_of, meaning, typed_number
from workbook.inspect.find.rows import MOST_ROWS_BETWEEN, Rows, find_rows
from workbook.spreadsheet.areas import Address, Area, bare_text
from workbook.spreadsheet.book import Sheet, Value
from workbook.spreadsheet.letters import letters_of
from workbook.spreadsheet.parser import references
from workbook.spreadsheet.trees import Reference

# A row of headers that are ours in at least this many columns begins a table.
FEWEST_NAMES = 5


@dataclass(frozen=True)
class Table:
    """A training table as it stands on a sheet; rows and columns count from 1.

    Attributes:
        columns: our names and where they stand; a header over nothing is no column.
        empty: our names in headers over nothing.
        rows: which rows are steps.
        others: columns of the header row that are ignored, with their headers.
        detached: losses that stand apart from the rest: loss curves, perhaps.
        shared: targets and inputs that stand in a table beside this one.
    """

    sheet: Sheet
    header_row: int
    rows: Rows
    columns: dict[str, int]
    empty: tuple[str, ...] = ()
    others: dict[int, str] = field(default_factory=dict)
    detached: set[str] = field(default_factory=set)
    shared: frozenset[str] = frozenset()

    @property
    def at(self) -> Sequence[int]:
        """The row of the sheet of each step."""
        return self.rows.steps

    @property
    def steps(self) -> int:
        """The number of rows."""
        return len(self.at)

    @property
    def last_row(self) -> int:
        """The row of the last step."""
        return self.at[-1]

    @cached_property
    def _steps(self) -> Mapping[int, int]:
        return {row: step for step, row in enumerate(self.at)}

    def step(self, row: int) -> int | None:
        """Which step, from 0, stands in a row of the sheet."""
        if isinstance(self.at, range):
            return row - self.at[0] if row in self.at else None
        return self._steps.get(row)

    def above(self, row: int) -> int:
        """The row of the step before the one in a row."""
        step = self.step(row)
        return row - 1 if not step else self.at[step - 1]

    @cached_property
    def starts(self) -> frozenset[int]:
        """The steps, from 0, right above which no other one stands."""
        gaps = () if isinstance(self.at, range) else np.flatnonzero(np.diff(self.at) != 1).tolist()
        return frozenset((0, *(step + 1 for step in gaps)))

    def follows(self, row: int) -> bool:
        """Whether a row is a step and the row right above it is the one before."""
        step = self.step(row)
        return step is not None and step not in self.starts

    @property
    def range(self) -> str:
        """The cells of its steps."""
        own = [column for name, column in self.columns.items() if name not in self.shared]
        return bare_text(Area(self.sheet.name, self.at[0], min(own), self.last_row, max(own)))

    @property
    def remarks(self) -> list[str]:
        """What stands below it and looks like more of it."""
        below = self.rows.goes_on
        line = f"row {self.last_row + 1} is empty, but numbers go on in row {below}: not checked"
        return [] if below is None else [line]

    def without(self, names: Iterable[str]) -> "Table":
        """The table with some of its columns among those that are ignored."""
        headers = {self.columns[name]: str(self.sheet.value(self.header_row, self.columns[name])) for name in names}
        columns = {name: column for name, column in self.columns.items() if column not in headers}
        return replace(self, columns=columns, others={**self.others, **headers})

    def header(self, name: str) -> Value | None:
        """What stands above a name's column."""
        return self.sheet.value(self.header_row, self.columns[name])

    def letter(self, name: str) -> str:
        """The letter of a name's column."""
        return str(letters_of(self.columns[name]))

    def cell(self, name: str, row: int) -> str:
        """The address of a name's cell in a row of the sheet."""
        return Address(self.sheet.name, row, self.columns[name]).bare

    @cached_property
    def typed(self) -> list[str]:
        """Our names of the columns without a formula in any step."""
        shapes = {name: self.sheet.shapes.get(column, {}) for name, column in self.columns.items()}
        return [name for name in self.columns if not any(row in shapes[name] for row in self.at)]

    def numbers(self, name: str) -> FloatArray:
        """A column's number in each step, nan where a cell holds none; also one that is stored as a text."""
        return self.numbers_below(self.columns[name])

    def numbers_below(self, column: int) -> FloatArray:
        """The same of any column of the sheet."""
        if column not in self._numbers:
            cells = self.sheet.values.get(column, {})
            values = [cells.get(row) for row in self.at]
            if set(map(type, values)) != {float}:
                values = [math.nan if (number := typed_number(value)) is None else number for value in values]
            self._numbers[column] = np.array(values, dtype=float)
        return self._numbers[column]

    @cached_property
    def _numbers(self) -> dict[int, FloatArray]:
        return {}

    def numbers_of(self, name: str) -> list[Value]:
        """What stands in a column and is a number, as it is stored."""
        cells = self.sheet.values.get(self.columns[name], {})
        return [value for row in self.at if typed_number(value := cells.get(row)) is not None and value is not None]

    def ends_early(self, name: str) -> bool:
        """Whether a column has no cell in the last row, which is only partly filled."""
        return self.rows.partial and not self.sheet.holds(self.last_row, self.columns[name])

    def without_value(self, name: str) -> list[int]:
        """The rows, from 0, in which a formula stands whose value nobody has computed."""
        column = self.columns[name]
        values, shapes = self.sheet.values.get(column, {}), self.sheet.shapes.get(column, {})
        return [step for step, row in enumerate(self.at) if row in shapes and row not in values]


def find_tables(sheet: Sheet) -> list[Table]:
    """Every training table of a sheet, from the top down and from left to right."""
    headers = {row: names for row, names in sorted(_named_rows(sheet).items()) if _is_table(dict(names).values())}
    rows = memoryview(array("q", headers))  # whose slices are no copies: each row may be a header
    found: list[Table] = []
    for number, (row, names) in enumerate(headers.items(), start=1):
        side_by_side = list(_side_by_side(names))
        beside = [
            Table(sheet, row, steps, columns, detached=detached)
            for columns, detached in side_by_side
            if not any(_repeats(table, row, columns) for table in found)
            and (steps := find_rows(sheet, row, columns, rows[number:])) is not None
        ]
        beside = [_sharing(table, beside) for table in beside]
        others = [_other_columns(table, beside) for table in beside]
        found += [_without_empty_columns(replace(table, others=o)) for table, o in zip(beside, others, strict=True)]
    return found


def _repeats(table: Table, row: int, columns: Mapping[str, int]) -> bool:
    """Whether a row of headers stands among the steps of a table, as where one repeats them on every page."""
    return table.at[0] < row < table.last_row and not set(columns.values()).isdisjoint(table.columns.values())


def _sharing(table: Table, beside: Sequence[Table]) -> Table:
    """The table with those targets and inputs of its neighbours that its own formulas read."""
    read = {
        leaf.column
        for column in table.columns.values()
        if (shape := table.sheet.shape(table.at[0], column)) is not None
        for leaf in references(shape.key)
        if isinstance(leaf, Reference) and leaf.sheet is None
    }
    shared = {
        name: column
        for other in beside
        for name, column in other.columns.items()
        if kind_of(name) in ("target", "input") and name not in table.columns and column in read
    }
    return replace(table, columns={**table.columns, **shared}, shared=frozenset(shared)) if shared else table


def _without_empty_columns(table: Table) -> Table:
    filled = {
        name: column
        for name, column in table.columns.items()
        if any(table.sheet.holds(row, column) for row in table.at)
    }
    return replace(table, columns=filled, empty=tuple(name for name in table.columns if name not in filled))


@dataclass(frozen=True)
class Unfilled:
    """The headers of a table over too little to be judged.

    Attributes:
        row: the row of the headers.
        columns: our names and where they stand.
        words: what is there, in words.
    """

    row: int
    columns: dict[str, int]
    words: str


def unfilled(sheet: Sheet) -> Unfilled | None:
    """The first headers of a table that stand over too little to be judged; None without such headers."""
    for row, names in sorted(_named_rows(sheet).items()):
        names_at = dict(names)
        if not _is_table(names_at.values()):
            continue
        below = range(row + 1, row + 2 + MOST_ROWS_BETWEEN)
        filled = max(sum(sheet.holds(at, column) for column in names_at) for at in below)
        return Unfilled(
            row,
            {name: column for column, name in names},
            f"row {row} of '{sheet.name}' has the headers of a training table, {len(names_at)} columns, "
            f"but below them {filled} are filled, expected half of them at least",
        )
    return None


def turned(sheet: Sheet) -> str | None:
    """Which column has the headers of a table one below the other, in words; None without one."""
    for column, cells in sorted(sheet.values.items()):
        names = (meaning(text) for text in cells.values() if isinstance(text, str))
        if _is_table(name for name in names if name is not None):
            return (
                f"column {letters_of(column)} of '{sheet.name}' has the headers of a training table one below "
                "the other; copy the table and paste it transposed, so that each step is a row"
            )
    return None


def _named_rows(sheet: Sheet) -> dict[int, list[tuple[int, str]]]:
    rows: dict[int, list[tuple[int, str]]] = {}
    for column, cells in sorted(sheet.values.items()):
        for row, text in cells.items():
            if (
                isinstance(text, str)
                and (name := meaning(text)) is not None
                and not _is_listed(name, cells.get(row + 1))
            ):
                rows.setdefault(row, []).append((column, name))
    return rows


def _is_listed(name: str, below: Value | None) -> bool:
    """Whether a parameter's name stands in a list of names, one below the other, and heads no column."""
    under = meaning(below) if isinstance(below, str) else None
    return under not in (None, name) and all(kind_of(one) in ("weight", "bias") for one in (name, str(under)))


def _is_table(names: Iterable[str]) -> bool:
    different = set(names)
    kinds = {kind_of(name) for name in different}
    return "weight" in kinds and not kinds.isdisjoint(COMPUTED) and len(different) >= FEWEST_NAMES


def _side_by_side(names: list[tuple[int, str]]) -> Iterator[tuple[dict[str, int], set[str]]]:
    """The tables of one header row, and which of their losses stand apart."""
    tables: list[list[dict[str, int]]] = []
    for run in _runs(names):
        known = {name for part in tables[-1] for name in part} if tables else set()
        clash = known & run.keys()
        if not tables or len(clash) >= FEWEST_NAMES or (clash and not _is_table(known) and _is_table(run)):
            tables.append([run])
        else:
            tables[-1].append(run)
    for runs in tables:
        columns = _chosen(runs)
        if _is_table(columns):
            main = max(runs, key=len)
            yield (
                columns,
                {n for n, column in columns.items() if n[0] == "E" and n != "E_tot" and main.get(n) != column},
            )


def _runs(names: list[tuple[int, str]]) -> Iterator[dict[str, int]]:
    """Neighbouring columns, as far as no name comes twice."""
    run: dict[str, int] = {}
    last = 0
    for column, name in names:
        if run and (name in run or column != last + 1):
            yield run
            run = {}
        run[name] = last = column
    if run:
        yield run


def _chosen(runs: list[dict[str, int]]) -> dict[str, int]:
    """For each name one column: where several have it, the one nearest to those that usually stand beside it."""
    columns_of: dict[str, list[int]] = {}
    for run in runs:
        for name, column in run.items():
            columns_of.setdefault(name, []).append(column)
    certain = {name: columns[0] for name, columns in columns_of.items() if len(columns) == 1}

    def distance(name: str, column: int) -> int:
        kin = [other_column for other, other_column in certain.items() if _family(other) in KIN[_family(name)]]
        return min((abs(other_column - column) for other_column in kin), default=0)

    doubtful = {name: min(columns_of[name], key=partial(distance, name)) for name in columns_of.keys() - certain.keys()}
    return {name: certain.get(name) or doubtful[name] for name in columns_of}


# Which columns stand beside which in a table that is laid out as one writes it.
KIN = {
    "t": ("t", "i"), "i": ("t", "i", "w"), "w": ("w", "i"), "h": ("h", "a"), "o": ("o", "a"), "a": ("a", "h", "o"),
    "E": ("E", "a"), "∂": ("∂", "E"), "e": ("w", "t"), "b": ("b", "w"),
}  # fmt: skip


def _family(name: str) -> str:
    return name[0]


def _other_columns(table: Table, beside: list[Table]) -> dict[int, str]:
    taken = {column for other in beside for column in other.columns.values()}
    row = table.header_row
    texts = ((column, cells.get(row)) for column, cells in sorted(table.sheet.values.items()) if column not in taken)
    return {column: text for column, text in texts if isinstance(text, str)}
