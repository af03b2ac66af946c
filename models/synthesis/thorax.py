"""The digital thorax: one person, with or without a pneumothorax, in Hounsfield units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .anatomy import SIDES, Anatomy, Side, body_profile, draw_anatomy, sign
from .cavity import cavities, dome_z
from .collapse import Collapse, Pneumothorax, Volumes, cavity_grid, solve_collapse
from .fields import (
    FloatArray,
    capsule,
    coverage,
    ellipsoid,
    elliptic_column,
    smooth_union,
)
from .materials import AIR, BREAST, FAT, LIVER, LUNG, MUSCLE, SKIN, SOFT_TISSUE
from .skeleton import add_humeral_heads, add_ribs, add_scapulae, add_spine, airway_tubes, bone_tubes
from .tubes import Tubes, join
from .vessels import grow_vessels

#: Muscle between and outside the ribs (mm).
_MUSCLE_SHELL = 9.0
_SKIN_MM = 1.6


@dataclass(frozen=True, eq=False)
class PlaneSample:
    """One coronal plane of the thorax.

    Attributes
    ----------
    hounsfield : ndarray of float32, shape [H, W]
        Without tubes (vessels, airways, long bones).
    pneumothorax, cavity, mediastinum, abdomen : ndarray of float32, shape [H, W]
        Share of each voxel, 0..1: pleural air; pleural cavity (lung and air); mediastinum inside the
        cage; what lies below the diaphragm inside the cage.
    """

    hounsfield: FloatArray
    pneumothorax: FloatArray
    cavity: FloatArray
    mediastinum: FloatArray
    abdomen: FloatArray


class Thorax:
    """A seeded chest.

    Parameters
    ----------
    seed : int
        Decides the person and their vessels.
    pneumothorax : Pneumothorax or None
        What to add; the person stays the same.

    Raises
    ------
    ValueError
        If the requested volume of air does not fit.
    """

    def __init__(self, seed: int, pneumothorax: Pneumothorax | None = None) -> None:
        self.seed = seed
        self.anatomy: Anatomy = draw_anatomy(seed)
        self.pneumothorax = pneumothorax
        self.collapse: Collapse | None = (
            None if pneumothorax is None else solve_collapse(self.anatomy, pneumothorax)
        )

    @cached_property
    def volumes(self) -> dict[Side, Volumes]:
        """Lung and pleural air of each side, mL, integrated over the shapes."""
        return {
            side: cavity_grid(self.anatomy, side).volumes(self.anatomy, self._collapse_of(side))
            for side in SIDES
        }

    @property
    def turn(self) -> float:
        """Sideways shift per mm of depth: a small rotation as a shear, which keeps every volume."""
        return float(np.tan(np.deg2rad(self.anatomy.rotation_degrees)))

    def _collapse_of(self, side: Side) -> Collapse | None:
        return self.collapse if self.collapse is not None and self.collapse.side == side else None

    def lung_hounsfield(self, side: Side) -> float:
        """Mean of the parenchyma on that side: a collapsed lung holds the same tissue in less room."""
        if self._collapse_of(side) is None:
            return LUNG
        volumes = self.volumes[side]
        whole = volumes.lung_ml + volumes.pneumothorax_ml
        # Blood flow falls with the volume, so that the density rises less than by the ratio alone.
        return float(AIR + (LUNG - AIR) * (whole / volumes.lung_ml) ** 0.8)

    def plane(self, x: FloatArray, y: float, z: FloatArray, width: float) -> PlaneSample:
        """Evaluate the coronal plane at `y`.

        Parameters
        ----------
        x : ndarray of float32, shape [1, W]
        z : ndarray of float32, shape [H, 1]
            Millimetres.
        width : float
            Edge of a voxel in mm: surfaces are smoothed over it.
        """
        anatomy = self.anatomy
        x = x + np.float32(self.turn * y)
        body = self._body(x, y, z)
        inside = cavities(anatomy, x, y, z)
        hounsfield = np.full(body.shape, AIR, np.float32)
        for shape, value in (
            (body, SKIN),
            (body - np.float32(_SKIN_MM), FAT),
            (
                np.minimum(
                    body - np.float32(_SKIN_MM + 0.55 * anatomy.fat_mm), self._muscle(inside.cage, x, z)
                ),
                MUSCLE,
            ),
        ):
            hounsfield += coverage(shape, width) * (np.float32(value) - hounsfield)
        if anatomy.sex == "F":
            self._add_breasts(hounsfield, x, y, z, width)
        cage = coverage(inside.cage, width)
        hounsfield += cage * (np.float32(SOFT_TISSUE) - hounsfield)
        abdomen = cage * coverage(inside.abdomen, width)
        hounsfield += abdomen * np.where(x < 30.0, LIVER - SOFT_TISSUE, 0.0).astype(np.float32)
        self._add_stomach(hounsfield, x, y, z, width)
        cavity = coverage(inside.pleural, width)
        air = self._add_lungs(hounsfield, cavity, x, y, z, width)
        add_spine(hounsfield, anatomy, x, y, z, width)
        add_ribs(hounsfield, anatomy, inside.cage, x, y, z, width)
        add_humeral_heads(hounsfield, anatomy, x, y, z, width)
        add_scapulae(hounsfield, anatomy, x, y, z, width)
        mediastinum = cage * coverage(inside.mediastinum, width)
        return PlaneSample(hounsfield, air, cavity, mediastinum, abdomen)

    def bone_and_airway_layers(self) -> tuple[Tubes, ...]:
        """Trachea and bronchi, long bones and their marrow, each to be added to the planes in turn."""
        bones = bone_tubes(self.anatomy, np.random.default_rng([self.seed, 3]))
        return tuple(tubes.sheared(-self.turn) for tubes in (airway_tubes(self.anatomy), *bones))

    def vessels(self) -> Tubes:
        """Vessels of both lungs, moved with a lung that has collapsed, to be added to the planes."""
        parts = []
        for side in SIDES:
            vessels = grow_vessels(self.anatomy, side, self.seed)
            contrast = vessels.contrast * (SOFT_TISSUE - self.lung_hounsfield(side))
            collapse = self._collapse_of(side)
            if collapse is not None:
                vessels = vessels.moved(collapse.to_collapsed)
                # Less blood flows through a collapsed lung.
                vessels = vessels.thinned((1.0 - self.volumes[side].percent / 100.0) ** 0.25)
            parts.append(replace(vessels, contrast=contrast))
        return join(parts).sheared(-self.turn)

    def _body(self, x: FloatArray, y: float, z: FloatArray) -> FloatArray:
        profile = body_profile(self.anatomy, z)
        trunk = elliptic_column(
            x, y, profile.half_width, profile.half_depth, profile.centre_y, profile.width_slope
        )
        w, h = self.anatomy.width, self.anatomy.height
        for side in (-1, 1):
            arm = capsule(
                x, y, z, (side * 166 * w, 14.0, 84.0 * h), (side * 262 * w, 8.0, -70.0 * h), (46.0, 42.0)
            )
            trunk = smooth_union(trunk, arm, 14.0)
        if self.anatomy.sex == "F":
            for side in (-1, 1):
                trunk = smooth_union(trunk, self._breast(side, x, y, z), 8.0)
        return trunk

    def _breast(self, side: int, x: FloatArray, y: float, z: FloatArray) -> FloatArray:
        a = self.anatomy
        size = 0.8 + a.fat_mm / 40.0
        centre = (side * 76.0 * a.width, -(86.0 * a.depth + a.fat_mm), -52.0 * a.height)
        return ellipsoid(x, y, z, centre, (68.0 * size, 36.0 * size, 58.0 * size))

    def _add_breasts(
        self, hounsfield: FloatArray, x: FloatArray, y: float, z: FloatArray, width: float
    ) -> None:
        for side in (-1, 1):
            shape = self._breast(side, x, y, z) - np.float32(_SKIN_MM)
            hounsfield += coverage(shape, width) * (np.float32(BREAST) - hounsfield)

    @staticmethod
    def _muscle(cage: FloatArray, x: FloatArray, z: FloatArray) -> FloatArray:
        """Muscle: a shell on the cage, thick at the shoulders and in the neck."""
        shoulder = np.clip((z + 20.0) / 90.0, 0.0, 1.0) * np.float32(60.0)
        result: FloatArray = cage + np.float32(_MUSCLE_SHELL) + shoulder + np.maximum(np.abs(x) - 150.0, 0.0)
        return result

    def _add_stomach(
        self, hounsfield: FloatArray, x: FloatArray, y: float, z: FloatArray, width: float
    ) -> None:
        gas = self.anatomy.gas
        if gas <= 0.0:
            return
        top = dome_z(self.anatomy, "left") - 7.0
        bubble = ellipsoid(x, y, z, (66.0, -18.0, top - 24.0 * gas), (34.0 * gas, 30.0 * gas, 24.0 * gas))
        bubble = np.minimum(bubble, z - np.float32(top - 27.0 * gas))  # fluid level
        hounsfield += coverage(bubble, width) * (np.float32(AIR) - hounsfield)

    def _add_lungs(
        self, hounsfield: FloatArray, cavity: FloatArray, x: FloatArray, y: float, z: FloatArray, width: float
    ) -> FloatArray:
        """Fill the pleural cavities in place; return the share of pleural air."""
        # Gravity: the upright lung is denser below.
        gradient = np.float32(-0.10) * z
        value = np.where(x > 0, self.lung_hounsfield("left"), self.lung_hounsfield("right")) + gradient
        hounsfield += cavity * (value.astype(np.float32) - hounsfield)
        air = np.zeros_like(cavity)
        if self.collapse is None:
            return air
        columns = np.flatnonzero(x[0] * sign(self.collapse.side) > 0)
        if not len(columns):
            return air
        rows = np.flatnonzero(cavity[:, columns].any(axis=1))
        if not len(rows):
            return air
        here = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        lung = self.collapse.lung(self.anatomy, x[:, here[1]], y, z[here[0]])
        # Not the product of shares: where lung and wall touch there is no air between.
        air[here] = cavity[here] - np.minimum(cavity[here], coverage(lung, width))
        part = hounsfield[here]
        part += air[here] * (np.float32(AIR) - part)
        # Visceral pleura, 0.5 mm of tissue, spread a little so that its integral holds on the grid.
        spread = 0.8
        pleura = np.clip(1.0 - np.abs(lung) / np.float32(spread), 0.0, 1.0) * np.float32(0.5 / spread)
        part += pleura * cavity[here] * (np.float32(SOFT_TISSUE) - part)
        return air
