"""The README's table of recipes over seeds, from the metrics of each epoch that are kept beside its pictures.

A folder for each recipe holds `metrics.csv` of its first seed and `metrics-seed2.csv` and so on of others.
"""

import re
from pathlib import Path

from cnn.errors import InputError
from cnn.report import table
from cnn.seeds import Group, columns, group_of


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
