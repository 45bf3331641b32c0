"""MNIST: 60,000 training and 10,000 test images of handwritten digits, verified, as tensors in memory.

The files are LeCun, Cortes and Burges' own, uncompressed, in their IDX format: a header of big-endian 32-bit
integers, then bytes.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from cnn.errors import InputError
from cnn.files import make_folder, replacing

SIZE = 28  # pixels, across and down
MEAN, DEVIATION = 0.1307, 0.3081  # of the training images' pixels, from 0 to 1

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
SHA256 = {
    TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
HELD_OUT = 10_000
IMAGES_HEADER, LABELS_HEADER = 16, 8  # bytes


@dataclass(frozen=True)
class Digits:
    """Images (N, 1, 28, 28), bytes from 0 (black) to 255 (white ink), and labels (N,), 64-bit integers."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> "Digits":
        """The first `count` of them; None is all."""
        return Digits(self.images[:count], self.labels[:count])

    def to(self, device: torch.device) -> "Digits":
        """The same, in the device's memory."""
        return Digits(self.images.to(device), self.labels.to(device))


def hold_out(train: Digits) -> tuple[Digits, Digits]:
    """The training digits without their last 10,000, and those: to choose between recipes without the test digits."""
    return train.first(-HELD_OUT), Digits(train.images[-HELD_OUT:], train.labels[-HELD_OUT:])


def normalise(images: Tensor) -> Tensor:
    """Images (N, 1, 28, 28) from 0 to 255 as 32-bit floats of mean 0 and standard deviation 1 over the training set."""
    return images.float().div(255).sub_(MEAN).div_(DEVIATION)


def check(name: str, content: bytes, where: str) -> bytes:
    """The content of one of the four files, once its checksum is right.

    Raises:
        InputError: the SHA-256 is not that of the file.
    """
    got = hashlib.sha256(content).hexdigest()
    if got != SHA256[name]:
        raise InputError(f"{where}: SHA-256 is {got}, expected {SHA256[name]}: damaged or not MNIST, so not used")
    return content


def read(folder: Path) -> tuple[Digits, Digits]:
    """The training and the test digits from the four files in a folder.

    Raises:
        InputError: a file is missing, cannot be read or has a wrong checksum.
    """
    content = {}
    for name in SHA256:
        path = folder / name
        try:
            content[name] = check(name, path.read_bytes(), str(path))
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
    return (
        _digits(content[TRAIN_IMAGES], content[TRAIN_LABELS]),
        _digits(content[TEST_IMAGES], content[TEST_LABELS]),
    )


def write(folder: Path, content: dict[str, bytes]) -> None:
    """Keep files, each checked first, in a folder.

    Raises:
        InputError: a checksum is wrong, or a file cannot be written.
    """
    make_folder(folder)
    for name, data in content.items():
        with replacing(folder / name) as part:
            part.write_bytes(check(name, data, name))


def _digits(images: bytes, labels: bytes) -> Digits:
    pixels = torch.frombuffer(bytearray(images[IMAGES_HEADER:]), dtype=torch.uint8)
    return Digits(
        pixels.view(-1, 1, SIZE, SIZE),
        torch.frombuffer(bytearray(labels[LABELS_HEADER:]), dtype=torch.uint8).long(),
    )
