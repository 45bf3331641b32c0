"""Any picture of digits to what they are, with probabilities.

Shape letters: H rows, W columns, N digits.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from cnn.centre import as_mnist
from cnn.data import SIZE
from cnn.digits import Digit, find_digits
from cnn.ink import find_ink
from cnn.model import DigitNet, log_probabilities
from cnn.pictures import open_picture
from cnn.tell import keep_digits

SURE, GUESS = 0.9, 0.5  # a digit less probable than the one is told as doubtful, than the other as a ?


@dataclass(frozen=True)
class Reading:
    """What was read on a picture: the lines of digits, and the probabilities (N, 10) of them in their order."""

    picture: Image.Image
    lines: list[list[Digit]]
    images: Tensor  # (N, 1, 28, 28), bytes: the digits as MNIST would have them
    shares: Tensor
    left_out: int = 0  # marks that were found and are no digits

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


def read_picture(path: Path, model: DigitNet) -> Reading:
    """Find and read the digits of a picture, each as the average over its image and four shifts by a pixel.

    Raises:
        InputError: the file is no picture that can be read.
    """
    picture = open_picture(path)
    ink = find_ink(picture)
    found = [] if ink is None else find_digits(ink)
    lines, left_out = keep_digits(found, lambda images: _shares(model, images))
    images = [as_mnist(digit.ink) for line in lines for digit in line]
    stacked = torch.stack(images) if images else torch.empty(0, 1, SIZE, SIZE, dtype=torch.uint8)
    return Reading(picture, lines, stacked, _shares(model, stacked, average_shifts=True), left_out)


@torch.inference_mode()
def _shares(model: DigitNet, images: Tensor, *, average_shifts: bool = False) -> Tensor:
    return log_probabilities(model, images, average_shifts=average_shifts).exp()
