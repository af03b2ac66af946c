"""What is known about a film: masks, areas and distances, read from the silhouettes of the shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .anatomy import SIDES, Side, sign
from .cavity import mediastinal_x
from .film import Outlines
from .geometry import Projection
from .silhouette import Distance, Pixel, Silhouette
from .thorax import Thorax

#: Root of the lung (mm) on the right and left of an average person.
_HILUM: Final = {"right": (-30.0, 8.0, 20.0), "left": (32.0, 10.0, 30.0)}


@dataclass(frozen=True)
class SideTruth:
    """One hemithorax on the film; millimetres in the patient's plane through the origin.

    Attributes
    ----------
    hemithorax_mm2, pneumothorax_mm2 : float
        Projected areas.
    hilum : tuple of float
        Where the root of the lung is projected.
    cupola, lung_apex : tuple of float
        Highest points of the hemithorax and of the lung.
    apex_to_cupola : Distance or None
        Rows between the two, upright; None, as all of the following, without a pneumothorax.
    interpleural_apex : Distance or None
        From the point of the chest wall in the upper eighth that is farthest from the visceral line.
    interpleural_upper, interpleural_lower : Distance or None
        From the lung, a quarter and three quarters of its way down, the shortest way to the chest wall.
    interpleural_hilum : Distance or None
        Horizontally at the level of the hilum.
    """

    hemithorax_mm2: float
    pneumothorax_mm2: float
    hilum: Pixel
    cupola: Pixel
    lung_apex: Pixel
    apex_to_cupola: Distance | None
    interpleural_apex: Distance | None
    interpleural_upper: Distance | None
    interpleural_lower: Distance | None
    interpleural_hilum: Distance | None

    @property
    def percent(self) -> float:
        """Projected area beyond the visceral line in percent of the hemithorax."""
        return 100.0 * self.pneumothorax_mm2 / self.hemithorax_mm2 if self.hemithorax_mm2 else 0.0


@dataclass(frozen=True, eq=False)
class FilmTruth:
    """What is known about a synthetic film.

    Attributes
    ----------
    pneumothorax : ndarray of bool, shape [rows, columns]
        Beyond the visceral pleural line, as a reader outlines it: rays in the lung field that pass
        pleural air and no lung.
    lung_fields : dict of side to ndarray of bool, shape [rows, columns]
        Hemithorax as read on a film: lung and pleural air beside the heart and above the dome.
    silhouettes : dict of side to Silhouette
    sides : dict of side to SideTruth
    """

    pneumothorax: NDArray[np.bool_]
    lung_fields: dict[Side, NDArray[np.bool_]]
    silhouettes: dict[Side, Silhouette]
    sides: dict[Side, SideTruth]


def film_truth(thorax: Thorax, outlines: Outlines, projection: Projection) -> FilmTruth:
    """Read masks, areas and distances from the silhouettes."""
    x, _ = projection.plane(0.0)
    pitch = projection.pixel_mm / projection.magnification
    hemithorax = np.minimum(outlines.pleural, np.minimum(-outlines.mediastinum, -outlines.abdomen))
    silhouettes = {}
    for side in SIDES:
        here = np.where(x * sign(side) > 0, hemithorax, np.float32(-1.0))
        silhouettes[side] = Silhouette(side, here, np.minimum(here, outlines.lung), pitch)
    return FilmTruth(
        pneumothorax=(hemithorax > 0) & (outlines.lung <= 0),
        lung_fields={side: each.hemithorax > 0 for side, each in silhouettes.items()},
        silhouettes=silhouettes,
        sides={side: _measure(thorax, each, projection) for side, each in silhouettes.items()},
    )


def _measure(thorax: Thorax, silhouette: Silhouette, projection: Projection) -> SideTruth:
    side = silhouette.side
    x, y, z = mediastinal_x(thorax.anatomy, _HILUM[side])
    root = np.array([[x * thorax.anatomy.width - thorax.turn * y, y, z * thorax.anatomy.height]])
    pixel = projection.project(root)[0][0]
    hemithorax, lung = silhouette.areas_mm2()
    collapsed = side in thorax.retreats
    return SideTruth(
        hemithorax_mm2=hemithorax,
        pneumothorax_mm2=hemithorax - lung if collapsed else 0.0,
        hilum=(float(pixel[0]), float(pixel[1])),
        cupola=silhouette.cupola,
        lung_apex=silhouette.lung_apex,
        apex_to_cupola=silhouette.apex_to_cupola() if collapsed else None,
        interpleural_apex=silhouette.apical() if collapsed else None,
        interpleural_upper=silhouette.down_the_lung(0.25) if collapsed else None,
        interpleural_lower=silhouette.down_the_lung(0.75) if collapsed else None,
        interpleural_hilum=silhouette.at(float(pixel[0])) if collapsed else None,
    )
