"""The network in torch, in 64 bits, with the gradient of every tensor on the way: the oracle for its workbook."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cnn.data import DEVIATION, MEAN
from cnn.model import SHIPPED, DigitNet, load_model, save_weights
from workbook.digit.weights import ARCHITECTURE

Named = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Passes:
    """A forward and a backward pass; `1 z` is what the first convolution puts out, `1 maps` what the next one reads
    or the pooling, `1 pooled` what that puts out; parameters have the names of the file of weights."""

    values: Named
    gradients: Named
    log_probabilities: NDArray[np.float64]


def random_weights(path: Path) -> Path:
    """Weights drawn at random, norms of either sign included, as `make train` writes them."""
    torch.manual_seed(28)
    model = DigitNet()
    for name, tensor in model.state_dict().items():
        if name.endswith("running_mean"):
            tensor.uniform_(0, 1)
        elif name.endswith("running_var"):
            tensor.uniform_(0.3, 2)
        elif tensor.ndim == 1:
            tensor.uniform_(0.4, 1.6).mul_(torch.sign(torch.randn_like(tensor)))
    save_weights(model.state_dict(), path, {})
    return path


def passes(pixels: NDArray[np.float64], label: int, weights: Path = SHIPPED, rate: float = 0.0) -> Passes:
    """Both passes over an image (28, 28) of bytes, after a step of gradient descent at a rate if it is not 0."""
    model = load_model(weights, torch.device("cpu")).double()
    if rate:
        parameters = dict(model.named_parameters())
        for name, gradient in passes(pixels, label, weights).gradients.items():
            if name in parameters:
                parameters[name].data -= rate * torch.from_numpy(gradient)
    return _passes(model, torch.from_numpy(pixels), label)


def _passes(model: DigitNet, pixels: Tensor, label: int) -> Passes:
    state = dict(model.named_parameters()) | dict(model.named_buffers())
    kept: dict[str, Tensor] = {"input": (pixels[None, None] / 255 - MEAN) / DEVIATION}
    output = kept["input"].requires_grad_()
    for number, plan in enumerate(ARCHITECTURE, start=1):
        output = functional.conv2d(
            output, state[f"layers.{plan.index}.weight"], state.get(f"layers.{plan.index}.bias"), padding=plan.padding
        )
        kept[f"{number} z"] = output
        if plan.norm is not None:
            norm = f"layers.{plan.norm}."
            mean, variance, gamma, beta = (
                state[norm + part] for part in ("running_mean", "running_var", "weight", "bias")
            )
            output = functional.batch_norm(functional.relu(output), mean, variance, gamma, beta)
        kept[f"{number} maps"] = output
        if plan.pool:
            output = kept[f"{number} pooled"] = functional.max_pool2d(output, 2)
    kept["logits"] = functional.avg_pool2d(output, 3).flatten(1)
    for tensor in kept.values():
        tensor.retain_grad()
    functional.cross_entropy(kept["logits"], torch.tensor([label])).backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(kept["logits"], model(kept["input"]), rtol=0, atol=1e-12)
    gradients = {name: tensor.grad for name, tensor in (kept | dict(model.named_parameters())).items()}
    return Passes(
        {name: tensor.detach()[0].numpy() for name, tensor in kept.items()},
        {
            name: (gradient if name.startswith("layers.") else gradient[0]).numpy()
            for name, gradient in gradients.items()
            if gradient is not None
        },
        kept["logits"].log_softmax(1).detach()[0].numpy(),
    )
