"""One small synthetic study, written once."""

from pathlib import Path

import pytest

from ptx_viewer.phantom.command import phantom

PIXELS = 96


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantom") / "new" / "study"
    words = [
        "--out",
        str(folder),
        "--seed",
        "4",
        "--pixels",
        str(PIXELS),
        "--pneumothorax",
        "right-lateral:500",
    ]
    assert phantom(words) == 0
    return folder
