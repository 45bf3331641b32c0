"""The sheet `learning rates`: what the learning rate does, side by side."""

from engine import Trace
from workbook.dashboard import halved, verdict, verdict_formula
from workbook.layout import FIRST_ROW, Layout, letter, on_sheet
from workbook.records import Cell, Chart, Highlight, Series, Sheet, Validation, small_sheet

SHEET = "learning rates"
RATE_ROW = 4
NAME_ROW = 5
FIRST_LOSS_ROW = 6

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
    return on_sheet(SHEET, f"${letter(run + 1)}${RATE_ROW}")


def learning_rates_sheet(layout: Layout, trace: Trace) -> Sheet:
    """Losses of all runs of the sweep by step, a summary, and their curves."""
    runs = len(trace.experiment.learning_rates)
    right = runs + 2  # the summary's first column, one free column after the losses
    helpers = f"{letter(_helper(0))}:{letter(_helper(runs - 1))}"
    cells = [
        Cell(1, 0, "title", "What the learning rate does"),
        Cell(2, 0, "text", "Change a learning rate in row 4: its losses, its curve and its whole table follow."),
        *_loss_cells(layout, trace),
        *_summary_cells(layout, trace, right),
        *_definition_cells(right, row=RATE_ROW + runs + 2),
    ]
    return small_sheet(
        SHEET,
        cells,
        widths={"A": 13, f"B:{letter(runs)}": 11.5, letter(runs + 1): 3}
        | {f"{letter(right)}:{letter(right + 12)}": 12.5, helpers: 9},
        heights={1: 24.0},
        charts=_charts(layout, trace, right),
        validations=[
            Validation(
                range=f"B{RATE_ROW}:{letter(runs)}{RATE_ROW}",
                least=0,
                most=None,
                title="Learning rate",
                message="Type a number from 0 up.",
            )
        ],
        highlights=[
            Highlight(f"{letter(right + 3)}{RATE_ROW + 1}:{letter(right + 3)}{RATE_ROW + runs}", "falls", "green"),
            Highlight(f"{letter(right + 3)}{RATE_ROW + 1}:{letter(right + 3)}{RATE_ROW + runs}", "saturated", "red"),
            Highlight(f"{letter(right + 3)}{RATE_ROW + 1}:{letter(right + 3)}{RATE_ROW + runs}", "rises", "red"),
        ],
        frozen_rows=NAME_ROW,
        collapsed=[helpers],
        paper="A3",
    )


def _loss_cells(layout: Layout, trace: Trace) -> list[Cell]:
    cells = [Cell(RATE_ROW, 0, "label", "learning rate"), Cell(NAME_ROW, 0, "header", "step")]
    for run, rate in enumerate(trace.experiment.learning_rates):
        column = run + 1
        cells.append(Cell(RATE_ROW, column, "input", rate))
        cells.append(Cell(NAME_ROW, column, "header", f"η = {rate:g}", f'="η = "&{letter(column)}{RATE_ROW}'))
        for step, loss in enumerate(trace.numbers.loss[:, run].tolist()):
            source = on_sheet(rate_name(run), f"{layout.letters['E_tot']}{FIRST_ROW + step}")
            cells.append(Cell(FIRST_LOSS_ROW + step, column, "number", loss, f"={source}"))
    return cells + [Cell(FIRST_LOSS_ROW + step, 0, "step", step + 1) for step in range(layout.steps)]


def _summary_cells(layout: Layout, trace: Trace, right: int) -> list[Cell]:
    headers = ("learning rate", "last loss", "halved at step", "verdict")
    cells = [Cell(RATE_ROW, right + place, "header", text) for place, text in enumerate(headers)]
    for run, rate in enumerate(trace.experiment.learning_rates):
        row, column = RATE_ROW + 1 + run, letter(run + 1)
        losses = trace.numbers.loss[:, run]
        first, last = f"{column}${FIRST_LOSS_ROW}", f"{column}${FIRST_LOSS_ROW + layout.steps - 1}"
        outputs = trace.numbers.activations[-1][-1, :, run]
        cells += [
            Cell(row, right, "result", rate, f"={column}${RATE_ROW}"),
            Cell(row, right + 1, "tolerance", float(losses[-1]), f"={last}"),
            Cell(row, right + 2, "result", halved(losses), _halved_formula(run, layout)),
            Cell(row, right + 3, "verdict", verdict(losses, outputs), _verdict_formula(run, layout, first, last)),
        ]
    return cells + _halving_cells(trace)


def _halving_cells(trace: Trace) -> list[Cell]:
    """Folded columns: a step's number once its loss is at most half of the first."""
    cells = [
        Cell(
            NAME_ROW - 1,
            _helper(0),
            "folded",
            "The step's number, once its loss is at most half of the first",
        )
    ]
    for run in range(trace.numbers.loss.shape[1]):
        losses, column = trace.numbers.loss[:, run], letter(run + 1)
        for step, loss in enumerate(losses.tolist()):
            row = FIRST_LOSS_ROW + step
            formula = f'=IF({column}{row}<={column}${FIRST_LOSS_ROW}/2,$A{row},"")'
            value = step + 1 if loss <= losses[0] / 2 else ""
            cells.append(Cell(row, _helper(run), "folded", value, formula))
    return cells


def _helper(run: int) -> int:
    """Right of the charts."""
    return 32 + run


def _halved_formula(run: int, layout: Layout) -> str:
    column = letter(_helper(run))
    cells = f"{column}${FIRST_LOSS_ROW}:{column}${FIRST_LOSS_ROW + layout.steps - 1}"
    return f'=IF(COUNT({cells})=0,"never",MIN({cells}))'


def _verdict_formula(run: int, layout: Layout, first: str, last: str) -> str:
    outputs = [f"a_{neuron}" for neuron in layout.columns.neuron_names(layout.columns.depth - 1)]
    cells = [on_sheet(rate_name(run), f"{layout.letters[name]}{layout.last_row}") for name in outputs]
    return verdict_formula(first, last, cells)


def _definition_cells(right: int, row: int) -> list[Cell]:
    cells = [Cell(row, right, "heading", "The verdicts, the first that fits:")]
    for offset, (word, meaning) in enumerate(DEFINITIONS, start=1):
        cells += [Cell(row + offset, right, "label", word), Cell(row + offset, right + 1, "text", meaning)]
    return [*cells, Cell(row + len(DEFINITIONS) + 1, right, "text", NOTE)]


def _charts(layout: Layout, trace: Trace, right: int) -> list[Chart]:
    last = FIRST_LOSS_ROW + layout.steps - 1
    lines = []
    for run, rate in enumerate(trace.experiment.learning_rates):
        column = letter(run + 1)
        lines.append(
            Series(
                range=on_sheet(SHEET, f"${column}${FIRST_LOSS_ROW}:${column}${last}"),
                values=trace.numbers.loss[:, run].tolist(),
                name_cell=on_sheet(SHEET, f"${column}${NAME_ROW}"),
                name=f"η = {rate:g}",
            )
        )
    top = RATE_ROW + len(lines) + 3 + len(DEFINITIONS) + 1
    overlays = [
        Chart("Loss curves", lines, f"{letter(right)}{top}", f"{letter(right + 4)}{top + 19}", legend=True),
        Chart(
            "Loss curves, logarithmic loss", lines, f"{letter(right + 5)}{top}", f"{letter(right + 11)}{top + 19}",
            logarithmic=True, legend=True,
        ),
    ]  # fmt: skip
    return overlays + [_small_chart(line, place, right, top + 21) for place, line in enumerate(lines)]


def _small_chart(line: Series, place: int, right: int, top: int) -> Chart:
    """Small multiples, three in a row."""
    columns = ((right, right + 3), (right + 4, right + 7), (right + 8, right + 11))[place % 3]
    row = top + place // 3 * 15
    unnamed = Series(line.range, line.values)
    return Chart(
        line.name, [unnamed], f"{letter(columns[0])}{row}", f"{letter(columns[1])}{row + 13}", title_cell=line.name_cell
    )
