"""Volumes of a box and a sphere of air, on even, anisotropic and irregular slices."""

from __future__ import annotations

import numpy as np
import pytest

from models.prediction import Side
from ptx_viewer.measure.volume import LUNG, SHARE, VOLUME, measure_volume, slice_extents

AIR, TISSUE = -1000.0, 40.0


def measured(hounsfield, air, positions, pixel, lung=None, side=Side.RIGHT):
    none = np.zeros(air.shape, np.bool_)
    other = Side.LEFT if side is Side.RIGHT else Side.RIGHT
    found = measure_volume(
        hounsfield.astype(np.int16),
        {side: air, other: none},
        {side: none if lung is None else lung, other: none},
        np.asarray(positions, float),
        pixel,
        AIR,
        "ct-threshold",
    )
    return {(m.name, m.side): m for m in found}


def box_of_air(slices: int, rows: int, columns: int):
    values = np.full((slices, rows + 10, columns + 10), TISSUE)
    air = np.zeros(values.shape, np.bool_)
    air[:, 5:-5, 5:-5] = True
    values[air] = AIR
    return values, air


def test_a_box_is_its_edges_product():
    values, air = box_of_air(10, 20, 30)
    found = measured(values, air, np.arange(10) * 2.5, (0.7, 0.9))
    volume = found[VOLUME, "right"]
    assert volume.value == pytest.approx(10 * 2.5 * 20 * 0.7 * 30 * 0.9 / 1000)
    assert volume.unit == "mL"
    assert "slices 2.5 mm apart by their positions" in volume.method
    assert (VOLUME, "left") not in found


def test_uneven_slices_count_by_their_positions():
    values, air = box_of_air(4, 20, 20)
    # Half way to either neighbour: 1, 1.25, 1.4, 1.3 mm; the ends as far out as in.
    found = measured(values, air, [0.0, 1.0, 2.5, 3.8], (1.0, 1.0))
    assert found[VOLUME, "right"].value == pytest.approx((1.0 + 1.25 + 1.4 + 1.3) * 400 / 1000)
    assert "slices 1 to 1.5 mm apart" in found[VOLUME, "right"].method


def test_a_gap_is_not_filled_in_but_widens_the_interval():
    values, air = box_of_air(6, 20, 20)
    found = measured(values, air, [0, 2, 4, 10, 12, 14], (1.0, 1.0))
    volume = found[VOLUME, "right"]
    assert volume.value == pytest.approx(6 * 2 * 400 / 1000)
    even = measured(values, air, np.arange(6) * 2, (1.0, 1.0))[VOLUME, "right"]
    assert volume.interval[1] == pytest.approx(even.interval[1] + 4 * 400 / 1000)
    assert "missing" in volume.interval_basis


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.5, 0.7, 0.8), (1.2, 1.4, 1.1)])
def test_a_sphere_with_partial_volume_is_within_one_percent(spacing):
    radius, fine = 24.0, 5
    axes = [np.arange(-30, 30, step / fine) + step / fine / 2 for step in spacing]
    shapes = [len(axis) // fine for axis in axes]
    z, y, x = (axis[: n * fine] for axis, n in zip(axes, shapes, strict=True))
    inside = (z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2) < radius**2
    share = inside.reshape(shapes[0], fine, shapes[1], fine, shapes[2], fine).mean(axis=(1, 3, 5))
    values = TISSUE + share * (AIR - TISSUE)
    air = values < (AIR + TISSUE) / 2
    found = measured(values, air, np.arange(shapes[0]) * spacing[0], spacing[1:])
    volume = found[VOLUME, "right"]
    truth = 4 / 3 * np.pi * radius**3 / 1000
    assert volume.value == pytest.approx(truth, rel=0.01)
    assert volume.interval[0] < truth < volume.interval[1]


def test_share_is_air_of_air_and_lung():
    values, air = box_of_air(5, 20, 20)
    lung = np.zeros(air.shape, np.bool_)
    lung[:, 5:15, 5:-5] = True
    air &= ~lung
    values[lung] = -850
    found = measured(values, air, np.arange(5), (1.0, 1.0), lung, Side.LEFT)
    assert found[LUNG, "left"].value == pytest.approx(5 * 200 / 1000)
    assert found[SHARE, "left"].value == pytest.approx(50.0)
    low, high = found[SHARE, "left"].interval
    assert low < 50.0 < high


def test_a_side_without_lung_has_no_share():
    values, air = box_of_air(5, 20, 20)
    share = measured(values, air, np.arange(5), (1.0, 1.0))[SHARE, "right"]
    assert (share.valid, share.value) == (False, None)
    assert share.why_not == "no aerated lung was found on this side"


@pytest.mark.parametrize("positions", [[0.0], [0.0, 1.0, 1.0], [1.0, 0.0]])
def test_slices_must_rise(positions):
    with pytest.raises(ValueError, match="rising positions"):
        slice_extents(np.array(positions))
