"""A pneumothorax: the lung retreats towards its root, and air takes the place it leaves.

The collapsed lung is the image of the full lung under a smooth map ``T`` that shrinks it
towards the hilum and mediastinum, more in one direction than in others according to the
kind.  ``T`` has a closed inverse, so the lung after collapse is ``{p : T^-1(p) in lung}``,
its surface is parallel to the chest wall as a real visceral line is, and vessels move with
the lung.  A loculated pneumothorax is a pocket at the lateral wall instead, where adhesions
hold the rest of the lung.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from .anatomy import SIDES, Anatomy, Side, cage_profile, sign
from .cavity import cavities, dome_z
from .fields import Depth, FloatArray, Point, coverage, ellipsoid
from .tubes import Tubes

Kind = Literal["apical", "lateral", "basal", "tension", "loculated"]
KINDS: Final[tuple[Kind, ...]] = ("apical", "lateral", "basal", "tension", "loculated")

#: Lung medial to this is held by the root and does not move sideways (mm).
_ROOT_X: Final = 30.0
_ROOT_Y: Final = 20.0
#: Step of the grid on which volumes are integrated (mm).
_STEP: Final = 3.0
#: A hemithorax of this volume counts as whole when the pressure of a tension pneumothorax is scaled (mL).
_HEMITHORAX_ML: Final = 3000.0


@dataclass(frozen=True)
class Pneumothorax:
    """A request: where, of what kind, how much air.

    Attributes
    ----------
    side : {"right", "left"}
    kind : {"apical", "lateral", "basal", "tension", "loculated"}
        Basal air deepens the lateral sulcus (deep sulcus sign); air under tension shifts the
        mediastinum and flattens the diaphragm.
    volume_ml : float
        Air in the pleural cavity.
    """

    side: Side
    kind: Kind
    volume_ml: float


def deformed(anatomy: Anatomy, requests: tuple[Pneumothorax, ...]) -> Anatomy:
    """Return the person whose mediastinum and diaphragm give way to the air.

    Raises
    ------
    ValueError
        If a side is asked for twice, or both sides are under tension.
    """
    sides = [request.side for request in requests]
    if len(set(sides)) < len(sides):
        raise ValueError(f"one pneumothorax for each side: the {sides[0]} side was asked for twice")
    if sum(request.kind == "tension" for request in requests) > 1:
        raise ValueError("only one side can be under tension: the mediastinum cannot shift both ways")
    for request in requests:
        index = SIDES.index(request.side)
        share = float(np.clip(request.volume_ml / _HEMITHORAX_ML, 0.0, 1.0))
        if request.kind == "tension":
            pressed = [0.0, 0.0]
            pressed[index] = 10.0 + 28.0 * share
            anatomy = replace(
                anatomy,
                shift_mm=-sign(request.side) * (12.0 + 26.0 * share),
                depression_mm=(pressed[0], pressed[1]),
            )
        elif request.kind == "basal":
            deeper = list(anatomy.sulcus_mm)
            deeper[index] = 14.0 + 40.0 * min(share, 0.5)
            anatomy = replace(anatomy, sulcus_mm=(deeper[0], deeper[1]))
    return anatomy


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
    root_x : float
        Distance from the midline (mm) up to which the root holds the lung.
    """

    side: Side
    kind: Kind
    amount: float
    base_z: float
    apex_z: float
    root_x: float = _ROOT_X

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
        if self.kind == "tension":
            sideways = a * (np.float32(0.64) + np.float32(0.18) * level)
            return 1.0 - 0.42 * a, 1.0 - sideways, 1.0 - np.float32(0.35 * a) * np.ones_like(level)
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
        full_x = np.where(distance > self.root_x, self.root_x + (distance - self.root_x) / sideways, distance)
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
        new_x = np.where(x > self.root_x, self.root_x + (x - self.root_x) * sideways, x) * sign(self.side)
        return np.stack([new_x, _ROOT_Y + (y - _ROOT_Y) * depth, new_z], axis=1)

    def lung(self, anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
        """Signed distance (mm, positive inside) to the collapsed lung, visceral pleura at 0."""
        full_x, full_y, full_z = self.to_full(x, y, z)
        # The map shrinks by its scales, so a distance in the full lung is at most this much shorter here.
        shrink = np.float32(1.0 - 0.5 * self.amount)
        return cavities(anatomy, full_x, full_y, full_z).pleural * shrink

    def move(self, tubes: Tubes) -> Tubes:
        """Take vessels with the lung."""
        return tubes.moved(self.to_collapsed)


@dataclass(frozen=True)
class Pocket:
    """Loculated air: an ellipsoid at the lateral chest wall that indents the lung.

    Attributes
    ----------
    side : {"right", "left"}
    centre : tuple of float
        On the chest wall, mm.
    amount : float
        0 is a full lung, 1 the largest pocket.
    """

    side: Side
    centre: Point
    amount: float

    @property
    def radii(self) -> Point:
        """Semi-axes in mm."""
        a = max(self.amount, 1e-3)
        return 62.0 * a**0.8, 82.0 * a, 95.0 * a

    def lung(self, anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
        """Signed distance (mm, positive inside) to the lung beside the pocket."""
        pocket = ellipsoid(x, y, z, self.centre, self.radii)
        return np.minimum(cavities(anatomy, x, y, z).pleural, -pocket)

    def move(self, tubes: Tubes) -> Tubes:
        """Leave out the vessels where the pocket is."""
        middle = 0.5 * (tubes.start + tubes.end)
        x, y, z = (middle[:, k : k + 1].astype(np.float32) for k in range(3))
        outside = ellipsoid(x, y, z, self.centre, self.radii)[:, 0] < -1.0
        return replace(tubes, contrast=tubes.contrast * outside)


Retreat = Collapse | Pocket


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

    def volumes(self, anatomy: Anatomy, collapse: Retreat | None) -> Volumes:
        """Integrate lung and pleural air over the shapes themselves."""
        inside = self.share
        if collapse is not None:
            # The smaller of the two, not their product: where lung and wall touch there is no air between.
            inside = np.minimum(inside, coverage(collapse.lung(anatomy, self.x, self.y, self.z), _STEP))
        lung = float(inside.sum(dtype=np.float64))
        whole = float(self.share.sum(dtype=np.float64))
        millilitres = _STEP**3 / 1000.0
        return Volumes((whole - lung) * millilitres, lung * millilitres)


@lru_cache(maxsize=8)
def cavity_grid(anatomy: Anatomy, side: Side) -> CavityGrid:
    """Return the grid over the pleural cavity of `side`."""
    x = (np.arange(_STEP / 2, 165.0, _STEP, dtype=np.float32) * np.float32(sign(side)))[None, :]
    z = np.arange(-230.0, 160.0, _STEP, dtype=np.float32)[:, None]
    found: list[NDArray[np.float32]] = []
    for y in np.arange(-130.0, 130.0, _STEP):
        share = coverage(cavities(anatomy, x, float(y), z).pleural, _STEP)
        rows, columns = np.nonzero(share)
        depth = np.full(len(rows), y, np.float32)
        found.append(np.stack([x[0, columns], depth, z[rows, 0], share[rows, columns]]))
    points = np.concatenate(found, axis=1)[..., None]
    return CavityGrid(points[0], points[1], points[2], points[3])


def solve_collapse(anatomy: Anatomy, request: Pneumothorax) -> Retreat:
    """Find the retreat of the lung that leaves the requested volume of air.

    Parameters
    ----------
    anatomy : Anatomy
        As :func:`deformed` by the request.
    request : Pneumothorax

    Raises
    ------
    ValueError
        If the volume is not positive or more than the kind of collapse can make room for.
    """
    if not request.volume_ml > 0 or not np.isfinite(request.volume_ml):
        raise ValueError(f"a pneumothorax needs a positive volume, got {request.volume_ml:g} mL")
    start = _start(anatomy, request)
    grid = cavity_grid(anatomy, request.side)

    def excess(amount: float) -> float:
        volumes = grid.volumes(anatomy, replace(start, amount=amount))
        return volumes.pneumothorax_ml - request.volume_ml

    most = excess(1.0) + request.volume_ml
    if request.volume_ml > most:
        raise ValueError(
            f"{request.volume_ml:.0f} mL do not fit: a {request.side} {request.kind} pneumothorax of this "
            f"person holds at most {most:.0f} mL"
        )
    amount = brentq(excess, 0.0, 1.0, xtol=2e-4, maxiter=30)
    return replace(start, amount=float(amount))


def _start(anatomy: Anatomy, request: Pneumothorax) -> Retreat:
    if request.kind == "loculated":
        level = np.full((1, 1), -12.0 * anatomy.height, np.float32)
        wall = sign(request.side) * float(cage_profile(anatomy, level).half_width[0, 0])
        return Pocket(request.side, (wall, 12.0, float(level[0, 0])), 0.0)
    # The lung is held where the mediastinum has gone.
    root = _ROOT_X + sign(request.side) * anatomy.shift_mm
    return Collapse(
        request.side,
        request.kind,
        0.0,
        base_z=dome_z(anatomy, request.side) - 20.0,
        apex_z=140.0 * anatomy.height,
        root_x=max(root, 4.0),
    )
