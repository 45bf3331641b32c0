"""The engine's table as an Excel workbook with live formulas, and the audit of workbooks that others made.

>>> import engine, workbook
>>> workbook.build(engine.load("xor"), "xor.xlsx")  # doctest: +SKIP
>>> workbook.audit("theirs.xlsx").verdict  # doctest: +SKIP
'wrong'
"""

import engine  # noqa: F401 - first of all, so that Ctrl-C while a command loads ends it without a traceback

# isort: split

from pathlib import Path
from typing import TYPE_CHECKING

from engine import Experiment

if TYPE_CHECKING:
    from workbook.inspect.audit import FileReport
    from workbook.inspect.gradcheck_file import Gradcheck

# What these functions import takes up to a second to load, and none needs all of it.


def build(experiment: Experiment, path: Path | str, *, force: bool = False) -> None:
    """Write an experiment's workbook.

    Args:
        force: whether to replace a file that was changed, or was not made by this function.

    Raises:
        InputError: the table does not fit on an Excel sheet, its numbers overflow, the file cannot be written, or what
            stands at `path` is somebody's work.
    """
    from workbook.generated import refuse_to_replace
    from workbook.plan import plan
    from workbook.write import write

    path = Path(path)
    if not force:
        refuse_to_replace(path, "workbook")
    write(plan(experiment), path)


def audit(path: Path | str, learning_rate: float | None = None) -> "FileReport":
    """Judge the training tables of anybody's workbook: the report has a `verdict`, `findings` and `roots`, the faults.

    It prints as on the command line; a notebook shows it as a page. A file that cannot be judged has `error` say why.

    Args:
        learning_rate: instead of the one found on the sheet.
    """
    from workbook.inspect.audit import audit as audited

    return audited(Path(path), learning_rate)


def gradcheck(
    path: Path | str,
    loss: str = "",
    parameters: str = "",
    gradients: str = "",
    updates: str = "",
    of_each: int | None = None,
    rate: float | None = None,
) -> "Gradcheck":
    """Differentiate anybody's sheet: are its gradients the derivatives of its loss?

    What is returned has a `verdict` and `findings`, where what is wrong starts. It prints as on the command line; a
    notebook shows it as a page. Without a loss, the sheet's own formulas say what is what.

    Args:
        loss: its cell, such as "Sheet1!I17", or a formula: "=...".
        parameters: cells, ranges or defined names, such as "A13,C13:D13".
        gradients: what the sheet calls their gradients, in the same order.
        updates: or the cells that hold the new parameters.
        of_each: repeat the check so many rows further down.
        rate: the learning rate, or the gradients' factor, where it is known.

    Raises:
        InputError: the file cannot be read, what is asked makes no sense, or nothing can be told.
    """
    from workbook.inspect.gradcheck_file import CheckOptions
    from workbook.inspect.gradcheck_file import gradcheck as checked

    return checked(Path(path), CheckOptions(loss, parameters, gradients, updates, of_each, rate))
