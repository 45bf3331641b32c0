from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from cnn.data import Digits, normalise
from cnn.errors import InputError
from cnn.model import SHIPPED, DigitNet, load_model, log_probabilities
from cnn.pictures import find_pictures
from cnn.predict import Reading, read_picture
from tests.cnn.made_pictures import KINDS, make_picture

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
Colour = str | tuple[int, ...]


@pytest.fixture(scope="module")
def model() -> DigitNet:
    return load_model(SHIPPED, torch.device("cpu"))


def _draw(
    digit: int,
    font: str = "DejaVuSansMono",
    size: int = 60,
    ink: Colour = "black",
    paper: Colour = "white",
    thicker: int = 0,
) -> Image.Image:
    """A printed digit off the middle of a picture twice its size, its strokes made thicker by that many pixels."""
    picture = Image.new("RGBA", (size * 2, size * 2), paper)
    typeface = ImageFont.truetype(str(FONTS / f"{font}.ttf"), size)
    ImageDraw.Draw(picture).text(
        (size * 0.6, size * 0.3), str(digit), font=typeface, fill=ink, stroke_width=thicker, stroke_fill=ink
    )
    return picture


def _read(model: DigitNet, picture: Image.Image, folder: Path, name: str = "digit.png") -> Reading:
    picture.save(folder / name)
    return read_picture(folder / name, model)


def _read_all(model: DigitNet, folder: Path, draw: Callable[[int], Image.Image]) -> str:
    return "".join(_read(model, draw(digit), folder).text for digit in range(10))


@pytest.mark.parametrize(
    ("font", "thicker"),
    [
        ("DejaVuSans", 0),
        ("DejaVuSans", 3),
        ("DejaVuSans-Bold", 0),
        ("DejaVuSans-Oblique", 0),
        ("DejaVuSansMono", 0),
        ("DejaVuSerif", 0),
        ("DejaVuSerif-BoldItalic", 0),
        ("STIXGeneral", 2),
        ("cmss10", 0),
        ("cmtt10", 0),
    ],
)
def test_printed_digits_are_read(model: DigitNet, tmp_path: Path, font: str, thicker: int) -> None:
    # The network has only seen handwriting: one unusual shape in a font may be beyond it.
    read = _read_all(model, tmp_path, lambda digit: _draw(digit, font, thicker=thicker))
    assert sum(answer == digit for digit, answer in zip("0123456789", read, strict=True)) >= 9, read


def _wide(picture: Image.Image) -> Image.Image:
    wide = Image.new("RGBA", (600, picture.height), "white")
    wide.paste(picture)
    return wide


def _sixteen_bits(digit: int) -> Image.Image:
    return Image.fromarray(np.asarray(_draw(digit).convert("L")).astype(np.uint16) * 40)


def _photographed(digit: int) -> Image.Image:
    """Blurred, grainy, and at the left a third as bright again as at the right."""
    pixels = np.asarray(_draw(digit, ink=(60, 60, 70)).convert("L").filter(ImageFilter.GaussianBlur(1)), np.float32)
    light = np.linspace(1, 0.75, pixels.shape[1], dtype=np.float32)
    grain = np.random.default_rng(digit).normal(0, 6, pixels.shape)
    return Image.fromarray((pixels * light + grain).clip(0, 255).astype(np.uint8))


CASES: dict[str, Callable[[int], Image.Image]] = {
    "dark on light": _draw,
    "light on dark": lambda digit: _draw(digit, ink="white", paper="black"),
    "black on transparent": lambda digit: _draw(digit, paper=(0, 0, 0, 0)),
    "white on transparent": lambda digit: _draw(digit, ink="white", paper=(255, 255, 255, 0)),
    "yellow on transparent": lambda digit: _draw(digit, ink="yellow", paper=(0, 0, 0, 0)),
    "half transparent ink": lambda digit: _draw(digit, ink=(0, 0, 0, 90), paper=(0, 0, 0, 0)),
    "red on a blue as dark": lambda digit: _draw(digit, ink=(200, 0, 0), paper=(0, 60, 200)),
    "green on orange": lambda digit: _draw(digit, ink="green", paper="orange"),
    "pale grey on white": lambda digit: _draw(digit, ink=(225, 225, 225)),
    "small": lambda digit: _draw(digit, size=20),
    "large": lambda digit: _draw(digit, size=800),
    "wide": lambda digit: _wide(_draw(digit)),
    "grey": lambda digit: _draw(digit).convert("L"),
    "black and white": lambda digit: _draw(digit).convert("1"),
    "palette": lambda digit: _draw(digit).convert("P"),
    "16 bits": _sixteen_bits,
    "noisy and in uneven light": _photographed,
}


@pytest.mark.parametrize("draw", CASES.values(), ids=CASES.keys())
def test_any_size_colour_and_background_is_read(
    model: DigitNet, tmp_path: Path, draw: Callable[[int], Image.Image]
) -> None:
    assert _read_all(model, tmp_path, draw) == "0123456789"


def test_jpeg_is_read(model: DigitNet, tmp_path: Path) -> None:
    read = "".join(_read(model, _draw(digit).convert("RGB"), tmp_path, "digit.jpg").text for digit in range(10))
    assert read == "0123456789"


def test_mnist_s_own_images_are_read_as_they_are(model: DigitNet, mnist: tuple[Digits, Digits], tmp_path: Path) -> None:
    test = mnist[1].first(200)
    read = [_read(model, Image.fromarray(image[0].numpy()), tmp_path).text for image in test.images]
    assert (
        sum(text == str(label) for text, label in zip(read, test.labels.tolist(), strict=True)) >= 195
    )  # one or two are told to be no digits


def test_a_digit_fits_20_pixels_its_centre_of_mass_in_the_middle(model: DigitNet, tmp_path: Path) -> None:
    for digit in range(10):
        image = _read(model, _draw(digit), tmp_path).images[0, 0].float()
        rows, columns = (image.sum(dim).nonzero().flatten() for dim in (1, 0))
        assert max(rows[-1] - rows[0], columns[-1] - columns[0]).item() + 1 == 20
        middle = [(image.sum(dim) @ torch.arange(28.0) / image.sum()).item() for dim in (1, 0)]
        assert middle == pytest.approx([14, 14], abs=0.51)
        assert image.max().item() == 255


def test_a_photo_is_turned_as_its_camera_says(model: DigitNet, tmp_path: Path) -> None:
    upright = _draw(7).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # the top is at the right
    upright.rotate(90).save(tmp_path / "turned.png", exif=exif)
    upright.save(tmp_path / "upright.png")
    turned, straight = (read_picture(tmp_path / name, model).images for name in ("turned.png", "upright.png"))
    assert torch.equal(turned, straight)


def test_a_folder_stands_for_its_pictures_by_name(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert find_pictures([tmp_path]) == [tmp_path / "a.jpg", tmp_path / "b.png"]


def test_probabilities_add_up_to_one(model: DigitNet) -> None:
    images = torch.randint(0, 256, (3, 1, 28, 28), dtype=torch.uint8)
    for average_shifts in (False, True):
        shares = log_probabilities(model, images, average_shifts=average_shifts).exp()
        torch.testing.assert_close(shares.sum(1), torch.ones(3))


@pytest.mark.parametrize("colour", ["white", "black", (0, 0, 0, 0)], ids=["white", "black", "transparent"])
def test_a_picture_of_one_colour_has_no_digit(model: DigitNet, tmp_path: Path, colour: Colour) -> None:
    reading = _read(model, Image.new("RGBA", (30, 30), colour), tmp_path)
    assert (reading.text, reading.digits, reading.shares.shape) == ("", [], (0, 10))


def test_a_damaged_picture_is_named(model: DigitNet, tmp_path: Path) -> None:
    _draw(3).save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:200])
    with pytest.raises(InputError, match=r"half\.png: is no picture that can be read: "):
        read_picture(tmp_path / "half.png", model)


@pytest.mark.parametrize("limit", [99, 40])  # what Pillow warns of, and what it refuses
def test_a_picture_of_too_many_pixels_is_refused(
    model: DigitNet, limit: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Image.new("L", (10, 10)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(InputError, match=r"large.png: is no picture that can be read: Image size \(100 pixels\)"):
        read_picture(tmp_path / "large.png", model)


def test_the_average_over_shifts_is_that_of_five_moved_images(model: DigitNet, mnist: tuple[Digits, Digits]) -> None:
    image = mnist[1].images[:1]
    moved = [torch.roll(image, shift, (2, 3)) for shift in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))]
    with torch.inference_mode():
        mean = torch.stack([model(normalise(one)).log_softmax(1) for one in moved]).mean(0).log_softmax(1)
        torch.testing.assert_close(log_probabilities(model, image, average_shifts=True), mean)


@pytest.mark.parametrize("kind", KINDS)
def test_several_digits_are_read_whatever_the_paper_and_the_light(
    kind: str, model: DigitNet, mnist: tuple[Digits, Digits], tmp_path: Path
) -> None:
    wrong = []
    for seed in range(6):
        picture, text = make_picture(kind, mnist[1], seed)
        reading = _read(model, picture, tmp_path)
        if reading.text != text:
            wrong.append((text, reading.text))
    assert len(wrong) <= 1, wrong


def _numbers(*lines: str) -> Image.Image:
    picture = Image.new("RGB", (400, 150 * len(lines)), "white")
    typeface = ImageFont.truetype(str(FONTS / "DejaVuSansMono.ttf"), 90)
    for row, line in enumerate(lines):
        ImageDraw.Draw(picture).text((40, 20 + 150 * row), line, font=typeface, fill="black")
    return picture


def test_lines_are_read_from_the_top_and_digits_from_the_left(model: DigitNet, tmp_path: Path) -> None:
    reading = _read(model, _numbers("42", "3756"), tmp_path)
    assert reading.text == "42 3756"
    assert [len(line) for line in reading.lines] == [2, 4]
    assert reading.shares.amax(1).min() > 0.9
    assert reading.doubts == []


def test_a_five_with_its_bar_apart_is_one_digit(model: DigitNet, tmp_path: Path) -> None:
    picture = _numbers("5")
    whole = _read(model, picture, tmp_path).digits[0].box
    ImageDraw.Draw(picture).rectangle((0, whole.top + 12, 400, whole.top + 16), fill="white")
    reading = _read(model, picture, tmp_path)
    assert reading.text == "5"
    assert reading.digits[0].box.height == whole.height


def _scribble(*shapes: tuple[int, int, int, int]) -> Image.Image:
    picture = Image.new("L", (300, 200), 255)
    for left, top, right, bottom in shapes:
        picture.paste(0, (left, top, right, bottom))
    return picture


NO_DIGITS = {
    "a line": _scribble((20, 90, 280, 96)),
    "a blot": _scribble((100, 60, 180, 150)),
    "noise": Image.effect_noise((200, 200), 60),
}


@pytest.mark.parametrize("picture", NO_DIGITS.values(), ids=NO_DIGITS.keys())
def test_where_there_is_no_digit_none_is_read(picture: Image.Image, model: DigitNet, tmp_path: Path) -> None:
    reading = _read(model, picture, tmp_path)
    assert (reading.text, reading.digits, reading.shares.shape) == ("", [], (0, 10))
