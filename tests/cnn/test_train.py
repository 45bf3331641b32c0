from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from cnn import processes
from cnn.augment import MOVES
from cnn.data import Digits, normalise
from cnn.errors import InputError
from cnn.model import DigitNet
from cnn.recipe import Recipe, load_recipe
from cnn.train import Trainer, score

CPU = torch.device("cpu")
SGD = replace(load_recipe("default"), optimizer="sgd", weight_decay=0.0002)
QUICK = {
    "adam, dropout": replace(load_recipe("reference"), epochs=3, batch_size=64, learning_rate=0.01),
    "sgd, augmented, averaged": replace(SGD, epochs=3, batch_size=64, average=0.2),
    "muon": replace(load_recipe("default"), epochs=3, batch_size=64),
}
all_recipes = pytest.mark.parametrize("recipe", QUICK.values(), ids=QUICK.keys())


def _ignore(_count: int, _loss: Tensor) -> None:
    pass


def _run(recipe: Recipe, digits: Digits, seed: int = 1, epochs: int = 3) -> tuple[Trainer, list[tuple[float, float]]]:
    trainer = Trainer(recipe, seed, CPU)
    return trainer, [trainer.train_epoch(digits, _ignore) for _ in range(epochs)]


def _same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one.keys() | other.keys())


@pytest.mark.parametrize(
    ("recipe", "plain"),
    [
        (
            replace(load_recipe("reference"), dropout=0.0, dropout_pooled=0.0),
            lambda model: torch.optim.Adam(model.parameters(), lr=0.03),
        ),
        (
            replace(SGD, rotation=0.0, scale=0.0, shear=0.0, shift=0.0, weight_decay=0.0),
            lambda model: torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9, nesterov=True),
        ),
    ],
    ids=["adam", "sgd"],
)
def test_three_steps_equal_a_plain_torch_loop(
    recipe: Recipe, plain: Callable[[nn.Module], Optimizer], digits: Digits
) -> None:
    trainer = Trainer(recipe, 1, CPU)
    model = DigitNet()
    model.load_state_dict(trainer.model.state_dict())
    # The same order of sums: the first steps of Adam make much of a rounding.
    model.to(memory_format=torch.channels_last)
    optimizer = plain(model)
    for first in (0, 64, 128):
        images, labels = digits.images[first : first + 64], digits.labels[first : first + 64]
        ours, _ = trainer.step(images, labels, torch.zeros(64, MOVES), 0.03, 64)
        theirs = nn.CrossEntropyLoss()(model((images / 255 - 0.1307) / 0.3081), labels)
        optimizer.zero_grad()
        theirs.backward()
        optimizer.step()
        assert ours.item() / 64 == pytest.approx(theirs.item(), rel=1e-4)


def test_muon_has_a_tenth_of_the_learning_rate_and_sgd_the_others_parameters() -> None:
    trainer = Trainer(load_recipe("default"), 1, CPU)
    trainer.step(torch.zeros(4, 1, 28, 28, dtype=torch.uint8), torch.zeros(4).long(), torch.zeros(4, MOVES), 0.3, 4)
    muon, sgd = trainer.optimizers
    assert [group["lr"] for group in muon.param_groups] == [pytest.approx(0.03)]
    assert [group["lr"] for group in sgd.param_groups] == [0.3]
    counts = [sum(p.numel() for group in o.param_groups for p in group["params"]) for o in trainer.optimizers]
    assert counts == [19298 - 314, 314]


def test_what_a_move_brings_in_at_the_borders_is_as_black_as_the_rest() -> None:
    trainer = Trainer(load_recipe("default"), 1, CPU)
    seen: list[Tensor] = []

    def see(_model: nn.Module, images: tuple[Tensor]) -> None:
        seen.append(images[0])

    trainer.model.register_forward_pre_hook(see)
    trainer.step(torch.zeros(4, 1, 28, 28, dtype=torch.uint8), torch.zeros(4).long(), torch.ones(4, MOVES), 0.1, 4)
    torch.testing.assert_close(seen, [torch.full((4, 1, 28, 28), -0.1307 / 0.3081)])


def test_weight_decay_spares_norms_and_biases() -> None:
    trainer = Trainer(SGD, 1, CPU)
    (optimizer,) = trainer.optimizers
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in trainer.model.named_parameters():
        convolution = isinstance(trainer.model.get_submodule(name.rpartition(".")[0]), nn.Conv2d)
        decayed = convolution and name.endswith("weight")
        assert decays[id(parameter)] == (0.0002 if decayed else 0.0), name


@all_recipes
def test_the_loss_falls(recipe: Recipe, digits: Digits) -> None:
    _, epochs = _run(recipe, digits)
    losses = [loss for loss, _ in epochs]
    assert losses[2] < losses[1] < losses[0]


@all_recipes
def test_the_same_seed_gives_the_same_numbers(recipe: Recipe, digits: Digits) -> None:
    first, first_epochs = _run(recipe, digits)
    second, second_epochs = _run(recipe, digits)
    assert first_epochs == second_epochs
    assert _same(first.weights(), second.weights())


def test_another_seed_gives_other_numbers(digits: Digits) -> None:
    recipe = QUICK["adam, dropout"]
    assert _run(recipe, digits, seed=1, epochs=1)[1] != _run(recipe, digits, seed=2, epochs=1)[1]


@all_recipes
def test_a_restored_trainer_goes_on_bit_for_bit(recipe: Recipe, digits: Digits) -> None:
    whole, epochs = _run(recipe, digits)
    stopped, _ = _run(recipe, digits, epochs=2)
    resumed = Trainer(recipe, 1, CPU)
    torch.rand(12345)  # numbers drawn meanwhile must not matter
    resumed.restore(stopped.state())
    assert resumed.train_epoch(digits, _ignore) == epochs[2]
    assert _same(resumed.weights(), whole.weights())


def test_the_average_follows_its_definition(digits: Digits) -> None:
    trainer = Trainer(replace(QUICK["sgd, augmented, averaged"], average=0.5), 1, CPU)
    name = "layers.0.weight"
    expected = trainer.weights()[name]
    seen: list[Tensor] = []
    trainer.train_epoch(digits, lambda *_: seen.append(trainer.model.state_dict()[name].clone()))
    assert len(seen) == 5
    for step, weights in enumerate(seen):
        weight = 1 / (1 + 0.5 * step)
        expected = (1 - weight) * expected + weight * weights
    torch.testing.assert_close(trainer.weights()[name], expected)


def test_without_an_average_the_network_s_own_weights_are_scored(digits: Digits) -> None:
    trainer, _ = _run(QUICK["adam, dropout"], digits, epochs=1)
    for name, parameter in trainer.model.named_parameters():
        assert torch.equal(trainer.weights()[name], parameter), name


def test_a_short_run_scores_what_its_weights_can_do(digits: Digits) -> None:
    trainer, epochs = _run(QUICK["muon"], digits)
    shares = trainer.score(digits).labels == digits.labels
    # The plain images are easier than those that the last epoch met, augmented and with weights less trained.
    assert 100 * shares.float().mean() > epochs[-1][1]


def test_an_epoch_shows_each_image_once(digits: Digits) -> None:
    trainer = Trainer(replace(QUICK["adam, dropout"], batch_size=100), 1, CPU)
    sizes: list[int] = []
    trainer.train_epoch(digits, lambda count, _: sizes.append(count))
    assert sizes == [100, 100, 100, 20]


def test_a_last_batch_too_small_for_the_processes_is_named(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(replace(QUICK["adam, dropout"], batch_size=106), 1, CPU)
    monkeypatch.setattr(processes, "count", lambda: 3)
    with pytest.raises(InputError) as caught:
        trainer.train_epoch(digits, _ignore)
    assert str(caught.value) == (
        "the last batch of an epoch has 2 of the 320 images, expected one at least for each of 3 processes; "
        "change --batch-size"
    )


def test_the_score_is_the_mean_loss_and_the_likeliest_labels(digits: Digits) -> None:
    model = DigitNet().eval()
    got = score(model, digits)
    with torch.inference_mode():
        logits = model(normalise(digits.images))
    assert got.loss == pytest.approx(nn.functional.cross_entropy(logits, digits.labels).item(), rel=1e-5)
    assert torch.equal(got.labels, logits.argmax(1))
