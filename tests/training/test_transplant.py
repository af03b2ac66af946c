"""One hemithorax laid into another chest, on drawn films."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from models.training.film_mix import donors
from models.training.transplant import Hemithorax, transplant

SIZE = 128
ROWS, COLUMNS = np.indices((SIZE, SIZE))


def ellipse(row: float, column: float, half_height: float, half_width: float) -> np.ndarray:
    return ((ROWS - row) / half_height) ** 2 + ((COLUMNS - column) / half_width) ** 2 <= 1


def side(right: bool = True, lung: int = 60, chest: int = 180, half_width: float = 22) -> Hemithorax:
    field = ellipse(64, 36, 46, half_width)
    other = field[:, ::-1]
    air = field & (ROWS < 40)
    image = np.where(field | other, lung, chest)
    image = np.where(air, lung // 2, image).astype(np.uint8)
    mask = air
    if not right:
        image, field, other, mask = (np.ascontiguousarray(a[:, ::-1]) for a in (image, field, other, mask))
    return Hemithorax(image, field, other, mask, right)


def healthy(right: bool = True, lung: int = 80, chest: int = 200, half_width: float = 22) -> Hemithorax:
    made = side(right, lung, chest, half_width)
    image = np.where(made.field | made.other, lung, chest).astype(np.uint8)
    return Hemithorax(image, made.field, made.other, np.zeros_like(made.mask), right)


def test_air_lands_where_it_was_in_a_lung_of_the_same_shape() -> None:
    made = transplant(side(), healthy())
    assert made is not None
    assert np.array_equal(made.mask, side().mask)


def test_air_is_mirrored_to_the_other_side() -> None:
    made = transplant(side(right=True), healthy(right=False))
    assert made is not None
    expected = side(right=False).mask
    assert (made.mask & expected).sum() >= 0.97 * (made.mask | expected).sum()


def test_brightness_follows_the_host() -> None:
    # Donor: other lung 60, chest 180; host: 80 and 200.  The line between them keeps contrast and adds 20:
    # the donor's air of 30 becomes 50, its lung of 60 becomes 80.
    made = transplant(side(), healthy())
    assert made is not None
    deep = ndimage.binary_erosion(side().mask, iterations=7)
    assert deep.any()
    assert abs(float(made.image[deep].mean()) - 50) < 2
    lung = ndimage.binary_erosion(side().field & ~side().mask, iterations=7)
    assert abs(float(made.image[lung].mean()) - 80) < 2


def test_nothing_changes_far_from_the_hosts_lung() -> None:
    host = healthy()
    made = transplant(side(lung=40), host)
    assert made is not None
    far = ~ndimage.binary_dilation(host.field, iterations=12)
    assert np.array_equal(made.image[far], host.image[far])


def test_lungs_of_very_different_shape_are_not_exchanged() -> None:
    assert transplant(side(half_width=22), healthy(half_width=10)) is None


def test_a_lung_that_is_not_found_is_not_exchanged() -> None:
    host = healthy()
    empty = np.zeros_like(host.field)
    assert transplant(side(), Hemithorax(host.image, empty, host.other, empty, True)) is None
    assert transplant(side(), Hemithorax(host.image, host.field, empty, empty, True)) is None


def test_a_healthy_lung_brings_an_empty_mask() -> None:
    made = transplant(healthy(lung=60), healthy())
    assert made is not None
    assert not made.mask.any()


def test_every_piece_of_air_belongs_to_the_lung_it_lies_in() -> None:
    right = ellipse(64, 36, 46, 22)
    lungs = (right + 2 * right[:, ::-1]).astype(np.uint8)
    mask = (ROWS > 30) & (ROWS < 40) & right[:, ::-1]
    outside = (ROWS > 122) & (COLUMNS < 5)
    found = donors(np.zeros((SIZE, SIZE), np.uint8), mask | outside, lungs)
    assert [donor.right for donor in found] == [False]
    assert np.array_equal(found[0].mask, mask)
    assert np.array_equal(found[0].other, right)
