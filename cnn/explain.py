"""Pictures of what the network read, and of how one digit looks to it.

Shape letters: C channels, H rows, W columns.
"""

import math
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from cnn.data import normalise
from cnn.model import DigitNet
from cnn.predict import SURE, Reading
from cnn.report import BLUE, ORANGE, save_figure

ACROSS = 16  # channels in a row of a layer's grid
INCHES = 8.0  # the longer side of a picture with its readings


def draw_reading(reading: Reading, path: Path) -> None:
    """The picture, each digit in a box with what it was read as; orange where the network is not sure.

    Raises:
        InputError: the file cannot be written.
    """
    width, height = reading.picture.size
    scale = INCHES / max(width, height)
    figure = Figure(figsize=(max(3.0, width * scale), max(1.5, height * scale) + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.asarray(reading.picture))
    axes.set_axis_off()
    for digit, answer, share in zip(reading.digits, reading.answers, reading.shares.amax(1).tolist(), strict=True):
        box, colour = digit.box, BLUE if share >= SURE else ORANGE
        outline = Rectangle(
            (box.left - 0.5, box.top - 0.5), box.width, box.height, fill=False, color=colour, linewidth=2
        )
        axes.add_patch(outline)
        style = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
        axes.text(box.left, box.top, f"{answer}: {100 * share:.0f} %", color=colour, va="bottom", bbox=style)
    figure.suptitle(f"reads {reading.text}" if reading.digits else "no digit here")
    save_figure(figure, path)


def draw_view(model: DigitNet, image: Tensor, path: Path) -> None:
    """One digit (1, 28, 28), bytes, as each convolution puts it out, and which of its pixels speak for the answer.

    Raises:
        InputError: the file cannot be written.
    """
    activations, gradient, shares = look(model, image)
    heights = [3.0, *(math.ceil(len(layer) / ACROSS) for layer in activations)]
    heights[-1] += 0.6  # for the ten digits' names
    figure = Figure(figsize=(9, 0.62 * sum(heights) + 2.5), layout="constrained")
    top, *rows = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    digit, saliency = top.subplots(1, 2)
    digit.imshow(image[0].numpy(), cmap="gray")
    digit.set_title("the digit, as MNIST would have it", fontsize=10)
    _draw_saliency(saliency, gradient, image, f"a {shares.argmax()}")
    for number, (row, layer) in enumerate(zip(rows, activations, strict=True), 1):
        axes = row.subplots()
        axes.imshow(_grid(layer), cmap="magma", aspect="equal")
        channels, height, width = layer.shape
        axes.set_title(f"convolution {number}: {channels} channels of {height}×{width}", fontsize=9, loc="left", pad=2)
    _name_digits(axes, activations[-1], shares)
    for axes in figure.get_axes():
        axes.set_axis_off()
    save_figure(figure, path)


def _draw_saliency(axes: Axes, gradient: Tensor, image: Tensor, answer: str) -> None:
    """The gradient at the ink and at the pixels that touch it.

    Elsewhere it is left out: there all inputs of a max pooling are equal, and it goes to whichever torch takes first.
    """
    near = ndimage.binary_dilation(image[0].numpy() > 0, np.ones((3, 3)))
    shown = np.where(near, gradient.numpy(), np.nan)
    most = np.abs(gradient.numpy()[near]).max(initial=1e-30)
    axes.imshow(np.full(near.shape, 0.9), cmap="gray", vmin=0, vmax=1)
    axes.imshow(shown, cmap="RdBu_r", vmin=-most, vmax=most)
    title = f"more ink here makes {answer} likelier (red), less likely (blue)"
    axes.set_title(f"{title}\nnot shown away from the ink, where it is arbitrary", fontsize=9)


def _name_digits(axes: Axes, layer: Tensor, shares: Tensor) -> None:
    """Under the last convolution's channels, one for each digit, the digits and their probabilities."""
    _, height, width = layer.shape
    for digit, share in enumerate(shares.tolist()):
        middle = digit * (width + 1) + (width - 1) / 2
        weight = "bold" if digit == int(shares.argmax()) else "normal"
        axes.text(middle, height, f"{digit}\n{100 * share:.0f} %", ha="center", va="top", fontsize=8, fontweight=weight)
    axes.set_ylim(height + 2.2, -0.5)


def look(model: DigitNet, image: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
    """What the network makes of one image (1, 28, 28), bytes.

    Returns:
        Each convolution's output (C, H, W), after its ReLU where it has one; the gradient (28, 28) of the answer's
        log-probability by the image's normalised pixels (Simonyan, Vedaldi and Zisserman, Deep inside convolutional
        networks, 2013); the probability (10,) of each digit.
    """
    convolutions = [layer for layer in model.layers if isinstance(layer, nn.Conv2d)]
    outputs: list[Tensor] = []
    hooks = [
        layer.register_forward_hook(lambda *seen: outputs.append(seen[2].detach().clone()[0])) for layer in convolutions
    ]
    pixels = normalise(image.unsqueeze(0)).requires_grad_()
    shares = model.eval()(pixels).log_softmax(1)[0]
    for hook in hooks:
        hook.remove()
    (gradient,) = torch.autograd.grad(shares.max(), pixels)
    return [*(output.relu() for output in outputs[:-1]), outputs[-1]], gradient[0, 0], shares.detach().exp()


def _grid(layer: Tensor) -> NDArray[np.float32]:
    """Channels (C, H, W) beside and below one another, with a line of nothing between."""
    channels, height, width = layer.shape
    rows = math.ceil(channels / ACROSS)
    grid = np.full((rows, height + 1, ACROSS, width + 1), np.nan, np.float32)
    for number in range(channels):
        grid[number // ACROSS, :height, number % ACROSS, :width] = layer[number]
    return grid.reshape(rows * (height + 1), ACROSS * (width + 1))
