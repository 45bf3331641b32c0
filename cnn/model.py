"""The network: nine convolutions, 19,298 parameters.

Shape letters: N images of a batch, C channels, H rows, W columns.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional

from cnn.data import normalise
from cnn.errors import InputError
from cnn.files import replacing
from cnn.norm import ReLUBatchNorm2d

SHIPPED = Path(__file__).parent / "weights" / "best.safetensors"  # what trained it: best.toml beside it

CHANNELS = 8  # of the first convolution


class DigitNet(nn.Module):
    """Grey 28×28 images to ten logits, one for each digit.

    Args:
        dropout: share of activations that each dropout layer zeroes while training.
        dropout_pooled: the same for the two dropout layers that follow a pooling.
        width: how many times as many channels each layer but the last has; a teacher is wider.
    """

    def __init__(self, dropout: float = 0.0, dropout_pooled: float = 0.0, width: int = 1) -> None:
        super().__init__()
        c8, c12, c16, c20, c24, c32 = (width * channels for channels in (8, 12, 16, 20, 24, 32))
        self.layers = nn.Sequential(  # the shapes are what each line puts out, with a width of 1
            *_block(1, c8), nn.Dropout(dropout),  # (N, 8, 28, 28)
            *_block(c8, c12), nn.Dropout(dropout),  # (N, 12, 28, 28)
            *_block(c12, c16), nn.Dropout(dropout),  # (N, 16, 28, 28)
            *_block(c16, c32), nn.MaxPool2d(2), nn.Dropout(dropout_pooled),  # (N, 32, 14, 14)
            *_block(c32, c24, kernel=1), nn.Dropout(dropout),  # (N, 24, 14, 14)
            *_block(c24, c20), nn.Dropout(dropout),  # (N, 20, 14, 14)
            *_block(c20, c16), nn.MaxPool2d(2), nn.Dropout(dropout_pooled),  # (N, 16, 7, 7)
            nn.Conv2d(c16, c16, 3), ReLUBatchNorm2d(c16),  # (N, 16, 5, 5)
            nn.Conv2d(c16, 10, 3),  # (N, 10, 3, 3)
            nn.AvgPool2d(3),  # (N, 10, 1, 1)
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, 10) of normalised images (N, 1, 28, 28)."""
        logits: Tensor = self.layers(images)
        return logits.flatten(1)


def _block(fan_in: int, fan_out: int, kernel: int = 3) -> tuple[nn.Module, ...]:
    # No bias: away from the borders, the convolution of the β of the norm before is one. The norm after it could not
    # stand in for it, since a ReLU lies between.
    convolution = nn.Conv2d(fan_in, fan_out, kernel, padding=kernel // 2, bias=False)
    return convolution, ReLUBatchNorm2d(fan_out)


SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))  # pixels, down and right


def log_probabilities(model: DigitNet, images: Tensor, *, average_shifts: bool = False) -> Tensor:
    """The logarithms (N, 10) of each digit's probability for images (N, 1, 28, 28), bytes.

    Args:
        average_shifts: take the mean of the logarithms over the image and its four shifts by a pixel, scaled so that
            the probabilities add up to 1; it takes five times as long.
    """
    padded = functional.pad(images, (1, 1, 1, 1))
    rows, columns = images.shape[2:]
    moved = [
        padded[:, :, 1 - y : 1 - y + rows, 1 - x : 1 - x + columns] for y, x in SHIFTS[: None if average_shifts else 1]
    ]
    logits = [model(normalise(image)).log_softmax(1) for image in moved]
    return torch.stack(logits).mean(0).log_softmax(1)


def save_weights(weights: dict[str, Tensor], path: Path, note: dict[str, object]) -> None:
    """Write weights and a note (what trained them), as JSON in the file's metadata, as one safetensors file.

    Raises:
        InputError: the file cannot be written.
    """
    content = {name: tensor.contiguous().cpu() for name, tensor in weights.items()}
    with replacing(path) as part:
        # One key alone: safetensors does not keep the order of several, and equal runs shall give equal files.
        part.write_bytes(save(content, metadata={"note": json.dumps(note)}))


def load_model(path: Path, device: torch.device) -> DigitNet:
    """The network with the weights of a safetensors file, ready to predict.

    Raises:
        InputError: no such file, it is damaged, or its weights have other names or shapes.
    """
    try:
        weights = load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        ship = ", ".join(sorted(shipped.stem for shipped in SHIPPED.parent.glob("*.safetensors")))
        raise InputError(
            f"{path}: cannot be read as weights: {reason}; expected a safetensors file, or one that ships: {ship}"
        ) from None
    first = weights.get("layers.0.weight")
    model = DigitNet(width=max(1, len(first) // CHANNELS) if first is not None and first.ndim else 1)
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    got = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    for name in sorted(expected.keys() | got.keys()):
        if got.get(name) != expected.get(name):
            raise InputError(
                f"{path}: {name} is {_shape(got, name)}, expected {_shape(expected, name)}: weights of another network"
            )
    model.load_state_dict(weights)
    return model.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _shape(shapes: dict[str, tuple[int, ...]], name: str) -> str:
    return "×".join(map(str, shapes[name])) or "a single number" if name in shapes else "missing"
