import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from cnn.norm import ReLUBatchNorm2d

# Channels that fill cache lines, and that do not; with 3 pixels in all, no pixels can be put together.
SHAPES = [(4, 16, 6, 6), (4, 12, 6, 6), (4, 20, 14, 14), (3, 5, 1, 1), (2, 8, 7, 5)]


def _pair(shape: tuple[int, ...], dtype: torch.dtype) -> tuple[nn.Module, nn.Module, Tensor]:
    """torch's layers, ours with the same numbers, and activations whose means lie further and further from 0."""
    torch.manual_seed(1)
    norm = nn.BatchNorm2d(shape[1]).to(dtype)
    for parameter in norm.parameters():
        nn.init.uniform_(parameter, 0.5, 2)
    ours = ReLUBatchNorm2d(shape[1]).to(dtype)
    ours.load_state_dict(norm.state_dict())
    theirs = nn.Sequential()
    theirs.append(nn.ReLU()).append(norm)
    x = torch.randn(shape, dtype=dtype) + torch.arange(shape[1])[:, None, None] / 4
    return theirs, ours, x.to(dtype, memory_format=torch.channels_last)


def _results(layer: nn.Module, x: Tensor, loss: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    x = x.clone().requires_grad_()
    output = layer(x.clone())
    gradients = torch.autograd.grad(loss(output), [x, *layer.parameters()])
    state = {name.removeprefix("1."): tensor for name, tensor in layer.state_dict().items()}
    return {"output": output, "∂x": gradients[0], "∂γ": gradients[1], "∂β": gradients[2], **state}


def _loss(output: Tensor) -> Tensor:
    return ((output - 0.3) ** 3).sum()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format], ids=str)
def test_training_equals_torch_s_layer(shape: tuple[int, ...], memory_format: torch.memory_format) -> None:
    theirs, ours, x = _pair(shape, torch.float64)
    x = x.contiguous(memory_format=memory_format)
    for _ in range(2):  # the second time, the running statistics have moved
        torch.testing.assert_close(_results(ours, x, _loss), _results(theirs, x, _loss), rtol=1e-9, atol=1e-10)


def test_single_precision_is_as_exact_as_torch_s() -> None:
    theirs, ours, x = _pair((64, 12, 28, 28), torch.float32)
    exact = _results(copy.deepcopy(theirs).double(), x.double(), _loss)
    errors = [
        {name: (tensor - exact[name]).abs().max().item() for name, tensor in _results(layer, x, _loss).items()}
        for layer in (ours, theirs)
    ]
    for name, error in errors[0].items():
        assert error <= 4 * errors[1][name] + 1e-6 * exact[name].abs().max().item(), name


def test_scoring_uses_the_running_statistics() -> None:
    theirs, ours, x = _pair((4, 12, 6, 6), torch.float32)
    assert torch.equal(ours.eval()(x.clone()), theirs.eval()(x))


def test_the_output_stays_in_channels_last_memory() -> None:
    _, ours, x = _pair((4, 12, 6, 6), torch.float32)
    assert ours(x).is_contiguous(memory_format=torch.channels_last)
