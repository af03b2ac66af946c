"""The sample study that ships with the program is what the generator makes."""

import json
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

import resources
from models.synthesis.anatomy import draw_anatomy
from models.synthesis.pose import posed
from models.synthesis.thorax import Thorax
from ptx_viewer.phantom.header import derived_uid
from ptx_viewer.phantom.study import FILM_PIXELS, SAMPLE_PNEUMOTHORAX, SAMPLE_SEED, Request, study_identities

SAMPLE = Path(resources.__file__).parent / "sample_study"
TRUTH = SAMPLE.with_name("sample_study-truth")
PRIOR, CURRENT = "prior-without-pneumothorax", "current-with-pneumothorax"


@pytest.mark.parametrize("name", [PRIOR, CURRENT])
def test_a_film_is_small_and_has_the_header_that_the_generator_writes(name: str) -> None:
    path = SAMPLE / f"{name}.dcm"
    assert path.stat().st_size < 4_000_000
    dataset = pydicom.dcmread(path)
    prior, current = study_identities(Request())
    identity = prior if name == PRIOR else current
    assert dataset.StudyInstanceUID == derived_uid("digital thorax", identity.study_key, "study")
    assert (dataset.PatientName, dataset.PatientID) == (identity.patient_name, identity.patient_id)
    anatomy = draw_anatomy(SAMPLE_SEED)
    assert (dataset.PatientSex, dataset.PatientAge) == (anatomy.sex, f"{anatomy.age:03d}Y")
    assert dataset.pixel_array.shape == (FILM_PIXELS, FILM_PIXELS)


def test_the_recorded_volume_is_the_generators() -> None:
    record = json.loads((TRUTH / f"{CURRENT}.json").read_text())
    side = SAMPLE_PNEUMOTHORAX.side
    assert record["seed"] == SAMPLE_SEED
    assert record["volumes"][side]["pneumothorax_ml"] == pytest.approx(SAMPLE_PNEUMOTHORAX.volume_ml, abs=2.0)
    volumes = Thorax(SAMPLE_SEED, (SAMPLE_PNEUMOTHORAX,)).volumes[side]
    assert record["volumes"][side]["lung_ml"] == pytest.approx(volumes.lung_ml, abs=2.0)
    assert record["film"][side]["apex_to_cupola"]["mm"] > 5.0


def test_the_films_show_air_in_the_mask_and_none_before() -> None:
    prior, current = (pydicom.dcmread(SAMPLE / f"{name}.dcm").pixel_array for name in (PRIOR, CURRENT))
    mask = cv2.imread(str(TRUTH / f"{CURRENT}-pneumothorax.png"), cv2.IMREAD_UNCHANGED) > 0
    lungs = cv2.imread(str(TRUTH / f"{CURRENT}-lungs.png"), cv2.IMREAD_UNCHANGED)
    assert 0.10 < mask.sum() / np.count_nonzero(lungs == 127) < 0.5
    # The same person, who stood a little elsewhere: apart from that only the collapse changes the film,
    # darker where the lung has gone, the same in the other lung.
    first, second = (posed(Request().projection, SAMPLE_SEED, number) for number in (0, 1))
    middle = np.array([[0.0, 0.0, 0.0]])
    moved = np.rint(second.project(middle)[0][0] - first.project(middle)[0][0]).astype(int)
    assert 0 < np.abs(moved).max() < 150
    prior = np.roll(prior, tuple(moved), axis=(0, 1))
    # Another centring exposes the film a little differently, so shares are compared.
    gone, other = (current[place].mean() / prior[place].mean() for place in (mask, lungs == 255))
    assert other == pytest.approx(1.0, abs=0.05)
    assert gone < 0.9 * other
