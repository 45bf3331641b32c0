from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from cnn.data import Digits
from cnn.errors import InputError
from cnn.model import SHIPPED, DigitNet, load_model
from cnn.predict import find_pictures, probabilities, read_digit

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


def _read(model: DigitNet, picture: Image.Image, folder: Path, name: str = "digit.png") -> int:
    picture.save(folder / name)
    return int(probabilities(model, read_digit(folder / name).unsqueeze(0)).argmax())


def _read_all(model: DigitNet, folder: Path, draw: Callable[[int], Image.Image]) -> list[int]:
    return [_read(model, draw(digit), folder) for digit in range(10)]


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
    assert sum(answer == digit for digit, answer in enumerate(read)) >= 9, read


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
    assert _read_all(model, tmp_path, draw) == list(range(10))


def test_jpeg_is_read(model: DigitNet, tmp_path: Path) -> None:
    read = [_read(model, _draw(digit).convert("RGB"), tmp_path, "digit.jpg") for digit in range(10)]
    assert read == list(range(10))


def test_mnist_s_own_images_are_read_as_they_are(model: DigitNet, mnist: tuple[Digits, Digits], tmp_path: Path) -> None:
    test = mnist[1].first(200)
    read = [_read(model, Image.fromarray(image[0].numpy()), tmp_path) for image in test.images]
    assert sum(answer == label for answer, label in zip(read, test.labels.tolist(), strict=True)) >= 197


def test_a_digit_fits_20_pixels_its_centre_of_mass_in_the_middle(tmp_path: Path) -> None:
    for digit in range(10):
        _draw(digit).save(tmp_path / "digit.png")
        image = read_digit(tmp_path / "digit.png")[0].float()
        rows, columns = (image.sum(dim).nonzero().flatten() for dim in (1, 0))
        assert max(rows[-1] - rows[0], columns[-1] - columns[0]).item() + 1 == 20
        middle = [(image.sum(dim) @ torch.arange(28.0) / image.sum()).item() for dim in (1, 0)]
        assert middle == pytest.approx([14, 14], abs=0.51)
        assert image.max().item() == 255


def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    upright = _draw(7).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # the top is at the right
    upright.rotate(90).save(tmp_path / "turned.png", exif=exif)
    upright.save(tmp_path / "upright.png")
    assert torch.equal(read_digit(tmp_path / "turned.png"), read_digit(tmp_path / "upright.png"))


def test_a_folder_stands_for_its_pictures_by_name(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert find_pictures([tmp_path]) == [tmp_path / "a.jpg", tmp_path / "b.png"]


def test_probabilities_add_up_to_one(model: DigitNet) -> None:
    images = torch.randint(0, 256, (3, 1, 28, 28), dtype=torch.uint8)
    torch.testing.assert_close(probabilities(model, images).sum(1), torch.ones(3))


@pytest.mark.parametrize("colour", ["white", "black", (0, 0, 0, 0)], ids=["white", "black", "transparent"])
def test_an_even_picture_is_named(tmp_path: Path, colour: Colour) -> None:
    Image.new("RGBA", (30, 30), colour).save(tmp_path / "even.png")
    with pytest.raises(InputError) as caught:
        read_digit(tmp_path / "even.png")
    assert str(caught.value) == (
        f"{tmp_path}/even.png: is of one colour, expected a digit that stands out from its background"
    )


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    _draw(3).save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:200])
    with pytest.raises(InputError, match=r"half\.png: is no picture that can be read: "):
        read_digit(tmp_path / "half.png")


@pytest.mark.parametrize("limit", [99, 40])  # what Pillow warns of, and what it refuses
def test_a_picture_of_too_many_pixels_is_refused(limit: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Image.new("L", (10, 10)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(InputError, match=r"large.png: is no picture that can be read: Image size \(100 pixels\)"):
        read_digit(tmp_path / "large.png")
