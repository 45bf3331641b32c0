import csv
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cnn.data import Digits, hold_out
from cnn.errors import InputError
from cnn.judge import LEAST, digit_shares
from cnn.recipe import load_recipe, to_toml
from cnn.tables import REPORT, differences, kept_runs, recipes_table
from tests.cnn import read_made
from tests.cnn.made_pages import EMPTY

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
        "| `wide` | 1, 2 | 3 | 99.650 ± 0.071 | 0.050 | 99.60 | 99.70 | epoch 2 |",
        "| `short` | 1 | 1 | 99.00 | – | 99.00 | 99.00 | – |",
    ]


def test_recipes_of_several_seeds_are_compared_with_the_error_of_their_difference(tmp_path: Path) -> None:
    for name, accuracies in {"good": (99.6, 99.7), "fair": (99.3, 99.3, 99.6), "one": (99.0,)}.items():
        for seed, accuracy in enumerate(accuracies, 1):
            _metrics(tmp_path / name / f"metrics-seed{seed}.csv", accuracy)
    # Welch's: √(0.05² + 0.1²)
    assert differences(kept_runs(tmp_path)) == ["- `good` − `fair`: 0.250 points, standard error 0.112"]


def _finished(
    run: Path, seed: int, *accuracies: float, limit: int | None = None, epochs: int = 2, held_out: bool = False
) -> Path:
    """The folder of a finished run, as far as `keep` reads it."""
    run.mkdir(parents=True)
    _metrics(run / "metrics.csv", *accuracies)
    for name in REPORT:
        (run / name).write_text(f"{name} of seed {seed}")
    recipe = to_toml(replace(load_recipe("quick"), epochs=epochs))
    (run / "recipe.toml").write_text(f"# wide\n{recipe}")
    (run / "environment.json").write_text(json.dumps({"seed": seed, "limit": limit, "validation": held_out}))
    return run


def test_what_is_kept_of_runs_is_what_the_tables_are_made_of(command: Callable[..., Any], tmp_path: Path) -> None:
    runs = [_finished(tmp_path / f"runs/{seed}", seed, 99.0, 99.5 + seed / 100) for seed in (1, 2)]
    (runs[0] / "checkpoint-00001.pt").touch()
    result = command("keep", *runs)
    assert (result.status, result.err) == (0, "")
    assert result.out.split() == ["assets/wide/metrics.csv", "assets/wide/metrics-seed2.csv"]
    kept = {path.name for path in Path("assets/wide").iterdir()}
    assert kept == {*REPORT, "metrics.csv", "metrics-seed2.csv"}
    assert Path("assets/wide/report.md").read_text() == "report.md of seed 1"
    assert "| `wide` | 1, 2 | 2 | 99.515 ± 0.007 |" in command("tables").out


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"limit": 100}, "did not train and score on all images, expected a run without --limit"),
        (
            {"epochs": 3},
            "its recipe is not that of assets/wide/recipe.toml; keep a run of seed 1 with it first",
        ),
    ],
)
def test_a_run_that_does_not_belong_beside_the_others_is_not_kept(
    command: Callable[..., Any], tmp_path: Path, changed: dict[str, Any], line: str
) -> None:
    _finished(tmp_path / "runs/1", 1, 99.5)
    _finished(tmp_path / "runs/2", 2, 99.5, **changed)
    result = command("keep", "runs/1", "runs/2")
    assert (result.status, result.err) == (2, f"error: runs/2: {line}\n")
    assert not Path("assets/wide/metrics-seed2.csv").exists()


def test_what_was_scored_on_held_out_images_is_kept_but_in_no_table(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    _finished(tmp_path / "runs/1", 1, 99.9, held_out=True)
    assert command("keep", "runs/1").out == "assets/wide/held-out-seed1.csv\n"
    assert {path.name for path in Path("assets/wide").iterdir()} == {"recipe.toml", "held-out-seed1.csv"}
    assert command("tables").status == 2
    _finished(tmp_path / "runs/2", 2, 99.9, held_out=True, epochs=3)
    assert command("keep", "runs/2").status == 2


def test_an_unfinished_run_is_not_kept(command: Callable[..., Any]) -> None:
    result = command("keep", "runs/1")
    assert (result.status, result.err) == (2, "error: runs/1: is no finished run, expected a folder with a report.md\n")


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


def test_the_pages_have_the_counts_of_the_shipped_models() -> None:
    root, cnn = ((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "cnn/README.md"))
    for name in ("best", "default"):
        result = json.loads((ROOT / f"assets/{name}/result.json").read_text())
        note = tomllib.loads((ROOT / f"cnn/weights/{name}.toml").read_text(encoding="utf-8"))
        assert result["right"] == note["test_right"]
        assert f"| `{name}` | {result['right']:,} | {result['right_average_shifts']:,} |" in cnn
        if name == "best":
            assert f"{result['right']:,} of 10,000 test images right" in root


def test_the_page_has_the_differences_of_the_kept_metrics() -> None:
    page = (ROOT / "cnn/README.md").read_text(encoding="utf-8")
    lines = differences(kept_runs(ROOT / "assets"))
    assert lines
    assert "\n".join(lines) in page


def test_the_judge_s_counts_are_those_of_the_page_and_of_the_weights_that_ship(mnist: tuple[Digits, Digits]) -> None:
    counts = json.loads((ROOT / "assets/judge.json").read_text())
    page = " ".join((ROOT / "cnn/README.md").read_text(encoding="utf-8").split())
    for name in ("held-out digits", "clutter"):
        taken, count = counts[name]
        assert f"{taken:,} of {count:,}" in page
    held_out = hold_out(mnist[0])[1]
    taken = int((digit_shares(held_out.images) > LEAST).sum())
    assert abs(taken - counts["held-out digits"][0]) <= 2  # other processors round otherwise


def test_the_recipes_of_the_kept_metrics_are_those_that_ship() -> None:
    for group in kept_runs(ROOT / "assets"):
        assert (ROOT / "cnn/recipes" / f"{group.name}.toml").is_file()
        assert f"epochs = {len(group.mean)}\n" in (ROOT / "cnn/recipes" / f"{group.name}.toml").read_text()


def test_the_page_has_the_last_epochs_of_what_was_tried() -> None:
    page = (ROOT / "cnn/README.md").read_text(encoding="utf-8")
    _, section = page.split("\n## Tried to do better than `long`, and not taken\n")
    rows = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("|") and "](" in line]
    linked = {name for row in rows for name in re.findall(r"/assets/tried/([\w-]+\.csv)", row)}
    assert linked == {path.name for path in (ROOT / "assets/tried").iterdir()}
    assert len(rows) == 8
    for row in rows:
        lasts = []
        for name in re.findall(r"\(\.\./(assets/[\w/-]+\.csv)\)", row):
            with (ROOT / name).open(newline="") as file:
                *_, last = csv.DictReader(file)
            lasts.append(last)
        counts = [f"{int(last['test_right']):,}" for last in lasts]
        losses = [] if len(lasts) > 1 else [f"{float(lasts[0]['test_loss']):.4f}"]
        assert [cell.strip() for cell in row.split("|")[2:-1]] == counts + losses


def test_the_pages_have_the_counts_of_the_made_pictures() -> None:
    root, cnn = ((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "cnn/README.md"))
    with (ROOT / read_made.counts_of("test")).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == [*read_made.DRAW]
    empty, written = read_made.tables(rows)
    for lines in (empty, written):
        assert "\n".join(lines) + "\n\n" in cnn
    right, pictures = re.findall(r"\d+", written[-1])[:2]
    none, without = map(int, re.findall(r"\d+", empty[-1])[:2])
    sentence = f"of {pictures} pictures of digits made for a test it reads {right} right, of {without} without a digit"
    assert f"{sentence} it takes {without - none or 'none'} for digits" in " ".join(root.split())


def test_the_page_has_the_counts_of_the_held_out_pictures() -> None:
    with (ROOT / read_made.counts_of("held-out")).open(newline="") as file:
        right = {row["kind"]: int(row["right"]) for row in csv.DictReader(file)}
    empty = sum(right[kind] for kind in EMPTY)
    written = sum(right.values()) - empty
    page = " ".join((ROOT / "cnn/README.md").read_text(encoding="utf-8").split())
    assert f"{empty} of 400 without a digit and {written} of 600 with digits are right. {written / 6:.1f} %" in page
    assert f"of digits that touch it is {right['digits that touch']} of 50." in page
