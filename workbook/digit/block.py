"""The sheet of a block: its kernels and numbers, and the maps that they make."""

from collections.abc import Iterator
from itertools import product

from workbook.digit.layout import LEFT, Strip, at
from workbook.digit.network import POOL, Maps
from workbook.digit.paint import PAINT, RATE
from workbook.digit.places import (
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
    Places,
    gradient_places,
    strip_heights,
)
from workbook.digit.weights import EPSILON, Block, Norm
from workbook.records import Cell, ColorScale, SignScale

HEADERS = {
    MAP: "map", GAMMA: "γ", BETA: "β", MEAN: "mean", VARIANCE: "variance", SCALE: "a", SHIFT: "c", BIAS: "bias"
}  # fmt: skip
MAP_COLORS = ("#FFFFFF", "#1F2A3C")
HEADER_HEIGHT = 15.0


def block_cells(number: int, places: Places, block: Block, maps: Maps, before: Places | None) -> Iterator[Cell]:
    """All cells of a block but its gradients'; its parameters are typed, or follow by a step from those `before`."""
    yield from _texts(number, places)
    yield from _kernels(places, block, before)
    for channel in range(places.plan.outputs):
        yield from _numbers(places, block, channel, before)
    yield from places.maps.cells(maps.maps, _map_formulas(places))
    yield from _names(places, block.norm)
    if places.pooled is None:
        yield from places.maps.zeros()
    elif maps.pooled is not None:
        yield heading(places.pooled, "The largest of each 2×2 square: what the next block reads")
        yield from places.pooled.cells(maps.pooled, _pool_formulas(places.maps, places.pooled))
        yield from places.pooled.zeros()


def heading(strip: Strip, text: str) -> Cell:
    """The heading over a strip of maps."""
    return Cell(strip.row - strip.border - 2, LEFT, "poster_heading", text)


def heights(places: Places) -> dict[int, float]:
    """Of the rows with large type."""
    tall = strip_heights(places.maps, places.pooled) | {4: HEADING_HEIGHT, 5: HEADER_HEIGHT}
    if places.backward is not None:
        backward = places.backward
        tall |= strip_heights(backward.pooled, backward.maps, backward.z)
        tall |= {kernels.row - 2: HEADING_HEIGHT for kernels in (backward.kernels, backward.turned)}
        tall[backward.kernels.row - 1] = HEADER_HEIGHT
    return tall


def scales(places: Places) -> Iterator[ColorScale | SignScale]:
    """Each map from its least number, white, to its largest; kernels red below zero and blue above."""
    yield SignScale([places.kernels.all(fixed=True)])
    for strip in filter(None, (places.maps, places.pooled)):
        yield from (ColorScale(strip.map(number), MAP_COLORS) for number in range(strip.count))


def _texts(number: int, places: Places) -> Iterator[Cell]:
    plan = places.plan
    grid = f"{plan.kernel}×{plan.kernel}"
    yield Cell(
        1, LEFT, "poster_heading", f"Block {number}: {plan.inputs} map{'s' * (plan.inputs > 1)} in, {plan.outputs} out"
    )
    if plan.norm is None:
        law = f"z = sum of kernel × {grid} square, over all maps of the sheet {places.input.sheet}, + bias"
    else:
        law = f"a · max(0, z) + c,  z = sum of kernel × {grid} square, over all maps of the sheet {places.input.sheet}"
        law += " + bias" * plan.bias
    yield Cell(2, LEFT, "poster_text", f"A pixel of a map is {law}.")
    norm = "a = γ / √(variance + ε) and c = β − a · mean are the batch normalisation." if plan.norm is not None else ""
    yield Cell(3, LEFT, "poster_text", f"Click a pixel to see its formula; zoom in to read the numbers. {norm}")
    text = "Kernels: a row for each map that comes out, over each map that goes in"
    yield Cell(4, LEFT, "poster_heading", text)
    for column, name in HEADERS.items():
        if places.has(column):
            yield Cell(5, column, "header", name)
    yield heading(places.maps, "Maps")


def _kernels(places: Places, block: Block, before: Places | None) -> Iterator[Cell]:
    for place in places.kernels.places():
        row, column = places.kernels.cell(*place)
        formula = None
        if before is not None:
            formula = _step(before, (row, column), gradient_places(before).kernels.cell(*place))
        yield Cell(row, column, "pixel", float(block.weight[place]), formula)


def _step(before: Places, parameter: tuple[int, int], gradient: tuple[int, int]) -> str:
    return f"={before.sheet}!{at(*parameter)}-{PAINT}!{RATE}*{before.sheet}!{at(*gradient)}"


def _numbers(places: Places, block: Block, channel: int, before: Places | None) -> Iterator[Cell]:
    row, norm = places.numbers_row(channel), block.norm
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
            formula = _step(before, (row, column), (gradient_places(before).kernels.top(channel), column))
        yield Cell(row, column, "number", float(numbers[channel]), formula)


def _map_formulas(places: Places) -> Iterator[str]:
    plan = places.plan
    for channel, y, x in product(range(places.maps.count), range(places.maps.size), range(places.maps.size)):
        row = places.numbers_row(channel)
        window = places.input.window(y - plan.padding, x - plan.padding, plan.kernel)
        z = f"SUMPRODUCT({window},{places.kernels.strip(channel)})"
        if plan.bias:
            z += f"+{at(row, BIAS, fixed=True)}"
        if plan.norm is None:
            yield z
        else:
            yield f"{at(row, SCALE, fixed=True)}*MAX(0,{z})+{at(row, SHIFT, fixed=True)}"


def _pool_formulas(maps: Strip, pooled: Strip) -> Iterator[str]:
    for channel, y, x in product(range(pooled.count), range(pooled.size), range(pooled.size)):
        yield f"MAX({maps.map(channel, POOL * y, POOL * x, POOL)})"


def _names(places: Places, norm: Norm | None) -> Iterator[Cell]:
    """A map's number and, where there is room, its a and c."""
    maps = places.maps
    for channel in range(maps.count):
        row, name = places.numbers_row(channel), f"{channel + 1}"
        if maps.size < SIZE or norm is None:
            yield Cell(maps.row - maps.border - 1, maps.column(channel), "poster_text", name)
            continue
        numbers = [f'"{sign} = "&TEXT({at(row, column)},"0.00")' for sign, column in (("a", SCALE), ("c", SHIFT))]
        formula = f'="{name}:  "&{numbers[0]}&",  "&{numbers[1]}'
        value = f"{name}:  a = {norm.scale[channel]:.2f},  c = {norm.shift[channel]:.2f}"
        yield Cell(maps.row - maps.border - 1, maps.column(channel), "poster_text", value, formula)
