"""The sheet `derivation`: the chain rule from the loss back to every weight, with the numbers of one step."""

from dataclasses import dataclass

from engine import Columns, FloatArray
from workbook.definitions import ETA as RATE
from workbook.definitions import chain_rule, definitions
from workbook.layout import ETA, FIRST_ROW, HEADER_ROW, Layout, letter, on_sheet, over_cells
from workbook.records import Cell, Color, Highlight, Picture, Sheet, Style, small_sheet
from workbook.sheets.check import ABSOLUTE, RELATIVE
from workbook.sheets.explorer import SHEET as EXPLORER
from workbook.sheets.explorer import SHOWN as EXPLORER_SHOWN
from workbook.sheets.network import network_png
from workbook.sheets.training import MAIN_SHEET
from workbook.trees import Tree, printed, value_of

SHEET = "derivation"
TOP = 6
# The row of the step in the table: the explorer's, or step 1's where no step of the table is typed there.
SHOWN = "$B$3"
MARKS: tuple[tuple[str, Color], ...] = (("✓", "green"), ("✗", "red"))
QUANTITY, EXPRESSION, VALUE, TABLE, MARK = range(5)
WIDEST = 80  # characters of a formula that are shown
# As in the sheet `check`.
WITHIN = f"ABS({{0}}-{{1}})<={ABSOLUTE:.12f}+{RELATIVE:.9f}*ABS({{1}})"


@dataclass(frozen=True)
class Line:
    """One factor or product of the chain rule: a name, what it is, its value."""

    name: str
    tree: Tree
    value: float


def derivation_sheet(layout: Layout, values: FloatArray, learning_rate: float) -> Sheet:
    """The derivation for a network of any size; `values` is its run, (T, C)."""
    numbers = dict(zip(layout.columns.names, values[0].tolist(), strict=True))
    lines = derivation(layout.columns, {**numbers, RATE.name: learning_rate})
    headers: tuple[tuple[Style, str], ...] = (
        ("header", "quantity"), ("header_left", "equals"),
        ("header", "here"), ("header", "in the table"), ("header", ""),
    )  # fmt: skip
    explorer_row = on_sheet(EXPLORER, EXPLORER_SHOWN)
    step = f'="step "&{SHOWN}-{HEADER_ROW}&", which is chosen on the sheet {EXPLORER}"'
    cells = [
        Cell(1, 0, "title", "From the loss back to every weight"),
        Cell(2, 0, "text", "Each value is computed on this sheet, a factor at a time; ✓ where the table has the same."),
        Cell(3, 0, "label", "row of the table"),
        Cell(3, 1, "step_left", float(FIRST_ROW), f"=IF({explorer_row}=0,{FIRST_ROW},{explorer_row})"),
        Cell(4, 1, "beside", f"step 1, which is chosen on the sheet {EXPLORER}", step),
        *(Cell(TOP - 1, column, style, text) for column, (style, text) in enumerate(headers)),
    ]
    widest = min(max(len(printed(line.tree)) for line in lines if isinstance(line, Line)), WIDEST)
    return small_sheet(
        SHEET,
        cells + _line_cells(lines, layout, numbers),
        widths={"A": 16, "B": widest + 5.0, "C:D": 13, "E": 4, "F": 4},
        heights={1: 24.0},
        highlights=[Highlight(f"E{TOP}:E{TOP + len(lines)}", mark, color) for mark, color in MARKS],
        pictures=[Picture("network.png", network_png(layout.columns), f"G{TOP}", 0.75)],
        frozen_rows=TOP - 1,
        paper="A3",
    )


def _line_cells(lines: list[str | Line], layout: Layout, numbers: dict[str, float]) -> list[Cell]:
    in_table = {
        name: f"INDEX({on_sheet(MAIN_SHEET, f'${column}$1:${column}${layout.last_row}')},{SHOWN})"
        for name, column in layout.letters.items()
    }
    references, cells = {**in_table, RATE.name: on_sheet(MAIN_SHEET, ETA)}, []
    for row, line in enumerate(lines, start=TOP):
        if isinstance(line, str):
            cells.append(Cell(row, QUANTITY, "heading", line))
            continue
        here, table = f"{letter(VALUE)}{row}", f"{letter(TABLE)}{row}"
        cells += [
            Cell(row, QUANTITY, "label", line.name),
            Cell(row, EXPRESSION, "beside", f"= {printed(line.tree)}"),
            Cell(row, VALUE, "number", line.value, over_cells(line.tree, lambda leaf: references[leaf.name])),
        ]
        references[line.name] = here
        if line.name in in_table:
            mark = f'=IFERROR(IF({WITHIN.format(here, table)},"✓","✗"),"✗")'
            cells.append(Cell(row, TABLE, "number", numbers[line.name], f"={in_table[line.name]}"))
            cells.append(Cell(row, MARK, "mark", "✓", mark))
    return cells


def derivation(columns: Columns, numbers: dict[str, float]) -> list[str | Line]:
    """The lines, and headings, in the order of backpropagation: the loss, the layers from the last back, the update.

    Args:
        columns: the network's columns.
        numbers: the values of a step and η, by name.
    """
    defined, known = definitions(columns), dict(numbers)

    def line(name: str, tree: Tree) -> Line:
        # All of a line's operands are of its own step, also those of an update, which the next row shows.
        known[name] = value_of(tree, known)
        return Line(name, tree, known[name])

    lines: list[str | Line] = ["1. The loss"]
    lines += [line(name, defined[name].tree) for name in (*columns.loss_names, "E_tot")]
    for number, layer in enumerate(reversed(range(columns.depth)), start=2):
        which = "the outputs" if layer == columns.depth - 1 else f"hidden layer {layer + 1}"
        lines.append(f"{number}. Back through {which}")
        lines += [line(factor.name, factor.tree) for factor in chain_rule(columns, layer)]
    lines.append(f"{columns.depth + 2}. The update: all weights at once, after every gradient of the step is known")
    for layer in range(columns.depth):
        lines += [line(f"new {weight}", defined[weight].tree) for row in columns.weight_names(layer) for weight in row]
    return lines
