"""Some of MNIST's test images with what torch says to them, for the workbook that shows this network in cells.

A developer's command, for when other weights ship: `python -m cnn.reference workbook/digit/reference.safetensors`.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional

from cnn.data import DEVIATION, MEAN, Digits
from cnn.download import load
from cnn.files import replacing
from cnn.model import SHIPPED, DigitNet, load_model

RIGHT_OF_EACH = 2  # the first test images of each digit that are read right
MISREAD = 16  # the first that are not


def make(path: Path, folder: Path = Path("data")) -> None:
    """Write what `answers` says of chosen test images as one safetensors file.

    The first of them is read right with the smallest probability of all; then come clear ones, then misread ones.

    Raises:
        InputError: MNIST cannot be had, or the file cannot be written.
    """
    _, test = load(folder)
    with replacing(path) as part:
        part.write_bytes(save(answers(test, _chosen(test))))


def answers(test: Digits, numbers: Tensor) -> dict[str, Tensor]:
    """Test images with labels, log-probabilities, and ∂(−log p_label) of the first of them, in 64 bits."""
    model = _shipped()
    images, labels = test.images[numbers], test.labels[numbers]
    with torch.inference_mode():
        log_probabilities = model(normalise(images)).log_softmax(1)
    functional.cross_entropy(model(normalise(images[:1])), labels[:1]).backward()  # type: ignore[no-untyped-call]
    content = {"images": images[:, 0], "labels": labels, "numbers": numbers, "log_probabilities": log_probabilities}
    gradients = {f"gradient.{name}": weight.grad for name, weight in model.named_parameters()}
    content |= {name: gradient for name, gradient in gradients.items() if gradient is not None}
    return {name: tensor.contiguous() for name, tensor in content.items()}


def _shipped() -> DigitNet:
    return load_model(SHIPPED, torch.device("cpu")).double()


def normalise(images: Tensor) -> Tensor:
    """Images (N, 1, 28, 28) from 0 to 255 as the network reads them, in 64 bits."""
    return images.double().div(255).sub(MEAN).div(DEVIATION)


def _chosen(test: Digits) -> Tensor:
    model = _shipped()
    with torch.inference_mode():
        parts = [model(normalise(images)).log_softmax(1) for images in torch.split(test.images, 500)]
    log_probabilities = torch.cat(parts)
    right = log_probabilities.argmax(1) == test.labels
    own = log_probabilities.gather(1, test.labels[:, None])[:, 0]
    doubtful = torch.where(right, own, 0).argmin()
    easy = [torch.nonzero(right & (test.labels == digit))[:RIGHT_OF_EACH, 0] for digit in range(10)]
    return torch.cat([doubtful[None], *easy, torch.nonzero(~right)[:MISREAD, 0]])


if __name__ == "__main__":
    make(Path(sys.argv[1]))
