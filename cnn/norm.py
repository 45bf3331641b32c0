"""ReLU and batch normalisation in one, over the images of all processes: torch's does that on GPUs only."""

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn import functional

from cnn import processes


class ReLUBatchNorm2d(nn.BatchNorm2d):
    """`torch.nn.ReLU(inplace=True)`, then `torch.nn.BatchNorm2d`, whose parameters it has.

    Where several processes train, it normalises over the images of all of them, as one process would over the batch
    (Ioffe and Szegedy, Batch Normalization, 2015, section 3).
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float | None

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that nn.BatchNorm2d gives it
        """Activations (N, C, H, W) to the same shape; those that come in are overwritten."""
        x = functional.relu_(input)
        if not self.training or processes.count() == 1:
            output: Tensor = super().forward(x)
            return output
        return self._over_all(x.float() if x.dtype == torch.bfloat16 else x)

    def _over_all(self, x: Tensor) -> Tensor:
        # In 64 bits, because a small variance is the difference of two large numbers here.
        wide = x.double()
        count = wide.new_full((x.shape[1],), x.numel() / x.shape[1])
        sums = torch.stack([count, wide.sum((0, 2, 3)), wide.square().sum((0, 2, 3))])
        count, total, squares = all_reduce(sums)  # type: ignore[no-untyped-call] # gradients are summed over them too
        mean, variance = total / count, squares / count - (total / count).square()
        with torch.no_grad():
            self.num_batches_tracked += 1
            # Without a momentum, the mean of all batches so far, as in torch's layer.
            weight = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
            self.running_mean.lerp_(mean.to(x.dtype), weight)
            self.running_var.lerp_((variance * count / (count - 1)).to(x.dtype), weight)
        scale = self.weight * (variance + self.eps).rsqrt().to(x.dtype)
        shift = self.bias - mean.to(x.dtype) * scale
        normalised: Tensor = x * scale[:, None, None] + shift[:, None, None]
        return normalised
