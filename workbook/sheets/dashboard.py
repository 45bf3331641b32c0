"""The dashboard of the main sheet, left of the loss curve: how its run went, live."""

import numpy as np

from engine import FloatArray
from workbook.layout import FIRST_ROW, Layout, letter, place
from workbook.records import Cell, Highlight, Style

TOP = 8
# A step's number and a word need no decimals.
STYLES: dict[str, Style] = {"halved at step": "result", "verdict": "verdict"}
LABEL_COLUMN, VALUE_COLUMN = 0, 4
# An output this near to 0 or 1 is pinned there: a·(1 − a), a factor of every gradient, is no larger.
PINNED = 1e-6


def dashboard(layout: Layout, values: FloatArray) -> list[list[Cell]]:
    """The dashboard's rows; `values` is the run, (T, C)."""
    columns = layout.columns
    losses = values[:, columns.names.index("E_tot")]
    outputs = [f"a_{neuron}" for neuron in columns.neuron_names(columns.depth - 1)]
    first, last = f"{layout.letters['E_tot']}{FIRST_ROW}", f"{layout.letters['E_tot']}{layout.last_row}"
    output_cells = [f"{layout.letters[name]}{layout.last_row}" for name in outputs]
    gradients = columns.span(columns.of("gradient"))
    gradient_cells = f"{letter(gradients.start)}{FIRST_ROW}:{letter(gradients.stop - 1)}{layout.last_row}"
    lines: tuple[tuple[str, float | str, str], ...] = (
        ("loss at step 1", float(losses[0]), f"={first}"),
        (f"loss at step {layout.steps}", float(losses[-1]), f"={last}"),
        ("halved at step", halved(losses), halved_formula(layout.range("E_tot"))),
        (
            "largest gradient, either sign",
            float(np.abs(values[:, gradients]).max()),
            f"=MAX(MAX({gradient_cells}),-MIN({gradient_cells}))",
        ),
        (
            "verdict",
            verdict(losses, values[-1, [columns.names.index(name) for name in outputs]]),
            verdict_formula(first, last, output_cells),
        ),
    )
    rows = [[Cell(TOP, LABEL_COLUMN, "heading", "This run")]]
    for row, (label, value, formula) in enumerate(lines, start=TOP + 1):
        style: Style = STYLES.get(label, "box")
        rows.append([Cell(row, LABEL_COLUMN, "text", label), Cell(row, VALUE_COLUMN, style, value, formula)])
    return rows


def highlights() -> list[Highlight]:
    """The colors of the verdict."""
    cell = f"E{TOP + 5}"
    return [Highlight(cell, "falls", "green"), Highlight(cell, "saturated", "red"), Highlight(cell, "rises", "red")]


def verdict(losses: FloatArray, outputs: FloatArray) -> str:
    """What a run did, from its losses, (T,), and the outputs of its last step."""
    if (outputs * (1 - outputs) < PINNED).all():
        return "saturated"
    if losses[-1] > losses[0]:
        return "rises"
    return "falls" if losses[-1] <= losses[0] / 2 else "slow"


def verdict_formula(first: str, last: str, outputs: list[str]) -> str:
    """The same over cells: the first and the last loss, the outputs of the last step."""
    pinned = ",".join(f"{cell}*(1-{cell})<{PINNED:.6f}" for cell in outputs)
    return f'=IF(AND({pinned}),"saturated",IF({last}>{first},"rises",IF({last}<={first}/2,"falls","slow")))'


def halved(losses: FloatArray) -> float | str:
    """The first step whose loss is at most half of that of step 1."""
    steps = (losses <= losses[0] / 2).nonzero()[0]
    return float(steps[0] + 1) if steps.size else "never"


def halved_formula(losses: str) -> str:
    """The same over a range of cells."""
    first, last = losses.split(":")
    (first_row, _), (last_row, _) = place(first), place(last)
    # The largest count from below among the rows that have halved is the first of them.
    from_below = f"SUMPRODUCT(MAX(({losses}<={first}/2)*({last_row + 1}-ROW({losses}))))"
    return f'=IF({from_below}=0,"never",{last_row + 2 - first_row}-{from_below})'
