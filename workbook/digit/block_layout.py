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
    """Where a block's gradients stand: `kernels` those of the weights; `turned` the kernels turned for the input's."""

    pooled: Strip | None
    maps: Strip
    z: Strip
    kernels: Kernels
    turned: Kernels


@dataclass(frozen=True)
class BlockLayout:
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
    """Where the normalised picture stands and ∂loss/∂ it."""
    picture = Strip("input", FIRST_KERNELS + 1, 1, SIZE)
    gradient = _below(picture.last_row, "input", 1, SIZE, picture.border)
    return picture, gradient if backward else None


def plan_blocks(name: str, first: Strip, *, backward: bool) -> list[BlockLayout]:
    """The layouts of all blocks, on sheets `name`1 to `name`9."""
    layouts: list[BlockLayout] = []
    for number, plan in enumerate(ARCHITECTURE, start=1):
        reads = layouts[-1].output if layouts else first
        layouts.append(_plan(plan, f"{name}{number}", reads, backward=backward))
    return layouts


def _plan(plan: Plan, sheet: str, reads: Strip, *, backward: bool) -> BlockLayout:
    kernels = Kernels(sheet, FIRST_KERNELS, plan.outputs, plan.kernel, plan.inputs, reads.pitch)
    size = reads.size + 2 * plan.padding - plan.kernel + 1
    maps = _below(kernels.last_row, sheet, plan.outputs, size, 1)
    pooled = _below(maps.last_row, sheet, plan.outputs, size // POOL, 1) if plan.pool else None
    made = BlockLayout(plan, sheet, reads, kernels, maps, pooled, None)
    if not backward:
        return made
    return BlockLayout(plan, sheet, reads, kernels, maps, pooled, _plan_backward(made))


def _plan_backward(layout: BlockLayout) -> Backward:
    plan, sheet, maps = layout.plan, layout.sheet, layout.maps
    pooled, last = None, layout.output.last_row
    if layout.pooled is not None:
        pooled = _below(last, sheet, plan.outputs, layout.pooled.size, 1)
        last = pooled.last_row
    # Zeros for a turned kernel at the edge; at least one between neighbours.
    border = max(1, plan.kernel - 1 - plan.padding)
    at_maps = _below(last, sheet, plan.outputs, maps.size, 1)
    z = _below(at_maps.last_row, sheet, plan.outputs, maps.size, border)
    if plan.norm is None:  # nothing stands between the maps and the convolution
        at_maps = z = _below(last, sheet, plan.outputs, maps.size, border)
    kernels = Kernels(sheet, z.last_row + BETWEEN, plan.outputs, plan.kernel, plan.inputs, layout.input.pitch)
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


def gradient_layout(layout: BlockLayout) -> Backward:
    """Where the gradients of a block stand that was planned with them."""
    if layout.backward is None:
        raise ValueError(f"{layout.sheet} was planned without gradients")
    return layout.backward
