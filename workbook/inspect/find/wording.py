"""How things are called in the user's own cells.

Rows that move when a formula is filled down are written relative to a row, as in a shape's key: `L‹0›` for L21 in row
21. So what is said of a formula is the same all the way down a column.
"""

from collections.abc import Iterable

from workbook.inspect.find.tables import Table
from workbook.inspect.find.understand import Understood
from workbook.spreadsheet.areas import Address
from workbook.spreadsheet.book import ErrorValue
from workbook.spreadsheet.letters import letters_of
from workbook.spreadsheet.printer import pieces, printed
from workbook.spreadsheet.shapes import Shape
from workbook.spreadsheet.trees import Leaf, Number, Reference, Tree, Variable
from workbook.table.updates import ETA


def variable_text(understood: Understood, variable: Variable, row: int) -> str:
    """The cell of a variable, as a formula in a row refers to it: L‹0›."""
    if variable.name == "eta":
        return rate_text(understood, row)
    if variable.name in understood.labelled:
        label = understood.labelled[variable.name]
        return label.address.frozen
    if variable.name not in understood.table.columns:
        return variable.name
    return f"{understood.table.letter(variable.name)}‹{_rows_on(understood, variable.row, row)}›"


def rate_text(understood: Understood, row: int) -> str:
    """How an update in a row should refer to the learning rate."""
    rate = understood.rate
    if rate is None:
        return "eta"
    return rate.text if rate.column is None else f"{rate.text}‹{_rows_on(understood, rate.offset, row)}›"


def _rows_on(understood: Understood, step: int, row: int) -> int:
    """How many rows of the sheet the own step's row, or the one of the step before, is below a row."""
    return 0 if step == 0 else understood.table.above(row) - row


def shown(understood: Understood, tree: Tree, row: int) -> str:
    """What is expected, with its cell: a_h2 (L‹0›)."""
    if isinstance(tree, Number):
        return f"{tree.value:g}"
    if tree == ETA:
        return f"the learning rate ({rate_text(understood, row)})"
    if isinstance(tree, Variable):
        return f"{tree.name} ({variable_text(understood, tree, row)})"
    return spelled_tree(understood, tree, row)


def expected_text(understood: Understood, name: str, row: int) -> str | None:
    """The right formula of a cell, ready to paste."""
    tree = understood.network.expected(name)
    if tree is None:
        return None
    text = printed(
        tree, lambda leaf: rate_text(understood, row) if leaf == ETA else variable_text(understood, leaf, row)
    )
    return "=" + Shape(text).text(row)


def spelled(leaf: Reference) -> str:
    """A reference as it stands in a formula."""
    return f"{'$' if leaf.dollar else ''}{letters_of(leaf.column)}" + (
        f"${leaf.row}" if leaf.frozen else f"‹{leaf.row}›"
    )


def cell_text(leaf: Reference) -> str:
    """The cell that a reference leads to: L‹0›."""
    return f"{letters_of(leaf.column)}" + (f"{leaf.row}" if leaf.frozen else f"‹{leaf.row}›")


def spelled_tree(understood: Understood, tree: Tree, row: int) -> str:
    """A tree in the user's cells."""

    def text(piece: str | Leaf) -> str:
        if isinstance(piece, Variable):
            return variable_text(understood, piece, row)
        if isinstance(piece, Number):
            return f"{piece.value:.10g}"
        return piece if isinstance(piece, str) else "?"

    return "".join(map(text, pieces(tree, spaced=False)))


def described(understood: Understood, sheet: str | None, column: int, row: int) -> str:
    """What a cell is, in words: w3, the text 'w3', an error, empty."""
    there = understood.table.sheet if sheet is None else understood.book.sheet(sheet)
    if there is None:
        return "nothing"
    variable = understood.resolver.variable(Address(there.name, row, column), row)
    if isinstance(variable, Variable):
        return "the learning rate" if variable == ETA else variable.name
    value = there.value(row, column)
    if isinstance(value, ErrorValue):
        return f"the error {value.text}"
    if value is None:
        return "nothing"
    return f"the text '{value[:30]}'" if isinstance(value, str) else f"{value:.10g}"


def content(table: Table, name: str, row: int) -> str | None:
    """What stands in a cell of a row of the sheet: its formula, or its value as it would be typed."""
    shape, value = table.sheet.shape(row, table.columns[name]), table.sheet.value(row, table.columns[name])
    if shape is not None:
        return "=" + shape.text(row)
    if isinstance(value, ErrorValue):
        return value.text
    return None if value is None else repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def in_short(rows: Iterable[int]) -> list[str]:
    """Rows as people write them: 21-100, 103."""
    return [f"{first}" if first == last else f"{first}-{last}" for first, last in stretches(rows)]


def stretches(rows: Iterable[int]) -> list[list[int]]:
    """The first and the last of each stretch of rows that stand one below the other: [[21, 100], [103, 103]]."""
    found: list[list[int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    return found
