"""The sheet `derivation`: the chain rule from the loss back to every weight, with the numbers of one step."""

from dataclasses import dataclass

from engine import Columns, FloatArray
from engine.columns import activation_name, gradient_name
from workbook.formulas import formulas
from workbook.layout import ETA, FIRST_ROW, HEADER_ROW, Layout, letter, on_sheet, substitute
from workbook.records import Cell, Color, Highlight, Picture, Sheet, Style, small_sheet
from workbook.sheets.explorer import SHEET as EXPLORER
from workbook.sheets.explorer import SHOWN as EXPLORER_SHOWN
from workbook.sheets.network import network_png
from workbook.sheets.training import MAIN_SHEET

SHEET = "derivation"
TOP = 6
# The row of the step in the table: the explorer's, or step 1's where no step of the table is typed there.
SHOWN = "$B$3"
MARKS: tuple[tuple[str, Color], ...] = (("✓", "green"), ("✗", "red"))
QUANTITY, EXPRESSION, VALUE, TABLE, MARK = range(5)
WIDEST = 80  # characters of a formula that are shown
# As in the sheet `check`.
WITHIN = "ABS({0}-{1})<=0.000000000001+0.000000001*ABS({1})"


@dataclass(frozen=True)
class Line:
    """One factor or product of the chain rule: a name, what it is, its value; a heading has no name."""

    text: str
    name: str = ""
    value: float = 0.0


def derivation_sheet(layout: Layout, values: FloatArray, learning_rate: float) -> Sheet:
    """The derivation for a network of any size; `values` is its run, (T, C)."""
    numbers = dict(zip(layout.columns.names, values[0].tolist(), strict=True))
    lines = derivation(layout.columns, numbers, learning_rate)
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
    widest = min(max(len(line.text) for line in lines if line.name), WIDEST)
    return small_sheet(
        SHEET,
        cells + _line_cells(lines, layout, numbers),
        widths={
            "A": 16,
            "B": widest + 5.0,
            "C:D": 13,
            "E": 4,
            "F": 4,
        },
        heights={1: 24.0},
        highlights=[Highlight(f"E{TOP}:E{TOP + len(lines)}", mark, color) for mark, color in MARKS],
        pictures=[Picture("network.png", network_png(layout.columns), f"G{TOP}", 0.75)],
        frozen_rows=TOP - 1,
        paper="A3",
    )


def _line_cells(lines: list[Line], layout: Layout, numbers: dict[str, float]) -> list[Cell]:
    in_table = {
        name: f"INDEX({on_sheet(MAIN_SHEET, f'${column}$1:${column}${layout.last_row}')},{SHOWN})"
        for name, column in layout.letters.items()
    }
    references, cells = {**in_table, "eta": on_sheet(MAIN_SHEET, ETA)}, []
    for row, line in enumerate(lines, start=TOP):
        if not line.name:
            cells.append(Cell(row, QUANTITY, "heading", line.text))
            continue
        here, table = f"{letter(VALUE)}{row}", f"{letter(TABLE)}{row}"
        cells += [
            Cell(row, QUANTITY, "label", line.name),
            Cell(row, EXPRESSION, "beside", f"= {line.text}"),
            Cell(row, VALUE, "number", line.value, substitute(line.text, references)),
        ]
        references[line.name] = here
        if line.name in in_table:
            mark = f'=IFERROR(IF({WITHIN.format(here, table)},"✓","✗"),"✗")'
            cells.append(Cell(row, TABLE, "number", numbers[line.name], f"={in_table[line.name]}"))
            cells.append(Cell(row, MARK, "mark", "✓", mark))
    return cells


def derivation(columns: Columns, numbers: dict[str, float], learning_rate: float) -> list[Line]:
    """The lines in the order of backpropagation: the loss, then the layers from the last to the first, the update.

    Args:
        columns: the network's columns.
        numbers: the values of step 1, by column name.
        learning_rate: η, for the update.
    """
    spelled = formulas(columns)
    lines = [Line("1. The loss")]
    lines += [Line(spelled[name].text, name, numbers[name]) for name in (*columns.loss_names, "E_tot")]
    known = dict(numbers)
    for number, layer in enumerate(reversed(range(columns.depth)), start=2):
        which = "the outputs" if layer == columns.depth - 1 else f"hidden layer {layer + 1}"
        lines.append(Line(f"{number}. Back through {which}"))
        for place in range(columns.sizes[layer + 1]):
            lines += _neuron_lines(columns, layer, place, known)
    lines.append(
        Line(f"{columns.depth + 2}. The update: all weights at once, after every gradient of the step is known")
    )
    for layer in range(columns.depth):
        for weight in (name for row in columns.weight_names(layer) for name in row):
            after = numbers[weight] - learning_rate * numbers[gradient_name(weight)]
            lines.append(Line(spelled[weight].text, f"new {weight}", after))
    return lines


def _neuron_lines(columns: Columns, layer: int, place: int, known: dict[str, float]) -> list[Line]:
    """The factors of one neuron: its share of the error, the slope of its activation, then each of its weights."""
    z = columns.neuron_names(layer)[place]
    a = activation_name(z)
    error, slope, delta = f"∂E/∂{a}", f"∂{a}/∂{z}", f"∂E/∂{z}"
    if layer == columns.depth - 1:
        target = columns.target_names[place]
        text, known[error] = f"{a}-{target}", known[a] - known[target]
    else:
        fed = list(zip(columns.neuron_names(layer + 1), columns.weight_names(layer + 1), strict=True))
        text = " + ".join(f"∂E/∂{after}*{weights[place]}" for after, weights in fed)
        known[error] = sum(known[f"∂E/∂{after}"] * known[weights[place]] for after, weights in fed)
    known[slope] = known[a] * (1 - known[a])
    known[delta] = known[error] * known[slope]
    lines = [
        Line(text, error, known[error]),
        Line(f"{a}*(1-{a})", slope, known[slope]),
        Line(f"{error}*{slope}", delta, known[delta]),
    ]
    inputs = columns.input_names if layer == 0 else [activation_name(n) for n in columns.neuron_names(layer - 1)]
    for weight, value in zip(columns.weight_names(layer)[place], inputs, strict=True):
        local, gradient = f"∂{z}/∂{weight}", gradient_name(weight)
        lines.append(Line(value, local, known[value]))
        lines.append(Line(f"{delta}*{local}", gradient, known[delta] * known[value]))
    return lines
