import csv
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cnn.errors import InputError
from cnn.seeds import collect, draw, parse_seeds, summary


def _run(
    runs: Path, name: str, accuracies: list[float], recipe: str = "epochs = 3\n", *, finished: bool = True
) -> None:
    """A run's folder, as far as the summary reads it."""
    folder = runs / name
    folder.mkdir()
    (folder / "recipe.toml").write_text(recipe)
    with (folder / "metrics.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "test_accuracy", "seconds"])
        writer.writerows([epoch, accuracy, 10 + epoch] for epoch, accuracy in enumerate(accuracies))
    if finished:
        (folder / "report.md").touch()


@pytest.mark.parametrize(
    ("text", "seeds"), [("1-5", [1, 2, 3, 4, 5]), ("3", [3]), ("7, 1-2,1", [7, 1, 2]), ("0-0", [0])]
)
def test_seeds_are_ranges_and_lists(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "5-1", "1-", "-1", "1-2-3", "1.5", "0-1000", "0,1-1000"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^--seeds .*: expected numbers such as 1-5 or 1,2,7, at most 1,000 of them$"):
        parse_seeds(text)


def test_mean_deviation_and_the_epoch_from_which_the_goal_is_kept(tmp_path: Path) -> None:
    _run(tmp_path, "wide-seed1", [99.5, 99.3, 99.6])
    _run(tmp_path, "wide-seed2", [99.5, 99.4, 99.4])
    (group,) = collect(tmp_path)
    assert sorted(group.seeds) == [1, 2]
    assert group.mean.tolist() == pytest.approx([99.5, 99.35, 99.5])
    assert group.deviation == pytest.approx(statistics.stdev([99.6, 99.4]))
    assert group.goal_from == 3  # not 1: the second epoch fell below again
    assert "| wide | 2 | 3 | 99.500 ± 0.141 | 0.100 | 99.40 | 99.60 | epoch 3 | – | 11.0 |" in summary([group])


def test_the_mean_over_shifts_stands_beside_the_plain_one_once_all_runs_have_it(tmp_path: Path) -> None:
    for seed, right in ((1, 9970), (2, 9975)):
        _run(tmp_path, f"wide-seed{seed}", [99.5])
        assert collect(tmp_path)[0].shifted is None
        result = {"images": 10_000, "right": 9950, "right_average_shifts": right}
        (tmp_path / f"wide-seed{seed}" / "result.json").write_text(json.dumps(result))
    assert "| wide | 2 | 1 | 99.500 ± 0.000 | 0.000 | 99.50 | 99.50 | epoch 1 | 99.725 | 10.0 |" in summary(
        collect(tmp_path)
    )


@pytest.mark.parametrize(("accuracies", "epoch"), [([99.0, 99.3], None), ([99.4, 99.9], 1), ([99.0, 99.4], 2)])
def test_the_goal_may_be_kept_never_or_always(accuracies: list[float], epoch: int | None, tmp_path: Path) -> None:
    _run(tmp_path, "some-seed1", accuracies)
    assert collect(tmp_path)[0].goal_from == epoch


def test_only_finished_runs_that_differ_in_the_seed_alone_are_taken_together(tmp_path: Path) -> None:
    _run(tmp_path, "one-seed1", [99.0, 99.5])
    _run(tmp_path, "one-seed2", [99.0, 99.7], finished=False)
    _run(tmp_path, "one-seed3", [99.6], recipe="epochs = 1\n")
    _run(tmp_path, "one-seed1-limit50", [90.0])
    _run(tmp_path, "other", [99.9])
    found = [(group.name, group.seeds, group.accuracy.tolist()) for group in collect(tmp_path)]
    assert found == [("one", [3], [[99.6]]), ("one", [1], [[99.0, 99.5]]), ("one-limit50", [1], [[90.0]])]


def test_the_picture_shows_groups_of_any_length(tmp_path: Path) -> None:
    _run(tmp_path, "one-seed1", [99.0, 100.0])
    _run(tmp_path, "two-seed1", [90.0])
    draw(collect(tmp_path), tmp_path / "seeds.png")
    with Image.open(tmp_path / "seeds.png") as picture:
        assert picture.size == (960, 600)


@pytest.mark.usefixtures("small_recipe")
def test_finished_seeds_are_not_trained_again(command: Callable[..., Any], data_folder: Path, tmp_path: Path) -> None:
    arguments = ["seeds", "--recipe", "small.toml", "--limit", 100, "--device", "cpu", "--data", data_folder]
    assert command(*arguments, "--seeds", 1).status == 0
    first = tmp_path / "runs/small-seed1-limit100/report.md"
    written = first.stat().st_mtime_ns
    result = command(*arguments, "--seeds", "1-2")
    assert (result.status, result.err) == (0, "")
    assert "small-seed1-limit100: finished before" in result.out
    assert first.stat().st_mtime_ns == written
    page = (tmp_path / "runs/seeds.md").read_text()
    assert "| small-limit100 | 2 | 1 |" in page
    assert (tmp_path / "runs/seeds.png").is_file()
