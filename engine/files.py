"""Writing a file so that an old one stays whole until the new one is."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engine.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; when the block ends well, it takes the place of `path`.

    Raises:
        InputError: `path` is a directory or a device, its folder does not exist, or it cannot be written.
    """
    check_writable(path)
    part = path.with_name(path.name + ".part")
    try:
        part.touch()  # an unwritable folder is better noticed before the work than after it
        yield part
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        _remove(part)


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[Path] = ()) -> None:
    """Before any work: each output, by its option, can be written, and is no input and no other output.

    Raises:
        InputError: one is not so.
    """
    taken = {_resolved(path): "a file that is read, and never changed" for path in inputs}
    for option, path in outputs.items():
        if path is None:
            continue
        check_writable(path)
        resolved = _resolved(path)
        if resolved in taken:
            raise InputError(f"{option}: got {path}, {taken[resolved]}; expected another name")
        taken[resolved] = f"which {option} writes already"


def check_writable(path: Path) -> None:
    """Check that a file can be written there: what is no regular file, such as a device, is never replaced.

    Raises:
        InputError: it cannot.
    """
    if (why := _unfit(path)) is not None:
        raise InputError(f"{path}: {why}")


def check_ending(path: Path, *endings: str) -> None:
    """Check that a file's name says what it will hold, as other programs go by that; upper case is as good.

    Raises:
        InputError: the name ends in none of `endings`.
    """
    if path.suffix.lower() not in endings:
        raise InputError(f"{path}: expected a file name that ends in {endings[0]}")


def _unfit(path: Path) -> str | None:
    try:
        if path.is_dir():
            return "is a directory, expected the name of a file to write"
        if path.exists() and not path.is_file():
            return "is a device or a pipe, expected the name of a file to write"
        return None if path.parent.is_dir() else f"the folder {path.parent} does not exist; create it first"
    except (OSError, ValueError) as error:  # a name that is too long, or holds a zero byte
        return f"cannot be written: {getattr(error, 'strerror', None) or error}"


def _resolved(path: Path) -> tuple[int, int] | Path:
    """What a file is, however it is named: links to one file are the same."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return path.parent.resolve() / path.name
    return stat.st_dev, stat.st_ino


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return  # the folder that refused the file: already reported
