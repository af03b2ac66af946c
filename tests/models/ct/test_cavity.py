"""Right and left of lungs that touch in front of the heart."""

from __future__ import annotations

import numpy as np

from models.ct.cavity import cavities
from models.ct.grid import working_grid
from models.prediction import Side


def _no_progress(_fraction: float, _message: str) -> None:
    return


def test_lungs_that_touch_along_a_sheet_are_parted_near_the_midline():
    values = np.full((40, 60, 100), 40, np.int16)
    values[4:36, 10:50, 5:40] = -850
    values[4:36, 10:50, 75:95] = -850
    # 15 mm of lung join both in front; the right lung reaches nearer to the midline.
    values[4:36, 10:15, 40:75] = -850
    airways = np.zeros(values.shape, np.bool_)
    airways[:, 29:32, 49:52] = True
    grid = working_grid(values, (3.0, 3.0, 3.0), _no_progress)
    found = cavities(grid, np.ones(values.shape, np.bool_), airways, _no_progress)
    right = np.flatnonzero(found.of[Side.RIGHT][20].any(axis=0))
    left = np.flatnonzero(found.of[Side.LEFT][20].any(axis=0))
    assert right[0] == 5
    assert left[-1] == 94
    # The middle of the sheet is column 57, the midline column 50.
    assert abs(int(right[-1]) - 50) <= 2
    assert abs(int(left[0]) - 50) <= 2
