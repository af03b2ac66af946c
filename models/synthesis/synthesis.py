"""One call from a thorax to a film with its truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .exposure import Exposure, expose
from .film import Sampling, line_integrals
from .geometry import Projection
from .marker import lead_marker
from .processing import for_presentation
from .texture import unresolved_structure
from .thorax import Thorax
from .truth import FilmTruth, film_truth

#: No two departments show their films alike.
_TONES: Final = (0.95, 1.5)


@dataclass(frozen=True, eq=False)
class SyntheticFilm:
    """A film for presentation and what is true of it.

    Attributes
    ----------
    pixels : ndarray of uint16, shape [rows, columns]
        0 (black) .. 4095 (white); the patient's left is on the right.
    air_mm : ndarray of float32, shape [rows, columns]
        Path of every ray through pleural air, in front of and behind the lung too.
    projection : Projection
    thorax : Thorax
    truth : FilmTruth
    """

    pixels: NDArray[np.uint16]
    air_mm: NDArray[np.float32]
    projection: Projection
    thorax: Thorax
    truth: FilmTruth


def synthesise_film(
    thorax: Thorax,
    projection: Projection,
    exposure: Exposure = Exposure(),  # noqa: B008  (frozen)
    sampling: Sampling = Sampling(),  # noqa: B008  (frozen)
    repeat: int = 0,
) -> SyntheticFilm:
    """Make a film of `thorax`.

    Parameters
    ----------
    thorax : Thorax
    projection : Projection
    exposure : Exposure
    sampling : Sampling
    repeat : int
        Another exposure of the same person: only the noise and the lead letter differ.
    """
    integrals = line_integrals(thorax, projection, sampling)
    depth = integrals.optical_depth + lead_marker(projection, np.random.default_rng([thorax.seed, 8, repeat]))
    depth += unresolved_structure(integrals, projection.pixel_mm, np.random.default_rng([thorax.seed, 5]))
    random = np.random.default_rng([thorax.seed, 4, repeat])
    signal = expose(depth, projection.pixel_mm, exposure, random)
    tone = float(np.random.default_rng([thorax.seed, 9]).uniform(*_TONES))
    pixels = for_presentation(signal, projection.pixel_mm, tone)
    return SyntheticFilm(
        pixels,
        integrals.pneumothorax_mm,
        projection,
        thorax,
        film_truth(thorax, integrals.outlines, projection),
    )
