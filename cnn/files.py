"""Writing a file so that an old one stays whole until the new one is."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cnn.errors import InputError


def expect_outputs(outputs: dict[str, Path | None], inputs: Iterable[Path]) -> None:
    """Say before the work what would keep its results from being written, or would lose something.

    Args:
        outputs: each option that names a file to write, and that file; None where it is not given.
        inputs: the files that are read.

    Raises:
        InputError: as `expect_writable`; or a file is read as well, or named twice.
    """
    taken = {_identity(path): "is read" for path in inputs}
    for option, path in outputs.items():
        if path is not None:
            expect_writable(path)
            if _identity(path) in taken:
                raise InputError(f"{option} {path}: this file {taken[_identity(path)]} as well; give it another name")
            taken[_identity(path)] = f"is written by {option}"


def _identity(path: Path) -> object:
    """What is equal for two names of one file, through links too."""
    return (path.stat().st_dev, path.stat().st_ino) if path.exists() else path.resolve()


def expect_writable(path: Path) -> None:
    """Raise InputError where no file can be written at `path`, or where it is a device, a pipe or the like."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder, expected the name of a file to write")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is no regular file and stays as it is; expected the name of a file to write")
    if path.parent.is_file():
        raise InputError(f"{path}: cannot be written: {path.parent} is no folder")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; create it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: cannot be written: no permission to write into {path.parent}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; when the block ends well, that file takes the place of `path`.

    The file is on the disk before it takes that place, so that a power cut leaves the old one or the new one. The path
    that is yielded has the suffix of `path`, and no other process writes to it. A link stays one: what it leads to is
    replaced.

    Raises:
        InputError: see `expect_writable`; or it cannot be written.
    """
    expect_writable(path)
    place = path.resolve()
    try:
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".part-") as folder:
            part = Path(folder) / path.name
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(place)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def make_folder(path: Path) -> None:
    """Make a folder of the project's own, such as runs/ or data/, where it is missing.

    Raises:
        InputError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: the folder cannot be made: {error.strerror or error}") from None
