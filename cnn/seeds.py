"""Several seeds of a recipe: which runs are finished, and the table and the picture over all of them."""

import csv
import json
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from cnn.errors import InputError
from cnn.files import replacing
from cnn.report import save_figure, table

GOAL = 99.4  # percent
MOST = 1000  # seeds at once
COLOURS = ("#1f6fb4", "#e07b00", "#2e8540", "#b3261e", "#6b4ba1", "#767676")


@dataclass(frozen=True)
class Group:
    """The finished runs of one recipe: their seeds (R,), and test accuracies in percent (R, epochs)."""

    name: str
    seeds: list[int]
    accuracy: NDArray[np.float64]
    seconds: float  # an epoch, the median over all
    shifted: float | None = None  # the last epoch's accuracy averaged over shifts, the mean; None where a run lacks it

    @property
    def mean(self) -> NDArray[np.float64]:
        """Accuracy after each epoch (epochs,), the mean over the seeds."""
        mean: NDArray[np.float64] = self.accuracy.mean(0)
        return mean

    @property
    def deviation(self) -> float:
        """Standard deviation of the last epoch's accuracy over the seeds, which must be two at least."""
        return float(self.accuracy[:, -1].std(ddof=1))

    @property
    def standard_error(self) -> float:
        """How far the last epoch's mean may be from that of all seeds: the standard deviation of such means."""
        return self.deviation / math.sqrt(len(self.seeds))

    @property
    def goal_from(self) -> int | None:
        """The epoch from which the mean accuracy is never again below 99.4 %; None if it ends below."""
        below = np.flatnonzero(self.mean < GOAL)
        epoch = int(below[-1]) + 2 if len(below) else 1
        return epoch if epoch <= len(self.mean) else None


def parse_seeds(text: str) -> list[int]:
    """'1-5' or '1,2,7' or '3' as numbers.

    Raises:
        InputError: it is none of these.
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first or last - first + len(seeds) >= MOST:
            raise InputError(f"--seeds {text}: expected numbers such as 1-5 or 1,2,7, at most {MOST:,} of them")
        seeds += range(first, last + 1)
    return list(dict.fromkeys(seeds))


def finished(folder: Path) -> bool:
    """Whether a run's folder holds its result; the report is written last."""
    return (folder / "report.md").is_file()


def collect(runs: Path) -> list[Group]:
    """The finished runs in a folder, those that differ in nothing but the seed together, the best group first."""
    runs_of: dict[tuple[str, str], dict[int, Path]] = {}
    for folder in runs.iterdir():
        match = re.fullmatch(r"(.+)-seed(\d+)(.*)", folder.name)
        if match and finished(folder):
            group = runs_of.setdefault((match[1] + match[3], (folder / "recipe.toml").read_text()), {})
            group[int(match[2])] = folder
    return sorted((_group(name, runs_of[name, recipe]) for name, recipe in runs_of), key=lambda group: -group.mean[-1])


def _group(name: str, folders: dict[int, Path]) -> Group:
    shifted = [_shifted(folder) for folder in folders.values()]
    mean = None if None in shifted else float(np.mean([share for share in shifted if share is not None]))
    return replace(group_of(name, {seed: folder / "metrics.csv" for seed, folder in folders.items()}), shifted=mean)


def group_of(name: str, metrics: dict[int, Path]) -> Group:
    """The runs of one recipe from each seed's metrics.csv.

    Raises:
        InputError: they have not the same number of epochs.
    """
    tables = [_rows(path) for path in metrics.values()]
    if len({len(rows) for rows in tables}) > 1:
        files = ", ".join(f"{path} has {len(rows)}" for path, rows in zip(metrics.values(), tables, strict=True))
        raise InputError(f"{name}: expected as many epochs of each seed: {files}")
    accuracy = [[float(row["test_accuracy"]) for row in rows] for rows in tables]
    seconds = np.median([float(row["seconds"]) for rows in tables for row in rows])
    return Group(name, list(metrics), np.array(accuracy), float(seconds))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _shifted(folder: Path) -> float | None:
    """The accuracy averaged over shifts, in percent; None for a run of before it was scored so."""
    path = folder / "result.json"
    if not path.is_file():
        return None
    result = json.loads(path.read_text(encoding="utf-8"))
    return float(100 * result["right_average_shifts"] / result["images"])


def summarise(runs: Path) -> str:
    """Write `seeds.md` and `seeds.png` over the finished runs of a folder; returns the table."""
    groups = collect(runs)
    page = summary(groups)
    draw(groups, runs / "seeds.png")
    with replacing(runs / "seeds.md") as part:
        part.write_text(f"{page}\n![test accuracy over the epochs](seeds.png)\n", encoding="utf-8")
    return page


def summary(groups: list[Group]) -> str:
    """A Markdown table with a row for each group."""
    rows = [
        columns(group)
        | {
            "seeds": str(len(group.seeds)),
            "averaged over shifts, mean %": f"{group.shifted:.3f}" if group.shifted is not None else "–",
            "seconds an epoch": f"{group.seconds:.1f}",
        }
        for group in groups
    ]
    return "\n".join(table(list(rows[0]), [list(row.values()) for row in rows])) + "\n"


def columns(group: Group) -> dict[str, str]:
    """What a table's row says of a group, under each heading; a mean over seeds has its standard deviation."""
    last = group.accuracy[:, -1]
    return {
        "recipe": group.name,
        "seeds": ", ".join(map(str, sorted(group.seeds))),
        "epochs": str(len(group.mean)),
        "last epoch, %": f"{last.mean():.3f} ± {group.deviation:.3f}" if len(last) > 1 else f"{last[0]:.2f}",
        "standard error": f"{group.standard_error:.3f}" if len(last) > 1 else "–",
        "lowest": f"{last.min():.2f}",
        "highest": f"{last.max():.2f}",
        f"≥ {GOAL} % for good from": f"epoch {group.goal_from}" if group.goal_from else "–",
    }


def draw(groups: list[Group], path: Path) -> None:
    """Errors on the test images over the epochs: each group's mean, and the band from its best to its worst seed."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for group, colour in zip(groups, COLOURS * len(groups), strict=False):
        epochs = np.arange(1, len(group.mean) + 1)
        errors = 100 - group.accuracy
        label = f"{group.name}: {group.mean[-1]:.2f} %, {len(group.seeds)} seed{'s' * (len(group.seeds) > 1)}"
        axes.fill_between(epochs, errors.min(0), errors.max(0), color=colour, alpha=0.2, linewidth=0)
        axes.plot(epochs, errors.mean(0), "o-", markersize=3, color=colour, label=label)
    axes.axhline(100 - GOAL, color="#767676", linestyle=":", label=f"{GOAL} % right")
    axes.set(xlabel="epoch", ylabel="test images read wrong, %", yscale="log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(which="both", alpha=0.2)
    axes.legend(frameon=False)
    save_figure(figure, path)
