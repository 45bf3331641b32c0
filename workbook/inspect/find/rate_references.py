"""What the updates of a table refer to outside of its columns: the learning rate's cell, column or name."""

from collections.abc import Collection, Iterator, Sequence

from workbook.inspect.find.headers import typed_number
from workbook.inspect.find.tables import Table
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.book import Book
from workbook.spreadsheet.cells import Cells
from workbook.spreadsheet.parser import references
from workbook.spreadsheet.references import LONGEST_CHAIN, cell_of, ends, followed, last_name
from workbook.spreadsheet.trace import number_named
from workbook.spreadsheet.trees import Name, Range, Reference


def referred_to(
    book: Book, table: Table, weights: Sequence[str], rows: Sequence[int]
) -> Iterator[Address | tuple[int, int] | Name]:
    """What holds a number outside of the table: its cell, a name, or (column, offset) in the table's rows."""
    rates: dict[Address | Name, bool] = {}
    for name in weights:
        for row in rows:
            yield from _outside(book, table, Address(table.sheet.name, row, table.columns[name]), rates)


def _outside(
    book: Book, table: Table, update: Address, rates: dict[Address | Name, bool]
) -> Iterator[Address | tuple[int, int] | Name]:
    """What one update leads to; `rates` are the answers so far, as all updates lead to the same cells and names."""
    inside = _names_columns(table)
    seen, cells = set[Address](), [update]
    for _ in range(LONGEST_CHAIN):
        found = dict.fromkeys(name for cell in cells for name in _names(book, cell))
        names = [name for name in found if _is_known_rate(book, table, name, rates)]
        yield from names
        targets = [target for cell in cells for target in _targets(book, cell, names)]
        cells = []
        for frozen, target in targets:
            in_rows = _is_in_rows(table, target)
            if target in seen or (in_rows and target.column in inside):
                continue
            seen.add(target)
            formula = book.shape(target) is not None
            if formula and not in_rows and _is_known_rate(book, table, target, rates):
                yield target
            elif formula and target.column != table.columns.get("eta"):
                cells.append(target)
            elif typed_number(book.value(target)) is not None:
                steps = (table.step(target.row) or 0) - (table.step(update.row) or 0)
                yield (target.column, steps) if in_rows and not frozen else target


def _names_columns(table: Table) -> set[int]:
    """The columns that hold the network's numbers."""
    return {column for name, column in table.columns.items() if name != "eta"}


def _is_in_rows(table: Table, address: Address) -> bool:
    return address.sheet == table.sheet.name and table.step(address.row) is not None


def _is_known_rate(book: Book, table: Table, found: Address | Name, rates: dict[Address | Name, bool]) -> bool:
    """Whether a formula outside of the table's rows, or a name, computes a number from nothing in the table's columns.

    A name that stands for a cell is none, but the cell may be.
    """
    if found not in rates:
        if isinstance(found, Name):
            rates[found] = _is_named_rate(book, table, found)
        else:
            rates[found] = _is_rate(book, table, found)
    return rates[found]


def _is_rate(book: Book, table: Table, address: Address) -> bool:
    read = {target for _, target in _targets(book, address)}
    return _is_outside(book, table, read) and typed_number(book.value(address)) is not None


def _is_named_rate(book: Book, table: Table, name: Name) -> bool:
    tree = followed(book, name, table.sheet.name)
    if isinstance(tree, Reference | Range) or not all(end.frozen for end in ends(tree)):
        return False
    read = {target for end in ends(tree) if (target := cell_of(book, end, _first_cell(table))) is not None}
    return _is_outside(book, table, read) and number_named(Cells(book), name, _first_cell(table)) is not None


def _is_outside(book: Book, table: Table, cells: set[Address]) -> bool:
    """Whether some cells are computed from nothing in the table's columns."""
    inside = _names_columns(table)
    seen = set[Address]()
    for _ in range(LONGEST_CHAIN):
        if any(cell.column in inside and _is_in_rows(table, cell) for cell in cells):
            return False
        seen |= cells
        cells = {target for cell in cells for _, target in _targets(book, cell)} - seen
    return True


def _first_cell(table: Table) -> Address:
    """A cell of the table's sheet: what is frozen leads from any one to the same."""
    return Address(table.sheet.name, 1, 1)


def _names(book: Book, address: Address) -> Iterator[Name]:
    """The names in a cell's formula; of a name that stands for another one, that other one."""
    shape = book.shape(address)
    for leaf in () if shape is None else references(shape.key):
        if isinstance(leaf, Name):
            yield last_name(book, leaf, address.sheet)


def _targets(book: Book, address: Address, but: Collection[Name] = ()) -> Iterator[tuple[bool, Address]]:
    """The cells that a formula refers to, each once, and whether that is the same cell from every row.

    Args:
        but: names whose cells are not wanted.
    """
    shape = book.shape(address)
    for leaf in () if shape is None else references(shape.key):
        if isinstance(leaf, Name) and last_name(book, leaf, address.sheet) in but:
            continue
        for end in dict.fromkeys(ends(followed(book, leaf, address.sheet))):
            if (target := cell_of(book, end, address)) is not None:
                yield end.frozen, target
