"""Where everything of a block stands on its sheet, planned before any cell is written."""

from dataclasses import dataclass

from workbook.digit.layout import Kernels, Strip
from workbook.digit.network import POOL
from workbook.digit.weights import ARCHITECTURE, Plan

SIZE = 28  # pixels, across and down
FIRST_KERNELS = 6  # row
HEADING_HEIGHT, NAMES_HEIGHT = 36.0, 28.0  # points
BETWEEN = 3  # rows from the end of one part to the border of the next: an empty one, its heading, and one for names
MAP, GAMMA, BETA, MEAN, VARIANCE, SCALE, SHIFT, BIAS = range(8)  # columns


@dataclass(frozen=True)
class Backward:
    """The gradients' places; `kernels` are those of the weights, `turned` the kernels as the input's gradient needs."""

    pooled: Strip | None
    maps: Strip
    z: Strip
    kernels: Kernels
    turned: Kernels


@dataclass(frozen=True)
class Places:
    """A block's sheet: kernels, maps, pooled maps, and the gradients if there are any."""

    plan: Plan
    sheet: str
    input: Strip
    kernels: Kernels
    maps: Strip
    pooled: Strip | None
    backward: Backward | None

    @property
    def output(self) -> Strip:
        """What the next block reads."""
        return self.maps if self.pooled is None else self.pooled

    def has(self, column: int) -> bool:
        """Whether the maps have a number of a column: a bias only after the last two convolutions."""
        return self.plan.bias if column == BIAS else column == MAP or self.plan.norm is not None

    def numbers_row(self, number: int) -> int:
        """The row with the batch normalisation and the bias of a map."""
        return self.kernels.top(number)


def input_strips(*, backward: bool) -> tuple[Strip, Strip | None]:
    """The places of the normalised picture and of ∂loss/∂ it."""
    picture = Strip("input", FIRST_KERNELS + 1, 1, SIZE)
    gradient = _below(picture.last_row, "input", 1, SIZE, picture.border)
    return picture, gradient if backward else None


def plan_blocks(name: str, first: Strip, *, backward: bool) -> list[Places]:
    """The places of all blocks, on sheets `name`1 to `name`9."""
    places: list[Places] = []
    for number, plan in enumerate(ARCHITECTURE, start=1):
        reads = places[-1].output if places else first
        places.append(_plan(plan, f"{name}{number}", reads, backward=backward))
    return places


def _plan(plan: Plan, sheet: str, reads: Strip, *, backward: bool) -> Places:
    kernels = Kernels(sheet, FIRST_KERNELS, plan.outputs, plan.kernel, plan.inputs, reads.pitch)
    size = reads.size + 2 * plan.padding - plan.kernel + 1
    maps = _below(kernels.last_row, sheet, plan.outputs, size, 1)
    pooled = _below(maps.last_row, sheet, plan.outputs, size // POOL, 1) if plan.pool else None
    made = Places(plan, sheet, reads, kernels, maps, pooled, None)
    if not backward:
        return made
    return Places(plan, sheet, reads, kernels, maps, pooled, _plan_backward(made))


def _plan_backward(places: Places) -> Backward:
    plan, sheet, maps = places.plan, places.sheet, places.maps
    pooled, last = None, places.output.last_row
    if places.pooled is not None:
        pooled = _below(last, sheet, plan.outputs, places.pooled.size, 1)
        last = pooled.last_row
    # As many zeros as a turned kernel hangs over, and one to tell neighbours apart.
    border = max(1, plan.kernel - 1 - plan.padding)
    at_maps = _below(last, sheet, plan.outputs, maps.size, 1)
    z = _below(at_maps.last_row, sheet, plan.outputs, maps.size, border)
    if plan.norm is None:  # nothing stands between the maps and the convolution
        at_maps = z = _below(last, sheet, plan.outputs, maps.size, border)
    kernels = Kernels(sheet, z.last_row + BETWEEN, plan.outputs, plan.kernel, plan.inputs, places.input.pitch)
    turned = Kernels(sheet, kernels.last_row + BETWEEN, plan.inputs, plan.kernel, plan.outputs, z.pitch)
    return Backward(pooled, at_maps, z, kernels, turned)


def _below(row: int, sheet: str, count: int, size: int, border: int) -> Strip:
    return Strip(sheet, row + BETWEEN + border, count, size, border)


def strip_heights(*strips: Strip | None) -> dict[int, float]:
    """Of the rows with the title and the headings of strips, and with their maps' names."""
    tall = {1: HEADING_HEIGHT, 2: NAMES_HEIGHT, 3: NAMES_HEIGHT}
    for strip in strips:
        if strip is not None:
            tall |= {strip.row - strip.border - 2: HEADING_HEIGHT, strip.row - strip.border - 1: NAMES_HEIGHT}
    return tall


def gradient_places(places: Places) -> Backward:
    """Those of a block that has them."""
    if places.backward is None:
        raise ValueError(f"{places.sheet} was planned without gradients")
    return places.backward
