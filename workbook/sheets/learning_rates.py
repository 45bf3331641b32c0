"""The sheet `learning rates`: what the learning rate does, side by side."""

from dataclasses import replace

from engine import Trace
from workbook.layout import FIRST_ROW, Layout, letter, on_sheet
from workbook.records import Cell, Chart, Highlight, Series, Sheet, Validation, small_sheet
from workbook.sheets.dashboard import halved, halved_formula, verdict, verdict_formula

SHEET = "learning rates"
NAME_ROW = 5
FIRST_RATE_ROW = FIRST_LOSS_ROW = NAME_ROW + 1
# From left to right: the summary with the rates, which grows downwards, the charts, the losses of any number of runs.
RATE, LAST_LOSS, HALVED, VERDICT = range(4)
CHARTS = 5
STEP = 18
OVERLAY_ROWS = 17
# A logarithm of 0 has no place on a chart: losses below are drawn here, far under the rounding of any loss.
LOWEST_DRAWN = -34

DEFINITIONS = (
    ("saturated", "at the last step every output is within 0.000001 of 0 or 1, where the gradients vanish"),
    ("rises", "the loss of the last step is larger than that of step 1"),
    ("falls", "it is at most half of that of step 1"),
    ("slow", "it is smaller, but more than half"),
    ("halved at step", "the first step whose loss is at most half of that of step 1"),
)
NOTE = (
    "Saturated is bad luck whatever the loss: where the targets lie near 0 and 1 it can even look small, by accident."
)


def rate_name(run: int) -> str:
    """The sheet with the whole table of a run."""
    return f"rate {run + 1}"


def rate_cell(run: int) -> str:
    """Where a run's learning rate is typed in."""
    return on_sheet(SHEET, f"${letter(RATE)}${FIRST_RATE_ROW + run}")


def learning_rates_sheet(layout: Layout, trace: Trace) -> Sheet:
    """A summary of all runs of the sweep, their curves, and their losses by step."""
    runs = len(trace.learning_rates)
    losses = f"{letter(STEP + 1)}:{letter(STEP + runs)}"
    drawn = f"{letter(_drawn(runs, 0))}:{letter(_drawn(runs, runs - 1))}"
    below = max(FIRST_RATE_ROW + runs, NAME_ROW + OVERLAY_ROWS) + 1
    rates, verdicts = (
        f"{letter(column)}{FIRST_RATE_ROW}:{letter(column)}{FIRST_RATE_ROW + runs - 1}" for column in (RATE, VERDICT)
    )
    cells = [
        Cell(1, 0, "title", "What the learning rate does"),
        Cell(2, 0, "text", "Change a learning rate in column A: its verdict, its curve and its whole table follow."),
        Cell(2, STEP, "text", "The losses of every step, by learning rate."),
        *_summary_cells(layout, trace),
        *_definition_cells(row=below),
        *_loss_cells(layout, trace),
        *_drawn_cells(trace),
    ]
    return small_sheet(
        SHEET,
        cells,
        widths={"A": 13, "B": 11, "C": 14, "D": 11, "E": 3, f"F:{letter(STEP - 2)}": 8, letter(STEP - 1): 3}
        | {letter(STEP): 8, losses: 11.5, letter(STEP + runs + 1): 3, drawn: 9},
        heights={1: 24.0},
        charts=_charts(trace, below + len(DEFINITIONS) + 3),
        validations=[
            Validation(range=rates, least=0, most=None, title="Learning rate", message="Type a number from 0 up.")
        ],
        highlights=[
            Highlight(verdicts, "falls", "green"),
            Highlight(verdicts, "saturated", "red"),
            Highlight(verdicts, "rises", "red"),
        ],
        frozen_rows=NAME_ROW,
        collapsed=[drawn],
        paper="A3",
    )


def _summary_cells(layout: Layout, trace: Trace) -> list[Cell]:
    headers = ("learning rate", "last loss", "halved at step", "verdict")
    cells = [Cell(NAME_ROW, column, "header", text) for column, text in enumerate(headers)]
    for run, rate in enumerate(trace.learning_rates):
        row, losses, outputs = (
            FIRST_RATE_ROW + run,
            trace.numbers.loss[:, run],
            trace.numbers.activations[-1][-1, :, run],
        )
        column = letter(STEP + 1 + run)
        first, last = f"{column}{FIRST_LOSS_ROW}", f"{column}{FIRST_LOSS_ROW + layout.steps - 1}"
        cells += [
            Cell(row, RATE, "input", rate),
            Cell(row, LAST_LOSS, "tolerance", float(losses[-1]), f"={last}"),
            Cell(row, HALVED, "result", halved(losses), halved_formula(f"{first}:{last}")),
            Cell(row, VERDICT, "verdict", verdict(losses, outputs), _verdict_formula(run, layout, first, last)),
        ]
    return cells


def _verdict_formula(run: int, layout: Layout, first: str, last: str) -> str:
    outputs = [f"a_{neuron}" for neuron in layout.columns.neuron_names(layout.columns.depth - 1)]
    cells = [on_sheet(rate_name(run), f"{layout.letters[name]}{layout.last_row}") for name in outputs]
    return verdict_formula(first, last, cells)


def _definition_cells(row: int) -> list[Cell]:
    cells = [Cell(row, 0, "heading", "The verdicts, the first that fits:")]
    for offset, (word, meaning) in enumerate(DEFINITIONS, start=1):
        cells += [Cell(row + offset, 0, "label", word), Cell(row + offset, 1, "beside", meaning)]
    return [*cells, Cell(row + len(DEFINITIONS) + 1, 0, "text", NOTE)]


def _loss_cells(layout: Layout, trace: Trace) -> list[Cell]:
    cells = [Cell(NAME_ROW, STEP, "header", "step")]
    cells += [Cell(FIRST_LOSS_ROW + step, STEP, "step", step + 1) for step in range(layout.steps)]
    for run, rate in enumerate(trace.learning_rates):
        column = STEP + 1 + run
        name = f'="η = "&{letter(RATE)}{FIRST_RATE_ROW + run}'
        cells.append(Cell(NAME_ROW, column, "header", f"η = {rate:g}", name))
        for step, loss in enumerate(trace.numbers.loss[:, run].tolist()):
            source = on_sheet(rate_name(run), f"{layout.letters['E_tot']}{FIRST_ROW + step}")
            cells.append(Cell(FIRST_LOSS_ROW + step, column, "number", loss, f"={source}"))
    return cells


def _drawn_cells(trace: Trace) -> list[Cell]:
    """Folded columns: the losses as the logarithmic chart draws them."""
    runs = len(trace.learning_rates)
    words = f"The losses, those under 10^{LOWEST_DRAWN} as 10^{LOWEST_DRAWN}, for the logarithmic chart"
    cells = [Cell(NAME_ROW - 1, _drawn(runs, 0), "folded", words)]
    for run in range(runs):
        for step, loss in enumerate(_drawn_losses(trace, run)):
            row = FIRST_LOSS_ROW + step
            formula = f"=MAX({letter(STEP + 1 + run)}{row},10^{LOWEST_DRAWN})"
            cells.append(Cell(row, _drawn(runs, run), "folded", loss, formula))
    return cells


def _drawn(runs: int, run: int) -> int:
    return STEP + runs + 2 + run


def _drawn_losses(trace: Trace, run: int) -> list[float]:
    return [max(loss, 10.0**LOWEST_DRAWN) for loss in trace.numbers.loss[:, run].tolist()]


def _charts(trace: Trace, below: int) -> list[Chart]:
    runs = len(trace.learning_rates)
    plain = [_series(trace, run, STEP + 1 + run, trace.numbers.loss[:, run].tolist()) for run in range(runs)]
    drawn = [_series(trace, run, _drawn(runs, run), _drawn_losses(trace, run)) for run in range(runs)]
    middle, end = CHARTS + 6, STEP - 2
    last = NAME_ROW + OVERLAY_ROWS
    overlays = [
        Chart("Loss curves", plain, f"{letter(CHARTS)}{NAME_ROW + 1}", f"{letter(middle - 1)}{last}"),
        Chart(
            "Loss curves, logarithmic loss", drawn, f"{letter(middle)}{NAME_ROW + 1}", f"{letter(end)}{last}",
            logarithmic=True, legend=True,
        ),
    ]  # fmt: skip
    return overlays + [_small_chart(line, place, below) for place, line in enumerate(plain)]


def _series(trace: Trace, run: int, column: int, values: list[float]) -> Series:
    last = FIRST_LOSS_ROW + len(values) - 1

    return Series(
        range=on_sheet(SHEET, f"${letter(column)}${FIRST_LOSS_ROW}:${letter(column)}${last}"),
        values=values,
        name_cell=on_sheet(SHEET, f"${letter(STEP + 1 + run)}${NAME_ROW}"),
        name=f"η = {trace.learning_rates[run]:g}",
    )


def _small_chart(line: Series, place: int, top: int) -> Chart:
    """Small multiples, three in a row."""
    first, last = ((0, 3), (CHARTS, CHARTS + 5), (CHARTS + 6, STEP - 2))[place % 3]
    row = top + place // 3 * 15
    unnamed = replace(line, name_cell=None, name="")
    return Chart(line.name, [unnamed], f"{letter(first)}{row}", f"{letter(last)}{row + 13}", title_cell=line.name_cell)
