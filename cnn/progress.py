"""What a terminal sees of a run that trains: the epoch, the loss, images a second, the time left."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from torch import Tensor

REFRESH = 0.5  # seconds


class Meter:
    """Moves the progress bar a batch on; looks at the loss only now and then, because each look makes a GPU wait."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self.progress, self.task = progress, task
        self.looked, self.images = time.perf_counter(), 0

    def __call__(self, count: int, loss: Tensor) -> None:
        self.images += count
        now = time.perf_counter()
        if now - self.looked >= REFRESH:
            state = f"loss {loss.item():.4f}  {self.images / (now - self.looked):,.0f} images/s"
            self.progress.update(self.task, advance=self.images, state=state)
            self.looked, self.images = now, 0


def bar(console: Console) -> Progress:
    """The bar, which only a terminal sees; its task has the fields `epoch` and `state`."""
    return Progress(
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
