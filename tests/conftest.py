"""Fixtures shared by all tests."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# No test may fail because the machine is busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# No map that a user's program kept may answer a test, nor the other way round.  matplotlib's list of
# fonts takes long to make and stays where it is.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
os.environ.setdefault("MPLCONFIGDIR", str(_CACHE / "matplotlib"))
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="ptx-viewer-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

_DEFAULT = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real films, or skip: they are not part of the repository."""
    folder = Path(os.environ.get("PTX_VIEWER_TEST_DATA", _DEFAULT))
    if not folder.is_dir():
        pytest.skip("the real films are not on this machine (set PTX_VIEWER_TEST_DATA to their folder)")
    return folder
