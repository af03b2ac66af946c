"""Right and left of lungs and air that reach across the middle of chest and picture."""

from __future__ import annotations

import numpy as np
import pytest

from models.ct import Label, segment
from models.ct.cavity import cavities
from models.ct.grid import working_grid
from models.prediction import Side

TISSUE, LUNG, COLLAPSED, AIR, PLEURA = 40, -850, -650, -1000, -500
SPACING = (3.0, 2.0, 2.0)
#: Rows of the chest from front to back, and columns from the right wall to the left.
FRONT, BACK, RIGHT_WALL, LEFT_WALL = 20, 90, 15, 125
MIDDLE = 70


def _no_progress(_fraction: float, _message: str) -> None:
    return


def trunk() -> np.ndarray:
    """A trunk of muscle in air whose middle is column 70; 40 slices."""
    values = np.full((40, 110, 141), AIR, np.int16)
    values[:, 10:100, 5:136] = TISSUE
    return values


def under_tension(*, septum: bool = True) -> tuple[np.ndarray, dict[Side, np.ndarray]]:
    """Air on the right pushes heart and trachea to the left and crosses the midline in front of the heart."""
    values = trunk()
    chest = np.zeros(values.shape, np.bool_)
    chest[5:35, FRONT:BACK, RIGHT_WALL:LEFT_WALL] = True
    heart = np.zeros(values.shape, np.bool_)
    heart[:, 35:BACK, 65:108] = True
    columns = np.broadcast_to(np.arange(values.shape[2]), values.shape)
    border = 96
    sides = {
        Side.RIGHT: chest & ~heart & (columns < border - septum),
        Side.LEFT: chest & ~heart & (columns >= border + septum),
    }
    values[sides[Side.RIGHT]] = AIR
    values[sides[Side.LEFT]] = LUNG
    # The collapsed lung lies at the heart, under its pleura.
    values[10:30, 45:80, 40:65] = PLEURA
    values[11:29, 46:79, 41:65] = COLLAPSED
    if septum:
        values[5:35, FRONT:35, border - 1 : border + 1] = PLEURA
    values[:18, 55:61, 84:90] = AIR
    return values, sides


def found_sides(values: np.ndarray, trachea: tuple[slice, slice, slice]) -> dict[Side, np.ndarray]:
    airways = np.zeros(values.shape, np.bool_)
    airways[trachea] = True
    body = np.zeros(values.shape, np.bool_)
    body[:, 10:100, 5:136] = True
    grid = working_grid(values, SPACING, _no_progress)
    return cavities(grid, body, airways, _no_progress).of


def agreement(found: np.ndarray, truth: np.ndarray) -> float:
    return 2 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth))


@pytest.mark.parametrize("septum", [True, False])
@pytest.mark.parametrize("mirrored", [False, True])
def test_air_that_crosses_the_midline_in_front_of_the_heart_stays_with_its_side(septum, mirrored):
    values, sides = under_tension(septum=septum)
    trachea = np.s_[:18, 55:61, 84:90]
    if mirrored:
        values = np.ascontiguousarray(values[:, :, ::-1])
        sides = {Side.RIGHT: sides[Side.LEFT][:, :, ::-1], Side.LEFT: sides[Side.RIGHT][:, :, ::-1]}
        trachea = np.s_[:18, 55:61, 51:57]
    found = found_sides(values, trachea)
    # The border is known to a voxel; everything else has its side.
    for side, truth in sides.items():
        assert agreement(found[side], truth) > 0.985
    assert not (found[Side.RIGHT] & found[Side.LEFT]).any()


def test_air_and_lungs_of_a_tension_pneumothorax_are_outlined_on_their_sides():
    values, sides = under_tension()
    found = segment(values, SPACING)
    air = found.of(Label.RIGHT_PNEUMOTHORAX)
    assert air[:, FRONT:34, MIDDLE + 5 : 92].mean() > 0.7
    assert not found.of(Label.LEFT_PNEUMOTHORAX).any()
    assert agreement(found.left_lung, sides[Side.LEFT]) > 0.95
    assert not found.right_lung[:, :, 100:].any()


def test_lungs_that_touch_are_parted_along_their_septum():
    values = trunk()
    values[5:35, FRONT:BACK, RIGHT_WALL:60] = LUNG
    values[5:35, FRONT:BACK, 85:LEFT_WALL] = LUNG
    # In front both meet off the midline, at a sheet that is half tissue.
    values[5:35, FRONT:32, 60:85] = LUNG
    values[5:35, FRONT:32, 81] = PLEURA
    found = found_sides(values, np.s_[:18, 50:56, 68:74])
    in_front = np.s_[20, FRONT + 5]
    assert abs(int(np.flatnonzero(found[Side.RIGHT][in_front])[-1]) - 81) <= 1
    assert abs(int(np.flatnonzero(found[Side.LEFT][in_front])[0]) - 81) <= 1


def test_where_no_septum_is_seen_lungs_are_parted_at_the_narrowest():
    values = trunk()
    values[5:35, FRONT:BACK, RIGHT_WALL:55] = LUNG
    values[5:35, FRONT:BACK, 85:LEFT_WALL] = LUNG
    values[5:35, FRONT:40, 55:85] = LUNG
    values[5:35, FRONT:30, 77:80] = TISSUE
    found = found_sides(values, np.s_[:18, 50:56, 68:74])
    in_front = np.s_[20, 35]
    # Within two voxels, 4 mm, of where they are.
    assert 74 <= int(np.flatnonzero(found[Side.RIGHT][in_front])[-1]) <= 82


def test_a_broad_sheet_without_a_septum_is_parted_near_the_trachea():
    values = trunk()
    values[5:35, FRONT:BACK, RIGHT_WALL:55] = LUNG
    values[5:35, FRONT:BACK, 95:LEFT_WALL] = LUNG
    values[5:35, FRONT:30, 55:95] = LUNG
    found = found_sides(values, np.s_[:18, 50:56, 62:68])
    in_front = np.s_[20, 25]
    # The middle of the sheet is column 75, the trachea's column 64.5.
    assert abs(int(np.flatnonzero(found[Side.RIGHT][in_front])[-1]) - 64) <= 3


@pytest.mark.parametrize(("columns", "side"), [((RIGHT_WALL, 80), Side.RIGHT), ((60, LEFT_WALL), Side.LEFT)])
def test_a_lung_alone_is_not_divided_though_it_reaches_over_the_midline(columns, side):
    values = trunk()
    values[5:35, FRONT:BACK, slice(*columns)] = LUNG
    found = found_sides(values, np.s_[0:0, 0:0, 0:0])
    other = Side.LEFT if side is Side.RIGHT else Side.RIGHT
    assert found[side].any()
    assert not found[other].any()
