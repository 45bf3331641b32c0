"""Which of the marks found on a picture are digits: some are none, and some are several that touch."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from cnn.centre import as_mnist
from cnn.digits import FAINT, Box, Digit
from cnn.judge import LEAST, digit_shares

Shares = Callable[[Tensor], Tensor]  # images (N, 1, 28, 28), bytes, to the probabilities (N, 10) of each digit

# The share of a line's marks, some of them no digits, that are none or are several, above which all of it is text or
# clutter: hello is h, e, 1, 1, 0.
STRANGE = 1 / 3
AMONG = 0.05  # the share of a digit that a mark must have in a line where half and more are digits; elsewhere LEAST
WIDE = 0.75  # of its height: what is narrower is not taken apart
SLANTS = (0.0, 0.25, 0.5, -0.25)  # columns a row, of cuts between digits
MOST_CUTS = 10
NARROW, BROAD = 0.12, 1.2  # of the height: how wide a part of a mark may be
SURE = 0.8  # the share of a digit, times that of the likeliest, that each part must have
STROKES = (1, 7)  # what the strokes of m, n, h, v and w are read as: parts that are these alone are a letter's
NOTHING: tuple[float, list[Any]] = 0.0, []


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

    Of all ways to cut through columns with little ink, upright ones or aslant, the one whose parts are likeliest to be
    digits, and certain ones.
    """
    height, width = mark.ink.shape
    if width < WIDE * height:
        return []
    return max((_parts_aslant(mark, read, slant) for slant in SLANTS), key=lambda found: found[0])[1]


def _parts_aslant(mark: Digit, read: Shares, slant: float) -> tuple[float, list[Digit]]:
    """How likely the best parts are digits, and these; each cut goes `slant` columns to the right a row upwards."""
    height = len(mark.ink)
    rows, columns = np.indices(mark.ink.shape)
    columns += np.round(slant * rows).astype(int)
    columns -= columns.min()
    upright = np.zeros((height, columns.max() + 1), np.float32)
    upright[rows, columns] = mark.ink
    ends = [0, *_thin_columns(upright), upright.shape[1]]
    pieces = {
        (left, right): piece
        for left, right in combinations(ends, 2)
        if NARROW * height < right - left < min(BROAD * height, ends[-1])
        and (piece := _piece(mark, (left <= columns) & (columns < right)))
    }
    return _best(pieces, ends[-1], read) if pieces else NOTHING


def _best(pieces: dict[tuple[int, int], Digit], width: int, read: Shares) -> tuple[float, list[Digit]]:
    """Of the pieces between two columns, those from column 0 to `width` that are the likeliest to be digits."""
    images = torch.stack([as_mnist(piece.ink) for piece in pieces.values()])
    answers = read(images)
    shares = (digit_shares(images) * answers.amax(1)).tolist()
    read_as = dict(zip(pieces, answers.argmax(1).tolist(), strict=True))
    likely = {ends: share for ends, share in zip(pieces, shares, strict=True) if share >= SURE}
    best: dict[int, tuple[float, list[tuple[int, int]]]] = {0: (1.0, [])}
    for ends, share in sorted(likely.items()):
        left, right = ends
        if left in best and best[left][0] * share > best.get(right, NOTHING)[0]:
            best[right] = best[left][0] * share, [*best[left][1], ends]
    share, chosen = best.get(width, NOTHING)
    if all(read_as[ends] in STROKES for ends in chosen):
        return NOTHING
    return share, [pieces[ends] for ends in chosen]


def _thin_columns(ink: NDArray[np.float32]) -> list[int]:
    """The columns with less ink than those about them, those with least ink first taken, in order."""
    height, width = ink.shape
    amount = ndimage.gaussian_filter1d(ink.sum(axis=0), max(0.5, 0.02 * height))
    lowest = ndimage.minimum_filter1d(amount, 2 * max(1, round(0.04 * height)) + 1)
    columns = [column for column in range(1, width - 1) if amount[column] == lowest[column]]
    return sorted(sorted(columns, key=lambda column: amount[column])[:MOST_CUTS])


def _piece(mark: Digit, inside: NDArray[np.bool_]) -> Digit | None:
    """The largest connected piece of the ink that is inside of a mask (H, W)."""
    ink = np.where(inside, mark.ink, 0)
    numbers, count = ndimage.label(ink > FAINT, np.ones((3, 3)))
    if not count:
        return None
    largest = 1 + int(np.bincount(numbers.ravel())[1:].argmax())
    rows, columns = ndimage.find_objects(numbers)[largest - 1]
    box = Box(
        mark.box.top + rows.start, mark.box.top + rows.stop,
        mark.box.left + columns.start, mark.box.left + columns.stop, mark.box.pieces,
    )  # fmt: skip
    return Digit(box, np.where(numbers == largest, ink, 0)[rows, columns].astype(np.float32))
