"""The sheet `explorer`: type a step's number and see that step worked out."""

from itertools import zip_longest

from engine import Columns, FloatArray
from engine.columns import activation_name, gradient_name
from workbook.formulas import formulas, given_names
from workbook.layout import ETA, FORMULA_LIMIT_OF_EXCEL, HEADER_ROW, NAME, Layout, letter, on_sheet
from workbook.records import Cell, Sheet, Validation, small_sheet
from workbook.sheets.training import MAIN_SHEET

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
    """One row a quantity: name, formula over names, the same with numbers, value; for weights, the value after."""
    rows, spelled, given = _rows(layout.columns), formulas(layout.columns), set(given_names(layout.columns))
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
        if name == "eta" or (name in given and not name.startswith("w")):
            cells.append(Cell(row, FORMULA_COLUMN, "beside", "given"))
            continue
        text = spelled[name].text
        plugged = _plugged_cell(row, text, numbers, rows)
        if name.startswith("w"):
            cells.append(Cell(row, FORMULA_COLUMN, "beside", f"after the step: {text}"))
            after = numbers[name] - learning_rate * numbers[gradient_name(name)]
            cells += [plugged, Cell(row, AFTER_COLUMN, "number", after, _after_formula(name, rows))]
        else:
            cells += [Cell(row, FORMULA_COLUMN, "beside", text), plugged]
    return cells


def _value_formula(layout: Layout, name: str) -> str:
    if name == "eta":
        return f"={on_sheet(MAIN_SHEET, ETA)}"
    column = on_sheet(MAIN_SHEET, f"${layout.letters[name]}$1:${layout.letters[name]}${layout.last_row}")
    return f'=IF({SHOWN}=0,"",INDEX({column},{SHOWN}))'


def _after_formula(name: str, rows: dict[str, int]) -> str:
    weight, eta, gradient = (f"{letter(VALUE_COLUMN)}{rows[part]}" for part in (name, "eta", gradient_name(name)))
    return f'=IF({SHOWN}=0,"",{weight}-{eta}*{gradient})'


def _text(value: float) -> str:
    """As _text_formula: seven decimals, or four digits and an exponent; negative numbers in brackets."""
    text = f"{value:.7f}" if abs(value) < 1000 else f"{value:.3E}"
    return f"({text})" if value < 0 else text


def _text_formula(cell: str) -> str:
    text = f'IF(ABS({cell})<1000,TEXT({cell},"0.0000000"),TEXT({cell},"0.000E+00"))'
    return f'=IF({cell}="","",IF({cell}<0,"("&{text}&")",{text}))'


def _parts(text: str) -> list[tuple[str, str]]:
    """A formula over names as pairs of (what stands between, name); the last name is empty."""
    return list(zip_longest(NAME.split(text), NAME.findall(text), fillvalue=""))


def _plugged_cell(row: int, text: str, numbers: dict[str, float], rows: dict[str, int]) -> Cell:
    formula = _plugged_formula(text, rows)
    if len(formula) > FORMULA_LIMIT_OF_EXCEL:
        return Cell(row, NUMBERS_COLUMN, "beside", "too long for a cell")
    return Cell(row, NUMBERS_COLUMN, "beside", _plugged(text, numbers), formula)


def _plugged(text: str, numbers: dict[str, float]) -> str:
    return NAME.sub(lambda match: _text(numbers[match[0]]) if match[0] in numbers else match[0], text)


def _plugged_formula(text: str, rows: dict[str, int]) -> str:
    pieces = []
    for between, name in _parts(text):
        literal = between if name in rows else between + name
        if literal:
            pieces.append(f'"{literal}"')
        if name in rows:
            pieces.append(f"{letter(TEXT_COLUMN)}{rows[name]}")
    return f'=IF({SHOWN}=0,"",{"&".join(pieces)})'


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
