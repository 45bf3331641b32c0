"""nn.MultiheadAttention of a sequence with itself, from torch."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn, optim

import engine
from engine import InputError
from engine.imports.beside import beside_torch
from tests.engine.test_from_torch import check_file

torch.manual_seed(5)
TOKENS, CLASSES = torch.tensor([[0, 1, 3], [3, 3, 1], [2, 0, 1], [1, 2, 2]]), torch.tensor([0, 1, 1, 0])
EVERY = torch.rand(4, 3, 2)
LATER = torch.ones(3, 3, dtype=torch.bool).triu(1)


class Attentive(nn.Module):
    """Tokens, attention, a dense layer; of the last token, or of every one."""

    def __init__(self, mask: torch.Tensor | None = None, *, every: bool = False, **options: Any) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.tokens = nn.Embedding(4, 4)
        self.attention = nn.MultiheadAttention(4, 2, **({"batch_first": True} | options))
        self.norm, self.out = nn.LayerNorm(4), nn.Linear(4, 2)
        self.mask, self.every = mask, every

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.tokens(tokens)
        x, _ = self.attention(x, x, x, attn_mask=self.mask)
        out: torch.Tensor = self.out(self.norm(x))
        return out if self.every else out[:, -1]


class Crossed(Attentive):
    """The first token alone asks."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.tokens(tokens)
        x, _ = self.attention(x[:, :1].expand(-1, 3, -1), x, x)
        out: torch.Tensor = self.out(self.norm(x))
        return out


def begun() -> Attentive:
    """With biases that are not all 0."""
    net = Attentive(LATER)
    with torch.no_grad():
        for bias in (net.attention.in_proj_bias, net.attention.out_proj.bias):
            bias.uniform_(-1, 1)
    return net


TRAINED: dict[str, tuple[Callable[[], Attentive], Any, torch.Tensor, bool]] = {
    "the last token": (Attentive, nn.CrossEntropyLoss(), CLASSES, False),
    "every token, without biases": (
        lambda: Attentive(every=True, bias=False), nn.MSELoss(reduction="sum"), EVERY, False
    ),
    "causal": (begun, nn.CrossEntropyLoss(), CLASSES, True),
    "causal, with numbers that are added": (
        lambda: Attentive(nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64), every=True),
        nn.BCEWithLogitsLoss(reduction="sum"), EVERY, True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAINED)
def test_it_trains_as_in_torch(name: str) -> None:
    make, loss, targets, causal = TRAINED[name]
    net = make()
    optimizer = optim.SGD(net.parameters(), 0.02, momentum=0.5)
    experiment = engine.from_torch(net, loss, optimizer, TOKENS, targets, steps=12, batch_size=2)
    agreement = beside_torch(experiment, net, loss, optimizer, TOKENS, targets)
    assert agreement.first is None
    assert agreement.largest < 1e-12
    assert getattr(experiment.network.layers[1], "causal") is causal  # noqa: B009 - of a layer of any kind
    check_file(experiment)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (
            Attentive(batch_first=False),
            "net.attention: got nn.MultiheadAttention with batch_first=False, expected batch_first=True",
        ),
        (Attentive(dropout=0.1), "net.attention: got nn.MultiheadAttention with dropout=0.1, expected dropout=0.0"),
        (
            Attentive(add_zero_attn=True),
            "net.attention: got nn.MultiheadAttention with add_zero_attn=True, expected add_zero_attn=False",
        ),
        (
            Attentive(LATER.T),
            "net.attention: got an attn_mask of its own, expected none, or one that leaves out all later tokens",
        ),
        (
            Attentive(torch.where(LATER, -torch.inf, 0.5).double()),
            "net.attention: got an attn_mask of its own, expected none, or one that leaves out all later tokens",
        ),
        (
            Crossed(),
            "net.attention: got attention of one sequence to another, expected x three times: attention(x, x, x)",
        ),
        (
            nn.Sequential(nn.Embedding(4, 4), nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, 2)),
            "net: got nn.MultiheadAttention in nn.Sequential, which gives it one input of three; expected a module of "
            "your own with `x, _ = self.attention(x, x, x)`, then `self.out(x)` or `self.out(x[:, -1])`",
        ),
    ],
)
def test_another_attention_is_one_line(net: nn.Module, message: str) -> None:
    with pytest.raises(InputError) as raised:
        engine.from_torch(net, nn.CrossEntropyLoss(), optim.SGD(net.parameters(), 0.1), TOKENS, CLASSES)
    assert str(raised.value) == message
