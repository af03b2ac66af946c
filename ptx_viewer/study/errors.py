"""What goes wrong while reading: a sentence for the reader, the detail for the log."""

from __future__ import annotations

import hashlib
import logging
import traceback


class StudyError(Exception):
    """A file or a frame cannot be read; ``str()`` is a sentence for the user.

    Parameters
    ----------
    sentence : str
        What is the matter, in words a radiologist understands.
    harmless : bool
        True for a sound file that simply has no picture to show (a report, a
        presentation state), as opposed to a damaged or unsupported one.
    """

    def __init__(self, sentence: str, *, harmless: bool = False) -> None:
        super().__init__(sentence)
        self.harmless = harmless


def log_failure(log: logging.Logger, display_path: str, error: BaseException) -> None:
    """Log what failed and where in the code, without any patient data.

    Paths and the messages of libraries may quote names, dates and IDs, so the line holds
    a digest of the path (equal for equal paths), the kinds of the chained errors and the
    places in the code that raised them.
    """
    digest = hashlib.sha256(display_path.encode("utf-8", "surrogateescape")).hexdigest()[:10]
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        place = f"{frames[-1].filename.rsplit('site-packages', 1)[-1]}:{frames[-1].lineno}" if frames else "?"
        causes.append(f"{type(cause).__name__} at {place}")
        cause = cause.__cause__ or cause.__context__
    sentence = f" [{error}]" if isinstance(error, StudyError) else ""
    log.warning("file %s: %s%s", digest, " <- ".join(causes), sentence)
