"""Pictures for the README: the sheets as LibreOffice prints them, the figures, the network, the pages for a browser.

`make pictures`, which needs LibreOffice and Chromium.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import pypdfium2
import typer
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image, ImageChops, ImageOps

from engine import InputError, default_experiment, load_experiment
from engine.cli import run
from tests.pictures.figures import figures
from workbook.digit.plan import digit_sheets
from workbook.digit.weights import SHIPPED, load_blocks
from workbook.inspect.audit import audit
from workbook.inspect.report.audit_page import page_of
from workbook.page.render import write_page
from workbook.plan import plan
from workbook.records import Cell, SheetPlan
from workbook.samples import slipped
from workbook.sheets.stepping import EXPLORER, STEP
from workbook.table.layout import Layout, row_and_column
from workbook.walk.render import write_walk
from workbook.write import write

PROGRAMS = {"soffice": "LibreOffice", "chromium": "Chromium"}
PIXELS_A_POINT = 2.0
# The sheets shown, by the experiment that shows them best.
SHEETS = {
    "default": ("assignment6-calculations", "learning rates", "story", "explorer", "derivation", "check"),
    "xor": ("landscape", "predictions"),
    "conv": ("maps",),
    "lstm": ("unrolled",),
    "attention": ("attention",),
}
# Those that show what was learned: the last step, in place of the first, with which every file opens.
AT_THE_END = {"xor", "attention"}
# LibreOffice's setting that makes it compute what a file already has numbers for.
RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>
"""
# Of the trained CNN in cells: the square with its answer, and six maps of a block with their gradients.
DIGIT_AREAS = {"paint": "A1:BM30", "block2": "K1:GB116"}
FOOTER = 60  # points from the page's lower edge
# The share of the first printed page's height that a README can show: the chart and the first steps.
SHOWN = {"assignment6-calculations": 0.465, "learning rates": 0.7, "explorer": 0.39, "check": 0.56}
# And of its width: as much as leaves the digits large enough to be read.
ACROSS = {"assignment6-calculations": 20 / 31, "learning rates": 0.62}
# The window that shows the faults on the audit's page, and the sheet with them; and the pictures of a training's page.
WINDOW = "1180,740"


def pictures(folder: Annotated[Path, typer.Argument(help="Where the PNG files go.")] = Path("assets")) -> None:
    """Make the README's pictures of the workbook (needs LibreOffice and Chromium)."""
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; create it first")
    for program, name in PROGRAMS.items():
        if shutil.which(program) is None:
            raise InputError(f"{program}: not found; install {name} to make the pictures")
    made: list[Path] = []
    for name, shown in SHEETS.items():
        sheets = plan(load_experiment(name))
        made += _pictures_of_sheets(_at_the_end(sheets) if name in AT_THE_END else sheets, shown, folder)
    made += _pictures_of_sheets(_digit_sheets(), list(DIGIT_AREAS), folder)
    experiment = default_experiment()
    made.append(folder / "audit-page.png")
    _picture_of_page(slipped(plan(experiment)[0], Layout(experiment.columns, experiment.steps)), made[-1])
    made.append(folder / "page.png")
    _picture_of_walk(made[-1])
    for name, figure in figures().items():
        made.append(folder / f"{name}.png")
        FigureCanvasAgg(figure)
        figure.savefig(made[-1], metadata={"Software": None})
    for path in made:
        typer.echo(f"Wrote {path}")


def _at_the_end(sheets: list[SheetPlan]) -> list[SheetPlan]:
    """The sheets with the last step typed in; its numbers are for LibreOffice to compute."""
    bar = next(bar for sheet in sheets for bar in sheet.scroll_bars)
    at = row_and_column(STEP)

    def typed(rows: Callable[[], Iterator[list[Cell]]]) -> Iterator[list[Cell]]:
        for cells in rows():
            yield [cell._replace(value=bar.most) if (cell.row, cell.column) == at else cell for cell in cells]

    return [replace(sheet, rows=partial(typed, sheet.rows)) if sheet.name == EXPLORER else sheet for sheet in sheets]


def _digit_sheets() -> list[SheetPlan]:
    """The workbook of the trained CNN, of which only what is shown is printed."""
    sheets = digit_sheets(load_blocks(SHIPPED), backward=True)
    return [
        replace(sheet, hidden="" if sheet.name in DIGIT_AREAS else "hidden", print_area=DIGIT_AREAS.get(sheet.name))
        for sheet in sheets
    ]


def _pictures_of_sheets(sheets: list[SheetPlan], shown: Sequence[str], folder: Path) -> list[Path]:
    made = []
    with tempfile.TemporaryDirectory() as work:
        book = Path(work) / "book.xlsx"
        write(sheets, book)
        document = pypdfium2.PdfDocument(_pdf(book))
        for name in shown:
            made.append(folder / f"sheet-{name.replace(' ', '-')}.png")
            picture = document[_first_page(document, name)].render(scale=PIXELS_A_POINT).to_pil()
            body = picture.crop((0, 0, picture.width, int(picture.height * SHOWN.get(name, 0.95))))
            body = _without_margins(body)
            right = int(ACROSS.get(name, 1) * body.width)
            body.crop((0, 0, right, body.height)).save(made[-1], optimize=True)
        document.close()
    return made


def _first_page(document: pypdfium2.PdfDocument, sheet: str) -> int:
    """The first page of a sheet, by the name in its footer."""
    for number, page in enumerate(document):
        if page.get_textpage().get_text_bounded(top=FOOTER).startswith(f"{sheet} Page "):
            return number
    raise ValueError(f"no page of the PDF says {sheet} in its footer")


def _pdf(book: Path) -> Path:
    profile = book.parent / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(RECALCULATE)
    options = [f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "pdf"]
    _run("soffice", *options, book.name, folder=book.parent)
    return book.with_suffix(".pdf")


def _picture_of_page(sheet: SheetPlan, picture: Path) -> None:
    """What a browser shows of the page of an audit."""
    with tempfile.TemporaryDirectory() as work:
        book, page = Path(work) / "theirs.xlsx", Path(work) / "report.html"
        write([sheet], book)
        write_page(page_of([audit(book)]), page)
        _screenshot(page, picture)


def _picture_of_walk(picture: Path) -> None:
    """What a browser shows of the page of a training."""
    with tempfile.TemporaryDirectory() as work:
        page = Path(work) / "walk.html"
        write_walk(load_experiment("xor"), page)
        _screenshot(page, picture)


def _screenshot(page: Path, picture: Path) -> None:
    options = [
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
        *(f"--user-data-dir={page.parent}/profile", f"--window-size={WINDOW}", "--force-device-scale-factor=1.5"),
    ]
    _run("chromium", *options, f"--screenshot={picture.resolve()}", page.as_uri(), folder=page.parent)


def _run(*command: str, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _without_margins(picture: Image.Image) -> Image.Image:
    box = ImageChops.invert(picture.convert("L")).getbbox()
    return ImageOps.expand(picture.crop(box), border=16, fill="white")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False)
    app.command()(pictures)
    run(app, "python -m tests.pictures")
