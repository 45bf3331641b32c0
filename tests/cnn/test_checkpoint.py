from pathlib import Path

import torch

from cnn import checkpoint


def _save(folder: Path, *epochs: int) -> None:
    for epoch in epochs:
        checkpoint.save(folder, {"epoch": epoch, "weights": torch.full((100,), float(epoch))})


def _damage(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_the_last_two_epochs_are_kept_and_the_newest_is_read(tmp_path: Path) -> None:
    _save(tmp_path, 1, 2, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-00002.pt", "checkpoint-00003.pt"]
    state = checkpoint.load(tmp_path, warn=_never)
    assert state is not None
    assert state["epoch"] == 3


def _never(line: str) -> None:
    raise AssertionError(line)


def test_one_wrong_bit_anywhere_is_found_and_the_epoch_before_is_used(tmp_path: Path) -> None:
    size = _size(tmp_path)
    for at in (0, 40, size // 2, size - 1):
        _save(tmp_path, 1, 2)
        _damage(tmp_path / "checkpoint-00002.pt", at)
        warnings: list[str] = []
        state = checkpoint.load(tmp_path, warnings.append)
        assert state is not None
        assert state["epoch"] == 1
        assert warnings == [f"{tmp_path}/checkpoint-00002.pt: damaged checkpoint: its SHA-256 is wrong; it is not used"]


def _size(folder: Path) -> int:
    _save(folder, 2)
    return (folder / "checkpoint-00002.pt").stat().st_size


def test_an_empty_file_is_a_damaged_one(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-00001.pt").touch()
    warnings: list[str] = []
    assert checkpoint.load(tmp_path, warnings.append) is None
    assert len(warnings) == 1


def test_without_a_checkpoint_there_is_no_state(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "nowhere", warn=_never) is None


def test_what_an_interrupted_write_left_is_not_read(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    (tmp_path / ".part-x").mkdir()
    (tmp_path / ".part-x" / "checkpoint-00002.pt").write_bytes(b"half")
    state = checkpoint.load(tmp_path, warn=_never)
    assert state is not None
    assert state["epoch"] == 1
