"""A CT series as a volume: by positions, honest about what is irregular, lean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import generate_uid

from ptx_viewer.progress import Cancelled
from ptx_viewer.study.catalogue import SeriesEntry
from ptx_viewer.study.errors import StudyError
from ptx_viewer.study.scan import scan
from ptx_viewer.study.volume import open_volume

Write = Callable[..., Path]
Series = Callable[..., SeriesEntry]


@pytest.fixture
def series(write_slice: Write, tmp_path: Path) -> Series:
    """A CT series with slices at these heights; the stored value counts them in the order given."""

    def _series(*heights: float, **values: object) -> SeriesEntry:
        for number, z in enumerate(heights, start=1):
            own = {key: value(number, z) if callable(value) else value for key, value in values.items()}
            write_slice(f"{number:03d}.dcm", z, number, **({"WindowCenter": 40, "WindowWidth": 400} | own))
        (found,) = scan([tmp_path]).series()
        return found

    return _series


def numbers(volume) -> list[int]:
    return [int(plane[0, 0]) + 1024 for plane in volume.hounsfield]


def test_slices_run_from_head_to_feet_by_position(series: Series) -> None:
    volume = open_volume(series(0, 16, 8, 24, SliceThickness=5))
    assert numbers(volume) == [4, 2, 3, 1]
    assert volume.hounsfield.dtype == np.int16
    assert volume.positions_mm.tolist() == [0, 8, 16, 24]
    # From positions, not from SliceThickness.
    assert volume.spacing_mm == pytest.approx((8.0, 0.7, 0.8))
    assert volume.directions == ("F", "P", "L")
    assert volume.is_axial
    assert volume.notices == ()
    # Slice 1, row 2, column 3: 3 columns of 0.8 mm to the left, 2 rows of 0.7 mm back, one slice down.
    assert (volume.affine @ [1, 2, 3, 1])[:3] == pytest.approx([2.4, 1.4, 16.0])


def test_missing_slices_are_told_and_not_filled_in(series: Series) -> None:
    volume = open_volume(series(0, 8, 16, 40, 48))
    assert len(volume.hounsfield) == 5
    assert volume.gaps == (1,)
    assert volume.positions_mm.tolist() == [0, 8, 32, 40, 48]
    assert volume.spacing_mm[0] == 8.0
    assert any("2 slice(s) are missing" in notice for notice in volume.notices)
    assert volume.affine[:3, 0] == pytest.approx([0, 0, -8])


def test_a_repeated_position_is_used_once_and_told(series: Series) -> None:
    volume = open_volume(series(0, 8, 8, 16))
    assert numbers(volume) == [4, 2, 1]
    assert volume.notices[0].startswith("1 slice(s) at the position of another slice are not part")


def test_interleaved_reconstructions_are_told_apart(series: Series) -> None:
    found = series(0, 0, 4, 4, 8, 8, ConvolutionKernel=lambda number, _z: "B30f" if number % 2 else "B70f")
    volume = open_volume(found)
    assert numbers(volume) == [5, 3, 1]
    assert volume.positions_mm.tolist() == [0, 4, 8]
    assert volume.notices == (
        "The series holds 2 interleaved stacks; the one used is kernel B30f, not kernel B70f.",
    )


def test_a_tilted_gantry_is_told_and_distances_are_along_the_normal(series: Series) -> None:
    cos, sin = np.cos(np.radians(20)), np.sin(np.radians(20))
    volume = open_volume(series(0, 10, 20, ImageOrientationPatient=[1, 0, 0, 0, cos, sin]))
    assert volume.spacing_mm[0] == pytest.approx(10 * cos)
    assert any("tilted by 20.0°" in notice for notice in volume.notices)
    assert volume.is_axial


def test_a_localiser_in_the_series_is_left_out(series: Series, write_slice: Write, tmp_path: Path) -> None:
    series(0, 5, 10)
    write_slice(
        "scout.dcm", 0, 99, ImageOrientationPatient=[1, 0, 0, 0, 0, -1], SOPInstanceUID=generate_uid()
    )
    (found,) = scan([tmp_path]).series()
    volume = open_volume(found)
    assert numbers(volume) == [3, 2, 1]
    assert volume.notices[0].startswith("1 image(s) of another plane or size")


def test_coronal_slices_are_no_axial_volume(series: Series) -> None:
    found = series(0, 5, 10, ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
                   ImagePositionPatient=lambda _number, z: [0, z, 0])  # fmt: skip
    volume = open_volume(found)
    assert not volume.is_axial
    assert volume.directions[1:] == ("F", "L")


@pytest.mark.parametrize(
    ("heights", "values", "sentence"),
    [
        ((0, 5), {}, "a volume needs at least 3"),
        ((0, 0, 0, 5), {}, "same one or two positions"),
        ((0, 5, 10), {"ImagePositionPatient": None}, "holds 0 parallel slice"),
        ((0, 5, 10), {"RescaleSlope": None, "RescaleIntercept": None}, "not in Hounsfield units"),
        (
            (0, 5, 10),
            {"PixelSpacing": lambda number, _z: [0.5 * number, 0.5]},
            "one and the same pixel spacing",
        ),
    ],
)
def test_what_is_no_volume_says_why(series: Series, heights, values, sentence) -> None:
    with pytest.raises(StudyError, match=sentence):
        open_volume(series(*heights, **values))


def test_reading_can_be_cancelled(series: Series) -> None:
    found = series(0, 5, 10)

    def stop(_fraction: float, message: str) -> None:
        if message.startswith("Reading slices: 2"):
            raise Cancelled

    with pytest.raises(Cancelled):
        open_volume(found, stop)


def test_a_real_series(shared_data: Path) -> None:
    (found,) = scan([shared_data / "studies" / "CT-LUNG30"]).series()
    volume = open_volume(found)
    assert volume.hounsfield.shape == (30, 512, 512)
    assert volume.spacing_mm == pytest.approx((8.0, 0.646484375, 0.646484375))
    assert volume.gaps == ()
    assert volume.notices == ()
    # Table, air and bone are where they should be.
    assert -1024 <= volume.hounsfield.min() < -990 < 1000 < volume.hounsfield.max()
