from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from cnn import report
from cnn.data import Digits
from cnn.report import Row, best, confusion, draw_confusion, draw_curves, draw_mistakes, markdown


def _row(epoch: int, accuracy: float) -> Row:
    return {
        "epoch": epoch,
        "learning_rate": 0.1,
        "train_loss": 0.5 / epoch,
        "train_accuracy": 90.0,
        "test_loss": 0.4 / epoch,
        "test_accuracy": accuracy,
        "test_right": round(accuracy * 3.2),
        "seconds": 2.0,
        "images_per_second": 160.0,
    }


ROWS = [_row(1, 90.0), _row(2, 99.0625), _row(3, 99.0625), _row(4, 98.75)]


def test_the_confusion_matrix_counts_answers_a_label() -> None:
    labels, answers = torch.tensor([0, 0, 3, 9]), torch.tensor([0, 3, 3, 4])
    counts = confusion(labels, answers)
    assert counts.nonzero().tolist() == [[0, 0], [0, 3], [3, 3], [9, 4]]
    assert counts.sum() == 4


def test_the_best_epoch_is_the_first_of_the_highest() -> None:
    assert best(ROWS)["epoch"] == 2


def test_the_page_says_that_best_was_chosen_on_the_images_scored_and_gives_the_last_beside_it() -> None:
    counts = torch.diag(torch.tensor([32] * 10))
    counts[4] = torch.tensor([0, 0, 0, 0, 28, 0, 0, 0, 0, 4])
    page = markdown("A run", "test images", ROWS, counts, {"torch": "2"})
    assert "After the last epoch, 4, **98.75 %** of 320 test images are read right (316)." in page
    assert "The best epoch, 2, had 99.06 % (317); it was chosen on these images themselves" in page
    assert "| 4 | 32 | 4 | 12.50 |" in page
    for picture in ("curves.png", "confusion.png", "mistakes.png"):
        assert f"]({picture})" in page


@pytest.mark.parametrize(("accuracy", "loss"), [(100.0, 0.1), (9.8, float("nan"))], ids=["perfect", "diverged"])
def test_curves_are_drawn_of_a_run_that_is(accuracy: float, loss: float, tmp_path: Path) -> None:
    extreme = {"train_accuracy": accuracy, "test_accuracy": accuracy, "train_loss": loss, "test_loss": loss}
    draw_curves([_row(1, 90.0) | extreme, _row(2, 90.0) | extreme], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 10_000


def test_the_axes_of_one_epoch_have_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(report, "save_figure", lambda figure, _path: figures.append(figure))
    draw_curves(ROWS[:1], tmp_path / "curves.png")
    figures[0].draw_without_rendering()
    for axes in figures[0].axes:
        low, high = axes.get_ylim()
        ticks = [*zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)]
        ticks += zip(axes.get_yticks(minor=True), axes.get_yticklabels(minor=True), strict=True)
        assert sum(low <= place <= high and label.get_text() != "" for place, label in ticks) >= 2, axes.get_ylabel()


@pytest.mark.parametrize("wrong", [0, 5, 200])
def test_the_pictures_are_drawn_whether_much_is_misread_or_nothing(wrong: int, digits: Digits, tmp_path: Path) -> None:
    answers = digits.labels.clone()
    answers[:wrong] = (answers[:wrong] + 1) % 10
    draw_curves(ROWS[:1] if wrong == 0 else ROWS, tmp_path / "curves.png")
    draw_confusion(confusion(digits.labels, answers), tmp_path / "confusion.png")
    draw_mistakes(digits, answers, tmp_path / "mistakes.png")
    for name in ("curves.png", "confusion.png", "mistakes.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 500
