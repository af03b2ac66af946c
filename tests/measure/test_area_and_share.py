from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.prediction import LungFields, Side
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.study.spacing import Spacing, SpacingBasis

SHAPE = (100, 200)
PATIENT = Spacing(0.2, 0.5, SpacingBasis.PATIENT)
AREA, SHARE = "pneumothorax area", "share of hemithorax, projected area"


def rectangle(top: int, left: int, rows: int, columns: int) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[top : top + rows, left : left + columns] = True
    return mask


# The patient's right lung is on the left of the picture: 50 × 60 = 3000 px; the left one 50 × 50 = 2500 px.
LUNGS = LungFields(rectangle(20, 20, 50, 60), rectangle(20, 120, 50, 50), "lung-fields-1")


def one(measurements: tuple[Measurement, ...], name: str, side: str) -> Measurement:
    (found,) = [m for m in measurements if m.name == name and m.side == side]
    return found


def test_area_is_pixels_times_row_and_column_spacing() -> None:
    result = measure_film({Side.RIGHT: rectangle(20, 20, 10, 30)}, LUNGS, PATIENT, "attention-unet")
    area = one(result, AREA, "right")
    assert area.value == pytest.approx(300 * 0.2 * 0.5)
    assert (area.unit, area.model, area.valid, area.why_not) == ("mm²", "attention-unet", True, None)
    assert area.method == "mask pixels × 0.2 mm × 0.5 mm; patient plane"


def test_area_without_spacing_is_in_pixels_and_says_so() -> None:
    area = one(measure_film({Side.LEFT: rectangle(0, 150, 4, 5)}, LUNGS, None, "unet"), AREA, "left")
    assert (area.value, area.unit) == (20.0, "px²")
    assert "no pixel spacing" in area.method
    assert "size in millimetres is not known" in area.method
    assert area.valid


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        (SpacingBasis.PATIENT, "patient plane"),
        (SpacingBasis.DETECTOR_PLANE, "detector plane, not corrected for magnification"),
        (SpacingBasis.ERMF, "estimated radiographic magnification"),
        (SpacingBasis.CALIBRATED_GEOMETRY, "calibrated, GEOMETRY"),
        (SpacingBasis.CALIBRATED_FIDUCIAL, "calibrated, FIDUCIAL"),
        (SpacingBasis.CALIBRATED, "calibrated, type not stated"),
        (SpacingBasis.UNKNOWN, "unknown basis: the true size is not known"),
    ],
)
def test_every_basis_is_named_in_the_method(basis: SpacingBasis, words: str) -> None:
    spacing = Spacing(0.1, 0.1, basis, "magnification 1.07")
    area = one(measure_film({Side.RIGHT: rectangle(0, 0, 10, 10)}, None, spacing, "unet"), AREA, "right")
    assert area.value == pytest.approx(1.0)
    assert area.unit == "mm²"
    assert words in area.method
    assert area.method.endswith("(magnification 1.07)")


def test_every_basis_has_a_sentence() -> None:
    from ptx_viewer.measure.millimetres import BASIS_SENTENCES

    assert set(BASIS_SENTENCES) == set(SpacingBasis)


@pytest.mark.parametrize("row_mm", [0.0, -0.1, float("nan"), float("inf")])
def test_impossible_spacing_gives_pixels(row_mm: float) -> None:
    spacing = Spacing(row_mm, 0.1, SpacingBasis.UNKNOWN)
    area = one(measure_film({Side.RIGHT: rectangle(0, 0, 10, 10)}, None, spacing, "unet"), AREA, "right")
    assert (area.value, area.unit) == (100.0, "px²")
    assert "not usable" in area.method


def test_share_with_the_mask_inside_the_lung_field() -> None:
    share = one(measure_film({Side.RIGHT: rectangle(20, 20, 10, 60)}, LUNGS, PATIENT, "m"), SHARE, "right")
    assert share.value == pytest.approx(100 * 600 / 3000)
    assert share.unit == "%"
    assert share.valid
    assert share.method.startswith("projected area %, not volume")


def test_share_with_the_mask_outside_the_lung_field() -> None:
    # 1000 px beside a field of 3000 px: the hemithorax is both together.
    share = one(measure_film({Side.RIGHT: rectangle(0, 20, 20, 50)}, LUNGS, None, "m"), SHARE, "right")
    assert share.value == pytest.approx(25.0)


def test_share_with_partial_overlap() -> None:
    # Rows 10..29, columns 20..79: 1200 px, of which 600 lie in the field: 1200 / (3000 + 600).
    share = one(measure_film({Side.RIGHT: rectangle(10, 20, 20, 60)}, LUNGS, None, "m"), SHARE, "right")
    assert share.value == pytest.approx(100 * 1200 / 3600)


def test_share_uses_the_field_of_the_same_side() -> None:
    result = measure_film(
        {Side.LEFT: rectangle(20, 120, 10, 50), Side.RIGHT: rectangle(20, 20, 10, 60)}, LUNGS, None, "m"
    )
    assert one(result, SHARE, "left").value == pytest.approx(100 * 500 / 2500)
    assert one(result, SHARE, "right").value == pytest.approx(100 * 600 / 3000)
    assert [(m.side, m.name) for m in result if m.name in (AREA, SHARE)] == [
        ("right", AREA),
        ("right", SHARE),
        ("left", AREA),
        ("left", SHARE),
    ]


def test_share_is_not_valid_without_lung_fields() -> None:
    share = one(measure_film({Side.RIGHT: rectangle(0, 0, 9, 9)}, None, PATIENT, "m"), SHARE, "right")
    assert (share.value, share.valid) == (None, False)
    assert share.why_not == "the lung fields were not outlined"


def test_share_is_not_valid_without_a_field_on_that_side() -> None:
    lungs = LungFields(LUNGS.right, np.zeros(SHAPE, dtype=bool), "l")
    result = measure_film({Side.LEFT: rectangle(20, 120, 50, 50)}, lungs, None, "m")
    share = one(result, SHARE, "left")
    assert (share.value, share.valid) == (None, False)
    assert share.why_not == "no lung field was found on the left"
    assert one(result, AREA, "left").valid


def test_share_is_not_valid_on_a_fragment_of_a_field() -> None:
    # 18 × 10 = 180 px of 20,000: 0.9 %.
    lungs = LungFields(rectangle(20, 20, 18, 10), LUNGS.left, "l")
    share = one(measure_film({Side.RIGHT: rectangle(20, 30, 50, 50)}, lungs, None, "m"), SHARE, "right")
    assert (share.value, share.valid) == (None, False)
    assert share.why_not == "the right lung field is implausibly small (0.9 % of the image)"


def test_share_is_not_valid_when_the_hemithorax_is_far_smaller_than_the_other() -> None:
    # Field 300 + mask 600 = 900 px against 2500 px on the other side: 36 %.
    lungs = LungFields(rectangle(20, 20, 30, 10), LUNGS.left, "l")
    mask = rectangle(20, 30, 30, 20)
    share = one(measure_film({Side.RIGHT: mask}, lungs, None, "m"), SHARE, "right")
    assert not share.valid
    assert share.why_not is not None
    assert "36 % of the left one" in share.why_not


def test_share_stays_valid_for_a_lung_collapsed_to_the_hilum() -> None:
    # A small lung is plausible when the mask fills the rest: 300 + 2700 = 3000 px against 2500 px.
    lungs = LungFields(rectangle(30, 70, 30, 10), LUNGS.left, "l")
    mask = rectangle(20, 20, 50, 60) & ~lungs.right
    share = one(measure_film({Side.RIGHT: mask}, lungs, None, "m"), SHARE, "right")
    assert share.value == pytest.approx(90.0)


def test_unknown_side_has_an_area_but_no_share() -> None:
    result = measure_film({Side.UNKNOWN: rectangle(0, 0, 10, 10)}, LUNGS, PATIENT, "m")
    assert one(result, AREA, "unknown").value == pytest.approx(10.0)
    share = one(result, SHARE, "unknown")
    assert (share.value, share.valid) == (None, False)
    assert share.why_not == "the patient's side of this finding is not known"


def test_empty_masks_give_no_measurement() -> None:
    assert measure_film({}, LUNGS, PATIENT, "m") == ()
    assert measure_film({Side.RIGHT: np.zeros(SHAPE, dtype=bool)}, LUNGS, PATIENT, "m") == ()


def test_different_grids_are_refused() -> None:
    with pytest.raises(ValueError, match="share one grid"):
        measure_film({Side.RIGHT: np.ones((5, 5), dtype=bool)}, LUNGS, None, "m")


@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.floats(0.3, 1))
def test_share_is_a_percentage_and_does_not_depend_on_the_spacing(
    seed: int, filled: float, field_filled: float
) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((12, 14)) < filled
    right, left = rng.random((2, 12, 14)) < field_filled
    lungs = LungFields(right, left, "l")
    bare = measure_film({Side.RIGHT: mask}, lungs, None, "m")
    calibrated = measure_film({Side.RIGHT: mask}, lungs, PATIENT, "m")
    if not mask.any():
        assert bare == ()
        return
    share = one(bare, SHARE, "right")
    assert one(calibrated, SHARE, "right") == share
    assert one(calibrated, AREA, "right").value == pytest.approx(mask.sum() * 0.1)
    if share.valid:
        assert share.value == pytest.approx(100 * mask.sum() / (mask | right).sum())
        assert 0 < share.value <= 100
