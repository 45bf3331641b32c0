"""Distillation: a recipe whose network learns from a teacher, and the teacher's own run."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cnn.augment import MOVES
from cnn.data import Digits
from cnn.model import DigitNet, load_model
from cnn.recipe import load_recipe
from cnn.train import Trainer, distillation

CPU = torch.device("cpu")
TAUGHT = replace(load_recipe("best"), epochs=2, batch_size=50)


def test_distillation_and_its_gradient_follow_their_definition() -> None:
    torch.manual_seed(1)
    logits, answers, heat = torch.randn(6, 10).double().requires_grad_(), torch.randn(6, 10).double(), 2.0

    class Fixed(DigitNet):
        def forward(self, images: Tensor) -> Tensor:
            return answers[: len(images)]

    loss = distillation(logits, Fixed(), torch.zeros(6, 1, 28, 28), heat)
    ours, theirs = (logits / heat).softmax(1), (answers / heat).softmax(1)
    assert loss.item() == pytest.approx(heat**2 * (theirs * (theirs / ours).log()).sum().item())
    (gradient,) = torch.autograd.grad(loss, logits)
    # Hinton, Vinyals and Dean, equation 2, times T²
    torch.testing.assert_close(gradient, heat * (ours - theirs))


def test_the_teacher_is_asked_about_the_same_augmented_images(digits: Digits) -> None:
    trainer = Trainer(TAUGHT, 1, CPU)
    trainer.teacher = DigitNet(width=2).eval()
    seen: list[Tensor] = []

    def see(_model: nn.Module, images: tuple[Tensor]) -> None:
        seen.append(images[0])

    for model in (trainer.model, trainer.teacher):
        model.register_forward_pre_hook(see)
    before = {name: tensor.clone() for name, tensor in trainer.teacher.state_dict().items()}
    trainer.step(digits.images[:20], digits.labels[:20], torch.ones(20, MOVES), 0.1, 20)
    assert torch.equal(seen[0], seen[1])
    assert all(torch.equal(tensor, before[name]) for name, tensor in trainer.teacher.state_dict().items())


def test_a_network_comes_to_answer_as_its_teacher_though_the_labels_are_wrong(digits: Digits) -> None:
    torch.manual_seed(5)
    taught = Trainer(replace(TAUGHT, epochs=3, teacher_weight=1.0), 1, CPU)
    teacher = Trainer(replace(load_recipe("default"), epochs=3, batch_size=50), 2, CPU)
    for _ in range(3):
        teacher.train_epoch(digits, lambda *_: None)
    taught.teacher = teacher.model.eval()
    taught.teacher.load_state_dict(teacher.weights())  # whose batch norms have statistics of their own
    wrong = Digits(digits.images, (digits.labels + 1) % 10)
    for _ in range(3):
        taught.train_epoch(wrong, lambda *_: None)
    answers = taught.score(digits).labels
    assert (answers == digits.labels).float().mean() > 0.8
    assert (answers == wrong.labels).float().mean() < 0.1


@pytest.fixture
def taught(small_recipe: None, command: Callable[..., Any], data_folder: Path, tmp_path: Path) -> Callable[..., Any]:  # noqa: ARG001
    """Train with a teacher, both in seconds, in the test's own folder."""
    small = (tmp_path / "small.toml").read_text().replace("epochs = 1", "epochs = 2")
    (tmp_path / "wide.toml").write_text(f"{small}width = 2\n")
    (tmp_path / "taught.toml").write_text(f'{small}teacher = "wide.toml"\n')
    shared = ["--recipe", "taught.toml", "--limit", 100, "--device", "cpu", "--data", data_folder]
    return lambda *more: command("train", *shared, *more)


def test_the_teacher_is_trained_once_and_a_kill_of_either_run_changes_nothing(taught: Callable[..., Any]) -> None:
    assert taught().status == 0
    teacher, student = Path("runs/wide-seed1-limit100"), Path("runs/taught-seed1-limit100")
    assert load_model(teacher / "model.safetensors", CPU).layers[0].out_channels == 16
    expected = [(folder / "model.safetensors").read_bytes() for folder in (teacher, student)]
    last = ("report.md", "model.safetensors", "checkpoint-00002.pt")
    shutil.rmtree(student)  # as a kill in the teacher's second epoch leaves them
    for name in last:
        (teacher / name).unlink()
    result = taught()
    assert (result.status, result.err) == (0, "")
    assert result.out.count("epoch  1") == 1
    written = (teacher / "model.safetensors").stat().st_mtime_ns
    for name in last:
        (student / name).unlink()  # as a kill in the network's own second epoch
    result = taught("--resume")
    assert (result.status, result.err) == (0, "")
    assert [result.out.count(f"epoch  {number}") for number in (1, 2)] == [0, 1]
    assert [(folder / "model.safetensors").read_bytes() for folder in (teacher, student)] == expected
    assert (teacher / "model.safetensors").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("teacher", "line"),
    [
        ("taught.toml", "teacher taught.toml: has a teacher itself, expected a recipe without one"),
        (
            "nobody",
            "recipe nobody: No such file or directory; expected best or default or quick or reference or teacher, "
            "or the path of a TOML file",
        ),
    ],
)
def test_a_teacher_that_cannot_be_is_named(taught: Callable[..., Any], teacher: str, line: str) -> None:
    path = Path("taught.toml")
    path.write_text(path.read_text().replace("wide.toml", teacher))
    result = taught()
    assert (result.status, result.err) == (2, f"error: {line}\n")
    assert not Path("runs").exists()
