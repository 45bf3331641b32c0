"""Distillation: a recipe whose network learns from a teacher, and the teacher's own run."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import Tensor

from cnn.augment import augment
from cnn.data import Digits, normalise
from cnn.model import DigitNet, load_model
from cnn.recipe import Recipe, load_recipe
from cnn.teacher import Answers, ask
from cnn.train import Trainer, distillation

CPU = torch.device("cpu")
TAUGHT = replace(load_recipe("best"), precision="fp32", epochs=2, batch_size=50)


def test_distillation_and_its_gradient_follow_their_definition() -> None:
    torch.manual_seed(1)
    logits, answers, heat = torch.randn(6, 10).double().requires_grad_(), torch.randn(6, 10).double(), 2.0
    loss = distillation(logits, answers, heat)
    ours, theirs = (logits / heat).softmax(1), (answers / heat).softmax(1)
    assert loss.item() == pytest.approx(heat**2 * (theirs * (theirs / ours).log()).sum().item())
    (gradient,) = torch.autograd.grad(loss, logits)
    # Hinton, Vinyals and Dean, equation 2, times T²
    torch.testing.assert_close(gradient, heat * (ours - theirs))


def _asked(teachers: list[DigitNet], digits: Digits, recipe: Recipe, folder: Path) -> Answers:
    return ask([teacher.eval() for teacher in teachers], digits, recipe, folder, Console(quiet=True))


def test_the_answers_are_the_teachers_mean_about_the_very_images_that_the_network_meets(
    digits: Digits, tmp_path: Path
) -> None:
    torch.manual_seed(2)
    teachers = [DigitNet(width=2), DigitNet(width=2)]
    taught = Trainer(replace(TAUGHT, teacher_moves=2), 1, CPU)
    taught.answers = _asked(teachers, digits, taught.recipe, tmp_path)
    met: list[tuple[Tensor, Tensor]] = []
    step = taught.step

    def look(*arguments: Any) -> tuple[Tensor, Tensor]:
        images, _, moves, *_, answers = arguments
        met.append((normalise(augment(images.float(), moves, taught.recipe)), answers))
        return step(*arguments)

    taught.step = look  # type: ignore[method-assign,assignment]
    for _ in range(3):
        taught.train_epoch(digits, lambda *_: None)
    assert len(met) == 3 * 7
    with torch.inference_mode():
        for images, answers in met:
            torch.testing.assert_close(answers, (teachers[0](images) + teachers[1](images)) / 2, atol=1e-4, rtol=1e-4)
    moved = [torch.cat([images for images, _ in met[7 * epoch : 7 * epoch + 7]]).double().sum() for epoch in range(3)]
    assert moved[0] != pytest.approx(moved[1].item(), rel=1e-6)  # the second epoch has other moves,
    assert moved[0] == pytest.approx(moved[2].item(), rel=1e-6)  # the third those of the first in another order


def test_answers_are_asked_once_unless_they_are_about_something_else_or_damaged(digits: Digits, tmp_path: Path) -> None:
    torch.manual_seed(3)
    recipe, teacher = replace(TAUGHT, teacher_moves=2), DigitNet(width=2)
    first = _asked([teacher], digits, recipe, tmp_path)
    (folder,) = tmp_path.iterdir()
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    (folder / "2.safetensors").write_bytes(b"damaged")
    again = _asked([teacher], digits, recipe, tmp_path)
    assert torch.equal(again.logits, first.logits)
    assert (folder / "1.safetensors").stat().st_mtime_ns == written["1.safetensors"]
    others = [([DigitNet(width=2)], recipe), ([teacher] * 2, recipe), ([teacher], replace(recipe, rotation=1.0))]
    for count, (teachers, changed) in enumerate(others, start=2):
        _asked(teachers, digits, changed, tmp_path)
        assert len(list(tmp_path.iterdir())) == count


def test_a_network_comes_to_answer_as_its_teacher_though_the_labels_are_wrong(digits: Digits, tmp_path: Path) -> None:
    torch.manual_seed(5)
    recipe = replace(TAUGHT, epochs=3, teacher_weight=1.0)
    taught = Trainer(recipe, 1, CPU)
    teacher = Trainer(replace(load_recipe("default"), epochs=3, batch_size=50), 2, CPU)
    for _ in range(3):
        teacher.train_epoch(digits, lambda *_: None)
    teacher.model.load_state_dict(teacher.weights())  # whose batch norms have statistics of their own
    taught.answers = _asked([teacher.model], digits, recipe, tmp_path)
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
    teacher, student = Path("runs/wide-seed1-limit100-validation"), Path("runs/taught-seed1-limit100")
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
            "recipe nobody: No such file or directory; expected best or default or long or quick or reference or "
            "teacher or wide-teacher, "
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


def test_in_bf16_the_teachers_answer_in_it_and_nearly_as_in_32_bits(digits: Digits, tmp_path: Path) -> None:
    torch.manual_seed(6)
    teacher = DigitNet(width=2)
    seen: list[torch.dtype] = []
    teacher.layers[0].register_forward_hook(lambda _layer, _input, output: seen.append(output.dtype))
    half, whole = (
        _asked([teacher], digits, replace(TAUGHT, teacher_moves=1, precision=precision), tmp_path / precision).logits
        for precision in ("bf16", "fp32")
    )
    assert set(seen[: len(seen) // 2]) == {torch.bfloat16}
    assert half.dtype == torch.float32
    assert not torch.equal(half, whole)
    torch.testing.assert_close(half, whole, rtol=0, atol=0.05 * whole.std().item())


def test_teachers_train_in_the_precision_that_the_network_has(taught: Callable[..., Any]) -> None:
    assert taught("--precision", "bf16").status == 0
    assert 'precision = "bf16"' in Path(
        "runs/wide-seed1-precisionbf16-limit100-validation/recipe.toml"
    ).read_text().replace("'", '"')
