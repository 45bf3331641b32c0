"""A recipe's teachers: what they answer about each image, asked once for all seeds and epochs."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from cnn import processes
from cnn.augment import augment, draw_moves
from cnn.data import Digits, normalise
from cnn.files import make_folder, replacing
from cnn.model import DigitNet
from cnn.recipe import Recipe


@dataclass(frozen=True)
class Answers:
    """K moves of each of N images, (K, N, 6), and the logits (K, N, 10) that the teachers give to the moved images."""

    moves: Tensor
    logits: Tensor

    def of(self, epoch: int) -> tuple[Tensor, Tensor]:
        """The moves (N, 6) and the answers (N, 10) of an epoch, which takes the next of the K."""
        number = epoch % len(self.moves)
        return self.moves[number], self.logits[number]


def ask(teachers: list[DigitNet], digits: Digits, recipe: Recipe, runs: Path, console: Console) -> Answers:
    """What the teachers answer on average about `recipe.teacher_moves` moves of each image.

    A question costs most of a step, so that each is asked once: the answers about a move of all images are a file of
    `runs/answers-…/`, and what is there already is not asked again. Several processes share the questions out.

    Args:
        teachers: on the device of the digits, ready to predict.

    Raises:
        InputError: a file cannot be written.
    """
    about = {
        "images": len(digits),
        "moves": [recipe.rotation, recipe.scale, recipe.shear, recipe.shift],
        "precision": recipe.precision,
        "teachers": [hashlib.sha256(save(_on_cpu(teacher))).hexdigest() for teacher in teachers],
    }
    key = json.dumps(about)
    folder = runs / f"answers-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    make_folder(folder)
    paths = [folder / f"{number + 1}.safetensors" for number in range(recipe.teacher_moves)]
    moves = [draw_moves(len(digits), torch.Generator().manual_seed(number)) for number in range(len(paths))]
    own = range(processes.rank(), len(paths), processes.count())
    missing = [number for number in own if _read(paths[number]) is None]
    hidden = not console.is_terminal or processes.rank() > 0
    for number in track(missing, "asking the teachers", console=console, transient=True, disable=hidden):
        logits = _answer(teachers, digits, moves[number].to(digits.images.device), recipe)
        with replacing(paths[number]) as part:
            part.write_bytes(save({"logits": logits.cpu()}, metadata={"note": key}))
    processes.wait()  # until the others have written theirs
    found = torch.stack([load(path.read_bytes())["logits"] for path in paths])
    return Answers(torch.stack(moves).to(digits.images.device), found.to(digits.images.device))


def _on_cpu(model: DigitNet) -> dict[str, Tensor]:
    return {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}


def _read(path: Path) -> Tensor | None:
    """The answers of a file; None if it is not there or damaged."""
    try:
        return load(path.read_bytes())["logits"]
    except (OSError, SafetensorError):
        return None


@torch.inference_mode()
def _answer(teachers: list[DigitNet], digits: Digits, moves: Tensor, recipe: Recipe) -> Tensor:
    """The mean of the teachers' logits (N, 10) about moved images, as a step of the network meets them."""
    batches = zip(*(torch.split(rows, recipe.batch_size) for rows in (digits.images, moves)), strict=True)
    moved = (normalise(augment(images.float(), some, recipe)) for images, some in batches)
    with torch.autocast(digits.images.device.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
        return torch.cat([torch.stack([teacher(images).float() for teacher in teachers]).mean(0) for images in moved])
