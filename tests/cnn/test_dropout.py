import math

import pytest
import torch

from cnn.dropout import Dropout

COUNT = 1_000_000


def _masks(p: float, count: int = COUNT) -> torch.Tensor:
    """1 where an activation is dropped."""
    kept: torch.Tensor = Dropout(p)(torch.ones(count))
    return (kept == 0).float()


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_the_share_that_is_dropped_is_p(p: float) -> None:
    torch.manual_seed(1)
    deviation = (p * (1 - p) / COUNT) ** 0.5
    assert abs(_masks(p).mean().item() - p) < 4 * deviation + 0.5 / 2**16  # p is rounded to a 65536th


def test_what_is_kept_is_scaled_so_that_the_mean_stays() -> None:
    torch.manual_seed(1)
    out = Dropout(0.25)(torch.full((COUNT,), 3.0))
    assert set(out.unique().tolist()) == {0.0, 4.0}
    assert out.mean().item() == pytest.approx(3.0, abs=4 * 3 * (0.25 / 0.75 / COUNT) ** 0.5)


def test_groups_of_activations_drop_as_independent_coins_do() -> None:
    # Four masks come from one random integer: were they linked, the counts of groups would vary more or less than
    # those of torch's own dropout, the binomial distribution.
    torch.manual_seed(1)
    size, p = 16, 0.25
    ours = _masks(p).view(-1, size).sum(1).long().bincount(minlength=size + 1).double()
    coins = [math.comb(size, drops) * p**drops * (1 - p) ** (size - drops) for drops in range(size + 1)]
    expected = torch.tensor(coins, dtype=torch.float64) * (COUNT // size)
    common = expected >= 5
    chi_squared = ((ours - expected) ** 2 / expected)[common].sum().item()
    assert chi_squared < 40  # 11 degrees of freedom: the chance of more is under 1 in 10,000


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 8])
def test_neighbours_are_uncorrelated(lag: int) -> None:
    torch.manual_seed(1)
    masks = _masks(0.25)
    both = (masks[lag:] * masks[:-lag]).mean().item()
    assert both == pytest.approx(0.0625, abs=4 * (0.0625 * 0.9375 / COUNT) ** 0.5 * 1.5)


def test_the_seed_decides_the_masks() -> None:
    torch.manual_seed(1)
    first, second = _masks(0.1, 1000), _masks(0.1, 1000)
    torch.manual_seed(1)
    assert torch.equal(_masks(0.1, 1000), first)
    assert not torch.equal(first, second)


def test_gradients_pass_where_activations_pass() -> None:
    torch.manual_seed(1)
    x = torch.randn(2, 5, 3, 3).to(memory_format=torch.channels_last).requires_grad_()
    out = Dropout(0.5)(x)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    torch.testing.assert_close(gradient, torch.where(out == 0, 0.0, 2.0))
    assert out.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("layer", [Dropout(0.5).eval(), Dropout(0.0)], ids=["scoring", "rate 0"])
def test_nothing_is_dropped_while(layer: Dropout) -> None:
    x = torch.randn(100)
    assert torch.equal(layer(x), x)
