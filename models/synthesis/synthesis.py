"""One call from a seed to a film with its truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .anatomy import SIDES, Anatomy, Side, sign
from .collapse import Pneumothorax, Volumes
from .film import Exposure, LineIntegrals, expose, lead_marker, line_integrals, unresolved_structure
from .geometry import Projection
from .processing import for_presentation
from .thorax import Thorax

#: A ray counts as passing through pleural air, or lung, when it meets at least this much of it (mm).
LEAST_PATH_MM: Final = 1.0
#: The lung's edge is where a ray passes this much of it (mm): its rim is smoothed over the grid.
_LUNG_EDGE_MM: Final = 4.0
#: A lung field ends where the heart or the dome begins to be met by the ray (mm).
_SILHOUETTE_MM: Final = 6.0


@dataclass(frozen=True, eq=False)
class FilmTruth:
    """What is known about a synthetic film.

    Attributes
    ----------
    pneumothorax : ndarray of bool, shape [rows, columns]
        Beyond the visceral pleural line, as a reader outlines it: rays in the lung field that pass
        pleural air and no lung.
    air_mm : ndarray of float32, shape [rows, columns]
        Path of every ray through pleural air, in front of and behind the lung too.
    lung_fields : dict of side to ndarray of bool, shape [rows, columns]
        Hemithorax as read on a film: lung and pleural air beside the heart and above the dome.
    volumes : dict of side to Volumes
        Lung and pleural air in mL.
    """

    pneumothorax: NDArray[np.bool_]
    air_mm: NDArray[np.float32]
    lung_fields: dict[Side, NDArray[np.bool_]]
    volumes: dict[Side, Volumes]


@dataclass(frozen=True, eq=False)
class SyntheticFilm:
    """A film for presentation and what is true of it.

    Attributes
    ----------
    pixels : ndarray of uint16, shape [rows, columns]
        0 (black) .. 4095 (white); the patient's left is on the right.
    projection : Projection
    anatomy : Anatomy
    truth : FilmTruth
    """

    pixels: NDArray[np.uint16]
    projection: Projection
    anatomy: Anatomy
    truth: FilmTruth


def synthesise_film(
    seed: int,
    pneumothorax: Pneumothorax | None,
    projection: Projection,
    exposure: Exposure = Exposure(),  # noqa: B008  (frozen)
    repeat: int = 0,
) -> SyntheticFilm:
    """Make the film of the person that belongs to `seed`.

    Parameters
    ----------
    seed : int
    pneumothorax : Pneumothorax or None
    projection : Projection
    exposure : Exposure
    repeat : int
        Another exposure of the same person: only the noise differs.

    Raises
    ------
    ValueError
        If the pneumothorax does not fit into the chest.
    """
    thorax = Thorax(seed, pneumothorax)
    integrals = line_integrals(thorax, projection)
    random = np.random.default_rng([seed, 4, repeat])
    depth = integrals.optical_depth + lead_marker(projection)
    depth += unresolved_structure(
        integrals.optical_depth, projection.pixel_mm, np.random.default_rng([seed, 5])
    )
    signal = expose(depth, projection.pixel_mm, exposure, random)
    pixels = for_presentation(signal, projection.pixel_mm)
    return SyntheticFilm(pixels, projection, thorax.anatomy, _truth(thorax, integrals, projection))


def _truth(thorax: Thorax, integrals: LineIntegrals, projection: Projection) -> FilmTruth:
    x, _ = projection.plane(0.0)
    seen = (
        (integrals.cavity >= LEAST_PATH_MM)
        & (integrals.mediastinum < _SILHOUETTE_MM)
        & (integrals.abdomen < _SILHOUETTE_MM)
    )
    air = integrals.pneumothorax
    return FilmTruth(
        pneumothorax=seen & (air >= LEAST_PATH_MM) & (integrals.cavity - air < _LUNG_EDGE_MM),
        air_mm=air,
        lung_fields={side: seen & (x * sign(side) > 0) for side in SIDES},
        volumes=thorax.volumes,
    )
