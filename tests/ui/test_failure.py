"""A reader is told what went wrong in words that were written for a reader."""

from __future__ import annotations

import pytest

from ptx_viewer.engine import EngineError
from ptx_viewer.study.errors import StudyError
from ptx_viewer.ui.failure import sentence


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StudyError("The file is cut off."), "The file is cut off."),
        (EngineError("The weights are missing."), "The weights are missing."),
        (PermissionError(13, "Permission denied", "/secret"), "Permission denied."),
        (MemoryError(), "There is not enough memory."),
        (
            AttributeError("'NoneType' has no attribute 'x'"),
            "An unexpected error; the log file has the details.",
        ),
        (EngineError(""), "An unexpected error; the log file has the details."),
    ],
)
def test_only_words_for_readers_are_shown(error, told):
    assert sentence(error) == told
