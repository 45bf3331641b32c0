"""Writing a file so that an old one stays whole until the new one is."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnn.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; when the block ends well, that file takes the place of `path`.

    The folder is made where it is missing. The path that is yielded has the suffix of `path`, and no other process
    writes to it.

    Raises:
        InputError: `path` is a folder, or cannot be written.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder, expected the name of a file to write")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".part-") as folder:
            part = Path(folder) / path.name
            yield part
            part.replace(path)
    except FileExistsError:
        raise InputError(f"{path}: cannot be written: {path.parent} is no folder") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
