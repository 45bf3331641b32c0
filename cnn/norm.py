"""ReLU and batch normalisation in one, for training on CPUs, by several processes too.

torch's own kernel lets each core add up activations in a row that has one number for each channel. With 8, 12, 20 or
24 channels the rows of two cores meet in one cache line, which then travels between them at every addition: two cores
took longer than one. Here, while sums are made, a few neighbouring pixels count as further channels, so that a row
ends with a cache line. The rest is waiting for memory, so both layers share what they read and write.

It brings little: torch's layers take 0.98 times as long a step on one core (median of 25 pairs; quartiles 0.95 and
1.02), 1.04 times on two (40 pairs; 0.99 and 1.09). It is here because torch's batch norm over several processes does
not run on CPUs.

Shape letters: N images of a batch, C channels, H rows, W columns.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.amp import custom_bwd, custom_fwd
from torch.autograd import Function
from torch.nn import functional

from cnn.processes import total

CACHE_LINE = 16  # 32-bit numbers


class ReLUBatchNorm2d(nn.BatchNorm2d):
    """`torch.nn.ReLU(inplace=True)`, then `torch.nn.BatchNorm2d`, whose parameters it has.

    Where it trains on a CPU, it normalises over the images of all processes.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float | None

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that nn.BatchNorm2d gives it
        """Activations (N, C, H, W) to the same shape; those that come in are overwritten."""
        if not self.training or input.device.type != "cpu":
            output: Tensor = super().forward(functional.relu_(input))
            return output
        output, count, mean, variance = _ReLUNormalise.apply(input, self.weight, self.bias, self.eps)
        with torch.no_grad():
            self.num_batches_tracked += 1
            # Without a momentum, the mean of all batches so far, as in torch's layer.
            weight = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
            self.running_mean.lerp_(mean, weight)
            self.running_var.lerp_(variance * (count / (count - 1)), weight)
        return output


class SyncReLUBatchNorm2d(nn.SyncBatchNorm):
    """The same for several processes on GPUs, by torch's own layer, which does not run on CPUs."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that nn.SyncBatchNorm gives it
        """Activations (N, C, H, W) to the same shape; those that come in are overwritten."""
        output: Tensor = super().forward(functional.relu_(input))
        return output


class _ReLUNormalise(Function):
    """γ · (x - mean) / √(variance + ε) + β of x = max(0, z), and its gradient.

    Ioffe and Szegedy, Batch Normalization, 2015, section 3. For each channel both are a straight line: y = a·x + c,
    and ∂x = a·∂y + b·x + c, a, b and c being numbers. Under `torch.autocast` both are computed in 32 bits.
    """

    @staticmethod
    @custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]
    def forward(ctx: Any, z: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> tuple[Tensor, ...]:
        x = z.relu_()
        count, mean, variance = _moments(x)
        scale = (variance + eps).rsqrt()
        ctx.save_for_backward(x, gamma, count, mean, scale)
        ctx.mark_non_differentiable(count, mean, variance)
        a, width = gamma * scale, x.shape[3]
        y = torch.addcmul((beta - a * mean).repeat(width), _pixels(x, width), a.repeat(width))
        return _as_images(y, x), count, mean, variance

    @staticmethod
    @custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
    def backward(ctx: Any, dy: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, gamma, count, mean, scale = ctx.saved_tensors
        fold = _fold(x)
        _, *sums = torch.ops.aten.native_batch_norm_backward(
            *(_pixels(dy, fold), _pixels(x, fold)), None, None, None, *(mean.repeat(fold), scale.repeat(fold)),
            train=True, eps=0.0, output_mask=[False, True, True],
        )  # fmt: skip
        own = torch.stack(sums).view(2, fold, -1).sum(1)
        dgamma, dbeta = total(own.clone()) / count  # over all processes, a mean
        a = gamma * scale
        b = -a * scale * dgamma
        c = -a * dbeta - b * mean
        width = x.shape[3]
        rows = _pixels(x, width)
        dx = torch.addcmul(c.repeat(width), _pixels(dy, width), a.repeat(width)).addcmul_(rows, b.repeat(width))
        torch.ops.aten.threshold_backward.grad_input(dx, rows, 0, grad_input=dx)  # 0 where x is 0
        return _as_images(dx, x), own[0], own[1], None


def _moments(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How many activations a channel has over all processes (1,), and their mean and variance (C,)."""
    fold = _fold(x)
    moments = torch.batch_norm_update_stats(_pixels(x, fold), None, None, 0.0)
    # In 64 bits, because a small variance is the difference of two large numbers here.
    means, variances = (moment.double().view(fold, -1) for moment in moments)
    sums = torch.stack([torch.ones_like(means), means, variances + means.square()]).mean(1) * (x.numel() / x.shape[1])
    counts, *sums_of_powers = total(sums)
    mean, square = (power / counts for power in sums_of_powers)
    return counts[:1].to(x.dtype), mean.to(x.dtype), (square - mean.square()).to(x.dtype)


def _fold(x: Tensor) -> int:
    """The smallest number of pixels whose channels fill whole cache lines, or the nearest that divides all pixels."""
    channels = x.shape[1]
    return math.gcd(CACHE_LINE // math.gcd(CACHE_LINE, channels), x.numel() // channels)


def _pixels(x: Tensor, count: int) -> Tensor:
    """Activations (N, C, H, W) as rows of that many neighbouring pixels: (N·H·W / count, count·C).

    In channels-last memory, which this network has, it costs nothing.
    """
    return x.permute(0, 2, 3, 1).reshape(-1, count * x.shape[1])


def _as_images(pixels: Tensor, like: Tensor) -> Tensor:
    """What `_pixels` made flat, in the shape (N, C, H, W) of `like`."""
    count, channels, height, width = like.shape
    return pixels.view(count, height, width, channels).permute(0, 3, 1, 2)
