"""The exercise's small drawing of the network: which weight joins which neurons. Its points stand on a hidden sheet."""

from itertools import pairwise

from engine import Columns
from workbook.records import Cell, Drawing, Look, Series, SheetPlan, small_sheet
from workbook.sheets.arrangement import LINE_HEIGHT
from workbook.sheets.neurons import Frame, can_be_drawn, joined, looks
from workbook.table.layout import letter, on_sheet

SHEET = "network"
# Pixels, and the first and last column: between what to do and the loss curve, or for more layers right of the curve.
SIZES = ((335.0, "K", "O"), (640.0, "V", "AE"))
HEIGHT = 260.0  # points: the height of the rows above the marks
DIAMETER, MARGIN = 38.0, 36.0
NAME_WIDTH = 20.0  # pixels: the width of the text w10
# A name, and the x and y of its middle or of the ends of its line.
Mark = tuple[Look, str, list[float], list[float]]


def sketch(columns: Columns, first_row: int, last_row: int) -> tuple[SheetPlan, Drawing] | None:
    """The hidden sheet and the drawing on these rows of the exercise; None where it would be too crowded to read."""
    if not can_be_drawn(columns):
        return None
    if min(HEIGHT / ((before + 1) * after) for before, after in pairwise(columns.sizes)) < LINE_HEIGHT:
        return None
    fitting = [size for size in SIZES if _is_wide_enough(columns, size[0])]
    if not fitting:
        return None
    width, first_column, last_column = fitting[0]
    cells, series = [], []
    for row, (look, name, xs, ys) in enumerate(_marks(columns, width), start=1):
        cells += [Cell(row, 0, "text", name)]
        cells += [Cell(row, column, "number", number) for column, number in enumerate([*xs, *ys], start=1)]
        x, y = (_range(row, column, len(xs)) for column in (1, 1 + len(xs)))
        is_text = look in ("inside small", "weight")
        series.append((look, Series(y, ys, on_sheet(SHEET, f"$A${row}") if is_text else None, name, x, xs)))
    first, last = f"{first_column}{first_row}", f"{last_column}{last_row}"
    return small_sheet(SHEET, cells, {}, hidden="hidden"), Drawing(series, first, last, width, HEIGHT, DIAMETER)


def _is_wide_enough(columns: Columns, width: float) -> bool:
    """Whether no weight's name touches the neurons that its line comes from."""
    between = (width - 2 * MARGIN) / columns.depth
    return between / (max(columns.sizes[:-1]) + 1) >= (DIAMETER + NAME_WIDTH) / 2


def _range(row: int, column: int, number: int) -> str:
    first, last = (f"${letter(at)}${row}" for at in (column, column + number - 1))
    return on_sheet(SHEET, first if number == 1 else f"{first}:{last}")


def _marks(columns: Columns, width: float) -> list[Mark]:
    """Lines below neurons, neurons below texts."""
    names = [list(columns.input_names), *(list(columns.neuron_names(layer)) for layer in range(columns.depth))]
    middles = Frame(width, HEIGHT, MARGIN, MARGIN).middles(columns)
    lines: list[Mark] = []
    texts: list[Mark] = []
    for layer, size in enumerate(columns.sizes[:-1]):
        # Here the names of all lines between two layers are equally far apart.
        share = 1 / (size + 1)
        for weight, (x0, y0), (x1, y1) in joined(columns, middles, layer):
            lines.append(("above 0", weight, [x0, x1], [y0, y1]))
            texts.append(("weight", weight, [x0 + share * (x1 - x0)], [y0 + share * (y1 - y0)]))
    neurons: list[Mark] = []
    for look, of, at in zip(looks(columns), names, middles, strict=True):
        for name, (x, y) in zip(of, at, strict=True):
            neurons.append((look, name, [x], [y]))
            texts.append(("inside small", name, [x], [y]))
    return [*lines, *neurons, *texts]
