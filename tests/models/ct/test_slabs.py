"""Layers on walls that lie in the plane of thick slices."""

from __future__ import annotations

import numpy as np
import pytest

from models.ct.border import Levels
from models.ct.profile import profile
from models.ct.slabs import slab_gaps

SIDE, PITCH_MM, SLICE_MM, BLUR_MM = 44, 2.5, 5.0, 0.8
LEVELS = Levels(air=-1000.0, lung=-840.0)
#: The first points stand upright and show the layer, the others lie across the slices.
UPRIGHT = np.arange(SIDE * SIDE) < 4 * SIDE


def scanned(gap_mm: float, tilt: float) -> tuple[np.ndarray, np.ndarray]:
    """Slices of 5 mm through a wall that leans by `tilt` (mm in a mm of rows), and the wall's height [N]."""
    fine = 0.25
    z = np.arange(-30.0, 50.0, fine)[:, None] + fine / 2
    y = np.arange(SIDE) * PITCH_MM
    height = 10.0 + tilt * y
    depth = (z - height) / np.sqrt(1 + tilt**2)
    values = np.where(depth < 0, 40.0, np.where(depth < gap_mm, -1000.0, -840.0))
    if gap_mm:
        values = np.where(np.abs(depth - gap_mm) < 0.25, 40.0, values)
    slices = values.reshape(-1, round(SLICE_MM / fine), SIDE).mean(axis=1)
    noise = np.random.default_rng(2).normal(0, 8.0, (len(slices), SIDE, SIDE))
    volume = np.rint(slices[:, :, None] + noise).astype(np.int16)
    return volume, np.repeat(height, SIDE) + 30.0 - SLICE_MM / 2


@pytest.mark.parametrize("gap_mm", [0.0, 2.5, 4.0, 7.0])
def test_a_layer_across_thick_slices_is_measured_when_its_line_is_known(flat_wall, gap_mm: float) -> None:
    tilt = 0.35
    volume, height = scanned(gap_mm, tilt)
    lean = np.array([1.0, -tilt, 0.0]) / np.sqrt(1 + tilt**2)
    normals = np.where(UPRIGHT[:, None], [0.0, 0.0, 1.0], lean)
    tissue, lung, line = profile(2.0, 0.0, BLUR_MM)
    upright = np.tile(np.float32(1040 * tissue + 160 * lung + 520 * line + LEVELS.air), (SIDE * SIDE, 1))
    wall = flat_wall(SIDE, PITCH_MM, normals, upright)
    wall.points_mm[:, 0] = height
    spacing = (SLICE_MM, PITCH_MM, PITCH_MM)
    seen = np.where(UPRIGHT, np.float32(2.0), np.float32(0.0))
    found = slab_gaps(wall, volume, spacing, LEVELS, BLUR_MM, seen)
    middle = np.zeros((SIDE, SIDE), np.bool_)
    middle[12:-12, 8:-8] = True
    if gap_mm:
        assert np.median(found[middle.ravel()]) == pytest.approx(gap_mm, abs=1.1)
    else:
        assert not found.any()
    assert not found[UPRIGHT].any()
    # Thin slices, or no layer on upright walls: nothing is looked for.
    assert not slab_gaps(wall, volume, (2.5, PITCH_MM, PITCH_MM), LEVELS, BLUR_MM, seen).any()
    assert not slab_gaps(wall, volume, spacing, LEVELS, BLUR_MM, np.zeros_like(seen)).any()
