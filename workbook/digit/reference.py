"""The stored test images, and torch's numbers for them.

`reference.safetensors` is made by `python -m cnn.reference`, which needs torch and MNIST. The images are test images of
MNIST by Yann LeCun, Corinna Cortes and Christopher Burges, licensed CC BY-SA 3.0; torch's numbers are of the weights
that ship.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load

from workbook.digit.weights import ARCHITECTURE, Array, Plan

FILE = Path(__file__).with_name("reference.safetensors")


@dataclass(frozen=True)
class TorchReference:
    """N images; the gradients, by the names of the file of weights, are those of ∂(−log p_label) of the first one."""

    images: Array  # (N, 28, 28), whole numbers from 0 to 255
    labels: list[int]
    numbers: list[int]  # among MNIST's test images, from 0
    log_probabilities: Array  # (N, 10)
    gradients: dict[str, Array]


def load_reference() -> TorchReference:
    """The stored images with torch's numbers."""
    content = load(FILE.read_bytes())
    return TorchReference(
        content["images"].astype(np.float64),
        content["labels"].tolist(),
        content["numbers"].tolist(),
        content["log_probabilities"],
        {name.removeprefix("gradient."): array for name, array in content.items() if name.startswith("gradient.")},
    )


def parameter_names(plan: Plan) -> dict[str, str]:
    """How the file of weights names a block's parameters, by what they are: weight, bias, gamma, beta."""
    names = {"weight": f"layers.{plan.index}.weight"}
    if plan.bias:
        names["bias"] = f"layers.{plan.index}.bias"
    if plan.norm is not None:
        names |= {"gamma": f"layers.{plan.norm}.weight", "beta": f"layers.{plan.norm}.bias"}
    return names


PARAMETER_NAMES = [parameter_names(plan) for plan in ARCHITECTURE]
