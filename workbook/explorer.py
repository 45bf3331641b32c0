"""The sheet `explorer`: type a step's number and see that step worked out."""

from itertools import zip_longest

from engine import Columns, FloatArray
from engine.columns import activation_name, gradient_name
from workbook.formulas import formulas, given_names
from workbook.layout import ETA, HEADER_ROW, NAME, Layout, letter, on_sheet
from workbook.records import Cell, Sheet, Validation, small_sheet
from workbook.training import MAIN_SHEET

SHEET = "explorer"
STEP = "$B$3"
# Row of the step that is shown, in the table; 0 when there is no such step.
SHOWN = "$B$4"
FIRST_ROW = 7
NAME_COLUMN, FORMULA_COLUMN, NUMBERS_COLUMN, VALUE_COLUMN, AFTER_COLUMN = range(5)
# A value as text, for plugging in; folded away.
TEXT_COLUMN = 5
DIAGRAM_COLUMN = 7


def explorer_sheet(layout: Layout, values: FloatArray, learning_rate: float) -> Sheet:
    """The explorer of a table; `values` is its run, (T, C). The file opens with step 1."""
    numbers = dict(zip(layout.columns.names, values[0].tolist(), strict=True))
    cells = [
        Cell(1, 0, "title", "One step, worked out"),
        Cell(3, 0, "label", "step"),
        Cell(3, 1, "input", 1),
        Cell(3, 2, "verdict", _message(layout), _message_formula(layout)),
        Cell(4, 0, "label", "row of the table"),
        Cell(4, 1, "step", HEADER_ROW + 1, _shown_formula(layout)),
        *_working_cells(layout, numbers, learning_rate),
        *_diagram_cells(layout.columns, numbers),
    ]
    first_weights = letter(DIAGRAM_COLUMN + 2)
    return small_sheet(
        SHEET,
        cells,
        widths={"A": 16, "B": 44, "C": 62, "D:E": 12, letter(TEXT_COLUMN): 12, "G": 3}
        | {f"{letter(DIAGRAM_COLUMN)}:{first_weights}": 11.5}
        | {f"{letter(DIAGRAM_COLUMN + 3)}:{letter(DIAGRAM_COLUMN + 5 * layout.columns.depth + 4)}": 11.5},
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
        frozen_rows=FIRST_ROW - 1,
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
    return {name: FIRST_ROW + place for place, name in enumerate(["eta", *columns.names])}


def _working_cells(layout: Layout, numbers: dict[str, float], learning_rate: float) -> list[Cell]:
    """One row a quantity: name, formula over names, the same with numbers, value; for weights, the value after."""
    rows, spelled, given = _rows(layout.columns), formulas(layout.columns), set(given_names(layout.columns))
    header = ("quantity", "formula", "with this step's numbers", "value", "after the step", "as text")
    cells = [Cell(FIRST_ROW - 1, column, "header", text) for column, text in enumerate(header)]
    numbers = {"eta": learning_rate, **numbers}
    for name, row in rows.items():
        value = f"{letter(VALUE_COLUMN)}{row}"
        cells += [
            Cell(row, NAME_COLUMN, "label", name),
            Cell(row, VALUE_COLUMN, "number", numbers[name], _value_formula(layout, name)),
            Cell(row, TEXT_COLUMN, "step", _text(numbers[name]), _text_formula(value)),
        ]
        if name == "eta" or (name in given and not name.startswith("w")):
            cells.append(Cell(row, FORMULA_COLUMN, "text", "given"))
            continue
        text = spelled[name].text
        plugged = Cell(row, NUMBERS_COLUMN, "text", _plugged(text, numbers), _plugged_formula(text, rows))
        if name.startswith("w"):
            cells.append(Cell(row, FORMULA_COLUMN, "text", f"after the step: {text}"))
            after = numbers[name] - learning_rate * numbers[gradient_name(name)]
            cells += [plugged, Cell(row, AFTER_COLUMN, "number", after, _after_formula(name, rows))]
        else:
            cells += [Cell(row, FORMULA_COLUMN, "text", text), plugged]
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

    top, cells = FIRST_ROW, []
    cells.append(Cell(top - 1, DIAGRAM_COLUMN, "header", "inputs"))
    cells.append(Cell(top - 1, DIAGRAM_COLUMN + 1, "header", ""))
    for place, name in enumerate(columns.input_names):
        row = top + 1 + 3 * place
        cells += [Cell(row, DIAGRAM_COLUMN, "label", name), live(row, DIAGRAM_COLUMN + 1, name)]
    column = DIAGRAM_COLUMN + 2
    for layer in range(columns.depth):
        sources = columns.input_names if layer == 0 else [activation_name(n) for n in columns.neuron_names(layer - 1)]
        neurons = columns.neuron_names(layer)
        title = "outputs" if layer == columns.depth - 1 else f"hidden layer {layer + 1}"
        headers = ("from → to", "weight", "gradient", title, "activation")
        cells += [Cell(top - 1, column + place, "header", text) for place, text in enumerate(headers)]
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
