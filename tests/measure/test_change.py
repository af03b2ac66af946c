from __future__ import annotations

import dataclasses

import pytest

from ptx_viewer.measure.change import Change, FilmMeasurements, changes
from ptx_viewer.measure.measurement import Measurement
from ptx_viewer.measure.view import FilmView, Posture, Projection
from ptx_viewer.study.spacing import Spacing, SpacingBasis

PLANE = Spacing(0.2, 0.2, SpacingBasis.DETECTOR_PLANE)
PA = FilmView(projection=Projection.PA, posture=Posture.ERECT)


def distance(value: float | None, **other) -> Measurement:
    settings = {"unit": "mm", "method": "straight line; detector plane", "side": "right", "model": "unet"}
    return Measurement("apical distance", value, **{**settings, **other})


def film(
    *measurements: Measurement, spacing: Spacing | None = PLANE, view: FilmView = PA
) -> FilmMeasurements:
    return FilmMeasurements(measurements, spacing, view)


def one(prior: FilmMeasurements, current: FilmMeasurements) -> Change:
    (found,) = changes(prior, current)
    return found


def test_the_difference_is_current_less_prior() -> None:
    change = one(film(distance(12.5)), film(distance(8.0)))
    assert (change.difference, change.why_not, change.unit) == (-4.5, None, "mm")
    assert (change.prior.value, change.current.value) == (12.5, 8.0)


def test_overlapping_intervals_are_told() -> None:
    wide = one(film(distance(12.5, interval=(9.0, 14.0))), film(distance(8.0, interval=(7.0, 9.5))))
    apart = one(film(distance(12.5, interval=(11.0, 14.0))), film(distance(8.0, interval=(7.0, 9.5))))
    assert (wide.within_uncertainty, apart.within_uncertainty) == (True, False)
    assert not one(film(distance(1.0)), film(distance(1.0))).within_uncertainty


def test_classes_overlap_and_edited_lines_are_remarked() -> None:
    then = distance(19.7, category="small", interval=(18.0, 22.0))
    now = distance(34.3, category="large (borderline)", interval=(19.0, 40.0), edited=True)
    assert one(film(then), film(now)).remarks == (
        "small then, large (borderline) now",
        "the intervals overlap",
        "edited by the reader on the current film",
    )
    assert one(film(now), film(now)).remarks[::2] == (
        "large (borderline) then and now",
        "edited by the reader on both films",
    )
    assert one(film(distance(12.5)), film(distance(8.0))).remarks == ()
    assert one(film(), film(now)).remarks == ()


def test_nothing_outlined_on_one_film_is_no_zero() -> None:
    new = one(film(), film(distance(8.0)))
    assert (new.difference, new.prior) == (None, None)
    assert new.why_not == "nothing is outlined on this side of the prior film"
    gone = one(film(distance(8.0)), film())
    assert gone.why_not == "nothing is outlined on this side of the current film"


@pytest.mark.parametrize(
    ("basis", "why_not"),
    [
        (SpacingBasis.ERMF, "the calibrations differ: ERMF, estimated then, detector plane now"),
        (SpacingBasis.PATIENT, "the calibrations differ: patient plane then, detector plane now"),
    ],
)
def test_lengths_at_different_planes_are_not_compared(basis, why_not) -> None:
    prior = film(distance(12.5), spacing=dataclasses.replace(PLANE, basis=basis))
    change = one(prior, film(distance(8.0)))
    assert (change.difference, change.why_not) == (None, why_not)


def test_a_ratio_needs_no_calibration_but_the_same_view() -> None:
    share = distance(20.0, unit="%")
    assert one(film(share, spacing=None), film(distance(25.0, unit="%"))).difference == 5.0
    supine = dataclasses.replace(PA, posture=Posture.SUPINE)
    assert one(film(share, view=supine), film(share)).why_not == (
        "the films were taken differently: supine then, erect now"
    )
    silent = dataclasses.replace(PA, posture=Posture.UNKNOWN)
    assert one(film(share, view=silent), film(share)).difference == 0.0


def test_an_unknown_basis_on_both_films_is_no_agreement() -> None:
    unknown = dataclasses.replace(PLANE, basis=SpacingBasis.UNKNOWN)
    change = one(film(distance(1.0), spacing=unknown), film(distance(2.0), spacing=unknown))
    assert change.why_not == "the basis of the calibration is not known"


def test_pixels_of_two_films_are_not_compared() -> None:
    pixels = distance(100.0, unit="px")
    assert one(film(pixels, spacing=None), film(pixels, spacing=None)).why_not == (
        "a film without pixel spacing gives no size"
    )
    assert one(film(pixels, spacing=None), film(distance(8.0))).why_not == "the units differ: px then, mm now"


def test_numbers_in_the_method_are_no_other_method() -> None:
    fine = distance(4.0, method="pixels × 0.1 mm; detector plane")
    coarse = distance(5.0, method="pixels × 0.25 mm; detector plane")
    assert one(film(fine), film(coarse)).difference == 1.0
    other = distance(5.0, method="longest chord; detector plane")
    assert one(film(fine), film(other)).why_not == "it was measured by another method"


def test_what_does_not_apply_says_on_which_film() -> None:
    invalid = distance(None, valid=False, why_not="the patient was supine")
    assert one(film(invalid), film(distance(8.0))).why_not == (
        "it does not apply to the prior film: the patient was supine"
    )
    assert one(film(distance(8.0)), film(invalid)).why_not == (
        "it does not apply to the current film: the patient was supine"
    )


def test_the_readers_outline_stands_for_its_side() -> None:
    current = film(distance(8.0), distance(9.0, model="reader"), distance(3.0, side="left"))
    found = changes(film(distance(5.0), distance(1.0, side="left", model="reader")), current)
    assert [(c.side, c.difference) for c in found] == [("right", 4.0), ("left", 2.0)]


@pytest.mark.parametrize(
    ("then", "now", "films"),
    [(True, False, "the prior film"), (False, True, "the current film"), (True, True, "both films")],
)
def test_a_rotated_patient_is_not_compared(then: bool, now: bool, films: str) -> None:
    prior, current = (
        film(distance(12.5), view=dataclasses.replace(PA, rotated=rotated)) for rotated in (then, now)
    )
    change = one(prior, current)
    assert change.difference is None
    assert change.why_not == f"the patient is rotated on {films} (reader's judgement)"
