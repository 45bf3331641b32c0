"""Whether a mark is a digit at all: a small network beside the one that reads, trained by `cnn/train_judge.py`.

The network that reads knows digits only, and gives each letter and each edge of a page to one of them. This one has
seen both. It is apart, so that the network of 19,298 parameters stays what it is, and any weights of it can be judged.
"""

from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

WEIGHTS = Path(__file__).parent / "judge.safetensors"
LEAST = 0.5  # the share of a digit that a mark must have, to be taken for one


def network() -> nn.Sequential:
    """Bytes / 255 of images (N, 1, 28, 28) to logits (N, 1): above 0 it is a digit."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 48, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(48 * 25, 48), nn.ReLU(), nn.Linear(48, 1),
    )  # fmt: skip


@cache
def _shipped() -> nn.Sequential:
    judge = network()
    judge.load_state_dict(load_file(WEIGHTS))
    return judge.eval()


@torch.inference_mode()
def digit_shares(images: Tensor) -> Tensor:
    """How sure it is, from 0 to 1 (N,), that each of images (N, 1, 28, 28), bytes, is a digit."""
    shares: Tensor = _shipped()(images.float() / 255).sigmoid().flatten()
    return shares
