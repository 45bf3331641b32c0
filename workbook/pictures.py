"""Pictures of the workbook for the README, as LibreOffice shows it. `make pictures`."""

import subprocess
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops, ImageOps

from engine import InputError, default_experiment
from workbook.plan import plan
from workbook.write import write

# The share of the printed page that a README can show: the chart and the first steps.
SHOWN = 0.465
PIXELS_A_POINT = 2.0


def picture_of_the_sheet(path: Path) -> None:
    """Write a PNG of the main sheet's first rows.

    Raises:
        InputError: LibreOffice is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book.xlsx"
        write(plan(default_experiment()), book)
        page = pypdfium2.PdfDocument(_pdf(book))[0]
        picture = page.render(scale=PIXELS_A_POINT).to_pil()
    top = picture.crop((0, 0, picture.width, int(picture.height * SHOWN)))
    _without_margins(top).save(path, optimize=True)


def _pdf(book: Path) -> Path:
    profile = (book.parent / "profile").as_uri()
    command = ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", "pdf", book.name]
    try:
        subprocess.run(command, cwd=book.parent, check=True, capture_output=True)  # noqa: S603 - a fixed command
    except FileNotFoundError:
        raise InputError("soffice: not found; install LibreOffice to make the pictures") from None
    return book.with_suffix(".pdf")


def _without_margins(picture: Image.Image) -> Image.Image:
    box = ImageChops.invert(picture.convert("L")).getbbox()
    return ImageOps.expand(picture.crop(box), border=16, fill="white")
