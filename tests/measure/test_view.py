from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from models.geometry import Turn
from ptx_viewer.measure.view import FilmView, Posture, Projection, Respiration, film_view
from ptx_viewer.study.image import (
    Acquisition,
    Image2D,
    ImageReference,
    Orientation,
    PatientIdentity,
    Window,
)
from ptx_viewer.study.patient import acquisition


def view(
    series: str = "", age: str = "", orientation: Orientation | None = None, **taken: object
) -> FilmView:
    image = Image2D(
        pixels=np.zeros((2, 2), np.float32),
        raw=np.zeros((2, 2), np.int16),
        raw_unit="",
        window=Window(0, 1),
        inverted=False,
        spacing=None,
        orientation=orientation or Orientation(),
        reference=ImageReference(Path("f.dcm"), "f.dcm", "1", "2", "3", "4"),
        acquisition=dataclasses.replace(Acquisition("DX"), **taken),
        patient=PatientIdentity(series_description=series, age=age),
    )
    return film_view(image)


@pytest.mark.parametrize(
    ("term", "projection"),
    [
        ("PA", Projection.PA),
        ("AP", Projection.AP),
        ("LL", Projection.LATERAL),
        ("RAO", Projection.OBLIQUE),
        ("", Projection.UNKNOWN),
        ("XYZ", Projection.UNKNOWN),
    ],
)
def test_projection_follows_view_position(term: str, projection: Projection) -> None:
    assert view(view_position=term).projection is projection


def test_words_stand_in_for_a_silent_view_position_and_contradict_nothing() -> None:
    assert view("Chest PA erect").projection is Projection.PA
    assert view("CHEST_AP_PORTABLE").projection is Projection.AP
    assert view("Chest PA and LAT").projection is Projection.UNKNOWN
    assert view("Chest PA", view_position="AP").projection is Projection.AP
    # Words are words: not every "pa" is a view.
    assert view("Paediatric chest, parallel grid").projection is Projection.UNKNOWN


@pytest.mark.parametrize(
    ("taken", "posture"),
    [
        ({"position_codes": ("Standing",)}, Posture.ERECT),
        ({"position_codes": ("erect",)}, Posture.ERECT),
        ({"position_codes": ("recumbent", "supine")}, Posture.SUPINE),
        ({"position_codes": ("recumbent",)}, Posture.SUPINE),
        ({"position_codes": ("recumbent", "left lateral decubitus")}, Posture.DECUBITUS),
        ({"position_codes": ("semi-erect",)}, Posture.UNKNOWN),
        ({"protocol": "Thorax bedside SUPINE"}, Posture.SUPINE),
        ({"view_position": "LLD"}, Posture.DECUBITUS),
        ({"patient_position": "HFS"}, Posture.SUPINE),
        ({"patient_position": "FFP"}, Posture.PRONE),
        ({"patient_position": "HFDR"}, Posture.DECUBITUS),
        # A code is a better witness than a default that the console left behind.
        ({"patient_position": "HFS", "position_codes": ("erect",)}, Posture.ERECT),
        ({}, Posture.UNKNOWN),
    ],
)
def test_posture_follows_codes_then_words_then_patient_position(
    taken: dict[str, object], posture: Posture
) -> None:
    assert view(**taken).posture is posture


def test_respiration_and_age() -> None:
    assert view(position_codes=("expiration",)).respiration is Respiration.EXPIRATION
    assert view("Chest PA insp.").respiration is Respiration.UNKNOWN
    assert view("Chest PA inspiration").respiration is Respiration.INSPIRATION
    assert view(age="045Y").age_years == 45.0
    assert view(age="018M").age_years == pytest.approx(1.5)
    assert view(age="about 40").age_years is None


def test_the_turn_brings_the_head_up_and_the_left_to_the_right() -> None:
    assert view(orientation=Orientation("R", "F", True)).turn == Turn(flip_columns=True)
    assert view(orientation=Orientation("L", "H", True)).turn == Turn(flip_rows=True)


def turned(primary: float | None, secondary: float | None = None, **taken: object) -> FilmView:
    taken = {"positioner_type": "CARM", "view_position": "PA"} | taken
    return view(positioner_angles=(primary, secondary), **taken)


@pytest.mark.parametrize("primary", [None, 0.0, 9.9, -9.9, 180.0, -180.0, 171.0])
def test_an_angle_that_is_absent_or_nearly_frontal_says_nothing(primary: float | None) -> None:
    found = turned(primary, 9.0, detector_angle=-9.0)
    assert (found.projection, found.oblique) == (Projection.PA, "")


@pytest.mark.parametrize(
    ("primary", "degrees"), [(10.0, 10), (-30.0, 30), (45.0, 45), (135.0, 45), (-160.0, 20), (165.0, 15)]
)
def test_a_c_arm_turned_about_the_patient_makes_the_film_oblique(primary: float, degrees: int) -> None:
    found = turned(primary)
    assert found.projection is Projection.OBLIQUE
    assert found.oblique == f"the beam is turned by {degrees}° about the patient (positioner primary angle)"


def test_a_tilted_beam_makes_the_film_oblique() -> None:
    assert "tilted by 20° towards the head" in turned(0.0, 20.0).oblique
    assert "tilted by 15° towards the feet" in turned(180.0, -15.0).oblique
    assert "meets the detector 12° aslant" in turned(0.0, 0.0, detector_angle=-12.0).oblique


def test_the_positioner_has_angles_about_the_patient_only_as_a_c_arm_or_unstated() -> None:
    assert turned(30.0, positioner_type="").projection is Projection.OBLIQUE
    assert turned(30.0, 30.0, positioner_type="COLUMN").projection is Projection.PA


def test_a_tube_across_the_room_does_not_contradict_a_stated_view() -> None:
    assert turned(90.0).projection is Projection.PA
    assert turned(-90.0, view_position="AP").projection is Projection.AP
    assert turned(90.0, view_position="").projection is Projection.OBLIQUE
    assert turned(90.0, view_position="LL").projection is Projection.LATERAL


def test_the_angles_are_read_from_the_header() -> None:
    header = Dataset()
    header.PositionerType = "CARM"
    header.PositionerPrimaryAngle = "-25"
    header.PositionerSecondaryAngle = "0"
    header.DetectorPrimaryAngle = "3.5"
    taken = acquisition(header)
    assert (taken.positioner_type, taken.positioner_angles) == ("CARM", (-25.0, 0.0))
    assert taken.detector_angle == 3.5
    silent = acquisition(Dataset())
    assert (silent.positioner_angles, silent.detector_angle) == ((None, None), None)
