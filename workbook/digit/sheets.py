"""The sheets with maps: the normalised picture, the nine blocks, and the nine blocks after a step of descent."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from workbook.digit.backward import arriving_formulas, backward_cells, backward_scales
from workbook.digit.block import MAP_COLORS, block_cells, heading, heights, scales
from workbook.digit.block_layout import BETA, BIAS, GAMMA, MAP, SIZE, BlockLayout, gradient_layout, strip_heights
from workbook.digit.images import FIRST
from workbook.digit.layout import LEFT, SQUARE_HEIGHT, SQUARE_WIDTH, Strip, at, span
from workbook.digit.network import DEVIATION, MEAN, Gradients, Maps, Reading
from workbook.digit.paint import LABEL, LOSS, PAINT, RATE, TOP, ShownDigit, logit_gradient
from workbook.digit.weights import ConvolutionBlock
from workbook.records import Cell, ColorScale, SheetPlan, SignScale

ZOOM = 50  # percent: at first one sees several maps
WIDTHS = {"A:H": 10.0, "I:J": 2.0, "K:AJL": SQUARE_WIDTH}
DIGITS = 10


def input_sheet(shown: ShownDigit, picture: Strip, saliency: Strip | None, first: BlockLayout) -> SheetPlan:
    """The normalised picture, with the zeros around it that the first convolution reads."""
    cells = [
        Cell(1, LEFT, "poster_heading", "The picture, normalised"),
        Cell(2, LEFT, "poster_text", f"(pixel / 255 − {MEAN}) / {DEVIATION}: the mean and the deviation"),
        Cell(3, LEFT, "poster_text", "of the pixels that the network was trained on."),
        *picture.cells(shown.reading.blocks[0].input, _normalised()),
        *picture.zeros(),
    ]
    colors: list[ColorScale | SignScale] = [ColorScale(picture.map(0), MAP_COLORS)]
    if saliency is not None and shown.gradients is not None:
        cells.append(heading(saliency, "∂loss/∂ each pixel"))
        cells += saliency.cells(shown.gradients[0].input, arriving_formulas(first))
        colors.append(SignScale([saliency.map(0, fixed=True)]))
    return _sheet(picture.sheet, lambda: iter(cells), strip_heights(picture, saliency), colors)


def block_sheets(
    blocks: Sequence[ConvolutionBlock], shown: ShownDigit, layouts: Sequence[BlockLayout]
) -> Iterator[SheetPlan]:
    """A sheet for each block, with its gradients if there are any."""
    logits = [logit_gradient(digit) for digit in range(DIGITS)]
    following = [*layouts[1:], None]
    for number, (block, maps, layout, after) in enumerate(
        zip(blocks, shown.reading.blocks, layouts, following, strict=True), start=1
    ):
        own = shown.gradients[number - 1] if shown.gradients else None
        colors = list(scales(layout))
        if layout.backward is not None:
            colors += backward_scales(layout.backward)

        def cells(
            number: int = number, block: ConvolutionBlock = block, maps: Maps = maps, layout: BlockLayout = layout,
            after: BlockLayout | None = after, own: Gradients | None = own,
        ) -> Iterator[Cell]:  # fmt: skip
            yield from block_cells(number, layout, block, maps, None)
            if own is not None:
                yield from backward_cells(layout, block, own, after, logits)

        yield _sheet(layout.sheet, cells, heights(layout), colors)


def after_sheets(
    blocks: Sequence[ConvolutionBlock], reading: Reading, layouts: Sequence[BlockLayout], after: Sequence[BlockLayout]
) -> Iterator[SheetPlan]:
    """The same blocks with each parameter less η times its gradient; the last sheet has the new logits.

    Args:
        blocks: the network after the step.
        reading: its forward pass.
        layouts: of the blocks before the step, with gradients.
        after: of the blocks after it.
    """
    for number, (block, maps, before, layout) in enumerate(
        zip(blocks, reading.blocks, layouts, after, strict=True), start=1
    ):

        def cells(
            number: int = number,
            block: ConvolutionBlock = block,
            maps: Maps = maps,
            before: BlockLayout = before,
            layout: BlockLayout = layout,
        ) -> Iterator[Cell]:
            yield from block_cells(number, layout, block, maps, before)
            if layout is after[-1]:
                yield from _new_logits(layout, reading)

        yield _sheet(layout.sheet, cells, heights(layout), list(scales(layout)))


def loss_after(last: BlockLayout) -> str:
    """The formula of the loss by the logits after the step."""
    logits = f"{last.sheet}!{span(_new_logits_row(last), GAMMA, DIGITS, 1, fixed=True)}"
    return f"=MAX({logits})+LN(SUMPRODUCT(EXP({logits}-MAX({logits}))))-INDEX({logits},{LABEL}+1)"


def estimated_loss(layouts: Sequence[BlockLayout]) -> str:
    """The formula of the loss after a step, to the first order: each parameter falls by η times its gradient."""
    squares = []
    for layout in layouts:
        kernels = gradient_layout(layout).kernels
        rows = kernels.last_row - kernels.row + 1
        numbers = [span(kernels.row, column, rows, 1) for column in (GAMMA, BETA, BIAS) if layout.has(column)]
        ranges = ",".join(f"{layout.sheet}!{cells}" for cells in (kernels.all(), *numbers))
        squares.append(f"SUMSQ({ranges})")
    return f"={LOSS}-{RATE}*({'+'.join(squares)})"


def _normalised() -> Iterator[str]:
    for y in range(SIZE):
        for x in range(SIZE):
            yield f"({PAINT}!{at(TOP + y, FIRST + x)}/255-{MEAN})/{DEVIATION}"


def _new_logits_row(last: BlockLayout) -> int:
    return last.maps.last_row + 3


def _new_logits(last: BlockLayout, reading: Reading) -> Iterator[Cell]:
    row = _new_logits_row(last)
    yield Cell(row - 1, MAP, "header", "digit")
    yield Cell(row - 1, GAMMA, "header", "logit")
    for digit in range(DIGITS):
        yield Cell(row + digit, MAP, "step", digit)
        yield Cell(row + digit, GAMMA, "number", float(reading.logits[digit]), f"=AVERAGE({last.maps.map(digit)})")


def _sheet(
    name: str, cells: Callable[[], Iterator[Cell]], tall: dict[int, float], colors: Sequence[ColorScale | SignScale]
) -> SheetPlan:
    """A sheet whose cells are made as it is written, so that the memory holds those of one sheet alone."""

    def rows() -> Iterator[list[Cell]]:
        ordered = sorted(cells(), key=lambda cell: (cell.row, cell.column))
        return (list(group) for _, group in groupby(ordered, key=lambda cell: cell.row))

    return SheetPlan(
        name=name, rows=rows, row_count=0, widths=WIDTHS, heights=tall, row_height=SQUARE_HEIGHT, zoom=ZOOM,
        tab="table", gridlines=False, scales=colors,
    )  # fmt: skip
