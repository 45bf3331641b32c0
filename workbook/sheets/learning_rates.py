"""The sheet `learning rates`: what the learning rate does, side by side; `runs` where the runs differ in more."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from engine import Method
from engine.activations import ACTIVATIONS
from workbook.records import Cell, Chart, Series, SheetPlan, Validation, small_sheet
from workbook.sheets.course import DEAD, STILL, Course, hidden_that_die, overflows, saturates, verdict_colors
from workbook.sheets.live import formula
from workbook.sheets.training import ZOOM
from workbook.spreadsheet.algebra import call, power
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.trees import Number, Operation, Variable
from workbook.table.layout import FIRST_ROW, letter, on_sheet
from workbook.table.runs import RunTable

NAME_ROW = 5
FIRST_RATE_ROW = FIRST_LOSS_ROW = NAME_ROW + 1
# From left to right: the summary with the rates, which grows downwards, the charts, the losses of any number of runs.
RATE, LAST_LOSS, HALVED, VERDICT, METHOD = range(5)
CHARTS = 5
STEP = 18
OVERLAY_ROWS = 17
# A chart cannot show the logarithm of 0: losses below are drawn here, far under the rounding of any loss.
LOWEST_DRAWN = -34
LEAST_LOSS = power(Number(10), Operation("neg", (Number(-LOWEST_DRAWN),)))
LOSS = Variable("loss", 0)
DRAWN = call("MAX", LOSS, LEAST_LOSS)

SATURATED = ("saturated", "at the last step every output is within 0.000001 of {bounds}, where the gradients vanish")
DEAD_LAYER = (DEAD, "at the last step every neuron of a hidden layer is that near to its bounds, or 0 if it is a ReLU")
OVERFLOWS = ("overflows", "the numbers grow beyond what a cell can hold")
WORDS = (
    (STILL, "the loss of the last step is that of step 1"),
    ("rises", "the loss of the last step is larger than that of step 1"),
    ("falls", "it is at most half of that of step 1"),
    ("slow", "it is smaller, but more than half"),
    ("halved at step", "the first step whose loss is at most half of that of step 1"),
)
OVER_AN_EPOCH = "For the first three, the loss is the mean over as many steps as take every sample once: {steps}."
NOTE = (
    "Saturated outputs learn nothing more. With targets near 0 and 1 their loss may be small all the same, by accident."
)
CUT = "Only the first {steps:,} of {all:,} steps are compared here, so a verdict holds so far; the table has all steps."
SO_FAR = " so far"


def learning_rates_sheet(tables: Sequence[RunTable]) -> SheetPlan:
    """A summary of all runs of the sweep, their curves, and their losses by step."""
    return _Comparison(tables).sheet()


def sheet_name(tables: Sequence[RunTable]) -> str:
    """What the sheet is called."""
    return "runs" if len({table.run.method for table in tables}) > 1 else "learning rates"


def run_name(tables: Sequence[RunTable], run: int) -> str:
    """The sheet with the whole table of a run."""
    return f"{'run' if sheet_name(tables) == 'runs' else 'rate'} {run + 1}"


def rate_cell(tables: Sequence[RunTable], run: int) -> str:
    """Where a run's learning rate is typed in."""
    return on_sheet(sheet_name(tables), f"${letter(RATE)}${FIRST_RATE_ROW + run}")


def run_title(tables: Sequence[RunTable], run: int) -> str:
    """What a run is called on charts: `η = 0.1`, or `adam, η = 0.1`."""
    rate = f"η = {tables[run].run.learning_rate:g}"
    return rate if sheet_name(tables) == "learning rates" else f"{method_name(tables[run].run.method)}, {rate}"


def title_cell(tables: Sequence[RunTable], run: int) -> str:
    """Where that stands, live."""
    return on_sheet(sheet_name(tables), f"${letter(STEP + 1 + run)}${NAME_ROW}")


def method_name(method: Method) -> str:
    """`adam`, `sgd, cosine`: the optimizer, and the schedule where there is one."""
    return method.optimizer + ("" if method.schedule == "constant" else f", {method.schedule}")


class _Comparison:
    """The sheet's geometry for the runs at hand."""

    def __init__(self, tables: Sequence[RunTable]) -> None:
        self.tables, self.runs, self.layout = tables, len(tables), tables[0].layout
        self.name = sheet_name(tables)
        self.methods = self.name == "runs"
        self.cut = tables[0].is_cut
        self.below = max(FIRST_RATE_ROW + self.runs, NAME_ROW + OVERLAY_ROWS) + 1
        self.last_loss_row = FIRST_LOSS_ROW + self.layout.steps - 1

    def sheet(self) -> SheetPlan:
        losses = f"{letter(STEP + 1)}:{letter(STEP + self.runs)}"
        drawn = f"{letter(self.drawn(0))}:{letter(self.drawn(self.runs - 1))}"
        rates, verdicts = (
            f"{letter(column)}{FIRST_RATE_ROW}:{letter(column)}{FIRST_RATE_ROW + self.runs - 1}"
            for column in (RATE, VERDICT)
        )
        words = list(self.word_cells())
        cells = [
            Cell(1, 0, "title", "What the method does" if self.methods else "What the learning rate does"),
            Cell(
                2, 0, "text", "Change a learning rate in column A: its verdict, its curve and its whole table follow."
            ),
            Cell(2, STEP, "text", f"The losses of every step, by {'run' if self.methods else 'learning rate'}."),
            *(
                [Cell(3, 0, "text", CUT.format(steps=self.layout.steps, all=self.tables[0].all_steps))]
                if self.cut
                else []
            ),
            *self.summary_cells(),
            *words,
            *self.loss_cells(),
            *self.drawn_cells(),
        ]
        return small_sheet(
            self.name,
            cells,
            widths={"A": 13, "B": 11, "C": 14, "D": 16 if self.cut else 12, "E": 22 if self.methods else 3}
            | {f"F:{letter(STEP - 2)}": 8, letter(STEP - 1): 3}
            | {letter(STEP): 8, losses: 20 if self.methods else 11.5, letter(STEP + self.runs + 1): 3, drawn: 9},
            tab="rates",
            heights={1: 24.0},
            charts=self.charts(below=words[-1].row + 2),
            validations=[
                Validation(range=rates, least=0, most=None, title="Learning rate", message="Type a number from 0 up.")
            ],
            highlights=verdict_colors(self.layout, verdicts),
            frozen_rows=NAME_ROW,
            zoom=ZOOM,
            gridlines=False,
            collapsed=[drawn],
            paper="A3",
        )

    def summary_cells(self) -> Iterator[Cell]:
        headers = ("learning rate", "last loss", "halved at step", "verdict")
        for at, text in enumerate(headers):
            yield Cell(NAME_ROW, at, "header_left" if at == METHOD else "header", text)
        if self.methods:
            yield Cell(NAME_ROW, METHOD, "header_left", "method")
        for run, table in enumerate(self.tables):
            row, column = FIRST_RATE_ROW + run, letter(STEP + 1 + run)
            losses = f"{column}{FIRST_LOSS_ROW}:{column}{self.last_loss_row}"
            course = Course(table.layout, table.values, losses, run_name(self.tables, run))
            # A cut run's verdict and its 'never' may change after the steps shown.
            half = course.halved(f"not{SO_FAR}") if self.cut else course.halved()
            word, words = course.verdict
            if self.cut:
                words, word = f'{words}&"{SO_FAR}"', word + SO_FAR
            last, last_formula = course.last
            yield Cell(row, RATE, "input", table.run.learning_rate)
            yield Cell(row, LAST_LOSS, "tolerance", _shown(last), last_formula)
            yield Cell(row, HALVED, "result", *half)
            yield Cell(row, VERDICT, "verdict", word, words)
            if self.methods:
                yield Cell(row, METHOD, "beside", method_name(table.run.method))

    def word_cells(self) -> Iterator[Cell]:
        network = self.layout.columns.network
        outputs = ACTIVATIONS[network.layers[-1].activation]
        bounds = f"{outputs.least:g} or {outputs.most:g}"
        words = [(SATURATED[0], SATURATED[1].format(bounds=bounds))] if saturates(self.layout) else []
        words += [DEAD_LAYER] if hidden_that_die(self.layout) else []
        words += [OVERFLOWS] if overflows(self.layout) else []
        row = self.below
        yield Cell(row, 0, "heading", "The verdicts, the first that fits:")
        for word, meaning in (*words, *WORDS):
            row += 1
            yield Cell(row, 0, "label", word)
            yield Cell(row, 1, "beside", meaning)
        if self.layout.epoch > 1:
            row += 1
            yield Cell(row, 0, "text", OVER_AN_EPOCH.format(steps=self.layout.epoch))
        if saturates(self.layout):
            row += 1
            yield Cell(row, 0, "text", NOTE)

    def loss_cells(self) -> Iterator[Cell]:
        yield Cell(NAME_ROW, STEP, "header", "step")
        yield from (Cell(FIRST_LOSS_ROW + step, STEP, "step", step + 1) for step in range(self.layout.steps))
        for run, table in enumerate(self.tables):
            column, layout = STEP + 1 + run, table.layout
            rate = f'"η = "&{letter(RATE)}{FIRST_RATE_ROW + run}'
            name = f'={letter(METHOD)}{FIRST_RATE_ROW + run}&", "&{rate}' if self.methods else f"={rate}"
            yield Cell(NAME_ROW, column, "header", run_title(self.tables, run), name)
            for step, loss in enumerate(table.losses.tolist()):
                row = FIRST_ROW + step * layout.columns.method.batch_size
                source = on_sheet(run_name(self.tables, run), f"{layout.letters[layout.columns.loss]}{row}")
                # An error in a cell would be drawn as 0; what is not there is not drawn.
                shown = f"=IFERROR({source},NA())" if overflows(layout) else f"={source}"
                yield Cell(FIRST_LOSS_ROW + step, column, "number", _shown(loss), shown)

    def drawn_cells(self) -> Iterator[Cell]:
        """Folded columns: the losses as the logarithmic chart draws them."""
        words = f"The losses, those under 10^{LOWEST_DRAWN} as 10^{LOWEST_DRAWN}, for the logarithmic chart"
        yield Cell(NAME_ROW - 1, self.drawn(0), "folded", words)
        for run, table in enumerate(self.tables):
            for step, loss in enumerate(_drawn_losses(table)):
                row = FIRST_LOSS_ROW + step
                cell = f"{letter(STEP + 1 + run)}{row}"
                yield Cell(row, self.drawn(run), "folded", _shown(loss), formula(DRAWN, {LOSS: cell}.__getitem__))

    def drawn(self, run: int) -> int:
        return STEP + self.runs + 2 + run

    def charts(self, below: int) -> list[Chart]:
        plain = [self.series(run, STEP + 1 + run, table.losses.tolist()) for run, table in enumerate(self.tables)]
        drawn = [self.series(run, self.drawn(run), _drawn_losses(table)) for run, table in enumerate(self.tables)]
        middle, end = CHARTS + 6, STEP - 2
        last = NAME_ROW + OVERLAY_ROWS
        overlays = [
            Chart("Loss curves", plain, f"{letter(CHARTS)}{NAME_ROW + 1}", f"{letter(middle - 1)}{last}"),
            Chart(
                "Loss curves, logarithmic loss", drawn, f"{letter(middle)}{NAME_ROW + 1}", f"{letter(end)}{last}",
                logarithmic=True, legend=True,
            ),
        ]  # fmt: skip
        return overlays + [self.small_chart(line, index, below) for index, line in enumerate(plain)]

    def small_chart(self, line: Series, index: int, top: int) -> Chart:
        """Small multiples, four in a row and low: two rows of them end on the first page of paper."""
        second = CHARTS if self.methods else CHARTS + 2  # about equally wide: the column of the methods is a wide one
        spans = (0, 2), (3, second), (second + 1, second + 5), (second + 6, min(second + 10, STEP - 2))
        first, last = spans[index % 4]
        row = top + index // 4 * 11
        # LibreOffice does not follow a title that refers to a cell; the name of a line it does.
        return Chart("", [line], f"{letter(first)}{row}", f"{letter(last)}{row + 9}", legend=True)

    def series(self, run: int, column: int, values: list[float]) -> Series:
        return Series(
            range=on_sheet(self.name, f"${letter(column)}${FIRST_LOSS_ROW}:${letter(column)}${self.last_loss_row}"),
            values=values,
            name_cell=title_cell(self.tables, run),
            name=run_title(self.tables, run),
        )


def _shown(loss: float) -> float | str:
    return loss if math.isfinite(loss) else "#N/A"


def _drawn_losses(table: RunTable) -> list[float]:
    return np.asarray(evaluate(DRAWN, {LOSS: table.losses})).tolist()  # type: ignore[no-any-return] # floats
