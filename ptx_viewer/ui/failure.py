"""What went wrong, in words for the reader; the detail is in the log."""

from __future__ import annotations

from ptx_viewer.engine import EngineError
from ptx_viewer.report.errors import ReportError
from ptx_viewer.review.database import StoreError
from ptx_viewer.study.errors import StudyError

#: Exceptions whose text was written for the reader.
_SPOKEN = (StudyError, ReportError, StoreError, EngineError, FileExistsError)


def sentence(error: Exception) -> str:
    """Return what to tell the reader about `error`; never a programmer's message."""
    if isinstance(error, _SPOKEN) and str(error).strip():
        return str(error).strip()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    if isinstance(error, MemoryError):
        return "There is not enough memory."
    return "An unexpected error; the log file has the details."
