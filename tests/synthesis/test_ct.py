"""The CT of a digital thorax: geometry by hand, Hounsfield units, the volume of its masks."""

import numpy as np
import pytest

from models.synthesis.collapse import Pneumothorax
from models.synthesis.ct import CtGrid, CtVolume, chest_grid, synthesise_ct
from models.synthesis.thorax import Thorax
from models.synthesis.tubes import polyline
from models.synthesis.voxels import paint_tubes


@pytest.fixture(scope="module")
def volume() -> CtVolume:
    thorax = Thorax(11, (Pneumothorax("left", "apical", 600.0),))
    return synthesise_ct(thorax, chest_grid(thorax, 5.0, 56), noise=0.0)


def test_a_voxel_lies_where_the_formula_says() -> None:
    grid = CtGrid((3, 4, 5), (2.0, 1.0, 0.5), (-10.0, -20.0, -30.0), tilt_degrees=30.0)
    place = grid.affine @ (2, 3, 4, 1)
    assert place[:3] == pytest.approx([-10 + 4 * 0.5, -20 + 3 * np.sqrt(0.75), -30 + 2 * 2.0 + 3 * 0.5])
    # A leaning stack of slices is a sheared box: its volume is base times height.
    assert grid.voxel_ml == pytest.approx(2.0 * np.sqrt(0.75) * 0.5 / 1000.0)


def test_subslices_fill_the_slice() -> None:
    grid = CtGrid((2, 2, 2), (5.0, 1.0, 1.0), (0.0, 0.0, 10.0))
    fine = grid.subdivided(5)
    heights = fine.first_voxel_mm[2] + np.arange(10) * fine.spacing_mm[0]
    assert heights == pytest.approx(np.arange(8.0, 18.0))


def test_the_masks_hold_the_requested_air_and_the_lungs(volume: CtVolume) -> None:
    # Voxels of 7 x 7 x 5 mm: what is cut at half of a voxel is a few percent off.
    voxel = volume.grid.voxel_ml
    assert volume.pneumothorax.sum() * voxel == pytest.approx(600.0, rel=0.08)
    assert volume.right_lung.sum() * voxel == pytest.approx(volume.volumes["right"].lung_ml, rel=0.03)
    columns = np.nonzero(volume.pneumothorax)[2]
    assert columns.min() >= volume.grid.shape[2] // 2 - 3  # the patient's left comes last in a row


def test_tissues_have_their_hounsfield_units(volume: CtVolume) -> None:
    air = volume.hounsfield[volume.pneumothorax]
    assert np.percentile(air, 10) < -985
    full, collapsed = (np.median(volume.hounsfield[m]) for m in (volume.right_lung, volume.left_lung))
    assert -900 < full < collapsed < -600  # less air in the same tissue
    assert volume.hounsfield.min() >= -1024
    assert np.percentile(volume.hounsfield, 99.5) > 150  # bone
    middle = volume.hounsfield[volume.grid.shape[0] // 3, 28, 28]
    assert 0 < middle < 100  # heart


def test_noise_falls_with_the_thickness_and_rises_with_the_kernel() -> None:
    thorax = Thorax(11)

    def noise(slice_mm: float, kernel: str) -> float:
        grid = CtGrid((2, 48, 48), (slice_mm, 2.0, 2.0), (-48.0, -60.0, -150.0))
        first, none = (
            synthesise_ct(thorax, grid, kernel, amount).hounsfield.astype(float)  # type: ignore[arg-type]
            for amount in (1.0, 0.0)
        )
        return float((first - none)[:, 16:32, 16:32].std())

    thin, thick, sharp = noise(1.0, "soft"), noise(4.0, "soft"), noise(1.0, "lung")
    assert thin == pytest.approx(2.0 * thick, rel=0.25)
    assert sharp > 1.8 * thin


def test_a_painted_tube_has_its_volume_and_overlaps_count_once() -> None:
    grid = CtGrid((20, 20, 40), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    tube = polyline(np.array([[5.0, 10.0, 10.0], [35.0, 10.0, 10.0]]), np.array([4.0, 4.0]), 100.0, 3.0)
    volume = np.zeros(grid.shape, np.float32)
    paint_tubes(volume, tube, grid.affine)
    assert volume.max() == pytest.approx(100.0)
    # A cylinder of 30 mm with round ends.
    expected = np.pi * 16.0 * 30.0 + 4.0 / 3.0 * np.pi * 64.0
    assert volume.sum() / 100.0 == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(("slice_mm", "matrix"), [(0.3, 64), (6.0, 64), (1.0, 8)])
def test_a_series_out_of_range_is_refused(slice_mm: float, matrix: int) -> None:
    with pytest.raises(ValueError, match=r"0\.6 to 5 mm|32 to 1024"):
        chest_grid(Thorax(11), slice_mm, matrix)
