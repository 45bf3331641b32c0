"""The sheet `derivation`: the chain rule from the loss back to every weight, and the update, with a row's numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine import Columns, FloatArray
from workbook.records import Cell, Color, Drawing, Highlight, SheetPlan, Style, small_sheet
from workbook.sheets.check import ABSOLUTE, RELATIVE
from workbook.sheets.choice import word
from workbook.sheets.derivation_lines import DerivationLine, TextLine, derivation
from workbook.sheets.drawing import ROWS
from workbook.sheets.explorer import SHOWN as EXPLORER_SHOWN
from workbook.sheets.live import live_content
from workbook.sheets.shown import (
    NEW,
    OTHER_ROW,
    OTHER_ROWS,
    Shown,
    in_words,
    is_over_batch,
    numbers_of_the_first_row,
)
from workbook.sheets.stepping import EXPLORER, step_bars
from workbook.sheets.training import MAIN_SHEET, ZOOM
from workbook.spreadsheet.algebra import call, compare, less, plus, times
from workbook.spreadsheet.printer import printed, shortened
from workbook.spreadsheet.trees import Number, Text, Tree, Variable, leaves
from workbook.table.definitions import is_dense
from workbook.table.layout import FIRST_ROW, HEADER_ROW, Layout, letter, on_sheet, over_cells

SHEET = "derivation"
TOP = 6
# The row of the table: the explorer's, or the first where no row of the table is typed there.
SHOWN = "$B$3"
MARKS: tuple[tuple[str, Color], ...] = (("✓", "green"), ("✗", "red"))
QUANTITY, EXPRESSION, VALUE, TABLE, MARK = range(5)
# As many pixels as the drawing takes on the explorer.
LAST_DRAWN, DRAWN_WIDTH = "R", 12.5
WIDEST = 80  # characters of a formula that are shown
# As in the sheet `check`.
HERE, THERE = Variable("here", 0), Variable("in the table", 0)
ALLOWED = plus(Number(ABSOLUTE), times(Number(RELATIVE), call("ABS", THERE)))
WITHIN = compare("<=", call("ABS", less(HERE, THERE)), ALLOWED)


def derivation_sheet(
    layout: Layout, values: FloatArray, learning_rate: float, drawings: Sequence[Drawing]
) -> SheetPlan:
    """The derivation for a network of any size; `values` is its run, (T, C), `drawings` the explorer's, whose cells
    follow the same step."""
    columns = layout.columns
    numbers = numbers_of_the_first_row(layout, values, learning_rate)
    lines = derivation(columns, numbers)
    headers: tuple[tuple[Style, str], ...] = (
        ("header", "quantity"), ("header_left", "equals"),
        ("header", "here"), ("header", "in the table"), ("header", ""),
    )  # fmt: skip
    explorer_row = on_sheet(EXPLORER, EXPLORER_SHOWN)
    lengths = [
        len(_words_of(columns, tree)) for line in lines if isinstance(line, DerivationLine) for tree in line.trees
    ]
    left_out = " … stands for more terms, which the cell under 'here' has." if max(lengths) > WIDEST else ""
    what = "Each value is computed on this sheet, a factor at a time; ✓ where the table has the same."
    cells = [
        Cell(1, 0, "title", "From the loss back to every weight"),
        Cell(2, 0, "text", what + left_out),
        Cell(3, 0, "label", "row of the table"),
        Cell(3, 1, "step_left", float(FIRST_ROW), f"=IF({explorer_row}=0,{FIRST_ROW},{explorer_row})"),
        Cell(4, 1, "beside", *chosen(layout)),
        *(Cell(TOP - 1, column, style, text) for column, (style, text) in enumerate(headers)),
    ]
    if not drawings:
        where = f"The network stands as a diagram on the sheet {EXPLORER}."
        cells.append(Cell(TOP, 6, "text", where if is_dense(columns) else "No drawing: not all layers are dense."))
    widest = min(max(lengths), WIDEST)
    return small_sheet(
        SHEET,
        cells + list(_line_cells(lines, layout, values, numbers)),
        widths={"A": 16, "B": widest + 5.0, "C:D": 12, "E": 4, "F": 2, f"G:{LAST_DRAWN}": DRAWN_WIDTH},
        tab="teach",
        heights={1: 24.0},
        highlights=[Highlight(f"E{TOP}:E{TOP + len(lines)}", mark, color) for mark, color in MARKS],
        drawings=[replace(drawing, first=f"G{TOP}", last=f"{LAST_DRAWN}{TOP + ROWS - 1}") for drawing in drawings],
        scroll_bars=step_bars(layout, "C3", "E3"),
        zoom=ZOOM,
        frozen_rows=TOP - 1,
        gridlines=False,
        paper="A3",
    )


def chosen(layout: Layout) -> tuple[str, str]:
    """What the explorer chose, in words, and its formula."""
    tail = f", which is chosen on the sheet {EXPLORER}"
    columns, shown = layout.columns, Shown(layout, SHOWN)
    if columns.samples == 1:
        return f"step 1{tail}", f'="step "&{SHOWN}-{HEADER_ROW}&"{tail}"'
    words, formula = "step 1", f'="step "&{shown.value("step")}'
    for name, _, value in shown.counters():
        words, formula = f"{words}, {name} 1", f'{formula}&", {name} "&{value}'
    return f"{words}{tail}", f'{formula}&"{tail}"'


def _line_cells(
    lines: list[TextLine | DerivationLine], layout: Layout, values: FloatArray, numbers: dict[str, float]
) -> Iterator[Cell]:
    columns, shown = layout.columns, Shown(layout, SHOWN)
    in_table = {name: shown.value(name) for name in layout.letters}
    references = in_table | {name: on_sheet(MAIN_SHEET, cell) for name, cell in layout.constants.items()}
    trees = [tree for line in lines if isinstance(line, DerivationLine) for tree in line.trees]
    read = {leaf.name for tree in trees for leaf in leaves(tree) if isinstance(leaf, Variable)}
    references |= {name: shown.over_batch(name) for name in read if is_over_batch(name)}
    references |= {name: shown.value(name) for name in read if OTHER_ROW.fullmatch(name) or OTHER_ROWS.fullmatch(name)}
    size = columns.method.batch_size
    for row, line in enumerate(lines, start=TOP):
        if isinstance(line, TextLine):
            yield Cell(row, QUANTITY, line.style, line.text)
            continue
        here, table = f"{letter(VALUE)}{row}", f"{letter(TABLE)}{row}"
        words = [f"= {shortened(_words_of(columns, tree), WIDEST)}" for tree in line.trees]
        formula = shown.by_step([f'"{text}"' for text in words]) if line.others else None
        numbers_of = [over_cells(tree, lambda leaf: references[leaf.name]).removeprefix("=") for tree in line.trees]
        yield Cell(row, QUANTITY, "label", line.name)
        yield Cell(row, EXPRESSION, "beside", words[0], formula and f"={formula}")
        yield Cell(row, VALUE, "number", line.value, f"={shown.by_step(numbers_of)}")
        references[line.name] = here
        if line.name in in_table:
            yield Cell(row, TABLE, "number", numbers[line.name], f"={in_table[line.name]}")
            yield Cell(row, MARK, "mark", *mark((line.value, here), (numbers[line.name], table)))
        elif line.name.startswith(NEW):
            name = line.name.removeprefix(NEW)
            following = f"{shown.batch_row(size)}>{layout.last_row}"
            value = values[size, columns.index[name]] if layout.steps > 1 else ""
            yield Cell(row, TABLE, "number", value, f'=IF({following},"",{shown.in_batch(name, size)})')
            found, within = mark((line.value, here), (value, table))
            yield Cell(row, MARK, "mark", found if layout.steps > 1 else "", f'=IF({following},"",{within[1:]})')


def mark(here: tuple[float | str, str], there: tuple[float | str, str], yes: str = "✓") -> tuple[float | str, str]:
    """Whether a number is that of the table, and the formula of this, from both numbers and their cells."""
    tree = call("IFERROR", word([(WITHIN, yes)], otherwise=Text("✗")), Text("✗"))
    return live_content(tree, {HERE.name: here[0], THERE.name: there[0]}, {HERE: here[1], THERE: there[1]}.__getitem__)


def _words_of(columns: Columns, tree: Tree) -> str:
    return in_words(columns, tree) if isinstance(tree, Variable) else printed(tree)
