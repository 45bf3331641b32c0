"""The one step that all sheets show: it is typed on the sheet `explorer`, and a bar on each sheet moves it."""

from workbook.records import Cell, ScrollBar
from workbook.sheets.live import live_whole
from workbook.spreadsheet.algebra import ONE, call
from workbook.spreadsheet.trees import Number, Variable
from workbook.table.layout import FIRST_ROW, Layout, on_sheet

EXPLORER = "explorer"
STEP = "$B$3"  # on that sheet
# A bar in Excel counts no further.
LONGEST = 30_000

TYPED = Variable("typed", 0)


def whole_number(cell: str, most: int, opened: int = 1) -> tuple[int, str]:
    """The number that is used for what one types into a cell: a whole one from 1 to `most`, whatever stands there."""
    within = call("MAX", ONE, call("MIN", Number(most), call("INT", TYPED)))
    return live_whole(call("IF", call("ISNUMBER", TYPED), within, ONE), {TYPED.name: opened}, lambda _: cell)


def step_bars(layout: Layout, first: str, last: str) -> list[ScrollBar]:
    """The bar, on the cells from `first` to `last`; none where there is nothing to move."""
    return [ScrollBar(on_sheet(EXPLORER, STEP), layout.steps, first, last)] if 1 < layout.steps <= LONGEST else []


def step_cells(layout: Layout, row: int, column: int) -> list[Cell]:
    """The step as another sheet shows it, from 1 to the last whatever is typed, and where it comes from."""
    typed = on_sheet(EXPLORER, STEP)
    words = f"of {layout.steps}; typed on {EXPLORER}"
    return [
        Cell(row, column, "step", *whole_number(typed, layout.steps)),
        Cell(row, column + 1, "beside", words),
    ]


def row_of_step(layout: Layout, step: str) -> str:
    """The row, on the main sheet, of a step's first sample, as a formula without its `=` over the step's cell."""
    return f"{FIRST_ROW}+{layout.columns.method.batch_size}*({step}-1)"
