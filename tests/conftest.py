"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test may fail because the machine is busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_DEFAULT = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real films, or skip: they are not part of the repository."""
    folder = Path(os.environ.get("PTX_VIEWER_TEST_DATA", _DEFAULT))
    if not folder.is_dir():
        pytest.skip("the real films are not on this machine (set PTX_VIEWER_TEST_DATA to their folder)")
    return folder
