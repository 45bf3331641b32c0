"""What a finished run shows: curves, confusion matrix, misread digits, and the page that ties them together."""

from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from cnn.data import Digits
from cnn.files import replacing
from cnn.pictures import OURS, PIXELS, SOFTWARE

Row = dict[str, float]  # of metrics.csv

CLASSES = 10
SHOWN = 120  # misread digits on the picture at most
COLUMNS = 12
DECADE = 10
BLUE, ORANGE, GREY, RED = "#1f6fb4", "#e07b00", "#767676", "#b3261e"


def confusion(labels: Tensor, answers: Tensor) -> Tensor:
    """How often each digit (row) was read as each digit (column): (10, 10) counts."""
    return torch.bincount(labels * CLASSES + answers, minlength=CLASSES**2).view(CLASSES, CLASSES).cpu()


def draw_curves(rows: list[Row], path: Path) -> None:
    """Errors, loss and learning rate over the epochs, the last and the best epoch marked."""
    figure = Figure(figsize=(8, 8), layout="constrained")
    errors, losses, rates = figure.subplots(3, sharex=True, height_ratios=(3, 2, 1))
    epochs = [row["epoch"] for row in rows]
    for part, colour in (("train", ORANGE), ("test", BLUE)):
        wrong = [100 - row[f"{part}_accuracy"] for row in rows]
        errors.plot(epochs, wrong, "o-", markersize=3, color=colour, label=part)
        losses.plot(epochs, [row[f"{part}_loss"] for row in rows], "o-", markersize=3, color=colour, label=part)
    for row, word, size, colour in ((best(rows), "best", 14, RED), (rows[-1], "last", 9, GREY)):
        label = f"{word}: {row['test_accuracy']:.2f} % right, epoch {row['epoch']}"
        errors.plot(
            row["epoch"], 100 - row["test_accuracy"], "o", markersize=size, fillstyle="none", color=colour, label=label
        )
    errors.set_ylabel("read wrong, %")
    for axes in (errors, losses):
        if any(y > 0 for line in axes.lines for y in line.get_ydata()):  # not when nothing is wrong, or all is NaN
            axes.set_yscale("log")
            low, high = axes.get_ylim()
            if high < DECADE * low:  # else there may be no round number to label, as after one epoch
                axes.set_ylim(low / 3, high * 3)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(_round_steps)
    errors.legend(frameon=False)
    losses.set_ylabel("loss")
    rates.plot(epochs, [row["learning_rate"] for row in rows], "o-", markersize=3, color=GREY)
    rates.set(ylabel="learning rate", xlabel="epoch", ylim=(0, None))
    rates.xaxis.get_major_locator().set_params(integer=True)
    if len(epochs) == 1:
        rates.set_xlim(0, 2)
    for axes in (errors, losses, rates):
        axes.grid(which="both", alpha=0.2)
    save_figure(figure, path)


def _round_steps(value: float, _position: int) -> str:
    # On a logarithmic axis: 2 and 5 between the powers of ten.
    return f"{value:g}" if f"{value:e}"[0] in "25" else ""


def draw_confusion(counts: Tensor, path: Path) -> None:
    """The confusion matrix: counts (10, 10), the mistakes coloured by their number."""
    figure = Figure(figsize=(6.5, 6.5), layout="constrained")
    axes = figure.subplots()
    mistakes = counts.clone().fill_diagonal_(0)
    axes.imshow(mistakes.numpy(), cmap="Oranges", vmin=0, vmax=max(1, int(mistakes.max())) * 1.5)
    for label in range(CLASSES):
        for answer in range(CLASSES):
            count = int(counts[label, answer])
            right = label == answer
            style: dict[str, Any] = {"color": BLUE, "fontweight": "bold"} if right else {}
            axes.text(answer, label, str(count) if count or right else "·", ha="center", va="center", **style)
    axes.set(xticks=range(CLASSES), yticks=range(CLASSES), xlabel="read as", ylabel="is")
    axes.tick_params(length=0)
    axes.set_title(f"{int(mistakes.sum()):,} of {int(counts.sum()):,} read wrong")
    save_figure(figure, path)


def draw_mistakes(digits: Digits, answers: Tensor, path: Path) -> None:
    """The misread digits, each with its label and what it was read as."""
    wrong = (digits.labels != answers).nonzero().flatten()[:SHOWN].tolist()
    rows = max(1, -(-len(wrong) // COLUMNS))
    figure = Figure(figsize=(COLUMNS * 0.9, rows * 1.15 + 0.5), layout="constrained")
    grid = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    for axes in grid:
        axes.set_axis_off()
    for axes, index in zip(grid, wrong, strict=False):
        axes.imshow(digits.images[index, 0].cpu().numpy(), cmap="gray_r")
        axes.set_title(f"{digits.labels[index]} as {answers[index]}", fontsize=10, pad=3)
    count = int((digits.labels != answers).sum())
    figure.suptitle(f"{count:,} of {len(digits):,} read wrong{'' if count <= SHOWN else f', the first {SHOWN} shown'}")
    save_figure(figure, path)


def best(rows: list[Row]) -> Row:
    """The first row with the highest test accuracy."""
    return max(rows, key=lambda row: row["test_accuracy"])


def markdown(title: str, scored: str, rows: list[Row], counts: Tensor, environment: dict[str, Any]) -> str:
    """The page: results, pictures, errors of each class, every epoch, and what it ran on.

    `scored` says which images the network was scored on: 'test images', say.
    """
    last, top, images = rows[-1], best(rows), int(counts.sum())
    seconds = sum(row["seconds"] for row in rows)
    lines = [
        f"# {title}",
        "",
        f"After the last epoch, {last['epoch']}, **{last['test_accuracy']:.2f} %** of {images:,} {scored} are read "
        f"right ({last['test_right']:,}). The best epoch, {top['epoch']}, had {top['test_accuracy']:.2f} % "
        f"({top['test_right']:,}); it was chosen on these images themselves, so it flatters: the "
        "last epoch is the figure to compare.",
        "",
        f"Training took {seconds:,.0f} s, {seconds / len(rows):.1f} s an epoch, the scoring not counted.",
        "",
        "![errors, loss and learning rate over the epochs](curves.png)",
        "",
        "The training images' errors and loss are those that the batches met, with dropout, augmentation and teachers "
        "where the recipe has them, while the network still changed.",
        "",
        "## Mistakes of the last epoch",
        "",
        "![confusion matrix](confusion.png)",
        "",
        "![misread digits](mistakes.png)",
        "",
        *table(["digit", "images", "read wrong", "%"], _class_rows(counts)),
        "",
        "## Every epoch",
        "",
        *table(
            ["epoch", "learning rate", "train loss", "train %", "test loss", "test %", "seconds"], _epoch_rows(rows)
        ),
        "",
        "## Ran on",
        "",
        *table(["", ""], [[key, str(value)] for key, value in environment.items()]),
        "",
        "[recipe.toml](recipe.toml) · [metrics.csv](metrics.csv) · [summary.txt](summary.txt)",
    ]
    return "\n".join(lines) + "\n"


def _class_rows(counts: Tensor) -> list[list[str]]:
    totals, right = counts.sum(1), counts.diagonal()
    return [
        [
            str(digit),
            str(int(total)),
            str(int(total - hits)),
            f"{100 * (1 - hits / max(1, total)):.2f}" if total else "–",
        ]
        for digit, (total, hits) in enumerate(zip(totals.tolist(), right.tolist(), strict=True))
    ]


def _epoch_rows(rows: list[Row]) -> list[list[str]]:
    return [
        [
            str(row["epoch"]),
            f"{row['learning_rate']:.5f}",
            f"{row['train_loss']:.4f}",
            f"{row['train_accuracy']:.2f}",
            f"{row['test_loss']:.4f}",
            f"{row['test_accuracy']:.2f}",
            f"{row['seconds']:.1f}",
        ]
        for row in rows
    ]


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table, the first column to the left."""
    aligned = ["---"] + ["---:"] * (len(header) - 1)
    return [f"| {' | '.join(cells)} |" for cells in (header, aligned, *rows)]


def save_figure(figure: Figure, path: Path) -> None:
    """Write a picture, beside an old one until it is whole; the kind of file is that of the name's end.

    Pictures that people may read digits from say that this program made them: see `cnn/pictures.py`.
    """
    made_by = Image.Exif()
    made_by[SOFTWARE] = OURS
    options: dict[str, Any] = {"pil_kwargs": {"exif": made_by}} if path.suffix.lower() in PIXELS else {}
    with replacing(path) as part:
        figure.savefig(part, dpi=120, **options)
