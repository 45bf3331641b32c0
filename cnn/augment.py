"""Rotation, scale, shear and shift of whole batches."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from cnn.recipe import Recipe

MOVES = 6  # random numbers an image: rotation, scale across and down, shear, shift right and down


def draw_moves(count: int, generator: torch.Generator) -> Tensor:
    """What `augment` does to each of so many images: (N, 6), from -1 to 1."""
    return torch.rand(count, MOVES, generator=generator) * 2 - 1


def augment(images: Tensor, moves: Tensor, recipe: Recipe) -> Tensor:
    """Each image (N, 1, H, W), black being 0, moved within the recipe's bounds; black comes in at the borders.

    Rotation is in degrees, scale and shear are shares, shift is in pixels. Without bounds the images are returned as
    they are.

    Args:
        moves: (N, 6), from -1 to 1: what share of its bound each image's rotation takes, and so on.
    """
    if not (recipe.rotation or recipe.scale or recipe.shear or recipe.shift):
        return images
    moves = moves.T
    return warp(
        images,
        degrees=moves[0] * recipe.rotation,
        scale=1 + moves[1:3] * recipe.scale,
        shear=moves[3] * recipe.shear,
        shift=moves[4:6] * recipe.shift * 2 / images.shape[-1],
    )


def warp(images: Tensor, degrees: Tensor, scale: Tensor, shear: Tensor, shift: Tensor) -> Tensor:
    """Images (N, 1, H, W), each under its own affine map, sampled bilinearly with black outside.

    Args:
        degrees: (N,), clockwise.
        scale: (2, N), across and down; 1 leaves the size.
        shear: (N,), columns that a row moves for each row from the centre.
        shift: (2, N), right and down, in halves of the image's size.
    """
    angle = degrees * (math.pi / 180)
    cosine, sine = angle.cos(), angle.sin()
    # grid_sample asks where each output pixel comes from: the inverse of shift · rotate · shear · scale.
    across = torch.stack([cosine + shear * sine, sine - shear * cosine]) / scale[0]  # (2, N)
    down = torch.stack([-sine, cosine]) / scale[1]
    inverse = torch.stack([across, down]).permute(2, 0, 1)  # (N, 2, 2)
    offset = -inverse @ shift.T.unsqueeze(2)  # (N, 2, 1)
    grid = functional.affine_grid(torch.cat([inverse, offset], 2), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
