"""Which of the marks found on a picture are digits: some are none, and some are several that touch."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from cnn.centre import as_mnist
from cnn.digits import FAINT, Box, Digit
from cnn.judge import LEAST, digit_shares

Shares = Callable[[Tensor], Tensor]  # images (N, 1, 28, 28), bytes, to the probabilities (N, 10) of each digit

STRANGE = 1 / 3  # the share of a line's marks, above which all of it is text or clutter: hello is h, e, 1, 1, 0
AMONG = 0.05  # the share of a digit that a mark must have in a line where most are digits; elsewhere LEAST
WIDE = 0.9  # of its height: what is narrower is not taken apart
MOST_CUTS = 10
NARROW, BROAD = 0.12, 1.2  # of the height: how wide a part of a mark may be
SURE = 0.8  # the share of a digit, times that of the likeliest, that each part must have


def keep_digits(lines: list[list[Digit]], read: Shares) -> tuple[list[list[Digit]], int]:
    """The lines without what is no digit, those that touch parted, and how many marks were left out."""
    kept, left_out = [], 0
    for line in lines:
        judged = digit_shares(torch.stack([as_mnist(mark.ink) for mark in line])).tolist()
        least = AMONG if 2 * sum(share >= LEAST for share in judged) > len(line) else LEAST
        parts = [[mark] if share >= least else part(mark, read) for mark, share in zip(line, judged, strict=True)]
        strange = sum(not found for found in parts)
        digits = [digit for found in parts for digit in found] if strange <= STRANGE * len(parts) else []
        left_out += strange if digits else len(parts)
        kept += [digits] if digits else []
    return kept, left_out


def part(mark: Digit, read: Shares) -> list[Digit]:
    """The digits that touch one another in a mark, from the left; none where no cuts leave digits alone.

    Of all ways to cut at columns with little ink, the one whose parts are likeliest to be digits, and certain ones.
    """
    height, width = mark.ink.shape
    if width < WIDE * height:
        return []
    cuts = [0, *_thin_columns(mark.ink), width]
    pieces = {
        (start, end): piece
        for number, start in enumerate(cuts)
        for end in cuts[number + 1 :]
        if NARROW * height < end - start < min(BROAD * height, width) and (piece := _piece(mark, start, end))
    }
    if not pieces:
        return []
    images = torch.stack([as_mnist(piece.ink) for piece in pieces.values()])
    shares = (digit_shares(images) * read(images).amax(1)).tolist()
    likely = {ends: share for ends, share in zip(pieces, shares, strict=True) if share >= SURE}
    best: dict[int, tuple[float, list[Digit]]] = {0: (1.0, [])}
    for (start, end), share in sorted(likely.items(), key=lambda item: item[0][1]):
        if start in best and best[start][0] * share > best.get(end, (0.0, []))[0]:
            best[end] = best[start][0] * share, [*best[start][1], pieces[start, end]]
    return best.get(width, (0.0, []))[1]


def _thin_columns(ink: NDArray[np.float32]) -> list[int]:
    """The columns with less ink than those about them, those with least ink first taken, in order."""
    height, width = ink.shape
    amount = ndimage.gaussian_filter1d(ink.sum(axis=0), max(0.5, 0.02 * height))
    lowest = ndimage.minimum_filter1d(amount, 2 * max(1, round(0.04 * height)) + 1)
    columns = [column for column in range(1, width - 1) if amount[column] == lowest[column]]
    return sorted(sorted(columns, key=lambda column: amount[column])[:MOST_CUTS])


def _piece(mark: Digit, start: int, end: int) -> Digit | None:
    """The largest connected piece of ink between two columns."""
    ink = mark.ink[:, start:end]
    numbers, count = ndimage.label(ink > FAINT, np.ones((3, 3)))
    if not count:
        return None
    largest = 1 + int(np.bincount(numbers.ravel())[1:].argmax())
    rows, columns = ndimage.find_objects(numbers)[largest - 1]
    box = Box(
        mark.box.top + rows.start, mark.box.top + rows.stop,
        mark.box.left + start + columns.start, mark.box.left + start + columns.stop, mark.box.pieces,
    )  # fmt: skip
    return Digit(box, np.where(numbers == largest, ink, 0)[rows, columns].astype(np.float32))
