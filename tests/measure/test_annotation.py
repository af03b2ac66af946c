from __future__ import annotations

import math

import numpy as np
import pytest

from ptx_viewer.measure.annotation import (
    Annotation,
    AnnotationKind,
    Quantity,
    annotation_measurements,
    measure_annotation,
)
from ptx_viewer.study.spacing import Spacing, SpacingBasis

#: Rows are 0.5 mm apart, columns 0.25 mm.
SPACING = Spacing(0.5, 0.25, SpacingBasis.DETECTOR_PLANE)
VALUES = (10 * np.arange(8)[:, None] + np.arange(10)[None, :]).astype(np.int16)


def draw(kind: AnnotationKind, *points: tuple[float, float]) -> Annotation:
    return Annotation(f"{kind.value}-1", kind, points)


def test_a_length_uses_row_spacing_down_and_column_spacing_across() -> None:
    # 6 rows = 3 mm down, 16 columns = 4 mm across.
    (length,) = measure_annotation(draw(AnnotationKind.RULER, (1, 2), (7, 18)), VALUES, "", SPACING)
    assert (length.value, length.unit) == (5.0, "mm")
    assert length.method == "straight line; calibration: detector plane"
    assert length.text == "5.0\u00a0mm"


def test_without_spacing_a_length_is_in_pixels_and_says_so() -> None:
    (length,) = measure_annotation(draw(AnnotationKind.RULER, (0, 0), (6, 8)), VALUES, "", None)
    assert (length.value, length.unit) == (10.0, "px")
    assert "the size in millimetres is not known" in length.method


@pytest.mark.parametrize(
    ("one", "other", "degrees"),
    [((0, 4), (4, 0), 90.0), ((0, 4), (0, 8), 0.0), ((0, 4), (0, -4), 180.0), ((0, 4), (-2, 4), 45.0)],
)
def test_angles_are_those_of_the_patient_not_of_the_grid(one, other, degrees) -> None:
    # Columns are half as far apart as rows: 4 columns and 2 rows are both 1 mm.
    annotation = draw(AnnotationKind.ANGLE, one, (0, 0), other)
    (angle,) = measure_annotation(annotation, VALUES, "", SPACING)
    assert (angle.value, angle.unit) == (pytest.approx(degrees), "°")


@pytest.mark.parametrize(
    ("spacing", "method"),
    [
        (None, "between two arms; square pixels assumed"),
        (Spacing(1.0, 1.0, SpacingBasis.ERMF, "magnification 1.1, stated"), "between two arms"),
        (
            Spacing(5.0, 1.0, SpacingBasis.UNKNOWN, "slices tilted by 12.0°, not straightened"),
            "between two arms; slices tilted by 12.0°, not straightened",
        ),
    ],
    ids=["no spacing", "magnified", "tilted"],
)
def test_an_angle_tells_what_it_takes_for_granted(spacing, method) -> None:
    (angle,) = measure_annotation(draw(AnnotationKind.ANGLE, (0, 9), (0, 0), (9, 0)), VALUES, "", spacing)
    assert (angle.value, angle.method) == (pytest.approx(90.0), method)


def test_an_angle_with_an_empty_arm_has_no_value() -> None:
    (angle,) = measure_annotation(draw(AnnotationKind.ANGLE, (1, 1), (1, 1), (2, 2)), VALUES, "", None)
    assert (angle.value, angle.why_not, angle.text) == (None, "an arm has no length", "–")


def test_a_rectangle_gives_area_and_statistics_in_the_images_own_units() -> None:
    annotation = draw(AnnotationKind.RECTANGLE, (1, 3), (2, 4))
    area, mean, sd, low, high = measure_annotation(annotation, VALUES, "HU", SPACING)
    assert (area.value, area.unit) == (0.125, "mm²")
    assert (mean.value, low.value, high.value) == (18.5, 13.0, 24.0)
    assert sd.value == pytest.approx(math.sqrt(25.25))
    assert {q.unit for q in (mean, sd, low, high)} == {"HU"}
    assert mean.method == "modality values of the pixels whose centres lie inside (4 pixels)"


def test_an_uncalibrated_ellipse_is_in_square_pixels() -> None:
    area, *_ = measure_annotation(draw(AnnotationKind.ELLIPSE, (0, 0), (4, 6)), VALUES, "", None)
    assert (area.value, area.unit) == (pytest.approx(6 * math.pi), "px²")


def test_a_colour_picture_has_no_statistics_and_the_reason_is_given() -> None:
    area, *others = measure_annotation(draw(AnnotationKind.ELLIPSE, (0, 0), (4, 6)), None, "", SPACING)
    assert area.value is not None
    assert [(q.value, q.why_not) for q in others] == [(None, "a colour picture has no modality values")] * 4


def test_negative_values_have_a_true_minus_sign() -> None:
    assert Quantity("mean", -812.34, "HU", "").text == "−812.3\u00a0HU"


def test_they_become_measurements_of_the_reader() -> None:
    annotation = Annotation("ellipse-2", AnnotationKind.ELLIPSE, ((20, 20), (21, 21)))
    measurements = annotation_measurements(annotation, VALUES, "HU", SPACING)
    assert [m.name for m in measurements] == [
        "ellipse 2, area",
        "ellipse 2, mean",
        "ellipse 2, SD",
        "ellipse 2, min",
        "ellipse 2, max",
    ]
    assert {m.model for m in measurements} == {"reader"}
    # Outside the image there is no pixel.
    assert [(m.valid, m.why_not) for m in measurements[1:]] == [
        (False, "the centre of no pixel lies inside")
    ] * 4


def test_the_wrong_number_of_points_is_refused() -> None:
    with pytest.raises(ValueError, match="angle needs 3 points, got 2"):
        draw(AnnotationKind.ANGLE, (0, 0), (1, 1))
    with pytest.raises(ValueError, match="finite"):
        draw(AnnotationKind.RULER, (0, 0), (math.nan, 1))
