"""Pictures that hold no digit, and pages with digits that lie on a table: what a camera is pointed at."""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from cnn.data import Digits
from tests.cnn.made_pictures import COLOURS, Floats, Random, inked, row

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
# Of none of these fonts did the judgement see a letter: see FONTS in cnn/train_judge.py.
TYPEFACES = ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif-Bold")
WORDS = ("hello", "empty", "total", "name", "water", "exam", "paper", "next", "camera", "February", "Munich", "Herr")
NOTE = (0.75, 0.85, 0.95)  # what a printed line leaves of the paper's colour


def _sheet(random: Random) -> Floats:
    """Paper of one colour, with grain."""
    height, width = random.integers(120, 400, 2).tolist()
    grain = random.normal(0, random.uniform(0, 0.02), (height, width, 1))
    sheet: Floats = (np.array(random.uniform(0.8, 1, 3)) + grain).astype(np.float32)
    return sheet


def _lit(sheet: Floats, light: NDArray[np.float64]) -> Floats:
    lit: Floats = (sheet * light[..., None]).astype(np.float32)
    return lit


def _vignette(random: Random) -> Floats:
    sheet = _sheet(random)
    height, width, _ = sheet.shape
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    away = (columns - random.uniform(-0.4, 0.4)) ** 2 + (rows - random.uniform(-0.4, 0.4)) ** 2
    return _lit(sheet, 1 - random.uniform(0.1, 0.35) * away)


def _clouds(random: Random) -> Floats:
    """Soft shadows of several things."""
    sheet = _sheet(random)
    cloud = ndimage.gaussian_filter(random.normal(0, 1, sheet.shape[:2]), random.uniform(15, 40))
    return _lit(sheet, 1 + random.uniform(0.05, 0.15) * cloud / np.abs(cloud).max())


def _ruled(random: Random, *, squared: bool = False) -> Floats:
    sheet = _vignette(random)
    pitch, first, width = int(random.integers(12, 40)), int(random.integers(0, 12)), int(random.integers(1, 3))
    for offset in range(width):
        sheet[first + offset :: pitch] *= np.array(NOTE, np.float32)
        if squared:
            sheet[:, first + offset :: pitch] *= np.array(NOTE, np.float32)
    return sheet


def _table(random: Random, shape: tuple[int, ...]) -> Floats:
    """Dark wood: streaks along one direction."""
    streaks = ndimage.gaussian_filter(random.normal(0, 1, shape[:2]), (random.uniform(0.5, 2), random.uniform(20, 60)))
    colour = np.array(random.uniform(0.1, 0.35) * np.array((1, 0.8, 0.6)))
    wood: Floats = (colour * (1 + 0.25 * streaks / np.abs(streaks).max())[..., None]).astype(np.float32)
    return wood


def _bare_table(random: Random) -> Floats:
    return _table(random, tuple(random.integers(120, 400, 2).tolist()))


def _laid(page: Floats, random: Random) -> Floats:
    """A page, turned by up to 12 degrees, on a table."""
    height, width = (int(side * random.uniform(1.4, 2)) for side in page.shape[:2])
    angle = random.uniform(-12, 12)
    cover = np.ones((*page.shape[:2], 1), np.float32)
    turned = ndimage.rotate(np.concatenate([page, cover], 2), angle, order=1, reshape=True)
    picture = _table(random, (max(height, turned.shape[0] + 4), max(width, turned.shape[1] + 4)))
    top, left = (int(random.integers(0, picture.shape[axis] - turned.shape[axis] + 1)) for axis in (0, 1))
    place = picture[top : top + turned.shape[0], left : left + turned.shape[1]]
    mask = turned[..., 3:].clip(0, 1)
    place[:] = turned[..., :3] * mask + place * (1 - mask)
    return picture


def _edge(random: Random) -> Floats:
    """A corner or a side of an empty sheet that leaves the picture."""
    picture = _laid(_sheet(random), random)
    height, width, _ = picture.shape
    top, left = int(random.integers(0, height // 2)), int(random.integers(0, width // 2))
    return picture[top : top + height // 2, left : left + width // 2]


def _word(random: Random) -> Floats:
    face = ImageFont.truetype(
        str(FONTS / f"{TYPEFACES[random.integers(len(TYPEFACES))]}.ttf"), int(random.integers(30, 90))
    )
    word = WORDS[random.integers(len(WORDS))]
    left, top, right, bottom = face.getbbox(word)
    picture = Image.new("L", (int(right - left) + 60, int(bottom - top) + 50), 0)
    ImageDraw.Draw(picture).text((30 - left, 25 - top), word, font=face, fill=255)
    return inked(np.asarray(picture, np.float32) / np.float32(255), COLOURS[random.integers(len(COLOURS))])


EMPTY: dict[str, Callable[[Random], Floats]] = {
    "empty: vignette": _vignette,
    "empty: soft shadows": _clouds,
    "empty: ruled": _ruled,
    "empty: squared": lambda random: _ruled(random, squared=True),
    "empty: a table": _bare_table,
    "empty: an edge of a sheet": _edge,
    "empty: a sheet on a table": lambda random: _laid(_vignette(random), random),
    "a word": _word,
}


def _page_of_digits(digits: Digits, random: Random) -> tuple[Floats, str]:
    ink, text = row(digits, random)
    above, below, right = random.integers(5, 80, 3).tolist()
    wide = np.pad(ink, ((above, below), (5, right)))
    return _laid(inked(wide, COLOURS[random.integers(len(COLOURS))]), random), text


def _squared_digits(digits: Digits, random: Random) -> tuple[Floats, str]:
    ink, text = row(digits, random)
    page = inked(ink, COLOURS[random.integers(len(COLOURS))])
    pitch = int(random.integers(14, 30))
    page[int(random.integers(0, 12)) :: pitch] *= np.array(NOTE, np.float32)
    page[:, int(random.integers(0, 12)) :: pitch] *= np.array(NOTE, np.float32)
    return page, text


def _touching(digits: Digits, random: Random) -> tuple[Floats, str]:
    ink, text = row(digits, random, gaps=(-2, 2), counts=(2, 4))
    return inked(ink), text


WRITTEN: dict[str, Callable[[Digits, Random], tuple[Floats, str]]] = {
    "a page on a table": _page_of_digits,
    "digits on squared paper": _squared_digits,
    "digits that touch": _touching,
}


def make_page(kind: str, digits: Digits, seed: int) -> tuple[Image.Image, str]:
    """The picture of that kind and seed, and what it reads: '' where there is no digit."""
    random = np.random.default_rng([*kind.encode(), seed])
    pixels, text = WRITTEN[kind](digits, random) if kind in WRITTEN else (EMPTY[kind](random), "")
    return Image.fromarray((pixels.clip(0, 1) * 255).astype(np.uint8)), text
