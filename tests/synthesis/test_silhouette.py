"""Areas and distances of silhouettes whose answers are known: discs and half planes."""

import numpy as np
import pytest

from models.synthesis.anatomy import Side
from models.synthesis.silhouette import Silhouette

PITCH = 0.5


def disc(row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:200, :160]
    return ((radius - np.hypot(rows - row, columns - column)) * PITCH).astype(np.float32)


def nested(side: Side) -> Silhouette:
    """A lung of radius 40 in a hemithorax of radius 60, touching it at the medial border."""
    medial = 20.0 if side == "right" else -20.0
    return Silhouette(side, disc(100.0, 80.0, 60.0), disc(100.0, 80.0 + medial, 40.0), PITCH)


def test_areas_are_those_of_discs() -> None:
    whole, lung = nested("left").areas_mm2()
    assert whole == pytest.approx(np.pi * 30.0**2, rel=1e-3)
    assert lung == pytest.approx(np.pi * 20.0**2, rel=1e-3)


@pytest.mark.parametrize("side", ["right", "left"])
def test_distances_are_those_of_discs(side: Side) -> None:
    shape = nested(side)
    cupola = shape.apex_to_cupola()
    assert cupola.mm == pytest.approx(10.0, abs=0.02)
    assert shape.lung_apex[0] == pytest.approx(60.0, abs=0.02)
    level = shape.at(100.0)
    assert level is not None
    assert level.mm == pytest.approx(20.0, abs=0.02)
    # The chest wall lies laterally: at the left of the picture for the patient's right.
    assert (level.start[1] < level.end[1]) == (side == "right")
    assert shape.widths_mm(100.0) == pytest.approx((60.0, 40.0), abs=0.02)
    # A quarter down the lung, row 80: its edge at sqrt(40² - 20²) = 34.6 from its centre, 14.6 pixels
    # beyond the middle of the hemithorax and 20 above: 24.8 from it, so 35.2 from the nearest wall.
    upper = shape.down_the_lung(0.25)
    assert upper is not None
    assert upper.end[0] == pytest.approx(80.0, abs=0.1)
    assert upper.mm == pytest.approx((60.0 - np.hypot(np.sqrt(1200.0) - 20.0, 20.0)) * PITCH, abs=0.05)


def test_the_apical_distance_is_taken_where_the_wall_is_farthest() -> None:
    shape = nested("left")
    apical = shape.apical()
    assert apical is not None
    # Of the wall's points in the upper eighth (rows 40 to 55) the last lateral one is farthest from the lung.
    last = 55.0
    column = np.sqrt(60.0**2 - (100.0 - last) ** 2)
    expected = np.hypot(100.0 - last, column + 20.0) - 40.0
    assert apical.mm == pytest.approx(expected * PITCH, abs=0.3)


def test_a_lung_that_fills_its_side_has_no_distance() -> None:
    whole = disc(100.0, 80.0, 60.0)
    full = Silhouette("left", whole, whole, PITCH)
    level = full.at(100.0)
    assert level is not None
    assert level.mm == 0.0
    assert full.apex_to_cupola().mm == 0.0


def test_without_air_at_the_apex_there_is_no_apical_distance() -> None:
    """Air is a pocket at the lateral wall; the scale is steep, so that rounded pixels lie far outside."""
    whole = 3.0 * disc(100.4, 80.3, 60.0)
    shape = Silhouette("left", whole, np.minimum(whole, -3.0 * disc(100.0, 140.0, 20.0)), PITCH)
    assert shape.apical() is None
    level = shape.at(100.0)
    assert level is not None
    assert level.mm == pytest.approx((140.3 - 120.0) * PITCH, abs=0.05)
