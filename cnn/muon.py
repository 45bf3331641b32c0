"""torch's Muon, which takes matrices alone, for the weights of convolutions."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class Muon(torch.optim.Muon):
    """Muon on convolutions: each step is made orthogonal, so that a layer learns in all directions alike.

    Keller Jordan and others, Muon: an optimizer for hidden layers in neural networks, 2024. A row of a matrix is what
    one channel of the output weighs its inputs with.

    Args:
        weights: of convolutions (fan-out, fan-in, H, W), in channels-last memory, which the matrices share.
        group: the learning rate, momentum and so on, as `torch.optim.Muon` takes them.
    """

    def __init__(self, weights: Iterable[nn.Parameter], **group: float) -> None:
        self.weights = list(weights)
        matrices = [nn.Parameter(_rows(weight.detach()).view(len(weight), -1)) for weight in self.weights]
        super().__init__([{"params": matrices, **group}])

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Change the weights by their gradients."""
        for weight, matrix in zip(self.weights, self.param_groups[0]["params"], strict=True):
            if weight.grad is not None:
                matrix.grad = _rows(weight.grad).flatten(1)
        super().step(closure)  # type: ignore[no-untyped-call]


def _rows(weight: Tensor) -> Tensor:
    """(fan-out, fan-in, H, W) as (fan-out, H, W, fan-in), the order of channels-last memory."""
    return weight.permute(0, 2, 3, 1)
