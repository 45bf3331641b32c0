"""A sheet of paper that lies on something darker, so that digits are looked for on it alone.

Shape letters: H rows, W columns.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

SMALL = 256  # pixels of the longer side, on which the sheet is looked for
LEAST, MOST = 0.08, 0.97  # the share of the picture that a sheet covers
DARKER = 0.6  # how bright, in parts of the sheet's light, the table is at most: a shadow on paper is mostly lighter
STRAIGHT = 0.85  # the share that it fills of the least rectangle about it: an ellipse fills 0.79
OUTSIDE = 0.4  # the share of the picture's border that it may take: half a picture in the light takes more
MARGIN = 0.015  # of the picture's shorter side, which is left out along the sheet's edges


def find_page(seen: Floats) -> Mask | None:
    """Where the sheet is on colours (H, W, 3) from 0 to 1; None where no sheet lies on a darker table."""
    height, width, _ = seen.shape
    grey = Image.fromarray(seen.mean(axis=2))
    grey.thumbnail((SMALL, SMALL))
    light = np.asarray(grey)
    bright = light > _between(light)
    pieces, count = ndimage.label(bright)
    if not count:
        return None
    sizes = np.bincount(pieces.ravel())[1:]
    sheet: Mask = ndimage.binary_fill_holes(pieces == 1 + int(sizes.argmax()))
    if not (LEAST < sheet.mean() < MOST and _is_lighter(light, sheet) and _is_straight(sheet)):
        return None
    border = np.concatenate([sheet[0], sheet[-1], sheet[:, 0], sheet[:, -1]])
    if border.mean() > OUTSIDE:
        return None
    inner = ndimage.binary_erosion(sheet, iterations=max(1, round(MARGIN * min(light.shape))))
    return np.asarray(Image.fromarray(inner).resize((width, height)))


def _between(light: Floats) -> float:
    """The brightness that parts dark from light best: Otsu, A threshold selection method, 1979."""
    counts, edges = np.histogram(light, 64)
    middles, weights = (edges[:-1] + edges[1:]) / 2, np.cumsum(counts)
    sums = np.cumsum(counts * middles)
    above = np.maximum(weights[-1] - weights, 1)
    spread = weights * above * (sums / np.maximum(weights, 1) - (sums[-1] - sums) / above) ** 2
    return float(edges[int(spread[:-1].argmax()) + 1])


def _is_lighter(light: Floats, sheet: Mask) -> bool:
    return bool(np.median(light[~sheet]) < DARKER * np.median(light[sheet]))


def _is_straight(sheet: Mask) -> bool:
    """Whether it nearly fills the least of the rectangles about it, turned by whatever angle."""
    points = np.argwhere(sheet & ~ndimage.binary_erosion(sheet))
    angles = np.radians(np.arange(0, 90, 2))
    along = points @ np.stack([np.cos(angles), np.sin(angles)])
    across = points @ np.stack([-np.sin(angles), np.cos(angles)])
    least = ((np.ptp(along, axis=0) + 1) * (np.ptp(across, axis=0) + 1)).min()
    return bool(sheet.sum() > STRAIGHT * least)
