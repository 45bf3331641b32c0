"""What a workbook is made of, as plain records: nothing here knows the file format."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, NamedTuple

Style = Literal[
    "title", "heading", "text", "label", "header", "header_left", "input", "number", "loss", "result", "verdict",
    "summary", "beside", "box", "backward", "mark", "step", "step_left", "folded", "tolerance", "todo",
    "axis", "edge", "tile", "class", "map", "color", "pixel", "ink", "zero", "poster", "poster_heading",
    "poster_text", "bar", "note", "caption",
]  # fmt: skip


Color = Literal[
    "green", "red", "yellow", "framed", "class 1", "class 2", "class 3", "class 4", "class 5", "class 6", "class 7",
]  # fmt: skip
# What a sheet is for: the table itself, to teach, to prove it, to compare the runs of the sweep.
Purpose = Literal["table", "teach", "prove", "rates"]
# Okabe's and Ito's, which the colour-blind tell apart; grey in the place of their yellow, which is faint on white.
LINE_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#595959")
BLACK, RED = "#000000", "#C00000"
Marker = Literal["circle", "diamond", "square"]
# How a series of a drawing looks: a line for a weight, a neuron, a text.
Look = Literal[
    "above 0", "below 0", "input", "hidden", "output", "inside", "inside small", "forward", "backward", "weight",
]  # fmt: skip


CLASSES: tuple[Color, ...] = ("class 1", "class 2", "class 3", "class 4", "class 5", "class 6", "class 7")


def class_color(number: int) -> Color:
    """The colour of a class of samples, counted from 1; from the eighth on colours repeat."""
    return CLASSES[(number - 1) % len(CLASSES)]


class Cell(NamedTuple):
    """One cell; `row` is Excel's, from 1, `column` counts from 0.

    A formula's value is its cache; a cell whose value is None is empty.
    """

    row: int
    column: int
    style: Style
    value: float | str | None
    formula: str | None = None


@dataclass(frozen=True)
class Series:
    """One line of a chart: a range with its sheet's name, its numbers as cache, the cell of its name with its text.

    Its points stand at 1, 2, … unless a range of x is given, with its numbers.

    Attributes:
        marker: of its points, so wide in points; they are joined by a line where there is none.
        color: the chart's choice unless given.
        width: of the line, in points.
    """

    range: str
    values: Sequence[float]
    name_cell: str | None = None
    name: str = ""
    x_range: str | None = None
    x_values: Sequence[float] = ()
    marker: Marker | None = None
    color: str = ""
    width: float = 2.25
    size: int = 8


@dataclass(frozen=True)
class Chart:
    """Lines over the steps, on the cells from `first` to `last`. Without a title the legend stands in its place.

    Where they are not over the steps, each series has its own x, and the axis is as long as these.
    """

    title: str
    series: Sequence[Series]
    first: str
    last: str
    logarithmic: bool = False
    legend: bool = False
    over_steps: bool = True


@dataclass(frozen=True)
class Overlay:
    """Lines and points, from 0 to 1 in both directions, over the cells from `first` to `last`, which show through.

    Attributes:
        margin: how far beyond 0 and 1 the cells go, on every side.
        legend: the last cell of the legend, which stands right of the lines and names the series that have a name.
    """

    series: Sequence[Series]
    first: str
    last: str
    legend: str | None = None
    margin: float = 0.0


@dataclass(frozen=True)
class Drawing:
    """An XY chart without axes, on the cells from `first` to `last`: lines, circles and texts.

    Attributes:
        marks: a series each; a text is the name of its series.
        width: the x of the right edge; 0 is the left one's.
        height: the y of the upper edge; 0 is the lower one's.
        diameter: of a neuron's circle, in the same units.
    """

    marks: Sequence[tuple[Look, Series]]
    first: str
    last: str
    width: float
    height: float
    diameter: float


@dataclass(frozen=True)
class ScrollBar:
    """A bar on the cells from `first` to `last` that moves the whole number in a cell, from 1 to `most`.

    Attributes:
        cell: with its sheet's name and with $.
    """

    cell: str
    most: int
    first: str
    last: str


@dataclass(frozen=True)
class Sparkline:
    """A small line in one cell, of a range with its sheet's name."""

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
    whole: bool = False


@dataclass(frozen=True)
class Choice:
    """An input cell that admits the texts of a range."""

    cell: str
    texts: str


@dataclass(frozen=True)
class ColorScale:
    """Cells colored by their numbers, between three colors: at three numbers, or the least, the median, the largest.

    Two colors are those of the least and the largest.
    """

    range: str
    colors: tuple[str, str, str] | tuple[str, str]
    numbers: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Highlight:
    """Cells of a range that begin with a text turn green or red."""

    range: str
    begins_with: str
    color: Color


@dataclass(frozen=True)
class Rule:
    """Cells, of one or several ranges, that get a color where a formula over the first of them holds."""

    range: str
    formula: str
    color: Color


@dataclass(frozen=True)
class SignScale:
    """Cells of ranges, all with $, that get a color for the sign of their number, the deeper the larger it is.

    Attributes:
        backward: whether they are gradients, which are red above 0 and violet below.
    """

    ranges: Sequence[str]
    backward: bool = False


@dataclass(frozen=True)
class SheetPlan:
    """A sheet; `rows` yields its cells from the top down, row by row, as `write` must write them.

    Attributes:
        tab: what the sheet is for, which colours its tab.
        widths: characters, by column ("A") or columns ("A:AE").
        heights: points, by row; other rows have `row_height`.
        zoom: percent, as the file opens.
        gridlines: whether they show on the screen; not where a sheet is for reading.
        collapsed: columns that a click on the + above the column before them unfolds, those within others after them.
        names: defined names, each for one cell of the sheet.
        print_area: the cells that are printed; all, unless given.
        hidden: for a sheet that only the others read; "very hidden" is not in Excel's list of what to unhide either.
    """

    name: str
    rows: Callable[[], Iterator[list[Cell]]]
    row_count: int
    widths: dict[str, float]
    tab: Purpose | None = None
    heights: dict[int, float] = field(default_factory=dict)
    charts: Sequence[Chart] = ()
    drawings: Sequence[Drawing] = ()
    scroll_bars: Sequence[ScrollBar] = ()
    sparklines: Sequence[Sparkline] = ()
    validations: Sequence[Validation] = ()
    highlights: Sequence[Highlight] = ()
    rules: Sequence[Rule] = ()
    choices: Sequence[Choice] = ()
    scales: Sequence[ColorScale | SignScale] = ()
    overlays: Sequence[Overlay] = ()
    row_height: float = 15.0
    zoom: int = 100
    frozen_rows: int = 0
    gridlines: bool = True
    collapsed: Sequence[str] = ()
    names: dict[str, str] = field(default_factory=dict)
    print_area: str | None = None
    paper: Literal["A3", "A4"] = "A4"
    hidden: Literal["", "hidden", "very hidden"] = ""


def small_sheet(name: str, cells: Iterable[Cell], widths: dict[str, float], **rest: object) -> SheetPlan:
    """A sheet of cells in any order; `rest` are further fields of Sheet."""
    ordered = sorted(cells, key=lambda cell: (cell.row, cell.column))
    rows = [list(group) for _, group in groupby(ordered, key=lambda cell: cell.row)]
    return SheetPlan(name=name, rows=lambda: iter(rows), row_count=len(rows), widths=widths, **rest)  # type: ignore[arg-type] # the fields are checked where Sheet is made
