"""Pictures of one to six of MNIST's digits side by side, on papers and in lights that MNIST has not."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from cnn.data import Digits

Floats = NDArray[np.float32]
Random = np.random.Generator
COLOURS = ((0.1, 0.1, 0.1), (0.1, 0.15, 0.6), (0.75, 0.1, 0.1), (0.05, 0.4, 0.15))  # black, blue, red, green ink
PAPERS = ((0.97, 0.97, 0.95), (0.95, 0.88, 0.6), (0.7, 0.85, 0.95), (0.95, 0.75, 0.75))


def row(
    digits: Digits,
    random: Random,
    *,
    thicker: int = 0,
    gaps: tuple[int, int] = (3, 9),
    counts: tuple[int, int] = (1, 7),
) -> tuple[Floats, str]:
    """The ink (H, W), from 0 to 1, of digits side by side, and what it reads.

    `gaps`, in MNIST's pixels, and `counts` are from the first number up to, but not with, the second.
    """
    count, scale = int(random.integers(*counts)), float(random.uniform(2, 4))
    chosen = random.integers(0, len(digits), count).tolist()
    margin = int(random.integers(8, 30))
    line: Floats = np.zeros((28, margin), np.float32)
    for index in chosen:
        image: Floats = digits.images[index, 0].numpy().astype(np.float32) / np.float32(255)
        columns = np.flatnonzero(image.any(axis=0))
        digit = image[:, columns[0] : columns[-1] + 1]
        gap = int(random.integers(*gaps))
        # A gap below 0 lets the next digit begin in this one's columns.
        start = line.shape[1] + min(0, gap) if line.any() else margin
        both = np.zeros((28, start + digit.shape[1]), np.float32)
        both[:, : line.shape[1]] = line
        both[:, start:] = np.maximum(both[:, start:], digit)
        line = np.pad(both, ((0, 0), (0, max(0, gap))))
    whole = np.pad(line, ((margin // 2, margin // 2), (0, margin)))
    ink = ndimage.zoom(whole, scale, order=3).clip(0, 1)
    if thicker:
        change = ndimage.grey_dilation if thicker > 0 else ndimage.grey_erosion
        ink = change(ink, (1 + 2 * abs(thicker),) * 2)
    return ink, "".join(str(digits.labels[index].item()) for index in chosen)


def inked(ink: Floats, colour: tuple[float, ...] = COLOURS[0], paper: tuple[float, ...] = PAPERS[0]) -> Floats:
    mask = ink[..., None]
    return (1 - mask) * np.array(paper, np.float32) + mask * np.array(colour, np.float32)


def _hard_shadow(picture: Floats, random: Random) -> Floats:
    """The half of the picture beyond a slanted line is darker, its edge at most two pixels wide."""
    height, width, _ = picture.shape
    angle, offset = random.uniform(0, 2 * np.pi), random.uniform(-0.2, 0.2) * min(height, width)
    rows, columns = np.mgrid[:height, :width]
    across = (columns - width / 2) * np.cos(angle) + (rows - height / 2) * np.sin(angle) - offset
    dark = (across / 2).clip(0, 1)[..., None]
    shaded: Floats = picture * (1 - dark * random.uniform(0.3, 0.55)).astype(np.float32)
    return shaded


def _soft_shadow(picture: Floats, random: Random) -> Floats:
    left, right = random.permutation([1.0, random.uniform(0.35, 0.6)]).tolist()
    shaded: Floats = picture * np.linspace(left, right, picture.shape[1], dtype=np.float32)[None, :, None]
    return shaded


def _frame(picture: Floats, random: Random) -> Floats:
    """A black frame at the edge or a little inside of it."""
    inset, width = int(random.integers(0, 6)), int(random.integers(2, 6))
    framed = np.pad(picture, ((12, 12), (12, 12), (0, 0)), mode="edge")
    inner = (slice(inset + width, -inset - width),) * 2
    outer = (slice(inset, framed.shape[0] - inset), slice(inset, framed.shape[1] - inset))
    kept = framed[inner].copy()
    framed[outer] = 0.05
    framed[inner] = kept
    return framed


def _paper(picture: Floats, random: Random) -> Floats:
    """Coarse and fine grain, and the pale lines of a notebook."""
    height, width, _ = picture.shape
    coarse = ndimage.gaussian_filter(random.normal(0, 1, (height, width)), 6)
    grain = 0.04 * coarse / coarse.std() + random.normal(0, 0.025, (height, width))
    lined = picture.copy()
    lined[int(random.integers(8, 20)) :: int(random.integers(18, 30))] *= np.array((0.75, 0.85, 0.95), np.float32)
    grained: Floats = lined + grain[..., None].astype(np.float32)
    return grained


def _colours(ink: Floats, random: Random) -> Floats:
    paper = PAPERS[random.integers(len(PAPERS))]
    colour = COLOURS[random.integers(len(COLOURS))]
    return inked(ink, paper, (0.1, 0.1, 0.12)) if random.random() < 0.3 else inked(ink, colour, paper)


def _all(ink: Floats, random: Random) -> Floats:
    light = _hard_shadow if random.random() < 0.5 else _soft_shadow
    return light(_paper(inked(ink, COLOURS[random.integers(len(COLOURS))]), random), random)


KINDS: dict[str, Callable[[Digits, Random], tuple[Floats, str]]] = {}


def _kind(name: str, draw: Callable[[Floats, Random], Floats], thicker: int = 0) -> None:
    def make(digits: Digits, random: Random) -> tuple[Floats, str]:
        ink, text = row(digits, random, thicker=thicker)
        return draw(ink, random), text

    KINDS[name] = make


_kind("black on white", lambda ink, _: inked(ink))
_kind("hard shadow", lambda ink, random: _hard_shadow(inked(ink), random))
_kind("soft shadow", lambda ink, random: _soft_shadow(inked(ink), random))
_kind("black frame", lambda ink, random: _frame(inked(ink), random))
_kind("grain and lines", lambda ink, random: _paper(inked(ink), random))
_kind("ink and paper of any colour", _colours)
_kind("thick strokes", lambda ink, _: inked(ink), thicker=1)
_kind("thin strokes", lambda ink, _: inked(ink), thicker=-1)
_kind("grain, lines and a shadow", _all)


def make_picture(kind: str, digits: Digits, seed: int) -> tuple[Image.Image, str]:
    """The picture of that kind and seed, and what it reads."""
    pixels, text = KINDS[kind](digits, np.random.default_rng([*kind.encode(), seed]))
    return Image.fromarray((pixels.clip(0, 1) * 255).astype(np.uint8)), text
