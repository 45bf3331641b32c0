"""Any picture of a digit to the probabilities of the ten digits.

MNIST's images were made so: a black-and-white scan of a digit, cropped, scaled to fit 20×20 pixels with its
proportions kept, which makes greys, and put into 28×28 pixels with its centre of mass in the middle, white ink on
black (LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998). The same is
done here to pictures of any size and colour.

Shape letters: H rows, W columns, N images.
"""

import math
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from cnn.data import SIZE, normalise
from cnn.errors import InputError
from cnn.model import DigitNet

BOX = 20  # pixels that the longer side of a digit fills
MIDDLE = SIZE // 2  # where MNIST's centres of mass lie, counted from 0
LARGEST = 1024  # pixels; larger pictures are made smaller first, for speed

# Shares of the strongest contrast with the paper, under which there is paper and over which there is ink: a narrow
# band about a half leaves strokes as wide as they are, and shadows and the noise of JPEG out.
PAPER, INK = 0.35, 0.65
LEAST_CONTRAST = 0.05  # of the range from black to white: less is an empty picture

Floats = NDArray[np.float32]


def find_pictures(paths: list[Path]) -> list[Path]:
    """The files, and for each folder the pictures in it, by name.

    Raises:
        InputError: a path does not exist, or a folder holds no picture.
    """
    files = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder, expected a picture of a digit")
        pictures = [path] if path.is_file() else _pictures_in(path)
        if not pictures:
            raise InputError(f"{path}: holds no picture, expected files such as PNG or JPEG in it")
        files += pictures
    return files


def _pictures_in(folder: Path) -> list[Path]:
    suffixes = Image.registered_extensions()
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in suffixes)


def read_digit(path: Path) -> Tensor:
    """A picture of one digit as MNIST would have it: bytes (1, 28, 28).

    Raises:
        InputError: the file is no picture that can be read, or nothing can be seen on it.
    """
    ink = _ink(_open(path))
    if ink is None:
        raise InputError(f"{path}: is of one colour, expected a digit that stands out from its background")
    rows, columns = (np.flatnonzero((ink > 0.5).any(axis=axis)) for axis in (1, 0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return torch.from_numpy(_centre(_fit(digit))).unsqueeze(0)


def _open(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                upright = ImageOps.exif_transpose(image)
                upright = _eight_bits(upright).convert("RGBA")
    # A damaged PNG is a SyntaxError to Pillow.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        reason = str(error).replace(f" {str(path)!r}", "")  # said once is enough
        raise InputError(f"{path}: is no picture that can be read: {reason}; expected PNG, JPEG or the like") from None
    upright.thumbnail((LARGEST, LARGEST))
    return upright


def _eight_bits(image: Image.Image) -> Image.Image:
    """Greys of 16 and 32 bits, which Pillow would clip, scaled to 8; other pictures as they are."""
    if not image.mode.startswith(("I", "F")):
        return image
    pixels = np.asarray(image, np.float32)
    darkest, lightest = pixels.min(), pixels.max()
    return Image.fromarray(((pixels - darkest) * (255 / max(lightest - darkest, 1e-9))).astype(np.uint8))


def _ink(image: Image.Image) -> Floats | None:
    """How much each pixel (H, W) is ink, from 0 to 1; None where all is of one colour.

    The paper has the colour that is in the middle of those at the border. What is transparent shows white or, where
    that leaves nothing to be seen, black.
    """
    pixels = np.asarray(image, np.float32) / 255
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    for backdrop in (1, 0):
        seen = colour * alpha + backdrop * (1 - alpha)
        border = np.concatenate([seen[0], seen[-1], seen[:, 0], seen[:, -1]])
        contrast: Floats = np.abs(seen - np.median(border, axis=0)).max(axis=2)
        if contrast.max() >= LEAST_CONTRAST:
            share: Floats = (contrast / contrast.max() - PAPER) / (INK - PAPER)
            return share.clip(0, 1)
    return None


def _fit(digit: Floats) -> Floats:
    """A digit (H, W) scaled so that its longer side is 20 pixels and its strongest ink is 1."""
    height, width = digit.shape
    scale = BOX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    scaled: Floats = np.asarray(Image.fromarray(digit).resize(size, Image.Resampling.BICUBIC)).clip(0)
    scaled /= scaled.max()  # a thin stroke of a large picture would be faint
    return scaled


def _centre(digit: Floats) -> NDArray[np.uint8]:
    """A digit of at most 20×20 pixels in 28×28, its centre of mass in the middle, or as near as the frame allows."""
    height, width = digit.shape
    mass = digit.sum()
    down = MIDDLE - (digit.sum(axis=1) @ np.arange(height)) / mass
    right = MIDDLE - (digit.sum(axis=0) @ np.arange(width)) / mass
    top, left = (
        math.floor(min(max(offset, 0), SIZE - side) + 0.5) for offset, side in ((down, height), (right, width))
    )
    framed = np.zeros((SIZE, SIZE), np.uint8)
    framed[top : top + height, left : left + width] = np.rint(digit * 255).astype(np.uint8)
    return framed


@torch.inference_mode()
def probabilities(model: DigitNet, images: Tensor) -> Tensor:
    """The probability (N, 10) of each digit for images (N, 1, 28, 28), bytes."""
    logits: Tensor = model(normalise(images))
    return logits.softmax(1)
