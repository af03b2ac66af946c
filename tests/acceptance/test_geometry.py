"""One film stored in many ways: whatever the grid, the results lie in it, and say the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Undo = Callable[[np.ndarray], np.ndarray]
PLAIN = "plain.dcm"
# How each file's grid is brought back to that of the plain one, and how far its map may be off:
# a turned film is the same film to the network, a picture has lost four of its twelve bits.
STORED: dict[str, tuple[Undo, float]] = {
    "mirrored.dcm": (lambda m: m[:, ::-1], 1e-4),
    "turned-right.dcm": (lambda m: np.rot90(m, 1), 1e-4),
    "turned-left-and-mirrored.dcm": (lambda m: m.T, 1e-4),
    "head-down.dcm": (lambda m: m[::-1], 1e-4),
    "inverted.dcm": (lambda m: m, 0.005),
    "picture.png": (lambda m: m, 0.02),
    "picture.jpg": (lambda m: m, 0.02),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory, analyze, write_dicom, sample_film):
    folder = tmp_path_factory.mktemp("stored")
    plain = sample_film
    write_dicom(folder / PLAIN, plain)
    write_dicom(folder / "mirrored.dcm", np.ascontiguousarray(plain[:, ::-1]), PatientOrientation=["R", "F"])
    # Clockwise: the patient's right is on top now and the head at the right.
    write_dicom(
        folder / "turned-right.dcm", np.ascontiguousarray(np.rot90(plain, -1)), PatientOrientation=["H", "L"]
    )
    write_dicom(
        folder / "turned-left-and-mirrored.dcm",
        np.ascontiguousarray(plain.T),
        PatientOrientation=["F", "L"],
    )
    write_dicom(folder / "head-down.dcm", np.ascontiguousarray(plain[::-1]), PatientOrientation=["L", "H"])
    write_dicom(folder / "inverted.dcm", np.uint16(4095) - plain, PhotometricInterpretation="MONOCHROME1")
    eight_bits = (plain >> 4).astype(np.uint8)
    Image.fromarray(eight_bits).save(folder / "picture.png")
    # As many exports are: grey, but stored in three channels.
    Image.fromarray(np.dstack([eight_bits] * 3)).save(folder / "picture.jpg", quality=95)
    return analyze(tmp_path_factory.mktemp("results"), folder, "--explain", "", "--no-report")


def probability(run, name: str) -> np.ndarray:
    stored = run.picture(run.image(name)["models"]["attention-unet"]["probability"])
    return stored.astype(np.float64) / 65535


def test_every_way_of_storing_is_scored(run):
    assert run.status == 0, run.complained
    assert sorted(Path(image["file"]).name for image in run.findings["images"]) == sorted([PLAIN, *STORED])
    assert [image["refused"] for image in run.findings["images"]] == [None] * (1 + len(STORED))
    assert run.findings["unreadable"] == []


@pytest.mark.parametrize("name", STORED)
def test_maps_lie_in_the_stored_grid(run, name):
    undo, tolerance = STORED[name]
    plain = probability(run, PLAIN)
    found = probability(run, name)
    assert found.shape == (run.image(name)["rows"], run.image(name)["columns"])
    restored = undo(found)
    assert restored.shape == plain.shape
    assert np.abs(restored - plain).mean() < tolerance
    # The map is not symmetric: undone in any wrong way it would be far off.
    assert np.abs(plain[:, ::-1] - plain).mean() > 3 * np.abs(restored - plain).mean()


@pytest.mark.parametrize("name", STORED)
def test_score_and_sides_do_not_depend_on_the_grid(run, name):
    plain = run.image(PLAIN)["models"]["attention-unet"]
    found = run.image(name)["models"]["attention-unet"]
    _undo, tolerance = STORED[name]
    assert found["score"] == pytest.approx(plain["score"], abs=max(1e-3, 2 * tolerance))
    if tolerance < 0.001:
        assert found["present"] == plain["present"]
        assert [i["side"] for i in found["instances"]] == [i["side"] for i in plain["instances"]]


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg"])
def test_a_picture_has_no_millimetres(run, name):
    image = run.image(name)
    assert image["spacing"] is None
    assert all(instance["area_mm2"] is None for instance in image["models"]["attention-unet"]["instances"])
    lengths = [measurement for measurement in image["measurements"] if "mm" in measurement["unit"]]
    assert all(measurement["value"] is None and measurement["why_not"] for measurement in lengths)


def test_a_film_keeps_its_spacing_whichever_way_it_is_stored(run):
    for name in (PLAIN, *STORED):
        if name.endswith(".dcm"):
            spacing = run.image(name)["spacing"]
            assert spacing == {"row_mm": 0.5, "column_mm": 0.5, "basis": "detector plane"}


def test_without_explanations_and_report_neither_is_written(run):
    assert all(image["explanations"] == [] for image in run.findings["images"])
    assert not (run.out / "heatmaps").exists()
    assert not (run.out / "reports").exists()
    assert not [name for name in run.files if name.endswith(".pdf")]
