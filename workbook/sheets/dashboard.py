"""The dashboard of the main sheet, left of the loss curve: how its run went, live."""

from collections.abc import Callable

import numpy as np

from engine import FloatArray
from engine.activations import ACTIVATIONS
from engine.diagnosis import FAR, LEARNED
from workbook.records import Cell, Highlight, Style
from workbook.sheets.choice import TextChoice
from workbook.spreadsheet.algebra import ONE, compare, less, over, power, times
from workbook.spreadsheet.evaluator import evaluate
from workbook.spreadsheet.printer import printed
from workbook.spreadsheet.trees import Number, Tree, Variable
from workbook.table.functions import LOSSES
from workbook.table.layout import FIRST_ROW, Layout, largest_size, letter, on_sheet, row_and_column

TOP = 8
DEAD, STILL = "dead layer", "stands still"
VANISH, EXPLODE = "vanish", "explode"
LAYERS_ROW = TOP + 6
BY_LAYER, NO_NUMBER, REMEDY = "|gradient|, first layer / last", "not a number from step", "less eta"
# A step's number and a word need no decimals.
STYLES: dict[str, Style] = {"halved at step": "result", "verdict": "verdict"}
LABEL_COLUMN, VALUE_COLUMN, WORD_COLUMN = 0, 4, 5
# An output this near to its bounds is pinned there: the slope of its activation, a factor of every gradient, is no
# larger.
PINNED = 1e-6
# The activations that pin a neuron, and their slope over the activation alone; a pinned ReLU is 0.
PINS: dict[str, Callable[[Tree], Tree]] = {
    "sigmoid": lambda a: times(a, less(ONE, a)),
    "tanh": lambda a: less(ONE, power(a, Number(2))),
    "relu": lambda a: times(compare(">", a, Number(0)), ONE),
}
FIRST, LAST, SHARE = (Variable(name, 0) for name in ("first loss", "last loss", "share"))
COURSE = TextChoice(
    [
        (compare("=", LAST, FIRST), STILL),
        (compare(">", LAST, FIRST), "rises"),
        (compare("<=", LAST, over(FIRST, Number(2))), "falls"),
    ],
    otherwise="slow",
)
LAYERS = TextChoice(
    [(compare("<", SHARE, Number(1 / FAR)), VANISH), (compare(">", SHARE, Number(FAR)), EXPLODE)], otherwise=""
)


def dashboard(layout: Layout, values: FloatArray) -> list[list[Cell]]:
    """The dashboard's rows; `values` is the run, (T, C)."""
    columns = layout.columns
    losses = values[:: columns.method.batch_size, columns.index[columns.loss]]
    column = layout.letters[columns.loss]
    first, last = ends(layout, column, FIRST_ROW, layout.last_row, columns.method.batch_size)
    largest, largest_formula = _largest(layout, values, columns.of("gradient"))
    first_loss, last_loss = end_losses(layout, losses)
    lines: tuple[tuple[str, float | str, str], ...] = (
        (_loss_label(1, layout.epoch), first_loss, f"={first}"),
        (_loss_label(layout.steps - layout.epoch + 1, layout.steps), last_loss, f"={last}"),
        ("halved at step", halved(losses), halved_formula(layout, layout.range(columns.loss))),
        (f"largest |gradient|, step {layout.steps}", largest, f"={largest_formula}"),
        ("verdict", verdict(layout, values), verdict_formula(layout, first, last)),
    )
    rows = [[Cell(TOP, LABEL_COLUMN, "heading", "This run")]]
    for row, (label, value, formula) in enumerate(lines, start=TOP + 1):
        style: Style = STYLES.get(label, "box")
        rows.append([Cell(row, LABEL_COLUMN, "text", label), Cell(row, VALUE_COLUMN, style, value, formula)])
    if len(layers_with_gradients(layout)) > 1:
        rows.append(_by_layer(layout, values, first, last))
    return rows


def _largest(layout: Layout, values: FloatArray, gradients: list[str]) -> tuple[float, str]:
    """The largest of some gradients of the last step, and its formula.

    Of the last step alone, since over all steps the large gradients of the first would hide that training has stalled.
    """
    size, at = layout.columns.method.batch_size, layout.columns.span(gradients)
    cells = f"{letter(at.start)}{layout.last_row + 1 - size}:{letter(at.stop - 1)}{layout.last_row}"
    return float(np.abs(values[-size:, at]).max()), largest_size(cells)


def layers_with_gradients(layout: Layout) -> list[list[str]]:
    """The gradients of each layer that trains something."""
    columns = layout.columns
    gradients = columns.of("gradient")
    layers = ([name for name in gradients if columns.by_name[name].layer == layer] for layer in range(columns.depth))
    return [names for names in layers if names]


def _by_layer(layout: Layout, values: FloatArray, start: str, end: str) -> list[Cell]:
    """The first layer's largest gradient over the last's, with a word where they are far from each other.

    Where the run overflows, the first step without a number instead. `start` and `end`: the first and the last loss.
    """
    cells = _share(layout, values, start, end)
    if overflows(layout):  # with what is typed in: a run that does is refused, so the caches are those of numbers
        step = f"INT(COUNT({layout.range(layout.columns.loss)})/{layout.columns.method.batch_size})+1"
        cells = [
            (value, f"IF(ISNUMBER({end}),{formula},{instead})")
            for (value, formula), instead in zip(cells, (f'"{NO_NUMBER}"', step, f'"{REMEDY}"'), strict=True)
        ]
    # The label alone needs no formula where it never changes.
    looks: tuple[tuple[int, Style], ...] = ((LABEL_COLUMN, "text"), (VALUE_COLUMN, "result"), (WORD_COLUMN, "mark"))
    return [
        Cell(LAYERS_ROW, column, style, value, None if formula == f'"{value}"' else f"={formula}")
        for (column, style), (value, formula) in zip(looks, cells, strict=True)
    ]


def _share(layout: Layout, values: FloatArray, start: str, end: str) -> list[tuple[float | str, str]]:
    """The label, the share and the word, each with its formula."""
    layers = layers_with_gradients(layout)
    (first, first_formula), (last, last_formula) = (_largest(layout, values, layers[index]) for index in (0, -1))
    share: float | str = first / last if last else "none"
    cell = f"{letter(VALUE_COLUMN)}{LAYERS_ROW}"
    first_loss, last_loss = end_losses(
        layout, values[:: layout.columns.method.batch_size, layout.columns.index[layout.columns.loss]]
    )
    # As in the engine's diagnosis: small gradients are no fault where the work is done.
    learns = last_loss > LEARNED * first_loss
    word = LAYERS.text({SHARE.name: share}) if learns and not isinstance(share, str) else ""
    far = LAYERS.formula(lambda _: cell)
    return [
        (BY_LAYER, f'"{BY_LAYER}"'),
        (share, f'IFERROR({first_formula}/{last_formula},"none")'),
        (word, f'IF(ISNUMBER({cell}),IF({end}>{LEARNED:g}*{start},{far},""),"")'),
    ]


def _loss_label(first: int, last: int) -> str:
    return f"loss at step {last}" if first == last else f"mean loss, steps {first} to {last}"


def highlights(layout: Layout) -> list[Highlight]:
    """The colors of the verdict and of the word on the layers."""
    word = f"{letter(WORD_COLUMN)}{LAYERS_ROW}"
    words = (VANISH, EXPLODE, *([REMEDY] if overflows(layout) else []))
    return verdict_colors(layout, f"E{TOP + 5}") + [Highlight(word, text, "red") for text in words]


def verdict_colors(layout: Layout, cells: str) -> list[Highlight]:
    """Green for what is good, red for what is not."""
    bad = ["saturated", DEAD, "rises", *(["overflows"] if overflows(layout) else [])]
    return [Highlight(cells, "falls", "green"), *(Highlight(cells, word, "red") for word in bad)]


def ends(layout: Layout, column: str, first_row: int, last_row: int, rows_a_step: int = 1) -> tuple[str, str]:
    """The first and the last loss over cells of a column; the mean over an epoch where a step is only a part of it."""
    if layout.epoch == 1:
        return f"{column}{first_row}", f"{column}{last_row}"
    more = layout.epoch * rows_a_step - 1
    return (
        f"AVERAGE({column}{first_row}:{column}{first_row + more})",
        f"AVERAGE({column}{last_row - more}:{column}{last_row})",
    )


def end_losses(layout: Layout, losses: FloatArray) -> tuple[float, float]:
    """The first and the last loss, from the losses of all steps."""
    return float(losses[: layout.epoch].mean()), float(losses[-layout.epoch :].mean())


def saturates(layout: Layout) -> bool:
    """Whether the outputs can be pinned where no gradient comes through."""
    network = layout.columns.network
    return ACTIVATIONS[network.layers[-1].activation].is_bounded and not LOSSES[network.loss].through_activation


def hidden_that_die(layout: Layout) -> list[int]:
    """The hidden layers whose neurons can all be pinned, so that no gradient comes through to the layers before."""
    layers = layout.columns.network.layers
    return [layer for layer, of in enumerate(layers[:-1]) if of.activation in PINS]


def overflows(layout: Layout) -> bool:
    """Whether a learning rate can be so large that the numbers overflow."""
    return any(not ACTIVATIONS[layer.activation].is_bounded for layer in layout.columns.network.layers)


def verdict(layout: Layout, values: FloatArray) -> str:
    """What a run did, from its numbers, (T, C)."""
    columns = layout.columns
    losses = values[:: columns.method.batch_size, columns.index[columns.loss]]
    if not np.isfinite(losses[-1]):
        return "overflows"
    if saturates(layout) and _is_pinned(layout, values, columns.depth - 1):
        return "saturated"
    if any(_is_pinned(layout, values, layer) for layer in hidden_that_die(layout)):
        return DEAD
    first, last = end_losses(layout, losses)
    return COURSE.text({FIRST.name: first, LAST.name: last})


def verdict_formula(layout: Layout, first: str, last: str, sheet: str | None = None) -> str:
    """The verdict as a formula over the first and the last loss, and over the outputs on the sheet of the run."""
    word = COURSE.formula(lambda leaf: last if leaf == LAST else first)
    if hidden := hidden_that_die(layout):
        dead = ",".join(f"AND({_pinned(layout, sheet, layer)})" for layer in hidden)
        word = f'IF(OR({dead}),"{DEAD}",{word})'
    if saturates(layout):
        word = f'IF(AND({_pinned(layout, sheet, layout.columns.depth - 1)}),"saturated",{word})'
    return f'=IF(ISNUMBER({last}),{word},"overflows")' if overflows(layout) else f"={word}"


def _is_pinned(layout: Layout, values: FloatArray, layer: int) -> bool:
    """Whether all neurons of a layer are pinned in the last pass of every sample."""
    columns = layout.columns
    activations = values[-columns.samples :, columns.span(columns.activation_names(layer))]
    a = Variable("a", 0)
    slopes = evaluate(PINS[columns.network.layers[layer].activation](a), {a: activations})
    return bool((slopes < PINNED).all())


def _pinned(layout: Layout, sheet: str | None, layer: int) -> str:
    """Formulas that are all true where all neurons of a layer are pinned."""
    columns, top = layout.columns, layout.last_row - min(layout.columns.samples, layout.rows) + 1
    slope = PINS[columns.network.layers[layer].activation]
    conditions = []
    for name in columns.activation_names(layer):
        column = layout.letters[name]
        cells = f"{column}{layout.last_row}" if columns.samples == 1 else f"{column}{top}:{column}{layout.last_row}"
        there = cells if sheet is None else on_sheet(sheet, cells)
        sign = "<" if columns.samples == 1 else ">="
        condition = printed(compare(sign, slope(Variable(there, 0)), Number(PINNED)))
        conditions.append(condition if columns.samples == 1 else f"SUMPRODUCT(({condition})*1)=0")
    return ",".join(conditions)


def halved(losses: FloatArray) -> float | str:
    """The first step whose loss is at most half of that of step 1, from the losses of all steps."""
    steps = (losses <= losses[0] / 2).nonzero()[0]
    return float(steps[0] + 1) if steps.size else "never"


def halved_formula(layout: Layout, losses: str) -> str:
    """The same over a range of cells: a row a step, or all rows of the table."""
    first, last = losses.split(":")
    (first_row, _), (last_row, _) = row_and_column(first), row_and_column(last)
    # The row with the largest count from below, of those that have halved, is the first of them.
    from_below = f"SUMPRODUCT(MAX(({losses}<={first}/2)*({last_row + 1}-ROW({losses}))))"
    row = f"{last_row + 2 - first_row}-{from_below}"
    rows_a_step = (last_row + 1 - first_row) // layout.steps
    step = row if rows_a_step == 1 else f"({row}-1)/{rows_a_step}+1"
    word = f'IF({from_below}=0,"never",{step})'
    return f'=IFERROR({word},"never")' if overflows(layout) else f"={word}"
