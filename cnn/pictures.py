"""Picture files: which ones a user means, and each as upright pixels of eight bits."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cnn.errors import InputError

LARGEST = 1024  # pixels; larger pictures are made smaller first, for speed
SOFTWARE, OURS = 0x0131, "backprop-cnn"  # Exif's tag for the program that made a picture, and our name in it
PIXELS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")  # the kinds of files that can hold that tag
FIGURES = (*PIXELS, ".svg", ".pdf")  # what we can draw into


def find_pictures(paths: list[Path]) -> list[Path]:
    """The files, and for each folder the pictures in it, by name, but those that this program made.

    Raises:
        InputError: a path does not exist, or a folder holds no picture.
    """
    files = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder, expected a picture of a digit")
        pictures = [path] if path.is_file() else _pictures_in(path)
        if not pictures:
            raise InputError(f"{path}: holds no picture, expected files such as PNG or JPEG in it")
        files += pictures
    return files


def _pictures_in(folder: Path) -> list[Path]:
    kinds = Image.registered_extensions()
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and kinds.get(path.suffix.lower()) in Image.OPEN and not _is_ours(path)
    )


def _is_ours(path: Path) -> bool:
    """Whether this program made the picture: of readings, say, which would be read again."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return image.getexif().get(SOFTWARE) == OURS
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False  # what is wrong with it is said where it is read


def open_picture(path: Path) -> Image.Image:
    """A picture, RGBA, turned as its camera says, of at most 1024×1024 pixels.

    Raises:
        InputError: the file is no picture that can be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                upright = ImageOps.exif_transpose(image)
                upright = _eight_bits(upright).convert("RGBA")
    # A damaged PNG is a SyntaxError to Pillow.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        reason = str(error).replace(f" {str(path)!r}", "")  # said once is enough
        raise InputError(f"{path}: is no picture that can be read: {reason}; expected PNG, JPEG or the like") from None
    upright.thumbnail((LARGEST, LARGEST))
    return upright


def _eight_bits(image: Image.Image) -> Image.Image:
    """Greys of 16 and 32 bits, which Pillow would clip, scaled to 8; other pictures as they are."""
    if not image.mode.startswith(("I", "F")):
        return image
    pixels = np.asarray(image, np.float32)
    darkest, lightest = pixels.min(), pixels.max()
    return Image.fromarray(((pixels - darkest) * (255 / max(lightest - darkest, 1e-9))).astype(np.uint8))
