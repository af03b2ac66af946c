"""A layer goes on as it is seen to thin out, and no further."""

from __future__ import annotations

import numpy as np
import pytest

from models.ct.taper import tapered

SIDE, PITCH_MM = 40, 2.0
#: Millimetres along the wall from where the layer is last seen.
BEYOND = PITCH_MM * (np.repeat(np.arange(SIDE), SIDE) - 19)
#: Rows and columns of the plane lie along the wall: its normal is across both.
NORMALS = np.tile([1.0, 0.0, 0.0], (SIDE * SIDE, 1))
EVERYWHERE = np.ones(SIDE * SIDE, np.bool_)


def test_a_layer_goes_on_by_its_own_slope_until_nothing_is_left(flat_wall) -> None:
    # 0.8 mm where it is last seen, 0.1 mm less each millimetre: nothing after 8 mm.
    thickness = (0.8 - 0.1 * BEYOND).astype(np.float32)
    gap = np.where(BEYOND <= 0, thickness, np.float32(0))
    found = tapered(flat_wall(SIDE, PITCH_MM, NORMALS), gap, EVERYWHERE)
    assert np.array_equal(found[gap > 0], gap[gap > 0])
    inside = (np.arange(SIDE * SIDE) % SIDE > 8) & (np.arange(SIDE * SIDE) % SIDE < SIDE - 8)
    near = inside & (BEYOND > 0) & (BEYOND <= 6)
    assert found[near] == pytest.approx(thickness[near], abs=0.2)
    assert not found[inside & (BEYOND >= 10)].any()


def test_an_even_layer_goes_on_for_a_centimetre_as_a_film(flat_wall) -> None:
    gap = np.where(BEYOND <= 0, np.float32(2.0), np.float32(0))
    found = tapered(flat_wall(SIDE, PITCH_MM, NORMALS), gap, EVERYWHERE)
    assert found[(BEYOND > 0) & (BEYOND < 10)] == pytest.approx(0.8)
    assert not found[BEYOND > 10].any()
    assert np.array_equal(tapered(flat_wall(SIDE, PITCH_MM, NORMALS), gap, gap > 0), gap)
