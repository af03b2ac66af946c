"""Random numbers of libraries that draw from numpy's one shared generator."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def numpy_state_kept(seed: int | None = None) -> Iterator[None]:
    """Let a library draw from, or seed, numpy's shared generator; it is as before afterwards.

    Parameters
    ----------
    seed : int or None
        Where the generator starts; None if the library seeds it itself.
    """
    state = np.random.get_state()  # noqa: NPY002  (shap draws from it)
    try:
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
