"""Where the digits of a picture are, in reading order; frames, lines, blots and specks are none.

Shape letters: H rows, W columns.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cnn.page import Floats

FAINT, STRONG = 0.3, 0.5  # ink that joins two strokes, and that a digit ends with
ALONG = 0.4  # of its own height or width: a piece that lies so far along the picture's border is something's edge
LARGE = 0.6  # of the picture's height and width: what is smaller is no frame
FRAME = 0.75  # the share of each side of its rectangle, or of one side of the picture, that a frame covers
EDGE = 0.06  # of the picture's shorter side: how crooked a frame may be
CRUMB = 0.05  # of the tallest piece's height: what is lower is left out before pieces are put together
MOST_PIECES = 200
PIECE = 0.8  # of the tallest piece's height: what is lower may be a part of a digit
NEAR = 0.2  # of the tallest piece's height: how far above or below the rest a part may be
CORNER = 0.05  # of the tallest piece's height: how far beside it, where it is above or below
SPECK = 0.35  # of the tallest digit's height: what is lower is no digit
FLAT = 4  # times as wide as high is a line
SOLID = 0.85  # the share of its rectangle that a blot covers, which only a 1 may


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels, its last row and column not counted, and the numbers of the pieces in it."""

    top: int
    bottom: int
    left: int
    right: int
    pieces: tuple[int, ...]

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    def cut(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """What of pixels (H, W) is in the box."""
        return pixels[self.top : self.bottom, self.left : self.right]

    def join(self, other: "Box") -> "Box":
        """The least box that holds both."""
        ends = (min(self.top, other.top), max(self.bottom, other.bottom))
        sides = (min(self.left, other.left), max(self.right, other.right))
        return Box(*ends, *sides, self.pieces + other.pieces)


@dataclass(frozen=True)
class Digit:
    """A digit on a picture: where it is, and its own ink, cropped (H, W), from 0 to 1."""

    box: Box
    ink: Floats


def find_digits(ink: Floats) -> list[list[Digit]]:
    """The digits of a picture's ink (H, W): its lines from the top, each from the left.

    A digit is a connected piece of ink or several, one over another: a 5 and its bar.
    """
    numbers, count = ndimage.label(ink > FAINT, np.ones((3, 3)))
    strongest = ndimage.maximum(ink, numbers, range(count + 1))
    boxes = [
        Box(rows.start, rows.stop, columns.start, columns.stop, (number,))
        for number, (rows, columns) in enumerate(ndimage.find_objects(numbers), 1)
        if strongest[number] > STRONG
    ]
    # A digit that fills the picture lies along its borders too.
    boxes = [box for box in boxes if not _is_frame(box, numbers)] or [
        box for box in boxes if box.height >= LARGE * len(ink)
    ]
    boxes = _higher_than(CRUMB, boxes)
    if not 0 < len(boxes) <= MOST_PIECES:
        return []
    digits = [_cut_out(box, ink, numbers) for box in _higher_than(SPECK, _put_together(boxes))]
    return _in_lines(digit for digit in digits if not _is_line_or_blot(digit))


def _is_frame(box: Box, numbers: NDArray[np.int32]) -> bool:
    """Whether a piece lies along all sides of its own large rectangle, or along a border of the picture."""
    mask = numbers == box.pieces[0]
    borders = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    lengths = (box.width, box.width, box.height, box.height)
    if any(side.sum() >= min(ALONG * length, FRAME * len(side)) for side, length in zip(borders, lengths, strict=True)):
        return True
    height, width = mask.shape
    if box.height < LARGE * height or box.width < LARGE * width:
        return False
    own, edge = box.cut(mask), max(1, round(EDGE * min(height, width)))
    sides = (own[:edge].any(0), own[-edge:].any(0), own[:, :edge].any(1), own[:, -edge:].any(1))
    return all(side.mean() >= FRAME for side in sides)


def _higher_than(share: float, boxes: list[Box]) -> list[Box]:
    tallest = max(box.height for box in boxes) if boxes else 0
    return [box for box in boxes if box.height > share * tallest]


def _put_together(boxes: list[Box]) -> list[Box]:
    """Join low pieces with the piece that they stand over or under."""
    tallest = max(box.height for box in boxes)
    whole: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box.height):
        near = [other for other in whole if _belongs(box, other, tallest)]
        if near:
            best = max(near, key=lambda other: _overlap(box, other))
            whole[whole.index(best)] = best.join(box)
        else:
            whole.append(box)
    return whole


def _belongs(box: Box, other: Box, tallest: int) -> bool:
    gap = max(box.top - other.bottom, other.top - box.bottom)
    low = box.height < PIECE * tallest and box.width < FLAT * max(other.width, other.height / 2)
    over = 2 * _overlap(box, other) >= min(box.width, other.width)
    corner = gap > 0 and _overlap(box, other) > -CORNER * tallest
    return low and gap < NEAR * tallest and (over or corner)


def _beside(one: Box, other: Box) -> bool:
    """Whether two boxes share a third of the lower one's rows."""
    return 3 * (min(one.bottom, other.bottom) - max(one.top, other.top)) > min(one.height, other.height)


def _overlap(one: Box, other: Box) -> int:
    """How many columns two boxes share; negative is a gap."""
    return min(one.right, other.right) - max(one.left, other.left)


def _cut_out(box: Box, ink: Floats, numbers: NDArray[np.int32]) -> Digit:
    own = np.where(np.isin(box.cut(numbers), box.pieces), box.cut(ink), 0).astype(np.float32)
    rows, columns = (np.flatnonzero((own > STRONG).any(axis=axis)).tolist() for axis in (1, 0))
    tight = Box(
        box.top + rows[0], box.top + rows[-1] + 1, box.left + columns[0], box.left + columns[-1] + 1, box.pieces
    )
    return Digit(tight, tight.cut(np.pad(own, ((box.top, 0), (box.left, 0)))))


def _is_line_or_blot(digit: Digit) -> bool:
    height, width = digit.ink.shape
    solid = bool((digit.ink > STRONG).mean() > SOLID)
    return width > FLAT * height or (solid and 2 * width > height)


def _in_lines(digits: Iterable[Digit]) -> list[list[Digit]]:
    lines: list[list[Digit]] = []
    for digit in sorted(digits, key=lambda digit: digit.box.top + digit.box.bottom):
        if lines and any(_beside(digit.box, other.box) for other in lines[-1]):
            lines[-1].append(digit)
        else:
            lines.append([digit])
    return [sorted(line, key=lambda digit: digit.box.left) for line in lines]
