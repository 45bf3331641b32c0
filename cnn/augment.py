"""Random rotation, scale, shear and shift of whole batches."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from cnn.recipe import Recipe


def augment(images: Tensor, recipe: Recipe) -> Tensor:
    """Each image (N, 1, H, W) moved at random, within the recipe's bounds; black comes in at the borders.

    Rotation is in degrees, scale and shear are shares, shift is in pixels, each drawn uniformly from -bound to
    +bound, scale and shift once for each axis. Without bounds the images are returned as they are.
    """
    if not (recipe.rotation or recipe.scale or recipe.shear or recipe.shift):
        return images
    count, size = len(images), images.shape[-1]
    # One draw for all: (rotation, scale x, scale y, shear, shift x, shift y) of each image, in -1 … 1.
    draws = torch.rand(6, count, device=images.device) * 2 - 1
    return warp(
        images,
        degrees=draws[0] * recipe.rotation,
        scale=1 + draws[1:3] * recipe.scale,
        shear=draws[3] * recipe.shear,
        shift=draws[4:6] * recipe.shift * 2 / size,
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
