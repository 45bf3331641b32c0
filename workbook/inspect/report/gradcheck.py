"""A check for people and for machines: the terminal, JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine import FloatArray
from workbook.inspect.gradcheck import Check
from workbook.inspect.gradcheck_file import Gradcheck
from workbook.inspect.guess import Guess
from workbook.inspect.judge.pairs import Mask, Pair, is_plain
from workbook.spreadsheet.areas import bare_text
from workbook.spreadsheet.cells import Cells

VERDICT_STYLES = {"right": "bold green", "wrong": "bold red", "could not tell": "bold yellow", "open": "yellow"}
# The picture of a matrix is no larger; each sign then stands for several cells.
MOST_ROWS, MOST_COLUMNS = 12, 64
MOST_PAIRS = 40


def verdict_of(check: Check) -> str:
    """The verdict in words."""
    return "could not tell" if check.wrong is None else "wrong" if check.wrong else "right"


def show_all(found: Gradcheck, console: Console) -> None:
    """Print the checks of a workbook: a single one in full, those of a table's steps in few lines."""
    if found.guesses:
        show_guesses(found.guesses, found.cells, console)
    elif len(found.checks) == 1:
        show(found.checks[0], found.cells, console)
    else:
        for check in found.checks:
            show_line(check, found.cells, console)


def show(check: Check, cells: Cells, console: Console) -> None:
    """Print a check in full."""
    head = Text(meaning(check, cells) + "  ")
    head.append(verdict_of(check), style=VERDICT_STYLES[verdict_of(check)])
    console.print(head)
    console.print()
    console.print(_table(check, cells))
    if len(check.pairs) > MOST_PAIRS:
        console.print(f"... and {len(check.pairs) - MOST_PAIRS:,} more pairs, none of them worse", style="dim")
    for pair in _worst_first(check):
        if check.wrong and min(pair.derivative.shape) > 1 and pair.verdict(check.factor) == "wrong":
            console.print()
            console.print(Text(f"{plain(cells.text(pair.given))}: ✗ is off, · is right"))
            console.print(Text(picture(_laid_out(pair, pair.wrong(check.factor)))))
    for number, start in enumerate(check.starts, start=1):
        console.print()
        console.print(
            Text.assemble((f"{number}. {plain(cells.text(start.cells))}", "bold red"), f": {plain(start.cause)}")
        )
        if start.formula:
            console.print(Text.assemble("   ", (f"{'is':<10}", "dim"), f"={plain(start.formula)}"), soft_wrap=True)
        console.print(
            Text.assemble("   ", (f"{'gives':<10}", "dim"), f"{start.value:.6g}, expected {start.expected:.6g}")
        )
    if check.wrong is None:
        console.print()
        console.print(what_to_type(check))
    for note in check.notes:
        console.print(Text(f"Note: {plain(note)}", style="dim"))
    if check.method != "exact":
        console.print(Text(f"Note: derivatives are {check.method}", style="dim"))


def what_to_type(check: Check) -> str:
    """What is missing where nothing could be told, and what to type."""
    if sum(pair.derivative.size for pair in check.pairs) == 1:
        return "One ratio alone agrees with itself: name more pairs, or state the factor with --rate"
    return (
        "Too little agrees to tell more. If this is no training, there is nothing to tell; if the loss is another "
        'one, name it with --loss, as a cell or a formula: --loss "=SUM((A1:A3-B1:B3)^2)/2"'
    )


def show_guesses(guesses: Sequence[Guess], cells: Cells, console: Console) -> None:
    """Print the first step, or the first that is not right, in full, and the others in a line."""
    first = next((guess for guess in guesses if guess.check.status == 1), guesses[0])
    console.print(Text(f"Step {first.step} of {len(guesses)}, taken for: {plain(first.words(cells))}"), soft_wrap=True)
    console.print()
    show(first.check, cells, console)
    for status, verdict in enumerate(("right", "wrong", "could not tell")):
        others = [guess.step for guess in guesses if guess is not first and guess.check.status == status]
        if others:
            console.print(Text(f"Other steps {verdict}: {_spans(others)}", style=VERDICT_STYLES[verdict]))


def _spans(numbers: Sequence[int]) -> str:
    """Numbers in short: 2-80, 83."""
    starts = [number for number in numbers if number - 1 not in numbers]
    ends = [number for number in numbers if number + 1 not in numbers]
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))


def show_line(check: Check, cells: Cells, console: Console) -> None:
    """Print a check as one of many."""
    line = Text(plain(cells.text(check.loss)) + "  ")
    line.append(verdict_of(check), style=VERDICT_STYLES[verdict_of(check)])
    wrong = [pair for pair in check.pairs if pair.verdict(check.factor) == "wrong"]
    line.append(f"  factor {check.factor:.6g}")
    if wrong:
        line.append(
            f"  {len(wrong)} of {len(check.pairs)} pairs off: {', '.join(bare_text(p.given) for p in wrong[:4])}"
        )
        line.append(", ..." if len(wrong) > 4 else "")
    if check.starts:
        line.append(f"; starts in {plain(cells.text(check.starts[0].cells))}: {plain(check.starts[0].cause)}")
    console.print(line, soft_wrap=True)


def as_json(check: Check, cells: Cells, file: Path) -> str:
    """A check as one line of JSON; what has no number is null."""
    document: dict[str, Any] = {
        "file": str(file),
        "loss": cells.text(check.loss),
        "factor": check.factor,
        "verdict": verdict_of(check),
        "pairs": [
            {
                "parameter": cells.text(pair.parameter),
                "gradient": cells.text(pair.given),
                "derivative": _numbers(pair.derivative),
                "value": _numbers(pair.value),
                "ratio": _numbers(pair.ratios),
                "verdict": pair.verdict(check.factor),
            }
            for pair in check.pairs
        ],
        "starts": [
            {"cells": cells.text(start.cells), "cause": start.cause, "value": start.value, "expected": start.expected}
            for start in check.starts
        ],
        "method": check.method,
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace").decode()


def picture(off: Mask) -> str:
    """Which entries of a matrix are off, a sign for each, or for each block of several."""
    rows, columns = off.shape
    tall, wide = -(-rows // MOST_ROWS), -(-columns // MOST_COLUMNS)
    lines = [
        "".join("✗" if off[top : top + tall, left : left + wide].any() else "·" for left in range(0, columns, wide))
        for top in range(0, rows, tall)
    ]
    return "\n".join(f"   {line}" for line in lines)


def plain(text: str) -> str:
    """A text from a file without the control characters that would move the terminal's cursor."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def meaning(check: Check, cells: Cells) -> str:
    """What the numbers of the sheet are, in words."""
    loss = plain(cells.text(check.loss))
    if check.kind == "updates":
        own = [pair.rate for pair in check.pairs if pair.rate is not None]
        if own:
            rates = ", ".join(f"{rate:.6g}" for rate in dict.fromkeys([check.factor, *own]))
            return f"{loss}: old less new parameters are the gradients times rates of their own: {rates}."
        where = "" if check.rate is None else f" ({plain(cells.text(check.rate))})"
        what = "old less new parameters" if check.pairs[0].reading == "new" else "the steps"
        return f"{loss}: {what} are {check.factor:.6g}{where} times the gradients."
    times = "" if check.factor == 1 or abs(check.factor - 1) < 1e-6 else f"{_fraction(check.factor)} × "
    return f"These are the gradients of {times}{loss}."


def _fraction(factor: float) -> str:
    if is_plain(factor) and abs(factor) < 1 and abs(round(1 / factor) * factor - 1) < 1e-6:
        return f"{'-' if factor < 0 else ''}1/{abs(round(1 / factor))}" if abs(round(1 / factor)) > 1 else "-1"
    return f"{factor:.6g}"


def _table(check: Check, cells: Cells) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("parameter", "gradient" if check.kind == "gradients" else "update"):
        table.add_column(header, overflow="fold")
    for header in ("derivative", "value" if check.kind == "gradients" else "step", "ratio"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("")
    sheets = {area.sheet for pair in check.pairs for area in (pair.parameter, pair.given)} | {check.loss.sheet}
    for pair in _worst_first(check)[:MOST_PAIRS]:
        table.add_row(*_row(pair, check, cells, short=len(sheets) == 1))
    return table


def _row(pair: Pair, check: Check, cells: Cells, *, short: bool) -> list[str | Text]:
    verdict = pair.verdict(check.factor)
    off = pair.wrong(check.factor) if check.wrong is not None else np.zeros(pair.value.shape, dtype=bool)
    shown = np.argwhere(off)[0] if off.any() else np.unravel_index(np.argmax(np.abs(pair.derivative)), off.shape)
    at = tuple(map(int, shown))
    name = (lambda area: bare_text(area)) if short else cells.text
    words: str = "at a kink" if verdict == "open" else verdict
    if check.wrong is None and verdict == "wrong":
        words, verdict = "differs", "open"
    if pair.derivative.size > 1:
        words += f" ({int(off.sum()):,} of {off.size:,})" if off.any() else ""
    ratio = pair.ratios[at] + 0.0  # no -0
    return [
        Text(plain(name(pair.parameter))), Text(plain(name(pair.given))), f"{pair.derivative[at]:.6g}",
        f"{pair.value[at]:.6g}", "" if np.isnan(ratio) else f"{ratio:.6g}", Text(words, VERDICT_STYLES[verdict]),
    ]  # fmt: skip


def _worst_first(check: Check) -> Sequence[Pair]:
    """The pairs in their order, unless they are too many to be shown."""
    if len(check.pairs) <= MOST_PAIRS:
        return check.pairs
    return sorted(check.pairs, key=lambda pair: pair.verdict(check.factor) != "wrong")


def _laid_out(pair: Pair, array: Mask) -> Mask:
    """An array as the sheet's cells lie."""
    return array.T if pair.transposed else array


def _numbers(array: FloatArray) -> Any:
    numbers = [[None if np.isnan(number) else number for number in row] for row in array.tolist()]
    return numbers[0][0] if array.size == 1 else numbers
