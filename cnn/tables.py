"""The README's table of recipes over seeds, from the metrics of each epoch that are kept beside its pictures.

A folder for each recipe holds `metrics.csv` of its first seed and `metrics-seed2.csv` and so on of others. What was
scored on held-out training images, `held-out-seed1.csv` and so on, is kept there too, but in no table.
"""

import json
import math
import re
import shutil
from itertools import pairwise
from pathlib import Path

from cnn.errors import InputError
from cnn.files import make_folder, replacing
from cnn.recipe import load_recipe
from cnn.report import table
from cnn.seeds import Group, columns, finished, group_of

# Of seed 1 the whole report is kept.
REPORT = ("confusion.png", "curves.png", "environment.json", "mistakes.png", "recipe.toml", "report.md", "result.json",
          "summary.txt")  # fmt: skip


def keep(run: Path, assets: Path) -> Path:
    """Copy what a finished run shows into its recipe's folder; returns the metrics that are kept.

    Raises:
        InputError: the run is not finished or was limited, or it has another recipe than what is kept there, which
            only a run of seed 1 on the test images replaces; or a file cannot be read or written.
    """
    if not finished(run):
        raise InputError(f"{run}: is no finished run, expected a folder with a report.md")
    environment = json.loads(_text(run / "environment.json"))
    if environment["limit"]:
        raise InputError(f"{run}: did not train and score on all images, expected a run without --limit")
    folder = assets / _text(run / "recipe.toml").splitlines()[0].removeprefix("# ")
    seed, held_out, kept = environment["seed"], environment["validation"], folder / "recipe.toml"
    leads = seed == 1 and not held_out
    if kept.exists() and not leads and load_recipe(str(run / "recipe.toml")) != load_recipe(str(kept)):
        raise InputError(f"{run}: its recipe is not that of {kept}; keep a run of seed 1 with it first")
    make_folder(folder)
    metrics = folder / (
        f"held-out-seed{seed}.csv" if held_out else "metrics.csv" if leads else f"metrics-seed{seed}.csv"
    )
    names = {name: folder / name for name in (REPORT if leads else ("recipe.toml",))}
    for name, place in {"metrics.csv": metrics, **names}.items():
        with replacing(place) as part:
            shutil.copyfile(run / name, part)
    return metrics


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def kept_runs(assets: Path) -> list[Group]:
    """The runs whose metrics are kept in a folder, those of a recipe together, the best first.

    Raises:
        InputError: there are none.
    """
    recipes = {path.parent for path in assets.glob("*/metrics*.csv")}
    if not recipes:
        raise InputError(f"{assets}: holds no */metrics.csv, expected the metrics of a run for each recipe")
    groups = [group_of(folder.name, {_seed(path): path for path in folder.glob("metrics*.csv")}) for folder in recipes]
    return sorted(groups, key=lambda group: -group.mean[-1])


def _seed(path: Path) -> int:
    match = re.fullmatch(r"metrics(?:-seed(\d+))?\.csv", path.name)
    if not match:
        raise InputError(f"{path}: expected metrics.csv, of seed 1, or metrics-seed2.csv and so on")
    return int(match[1] or 1)


def recipes_table(groups: list[Group]) -> list[str]:
    """The lines of a Markdown table with a row for each recipe."""
    rows = [columns(group) | {"recipe": f"`{group.name}`"} for group in groups]
    return table(list(rows[0]), [list(row.values()) for row in rows])


def differences(groups: list[Group]) -> list[str]:
    """A line for each two recipes that follow each other, of those with two seeds and more: how far apart they are."""
    several = [group for group in groups if len(group.seeds) > 1]
    return [
        f"- `{first.name}` − `{second.name}`: {first.mean[-1] - second.mean[-1]:.3f} points, standard error "
        f"{math.hypot(first.standard_error, second.standard_error):.3f}"
        for first, second in pairwise(several)
    ]
