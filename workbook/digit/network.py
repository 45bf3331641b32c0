"""The network's forward and backward pass over one image, in NumPy, by hand: the values of the workbook's cells.

Shape letters: O output channels, I input channels, K rows and columns of a kernel, H rows and W columns of a map.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from workbook.digit.weights import Array, ConvolutionBlock

MEAN, DEVIATION = 0.1307, 0.3081  # of the training images' pixels, from 0 to 1
POOL = 2


@dataclass(frozen=True)
class Maps:
    """What a block computes of its input (I, H, W)."""

    input: Array  # (I, H, W)
    z: Array  # (O, H, W): what the convolution puts out
    maps: Array  # (O, H, W): after ReLU and batch normalisation
    pooled: Array | None  # (O, H/2, W/2)

    @property
    def output(self) -> Array:
        """What the next block reads."""
        return self.maps if self.pooled is None else self.pooled


@dataclass(frozen=True)
class Gradients:
    """∂loss/∂ everything of a block; each has the shape of what it belongs to."""

    pooled: Array | None
    maps: Array
    z: Array
    weight: Array
    bias: Array | None
    gamma: Array | None
    beta: Array | None
    input: Array

    @property
    def parameters(self) -> list[Array]:
        """The gradients of the parameters."""
        return [part for part in (self.weight, self.bias, self.gamma, self.beta) if part is not None]


@dataclass(frozen=True)
class Reading:
    """A forward pass: every block's maps, and the ten logits (10,) and logarithms of the probabilities (10,)."""

    blocks: list[Maps]
    logits: Array
    log_probabilities: Array


def read(blocks: Sequence[ConvolutionBlock], pixels: Array) -> Reading:
    """The forward pass over an image (28, 28) of bytes, 0 to 255."""
    maps: list[Maps] = []
    output = ((pixels / 255 - MEAN) / DEVIATION)[None]
    for block in blocks:
        maps.append(_forward(block, output))
        output = maps[-1].output
    logits = output.mean((1, 2))
    shifted = logits - logits.max()
    return Reading(maps, logits, shifted - np.log(np.exp(shifted).sum()))


def differentiate(blocks: Sequence[ConvolutionBlock], reading: Reading, label: int) -> list[Gradients]:
    """∂(−log p_label)/∂ everything, block by block from the first to the last."""
    logit_gradients = np.exp(reading.log_probabilities)
    logit_gradients[label] -= 1
    last = reading.blocks[-1].maps
    gradient = np.broadcast_to(logit_gradients[:, None, None] / last[0].size, last.shape)
    gradients: list[Gradients] = []
    for block, maps in zip(reversed(blocks), reversed(reading.blocks), strict=True):
        gradients.append(_backward(block, maps, gradient))
        gradient = gradients[-1].input
    return gradients[::-1]


def _forward(block: ConvolutionBlock, images: Array) -> Maps:
    z = np.einsum("oiyx,ihwyx->ohw", block.weight, _windows(block, images), optimize=True)
    if block.bias is not None:
        z = z + block.bias[:, None, None]
    if block.norm is None:
        return Maps(images, z, z, None)
    maps = block.norm.scale[:, None, None] * np.maximum(0, z) + block.norm.shift[:, None, None]
    return Maps(images, z, maps, _squares(maps).max(3) if block.plan.pool else None)


def _backward(block: ConvolutionBlock, maps: Maps, gradient: Array) -> Gradients:
    at_maps = _unpooled(maps.maps, gradient) if maps.pooled is not None else gradient
    at_z, gamma, beta = at_maps, None, None
    if block.norm is not None:
        at_z = np.where(maps.z > 0, block.norm.scale[:, None, None] * at_maps, 0)
        normalised = (np.maximum(0, maps.z) - block.norm.mean[:, None, None]) / block.norm.deviation[:, None, None]
        gamma, beta = (at_maps * normalised).sum((1, 2)), at_maps.sum((1, 2))
    return Gradients(
        pooled=gradient if maps.pooled is not None else None,
        maps=at_maps,
        z=at_z,
        weight=np.einsum("ohw,ihwyx->oiyx", at_z, _windows(block, maps.input), optimize=True),
        bias=at_z.sum((1, 2)) if block.bias is not None else None,
        gamma=gamma,
        beta=beta,
        input=_convolution_backward(block, at_z),
    )


def _windows(block: ConvolutionBlock, images: Array) -> Array:
    """The pixels (I, H, W, K, K) that each pixel of the convolution reads, with a border of zeros where it pads."""
    kernel, padding = block.plan.kernel, block.plan.padding
    padded = np.pad(images, ((0, 0), (padding, padding), (padding, padding)))
    return sliding_window_view(padded, (kernel, kernel), axis=(1, 2))


def _convolution_backward(block: ConvolutionBlock, at_z: Array) -> Array:
    """∂loss/∂input (I, H, W): the kernels, turned by half a circle, go over ∂loss/∂z."""
    kernel = block.plan.kernel
    border = kernel - 1 - block.plan.padding
    padded = np.pad(at_z, ((0, 0), (border, border), (border, border)))
    windows = sliding_window_view(padded, (kernel, kernel), axis=(1, 2))
    gradient: Array = np.einsum("oiyx,ohwyx->ihw", block.weight[:, :, ::-1, ::-1], windows, optimize=True)
    return gradient


def _squares(maps: Array) -> Array:
    """Each 2×2 square of maps as four numbers, from left to right and down: (O, H/2, W/2, 4)."""
    count, height, width = maps.shape
    split = maps.reshape(count, height // POOL, POOL, width // POOL, POOL)
    return split.transpose(0, 1, 3, 2, 4).reshape(count, height // POOL, width // POOL, POOL * POOL)


def _unpooled(maps: Array, gradient: Array) -> Array:
    """A pooling's gradient (O, H/2, W/2), all of it at the largest of each square, of equal ones at the first."""
    squares = _squares(maps)
    first = squares.argmax(3)[..., None] == np.arange(POOL * POOL)
    count, rows, columns = gradient.shape
    split = (first * gradient[..., None]).reshape(count, rows, columns, POOL, POOL)
    unpooled: Array = split.transpose(0, 1, 3, 2, 4).reshape(maps.shape)
    return unpooled
