"""Many audits at once, in a process for each core."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from engine import InputError
from workbook.inspect.audit import FileReport, audit

Task = TypeVar("Task")
Result = TypeVar("Result")

# Ctrl-C ends the other processes too, perhaps before this one is told: then it is told in this many seconds.
AFTER_CTRL_C = 1.0


def audit_all(files: Sequence[Path], learning_rate: float | None, jobs: int | None) -> Iterator[tuple[int, FileReport]]:
    """Audit files in so many processes, one a core by default; yield each one's report with its number, as it is done.

    Raises:
        InputError: as `in_processes`.
    """
    return in_processes(_audited, [(file, learning_rate) for file in files], jobs)


def _audited(task: tuple[Path, float | None]) -> FileReport:
    return audit(*task)


def in_processes(
    function: Callable[[Task], Result], tasks: Sequence[Task], jobs: int | None
) -> Iterator[tuple[int, Result]]:
    """Do tasks in so many processes, one a core by default; yield each one's result with its number, as it is done.

    Raises:
        InputError: a process was ended from outside, as the system does when memory runs out.
    """
    processes = min(jobs or os.cpu_count() or 1, len(tasks))
    if processes <= 1:
        yield from ((number, function(task)) for number, task in enumerate(tasks))
        return
    # Each starts afresh: a copy of this process might wait forever for a thread that was not copied.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _end_quietly_at_ctrl_c)
    try:
        numbers = {pool.submit(function, task): number for number, task in enumerate(tasks)}
        for done in as_completed(numbers):
            yield numbers[done], done.result()
    except BrokenProcessPool:
        time.sleep(AFTER_CTRL_C)
        raise InputError("a process was ended from outside, for want of memory perhaps; try --jobs 1") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _end_quietly_at_ctrl_c() -> None:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGINT, signal.SIG_DFL)
