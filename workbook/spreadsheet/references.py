"""Where the references and names of a formula lead: the one module that follows them."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import count

from workbook.spreadsheet.areas import Address, Area, area_at
from workbook.spreadsheet.book import Book
from workbook.spreadsheet.parser import parse_arrays, references, unquoted
from workbook.spreadsheet.shapes import shape_of
from workbook.spreadsheet.trees import Name, Range, Reference, Tree, UnsupportedError, kinds_of, leaves, replaced

# Of names that stand for names, and of formulas that refer to formulas.
LONGEST_CHAIN = 12
# Of the formula that a name stands for once the names in it are followed, too.
MOST_LEAVES = 10_000
LARGEST_AREA = 20_000_000
CONSTANTS = ("TRUE", "FALSE")


def cell_of(book: Book, leaf: Tree, home: Address) -> Address | None:
    """The one cell that a reference or a name leads to in a formula of a cell; None if there is none."""
    leaf = followed(book, leaf, home.sheet)
    if not isinstance(leaf, Reference):
        return None
    if leaf.sheet is None:
        return Address(home.sheet, row_of(leaf, home.row), leaf.column)
    there = book.sheet(leaf.sheet)
    return None if there is None else Address(there.name, row_of(leaf, home.row), leaf.column)


def followed(book: Book, leaf: Tree, sheet: str) -> Tree:
    """What a name in a formula of a sheet stands for, cells, a number or a formula; any other leaf itself.

    A name that stands for nothing stays one.
    """
    if not isinstance(leaf, Name):
        return leaf
    try:
        return without_names(book, leaf, sheet)
    except UnsupportedError:
        return leaf


def without_names(book: Book, tree: Tree, sheet: str) -> Tree:
    """A formula of a sheet with what its defined names stand for in their place, through names that stand for names.

    Raises:
        UnsupportedError: a name stands for nothing, or for what cannot be read or is very long.
    """
    size = count(1)

    def follow(leaf: Tree, left: int) -> Tree:
        if not isinstance(leaf, Name) or leaf.text.upper() in CONSTANTS:
            return leaf
        if left == 0:
            raise UnsupportedError("its names refer to each other")
        if next(size) > MOST_LEAVES:
            raise UnsupportedError("its names stand for a very long formula")
        return replaced(meaning(book, leaf, sheet), lambda inner: follow(inner, left - 1))

    return replaced(tree, lambda leaf: follow(leaf, LONGEST_CHAIN))


def corners(book: Book, key: str, sheet: str) -> Iterator[Reference]:
    """The cells in a formula of a sheet, and the corners of its ranges, in whatever its names stand for, too."""
    for leaf in references(key):
        yield from [leaf] if isinstance(leaf, Reference) else ends(followed(book, leaf, sheet))


def ends(tree: Tree) -> Iterator[Reference]:
    """The cells in a formula, and the corners of its ranges."""
    for leaf in leaves(tree):
        if isinstance(leaf, Range):
            yield from (leaf.first, leaf.last)
        elif isinstance(leaf, Reference):
            yield leaf


def row_of(reference: Reference, row: int) -> int:
    """The row that a reference in a formula of a row leads to."""
    return reference.row if reference.frozen else row + reference.row


def meaning(book: Book, name: Name, sheet: str) -> Tree:
    """What a defined name stands for in the formulas of a sheet; the name may have another sheet before it.

    Raises:
        UnsupportedError: it stands for nothing, or for what cannot be read.
    """
    return _tree(book.names[definition_of(book, name, sheet)])


def last_name(book: Book, name: Name, sheet: str) -> Name:
    """The name that stands for something else than another name; the name itself where that cannot be told."""
    found = name
    for _ in range(LONGEST_CHAIN):
        try:
            tree = meaning(book, found, sheet)
        except UnsupportedError:
            break
        if not isinstance(tree, Name):
            return found
        found = tree
    return name


def definition_of(book: Book, name: Name, sheet: str) -> tuple[str, str | None]:
    """Which of the book's names is meant in the formulas of a sheet: the sheet's own one goes before the book's.

    Raises:
        UnsupportedError: there is none, or it is empty.
    """
    scope, _, key = name.text.rpartition("!")
    owner = book.sheet(unquoted(scope)) if scope else None
    own = key.casefold(), sheet if owner is None else owner.name
    found = next((one for one in (own, (key.casefold(), None)) if book.names.get(one)), None)
    if found is None:
        raise UnsupportedError(f"the name {name.text} stands for nothing")
    return found


@lru_cache(maxsize=4096)
def _tree(text: str) -> Tree:
    return parse_arrays(shape_of(text, 1).key)


def references_of(book: Book, tree: Tree, sheet: str) -> Iterator[Reference | Range]:
    """The references in a formula of a sheet, and in what its names stand for.

    Raises:
        UnsupportedError: something in it leads nowhere, or it finds its cells by itself (OFFSET).
    """
    tree = without_names(book, tree, sheet)
    check_direct(kinds_of(tree))
    yield from (leaf for leaf in leaves(tree) if isinstance(leaf, Reference | Range))


def check_direct(kinds: Iterable[str]) -> None:
    """Raises:
    UnsupportedError: one of a formula's operations finds its cells by itself.
    """
    for kind in kinds:
        if kind in ("OFFSET", "INDIRECT"):
            raise UnsupportedError(f"it uses {kind}, which finds its cells by itself")


def area_of(book: Book, leaf: Reference | Range, home: Address) -> Area:
    """The cells that a reference in a formula leads to; of whole columns and rows those that are used.

    Raises:
        UnsupportedError: it leads to no cells of this book, or to too many.
    """
    if isinstance(leaf, Reference):
        row = row_of(leaf, home.row)
        if row < 1:
            raise UnsupportedError("it leads off the sheet")
        return area_at(Address(_sheet(book, leaf.sheet, home), row, leaf.column))
    last = leaf.last
    one = area_of(book, leaf.first, home)
    other = area_of(book, Reference(leaf.first.sheet, last.column, last.row, last.frozen), home)
    (top, bottom), (left, right) = sorted((one.top, other.top)), sorted((one.left, other.left))
    if is_whole(leaf):
        used = book.at(one.first).used
        bottom, right = max(top, min(bottom, used[0])), max(left, min(right, used[1]))
    area = Area(one.sheet, top, left, bottom, right)
    if area.size > LARGEST_AREA:
        raise UnsupportedError("it takes a very large range")
    return area


def _sheet(book: Book, name: str | None, home: Address) -> str:
    if name is None:
        return home.sheet
    found = book.sheet(name)
    if found is None:
        raise UnsupportedError(
            "it refers to another workbook" if name.startswith("[") else f"there is no sheet '{name}'"
        )
    return found.name


def moves_with_its_row(leaf: Reference | Range) -> bool | None:
    """Whether a reference leads further down from a formula further down; None if only one end of a range does."""
    one, other = (leaf, leaf) if isinstance(leaf, Reference) else (leaf.first, leaf.last)
    if one.frozen != other.frozen or (isinstance(leaf, Range) and not one.frozen and is_whole(leaf)):
        return None
    return not one.frozen


def is_whole(cells: Range) -> bool:
    """Whether a range is of whole columns or rows."""
    return (cells.first.row, cells.last.row) == (1, 1_048_576) or (cells.first.column, cells.last.column) == (1, 16_384)
