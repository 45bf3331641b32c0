"""What the workbook's sheets hold, as plain records: nothing here knows the file format."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from engine import Experiment, Trace, descend
from workbook.formulas import formulas, given_names
from workbook.layout import ETA, ETA_LABEL, FIRST_ROW, HEADER_ROW, LAST_ROW_OF_EXCEL, Layout, place

MAIN_SHEET = "assignment6-calculations"

TITLE = "Backpropagation, number by number"
HOW_TO = (
    "Change the learning rate, eta, in G19: every number and the loss curve follow. Try 10000: why does it go flat?",
    "Change a yellow cell of row 21 (targets t, inputs i, first weights w): every step is computed from them.",
    "A row is one step: forward (h, o, a = sigmoid), loss E, gradients ∂E/∂w. The next row starts at w - eta*∂E/∂w.",
)

# E_tot and the gradients after it get a sparkline each.
SPARKLINES = 5

Style = Literal["title", "text", "label", "header", "input", "number", "loss"]


class Cell(NamedTuple):
    """One cell; `row` is Excel's, from 1, `column` counts from 0. A formula's value is its cache."""

    row: int
    column: int
    style: Style
    value: float | str
    formula: str | None = None


@dataclass(frozen=True)
class Chart:
    """A line chart of one range of the sheet, over the cells from `first` to `last`; `values` are its cache."""

    title: str
    range: str
    values: Sequence[float]
    first: str
    last: str


@dataclass(frozen=True)
class Sparkline:
    """A small line in one cell, of one range of the sheet."""

    row: int
    column: int
    range: str


@dataclass(frozen=True)
class Validation:
    """What an input cell admits, with the message shown beside it."""

    range: str
    least: float
    most: float | None
    title: str
    message: str


@dataclass(frozen=True)
class Sheet:
    """A sheet; `rows` yields its cells from the top down, row by row, as `write` must write them."""

    name: str
    rows: Callable[[], Iterator[list[Cell]]]
    row_count: int
    column_count: int
    column_width: float
    row_heights: dict[int, float]
    charts: list[Chart]
    sparklines: list[Sparkline]
    validations: list[Validation]
    frozen_rows: int
    names: dict[str, str]


def plan(experiment: Experiment) -> list[Sheet]:
    """The sheets of the workbook of an experiment, run at its learning_rate.

    Raises:
        InputError: the table does not fit on an Excel sheet, or its numbers leave float64.
    """
    experiment = as_stored(replace(experiment, learning_rates=(experiment.learning_rate,)))
    return [_main_sheet(experiment)]


def as_stored(experiment: Experiment) -> Experiment:
    """The experiment as a file holds it: typed numbers keep 16 significant digits there.

    The caches are right only if the engine starts from the same numbers as a spreadsheet program that opens the
    file.
    """
    stored = np.vectorize(lambda number: float(f"{number:.16G}"), otypes=[float])
    return replace(
        experiment,
        weights=tuple(stored(matrix) for matrix in experiment.weights),
        inputs=stored(experiment.inputs),
        targets=stored(experiment.targets),
        learning_rate=float(stored(experiment.learning_rate)),
        learning_rates=tuple(stored(experiment.learning_rates).tolist()),
    )


def _main_sheet(experiment: Experiment) -> Sheet:
    layout = Layout(experiment.sizes, experiment.steps)
    templates = {name: layout.template(formula) for name, formula in formulas(layout.columns).items()}
    trace = descend(experiment)
    loss = layout.column_range("E_tot")
    return Sheet(
        name=MAIN_SHEET,
        rows=lambda: _main_rows(trace, layout, templates),
        row_count=layout.last_row,
        column_count=len(layout.columns.names),
        column_width=11.5,
        row_heights={2: 24.0},
        charts=[Chart("Loss Curve", loss, trace.numbers.loss[:, 0].tolist(), first="N2", last="T17")],
        sparklines=_sparklines(layout),
        validations=_validations(layout),
        frozen_rows=HEADER_ROW,
        names={"eta": ETA},
    )


def _main_rows(trace: Trace, layout: Layout, templates: dict[str, str]) -> Iterator[list[Cell]]:
    yield [Cell(2, 0, "title", TITLE)]
    for row, line in enumerate(HOW_TO, start=4):
        yield [Cell(row, 0, "text", line)]
    (row, column), (_, value_column) = place(ETA_LABEL), place(ETA)
    yield [
        Cell(row, column, "label", "eta"),
        Cell(row, value_column, "input", trace.experiment.learning_rate),
    ]
    names = layout.columns.names
    yield [Cell(HEADER_ROW, column, "header", name) for column, name in enumerate(names)]
    given = set(given_names(layout.columns))
    styles: list[Style] = ["loss" if name == "E_tot" else "number" for name in names]
    for row, values in enumerate(trace.numbers.values[:, :, 0], start=FIRST_ROW):
        yield [
            Cell(row, column, "input", value)
            if row == FIRST_ROW and name in given
            else Cell(row, column, styles[column], value, templates[name].format(row=row, above=row - 1))
            for column, (name, value) in enumerate(zip(names, values.tolist(), strict=True))
        ]


def _sparklines(layout: Layout) -> list[Sparkline]:
    row = layout.last_row + 2
    if row > LAST_ROW_OF_EXCEL:
        return []
    first = layout.columns.names.index("E_tot")
    return [
        Sparkline(row, first + place, layout.column_range(name))
        for place, name in enumerate(layout.columns.names[first : first + SPARKLINES])
    ]


def _validations(layout: Layout) -> list[Validation]:
    eta = Validation(
        range=ETA.replace("$", ""),
        least=0,
        most=None,
        title="Learning rate",
        message="Type a number from 0 up: 0.1 learns slowly, 1 well, 10000 saturates the outputs. All rows follow.",
    )
    given = [
        Validation(
            range=f"{layout.letter(name)}{FIRST_ROW}",
            least=-1e6,
            most=1e6,
            title=f"{name} of step 1",
            message="Type a number from -1000000 to 1000000. All rows follow.",
        )
        for name in given_names(layout.columns)
    ]
    return [eta, *given]
