"""The sheet `explorer`: type a step's number and see that step worked out."""

from itertools import groupby

from engine import Columns, FloatArray
from engine.columns import activation_name, gradient_name
from workbook.definitions import definitions
from workbook.layout import ETA, FORMULA_LIMIT_OF_EXCEL, HEADER_ROW, Layout, letter, on_sheet
from workbook.records import Cell, Sheet, Validation, small_sheet
from workbook.sheets.training import MAIN_SHEET
from workbook.trees import Tree, Variable, number_text, pieces, printed, value_of

SHEET = "explorer"
STEP = "$B$3"
# Row of the step that is shown, in the table; 0 when there is no such step.
SHOWN = "$B$4"
DIAGRAM_TOP = 6
NAME_COLUMN, VALUE_COLUMN, AFTER_COLUMN, FORMULA_COLUMN, NUMBERS_COLUMN = 0, 1, 2, 3, 10
# A value as text, for plugging in; folded away, to the right of where the longest text of a small network ends.
TEXT_COLUMN = 21
WIDTH = 12.5


def explorer_sheet(layout: Layout, values: FloatArray, learning_rate: float) -> Sheet:
    """The explorer of a table; `values` is its run, (T, C). The file opens with step 1."""
    numbers = dict(zip(layout.columns.names, values[0].tolist(), strict=True))
    cells = [
        Cell(1, 0, "title", "One step, worked out"),
        Cell(3, 0, "label", "step"),
        Cell(3, 1, "input", 1),
        Cell(3, 2, "beside", _message(layout), _message_formula(layout)),
        Cell(4, 0, "label", "row of the table"),
        Cell(4, 1, "step", HEADER_ROW + 1, _shown_formula(layout)),
        *_diagram_cells(layout.columns, numbers),
        *_working_cells(layout, numbers, learning_rate),
    ]
    return small_sheet(
        SHEET,
        cells,
        widths={"A": 16, f"B:{letter(TEXT_COLUMN - 1)}": WIDTH, letter(TEXT_COLUMN): WIDTH},
        heights={1: 24.0},
        validations=[
            Validation(
                range=STEP.replace("$", ""),
                least=1,
                most=layout.steps,
                title="Step",
                message=f"Type a whole number from 1 to {layout.steps}.",
                whole=True,
            )
        ],
        frozen_rows=4,
        collapsed=[letter(TEXT_COLUMN)],
        paper="A3",
    )


def _message(layout: Layout) -> str:
    return f"step 1 of {layout.steps}"


def _message_formula(layout: Layout) -> str:
    return f'=IF({SHOWN}=0,"Type a whole number from 1 to {layout.steps}.","step "&{STEP}&" of {layout.steps}")'


def _shown_formula(layout: Layout) -> str:
    return f"=IF(ISNUMBER({STEP}),IF(AND({STEP}>=1,{STEP}<={layout.steps},{STEP}=INT({STEP})),{STEP}+{HEADER_ROW},0),0)"


def _rows(columns: Columns) -> dict[str, int]:
    """The row of each quantity, below the diagram."""
    tallest = max(columns.sizes[layer + 1] * (columns.sizes[layer] + 1) for layer in range(columns.depth))
    first = DIAGRAM_TOP + max(tallest, 2 * columns.sizes[0]) + 3
    return {name: first + place for place, name in enumerate(["eta", *columns.names])}


def _working_cells(layout: Layout, numbers: dict[str, float], learning_rate: float) -> list[Cell]:
    """A row for each quantity: name, formula over names, the same with numbers, value; for weights, the value after."""
    rows, defined = _rows(layout.columns), definitions(layout.columns)
    given = {*layout.columns.target_names, *layout.columns.input_names, "eta"}
    top = rows["eta"] - 1
    cells = [Cell(top, column, "header_left", "") for column in range(FORMULA_COLUMN, TEXT_COLUMN)]
    cells += [Cell(top, column, "header", text) for column, text in enumerate(("quantity", "value", "after the step"))]
    cells[0] = Cell(top, FORMULA_COLUMN, "header_left", "formula")
    cells[NUMBERS_COLUMN - FORMULA_COLUMN] = Cell(top, NUMBERS_COLUMN, "header_left", "with this step's numbers")
    numbers = {"eta": learning_rate, **numbers}
    for name, row in rows.items():
        value = f"{letter(VALUE_COLUMN)}{row}"
        cells += [
            Cell(row, NAME_COLUMN, "label", name),
            Cell(row, VALUE_COLUMN, "number", numbers[name], _value_formula(layout, name)),
            Cell(row, TEXT_COLUMN, "folded", _text(numbers[name]), _text_formula(value)),
        ]
        if name in given:
            cells.append(Cell(row, FORMULA_COLUMN, "beside", "given"))
            continue
        tree = defined[name].tree
        plugged = _plugged_cell(row, tree, numbers, rows)
        if defined[name].typed_in:
            cells.append(Cell(row, FORMULA_COLUMN, "beside", f"after the step: {printed(tree)}"))
            after = Cell(row, AFTER_COLUMN, "number", value_of(tree, numbers), _after_formula(tree, rows))
            cells += [plugged, after]
        else:
            cells += [Cell(row, FORMULA_COLUMN, "beside", printed(tree)), plugged]
    return cells


def _value_formula(layout: Layout, name: str) -> str:
    if name == "eta":
        return f"={on_sheet(MAIN_SHEET, ETA)}"
    column = on_sheet(MAIN_SHEET, f"${layout.letters[name]}$1:${layout.letters[name]}${layout.last_row}")
    return f'=IF({SHOWN}=0,"",INDEX({column},{SHOWN}))'


def _after_formula(tree: Tree, rows: dict[str, int]) -> str:
    return f'=IF({SHOWN}=0,"",{printed(tree, lambda leaf: f"{letter(VALUE_COLUMN)}{rows[leaf.name]}")})'


def _text(value: float) -> str:
    """As _text_formula: seven decimals, or four digits and an exponent; negative numbers in brackets."""
    text = f"{value:.7f}" if abs(value) < 1000 else f"{value:.3E}"
    return f"({text})" if value < 0 else text


def _text_formula(cell: str) -> str:
    text = f'IF(ABS({cell})<1000,TEXT({cell},"0.0000000"),TEXT({cell},"0.000E+00"))'
    return f'=IF({cell}="","",IF({cell}<0,"("&{text}&")",{text}))'


def _plugged_cell(row: int, tree: Tree, numbers: dict[str, float], rows: dict[str, int]) -> Cell:
    formula = _plugged_formula(tree, rows)
    if len(formula) > FORMULA_LIMIT_OF_EXCEL:
        return Cell(row, NUMBERS_COLUMN, "beside", "too long for a cell")
    return Cell(row, NUMBERS_COLUMN, "beside", printed(tree, lambda leaf: _text(numbers[leaf.name])), formula)


def _plugged_formula(tree: Tree, rows: dict[str, int]) -> str:
    """A text of what stands between the variables, with the text of each one's number."""
    parts = []
    for is_variable, group in groupby(pieces(tree), key=lambda piece: isinstance(piece, Variable)):
        if is_variable:
            parts += [f"{letter(TEXT_COLUMN)}{rows[leaf.name]}" for leaf in group if isinstance(leaf, Variable)]
        else:
            parts.append('"' + "".join(p if isinstance(p, str) else number_text(p) for p in group) + '"')
    return f'=IF({SHOWN}=0,"",{"&".join(parts)})'


def _diagram_cells(columns: Columns, numbers: dict[str, float]) -> list[Cell]:
    """The network as cells: inputs, then for each layer its weights and its neurons, from left to right."""
    rows = _rows(columns)

    def live(row: int, column: int, name: str) -> Cell:
        return Cell(row, column, "box", numbers[name], f"={letter(VALUE_COLUMN)}{rows[name]}")

    top = DIAGRAM_TOP
    cells = [Cell(top, 0, "header", "inputs"), Cell(top, 1, "header", "value")]
    for place, name in enumerate(columns.input_names):
        row = top + 1 + 2 * place
        cells += [Cell(row, 0, "label", name), live(row, 1, name)]
    column = 2
    for layer in range(columns.depth):
        sources = columns.input_names if layer == 0 else [activation_name(n) for n in columns.neuron_names(layer - 1)]
        neurons = columns.neuron_names(layer)
        title = "outputs" if layer == columns.depth - 1 else f"hidden layer {layer + 1}"
        headers = ("from → to", "weight", "gradient", title, "activation")
        cells += [Cell(top, column + place, "header", text) for place, text in enumerate(headers)]
        row = top + 1
        for neuron, weights in zip(neurons, columns.weight_names(layer), strict=True):
            for source, weight in zip(sources, weights, strict=True):
                cells += [
                    Cell(row, column, "step", f"{weight}: {source} → {neuron}"),
                    live(row, column + 1, weight),
                    live(row, column + 2, gradient_name(weight)),
                ]
                row += 1
            cells += [Cell(row - 1, column + 3, "label", activation_name(neuron))]
            cells += [live(row - 1, column + 4, activation_name(neuron))]
            row += 1
        column += 5
    return cells
