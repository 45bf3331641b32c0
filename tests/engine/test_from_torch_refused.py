"""What of torch no experiment has: one line that names the module, and the nearest."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn, optim
from torch.optim import lr_scheduler

import engine
from engine import InputError
from tests.engine.test_from_torch import CLASSES, FLAT, NUMBERS, PICTURES, dense


def shared_weights() -> nn.Module:
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, nn.Tanh(), layer)


class Hidden(nn.Module):
    """A network whose activation no child tells of."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.last(torch.relu(self.first(x)))
        return out


class Scaled(nn.Module):
    """A network with a parameter of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.layer = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layer(x) * self.scale
        return out


class Swish(nn.Module):
    """A module without children."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(x)


NEAREST = "nn.Tanh or nn.ReLU for an activation, nn.Linear or nn.Conv2d for weights"


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (dense(nn.GELU()), f"net.3: got nn.GELU, which no column can show; the nearest: {NEAREST}"),
        (
            nn.Sequential(nn.TransformerEncoderLayer(3, 1)),
            "net.0: got nn.TransformerEncoderLayer, which no column can show; the nearest: nn.MultiheadAttention",
        ),
        (
            nn.Sequential(nn.Embedding(2, 3), nn.Linear(3, 2)),
            "net.1: got nn.Linear of each token, expected nn.Flatten() behind nn.Embedding",
        ),
        (dense(nn.ReLU6()), "net.3: got nn.ReLU6, which no column can show; the nearest: nn.ReLU"),
        (
            dense(Swish()),
            "net.3: got Swish, a module of your own without children, which no column can show; "
            f"the nearest: {NEAREST}",
        ),
        (dense(nn.LeakyReLU(1.2)), "net.3: got nn.LeakyReLU(1.2), expected a slope from 0 to 1"),
        (dense(nn.ReLU(), nn.Tanh()), "net.4: got nn.Tanh after another activation, expected one behind each layer"),
        (
            nn.Sequential(nn.ReLU(), nn.Linear(3, 2)),
            "net.0: got nn.ReLU over the inputs, expected a layer before it: nn.Linear",
        ),
        (nn.Sequential(nn.Linear(4, 2)), "net.0: got 4 inputs, expected 3, what comes in"),
        (
            dense(nn.Softmax(dim=1)),
            "loss: got nn.MSELoss after nn.Softmax, expected nn.CrossEntropyLoss(), without Softmax",
        ),
        (shared_weights(), "net.2: got a Linear with weights that another module has too, expected its own"),
        (
            Hidden(),
            "net: its forward pass is not that of its children one after another, expected nn.Sequential, "
            "or a forward pass that applies them in order, activations among them",
        ),
        (Scaled(), "net.scale: got a parameter outside of layers, expected layers alone"),
        (nn.Sequential(), "net: got no layer, expected nn.Sequential(nn.Linear(2, 2), ...)"),
    ],
)
def test_a_module_that_cannot_be_shown_is_one_line(net: nn.Module, message: str) -> None:
    optimizer = optim.SGD(list(net.parameters()) or [torch.zeros(1)], 0.1)
    with pytest.raises(InputError) as raised:
        engine.from_torch(net, nn.MSELoss(), optimizer, FLAT, NUMBERS)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Conv2d(2, 2, 3, groups=2), "net.0: got nn.Conv2d with groups=2, expected groups=1"),
        (nn.Conv2d(3, 2, 3), "net.0: got 3 channels, expected 2, what comes in"),
        (nn.MaxPool2d(3, padding=1), "net.0: got nn.MaxPool2d with padding=1, expected padding=0"),
        (nn.AdaptiveAvgPool2d(2), "net.0: got output_size=2, expected nn.AdaptiveAvgPool2d(1)"),
        (nn.Linear(6, 2), "net.0: got nn.Linear over maps, expected nn.Flatten() before it"),
        (nn.LayerNorm(6), "net.0: got normalized_shape=[6], expected [2, 6, 6], all of it"),
        (nn.Conv1d(2, 2, 3), "net.0: got nn.Conv1d, which no column can show; the nearest: nn.Conv2d"),
        (nn.GroupNorm(2, 2), "net.0: got nn.GroupNorm, which no column can show; the nearest: nn.LayerNorm"),
    ],
)
def test_a_module_over_pictures_that_cannot_be_shown_is_one_line(module: nn.Module, message: str) -> None:
    net = nn.Sequential(module, nn.Flatten(), nn.LazyLinear(2))
    with pytest.raises(InputError) as raised:
        engine.from_torch(net, nn.MSELoss(), optim.SGD([torch.zeros(1)], 0.1), PICTURES, NUMBERS)
    assert str(raised.value) == message


def _stepped(net: nn.Module) -> optim.Optimizer:
    optimizer = optim.Adam(net.parameters())
    net(FLAT).sum().backward()
    optimizer.step()
    return optimizer


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            lambda _: {"loss": nn.L1Loss()},
            "loss: got L1Loss, expected one of nn.MSELoss, nn.BCELoss, nn.BCEWithLogitsLoss, nn.CrossEntropyLoss, "
            "nn.NLLLoss",
        ),
        (lambda _: {"loss": nn.MSELoss(reduction="none")}, "loss: got reduction='none', expected 'mean' or 'sum'"),
        (
            lambda _: {"loss": nn.CrossEntropyLoss(weight=torch.ones(2))},
            "loss: got nn.CrossEntropyLoss with weight, expected none",
        ),
        (
            lambda net: {"optimizer": optim.Adam(net.parameters(), amsgrad=True)},
            "optimizer: got Adam with amsgrad=True, expected amsgrad=False",
        ),
        (
            lambda net: {"optimizer": optim.LBFGS(net.parameters())},
            "optimizer: got LBFGS, expected one of torch.optim's SGD, Adagrad, RMSprop, Adam, AdamW, "
            "Adamax, Adadelta, NAdam",
        ),
        (
            lambda net: {"optimizer": optim.SGD([net[0].weight], 0.1)},
            "optimizer: it lacks net.0.bias, expected all parameters: net.parameters()",
        ),
        (
            lambda net: {"optimizer": _stepped(net)},
            "optimizer: got one that has made steps, expected a new one; a file's own training belongs below "
            "`if __name__ == '__main__':`",
        ),
        (
            lambda net: {"scheduler": lr_scheduler.OneCycleLR(optim.SGD(net.parameters(), 0.1), 0.1, 10)},
            "scheduler: got OneCycleLR, whose rates begin 0.004, 0.052, 0.1, 0.0950485, expected StepLR, "
            "ExponentialLR, CosineAnnealingLR, or the rates of another schedule: inverse-time, LambdaLR(optimizer, "
            "lambda k: 1 / (1 + 0.1 * k)); a warm-up of n steps, LinearLR(optimizer, 1 / n, total_iters=n - 1)",
        ),
        (
            lambda net: {"scheduler": lr_scheduler.ReduceLROnPlateau(optim.SGD(net.parameters(), 0.1))},
            "scheduler: got ReduceLROnPlateau, whose rates depend on the losses, expected StepLR, ExponentialLR, "
            "CosineAnnealingLR",
        ),
        (
            lambda _: {"targets": CLASSES},
            "targets: got shape 4, expected 4×2, the shape of what the network puts out",
        ),
        (
            lambda _: {"loss": nn.CrossEntropyLoss(), "targets": CLASSES},
            "targets: got class 2, expected 0 to 1, one for each output",
        ),
        (
            lambda _: {"inputs": FLAT[0]},
            "inputs: got shape 3, expected samples×features or samples×channels×rows×columns",
        ),
        (lambda _: {"steps": 0}, "steps: got 0, expected a whole number from 1 up"),
    ],
)
def test_a_training_that_no_experiment_has_is_one_line(changed: Callable[[Any], dict[str, Any]], message: str) -> None:
    net = dense()
    given: dict[str, Any] = {
        "loss": nn.MSELoss(), "optimizer": optim.SGD(net.parameters(), 0.1), "inputs": FLAT, "targets": NUMBERS
    } | changed(net)  # fmt: skip
    with pytest.raises(InputError) as raised:
        engine.from_torch(net, **given)
    assert str(raised.value) == message
