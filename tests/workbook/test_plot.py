"""The loss curves of a page: their points are where the axes say, whatever the numbers."""

import math
import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from workbook.page.plot import plot
from workbook.page.records import Curve

CURVES = {
    "straight": ([0.5, 0.4, 0.3, 0.2], [0.5, 0.4, 0.25, 0.1]),
    "steep": ([1.0, 0.1, 0.01, 0.001], [1.0, 0.1, 0.01, 0.0001]),
    "flat": ([0.25, 0.25, 0.25], []),
    "zero": ([0.0, 0.0], []),
    "below zero": ([1.0, -1.0], []),
    "from tiny to huge": ([1e290, 1e-290], []),
}


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path)]


@pytest.mark.parametrize("name", CURVES)
def test_a_curves_points_are_where_the_axis_says(name: str) -> None:
    losses, expected_losses = CURVES[name]
    lines = plot(Curve(losses, expected_losses, ""))
    assert lines is not None
    marks = [(float(tick.text), tick.at) for tick in lines.y_ticks]
    (low, bottom), (high, top) = marks[0], marks[-1]
    assert low <= min(losses) <= max(losses) <= high * (1 + 1e-9)
    for loss, (_, y) in zip([*losses, *expected_losses], points(lines.loss) + points(lines.expected), strict=True):
        if lines.logarithmic:
            share = (math.log(loss) - math.log(low)) / (math.log(high) - math.log(low))
        else:
            share = (loss - low) / (high - low)
        assert y == pytest.approx(bottom + share * (top - bottom), abs=1.0)
    assert [x for x, _ in points(lines.loss)] == sorted(x for x, _ in points(lines.loss))


@given(st.lists(st.floats(), min_size=2, max_size=20))
@example([1.7e308, -1.7e308])
@example([1.7e308, 5e-324])
@example([0.0, 5e-324])
def test_every_curve_stays_within_its_frame(losses: list[float]) -> None:
    lines = plot(Curve(losses, [], ""))
    assume(lines is not None)
    assert lines is not None
    for x, y in points(lines.loss):
        assert lines.left <= x <= lines.inner_right
        assert -1 <= y <= lines.bottom + 1


def test_a_curve_is_broken_where_a_loss_is_no_number() -> None:
    lines = plot(Curve([0.4, math.nan, 0.3, math.inf, 0.2, 0.1], [], ""))
    assert lines is not None
    assert re.sub(r"[^ML]", "", lines.loss) == "MMML"
    assert plot(Curve([math.nan, math.nan], [], "")) is None
    assert plot(Curve([0.1], [], "")) is None


def test_a_long_curve_has_few_points_and_its_last_one() -> None:
    losses = [1 / (step + 1) for step in range(100_000)]
    lines = plot(Curve(losses, [], ""))
    assert lines is not None
    assert 300 < len(points(lines.loss)) < 700
    assert points(lines.loss)[-1][0] == lines.inner_right
