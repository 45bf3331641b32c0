import pytest
import torch
from torch import Tensor, nn

from cnn.model import DigitNet
from cnn.muon import Muon

SHAPES = [(8, 1, 3, 3), (24, 32, 1, 1), (20, 24, 3, 3)]


def _step(weight: Tensor, gradient: Tensor) -> Tensor:
    """By how much one step at a learning rate of 1 changes a weight."""
    parameter = nn.Parameter(weight.clone(memory_format=torch.channels_last))
    parameter.grad = gradient
    Muon([parameter], lr=1.0, momentum=0.0, weight_decay=0.0).step()
    return parameter.detach() - weight


@pytest.mark.parametrize("shape", SHAPES)
def test_a_step_goes_the_gradient_s_way_with_all_singular_values_near_1(shape: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    weight, gradient = torch.randn(shape), torch.randn(shape)
    left, _, right = torch.linalg.svd(gradient.flatten(1), full_matrices=False)
    along = -(left.T @ _step(weight, gradient).flatten(1) @ right.T)
    # Muon's polynomial ends between 0.7 and 1.2, and is computed in 16 bits.
    assert along.diagonal().min() > 0.6
    assert along.diagonal().max() < 1.3
    torch.testing.assert_close(along, along.diagonal().diag(), atol=0.05, rtol=0)


def test_the_gradient_s_size_does_not_matter() -> None:
    torch.manual_seed(1)
    weight, gradient = torch.zeros(SHAPES[2]), torch.randn(SHAPES[2])
    torch.testing.assert_close(_step(weight, 1024 * gradient), _step(weight, gradient))


def test_all_convolutions_of_the_network_share_the_matrices_memory() -> None:
    model = DigitNet().to(memory_format=torch.channels_last)
    weights = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    before = [weight.clone() for weight in weights]
    optimizer = Muon(weights, lr=0.1)
    model(torch.randn(2, 1, 28, 28)).square().sum().backward()
    optimizer.step()
    assert len(weights) == 9
    for old, new in zip(before, weights, strict=True):
        assert not torch.equal(old, new)


def test_weights_without_a_gradient_stay() -> None:
    parameter = nn.Parameter(torch.randn(SHAPES[2]).to(memory_format=torch.channels_last))
    before = parameter.detach().clone()
    Muon([parameter], lr=1.0).step()
    assert torch.equal(parameter, before)
