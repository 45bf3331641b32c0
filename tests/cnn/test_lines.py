import numpy as np
import pytest

from cnn.lines import without_lines
from cnn.page import Floats, Mask


def _paper(degrees: float, pitch: int = 30) -> tuple[Floats, Mask]:
    """Squared paper of 300 by 260 pixels, turned; what is ink there, and where its lines are."""
    rows, columns = np.mgrid[:300, :260]
    turn = np.tan(np.radians(degrees))
    lines: Mask = ((rows + turn * columns) % pitch < 2) | ((columns - turn * rows) % pitch < 2)
    grain = np.abs(np.random.default_rng(1).normal(0, 0.01, lines.shape))
    paper: Floats = np.where(lines, 0.3, grain).astype(np.float32)
    return paper, lines


@pytest.mark.parametrize("degrees", [0, 3, -5])
def test_lines_of_squared_paper_are_filled_in_and_a_stroke_stays(degrees: float) -> None:
    paper, lines = _paper(degrees)
    stroke = np.zeros(lines.shape, bool)
    stroke[100:200, 120:132] = True
    paper[stroke] = 0.4
    left = without_lines(paper, None, 0.35)
    assert (left[lines & ~stroke] > 0.1).mean() < 0.05
    assert (left[stroke] > 0.3).mean() > 0.85


def test_lines_stay_where_the_ink_is_much_stronger() -> None:
    paper, _ = _paper(0)
    paper[100:200, 120:132] = 1
    assert without_lines(paper, None, 0.35) is paper


@pytest.mark.parametrize("width", [1, 5, 8])
def test_a_long_stroke_alone_is_no_printed_line(width: int) -> None:
    stroke = np.zeros((300, 260), np.float32)
    stroke[10:290, 120 : 120 + width] = 1
    assert without_lines(stroke, None, 0.35) is stroke
