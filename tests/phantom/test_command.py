"""The phantom command's words, answers and complaints."""

from pathlib import Path

import pytest

from models.synthesis.collapse import Pneumothorax
from ptx_viewer.phantom.command import phantom, requested_air
from ptx_viewer.phantom.study import Request


def test_a_bilateral_pneumothorax_is_half_on_each_side() -> None:
    assert requested_air("bilateral", "left", 800.0) == (
        Pneumothorax("right", "apical", 400.0),
        Pneumothorax("left", "apical", 400.0),
    )
    assert requested_air("basal", "left", 320.5) == (Pneumothorax("left", "basal", 320.5),)
    assert requested_air("none", "left", 320.5) == ()


def test_every_request_has_its_own_identity() -> None:
    requests = [
        Request(),
        Request(seed=5),
        Request(ap=True),
        Request(supine=True),
        Request(devices=("chest drain",)),
        Request(ct=True),
        Request(ct=True, tilt_degrees=5.0),
        Request(requested_air("none", "left", 1.0)),
    ]
    assert len({request.key for request in requests}) == len(requests)


def test_a_bedside_film_is_nearer_and_from_the_front() -> None:
    bedside, wall = Request(supine=True).projection, Request(ap=True).projection
    assert bedside.view == wall.view == "AP"
    assert bedside.source_to_detector_mm < wall.source_to_detector_mm
    assert bedside.magnification > wall.magnification


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seed", "-1"], "seed is 0 or more"),
        (["--pixels", "8"], "64 to 4096 pixels"),
        (["--volume-ml", "-3"], "positive volume"),
        (["--volume-ml", "9000"], "do not fit"),
        (["--volume-ml", "nan"], "positive volume"),
        (["--ct", "--slice-mm", "9"], "0.6 to 5 mm"),
        (["--ct", "--tilt", "45"], "at most 30 degrees"),
        (["--ct", "--matrix", "4"], "32 to 1024"),
    ],
)
def test_a_wrong_request_is_answered_with_a_sentence_and_2(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert phantom(["--out", str(tmp_path / "new"), *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_answered_with_a_sentence_and_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert phantom(["--out", str(blocked), "--pixels", "64"]) == 1
    assert "Could not write" in capsys.readouterr().err
    assert blocked.read_text() == "not a folder"
