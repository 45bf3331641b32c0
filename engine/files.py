"""Writing a file so that an old one stays whole until the new one is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; when the block ends well, it takes the place of `path`.

    Raises:
        InputError: `path` is a directory, its folder does not exist, or it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        _check_place(path)
        part.touch()  # an unwritable place is better noticed before the work than after it
        yield part
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        _remove(part)


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path}: is a directory, expected the name of a file to write")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; create it first")


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return  # the folder that refused the file: already reported
