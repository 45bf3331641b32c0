"""The page with all its parts inside."""

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path

from engine.files import replacing
from workbook.page.render import environment, part
from workbook.playground.parts import LIST

ROOM = "workbook.playground"
# These stand in the page as they are; the others are packed, as letters.
SCRIPTS = ("pyodide.js", "pyodide.asm.js")
PACKAGES = ("engine", "workbook", "xlsxwriter")


def write_playground(parts: Mapping[str, bytes], path: Path) -> None:
    """Write the page; `parts` are those that `parts.fetched` has.

    Raises:
        InputError: `path` cannot be written.
    """
    packed = {name: content for name, content in parts.items() if name not in (*SCRIPTS, LIST)}
    packed |= {LIST: _numpy_alone(parts[LIST]), "packages.zip": _zipped(PACKAGES)}
    template = environment(ROOM).get_template("playground.html.j2")
    text = template.render(
        style=part("page.css") + part("playground.css", ROOM),
        script=part("playground.js", ROOM),
        pyodide=[parts[name].decode("utf-8") for name in SCRIPTS],
        packed={name: base64.b64encode(gzip.compress(content, mtime=0)).decode() for name, content in packed.items()},
    )
    with replacing(path) as file:
        file.write_text(text, encoding="utf-8", newline="\n")


def _numpy_alone(packages: bytes) -> bytes:
    """Pyodide's list without what the page does not have."""
    of = json.loads(packages)
    return json.dumps(of | {"packages": {"numpy": of["packages"]["numpy"]}}).encode()


def _zipped(packages: Iterable[str]) -> bytes:
    """Packages that are Python alone, with their data, as they are installed here."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for package in packages:
            root = Path(str(resources.files(package)))
            for file in sorted(root.rglob("*")):
                if file.suffix in (".py", ".toml", ".csv", ".css", ".js", ".j2", ".json"):
                    out.write(file, Path(package) / file.relative_to(root))
    return archive.getvalue()
