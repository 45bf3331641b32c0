"""The printed lines of ruled and squared paper, which are no ink.

Shape letters: H rows, W columns.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from cnn.page import Floats, Mask

SMALL = 400  # pixels of the longer side, on which lines are looked for
SLOPES = np.tan(np.radians(np.arange(-12, 12.5, 0.5)))  # of lines on a page that lies aslant
THIN = 7  # pixels of the small picture: a line is thinner
ALONG = 9  # pixels along a line over which its contrast is averaged, so that grain does not break it
LEAST = 0.05  # the contrast of a line with the paper on both of its sides
WHOLE = 0.7  # the share of the way across the paper that a line is seen on; a stroke is shorter
LONG = 40  # pixels: what crosses less of the paper, in a corner, is no line
FEWEST = 2  # one alone may be a 1 as high as the picture


def without_lines(contrast: Floats, paper: Mask | None, faint: float) -> Floats:
    """The contrast (H, W) with the paper, with printed lines filled in from both of their sides.

    A line crosses the paper, a mask (H, W), or the picture where that is None. Lines stay where their contrast is below
    the share `faint` of the strongest that is left without them.
    """
    height, width = contrast.shape
    small = Image.fromarray(contrast)
    small.thumbnail((SMALL, SMALL))
    seen = np.asarray(small)
    where = np.ones(seen.shape, bool) if paper is None else np.asarray(Image.fromarray(paper).resize(small.size))
    thick = 1 + 2 * round(THIN / 2 * width / small.width)
    left, printed = contrast, np.zeros(contrast.shape, bool)
    for lines, window in ((_level(seen, where), (thick, 1)), (_level(seen.T, where.T).T, (1, thick))):
        wide = np.asarray(Image.fromarray(ndimage.binary_dilation(lines)).resize((width, height)))
        left = np.where(wide, ndimage.grey_opening(left, window), left)
        printed |= wide
    # Lines much fainter than what is written are no ink anyway, and strokes that lie on them stay whole.
    stays = not printed.any() or np.quantile(contrast[printed], 0.75) < faint * left.max()
    return contrast if stays else left


def _level(seen: Floats, where: Mask) -> Mask:
    """The pixels of lines that run from left to right, at the slope at which there are most of them."""
    ridges: Mask = ndimage.uniform_filter1d(seen - ndimage.grey_opening(seen, (THIN, 1)), ALONG, axis=1) > LEAST
    margin = round(SLOPES[-1] * seen.shape[1] / 2) + 1
    inside = np.pad(where, ((margin, margin), (0, 0)))
    ridges = np.pad(ridges, ((margin, margin), (0, 0))) & inside
    rows, columns = np.mgrid[: len(seen), : seen.shape[1]]
    best: tuple[int, Mask] = 0, np.zeros(inside.shape, bool)
    for slope in SLOPES:
        aslant = rows + margin + np.round(slope * (columns - seen.shape[1] / 2)).astype(int)
        across = inside[aslant, columns].sum(axis=1)
        found = (across > LONG) & (ridges[aslant, columns].sum(axis=1) > WHOLE * across)
        count = int((np.diff(found.astype(int), prepend=0) == 1).sum())  # neighbouring rows are one line
        if count >= FEWEST and found.sum() > best[0]:
            mask = np.zeros(inside.shape, bool)
            mask[aslant[found], columns[found]] = True
            best = int(found.sum()), mask
    lines: Mask = best[1][margin:-margin]
    return lines
