"""Any picture of digits to what they are, with probabilities.

MNIST's images were made so: a black-and-white scan of a digit, cropped, scaled to fit 20×20 pixels with its
proportions kept, which makes greys, and put into 28×28 pixels with its centre of mass in the middle, white ink on
black (LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998). The same is
done here to each digit of pictures of any size and colour.

Shape letters: H rows, W columns, N digits.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from cnn.data import SIZE
from cnn.digits import Digit, find_digits
from cnn.ink import Floats, find_ink
from cnn.model import DigitNet, log_probabilities
from cnn.pictures import open_picture

BOX = 20  # pixels that the longer side of a digit fills
MIDDLE = SIZE // 2  # where MNIST's centres of mass lie, counted from 0
SURE, GUESS = 0.9, 0.5  # a digit less probable than the one is told as doubtful, than the other as a ?


@dataclass(frozen=True)
class Reading:
    """What was read on a picture: the lines of digits, and the probabilities (N, 10) of them in their order."""

    picture: Image.Image
    lines: list[list[Digit]]
    images: Tensor  # (N, 1, 28, 28), bytes: the digits as MNIST would have them
    shares: Tensor

    @property
    def digits(self) -> list[Digit]:
        """All of them, in reading order."""
        return [digit for line in self.lines for digit in line]

    @property
    def answers(self) -> list[int]:
        """The likeliest digits."""
        answers: list[int] = self.shares.argmax(1).tolist()
        return answers

    @property
    def text(self) -> str:
        """'42', or '12 34' for two lines; a ? where no digit has half of the probability, '' where there is none."""
        pairs = zip(self.answers, self.shares.amax(1).tolist(), strict=True)
        answers = (str(answer) if share >= GUESS else "?" for answer, share in pairs)
        return " ".join("".join(next(answers) for _ in line) for line in self.lines)

    @property
    def doubts(self) -> list[str]:
        """'4 or 9' for each digit of which the network is not sure."""
        best = self.shares.topk(2)
        pairs = zip(best.values[:, 0].tolist(), best.indices.tolist(), strict=True)
        return [f"{first} or {second}" for share, (first, second) in pairs if share < SURE]


def read_picture(path: Path, model: DigitNet, *, average_shifts: bool = False) -> Reading:
    """Find and read the digits of a picture.

    Raises:
        InputError: the file is no picture that can be read.
    """
    picture = open_picture(path)
    ink = find_ink(picture)
    lines = [] if ink is None else find_digits(ink)
    images = [torch.from_numpy(_centre(_fit(digit.ink))).unsqueeze(0) for line in lines for digit in line]
    stacked = torch.stack(images) if images else torch.empty(0, 1, SIZE, SIZE, dtype=torch.uint8)
    with torch.inference_mode():
        shares = log_probabilities(model, stacked, average_shifts=average_shifts).exp()
    return Reading(picture, lines, stacked, shares)


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
