"""Finding the training tables of a sheet, whatever stands around them."""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from openpyxl.utils import get_column_letter

from workbook.audit.headers import kind_of, labelled_number, meaning
from workbook.audit.read import Sheet

COMPUTED = {"pre-activation", "activation", "loss", "total", "gradient"}
# A row of headers that are ours in at least this many columns begins a table.
FEWEST_NAMES = 5
# One function of a range that ends above the row and goes over several rows.
SUMMARY = re.compile(
    r"(?:_xlfn\.)?(?:SUM|AVERAGE|MIN|MAX|COUNTA?|MEDIAN|STDEV(?:\.[SP])?|VAR(?:\.[SP])?)"
    r"\(\$?[A-Z]+(‹-\d+›|\$\d+):\$?[A-Z]+(?!\1)(?:‹-\d+›|\$\d+)\)"
)
# A header that is merged downwards, or a line of remarks, may stand above the first numbers.
MOST_ROWS_BETWEEN = 3


@dataclass(frozen=True)
class Table:
    """A training table as it stands on a sheet; rows and columns count from 1.

    Attributes:
        columns: our names and where they stand; a header over nothing is no column.
        others: columns of the header row that are ignored, with their headers.
        detached: losses that stand apart from the rest: loss curves, perhaps.
        goes_on: a row that looks as if the table went on there, below an empty row.
    """

    sheet: Sheet
    header_row: int
    first_row: int
    last_row: int
    columns: dict[str, int]
    others: dict[int, str] = field(default_factory=dict)
    detached: set[str] = field(default_factory=set)
    goes_on: int | None = None

    @property
    def steps(self) -> int:
        """The number of rows."""
        return self.last_row - self.first_row + 1

    def without(self, names: Iterable[str]) -> "Table":
        """The table with some of its columns among those that are ignored."""
        headers = {self.columns[name]: str(self.sheet.value(self.columns[name], self.header_row)) for name in names}
        columns = {name: place for name, place in self.columns.items() if place not in headers}
        return replace(self, columns=columns, others={**self.others, **headers})

    def letter(self, name: str) -> str:
        """The letter of a name's column."""
        return str(get_column_letter(self.columns[name]))

    def cell(self, name: str, row: int) -> str:
        """The address of a name's cell in a row of the sheet."""
        return f"{self.letter(name)}{row}"

    def without_value(self, name: str) -> list[int]:
        """The rows, from 0, in which a formula stands whose value nobody has computed."""
        column = self.columns[name]
        values, rows = self.sheet.values.get(column, {}), range(self.first_row, self.last_row + 1)
        return [row - self.first_row for row in self.sheet.shapes.get(column, {}) if row in rows and row not in values]


@dataclass(frozen=True)
class Label:
    """A cell that says what another one holds, such as `eta` left of 0.5; or both in one: `eta = 0.5`."""

    name: str
    column: int
    row: int
    value: float | None

    @property
    def cell(self) -> str:
        """The address of the value."""
        return f"{get_column_letter(self.column)}{self.row}"


def find_tables(sheet: Sheet) -> list[Table]:
    """Every training table of a sheet, from the top down and from left to right."""
    headers = {row: names for row, names in sorted(_named_rows(sheet).items()) if _is_table(dict(names).values())}
    rows = memoryview(array("q", headers))  # whose slices are no copies: each row may be a header
    found = []
    for place, (row, names) in enumerate(headers.items(), start=1):
        columns = list(_side_by_side(names))
        tables = [_with_rows(sheet, row, places, detached, stops=rows[place:]) for places, detached in columns]
        beside = [table for table in tables if table is not None]
        others = [_other_columns(table, beside) for table in beside]
        found += [_without_empty_columns(replace(table, others=o)) for table, o in zip(beside, others, strict=True)]
    return found


def _without_empty_columns(table: Table) -> Table:
    rows = range(table.first_row, table.last_row + 1)
    filled = {
        name: column
        for name, column in table.columns.items()
        if any(_holds_something(table.sheet, column, row) for row in rows)
    }
    return replace(table, columns=filled)


def unfilled(sheet: Sheet) -> str | None:
    """Which headers of a table stand over too little to be judged, in words; None without such headers."""
    for row, names in sorted(_named_rows(sheet).items()):
        places = dict(names)
        if not _is_table(places.values()):
            continue
        below = range(row + 1, row + 2 + MOST_ROWS_BETWEEN)
        filled = max(sum(_holds_something(sheet, column, at) for column in places) for at in below)
        return (
            f"row {row} of '{sheet.name}' has the headers of a training table, {len(places)} columns, "
            f"but below them {filled} are filled, expected half of them at least"
        )
    return None


def find_labels(sheet: Sheet, tables: Iterable[Table]) -> list[Label]:
    """The labelled cells of a sheet outside of the headers of its tables."""
    header_rows = {table.header_row for table in tables}
    return [
        label
        for column, cells in sheet.values.items()
        for row, text in cells.items()
        if isinstance(text, str) and row not in header_rows and (label := _label(sheet, column, row, text)) is not None
    ]


def _label(sheet: Sheet, column: int, row: int, text: str) -> Label | None:
    if (both := labelled_number(text)) is not None:
        return Label(both[0], column, row, both[1])
    if (name := meaning(text)) is None:
        return None
    for beside in ((column + 1, row), (column + 2, row), (column, row + 1)):
        value = sheet.value(*beside)
        if isinstance(value, float) or (value is None and sheet.shape(*beside) is not None):
            return Label(name, *beside, value)
        if value is not None and beside == (column + 1, row):
            continue
    return None


def _named_rows(sheet: Sheet) -> dict[int, list[tuple[int, str]]]:
    rows: dict[int, list[tuple[int, str]]] = {}
    for column, cells in sorted(sheet.values.items()):
        for row, text in cells.items():
            if isinstance(text, str) and (name := meaning(text)) is not None:
                rows.setdefault(row, []).append((column, name))
    return rows


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
    """One column a name: of look-alikes, the one that stands nearest to the columns that belong beside it."""
    places: dict[str, list[int]] = {}
    for run in runs:
        for name, column in run.items():
            places.setdefault(name, []).append(column)
    certain = {name: columns[0] for name, columns in places.items() if len(columns) == 1}

    def distance(name: str, column: int) -> int:
        kin = [place for other, place in certain.items() if _family(other) in KIN[_family(name)]]
        return min((abs(place - column) for place in kin), default=0)

    doubtful = {name: min(places[name], key=partial(distance, name)) for name in places.keys() - certain.keys()}
    return {name: certain.get(name) or doubtful[name] for name in places}


# Which columns stand beside which in a table that is laid out as one writes it.
KIN = {
    "t": ("t", "i"), "i": ("t", "i", "w"), "w": ("w", "i"), "h": ("h", "a"), "o": ("o", "a"), "a": ("a", "h", "o"),
    "E": ("E", "a"), "∂": ("∂", "E"), "e": ("w", "t"), "b": ("b", "w"),
}  # fmt: skip


def _family(name: str) -> str:
    return name[0]


def _with_rows(
    sheet: Sheet, header: int, columns: dict[str, int], detached: set[str], stops: Sequence[int]
) -> Table | None:
    places = list(columns.values())

    def filled(row: int) -> int:
        if _sums_up(sheet, places, row):
            return 0
        return sum(_holds_something(sheet, column, row) for column in places)

    def numbers(row: int) -> int:
        return sum(
            isinstance(sheet.value(column, row), float) or sheet.shape(column, row) is not None for column in places
        )

    starts = range(header + 1, header + 2 + MOST_ROWS_BETWEEN)
    first = next((row for row in starts if 2 * numbers(row) >= len(places)), None)
    if first is None or (stops and stops[0] <= first):
        return None
    end = next((s for s in stops if any(isinstance(sheet.value(c, s), str) for c in places)), 1 << 21)
    usual, last = filled(first), first
    # A row with less than half its cells is a hole if the table goes on below it, and a remark if not.
    # The row before the next table's headers is that table's: a label and its learning rate, say.
    while last + 1 < end and (
        2 * filled(last + 1) >= usual or (last + 2 < end and filled(last + 1) and 2 * filled(last + 2) >= usual)
    ):
        last += 1
    goes_on = next((row for row in (last + 2, last + 3) if row < end and 2 * numbers(row) >= usual), None)
    return Table(sheet, header, first, last, columns, detached=detached, goes_on=goes_on)


def _sums_up(sheet: Sheet, columns: Sequence[int], row: int) -> bool:
    """Whether a row is no step but sums up the steps above it: AVERAGE(E21:E100) in most of its columns."""
    formulas = (shape for column in columns if (shape := sheet.shape(column, row)) is not None)
    first = next(formulas, None)
    if first is None or SUMMARY.fullmatch(first.key) is None:
        return False  # at once, for the many rows that are steps
    summaries = [SUMMARY.fullmatch(shape.key) is not None for shape in formulas]
    return 2 * sum(summaries) >= len(summaries)


def _holds_something(sheet: Sheet, column: int, row: int) -> bool:
    return sheet.value(column, row) is not None or sheet.shape(column, row) is not None


def _other_columns(table: Table, beside: list[Table]) -> dict[int, str]:
    taken = {column for other in beside for column in other.columns.values()}
    row = table.header_row
    texts = ((column, cells.get(row)) for column, cells in sorted(table.sheet.values.items()) if column not in taken)
    return {column: text for column, text in texts if isinstance(text, str)}
