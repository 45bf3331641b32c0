"""A digit's ink as MNIST would have it.

MNIST's images were made so: a black-and-white scan of a digit, cropped, scaled to fit 20×20 pixels with its
proportions kept, which makes greys, and put into 28×28 pixels with its centre of mass in the middle, white ink on
black (LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998).

Shape letters: H rows, W columns.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from cnn.data import SIZE
from cnn.page import Floats

BOX = 20  # pixels that the longer side of a digit fills
MIDDLE = SIZE // 2  # where MNIST's centres of mass lie, counted from 0


def as_mnist(ink: Floats) -> Tensor:
    """The ink (H, W), from 0 to 1, of one digit, cropped: as bytes (1, 28, 28)."""
    return torch.from_numpy(_centre(_fit(ink))).unsqueeze(0)


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
