"""One small synthetic study, written once."""

from pathlib import Path

import pytest

from ptx_viewer.phantom.command import phantom

PIXELS = 64


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantom") / "new" / "study"
    words = ["--out", str(folder), "--seed", "4", "--pixels", str(PIXELS), "--kind", "lateral"]
    words += ["--volume-ml", "500", "--ct", "--slice-mm", "5", "--matrix", "40", "--tilt", "10"]
    assert phantom(words) == 0
    return folder
