"""The dashboard of the main sheet, left of the loss curve: how its run went, live."""

from engine import FloatArray
from engine.diagnosis import FAR, LEARNED
from workbook.records import Cell, Highlight, Style
from workbook.sheets.choice import word
from workbook.sheets.course import Course, overflows, verdict_colors
from workbook.sheets.live import live, live_content
from workbook.spreadsheet.algebra import ONE, call, compare, largest_size, over, plus, times
from workbook.spreadsheet.evaluator import Given
from workbook.spreadsheet.trees import Number, Text, Tree, Variable
from workbook.table.layout import Layout, letter

TOP = 8
VANISH, EXPLODE = "vanish", "explode"
LAYERS_ROW = TOP + 6
BY_LAYER, NO_NUMBER, REMEDY = "|gradient|, first layer / last", "not a number from step", "less eta"
# A step's number and a word need no decimals.
STYLES: dict[str, Style] = {"halved at step": "result", "verdict": "verdict"}
LABEL_COLUMN, VALUE_COLUMN, WORD_COLUMN = 0, 4, 5
# Ranges of gradients: of the last step, and those of the first and of the last layer in it.
GRADIENTS, OF_FIRST, OF_LAST = (Variable(name, 0) for name in ("gradients", "of the first layer", "of the last layer"))
SHARE = Variable("share", 0)
SHARE_TREE = call("IFERROR", over(largest_size(OF_FIRST), largest_size(OF_LAST)), Text("none"))
FAR_APART = word(
    [(compare("<", SHARE, Number(1 / FAR)), VANISH), (compare(">", SHARE, Number(FAR)), EXPLODE)], otherwise=Text("")
)
# As in the engine's diagnosis: small gradients are no fault where the work is done.
FIRST, LAST, LOSSES = (Variable(name, 0) for name in ("first loss", "last loss", "losses"))
IS_AT_WORK = compare(">", LAST, times(Number(LEARNED), FIRST))
LAYERS = call("IF", call("ISNUMBER", SHARE), call("IF", IS_AT_WORK, FAR_APART, Text("")), Text(""))


def dashboard(layout: Layout, values: FloatArray) -> list[list[Cell]]:
    """The dashboard's rows; `values` is the run, (T, C)."""
    columns = layout.columns
    course = Course(layout, values, layout.range(columns.loss))
    gradients, cells = _in_the_last_step(layout, values, columns.of("gradient"))
    lines: tuple[tuple[str, float | str, str], ...] = (
        (_loss_label(1, layout.epoch), *course.first),
        (_loss_label(layout.steps - layout.epoch + 1, layout.steps), *course.last),
        ("halved at step", *course.halved()),
        (
            f"largest |gradient|, step {layout.steps}",
            *live(largest_size(GRADIENTS), {GRADIENTS.name: gradients}, lambda _: cells),
        ),
        ("verdict", *course.verdict),
    )
    rows = [[Cell(TOP, LABEL_COLUMN, "heading", "This run")]]
    for row, (label, value, formula) in enumerate(lines, start=TOP + 1):
        style: Style = STYLES.get(label, "box")
        rows.append([Cell(row, LABEL_COLUMN, "text", label), Cell(row, VALUE_COLUMN, style, value, formula)])
    if len(layers_with_gradients(layout)) > 1:
        rows.append(_by_layer(course))
    return rows


def _in_the_last_step(layout: Layout, values: FloatArray, gradients: list[str]) -> tuple[FloatArray, str]:
    """Some gradients, and their cells.

    Of the last step alone, since over all steps the large gradients of the first would hide that training has stalled.
    """
    size, at = layout.columns.method.batch_size, layout.columns.span(gradients)
    first = f"{letter(at.start)}{layout.last_row + 1 - size}"
    return values[-size:, at], f"{first}:{letter(at.stop - 1)}{layout.last_row}"


def layers_with_gradients(layout: Layout) -> list[list[str]]:
    """The gradients of each layer that trains something."""
    columns = layout.columns
    gradients = columns.of("gradient")
    layers = ([name for name in gradients if columns.by_name[name].layer == layer] for layer in range(columns.depth))
    return [names for names in layers if names]


def _by_layer(course: Course) -> list[Cell]:
    """The first layer's largest gradient over the last's, with a word where they are far from each other.

    Where the run overflows, the first step without a number instead.
    """
    layout, layers = course.layout, layers_with_gradients(course.layout)
    given: dict[str, Given] = {FIRST.name: course.first[0], LAST.name: course.last[0], LOSSES.name: course.losses}
    cells = {FIRST: course.first[1][1:], LAST: course.last[1][1:], LOSSES: course.cells}
    cells[SHARE] = f"{letter(VALUE_COLUMN)}{LAYERS_ROW}"
    for leaf, names in ((OF_FIRST, layers[0]), (OF_LAST, layers[-1])):
        given[leaf.name], cells[leaf] = _in_the_last_step(layout, course.values, names)
    trees: tuple[Tree, Tree, Tree] = (Text(BY_LAYER), SHARE_TREE, LAYERS)
    if overflows(layout):
        step = plus(call("INT", over(call("COUNT", LOSSES), Number(layout.columns.method.batch_size))), ONE)
        instead = Text(NO_NUMBER), step, Text(REMEDY)
        trees = tuple(call("IF", call("ISNUMBER", LAST), *both) for both in zip(trees, instead, strict=True))  # type: ignore[assignment] # three of them
    looks: tuple[tuple[int, Style], ...] = ((LABEL_COLUMN, "text"), (VALUE_COLUMN, "result"), (WORD_COLUMN, "mark"))
    found = []
    for (column, style), tree in zip(looks, trees, strict=True):
        content, formula = live_content(tree, given, cells.__getitem__)
        found.append(Cell(LAYERS_ROW, column, style, content, None if isinstance(tree, Text) else formula))
        if column == VALUE_COLUMN:
            given[SHARE.name] = content
    return found


def _loss_label(first: int, last: int) -> str:
    return f"loss at step {last}" if first == last else f"mean loss, steps {first} to {last}"


def highlights(layout: Layout) -> list[Highlight]:
    """The colors of the verdict and of the word on the layers."""
    word = f"{letter(WORD_COLUMN)}{LAYERS_ROW}"
    words = (VANISH, EXPLODE, *([REMEDY] if overflows(layout) else []))
    return verdict_colors(layout, f"E{TOP + 5}") + [Highlight(word, text, "red") for text in words]
