from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from cnn.data import Digits, hold_out
from cnn.judge import LEAST, digit_shares
from cnn.model import SHIPPED, DigitNet, load_model
from cnn.predict import Reading, read_picture
from tests.cnn.made_pages import EMPTY, FONTS, TYPEFACES, WRITTEN, make_page
from tests.cnn.made_pictures import make_picture
from tests.cnn.read_made import DRAW


@pytest.fixture(scope="module")
def model() -> DigitNet:
    return load_model(SHIPPED, torch.device("cpu"))


def _read(model: DigitNet, picture: Image.Image, folder: Path) -> Reading:
    picture.save(folder / "picture.png")
    return read_picture(folder / "picture.png", model)


def _typed(text: str, typeface: str = "DejaVuSansMono") -> Image.Image:
    picture = Image.new("L", (60 + 60 * len(text), 160), 255)
    face = ImageFont.truetype(str(FONTS / f"{typeface}.ttf"), 90)
    ImageDraw.Draw(picture).text((30, 20), text, font=face, fill=0)
    return picture


@pytest.mark.parametrize("kind", EMPTY)
def test_where_nobody_wrote_a_digit_none_is_read(
    kind: str, model: DigitNet, mnist: tuple[Digits, Digits], tmp_path: Path
) -> None:
    read = [_read(model, make_page(kind, mnist[1], seed)[0], tmp_path).text for seed in range(8)]
    assert sum(text != "" for text in read) <= 1, read


@pytest.mark.parametrize("kind", WRITTEN)
def test_digits_are_read_on_a_table_on_squares_and_where_they_touch(
    kind: str, model: DigitNet, mnist: tuple[Digits, Digits], tmp_path: Path
) -> None:
    pairs = []
    for seed in range(8):
        picture, text = make_page(kind, mnist[1], seed)
        pairs.append((text, _read(model, picture, tmp_path).text))
    assert sum(text == read for text, read in pairs) >= (6 if kind == "digits that touch" else 7), pairs


@pytest.mark.parametrize("typeface", TYPEFACES)
def test_hello_is_refused(typeface: str, model: DigitNet, tmp_path: Path) -> None:
    reading = _read(model, _typed("hello", typeface), tmp_path)
    assert reading.text == ""
    assert reading.left_out >= 5


def test_a_letter_among_digits_is_left_out_and_counted(model: DigitNet, tmp_path: Path) -> None:
    reading = _read(model, _typed("42k37"), tmp_path)
    assert (reading.text, reading.left_out) == ("4237", 1)


def test_two_digits_that_touch_are_parted(model: DigitNet, tmp_path: Path) -> None:
    picture = _typed("38")
    one, other = (digit.box for digit in _read(model, picture, tmp_path).digits)
    middle = (one.top + one.bottom) // 2
    ImageDraw.Draw(picture).rectangle((one.right - 20, middle, other.left + 12, middle + 4), fill=0)
    reading = _read(model, picture, tmp_path)
    assert reading.text == "38"
    assert len({digit.box.pieces for digit in reading.digits}) == 1  # one connected piece of ink


def test_digits_that_lean_on_each_other_are_parted(
    model: DigitNet, mnist: tuple[Digits, Digits], tmp_path: Path
) -> None:
    _, held_out = hold_out(mnist[0])
    for seed, expected in ((1018, "91"), (1073, "96"), (1099, "81")):
        picture, text = make_page("digits that touch", held_out, seed)
        assert (text, _read(model, picture, tmp_path).text) == (expected, expected)


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        ("thin strokes", 2059),  # a 7 whose bar is faint
        ("thin strokes", 2060),  # a 9 whose top is
        ("a page on a table", 2078),
        ("digits that touch", 2022),
        ("empty: squared", 2075),  # grain between the lines
        ("empty: squared", 2076),
        ("empty: soft shadows", 1010),  # the grain of a shadow
        ("empty: soft shadows", 1037),
    ],
)
def test_a_faint_stroke_is_ink_and_what_printed_lines_leave_is_none(
    kind: str, seed: int, model: DigitNet, mnist: tuple[Digits, Digits], tmp_path: Path
) -> None:
    picture, text = DRAW[kind](kind, hold_out(mnist[0])[1], seed)
    assert _read(model, picture, tmp_path).text == text


@pytest.mark.parametrize("text", ["vn", "wv", "MW", "Nwv"])
def test_a_letter_s_strokes_are_no_digits_that_touch(text: str, model: DigitNet, tmp_path: Path) -> None:
    assert _read(model, _typed(text, "DejaVuSans"), tmp_path).text == ""


def test_a_sure_digit_lets_its_only_neighbour_be_an_unusual_one(
    model: DigitNet, mnist: tuple[Digits, Digits], tmp_path: Path
) -> None:
    picture, text = make_picture("thick strokes", hold_out(mnist[0])[1], 1106)  # its 1 is a bar
    assert (text, _read(model, picture, tmp_path).text) == ("14", "14")


def test_nearly_all_digits_are_taken_for_digits(mnist: tuple[Digits, Digits]) -> None:
    assert (digit_shares(mnist[1].images) >= LEAST).float().mean().item() > 0.99
