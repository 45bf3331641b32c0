from dataclasses import replace

import pytest
import torch

from cnn.augment import MOVES, augment, warp
from cnn.recipe import load_recipe

PLAIN = load_recipe("reference")
MOVED = load_recipe("default")


def _picture() -> torch.Tensor:
    torch.manual_seed(3)
    picture = torch.zeros(1, 1, 28, 28)
    picture[..., 9:19, 9:19] = torch.rand(10, 10)
    return picture


def _moves(count: int) -> torch.Tensor:
    return torch.rand(count, MOVES, generator=torch.Generator().manual_seed(5)) * 2 - 1


def _warp(
    degrees: float = 0, scale: tuple[float, float] = (1, 1), shear: float = 0, shift: tuple[float, float] = (0, 0)
) -> torch.Tensor:
    """The picture, moved; the shift in pixels."""
    across, down = shift
    return warp(
        _picture(),
        torch.tensor([float(degrees)]),
        torch.tensor([[float(scale[0])], [float(scale[1])]]),
        torch.tensor([float(shear)]),
        torch.tensor([[across / 14], [down / 14]]),
    )


def _close(got: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)


def test_a_map_that_moves_nothing_leaves_the_picture() -> None:
    _close(_warp(), _picture())


def test_a_shift_moves_right_and_down_by_pixels() -> None:
    _close(_warp(shift=(2, -3)), _picture().roll((-3, 2), dims=(2, 3)))


def test_a_quarter_turn_is_clockwise() -> None:
    _close(_warp(degrees=90), _picture().rot90(-1, dims=(2, 3)))


def test_twice_the_size_makes_four_pixels_of_one() -> None:
    pixel = torch.zeros(1, 1, 28, 28)
    pixel[..., 14, 14] = 1
    two = torch.full((2, 1), 2.0)
    grown = warp(pixel, torch.zeros(1), two, torch.zeros(1), torch.zeros(2, 1))
    assert grown.sum().item() == pytest.approx(4)
    # It lay half a pixel from the middle of the picture, between pixels 13 and 14; now a whole pixel.
    assert (grown.sum((0, 1, 2)) @ torch.arange(28.0)).item() / 4 == pytest.approx(14.5)


def test_shear_moves_rows_sideways_by_their_distance_from_the_middle() -> None:
    row = torch.zeros(1, 1, 28, 28)
    row[..., 20, 14] = 1  # 6.5 rows under the middle
    sheared = warp(row, torch.zeros(1), torch.ones(2, 1), torch.full((1,), 2.0), torch.zeros(2, 1))
    assert sheared[0, 0, 20].nonzero().flatten().tolist() == [27]  # 2 · 6.5 columns to the right


def test_without_bounds_images_stay_as_they_are() -> None:
    images = torch.rand(3, 1, 28, 28)
    assert augment(images, _moves(3), PLAIN) is images


def test_each_image_moves_its_own_way() -> None:
    images = _picture().expand(4, 1, 28, 28)
    moved = augment(images, _moves(4), MOVED)
    assert not torch.equal(moved[0], moved[1])
    torch.testing.assert_close(augment(images[2:3], _moves(4)[2:3], MOVED), moved[2:3])


def test_shifts_stay_within_the_recipe_s_pixels() -> None:
    pixel = torch.zeros(500, 1, 28, 28)
    pixel[..., 14, 14] = 1
    shifts_only = replace(MOVED, rotation=0.0, scale=0.0, shear=0.0, shift=2.0)
    touched = augment(pixel, _moves(500), shifts_only).sum((0, 1)).nonzero()
    assert touched.min().item() == 12
    assert touched.max().item() == 16
