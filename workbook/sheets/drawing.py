"""The network as a drawing whose numbers are live, for the sheet `explorer`: an XY chart with its points in cells.

A label is a point whose series is named by a cell: Excel and LibreOffice both show that cell's text as it is.
"""

import numpy as np

from workbook.records import Cell, Drawing, Look, Series
from workbook.sheets import choice, edges
from workbook.sheets.arrangement import HEIGHT, WIDTH, Arrangement, Label
from workbook.sheets.choice import ZERO, Pattern, TextChoice, word
from workbook.sheets.edges import HALF as HALF_WIDTH
from workbook.sheets.edges import STRANDS, WEIGHT
from workbook.sheets.shown import Quantities
from workbook.spreadsheet.algebra import call, compare
from workbook.spreadsheet.evaluator import content_of
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Number, Text, Variable
from workbook.table.layout import letter, on_sheet

# The chart covers the columns A to L, 22 rows high: what a small screen shows at once.
ROWS, LAST_COLUMN = 22, "L"
LARGEST = "▸"
SIGNS: tuple[Look, Look] = ("above 0", "below 0")
# Where a mark's text, number, half its width, x and y stand. The text is first: beside a folded number hashes would be
# printed. An edge has x and y of a line for each sign.
TEXT, NUMBER, HALF, X, Y, COLUMNS_OF_MARKS = 0, 1, 2, 3, 15, 27
# Three decimals, or four, or an exponent where these would show at most one digit.
SIZE = call("ABS", choice.NUMBER)
EXTREME = call("OR", compare(">=", SIZE, Number(1000)), compare("<", SIZE, Number(0.001)))
SHORT = TextChoice(
    [(ZERO, "0"), (EXTREME, Pattern("0.0E+00")), (compare(">=", SIZE, Number(0.1)), Pattern("0.000"))],
    otherwise=Pattern("0.0000"),
)
# What a gradient's label begins with.
LARGEST_SIZE = Variable("largest", 0)
IS_LARGEST = call("AND", compare("<>", choice.NUMBER, Number(0)), compare("=", SIZE, LARGEST_SIZE))
MARK = word([(IS_LARGEST, LARGEST)], otherwise=Text(""))
HOW_TO_READ = (
    "Blue numbers go forward. Red ones are gradients: how the loss changes with the number above them "
    f"({LARGEST} the largest of a weight or bias). Lines: weights, blue above 0, orange below; wide: large."
)


def drawn(
    arrangement: Arrangement, quantities: Quantities, sheet: str, corner: tuple[int, int], top: int
) -> tuple[list[Cell], Drawing]:
    """The cells that hold the drawing's points and texts, and the drawing.

    Args:
        arrangement: where everything stands.
        quantities: the numbers.
        sheet: the name of the sheet.
        corner: row and column of the first of the cells: a row for each mark, with a text, a number, x and y.
        top: the row of the drawing's upper edge.
    """
    first, column = corner
    cells: list[Cell] = []
    marks: list[tuple[Look, Series]] = []

    def series(row: int, xs: list[float], ys: list[float], name: str = "", offset: int = 0) -> Series:
        x, y = (_cells(sheet, row, column + at + offset, len(xs)) for at in (X, Y))
        name_cell = on_sheet(sheet, f"${letter(column + TEXT)}${row}") if name else None
        return Series(y, ys, name_cell, name, x, xs)

    numbers = f"${letter(column + NUMBER)}${first}:${letter(column + NUMBER)}${first + len(arrangement.edges) - 1}"
    weights = np.array([[quantities.numbers[edge.weight] for edge in arrangement.edges]])
    for row, edge in enumerate(arrangement.edges, start=first):
        weight = quantities.numbers[edge.weight]
        number, width = f"{letter(column + NUMBER)}{row}", f"{letter(column + HALF)}{row}"
        half, half_formula = edges.half(weight, weights, number, numbers)
        given, at_cells = {WEIGHT.name: weight, HALF_WIDTH.name: half}, {WEIGHT: number, HALF_WIDTH: width}
        cells += [
            Cell(row, column + TEXT, "folded", edge.weight),
            Cell(row, column + NUMBER, "folded", weight, f"={quantities.formulas[edge.weight]}"),
            Cell(row, column + HALF, "folded", half, half_formula),
        ]
        for sign, look in enumerate(SIGNS):
            offset = sign * len(STRANDS)
            xs, ys = (list(edge.strands(axis, edges.HIDDEN[look], given, at_cells)) for axis in (0, 1))
            marks.append((look, series(row, [x for x, _ in xs], [y for y, _ in ys], offset=offset)))
            for at, points in ((X, xs), (Y, ys)):
                cells += [Cell(row, column + at + offset + n, "folded", *point) for n, point in enumerate(points)]
    first += len(arrangement.edges)
    for row, (look, x, y) in enumerate(arrangement.neurons, start=first):
        cells.append(Cell(row, column + TEXT, "folded", look))
        cells += [Cell(row, column + X, "folded", x), Cell(row, column + Y, "folded", y)]
        marks.append((look, series(row, [x], [y])))
    first += len(arrangement.neurons)
    for row, label in enumerate(arrangement.labels, start=first):
        text = _text(label, quantities)
        number = f"{letter(column + NUMBER)}{row}"
        value, formula = quantities.numbers[label.quantity], f"={quantities.formulas[label.quantity]}"
        cells += [
            Cell(row, column + NUMBER, "folded", value, formula),
            Cell(row, column + TEXT, "folded", text, _text_formula(label, number, quantities)),
            Cell(row, column + X, "folded", label.x),
            Cell(row, column + Y, "folded", label.y),
        ]
        marks.append((label.look, series(row, [label.x], [label.y], text)))
    return cells, Drawing(marks, f"A{top}", f"{LAST_COLUMN}{top + ROWS - 1}", WIDTH, HEIGHT, arrangement.diameter)


def _cells(sheet: str, row: int, column: int, number: int) -> str:
    first, last = (f"${letter(at)}${row}" for at in (column, column + number - 1))
    return on_sheet(sheet, first if number == 1 else f"{first}:{last}")


def _text(label: Label, quantities: Quantities) -> str:
    number = quantities.numbers[label.quantity]
    given = {choice.NUMBER.name: number, LARGEST_SIZE.name: quantities.largest[1]}
    mark = content_of(MARK, given) if label.is_gradient else ""
    return f"{mark}{label.words}{rounded(number)}"


def _text_formula(label: Label, number: str, quantities: Quantities) -> str:
    text = rounded_formula(number)
    if label.words:
        text = f'"{label.words}"&{text}'
    if label.is_gradient:
        cells = {choice.NUMBER: number, LARGEST_SIZE: quantities.largest[0]}
        text = f"{printed(MARK, cells.__getitem__)}&{text}"
    return f'=IF({number}="","",{text})'


def rounded(value: float) -> str:
    """A number as a text that has room in the drawing."""
    return SHORT.text({choice.NUMBER.name: value})


def rounded_formula(cell: str) -> str:
    """The formula that writes a cell's number so."""
    return SHORT.formula(lambda _: cell)
