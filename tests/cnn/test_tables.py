import csv
from pathlib import Path

import pytest

from cnn.errors import InputError
from cnn.tables import kept_runs, recipes_table

ROOT = Path(__file__).parents[2]


def _metrics(path: Path, *accuracies: float) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "test_accuracy", "seconds"])
        writer.writerows([epoch, accuracy, 50.0] for epoch, accuracy in enumerate(accuracies, 1))


def test_the_table_is_made_of_each_seed_s_metrics(tmp_path: Path) -> None:
    _metrics(tmp_path / "wide/metrics.csv", 99.3, 99.5, 99.6)
    _metrics(tmp_path / "wide/metrics-seed2.csv", 99.1, 99.5, 99.7)
    _metrics(tmp_path / "short/metrics.csv", 99.0)
    assert recipes_table(kept_runs(tmp_path))[2:] == [
        "| `wide` | 1, 2 | 3 | 99.650 ± 0.071 | 99.60 | 99.70 | epoch 2 |",
        "| `short` | 1 | 1 | 99.00 | 99.00 | 99.00 | – |",
    ]


def test_seeds_of_different_lengths_are_named(tmp_path: Path) -> None:
    _metrics(tmp_path / "one/metrics.csv", 99.0)
    _metrics(tmp_path / "one/metrics-seed2.csv", 99.0, 99.1)
    with pytest.raises(InputError, match=r"^one: expected as many epochs of each seed: .*metrics.*csv has \d, "):
        kept_runs(tmp_path)


@pytest.mark.parametrize("page", ["README.md", "cnn/README.md"])
def test_the_pages_have_the_figures_of_the_kept_metrics(page: str) -> None:
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    table = recipes_table(kept_runs(ROOT / "assets"))
    start = lines.index(table[0])
    assert lines[start : start + len(table)] == table
    assert not lines[start + len(table)].startswith("|")


def test_the_recipes_of_the_kept_metrics_are_those_that_ship() -> None:
    for group in kept_runs(ROOT / "assets"):
        assert (ROOT / "cnn/recipes" / f"{group.name}.toml").is_file()
        assert f"epochs = {len(group.mean)}\n" in (ROOT / "cnn/recipes" / f"{group.name}.toml").read_text()
