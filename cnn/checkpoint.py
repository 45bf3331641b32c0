"""Checkpoints: the state of a run after each whole epoch, the last two of them kept."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from cnn.files import replacing

KEPT = 2
DIGEST_SIZE = 32  # bytes of a SHA-256, before torch's own format


def save(folder: Path, state: dict[str, Any]) -> None:
    """Write the state after `state["epoch"]` beside and rename it, then drop the oldest.

    Raises:
        InputError: the file cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    with replacing(folder / f"checkpoint-{state['epoch']:05}.pt") as part:
        # torch reads a damaged file without a word as long as its outline is whole: hence the checksum.
        part.write_bytes(hashlib.sha256(content).digest() + content)
    for path in _newest_first(folder)[KEPT:]:
        path.unlink()


def load(folder: Path, warn: Callable[[str], None]) -> dict[str, Any] | None:
    """The newest whole state in a folder; None without one. `warn` gets a line for each damaged file."""
    for path in _newest_first(folder):
        content = path.read_bytes()
        digest, body = content[:DIGEST_SIZE], content[DIGEST_SIZE:]
        if hashlib.sha256(body).digest() == digest:
            state: dict[str, Any] = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
            return state
        warn(f"{path}: damaged checkpoint: its SHA-256 is wrong; it is not used")
    return None


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*.pt"), reverse=True)
