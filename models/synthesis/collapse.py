"""A pneumothorax: the lung retreats towards its root, and air takes the place it leaves.

The collapsed lung is the image of the full lung under a smooth map ``T`` that shrinks it
towards the hilum and mediastinum, more in one direction than in others according to the
kind.  ``T`` has a closed inverse, so the lung after collapse is ``{p : T^-1(p) in lung}``,
its surface is parallel to the chest wall as a real visceral line is, and vessels move with
the lung.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from .anatomy import Anatomy, Side, sign
from .cavity import cavities, dome_z
from .fields import Depth, FloatArray, coverage

Kind = Literal["apical", "lateral", "basal"]
KINDS: Final[tuple[Kind, ...]] = ("apical", "lateral", "basal")

#: Lung medial to this is held by the root and does not move sideways (mm).
_ROOT_X: Final = 30.0
_ROOT_Y: Final = 20.0
#: Step of the grid on which volumes are integrated (mm).
_STEP: Final = 3.0


@dataclass(frozen=True)
class Pneumothorax:
    """A request: where, of what kind, how much air.

    Attributes
    ----------
    side : {"right", "left"}
    kind : {"apical", "lateral", "basal"}
    volume_ml : float
        Air in the pleural cavity.
    """

    side: Side
    kind: Kind
    volume_ml: float


@dataclass(frozen=True)
class Collapse:
    """The map ``T`` for one lung.

    Attributes
    ----------
    side, kind
        As requested.
    amount : float
        0 is a full lung, 1 the most that the map allows.
    base_z, apex_z : float
        Heights (mm) between which the map acts.
    """

    side: Side
    kind: Kind
    amount: float
    base_z: float
    apex_z: float

    def _scales(self, level: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Scales along z, x and y at a `level` of the *full* lung: 0 at the base, 1 at the apex."""
        level = np.clip(level, 0.0, 1.0).astype(np.float32)
        a = self.amount
        if self.kind == "apical":
            sideways = a * (np.float32(0.10) + np.float32(0.62) * level**1.5)
            return 1.0 - 0.42 * a, 1.0 - sideways, 1.0 - np.float32(0.22 * a) * level
        if self.kind == "lateral":
            sideways = a * (np.float32(0.55) + np.float32(0.25) * np.sin(np.pi * level).astype(np.float32))
            return 1.0 - 0.22 * a, 1.0 - sideways, 1.0 - np.float32(0.15 * a) * level
        sideways = a * np.float32(0.62) * (1.0 - level) ** np.float32(1.2)
        return 1.0 - 0.34 * a, 1.0 - sideways, 1.0 - np.float32(0.2 * a) * (1.0 - level)

    def to_full(self, x: FloatArray, y: Depth, z: FloatArray) -> tuple[FloatArray, Depth, FloatArray]:
        """Where a point of the collapsed lung was in the full lung (``T^-1``); mm, broadcastable."""
        height = self.apex_z - self.base_z
        if self.kind == "basal":
            along = self._scales(np.zeros(1, np.float32))[0]
            full_z = self.apex_z - (self.apex_z - z) / np.float32(along)
            level = (full_z - self.base_z) / height
        else:
            along = self._scales(np.zeros(1, np.float32))[0]
            full_z = np.where(z > self.base_z, self.base_z + (z - self.base_z) / np.float32(along), z)
            level = (full_z - self.base_z) / height
        _, sideways, depth = self._scales(level)
        distance = x * np.float32(sign(self.side))
        full_x = np.where(distance > _ROOT_X, _ROOT_X + (distance - _ROOT_X) / sideways, distance)
        full_y = _ROOT_Y + (y - np.float32(_ROOT_Y)) / depth
        return (full_x * np.float32(sign(self.side))).astype(np.float32), full_y, full_z.astype(np.float32)

    def to_collapsed(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points [N, 3] of the full lung lie after the collapse (``T``)."""
        x, y, z = points[:, 0] * sign(self.side), points[:, 1], points[:, 2]
        level = ((z - self.base_z) / (self.apex_z - self.base_z)).astype(np.float32)
        along, sideways, depth = self._scales(level)
        if self.kind == "basal":
            new_z = self.apex_z - (self.apex_z - z) * along
        else:
            new_z = np.where(z > self.base_z, self.base_z + (z - self.base_z) * along, z)
        new_x = np.where(x > _ROOT_X, _ROOT_X + (x - _ROOT_X) * sideways, x) * sign(self.side)
        return np.stack([new_x, _ROOT_Y + (y - _ROOT_Y) * depth, new_z], axis=1)

    def lung(self, anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
        """Signed distance (mm, positive inside) to the collapsed lung, visceral pleura at 0."""
        full_x, full_y, full_z = self.to_full(x, y, z)
        # The map shrinks by its scales, so a distance in the full lung is at most this much shorter here.
        shrink = np.float32(1.0 - 0.5 * self.amount)
        return cavities(anatomy, full_x, full_y, full_z).pleural * shrink


@dataclass(frozen=True)
class Volumes:
    """What one side of the chest holds.

    Attributes
    ----------
    pneumothorax_ml, lung_ml : float
        Pleural air and lung, in mL.
    """

    pneumothorax_ml: float
    lung_ml: float

    @property
    def percent(self) -> float:
        """Air in percent of the pleural cavity's volume."""
        whole = self.pneumothorax_ml + self.lung_ml
        return 100.0 * self.pneumothorax_ml / whole if whole > 0 else 0.0


@dataclass(frozen=True, eq=False)
class CavityGrid:
    """Points of a 3 mm grid in one full pleural cavity, and the share of each voxel inside.

    Attributes
    ----------
    x, y, z, share : ndarray of float32, shape [N, 1]
    """

    x: FloatArray
    y: FloatArray
    z: FloatArray
    share: FloatArray

    def volumes(self, anatomy: Anatomy, collapse: Collapse | None) -> Volumes:
        """Integrate lung and pleural air over the shapes themselves."""
        inside = self.share
        if collapse is not None:
            # The smaller of the two, not their product: where lung and wall touch there is no air between.
            inside = np.minimum(inside, coverage(collapse.lung(anatomy, self.x, self.y, self.z), _STEP))
        lung = float(inside.sum(dtype=np.float64))
        whole = float(self.share.sum(dtype=np.float64))
        millilitres = _STEP**3 / 1000.0
        return Volumes((whole - lung) * millilitres, lung * millilitres)


@lru_cache(maxsize=4)
def cavity_grid(anatomy: Anatomy, side: Side) -> CavityGrid:
    """Return the grid over the pleural cavity of `side`."""
    x = (np.arange(_STEP / 2, 165.0, _STEP, dtype=np.float32) * np.float32(sign(side)))[None, :]
    z = np.arange(-210.0, 160.0, _STEP, dtype=np.float32)[:, None]
    found: list[NDArray[np.float32]] = []
    for y in np.arange(-130.0, 130.0, _STEP):
        share = coverage(cavities(anatomy, x, float(y), z).pleural, _STEP)
        rows, columns = np.nonzero(share)
        depth = np.full(len(rows), y, np.float32)
        found.append(np.stack([x[0, columns], depth, z[rows, 0], share[rows, columns]]))
    points = np.concatenate(found, axis=1)[..., None]
    return CavityGrid(points[0], points[1], points[2], points[3])


def solve_collapse(anatomy: Anatomy, request: Pneumothorax) -> Collapse:
    """Find the collapse that leaves the requested volume of air.

    Raises
    ------
    ValueError
        If the volume is not positive or more than the kind of collapse can make room for.
    """
    if not request.volume_ml > 0:
        raise ValueError(f"a pneumothorax needs a positive volume, got {request.volume_ml} mL")
    start = Collapse(
        request.side,
        request.kind,
        0.0,
        base_z=dome_z(anatomy, request.side) - 20.0,
        apex_z=140.0 * anatomy.height,
    )
    grid = cavity_grid(anatomy, request.side)

    def excess(amount: float) -> float:
        volumes = grid.volumes(anatomy, replace(start, amount=amount))
        return volumes.pneumothorax_ml - request.volume_ml

    most = excess(1.0) + request.volume_ml
    if request.volume_ml > most:
        raise ValueError(
            f"{request.volume_ml:.0f} mL do not fit: a {request.kind} pneumothorax of this person "
            f"holds at most {most:.0f} mL"
        )
    amount = brentq(excess, 0.0, 1.0, xtol=1e-4, maxiter=30)
    return replace(start, amount=float(amount))
