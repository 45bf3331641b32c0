"""A training sheet: the learning rate, the loss curve, and the table of every step. The main sheet is one of them."""

from collections.abc import Callable, Iterable, Iterator

from engine import FloatArray
from workbook.definitions import definitions, given_names
from workbook.layout import ETA, ETA_LABEL, FIRST_ROW, HEADER_ROW, LAST_ROW_OF_EXCEL, Layout, on_sheet, place
from workbook.records import Cell, Chart, Series, Sheet, Sparkline, Style, Validation
from workbook.sheets.dashboard import TOP, dashboard, highlights

MAIN_SHEET = "assignment6-calculations"

TITLE = "Backpropagation, number by number"
HOW_TO = (
    "Change the learning rate, eta, in G19: every number and the loss curve follow. Try 10000: why is it flat?",
    "Change a yellow cell of row 21 (targets t, inputs i, first weights w): every step is computed from them.",
    "A row is one step: forward (h, o, a = sigmoid), loss E, gradients ∂E/∂w. The next row has w - eta*∂E/∂w.",
)

# E_tot and the gradients after it get a sparkline each.
SPARKLINES = 5
# The original's: its 31 columns nearly fit a screen 1920 pixels wide.
COLUMN_WIDTH = 8.43
# The first screen holds eta, the loss curve and 15 rows of the table: rows as low as their text lets them be.
TEXT_ROW, TABLE_ROW, ZOOM = 15.0, 12.0, 85

HEIGHTS = {2: 24.0} | dict.fromkeys((4, 5, 6, *range(TOP, TOP + 6), HEADER_ROW - 1, HEADER_ROW), TEXT_ROW)

# A cell's style and formula; None where it is typed in.
Given = Callable[[str], tuple[Style, str | None]]


def typed_in(_: str) -> tuple[Style, str | None]:
    """The given cells of the main sheet: inputs."""
    return "input", None


def main_sheet(layout: Layout, values: FloatArray, learning_rate: float) -> Sheet:
    """The sheet that all others refer to; `values` is one run of a trace, (T, C)."""
    over_cells = templates(layout)
    return Sheet(
        name=MAIN_SHEET,
        rows=lambda: training_rows(
            layout, over_cells, values, learning_rate, TITLE, HOW_TO, typed_in, dashboard(layout, values)
        ),
        row_count=layout.steps,
        widths={f"A:{layout.letters[layout.columns.names[-1]]}": COLUMN_WIDTH},
        heights=HEIGHTS,
        row_height=TABLE_ROW,
        zoom=ZOOM,
        charts=[loss_curve(MAIN_SHEET, layout, values)],
        highlights=highlights(),
        sparklines=sparklines(MAIN_SHEET, layout),
        validations=validations(layout),
        frozen_rows=HEADER_ROW,
        names={"eta": ETA},
        paper="A3",
    )


def rate_sheet(name: str, layout: Layout, values: FloatArray, learning_rate: float, rate_cell: str) -> Sheet:
    """The same table at another learning rate: all that is typed in elsewhere is referred to here."""

    def given(column: str) -> tuple[Style, str | None]:
        source = rate_cell if column == "eta" else on_sheet(MAIN_SHEET, f"{layout.letters[column]}{FIRST_ROW}")
        return "number", f"={source}"

    title = f"The whole table at {name}"
    how_to = (
        f"The learning rate is that of {rate_cell.replace('$', '')}: change it there.",
        f"Row 21 repeats the targets, inputs and first weights of '{MAIN_SHEET}'.",
    )
    over_cells = templates(layout)
    return Sheet(
        name=name,
        rows=lambda: training_rows(layout, over_cells, values, learning_rate, title, how_to, given),
        row_count=layout.steps,
        widths={f"A:{layout.letters[layout.columns.names[-1]]}": COLUMN_WIDTH},
        heights=HEIGHTS,
        row_height=TABLE_ROW,
        zoom=ZOOM,
        charts=[loss_curve(name, layout, values)],
        frozen_rows=HEADER_ROW,
        paper="A3",
    )


def training_rows(
    layout: Layout,
    over_cells: dict[str, str],
    values: FloatArray,
    learning_rate: float,
    title: str,
    how_to: tuple[str, ...],
    given: Given,
    below_how_to: Iterable[list[Cell]] = (),
) -> Iterator[list[Cell]]:
    """The sheet's cells, row by row."""
    yield [Cell(2, 0, "title", title)]
    for row, line in enumerate(how_to, start=4):
        yield [Cell(row, 0, "text", line)]
    yield from below_how_to
    (row, label), (_, column) = place(ETA_LABEL), place(ETA)
    style, formula = given("eta")
    yield [Cell(row, label, "label", "eta"), Cell(row, column, style, learning_rate, formula)]
    names = layout.columns.names
    yield [Cell(HEADER_ROW, column, "header", name) for column, name in enumerate(names)]
    yield from _steps(layout, over_cells, values, given)


def templates(layout: Layout) -> dict[str, str]:
    """Each column's formula over cells, see Layout.template.

    Raises:
        InputError: a formula is longer than Excel takes.
    """
    return {name: layout.template(definition) for name, definition in definitions(layout.columns).items()}


def _steps(layout: Layout, over_cells: dict[str, str], values: FloatArray, given: Given) -> Iterator[list[Cell]]:
    names = layout.columns.names
    styles: list[Style] = ["loss" if name == "E_tot" else "number" for name in names]
    first = [
        Cell(FIRST_ROW, column, styles[column], value, over_cells[name].format(row=FIRST_ROW))
        for column, (name, value) in enumerate(zip(names, values[0].tolist(), strict=True))
        if name not in set(given_names(layout.columns))
    ]
    for name in given_names(layout.columns):
        column = names.index(name)
        style, formula = given(name)
        first.append(Cell(FIRST_ROW, column, style, float(values[0, column]), formula))
    yield sorted(first, key=lambda cell: cell.column)
    for row, numbers in enumerate(values[1:], start=FIRST_ROW + 1):
        yield [
            Cell(row, column, styles[column], value, over_cells[name].format(row=row, above=row - 1))
            for column, (name, value) in enumerate(zip(names, numbers.tolist(), strict=True))
        ]


def loss_curve(sheet: str, layout: Layout, values: FloatArray) -> Chart:
    """E_tot over the steps."""
    losses = values[:, layout.columns.names.index("E_tot")].tolist()
    return Chart("Loss Curve", [Series(on_sheet(sheet, layout.range("E_tot")), losses)], first="N2", last="T17")


def sparklines(sheet: str, layout: Layout) -> list[Sparkline]:
    """The loss and a few gradients, small, below their columns."""
    row = layout.last_row + 2
    if row > LAST_ROW_OF_EXCEL:
        return []
    first = layout.columns.names.index("E_tot")
    return [
        Sparkline(row, first + offset, on_sheet(sheet, layout.range(name)))
        for offset, name in enumerate(layout.columns.names[first : first + SPARKLINES])
    ]


def validations(layout: Layout) -> list[Validation]:
    """What the learning rate and the given cells of the first row admit."""
    eta = Validation(
        range=ETA.replace("$", ""),
        least=0,
        most=None,
        title="Learning rate",
        message="Type a number from 0 up: 0.1 learns slowly, 1 well, 10000 saturates the outputs. All rows follow.",
    )
    given = [
        Validation(
            range=f"{layout.letters[name]}{FIRST_ROW}",
            least=-1e6,
            most=1e6,
            title=f"{name} of step 1",
            message="Type a number from -1000000 to 1000000. All rows follow.",
        )
        for name in given_names(layout.columns)
    ]
    return [eta, *given]
