"""What is ink on a picture, whatever its paper, light and colours.

Shape letters: H rows, W columns.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

# Shares of the strongest contrast with the paper, under which there is paper and over which there is ink: a narrow
# band about a half leaves strokes as wide as they are, and shadows and the noise of JPEG out.
PAPER, INK = 0.35, 0.65
LEAST_CONTRAST = 0.05  # of the range from black to white: less is an empty picture
EVEN = 0.05  # the share of the border that may stand out from the rest, as a stroke that leaves the picture does
MOST = 0.6  # the share of a picture that ink may cover: where it is more, the border was a frame and no paper
SMALL = 64  # pixels of the longer side, on which the paper's light is estimated
EDGE = 7  # of these pixels: within so many a shadow may begin

Floats = NDArray[np.float32]


def find_ink(image: Image.Image) -> Floats | None:
    """How much each pixel (H, W) of an RGBA picture is ink, from 0 to 1; None where all is of one colour.

    The paper has the colour that is in the middle of those at the border or, where the border is not even, of those
    in a pixel's neighbourhood. What is transparent shows white or, where that leaves nothing to be seen, black.
    """
    pixels = np.asarray(image, np.float32) / 255
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    for backdrop in (1, 0):
        seen: Floats = (colour * alpha + backdrop * (1 - alpha)).astype(np.float32)
        contrast = _contrast(seen)
        if contrast.max() >= LEAST_CONTRAST:
            share: Floats = (contrast / contrast.max() - PAPER) / (INK - PAPER)
            return share.clip(0, 1)
    return None


def _contrast(seen: Floats) -> Floats:
    """How far each pixel (H, W) of colours (H, W, 3) is from the paper."""
    contrast = _from_one_paper(seen, _border(seen))
    least = PAPER * contrast.max()
    if contrast.max() >= LEAST_CONTRAST and (_border(contrast) > least).mean() > EVEN:
        return _from_local_paper(seen)
    if (contrast > least).mean() > MOST:
        return _from_one_paper(seen, seen.reshape(-1, 3))
    return contrast


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
