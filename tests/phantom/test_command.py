"""The phantom command's words, answers and complaints."""

import argparse
from pathlib import Path

import pytest

from models.synthesis.collapse import Pneumothorax
from ptx_viewer.phantom.command import parse_pneumothorax, phantom


def test_requests_are_read() -> None:
    assert parse_pneumothorax("left-basal:320.5") == Pneumothorax("left", "basal", 320.5)
    assert parse_pneumothorax("right-apical").volume_ml > 0


@pytest.mark.parametrize(
    "text", ["apical", "right-tension", "left-apical:-3", "left-apical:", "both-apical:1"]
)
def test_other_requests_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="SIDE-KIND"):
        parse_pneumothorax(text)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seed", "-1"], "seed is 0 or more"),
        (["--pixels", "8"], "64 to 4096 pixels"),
    ],
)
def test_a_wrong_request_is_answered_with_a_sentence_and_2(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert phantom(["--out", str(tmp_path), *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_answered_with_a_sentence_and_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert phantom(["--out", str(blocked), "--pixels", "64"]) == 1
    assert "Could not write" in capsys.readouterr().err
    assert blocked.read_text() == "not a folder"
