"""The surface that profiles are read along: its normals are those of the shape, whatever the slices."""

from __future__ import annotations

import numpy as np
import pytest

from models.ct.grid import WorkingGrid
from models.ct.surface import find_surface


@pytest.mark.parametrize("slice_mm", [1.5, 2.5, 5.0])
def test_normals_of_a_ball_point_to_its_centre(slice_mm: float) -> None:
    spacing = (slice_mm, 1.5, 1.5)
    shape = tuple(round(120 / step) for step in spacing)
    middle = np.array([(count - 1) / 2 * step for count, step in zip(shape, spacing, strict=True)])
    places = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1) * spacing
    ball = np.linalg.norm(places - middle, axis=-1) < 50
    surface = find_surface(WorkingGrid(np.zeros(shape, np.int16), (1, 1, 1), spacing, shape), ball)
    inwards = middle - surface.points_mm
    inwards /= np.linalg.norm(inwards, axis=1, keepdims=True)
    assert np.linalg.norm(surface.normals, axis=1) == pytest.approx(1.0, abs=1e-3)
    degrees = np.rad2deg(np.arccos(np.clip((surface.normals * inwards).sum(axis=1), -1, 1)))
    assert np.median(degrees) < 6.0
