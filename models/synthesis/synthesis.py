"""One call from a thorax to a film with its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .film import Exposure, Sampling, expose, lead_marker, line_integrals, unresolved_structure
from .geometry import Projection
from .processing import for_presentation
from .thorax import Thorax
from .truth import FilmTruth, film_truth


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
        Another exposure of the same person: only the noise differs.
    """
    integrals = line_integrals(thorax, projection, sampling)
    depth = integrals.optical_depth + lead_marker(projection)
    depth += unresolved_structure(integrals, projection.pixel_mm, np.random.default_rng([thorax.seed, 5]))
    random = np.random.default_rng([thorax.seed, 4, repeat])
    signal = expose(depth, projection.pixel_mm, exposure, random)
    pixels = for_presentation(signal, projection.pixel_mm)
    return SyntheticFilm(
        pixels,
        integrals.pneumothorax_mm,
        projection,
        thorax,
        film_truth(thorax, integrals.outlines, projection),
    )
