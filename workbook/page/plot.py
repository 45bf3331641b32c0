"""The loss curves as the lines of an SVG, whose colours the page's style gives."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbook.page.records import Curve

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 76, 16, 12, 40
# A line of more points looks the same.
MOST_POINTS = 600
# From this ratio of the largest loss to the smallest on, a linear axis hides the small ones.
WORTH_A_LOGARITHM = 20
TICKS = 5
# Beyond this the ends of an axis would be no numbers.
LARGEST = 1e300


@dataclass(frozen=True)
class Tick:
    """A number on an axis, and where it stands in pixels."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """Two lines as paths, and the axes; `expected` is "" where only one line is known."""

    loss: str
    expected: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    logarithmic: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    inner_right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def plot(curve: Curve) -> Plot | None:
    """The plot of a curve; None where it has no two numbers."""
    known = [loss for loss in (*curve.losses, *curve.expected_losses) if _is_drawable(loss)]
    steps = max(len(curve.losses), len(curve.expected_losses))
    if len(known) < 2 or steps < 2:
        return None
    low, high = min(known), max(known)
    logarithmic = low > 1 / LARGEST and high / low >= WORTH_A_LOGARITHM
    ticks = _decades(low, high) if logarithmic else _round_numbers(min(low, 0.0), max(high, 0.0))
    y = _scale(ticks[0], ticks[-1], HEIGHT - BOTTOM, TOP, math.log10 if logarithmic else float)
    x = _scale(1, steps, LEFT, WIDTH - RIGHT, float)
    return Plot(
        loss=_path(curve.losses, x, y),
        expected=_path(curve.expected_losses, x, y),
        x_ticks=[Tick(x(step), f"{step:,}") for step in _steps(steps)],
        y_ticks=[Tick(y(value), f"{value:.3g}") for value in ticks],
        logarithmic=logarithmic,
    )


def _is_drawable(loss: float) -> bool:
    return abs(loss) <= LARGEST  # nan is not


def _scale(
    first: float, last: float, start: float, end: float, measure: Callable[[float], float]
) -> Callable[[float], float]:
    """From numbers to pixels, so that `first` comes to lie at `start` and `last` at `end`."""
    base, span = measure(first), (measure(last) - measure(first)) or 1.0
    return lambda value: round(start + (measure(value) - base) / span * (end - start), 1)


def _path(losses: Sequence[float], x: Callable[[float], float], y: Callable[[float], float]) -> str:
    """A line over the steps; where a loss is no number, it is broken."""
    every = -(-len(losses) // MOST_POINTS)
    path, pen = [], "M"
    for step, loss in enumerate(losses):
        if step % every and step != len(losses) - 1:
            continue
        if not _is_drawable(loss):
            pen = "M"
            continue
        path.append(f"{pen}{x(step + 1)} {y(loss)}")
        pen = "L"
    return "".join(path)


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = -(-(last - first) // TICKS)
    return [10.0**power for power in range(first, last + every, every)]


def _round_numbers(low: float, high: float) -> list[float]:
    """About TICKS multiples of 1, 2 or 5 times a power of ten, from below `low` to above `high`."""
    if high == low:
        high = low + 1.0
    unit = next(size for size in _round_units(high - low) if size * TICKS >= high - low)
    return [count * unit for count in range(math.floor(low / unit), math.ceil(high / unit) + 1)]


def _steps(steps: int) -> list[int]:
    unit = max(1, int(next(size for size in _round_units(steps) if size * TICKS >= steps)))
    return [1, *range(unit, steps + 1, unit)] if unit > 1 else list(range(1, steps + 1))


def _round_units(span: float) -> list[float]:
    power = math.floor(math.log10(span)) - 1
    return [digit * 10.0 ** (power + more) for more in range(3) for digit in (1, 2, 5)]
