"""torch's own switches: autocast, compile and export take the network as they take any other."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from cnn.augment import MOVES
from cnn.data import Digits, normalise
from cnn.model import SHIPPED, DigitNet, load_model
from cnn.recipe import load_recipe
from cnn.train import Trainer

CPU = torch.device("cpu")


@pytest.fixture
def images(digits: Digits) -> Tensor:
    return normalise(digits.images[:20]).contiguous(memory_format=torch.channels_last)


def _gradients(model: DigitNet, logits: Tensor, labels: Tensor | None = None) -> Tensor:
    loss = functional.cross_entropy(logits.float(), torch.arange(len(logits)) % 10 if labels is None else labels)
    return torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, [*model.parameters()])])


def test_under_autocast_the_gradients_are_nearly_those_of_32_bits(images: Tensor) -> None:
    torch.manual_seed(1)
    model = DigitNet()
    exact = _gradients(model, model(images))
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(images)
    assert logits.dtype == torch.bfloat16
    assert functional.cosine_similarity(_gradients(model, logits), exact, dim=0) > 0.9
    assert all(tensor.dtype in (torch.float32, torch.int64) for tensor in model.state_dict().values())


def test_the_cosines_on_the_page_are_those_of_the_first_training_images(mnist: tuple[Digits, Digits]) -> None:
    page = " ".join((Path(__file__).parents[2] / "cnn/README.md").read_text(encoding="utf-8").split())
    told = re.search(r"([\d.]+) with the random weights of seed 1 and ([\d.]+) with the trained ones", page)
    assert told is not None
    few = mnist[0].first(128)
    images = normalise(few.images).contiguous(memory_format=torch.channels_last)
    torch.manual_seed(1)
    for model, cosine in zip((DigitNet(), load_model(SHIPPED, CPU)), told.groups(), strict=True):
        model.train()
        exact = _gradients(model, model(images), few.labels)
        with torch.autocast("cpu", torch.bfloat16):
            half = _gradients(model, model(images), few.labels)
        last = 10 ** -len(cosine.partition(".")[2])  # other processors round otherwise
        assert abs(functional.cosine_similarity(half, exact, dim=0).item() - float(cosine)) <= last


def test_scoring_under_autocast_gives_nearly_the_logits_of_32_bits(images: Tensor) -> None:
    torch.manual_seed(1)
    model = DigitNet().eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        half = model(images)
    with torch.inference_mode():
        torch.testing.assert_close(half.float(), model(images), rtol=0, atol=0.02)


def test_compiled_the_gradients_are_the_same(images: Tensor) -> None:
    torch.manual_seed(1)
    model = DigitNet()
    compiled = torch.compile(model, backend="aot_eager")  # all of the compiler but the C++ that it writes
    torch.testing.assert_close(_gradients(model, compiled(images)), _gradients(model, model(images)))


def test_exported_it_takes_any_number_of_images(images: Tensor) -> None:
    model = DigitNet().eval()
    program = torch.export.export(model, (images,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    torch.testing.assert_close(program.module()(images[:3]), model(images[:3]))


def test_a_recipe_in_bf16_trains_its_convolutions_in_it(digits: Digits) -> None:
    trainer = Trainer(replace(load_recipe("default"), precision="bf16"), 1, CPU)
    seen: list[torch.dtype] = []
    trainer.model.layers[0].register_forward_hook(lambda _layer, _input, output: seen.append(output.dtype))
    losses = [
        trainer.step(digits.images[:20], digits.labels[:20], torch.zeros(20, MOVES), 0.1, 20)[0].item()
        for _ in range(6)
    ]
    assert set(seen) == {torch.bfloat16}
    assert losses[-1] < losses[0] / 2
