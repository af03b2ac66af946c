"""The digital thorax: one person, with or without a pneumothorax, in Hounsfield units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from .anatomy import SIDES, Anatomy, Side, draw_anatomy, sign
from .cavity import Cavities, cavities, organs
from .collapse import Pneumothorax, Retreat, Volumes, cavity_grid, deformed, solve_collapse
from .devices import DEVICES, Device, device_tubes
from .fields import FloatArray, coverage
from .materials import AIR, FAT, GLAND, LIVER, LUNG, MUSCLE, SKIN, SOFT_TISSUE
from .shoulders import add_scapulae
from .skeleton import add_ribs, add_sternum, airway_tubes, bone_tubes
from .soft_tissue import SKIN_MM, add_gas, body, breasts, muscle
from .spine import add_spine
from .tubes import Tubes, join
from .vessels import grow_vessels

#: Signed distance (mm) where nothing is near.
_FAR: Final = -60.0
#: A retreat is worked out up to so far outside the pleural cavity (mm).
_NEAR: Final = -4.0
#: Mediastinal fat with its septa and small vessels (HU), and how deep under the pleura it begins (mm).
_MEDIASTINAL_FAT: Final = -75.0
_PLEURAL_RIM_MM: Final = 4.0
#: The visceral pleura (mm), spread over this much on a voxel grid so that its integral holds.
_PLEURA_MM, _PLEURA_SPREAD_MM = 0.5, 0.8


@dataclass(frozen=True, eq=False)
class PlaneSample:
    """One coronal plane of the thorax.

    Attributes
    ----------
    hounsfield : ndarray of float32, shape [H, W]
        Without tubes (vessels, airways, long bones).
    pneumothorax, cavity : ndarray of float32, shape [H, W]
        Share of each voxel, 0..1: pleural air; pleural cavity (lung and air).
    pleural, lung, mediastinum, abdomen : ndarray of float32, shape [H, W]
        Signed distances in mm, positive inside: either pleural cavity; either lung; mediastinum and
        what lies below the diaphragm, inside the cage.
    """

    hounsfield: FloatArray
    pneumothorax: FloatArray
    cavity: FloatArray
    pleural: FloatArray
    lung: FloatArray
    mediastinum: FloatArray
    abdomen: FloatArray


class Thorax:
    """A seeded chest.

    Parameters
    ----------
    seed : int
        Decides the person and their vessels.
    pneumothoraces : sequence of Pneumothorax
        What to add, at most one for each side; the person stays the same.
    supine : bool
        Lying on the back instead of standing.
    devices : sequence of str
        Of :data:`~models.synthesis.devices.DEVICES`.

    Raises
    ------
    ValueError
        If the requested volume of air does not fit, or the requests contradict each other.
    """

    def __init__(
        self,
        seed: int,
        pneumothoraces: Sequence[Pneumothorax] = (),
        supine: bool = False,
        devices: Sequence[Device] = (),
    ) -> None:
        self.seed = seed
        self.pneumothoraces = tuple(pneumothoraces)
        self.devices = tuple(device for device in DEVICES if device in devices)
        person = draw_anatomy(seed)
        self.anatomy: Anatomy = deformed(person.lying() if supine else person, self.pneumothoraces)
        self.retreats: dict[Side, Retreat] = {
            request.side: solve_collapse(self.anatomy, request) for request in self.pneumothoraces
        }

    @cached_property
    def volumes(self) -> dict[Side, Volumes]:
        """Lung and pleural air of each side, mL, integrated over the shapes."""
        return {
            side: cavity_grid(self.anatomy, side).volumes(self.anatomy, self.retreats.get(side))
            for side in SIDES
        }

    @property
    def turn(self) -> float:
        """Sideways shift per mm of depth: a small rotation as a shear, which keeps every volume."""
        return float(np.tan(np.deg2rad(self.anatomy.rotation_degrees)))

    def lung_hounsfield(self, side: Side) -> float:
        """Mean of the parenchyma on that side: a collapsed lung holds the same tissue in less room."""
        if side not in self.retreats:
            return LUNG
        volumes = self.volumes[side]
        whole = volumes.lung_ml + volumes.pneumothorax_ml
        # Blood flow falls with the volume, so that the density rises less than by the ratio alone.
        return float(min(AIR + (LUNG - AIR) * (whole / volumes.lung_ml) ** 0.9, -150.0))

    def outlines(self, x: FloatArray, y: float, z: FloatArray) -> tuple[FloatArray, ...]:
        """Return only the signed distances of :meth:`plane`: pleural, lung, mediastinum, abdomen."""
        x = x + np.float32(self.turn * y)
        inside = cavities(self.anatomy, x, y, z)
        return (
            inside.pleural,
            self._lungs(inside, x, y, z),
            np.minimum(inside.mediastinum, inside.cage),
            np.minimum(inside.abdomen, inside.cage),
        )

    def _lungs(self, inside: Cavities, x: FloatArray, y: float, z: FloatArray) -> FloatArray:
        """Signed distance to either lung, retreated where there is air."""
        lungs = inside.pleural.copy()
        for side, retreat in self.retreats.items():
            box = _bounding_box((inside.pleural > _NEAR) & (x * sign(side) > 0))
            if box is not None:
                rows, columns = box
                lung = retreat.lung(self.anatomy, x[:, columns], y, z[rows])
                np.minimum(lungs[box], lung, out=lungs[box])
        return lungs

    def plane(
        self,
        x: FloatArray,
        y: float,
        z: FloatArray,
        width: float,
        arms: bool = True,
        pleura: bool = True,
    ) -> PlaneSample:
        """Evaluate the coronal plane at `y`.

        Parameters
        ----------
        x : ndarray of float32, shape [1, W]
        z : ndarray of float32, shape [H, 1]
            Millimetres.
        width : float
            Edge of a voxel in mm: surfaces are smoothed over it.
        arms : bool
            Upper arms at the sides; without, they are raised out of the way as for a CT.
        pleura : bool
            Draw the visceral pleura where air lies outside it, and let no air displace wall: for a CT.
        """
        x = x + np.float32(self.turn * y)
        shape = (z.shape[0], x.shape[1])
        skin = body(self.anatomy, x, y, z, arms)
        far = np.full(shape, _FAR, np.float32)
        result = PlaneSample(
            np.full(shape, AIR, np.float32),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.float32),
            far,
            far.copy(),
            far.copy(),
            far.copy(),
        )
        # Nothing but air lies outside the skin: the rest is worked out in its bounding box only.
        box = _bounding_box(skin > -width)
        if box is None:
            return result
        rows, columns = box
        part = PlaneSample(**{name: array[box] for name, array in vars(result).items()})
        self._fill(part, skin[box], x[:, columns], y, z[rows], width, pleura)
        return result

    def _fill(
        self,
        part: PlaneSample,
        skin: FloatArray,
        x: FloatArray,
        y: float,
        z: FloatArray,
        width: float,
        pleura: bool,
    ) -> None:
        anatomy, hounsfield = self.anatomy, part.hounsfield
        inside = cavities(anatomy, x, y, z)
        fat = np.float32(SKIN_MM + 0.5 * anatomy.fat_mm)
        _mix(hounsfield, skin, SKIN, width)
        _mix(hounsfield, skin - np.float32(SKIN_MM), FAT, width)
        if anatomy.breast > 0 and y < 0:
            # Glands lie in the middle of the breast, in fat.
            _mix(hounsfield, breasts(anatomy, x, y, z) - np.float32(6.0), GLAND, 8.0)
        _mix(hounsfield, np.minimum(skin - fat, muscle(anatomy, inside.cage, x, y, z)), MUSCLE, 2.0 + width)
        _mix(hounsfield, inside.cage, SOFT_TISSUE, width)
        np.minimum(inside.mediastinum, inside.cage, out=part.mediastinum)
        np.minimum(inside.abdomen, inside.cage, out=part.abdomen)
        # Under its pleura the mediastinum is fat where there is no organ.
        fatty = coverage(np.minimum(part.mediastinum, -part.abdomen) - np.float32(_PLEURAL_RIM_MM), 4.0)
        fatty *= np.float32(1.0) - coverage(organs(anatomy, x, y, z), 8.0)
        hounsfield += fatty * np.float32(_MEDIASTINAL_FAT - SOFT_TISSUE)
        liver = coverage(part.abdomen, width) * coverage(30.0 - x, 20.0)
        hounsfield += liver * np.float32(LIVER - SOFT_TISSUE)
        add_gas(hounsfield, anatomy, x, y, z, width)
        self._add_lungs(part, inside, x, y, z, width, pleura)
        add_spine(hounsfield, anatomy, x, y, z, width)
        add_ribs(hounsfield, anatomy, inside.cage, x, y, z, width)
        add_sternum(hounsfield, anatomy, x, y, z, width)
        add_scapulae(hounsfield, anatomy, x, y, z, width)

    def _add_lungs(
        self,
        part: PlaneSample,
        inside: Cavities,
        x: FloatArray,
        y: float,
        z: FloatArray,
        width: float,
        pleura: bool,
    ) -> None:
        """Fill the pleural cavities in place."""
        hounsfield, cavity = part.hounsfield, part.cavity
        cavity[...] = coverage(inside.pleural, width)
        part.pleural[...] = inside.pleural
        part.lung[...] = self._lungs(inside, x, y, z)
        # Gravity: the dependent lung is denser.
        gradient = np.float32(0.22 * y) if self.anatomy.supine else np.float32(-0.10) * z
        value = np.where(x > 0, self.lung_hounsfield("left"), self.lung_hounsfield("right")) + gradient
        hounsfield += cavity * (value.astype(np.float32) - hounsfield)
        if not self.retreats:
            return
        # Not the product of shares: where lung and wall touch there is no air between.
        air = part.pneumothorax
        air[...] = cavity - np.minimum(cavity, coverage(part.lung, width))
        # What air displaces is lung: where a voxel also holds wall, the wall keeps its share.  Films are made
        # without this, as those that ship and those that the networks have learned from were.
        hounsfield += air * (np.float32(AIR) - (value if pleura else hounsfield))
        if pleura:
            beside = coverage(inside.pleural - part.lung - 1.0, 1.0)
            sheet = np.clip(1.0 - np.abs(part.lung) / np.float32(_PLEURA_SPREAD_MM), 0.0, 1.0)
            sheet *= cavity * beside * np.float32(_PLEURA_MM / _PLEURA_SPREAD_MM)
            hounsfield += sheet * (np.float32(SOFT_TISSUE) - hounsfield)

    def bone_and_airway_layers(self, arms: bool = True) -> tuple[Tubes, ...]:
        """Airways, long bones and their marrow, devices, each to be added to the planes in turn."""
        bones = bone_tubes(self.anatomy, np.random.default_rng([self.seed, 3]), arms)
        layers = [airway_tubes(self.anatomy), *bones]
        drained = self.pneumothoraces[0].side if self.pneumothoraces else "right"
        for device in self.devices:
            random = np.random.default_rng([self.seed, 7, DEVICES.index(device)])
            layers += device_tubes(self.anatomy, device, drained, random)
        return tuple(tubes.sheared(-self.turn) for tubes in layers)

    def vessels(self) -> Tubes:
        """Vessels of both lungs, moved with a lung that has collapsed, to be added to the planes."""
        parts = []
        for side in SIDES:
            vessels = grow_vessels(self.anatomy, side, self.seed)
            contrast = SOFT_TISSUE - self.lung_hounsfield(side)
            retreat = self.retreats.get(side)
            if retreat is not None:
                vessels = retreat.move(vessels)
                # Less blood flows through a collapsed lung.
                vessels = vessels.thinned((1.0 - self.volumes[side].percent / 100.0) ** 0.25)
            parts.append(replace(vessels, contrast=vessels.contrast * contrast))
        return join(parts).sheared(-self.turn)


def _mix(hounsfield: FloatArray, shape: FloatArray, value: float, width: float) -> None:
    hounsfield += coverage(shape, width) * (np.float32(value) - hounsfield)


def _bounding_box(inside: np.ndarray) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
