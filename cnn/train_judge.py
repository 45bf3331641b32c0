"""Trains the network of `cnn/judge.py`: `python -m cnn.train_judge` writes its weights, in about five minutes.

`python -m cnn.train_judge --score` counts anew what the network that ships takes for a digit.

Digits are MNIST's training digits, moved, thicker, thinner, sharper, and printed ones. No digits are letters, several
digits at once, blots, shadows' borders, squared paper, edges, textures and scribbles: each drawn anew from a seed.

Shape letters: N images, H rows, W columns.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import save_file
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from cnn.augment import augment, draw_moves
from cnn.centre import as_mnist
from cnn.data import SIZE, Digits, hold_out
from cnn.download import load
from cnn.files import replacing
from cnn.judge import LEAST, WEIGHTS, digit_shares, network
from cnn.page import Floats, Mask
from cnn.recipe import load_recipe

FOLDER = Path(mpl.get_data_path()) / "fonts" / "ttf"
# Other fonts, those of the pictures that the tests draw, are not seen here.
FONTS = ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10", "cmtt10", "cmb10", "cmti10",
         "DejaVuSans-Bold", "DejaVuSansMono-Oblique", "DejaVuSerif", "DejaVuSerif-Italic")  # fmt: skip
# Without those that may be digits: b, g, i, l, o, q, s, z, B, D, G, I, O, Q, S, T, Y, Z.
LETTERS = "acdefhjkmnprtuvwxyACEFHJKLMNPRUVWX"
EPOCHS, BATCH, RATE = 5, 128, 0.002
NEGATIVES, PRINTED = 60_000, 6_000
NEW = 5_000  # pieces of clutter that it is scored on
COUNTS = Path("assets/judge.json")
WEIGHT = 2.0  # of a digit in the loss, that of clutter being 1: a digit that is left out is the worse mistake

Random = np.random.Generator


def _glyph(text: str, random: Random) -> Floats:
    face = ImageFont.truetype(str(FOLDER / f"{FONTS[random.integers(len(FONTS))]}.ttf"), 40)
    left, top, right, bottom = (int(side) for side in face.getbbox(text, stroke_width=2))
    picture = Image.new("L", (right - left + 4, bottom - top + 4), 0)
    stroke = int(random.integers(0, 3))
    ImageDraw.Draw(picture).text((2 - left, 2 - top), text, font=face, fill=255, stroke_width=stroke)
    turned = picture.rotate(float(random.normal(0, 5)), Image.Resampling.BILINEAR, expand=True)
    return _floats(turned)


def _letter(_: Digits, random: Random) -> Floats:
    count = 1 if random.random() < 0.8 else 2
    return _glyph("".join(random.choice(list(LETTERS), count)), random)


def _several(digits: Digits, random: Random) -> Floats:
    """Two or three digits that touch or nearly do."""
    count = int(random.integers(2, 4))
    line: Floats = np.zeros((SIZE, 20 * (count + 1) + SIZE), np.float32)
    start = 0
    for index in random.integers(0, len(digits), count):
        image = digits.images[index, 0].numpy().astype(np.float32) / np.float32(255)
        columns = np.flatnonzero(image.any(axis=0))
        digit = image[:, columns[0] : columns[-1] + 1]
        line[:, start : start + digit.shape[1]] = np.maximum(line[:, start : start + digit.shape[1]], digit)
        start = max(0, start + digit.shape[1] + int(random.integers(-3, 2)))
    return line


def _blot(_: Digits, random: Random) -> Floats:
    """Clouds above a height, cut off by a rectangle: what is left of soft shadows and uneven light."""
    height, width = random.integers(20, 60, 2)
    cloud = ndimage.gaussian_filter(random.normal(0, 1, (height, width)), random.uniform(1, 10))
    pieces, count = ndimage.label(cloud > np.quantile(cloud, random.uniform(0.4, 0.95)))
    sizes = ndimage.sum_labels(np.ones_like(cloud), pieces, range(1, count + 1))
    return _soft(pieces == 1 + int(np.argmax(sizes)), random)


def _corner(_: Digits, random: Random) -> Floats:
    """What lies outside of an ellipse, in a part of a rectangle: a vignette."""
    rows, columns = np.mgrid[-1:1:40j, -1 : 1 : int(random.integers(15, 60)) * 1j]
    away = (columns - random.uniform(-1, 1)) ** 2 + (rows - random.uniform(-1, 1)) ** 2
    inside = away < random.uniform(0.3, 2)
    return _soft(inside if random.random() < 0.3 else ~inside, random)


def _grid(_: Digits, random: Random) -> Floats:
    canvas = Image.new("L", (60, 60), 0)
    draw, width = ImageDraw.Draw(canvas), int(random.integers(1, 6))
    for across in (True, False):
        for offset in range(int(random.integers(2, 30)), 60, int(random.integers(8, 40))):
            start, end = sorted(random.integers(0, 60, 2).tolist()) if random.random() < 0.3 else (0, 59)
            ends = ((start, offset), (end, offset))
            draw.line(ends if across else tuple(point[::-1] for point in ends), fill=255, width=width)
    return _floats(canvas.rotate(float(random.normal(0, 4)), expand=True))


def _polygon(_: Digits, random: Random) -> Floats:
    """An edge, a corner, a filled or an empty shape of straight lines."""
    canvas = Image.new("L", (60, 60), 0)
    points = [tuple(point) for point in random.integers(2, 58, (int(random.integers(3, 6)), 2)).tolist()]
    draw = ImageDraw.Draw(canvas)
    if random.random() < 0.5:
        draw.polygon(points, fill=255)
    else:
        draw.line([*points, points[0]], fill=255, width=int(random.integers(2, 8)))
    return _floats(canvas)


def _texture(_: Digits, random: Random) -> Floats:
    sigma = (random.uniform(0, 3), random.uniform(0, 12))
    noise = ndimage.gaussian_filter(random.normal(0, 1, (40, 40)), sigma)
    return _soft(noise > np.quantile(noise, random.uniform(0.3, 0.9)), random)


def _scribble(_: Digits, random: Random) -> Floats:
    """A stroke that wanders longer than a digit's does."""
    turns = ndimage.gaussian_filter1d(random.normal(0, 1, (200, 2)), random.uniform(6, 14), axis=0)
    path = np.cumsum(turns, axis=0)
    path = (path - path.min(0)) / np.ptp(path, axis=0).max() * 50 + 4
    canvas = Image.new("L", (60, 60), 0)
    points = [tuple(point) for point in path.tolist()]
    ImageDraw.Draw(canvas).line(points, fill=255, width=int(random.integers(2, 7)), joint="curve")
    return _floats(canvas)


def _floats(picture: Image.Image) -> Floats:
    return np.asarray(picture, np.float32) / np.float32(255)


def _soft(mask: Mask, random: Random) -> Floats:
    blurred: Floats = ndimage.gaussian_filter(mask.astype(np.float32), random.uniform(0, 1))
    return blurred


CLUTTER: dict[Callable[[Digits, Random], Floats], float] = {
    _letter: 0.3, _several: 0.25, _blot: 0.16, _corner: 0.12, _grid: 0.08,
    _texture: 0.05, _polygon: 0.02, _scribble: 0.02,
}  # fmt: skip


def clutter(count: int, digits: Digits, random: Random) -> Tensor:
    """That many images (N, 1, 28, 28), bytes, of what is no digit."""
    kinds = random.choice(len(CLUTTER), count, p=list(CLUTTER.values()))
    drawn = list(CLUTTER)
    return torch.stack([_as_mnist(drawn[kind](digits, random)) for kind in kinds])


def printed(count: int, random: Random) -> Tensor:
    """That many images of printed digits."""
    return torch.stack([_as_mnist(_glyph(str(random.integers(10)), random)) for _ in range(count)])


def _as_mnist(ink: Floats) -> Tensor:
    rows, columns = (np.flatnonzero((ink > 0.5).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return torch.zeros(1, SIZE, SIZE, dtype=torch.uint8)
    tight = np.ascontiguousarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return as_mnist(tight)


def vary(images: Tensor, random: Random) -> Tensor:
    """Images as bytes, a third each thicker or thinner by half a pixel or so, half of them with sharper borders."""
    grown = functional.max_pool2d(images.float(), 3, 1, 1)
    shrunk = -functional.max_pool2d(-images.float(), 3, 1, 1)
    change = torch.from_numpy(random.uniform(-0.6, 1, len(images)).astype(np.float32)).view(-1, 1, 1, 1)
    change[torch.from_numpy(random.random(len(images)) < 0.4)] = 0
    varied = torch.where(change > 0, images + (grown - images) * change, images + (images - shrunk) * change)
    sharp = ((varied / 255 - 0.35) / 0.3).clamp(0, 1) * 255
    return torch.where(torch.from_numpy(random.random(len(images)) < 0.5).view(-1, 1, 1, 1), sharp, varied)


def main() -> None:
    """Train on 50,000 of the training digits."""
    random, generator = np.random.default_rng(1), torch.Generator().manual_seed(1)
    torch.manual_seed(1)
    train, _ = hold_out(load(Path("data"))[0])
    negatives = clutter(NEGATIVES, train, random).float()
    digits = torch.cat([train.images, printed(PRINTED, random)]).float()
    judge, moves_of = network(), load_recipe("quick")
    optimizer = torch.optim.AdamW(judge.parameters(), RATE, weight_decay=0.01)
    steps = EPOCHS * ((len(digits) + len(negatives)) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1)
    for epoch in range(EPOCHS):
        moved = augment(digits, draw_moves(len(digits), generator), moves_of)
        images = torch.cat([vary(moved, random), vary(negatives, random)]) / 255
        wanted = torch.cat([torch.ones(len(digits)), torch.zeros(len(negatives))])
        losses = []
        for batch in torch.split(torch.randperm(len(images), generator=generator), BATCH)[:-1]:
            logits = judge(images[batch]).flatten()
            loss = functional.binary_cross_entropy_with_logits(logits, wanted[batch], pos_weight=torch.tensor(WEIGHT))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        sys.stdout.write(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}\n")
        sys.stdout.flush()
    save_file(judge.state_dict(), WEIGHTS)


def count_taken(held_out: Digits) -> dict[str, list[int]]:
    """How many of the held-out digits and of new clutter the shipped network takes for digits: [taken, of all]."""
    images = {"held-out digits": held_out.images, "clutter": clutter(NEW, held_out, np.random.default_rng(2))}
    return {name: [int((digit_shares(some) > LEAST).sum()), len(some)] for name, some in images.items()}


if __name__ == "__main__":
    if sys.argv[1:] != ["--score"]:
        main()
    with replacing(COUNTS) as part:
        part.write_text(f"{json.dumps(count_taken(hold_out(load(Path('data'))[0])[1]))}\n", encoding="utf-8")
    sys.stdout.write(COUNTS.read_text(encoding="utf-8"))
