"""Which of the marks found on a picture are digits: some are none, and some are several that touch."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from cnn.centre import as_mnist
from cnn.digits import FAINT, Box, Digit
from cnn.judge import LEAST, digit_shares
from cnn.page import Floats

Shares = Callable[[Tensor], Tensor]  # images (N, 1, 28, 28), bytes, to the probabilities (N, 10) of each digit

# The share of a line's marks, some of them no digits, that are none or are several, above which all of it is text or
# clutter: hello is h, e, 1, 1, 0.
STRANGE = 1 / 3
AMONG = 0.05  # the share of a digit that a mark must have in a line where half and more are digits; elsewhere LEAST
WIDE = 0.75  # of its height: what is narrower is not taken apart
MOST_CUTS = 14
LEAN = 1.0  # of a pixel's full ink: what a cut would rather cross than go a column aside
WHOLE = 0.9  # the share of a part's ink that hangs together
SURE = 0.8  # the share of a digit, times that of the likeliest, that each part must have
STROKES = (1, 7)  # what the strokes of m, n, h, v and w are read as: parts that are these alone are a letter's
NOTHING: tuple[float, list[tuple[int, int]]] = 0.0, []


def keep_digits(lines: list[list[Digit]], read: Shares) -> tuple[list[list[Digit]], int]:
    """The lines without what is no digit, those that touch parted, and how many marks were left out."""
    told = [_tell(line, read) for line in lines]
    return [digits for digits, _ in told if digits], sum(left_out for _, left_out in told)


def _tell(line: list[Digit], read: Shares) -> tuple[list[Digit], int]:
    """The digits of one line, and how many of its marks were left out: all where it is text.

    That is said at the first mark that is none, since to part marks takes long: a page of text would take seconds.
    """
    shares = digit_shares(torch.stack([as_mnist(mark.ink) for mark in line])).tolist()
    least = AMONG if 2 * sum(share >= LEAST for share in shares) >= len(line) else LEAST
    is_digit = [share >= least for share in shares]
    may_be_text = is_digit.count(False) > STRANGE * len(line)
    digits, left_out = [], 0
    for mark, whole in zip(line, is_digit, strict=True):
        parts = [mark] if whole else part(mark, read)
        if not parts and may_be_text:
            return [], len(line)
        left_out += not parts
        digits += parts
    return digits, left_out


def part(mark: Digit, read: Shares) -> list[Digit]:
    """The digits that touch one another in a mark, from the left; none where no cuts leave digits alone.

    Of all ways to cut from the top to the bottom through little ink, the one whose parts are likeliest to be digits,
    and certain ones.
    """
    height, width = mark.ink.shape
    if width < WIDE * height:
        return []
    cuts = _cuts(mark.ink)
    columns = np.arange(width)
    pieces = {
        (left, right): piece
        for left, right in combinations(range(len(cuts)), 2)
        if (piece := _piece(mark, (cuts[left][:, None] <= columns) & (columns < cuts[right][:, None])))
    }
    pieces.pop((0, len(cuts) - 1), None)  # the whole mark is no digit
    return _best(pieces, len(cuts) - 1, read) if pieces else []


def _cuts(ink: Floats) -> list[NDArray[np.int64]]:
    """The columns (H,) of cuts through ink (H, W), from the left: its own two sides, and those through little ink.

    A cut goes down by a row at a time, straight or a column aside. Of those that cross the middle row at one column
    it is the one through least ink, and of neighbouring columns that with the least.
    """
    height, width = ink.shape
    middle = height // 2
    above, upper = _ways(ink[: middle + 1])
    below, lower = _ways(ink[middle:][::-1])
    ways = np.concatenate([upper, lower[::-1][1:]])
    amount = ndimage.gaussian_filter1d(above + below - ink[middle], 0.02 * height)
    lowest = ndimage.minimum_filter1d(amount, 2 * max(1, round(0.04 * height)) + 1)
    columns = [column for column in range(1, width - 1) if amount[column] == lowest[column]]
    chosen = sorted(sorted(columns, key=lambda column: amount[column])[:MOST_CUTS])
    return [np.zeros(height, int), *ways.T[chosen], np.full(height, width)]


def _ways(ink: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The ways from the first row of ink (H, W) to each column of the last through least ink: how much (W,), and where.

    Where is each way's column in each row (H, W). Each step aside counts as LEAN of ink, so that a way through
    blank paper is straight.
    """
    amount, steps = ink[0], []
    for row in ink[1:]:
        aside = np.pad(amount + LEAN, 1, constant_values=np.inf)
        three = np.stack([aside[:-2], amount, aside[2:]])
        steps.append(three.argmin(axis=0) - 1)
        amount = row + three.min(axis=0)
    ways = [np.arange(ink.shape[1])]
    for step in reversed(steps):
        ways.append(ways[-1] + step[ways[-1]])
    return amount, np.stack(ways[::-1])


def _best(pieces: dict[tuple[int, int], Digit], last: int, read: Shares) -> list[Digit]:
    """Of the pieces between two cuts, those from cut 0 to the last that are the likeliest to be digits."""
    images = torch.stack([as_mnist(piece.ink) for piece in pieces.values()])
    answers = read(images)
    shares = (digit_shares(images) * answers.amax(1)).tolist()
    read_as = dict(zip(pieces, answers.argmax(1).tolist(), strict=True))
    best: dict[int, tuple[float, list[tuple[int, int]]]] = {0: (1.0, [])}
    for share, (left, right) in sorted(zip(shares, pieces, strict=True), key=lambda pair: pair[1]):
        if share >= SURE and left in best and best[left][0] * share > best.get(right, NOTHING)[0]:
            best[right] = best[left][0] * share, [*best[left][1], (left, right)]
    chosen = best.get(last, NOTHING)[1]
    return [] if all(read_as[ends] in STROKES for ends in chosen) else [pieces[ends] for ends in chosen]


def _piece(mark: Digit, inside: NDArray[np.bool_]) -> Digit | None:
    """The largest connected piece of the ink inside of a mask (H, W); None where more than crumbs lie beside it."""
    ink = np.where(inside, mark.ink, 0)
    numbers, count = ndimage.label(ink > FAINT, np.ones((3, 3)))
    if not count:
        return None
    sizes = np.bincount(numbers.ravel())[1:]
    largest = 1 + int(sizes.argmax())
    if sizes.max() < WHOLE * sizes.sum():
        return None
    rows, columns = ndimage.find_objects(numbers)[largest - 1]
    box = Box(
        mark.box.top + rows.start, mark.box.top + rows.stop,
        mark.box.left + columns.start, mark.box.left + columns.stop, mark.box.pieces,
    )  # fmt: skip
    return Digit(box, np.where(numbers == largest, ink, 0)[rows, columns].astype(np.float32))
