"""The sheet of a block: its kernels and numbers, and the maps that they make."""

from collections.abc import Iterator
from itertools import product

from workbook.digit.block_layout import (
    BETA,
    BIAS,
    GAMMA,
    HEADING_HEIGHT,
    MAP,
    MEAN,
    SCALE,
    SHIFT,
    SIZE,
    VARIANCE,
    BlockLayout,
    gradient_layout,
    strip_heights,
)
from workbook.digit.layout import LEFT, Strip, at
from workbook.digit.network import POOL, Maps
from workbook.digit.paint import PAINT, RATE
from workbook.digit.weights import EPSILON, ConvolutionBlock, Norm
from workbook.records import Cell, ColorScale, SignScale

HEADERS = {
    MAP: "map", GAMMA: "γ", BETA: "β", MEAN: "mean", VARIANCE: "variance", SCALE: "a", SHIFT: "c", BIAS: "bias"
}  # fmt: skip
MAP_COLORS = ("#FFFFFF", "#1F2A3C")
HEADER_HEIGHT = 15.0


def block_cells(
    number: int, layout: BlockLayout, block: ConvolutionBlock, maps: Maps, before: BlockLayout | None
) -> Iterator[Cell]:
    """All cells of a block but its gradients'; its parameters are typed, or those `before` after a step of descent."""
    yield from _texts(number, layout)
    yield from _kernels(layout, block, before)
    for channel in range(layout.plan.outputs):
        yield from _numbers(layout, block, channel, before)
    yield from layout.maps.cells(maps.maps, _map_formulas(layout))
    yield from _names(layout, block.norm)
    if layout.pooled is None:
        yield from layout.maps.zeros()
    elif maps.pooled is not None:
        yield heading(layout.pooled, "The largest of each 2×2 square: what the next block reads")
        yield from layout.pooled.cells(maps.pooled, _pool_formulas(layout.maps, layout.pooled))
        yield from layout.pooled.zeros()


def heading(strip: Strip, text: str) -> Cell:
    """The heading over a strip of maps."""
    return Cell(strip.row - strip.border - 2, LEFT, "poster_heading", text)


def heights(layout: BlockLayout) -> dict[int, float]:
    """Of the rows with large type."""
    tall = strip_heights(layout.maps, layout.pooled) | {4: HEADING_HEIGHT, 5: HEADER_HEIGHT}
    if layout.backward is not None:
        backward = layout.backward
        tall |= strip_heights(backward.pooled, backward.maps, backward.z)
        tall |= {kernels.row - 2: HEADING_HEIGHT for kernels in (backward.kernels, backward.turned)}
        tall[backward.kernels.row - 1] = HEADER_HEIGHT
    return tall


def scales(layout: BlockLayout) -> Iterator[ColorScale | SignScale]:
    """Each map from its least number, white, to its largest; kernels red below zero and blue above."""
    yield SignScale([layout.kernels.all(fixed=True)])
    for strip in filter(None, (layout.maps, layout.pooled)):
        yield from (ColorScale(strip.map(number), MAP_COLORS) for number in range(strip.count))


def _texts(number: int, layout: BlockLayout) -> Iterator[Cell]:
    plan = layout.plan
    grid = f"{plan.kernel}×{plan.kernel}"
    yield Cell(
        1, LEFT, "poster_heading", f"Block {number}: {plan.inputs} map{'s' * (plan.inputs > 1)} in, {plan.outputs} out"
    )
    if plan.norm is None:
        law = f"z = sum of kernel × {grid} square, over all maps of the sheet {layout.input.sheet}, + bias"
    else:
        law = f"a · max(0, z) + c,  z = sum of kernel × {grid} square, over all maps of the sheet {layout.input.sheet}"
        law += " + bias" * plan.bias
    yield Cell(2, LEFT, "poster_text", f"A pixel of a map is {law}.")
    norm = "a = γ / √(variance + ε) and c = β − a · mean are the batch normalisation." if plan.norm is not None else ""
    yield Cell(3, LEFT, "poster_text", f"Click a pixel to see its formula; zoom in to read the numbers. {norm}")
    text = "Kernels: a row for each map that comes out, over each map that goes in"
    yield Cell(4, LEFT, "poster_heading", text)
    for column, name in HEADERS.items():
        if layout.has(column):
            yield Cell(5, column, "header", name)
    yield heading(layout.maps, "Maps")


def _kernels(layout: BlockLayout, block: ConvolutionBlock, before: BlockLayout | None) -> Iterator[Cell]:
    for weight in layout.kernels.weights():
        row, column = layout.kernels.cell(*weight)
        formula = None
        if before is not None:
            formula = _step(before, (row, column), gradient_layout(before).kernels.cell(*weight))
        yield Cell(row, column, "pixel", float(block.weight[weight]), formula)


def _step(before: BlockLayout, parameter: tuple[int, int], gradient: tuple[int, int]) -> str:
    return f"={before.sheet}!{at(*parameter)}-{PAINT}!{RATE}*{before.sheet}!{at(*gradient)}"


def _numbers(layout: BlockLayout, block: ConvolutionBlock, channel: int, before: BlockLayout | None) -> Iterator[Cell]:
    row, norm = layout.numbers_row(channel), block.norm
    yield Cell(row, MAP, "step", channel + 1)
    typed = {} if block.bias is None else {BIAS: block.bias}
    if norm is not None:
        typed |= {GAMMA: norm.gamma, BETA: norm.beta, MEAN: norm.mean, VARIANCE: norm.variance}
        gamma, beta, mean, variance, scale = (at(row, column) for column in (GAMMA, BETA, MEAN, VARIANCE, SCALE))
        yield Cell(row, SCALE, "number", float(norm.scale[channel]), f"={gamma}/SQRT({variance}+{EPSILON:.5f})")
        yield Cell(row, SHIFT, "number", float(norm.shift[channel]), f"={beta}-{scale}*{mean}")
    for column, numbers in typed.items():
        formula = None
        if before is not None and column not in (MEAN, VARIANCE):
            formula = _step(before, (row, column), (gradient_layout(before).kernels.top(channel), column))
        yield Cell(row, column, "number", float(numbers[channel]), formula)


def _map_formulas(layout: BlockLayout) -> Iterator[str]:
    plan = layout.plan
    for channel, y, x in product(range(layout.maps.count), range(layout.maps.size), range(layout.maps.size)):
        row = layout.numbers_row(channel)
        window = layout.input.window(y - plan.padding, x - plan.padding, plan.kernel)
        z = f"SUMPRODUCT({window},{layout.kernels.strip(channel)})"
        if plan.bias:
            z += f"+{at(row, BIAS, fixed=True)}"
        if plan.norm is None:
            yield z
        else:
            yield f"{at(row, SCALE, fixed=True)}*MAX(0,{z})+{at(row, SHIFT, fixed=True)}"


def _pool_formulas(maps: Strip, pooled: Strip) -> Iterator[str]:
    for channel, y, x in product(range(pooled.count), range(pooled.size), range(pooled.size)):
        yield f"MAX({maps.map(channel, POOL * y, POOL * x, POOL)})"


def _names(layout: BlockLayout, norm: Norm | None) -> Iterator[Cell]:
    """A map's number and, where there is room, its a and c."""
    maps = layout.maps
    for channel in range(maps.count):
        row, name = layout.numbers_row(channel), f"{channel + 1}"
        if maps.size < SIZE or norm is None:
            yield Cell(maps.row - maps.border - 1, maps.column(channel), "poster_text", name)
            continue
        numbers = [f'"{sign} = "&TEXT({at(row, column)},"0.00")' for sign, column in (("a", SCALE), ("c", SHIFT))]
        formula = f'="{name}:  "&{numbers[0]}&",  "&{numbers[1]}'
        value = f"{name}:  a = {norm.scale[channel]:.2f},  c = {norm.shift[channel]:.2f}"
        yield Cell(maps.row - maps.border - 1, maps.column(channel), "poster_text", value, formula)
