import numpy as np
import pytest
from PIL import Image, ImageDraw

from cnn.page import Floats, find_page


def _picture(draw: str, *, paper: int = 230, table: int = 60) -> tuple[Floats, Floats]:
    """Colours (H, W, 3) of a light shape on something dark, and where the shape is."""
    shape = Image.new("L", (300, 200), 0)
    if draw == "sheet":
        ImageDraw.Draw(shape).polygon([(60, 30), (240, 50), (225, 170), (45, 150)], fill=1)
    elif draw == "ellipse":
        ImageDraw.Draw(shape).ellipse((60, 30, 240, 170), fill=1)
    else:
        ImageDraw.Draw(shape).polygon([(0, 0), (170, 0), (140, 200), (0, 200)], fill=1)
    mask = np.asarray(shape, np.float32)
    grey = (table + (paper - table) * mask) / np.float32(255)
    return np.repeat(grey[..., None], 3, 2), mask


def test_a_sheet_on_a_table_is_found_and_its_edge_left_out() -> None:
    seen, mask = _picture("sheet")
    page = find_page(seen)
    assert page is not None
    assert not page[mask == 0].any()
    assert page.sum() > 0.9 * mask.sum()


def test_writing_on_the_sheet_is_part_of_it() -> None:
    seen, mask = _picture("sheet")
    seen[80:120, 120:126] = 0.1
    page = find_page(seen)
    assert page is not None
    assert page[80:120, 120:126].all()
    assert page.sum() > 0.9 * mask.sum()


@pytest.mark.parametrize(
    ("draw", "table"), [("ellipse", 60), ("half", 60), ("sheet", 200)], ids=["round", "half a picture", "no darker"]
)
def test_what_is_no_sheet_on_a_darker_table_is_none(draw: str, table: int) -> None:
    assert find_page(_picture(draw, table=table)[0]) is None
