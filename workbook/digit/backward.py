"""The gradients of a block, below its maps: ∂loss/∂ every pixel of every map, and ∂loss/∂ every parameter."""

from collections.abc import Iterator, Sequence
from itertools import product

from workbook.digit.block import heading
from workbook.digit.block_layout import BETA, BIAS, GAMMA, SCALE, SHIFT, Backward, BlockLayout, gradient_layout
from workbook.digit.layout import LEFT, Kernels, Strip, at
from workbook.digit.network import POOL, Gradients
from workbook.digit.weights import Array, ConvolutionBlock
from workbook.records import Cell, SignScale

NAMES = {GAMMA: "∂loss/∂γ", BETA: "∂loss/∂β", BIAS: "∂loss/∂bias"}


def backward_cells(
    layout: BlockLayout,
    block: ConvolutionBlock,
    gradients: Gradients,
    following: BlockLayout | None,
    logit_gradients: Sequence[str],
) -> Iterator[Cell]:
    """The cells with gradients, of a block that another follows, or else the ten averages."""
    backward = gradient_layout(layout)
    if following is not None:
        arriving = arriving_formulas(following)
    else:
        count = layout.maps.size**2
        arriving = (f"{cell}/{count}" for cell in logit_gradients for _ in range(count))
    if backward.pooled is not None and layout.pooled is not None and gradients.pooled is not None:
        yield heading(
            backward.pooled,
            "∂loss/∂ each pooled pixel: where it is blue, a larger number raises the loss; where orange, it lowers it",
        )
        yield from backward.pooled.cells(gradients.pooled, arriving)
        arriving = _unpool_formulas(layout.maps, layout.pooled, backward.pooled)
    yield heading(backward.maps, "∂loss/∂ each pixel of the maps")
    yield from backward.maps.cells(gradients.maps, arriving)
    if backward.z != backward.maps:
        yield heading(backward.z, "∂loss/∂z: times a where the ReLU let z pass, else 0")
        yield from backward.z.cells(gradients.z, _relu_formulas(layout, backward))
    yield from backward.z.zeros()
    yield from _parameters(layout, backward, gradients)
    yield from _turned(layout, backward.turned, block)


def arriving_formulas(following: BlockLayout) -> Iterator[str]:
    """∂loss/∂ what a block reads: its turned kernels over its ∂loss/∂z."""
    backward, plan, size = gradient_layout(following), following.plan, following.input.size
    hangs_over = plan.kernel - 1 - plan.padding
    for number, y, x in product(range(plan.inputs), range(size), range(size)):
        window = backward.z.window(y - hangs_over, x - hangs_over, plan.kernel)
        yield f"SUMPRODUCT({window},{following.sheet}!{backward.turned.strip(number)})"


def backward_scales(backward: Backward) -> Iterator[SignScale]:
    """The same shade for the same number, over all maps of a strip."""
    for strip in dict.fromkeys((backward.maps, backward.z, backward.pooled)):
        if strip is not None:
            yield SignScale([strip.all(fixed=True)])
    for kernels in (backward.kernels, backward.turned):
        yield SignScale([kernels.all(fixed=True)])


def _unpool_formulas(maps: Strip, pooled: Strip, gradient: Strip) -> Iterator[str]:
    """The gradient goes to the first of a square's pixels, from left to right and down, that is the largest."""
    for number, y, x in product(range(maps.count), range(maps.size), range(maps.size)):
        row, column = y // POOL, x // POOL
        largest, arrives = pooled.pixel(number, row, column), gradient.pixel(number, row, column)
        before = [(r, c) for r, c in product(range(row * POOL, y + 1), range(column * POOL, column * POOL + POOL))]
        earlier = [maps.pixel(number, r, c) for r, c in before if (r, c) < (y, x)]
        own = f"{maps.pixel(number, y, x)}={largest}"
        if earlier:
            own = f"AND({own},{','.join(f'{cell}<>{largest}' for cell in earlier)})"
        yield f"IF({own},{arrives},0)"


def _relu_formulas(layout: BlockLayout, backward: Backward) -> Iterator[str]:
    """Where z was not above 0, the map shows c exactly."""
    maps = layout.maps
    for number, y, x in product(range(maps.count), range(maps.size), range(maps.size)):
        row = layout.numbers_row(number)
        scale, shift = at(row, SCALE, fixed=True), at(row, SHIFT, fixed=True)
        yield f"IF({maps.pixel(number, y, x)}={shift},0,{scale}*{backward.maps.pixel(number, y, x)})"


def _parameters(layout: BlockLayout, backward: Backward, gradients: Gradients) -> Iterator[Cell]:
    kernels, plan, size = backward.kernels, layout.plan, layout.maps.size
    text = "∂loss/∂ each weight: ∂loss/∂z × the pixels that it was multiplied with, summed"
    yield Cell(kernels.row - 2, LEFT, "poster_heading", text)
    for number, reads, y, x in kernels.weights():
        row, column = kernels.cell(number, reads, y, x)
        pixels = layout.input.map(reads, y - plan.padding, x - plan.padding, size)
        formula = f"=SUMPRODUCT({backward.z.map(number, fixed=True)},{layout.input.sheet}!{pixels})"
        yield Cell(row, column, "pixel", float(gradients.weight[number, reads, y, x]), formula)
    for column, name in NAMES.items():
        values = {GAMMA: gradients.gamma, BETA: gradients.beta, BIAS: gradients.bias}[column]
        if values is not None:
            yield Cell(kernels.row - 1, column, "header", name)
            yield from _of_each_map(layout, backward, column, values)


def _of_each_map(layout: BlockLayout, backward: Backward, column: int, values: Array) -> Iterator[Cell]:
    for number in range(layout.plan.outputs):
        row, arrives = backward.kernels.top(number), backward.maps.map(number)
        gamma, beta = (at(layout.numbers_row(number), which) for which in (GAMMA, BETA))
        formula = {
            BETA: f"=SUM({arrives})",
            # (map − β) / γ is the normalised activation, which γ was multiplied with.
            GAMMA: f"=(SUMPRODUCT({arrives},{layout.maps.map(number)})-{beta}*{at(row, BETA)})/{gamma}",
            BIAS: f"=SUM({backward.z.map(number)})",
        }[column]
        yield Cell(row, column, "number", float(values[number]), formula)


def _turned(layout: BlockLayout, turned: Kernels, block: ConvolutionBlock) -> Iterator[Cell]:
    text = "The kernels turned by half a circle, a row for each map that goes in: they carry ∂loss/∂z back to it"
    yield Cell(turned.row - 2, LEFT, "poster_heading", text)
    last = turned.size - 1
    for reads, number, y, x in turned.weights():
        row, column = turned.cell(reads, number, y, x)
        weight = (number, reads, last - y, last - x)
        yield Cell(row, column, "pixel", float(block.weight[weight]), f"={at(*layout.kernels.cell(*weight))}")
