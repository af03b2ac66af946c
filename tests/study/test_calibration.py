"""What a millimetre means, for every way a file can state it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from ptx_viewer.study.calibration import spacing_from, spacing_is_unusable
from ptx_viewer.study.spacing import Spacing, SpacingBasis

ERMF = "EstimatedRadiographicMagnificationFactor"
_mm = st.floats(0.01, 5.0)


def header(modality: str = "DX", **values: object) -> Dataset:
    ds = Dataset()
    ds.Modality = modality
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def test_no_spacing_means_no_millimetres() -> None:
    assert spacing_from(header()) is None


def test_ct_is_measured_in_the_patient_rows_first() -> None:
    assert spacing_from(header("CT", PixelSpacing=[0.7, 0.8])) == Spacing(0.7, 0.8, SpacingBasis.PATIENT)


def test_detector_spacing_alone_stays_at_the_detector() -> None:
    assert spacing_from(header(ImagerPixelSpacing=[0.2, 0.1])) == Spacing(
        0.2, 0.1, SpacingBasis.DETECTOR_PLANE
    )


def test_stated_magnification_divides() -> None:
    found = spacing_from(header(ImagerPixelSpacing=[0.22, 0.11], **{ERMF: 1.1}))
    assert found is not None
    assert (found.row_mm, found.column_mm) == pytest.approx((0.2, 0.1))
    assert found.basis is SpacingBasis.ERMF
    assert found.description == "magnification 1.100, stated"


def test_source_distances_give_the_magnification() -> None:
    found = spacing_from(
        header(ImagerPixelSpacing=[0.2, 0.2], DistanceSourceToDetector=1800, DistanceSourceToPatient=1600)
    )
    assert found is not None
    assert found.row_mm == pytest.approx(0.2 * 1600 / 1800)
    assert found.basis is SpacingBasis.ERMF


def test_stated_magnification_wins_over_the_distances() -> None:
    found = spacing_from(
        header(
            ImagerPixelSpacing=[0.2, 0.2],
            DistanceSourceToDetector=1800,
            DistanceSourceToPatient=900,
            **{ERMF: 1.25},
        )
    )
    assert found is not None
    assert found.row_mm == pytest.approx(0.16)


@pytest.mark.parametrize(
    "values",
    [
        {ERMF: 0.0},
        {ERMF: -1.0},
        {ERMF: 0.5},
        {"DistanceSourceToDetector": 1800},
        {"DistanceSourceToDetector": 1600, "DistanceSourceToPatient": 1800},
        {"DistanceSourceToDetector": 1600, "DistanceSourceToPatient": 0},
    ],
)
def test_impossible_magnification_is_not_used(values: dict[str, float]) -> None:
    found = spacing_from(header(ImagerPixelSpacing=[0.2, 0.2], **values))
    assert found == Spacing(0.2, 0.2, SpacingBasis.DETECTOR_PLANE)


@given(_mm, _mm)
def test_equal_spacings_are_the_detectors(row: float, column: float) -> None:
    # Written with fewer digits it is still the same spacing.
    found = spacing_from(
        header(ImagerPixelSpacing=[row, column], PixelSpacing=[f"{row:.6g}", f"{column:.6g}"], **{ERMF: 1.1})
    )
    assert found == Spacing(row, column, SpacingBasis.DETECTOR_PLANE)


@pytest.mark.parametrize(
    ("kind", "basis"),
    [
        ("GEOMETRY", SpacingBasis.CALIBRATED_GEOMETRY),
        ("FIDUCIAL", SpacingBasis.CALIBRATED_FIDUCIAL),
        ("", SpacingBasis.CALIBRATED),
        ("GUESSWORK", SpacingBasis.CALIBRATED),
    ],
)
def test_different_spacings_are_a_calibration(kind: str, basis: SpacingBasis) -> None:
    ds = header(ImagerPixelSpacing=[0.2, 0.2], PixelSpacing=[0.18, 0.17])
    ds.PixelSpacingCalibrationType = kind
    ds.PixelSpacingCalibrationDescription = "steel ball, 25 mm"
    assert spacing_from(ds) == Spacing(0.18, 0.17, basis, "steel ball, 25 mm")


def test_pixel_spacing_alone_is_of_unknown_basis() -> None:
    assert spacing_from(header(PixelSpacing=[0.18, 0.17])) == Spacing(0.18, 0.17, SpacingBasis.UNKNOWN)


def test_scanned_film_is_measured_at_the_film() -> None:
    found = spacing_from(header("OT", NominalScannedPixelSpacing=[0.1, 0.1]))
    assert found == Spacing(0.1, 0.1, SpacingBasis.DETECTOR_PLANE)


@pytest.mark.parametrize("written", ["2.5000\\2.0000", "2.5\\2.0 ", " 2.5\\ 2\0"])
def test_both_values_in_one_string(written: str) -> None:
    ds = header("CT")
    # A text VR does not split at the backslash, as in the files of some converters.
    ds.add(DataElement(0x00280030, "LT", written))
    assert spacing_from(ds) == Spacing(2.5, 2.0, SpacingBasis.PATIENT)


@pytest.mark.parametrize(
    "bad", [["0", "0"], ["0.2", "0"], ["-0.2", "0.2"], ["0.2"], ["0.2", "0.2", "0.2"], ["1e9", "1e9"]]
)
@pytest.mark.parametrize("modality", ["CT", "DX"])
def test_meaningless_spacing_is_none_and_said_so(bad: list[str], modality: str) -> None:
    ds = header(modality, PixelSpacing=bad)
    assert spacing_from(ds) is None
    assert spacing_is_unusable(ds)


@pytest.mark.parametrize("bad", ["nan\\nan", "inf\\0.2", "abc\\def", "0,2\\0,2"])
def test_text_that_is_no_number_is_none(bad: str) -> None:
    ds = header()
    ds.add(DataElement(0x00280030, "LT", bad))
    assert spacing_from(ds) is None


def test_bad_pixel_spacing_leaves_the_detectors() -> None:
    found = spacing_from(header(PixelSpacing=["0", "0"], ImagerPixelSpacing=[0.2, 0.2]))
    assert found == Spacing(0.2, 0.2, SpacingBasis.DETECTOR_PLANE)


@given(
    modality=st.sampled_from(["CT", "CR", "DX", "OT", ""]),
    pixel=st.none() | st.tuples(_mm, _mm),
    imager=st.none() | st.tuples(_mm, _mm),
    factor=st.none() | st.floats(-2, 3, allow_nan=False),
)
def test_spacing_is_positive_and_never_larger_than_stated(
    modality: str,
    pixel: tuple[float, float] | None,
    imager: tuple[float, float] | None,
    factor: float | None,
) -> None:
    ds = header(modality)
    if pixel:
        ds.PixelSpacing = [f"{part:.6g}" for part in pixel]
    if imager:
        ds.ImagerPixelSpacing = list(imager)
    if factor is not None:
        ds.EstimatedRadiographicMagnificationFactor = f"{factor:.6g}"
    found = spacing_from(ds)
    stated = [pair[0] for pair in (pixel, imager) if pair]
    if not stated or (modality == "CT" and not pixel):
        assert found is None
    else:
        assert found is not None
        assert 0 < found.row_mm <= max(stated) * 1.00001
        assert found.pixel_area_mm2 == pytest.approx(found.row_mm * found.column_mm)
