"""A training sheet: the learning rate, the loss curve, and the table of every step. The main sheet is one of them."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat

from engine import FloatArray
from workbook.records import Cell, Chart, Series, SheetPlan, Sparkline, Style, Validation
from workbook.sheets.dashboard import TOP, dashboard, highlights
from workbook.sheets.introduction import SAYS_ROW, TITLE, beside, how_to, lines_above, what_it_is
from workbook.spreadsheet.limits import ROWS_OF_EXCEL
from workbook.table.definitions import constant_names, definitions, given_names
from workbook.table.layout import ETA, ETA_LABEL, FIRST_ROW, HEADER_ROW, Layout, on_sheet, row_and_column, side_by_side
from workbook.table.network_line import network_line

MAIN_SHEET = "assignment6-calculations"
# What layers there are, where the headers do not tell.
NETWORK_ROW = 1

# E_tot and the gradients after it get a sparkline each.
SPARKLINES = 5
# The original's: its 31 columns nearly fit a screen 1920 pixels wide.
COLUMN_WIDTH = 8.43
# The first screen holds eta, the loss curve and 15 rows of the table: rows as low as their text lets them be.
TEXT_ROW, TABLE_ROW, ZOOM = 15.0, 12.0, 85

HEIGHTS = {2: 24.0} | dict.fromkeys((SAYS_ROW, 4, 5, 6, *range(TOP, TOP + 7), HEADER_ROW - 1, HEADER_ROW), TEXT_ROW)
# What a cell shows if its number overflows.
OVERFLOW = "#NUM!"

# The style and formula of a cell that is typed in on the main sheet, by its name and row; no formula: typed in.
Given = Callable[[str, int], tuple[Style, str | None]]


def typed_in(_name: str, _row: int) -> tuple[Style, str | None]:
    """The given cells of the main sheet: inputs."""
    return "input", None


def main_sheet(
    layout: Layout, values: FloatArray, learning_rate: float, title: str = TITLE, look_for: str = ""
) -> SheetPlan:
    """The sheet that all others refer to.

    Args:
        layout: its table's.
        values: one run of a trace, (T, C).
        learning_rate: the run's.
        title: the experiment's name.
        look_for: what to notice in its numbers.
    """
    above = [[Cell(SAYS_ROW, 0, "text", what_it_is(layout))], *lines_above(how_to(layout))]
    return SheetPlan(
        name=MAIN_SHEET,
        rows=lambda: training_rows(
            layout, values, learning_rate, title, above, typed_in, beside(dashboard(layout, values), look_for)
        ),
        row_count=layout.rows,
        widths={f"A:{layout.letters[layout.columns.names[-1]]}": COLUMN_WIDTH},
        tab="table",
        heights=HEIGHTS,
        row_height=TABLE_ROW,
        zoom=ZOOM,
        charts=[loss_curve(MAIN_SHEET, layout, values)],
        highlights=highlights(layout),
        sparklines=sparklines(MAIN_SHEET, layout),
        validations=validations(layout),
        frozen_rows=HEADER_ROW,
        names={"eta": ETA},
        paper="A3",
    )


def run_sheet(
    name: str, layout: Layout, values: FloatArray, learning_rate: float, rate_cell: str, main: Layout
) -> SheetPlan:
    """The table of a run of the sweep: all that is typed in elsewhere is referred to here.

    Args:
        name: the sheet's.
        layout: this table's.
        values: the run, (T, C); inf and nan where it overflows.
        learning_rate: the run's.
        rate_cell: where that is typed in.
        main: the main sheet's layout.
    """
    rate = constant_names(layout.columns)[0]
    same_method = layout.columns.method == main.columns.method

    def given(column: str, row: int) -> tuple[Style, str | None]:
        if column == rate:
            return "number", f"={rate_cell}"
        if column in layout.constants:
            return ("number", f"={on_sheet(MAIN_SHEET, main.constants[column])}") if same_method else ("input", None)
        return "number", f"={on_sheet(MAIN_SHEET, f'{main.letters[column]}{row}')}"

    is_cut = layout.steps < main.steps
    title = f"{name.capitalize()}: the whole table at η = "
    lines = (
        f"The learning rate is that of {rate_cell.replace('$', '')}: change it there.",
        f"{'Row 21 repeats' if layout.columns.samples == 1 else 'The first rows repeat'} the targets, inputs and "
        f"first weights of '{MAIN_SHEET}'.",
        *([f"It stops at step {layout.steps} of {main.steps}, to keep the file small."] if is_cut else []),
    )
    return SheetPlan(
        name=name,
        rows=lambda: training_rows(
            layout,
            values,
            learning_rate,
            f"{title}{learning_rate:g}",
            list(lines_above(lines)),
            given,
            title_formula=f'="{title}"&{rate_cell}',
        ),
        row_count=layout.rows,
        widths={f"A:{layout.letters[layout.columns.names[-1]]}": COLUMN_WIDTH},
        tab="rates",
        heights=HEIGHTS,
        row_height=TABLE_ROW,
        zoom=ZOOM,
        charts=[loss_curve(name, layout, values)],
        frozen_rows=HEADER_ROW,
        paper="A3",
    )


def training_rows(
    layout: Layout,
    values: FloatArray,
    learning_rate: float,
    title: str,
    above: Iterable[list[Cell]],
    given: Given,
    below: Iterable[list[Cell]] = (),
    title_formula: str | None = None,
) -> Iterator[list[Cell]]:
    """The sheet's cells, row by row."""
    if (network := network_line(layout.columns)) is not None:
        yield [Cell(NETWORK_ROW, 0, "text", network)]
    yield [Cell(2, 0, "title", title, title_formula)]
    yield from above
    yield from below
    yield list(_constants(layout, learning_rate, given))
    yield [Cell(HEADER_ROW, column, "header", name) for column, name in enumerate(layout.columns.names)]
    yield from _table(layout, values, given)


def _constants(layout: Layout, learning_rate: float, given: Given) -> Iterator[Cell]:
    """The learning rate and the constants of the optimizer and the schedule, each with its label."""
    (row, label), (_, first) = row_and_column(ETA_LABEL), row_and_column(ETA)
    numbers = {constant_names(layout.columns)[0]: learning_rate, **dict(layout.columns.method.constants)}
    for name, cell in layout.constants.items():
        column = row_and_column(cell)[1]
        style, formula = given(name, row)
        yield Cell(row, label if column == first else column - 1, "label", "eta" if column == first else name)
        yield Cell(row, column, style, numbers[name], formula)


def _table(layout: Layout, values: FloatArray, given: Given) -> Iterator[list[Cell]]:
    columns, by_name = layout.columns, list(layout.formulas.values())
    typed = [definition.typed_in for definition in definitions(columns).values()]
    users, most_typed = set(given_names(columns)), max(typed)
    styles: list[Style] = [STYLES.get(column.kind, "number") for column in columns.all]
    if columns.loss != "E_tot":
        styles[columns.index["E_tot"]] = "number"
    positions = math.lcm(*map(len, by_name))
    formulas = [side_by_side([own[position % len(own)] for own in by_name]) for position in range(positions)]
    for row, numbers in enumerate(values.tolist()):
        at = FIRST_ROW + row
        shown = [value if math.isfinite(value) else OVERFLOW for value in numbers]
        texts = formulas[row % positions].at(at).splitlines()
        cells = list(map(Cell._make, zip(repeat(at), range(len(shown)), styles, shown, texts, strict=False)))
        for column in range(len(cells)) if row < most_typed else ():
            if row < typed[column]:
                name = columns.names[column]
                style, formula = given(name, at) if name in users else (styles[column], None)
                cells[column] = Cell(at, column, style, shown[column], formula)
        yield cells


STYLES: dict[str, Style] = {"step": "step", "sample": "step", "time": "step", "total": "loss", "batch": "loss"}


def loss_curve(sheet: str, layout: Layout, values: FloatArray) -> Chart:
    """The loss over the steps."""
    columns = layout.columns
    losses = values[:, columns.index[columns.loss]].tolist()
    steps, numbers = None, ()
    if columns.method.batch_size > 1:  # a point stands at its step, not at its row
        steps, numbers = on_sheet(sheet, layout.range("step")), values[:, columns.index["step"]].tolist()
    series = Series(on_sheet(sheet, layout.range(columns.loss)), losses, x_range=steps, x_values=numbers)
    return Chart("Loss Curve", [series], first="N2", last="T17")


def sparklines(sheet: str, layout: Layout) -> list[Sparkline]:
    """The loss and a few gradients, small, below their columns."""
    row = layout.last_row + 2
    if row > ROWS_OF_EXCEL:
        return []
    names = [layout.columns.loss, *layout.columns.of("gradient")]
    return [
        Sparkline(row, layout.columns.index[name], on_sheet(sheet, layout.range(name))) for name in names[:SPARKLINES]
    ]


def validations(layout: Layout) -> list[Validation]:
    """What the learning rate and the given cells of the first rows admit."""
    eta = Validation(
        range=ETA.replace("$", ""),
        least=0,
        most=None,
        title="Learning rate",
        message="Type a number from 0 up: 0.1 learns slowly, 1 well, 10000 saturates the outputs. All rows follow.",
    )
    defined, masks = definitions(layout.columns), layout.columns.of("mask")
    given = [
        Validation(
            range=f"{layout.letters[name]}{row}",
            least=-1e6,
            most=1e6,
            title=f"{name} of {'step' if layout.columns.samples == 1 else 'row'} {row - HEADER_ROW}",
            message="Type a number from -1000000 to 1000000. All rows follow.",
        )
        for name in given_names(layout.columns)
        if name not in masks
        for row in range(FIRST_ROW, FIRST_ROW + min(defined[name].typed_in, layout.rows))
    ]
    return [eta, *given, *(_of_mask(layout, name) for name in masks)]


def _of_mask(layout: Layout, name: str) -> Validation:
    return Validation(
        range=layout.range(name).replace("$", ""),
        least=0,
        most=1,
        title=name,
        message="Type 1 to keep the number in this row, or 0 to leave it out.",
        whole=True,
    )
