"""shap, without what it does to others: a warning, seconds of compiling, a shared random generator."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np

with warnings.catch_warnings():
    # Its plots, which nothing here needs, set up colours in a way that matplotlib is about to drop.
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    # numba fills this module as it is imported: its attributes are known to nobody before.
    settings: Any = numba.config
    compiling = settings.DISABLE_JIT
    # Its loops over some dozen regions take a millisecond as they are, and seconds to compile.
    settings.DISABLE_JIT = True
    try:
        import shap
    finally:
        settings.DISABLE_JIT = compiling

__all__ = ["numpy_state_kept", "shap"]


@contextlib.contextmanager
def numpy_state_kept(seed: int | None = None) -> Iterator[None]:
    """Let shap draw from, or seed, numpy's shared generator; it is as before afterwards.

    Parameters
    ----------
    seed : int or None
        Where the generator starts; None if shap seeds it itself.
    """
    state = np.random.get_state()  # noqa: NPY002  (it is the one shap draws from)
    try:
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
