"""What is ink on a picture, whatever its paper, light and colours.

Shape letters: H rows, W columns.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from cnn.lines import without_lines
from cnn.page import Floats, Mask, find_page

# Shares of the strongest contrast with the paper, under which there is paper and over which there is ink: a narrow
# band about a half leaves strokes as wide as they are, and shadows and the noise of JPEG out.
PAPER, INK = 0.35, 0.65
WEAK = 0.4  # of the strongest contrast: what the full ink of a thin stroke has at the least
CLEAN = 0.995  # the share of the paper whose contrast is no ink
NEARBY = 0.005  # of the longer side, on either side of a pixel: where a stroke's full ink is looked for
PRINTED = 0.5  # of the contrast of printed lines: what is left of a page without them is ink if it stands out so much
LEAST_CONTRAST = 0.08  # of the range from black to white: less is an empty picture
MOST_GRAIN = 4.0  # standard deviations of the paper's grain: by so much single pixels of it stand out
EVEN = 0.05  # the share of the border that may stand out from the rest, as a stroke that leaves the picture does
MOST = 0.6  # the share of a picture that ink may cover: where it is more, the border was a frame and no paper
GRAIN = 0.008  # of the longer side, on either side of a pixel: over so much grain is averaged out
STROKE, STEEP = 0.03, 0.65  # the share of the longer side within which ink rises to the share of its contrast
RISING = 0.25  # as STEEP, for each piece of ink
ALONG = 0.4  # of its own height or width: a piece that lies so far along a sheet's edge is the edge
SMALL = 64  # pixels of the longer side, on which the paper's light is estimated
EDGE = 7  # of these pixels: within so many a shadow may begin


def find_ink(image: Image.Image) -> Floats | None:
    """How much each pixel (H, W) of an RGBA picture is ink, from 0 to 1; None where all is of one colour.

    The paper has the colour that is in the middle of those at the border or, where the border is not even, of those
    in a pixel's neighbourhood; where a sheet lies on a darker table, it is the sheet. What is transparent shows white
    or, where that leaves nothing to be seen, black.
    """
    pixels = np.asarray(image, np.float32) / 255
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    for backdrop in (1, 0):
        seen: Floats = (colour * alpha + backdrop * (1 - alpha)).astype(np.float32)
        page = find_page(seen)
        lined = _contrast(seen if page is None else _extended(seen, page))
        contrast = without_lines(lined, page, PAPER)
        least = max(LEAST_CONTRAST + MOST_GRAIN * _grain(contrast), PRINTED * lined.max())
        if contrast.max() >= least and (rise := _rise(contrast)).max() > STEEP:
            share: Floats = ((contrast / _full(contrast) - PAPER) / (INK - PAPER)).clip(0, 1)
            return _strokes(share if page is None else share * page * _darker(seen, page), rise > RISING, page)
    return None


def _extended(seen: Floats, page: Mask) -> Floats:
    """A sheet over the whole picture: each pixel beside it as the sheet's nearest."""
    rows, columns = ndimage.distance_transform_edt(~page, return_distances=False, return_indices=True)
    extended: Floats = seen[rows, columns]
    return extended


def _contrast(seen: Floats) -> Floats:
    """How far each pixel (H, W) of colours (H, W, 3) is from the paper."""
    contrast = _from_one_paper(seen, _border(seen))
    least = PAPER * contrast.max()
    if contrast.max() >= LEAST_CONTRAST and (_border(contrast) > least).mean() > EVEN:
        return _from_local_paper(seen)
    if (contrast > least).mean() > MOST:
        return _from_one_paper(seen, seen.reshape(-1, 3))
    return contrast


def _full(contrast: Floats) -> Floats:
    """The contrast (H, W) of full ink about each pixel: of a thin stroke it is less than of a thick one.

    It is at least so high that the grain and the lines of the paper stay paper.
    """
    nearby = ndimage.maximum_filter(contrast, 1 + 2 * round(NEARBY * max(contrast.shape)))
    strongest = contrast.max()
    paper = contrast[nearby < INK * strongest]
    grain = np.quantile(paper, CLEAN) / PAPER if paper.size else strongest
    full: Floats = np.maximum(nearby, np.clip(grain, WEAK * strongest, strongest))
    return full


def _grain(contrast: Floats) -> float:
    """The standard deviation of a pixel's own contrast, by the median of how far neighbours (H, W) differ."""
    differences = np.abs(np.diff(contrast, axis=1, prepend=contrast[:, :1]))
    return float(np.median(differences) / (0.6745 * np.sqrt(2)))


def _rise(contrast: Floats) -> Floats:
    """How far the contrast rises within a stroke's border, as soft shadows and vignettes do not."""
    longer = max(contrast.shape)
    smooth = ndimage.uniform_filter(contrast, 1 + 2 * round(GRAIN * longer))
    window = max(3, round(STROKE * longer))
    rise = ndimage.maximum_filter(smooth, window) - ndimage.minimum_filter(smooth, window)
    share: Floats = rise / smooth.max()
    return share


def _darker(seen: Floats, page: Mask) -> Mask:
    """Where a colour is darker than a light sheet's own, as ink makes it; what is lighter is lamplight."""
    darker: Mask = (seen < np.median(seen[page & ~ndimage.binary_erosion(page)], axis=0)).any(axis=2)
    return darker


def _strokes(ink: Floats, steep: Mask, page: Mask | None) -> Floats:
    """The ink (H, W) without pieces that have no steep border, as shadows, and those along a sheet's own edge."""
    pieces, count = ndimage.label(ink > 0, np.ones((3, 3)))
    kept = np.bincount(pieces[steep], minlength=count + 1) > 0
    if page is not None:
        touching = np.bincount(pieces[page & ~ndimage.binary_erosion(page)], minlength=count + 1)
        sides = [
            max(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in ndimage.find_objects(pieces)
        ]
        kept &= touching < ALONG * np.array([1, *sides])
    strokes: Floats = np.where(kept[pieces] & (pieces > 0), ink, 0)
    return strokes


def _from_one_paper(seen: Floats, paper: Floats) -> Floats:
    contrast: Floats = np.abs(seen - np.median(paper, axis=0)).max(axis=2)
    return contrast


def _border(pixels: Floats) -> Floats:
    border: Floats = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return border


def _from_local_paper(seen: Floats) -> Floats:
    """How far each pixel is from the colours of the paper about it, as a share of the lighter one.

    The paper's colour is a median, which keeps the edge of a shadow as sharp as it is; strokes are thinner than half
    of what it looks at. Light multiplies the colours of ink and paper alike, so that a share is the same in a shadow.
    """
    small = _resized(seen, min(1.0, SMALL / max(seen.shape)))
    window = max(3, min(small.shape[:2]) // 2)
    paper = ndimage.median_filter(small, (window, window, 1), mode="nearest")
    # What lies between two neighbouring colours of the paper is paper as well: a shadow's edge.
    darkest, lightest = (
        _resized(extreme(paper, (EDGE, EDGE, 1), mode="nearest"), size=seen.shape[:2]).clip(LEAST_CONTRAST)
        for extreme in (ndimage.minimum_filter, ndimage.maximum_filter)
    )
    outside = np.maximum((darkest - seen) / darkest, (seen - lightest) / seen.clip(LEAST_CONTRAST))
    contrast: Floats = outside.max(axis=2).clip(0)
    return contrast


def _resized(colours: Floats, scale: float = 1.0, size: tuple[int, ...] | None = None) -> Floats:
    height, width = size or (max(1, round(side * scale)) for side in colours.shape[:2])
    layers = [
        Image.fromarray(layer).resize((width, height), Image.Resampling.BILINEAR) for layer in colours.T.swapaxes(1, 2)
    ]
    return np.stack([np.asarray(layer) for layer in layers], axis=2)
