"""The sheet `hints` of the exercise: for each column the idea, the formula, the cell, folded one by one."""

from collections.abc import Iterator

from engine import Columns
from workbook.records import Cell, SheetPlan, small_sheet
from workbook.sheets.shown import over_names_of_rows
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Operation, Tree, Variable
from workbook.table.definition import ALWAYS, Definition
from workbook.table.definitions import definitions
from workbook.table.layout import FIRST_ROW, Layout, letter

SHEET = "hints"
TOP = 6


def hints_sheet(layout: Layout) -> SheetPlan:
    """Three columns of hints, each folded with all that comes after it: one opens the idea before the formula.

    The + that unfolds a hint stands above the narrow column before it. The idea is on the right, so that no + is beyond
    a long text, and each fold ends in a column of its own: LibreOffice looks after it for whether it is folded.
    """
    headers = ("column", "+ idea", "+ formula", "+ cell", "the cell", "the formula", "the idea")
    cells = [
        Cell(1, 0, "title", "Hints"),
        Cell(2, 0, "text", "Stuck? Click the + above the sheet: it unfolds the idea."),
        Cell(
            3,
            0,
            "text",
            "Then a + for the formula appears, and after that one the last: what to type into the cell.",
        ),
        *(Cell(TOP - 1, column, "header_left", text) for column, text in enumerate(headers)),
    ]
    texts: dict[int, list[str]] = {6: [], 5: [], 4: []}
    for row, (name, definition) in enumerate(definitions(layout.columns).items(), start=TOP):
        hints = (definition.idea, _formula(layout.columns, definition), _cells(layout, definition))
        if definition.typed_in == ALWAYS:
            hints = (definition.idea, "given", "given")
        cells.append(Cell(row, 0, "label", name))
        for column, text in zip(texts, hints, strict=True):
            cells.append(Cell(row, column, "beside", text))
            texts[column].append(text)
    hint_widths = {letter(column): float(min(max(map(len, lines)) + 2, 255)) for column, lines in texts.items()}
    return small_sheet(
        SHEET,
        cells,
        widths={"A": 12, "B": 11, "C": 11, "D": 11, **hint_widths},
        tab="teach",
        heights={1: 24.0},
        gridlines=False,
        collapsed=["C:G", "D:F", "E"],
        frozen_rows=TOP - 1,
    )


def _formula(columns: Columns, definition: Definition) -> str:
    """The formula over names; of a sequence those of its steps, where they differ."""
    texts = {row: printed(over_names_of_rows(columns, tree)) for row, tree in _by_step(columns, definition).items()}
    if len(set(texts.values())) == 1:
        return definition.text(columns) + _whose(columns, definition)
    return "   ".join(f"row {row}: {text}" for row, text in texts.items())


def _by_step(columns: Columns, definition: Definition) -> dict[int, Tree]:
    """Its value in a row, the first that has it, of the first sequence."""
    if definition.typed_in or columns.network.time == 1:
        return {FIRST_ROW: definition.tree}
    rows: dict[Tree, int] = {}
    for step in range(columns.network.time):
        rows.setdefault(definition.tree_of(step), FIRST_ROW + step)
    return {row: tree for tree, row in rows.items()}


def _whose(columns: Columns, definition: Definition) -> str:
    """Which rows a formula reads, where these are others than its own."""
    rows = {leaf.name: leaf.row for leaf in _outside_blocks(definition.tree) if leaf.name in columns.index}
    if definition.name not in rows:
        return ""
    if rows[definition.name] < -1:
        return f" ({-rows[definition.name]} rows above)"
    rows_above = "the batch" if columns.network.time == 1 else "the steps"
    batch = f", {rows_above} above it" if _has_block(definition.tree) else ""
    if set(rows.values()) == {-1} and not batch:
        return " (of the row above)"
    return f" ({', '.join(name for name, row in rows.items() if row == -1)} of the row above{batch})"


def _has_block(tree: Tree) -> bool:
    """Whether a formula reads several rows."""
    return isinstance(tree, Operation) and (tree.kind == "block" or any(map(_has_block, tree.operands)))


def _outside_blocks(tree: Tree) -> Iterator[Variable]:
    if isinstance(tree, Variable):
        yield tree
    elif isinstance(tree, Operation) and tree.kind != "block":
        for operand in tree.operands:
            yield from _outside_blocks(operand)


def _cells(layout: Layout, definition: Definition) -> str:
    """What to type where: in the first row that is not typed in and, in a batch, where the formula is another."""
    columns, name = layout.columns, definition.name
    trees = {FIRST_ROW + definition.typed_in: definition.tree}
    if len(by_step := _by_step(columns, definition)) > 1:
        trees = by_step
    elif definition.others:
        repeated = definition.others[0] if definition.typed_in else Variable(name, -1)
        first = FIRST_ROW + (columns.method.batch_size if definition.typed_in else 0)
        trees = {FIRST_ROW + 1: repeated} | {first: definition.tree}
    return "   ".join(f"{layout.letters[name]}{row}:  {layout.formula(trees[row]).at(row)}" for row in sorted(trees))
