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


# A printed 1 that stands on a bar is a 2 to a network that has only seen handwriting, where such a bar is a 2's: in
# these fonts every digit but that one is held to be read.
FOOTED = {"DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSerif", "STIXGeneralBol"}
