"""A page's records as HTML. The one module that knows jinja2."""

import base64
import hashlib
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from engine.files import replacing
from workbook.page.plot import plot
from workbook.page.records import Page, Row

ROOM = "workbook.page"


def write_page(page: Page, path: Path) -> None:
    """Write a page; a file that stands at `path` is replaced only when the new one is whole.

    Raises:
        InputError: `path` cannot be written.
    """
    with replacing(path) as part:
        part.write_text(render(page), encoding="utf-8", errors="replace", newline="\n")


def render(page: Page) -> str:
    """The page as HTML, whole in itself: style, script and pictures are inside, and nothing else may be loaded."""
    style, script = part("page.css"), part("page.js")
    template = environment(ROOM).get_template("page.html.j2")
    return template.render(
        page=page, style=style, script=script, script_hash=script_hash(script), plot=plot, is_row=_is_row
    )


def environment(room: str) -> jinja2.Environment:
    """Where a package's templates are found, and how they are read."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(room, "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def framed(page: Page) -> str:
    """The page as a part of a notebook: in a frame, where neither changes how the other looks."""
    style = "width: 100%; height: 40em; border: 1px solid #ccc"
    return f'<iframe srcdoc="{escape(render(page))}" style="{style}"></iframe>'


def part(name: str, room: str = ROOM) -> Markup:
    """A part of a page that is our own, and so needs no escaping."""
    return Markup(resources.files(room).joinpath(name).read_text("utf-8"))  # noqa: S704 - our own file


def script_hash(script: str) -> str:
    """What the page's policy names its one script by: no other script runs, whatever a workbook's text holds."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _is_row(row: object) -> bool:
    return isinstance(row, Row)
