"""The sheet `explorer`: type a step, and of a batch one of its rows, and see it worked out."""

from collections.abc import Iterator

from engine import Columns, FloatArray
from workbook.records import Cell, Chart, Drawing, Rule, SheetPlan, SignScale, Validation, small_sheet
from workbook.sheets import diagram, drawing
from workbook.sheets.activation_curves import Curves
from workbook.sheets.arrangement import arranged
from workbook.sheets.shown import Shown
from workbook.sheets.stepping import EXPLORER, STEP, step_bars
from workbook.sheets.working import Working
from workbook.table.definitions import is_dense
from workbook.table.layout import HEADER_ROW, Layout, letter

SHEET = EXPLORER
BATCH_ROW = "$D$3"
# Row of the table that is shown; 0 when there is no such row.
SHOWN = "$B$4"
PICTURE_TOP = 6
# What is folded away stands to the right of where the longest text of a small network ends.
FOLDED_COLUMN = 21
WIDTH = 12.5
# Right of the drawing, where the curves of two activations stand.
BESIDE = (("M6", "Q16"), ("M17", "Q27"))
CURVES = "right of the drawing: every neuron on the curve of its activation, and on that of the slope"
NOT_DRAWN = "Every number of the step, with its formula and the same with numbers."


def explorer_sheet(layout: Layout, values: FloatArray, learning_rate: float) -> SheetPlan:
    """The explorer of a table; `values` is its run, (T, C). The file opens with the first row."""
    columns = layout.columns
    arrangement = arranged(columns)
    rules: list[Rule] = []
    scales: list[SignScale] = []
    drawings: list[Drawing] = []
    curve_cells: list[Cell] = []
    charts: list[Chart] = []
    height = drawing.ROWS if arrangement else diagram.height(columns)
    folded = FOLDED_COLUMN if arrangement else max(FOLDED_COLUMN, diagram.width(columns))
    working = Working(Shown(layout, SHOWN), values, learning_rate, PICTURE_TOP + height + 3, folded)
    last = working.last_folded
    if arrangement:
        corner = PICTURE_TOP, last + 1
        picture, live = drawing.drawn(arrangement, working.quantities, SHEET, corner, PICTURE_TOP)
        reading = drawing.HOW_TO_READ
        drawings.append(live)
        last += drawing.COLUMNS_OF_MARKS
        curves = Curves(SHEET, columns, working.quantities, PICTURE_TOP + 1, last + 2)
        curve_cells, charts = list(curves.cells()), list(curves.charts(BESIDE))
        last = curves.last_column
        if charts:
            curve_cells.append(Cell(4, 2, "beside", CURVES))
    else:
        picture, rules, scales = diagram.diagram(columns, working.quantities, PICTURE_TOP)
        reading = diagram.HOW_TO_READ if is_dense(columns) else NOT_DRAWN
    hidden = f"{letter(folded)}:{letter(last)}"
    return small_sheet(
        SHEET,
        [*_choice_cells(layout), Cell(5, 0, "text", reading), *picture, *curve_cells, *working.cells()],
        widths={"A": 16, f"B:{letter(folded - 1)}": WIDTH, hidden: WIDTH},
        tab="teach",
        heights={1: 24.0},
        validations=list(_validations(layout)),
        scroll_bars=step_bars(layout, "B2", "C2"),
        frozen_rows=4,
        collapsed=[hidden],
        gridlines=False,
        print_area=f"A1:{letter(folded - 1)}{max(working.rows.values())}",
        paper="A3",
        drawings=drawings,
        charts=charts,
        rules=rules,
        scales=scales,
    )


def _choice_cells(layout: Layout) -> list[Cell]:
    """The step, and the row of its batch, to type; the row of the table that follows."""
    size = layout.columns.method.batch_size
    cells = [
        Cell(1, 0, "title", "One step, worked out"),
        Cell(3, 0, "label", "step"),
        Cell(3, 1, "input", 1),
        Cell(3, 2 if size == 1 else 4, "beside", _message(layout), _message_formula(layout)),
        Cell(4, 0, "label", "row of the table"),
        Cell(4, 1, "step", HEADER_ROW + 1, _shown_formula(layout)),
    ]
    if size > 1:
        cells += [Cell(3, 2, "label", _batch_label(layout.columns)), Cell(3, 3, "input", 1)]
    return cells


def _batch_label(columns: Columns) -> str:
    """What is typed in beside the step: where all samples are in a batch, a sample's number is its position there.

    Of one sequence it is the time.
    """
    if columns.method.batch_size == columns.network.time > 1:
        return "time"
    return "sample" if columns.samples == columns.method.batch_size and columns.network.time == 1 else "batch row"


def _validations(layout: Layout) -> Iterator[Validation]:
    size = layout.columns.method.batch_size
    yield _whole("Step", STEP, layout.steps)
    if size > 1:
        yield _whole(_batch_label(layout.columns).capitalize(), BATCH_ROW, size)


def _whole(title: str, cell: str, most: int) -> Validation:
    return Validation(
        range=cell.replace("$", ""),
        least=1,
        most=most,
        title=title,
        message=f"Type a whole number from 1 to {most}.",
        whole=True,
    )


def _message(layout: Layout) -> str:
    counters = Shown(layout, SHOWN).counters()
    return f"step 1 of {layout.steps}" + "".join(f", {name} 1 of {last}" for name, last, _ in counters)


def _message_formula(layout: Layout) -> str:
    columns, size = layout.columns, layout.columns.method.batch_size
    wrong = f'"Type a whole number from 1 to {layout.steps}."'
    if size > 1:
        which = f'"Type a whole number from 1 to {size} for the {_batch_label(columns)}."'
        wrong = f"IF({_whole_formula(STEP, layout.steps)},{which},{wrong})"
    shown = f'"step "&{STEP}&" of {layout.steps}"'
    for name, last, formula in Shown(layout, SHOWN).counters():
        shown += f'&", {name} "&{formula}&" of {last}"'
    return f"=IF({SHOWN}=0,{wrong},{shown})"


def _whole_formula(cell: str, most: int) -> str:
    return f"IF(ISNUMBER({cell}),AND({cell}>=1,{cell}<={most},{cell}=INT({cell})),FALSE)"


def _shown_formula(layout: Layout) -> str:
    size = layout.columns.method.batch_size
    if size == 1:
        possible = f"AND({STEP}>=1,{STEP}<={layout.steps},{STEP}=INT({STEP}))"
        return f"=IF(ISNUMBER({STEP}),IF({possible},{STEP}+{HEADER_ROW},0),0)"
    both = f"AND({_whole_formula(STEP, layout.steps)},{_whole_formula(BATCH_ROW, size)})"
    return f"=IF({both},({STEP}-1)*{size}+{BATCH_ROW}+{HEADER_ROW},0)"
