"""From a thorax to a CT volume in Hounsfield units: partial volume, kernel, noise, gantry tilt."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from .anatomy import SIDES, Side, sign
from .collapse import Volumes
from .thorax import Thorax
from .voxels import paint_tubes

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
Kernel = Literal["soft", "lung"]
KERNELS: Final[tuple[Kernel, ...]] = ("soft", "lung")

#: A thick slice is the mean of planes at most this far apart (mm).
_SUBSLICE_MM: Final = 1.5
#: Standard deviation of the noise (HU) in a slice of 1 mm, soft and lung kernel.
_NOISE: Final[dict[Kernel, float]] = {"soft": 22.0, "lung": 60.0}
_LEAST, _MOST = -1024, 3071
_THREADS: Final = 2


@dataclass(frozen=True)
class CtGrid:
    """Where the voxels of a series lie.

    Voxel (slice s, row r, column c) has its centre at

    ``x = x0 + c dx``, ``y = y0 + r dy cos(t)``, ``z = z0 + s dz + r dy sin(t)``

    in the patient's coordinates (LPS: x to the left, y to the back, z to the head): slices run from
    foot to head, rows to the back, columns to the patient's left; t is the gantry's tilt.

    Attributes
    ----------
    shape : tuple of int
        Slices, rows, columns.
    spacing_mm : tuple of float
        Between slices along z, between rows and between columns within the slice's plane.
    first_voxel_mm : tuple of float
        (x0, y0, z0), centre of voxel (0, 0, 0).
    tilt_degrees : float
        Positive leans the back of the slices towards the head.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    first_voxel_mm: tuple[float, float, float]
    tilt_degrees: float = 0.0

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or min(self.spacing_mm) <= 0:
            raise ValueError(f"a CT needs voxels, got the shape {self.shape}, spacing {self.spacing_mm} mm")
        if abs(self.tilt_degrees) > 30.0:
            raise ValueError(f"a gantry tilts by at most 30 degrees, got {self.tilt_degrees:g}")

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in mL: the slices' distance is along their normal."""
        dz, dy, dx = self.spacing_mm
        return dz * dy * dx * float(np.cos(np.deg2rad(self.tilt_degrees))) / 1000.0

    @property
    def affine(self) -> NDArray[np.float64]:
        """4 x 4: (slice, row, column, 1) to (x, y, z, 1) in mm."""
        dz, dy, dx = self.spacing_mm
        tilt = np.deg2rad(self.tilt_degrees)
        matrix = np.eye(4)
        matrix[:3, 0] = (0.0, 0.0, dz)
        matrix[:3, 1] = (0.0, dy * np.cos(tilt), dy * np.sin(tilt))
        matrix[:3, 2] = (dx, 0.0, 0.0)
        matrix[:3, 3] = self.first_voxel_mm
        return matrix

    def subdivided(self, count: int) -> CtGrid:
        """Return the grid whose slices are each cut into `count`."""
        step = self.spacing_mm[0] / count
        x0, y0, z0 = self.first_voxel_mm
        return replace(
            self,
            shape=(self.shape[0] * count, *self.shape[1:]),
            spacing_mm=(step, *self.spacing_mm[1:]),
            first_voxel_mm=(x0, y0, z0 - 0.5 * (self.spacing_mm[0] - step)),
        )


def chest_grid(thorax: Thorax, slice_mm: float = 1.0, matrix: int = 512, tilt_degrees: float = 0.0) -> CtGrid:
    """Return the grid of an ordinary chest series: both lungs from below the sulci to above the apices.

    Parameters
    ----------
    thorax : Thorax
    slice_mm : float
        Thickness and distance of the slices, 0.6 to 5.
    matrix : int
        Rows and columns, at least 32.
    tilt_degrees : float

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    if not 0.6 <= slice_mm <= 5.0:
        raise ValueError(f"slices are 0.6 to 5 mm thick, got {slice_mm:g} mm")
    if not 32 <= matrix <= 1024:
        raise ValueError(f"a CT has 32 to 1024 rows and columns, got {matrix}")
    tilt = np.deg2rad(tilt_degrees)
    field = 400.0 if thorax.anatomy.width < 1.08 else 430.0
    pixel = field / matrix
    half = 0.5 * (field - pixel)
    bottom, top = -205.0 * thorax.anatomy.height, 150.0 * thorax.anatomy.height
    # A tilted stack is longer, so that its first and last slice still pass all of the lungs.
    reach = 120.0 * abs(float(np.tan(tilt)))
    slices = int(np.ceil((top - bottom + 2.0 * reach) / slice_mm))
    first = (-half, -half * float(np.cos(tilt)), bottom - reach - half * float(np.sin(tilt)))
    return CtGrid((slices, matrix, matrix), (slice_mm, pixel, pixel), first, tilt_degrees)


@dataclass(frozen=True, eq=False)
class CtVolume:
    """A synthetic CT series and what is true of it.

    Attributes
    ----------
    hounsfield : ndarray of int16, shape [S, H, W]
    grid : CtGrid
    pneumothorax, right_lung, left_lung : ndarray of bool, shape [S, H, W]
        Voxels more than half inside pleural air, or the lung (with its vessels and bronchi).
    volumes : dict of side to Volumes
        Integrated over the shapes, not over the voxels.
    """

    hounsfield: NDArray[np.int16]
    grid: CtGrid
    pneumothorax: BoolArray
    right_lung: BoolArray
    left_lung: BoolArray
    volumes: dict[Side, Volumes]


def synthesise_ct(thorax: Thorax, grid: CtGrid, kernel: Kernel = "soft", noise: float = 1.0) -> CtVolume:
    """Make the CT volume of `thorax`.

    Parameters
    ----------
    thorax : Thorax
    grid : CtGrid
    kernel : {"soft", "lung"}
        Reconstruction: smooth, or sharpened with more noise.
    noise : float
        Scale of the noise; 0 for none.  Its standard deviation falls with the root of the slice's thickness.
    """
    count = max(1, int(np.ceil(grid.spacing_mm[0] / _SUBSLICE_MM - 1e-6)))
    fine = grid.subdivided(count)
    hounsfield = np.empty(fine.shape, np.float32)
    shares = {name: np.empty(fine.shape, np.float16) for name in ("air", *SIDES)}
    affine = fine.affine
    x = (affine[0, 3] + affine[0, 2] * np.arange(fine.shape[2]))[None, :].astype(np.float32)
    z = (affine[2, 3] + affine[2, 0] * np.arange(fine.shape[0]))[:, None].astype(np.float32)
    width = max(0.5, float(np.cbrt(np.prod(fine.spacing_mm))))

    def fill(row: int) -> None:
        y = float(affine[1, 3] + affine[1, 1] * row)
        sample = thorax.plane(x, y, z + np.float32(affine[2, 1] * row), width, arms=False)
        hounsfield[:, row] = sample.hounsfield
        shares["air"][:, row] = sample.pneumothorax
        lung = sample.cavity - sample.pneumothorax
        across = x + np.float32(thorax.turn * y)
        for side in SIDES:
            shares[side][:, row] = np.where(across * sign(side) > 0, lung, 0.0)

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(fill, range(fine.shape[1])))
    for tubes in (thorax.vessels(), *thorax.bone_and_airway_layers(arms=False)):
        paint_tubes(hounsfield, tubes, affine)
    np.clip(hounsfield, _LEAST, _MOST, out=hounsfield)
    hounsfield = _mean_of_slices(hounsfield, count)
    masks = {name: _mean_of_slices(share, count) > 0.5 for name, share in shares.items()}
    random = np.random.default_rng([thorax.seed, 6])
    return CtVolume(
        _reconstruct(hounsfield, grid, kernel, noise, random),
        grid,
        masks["air"],
        masks["right"],
        masks["left"],
        thorax.volumes,
    )


def _mean_of_slices(array: NDArray[np.floating], count: int) -> NDArray[np.floating]:
    if count == 1:
        return array
    mean: FloatArray = array.reshape(-1, count, *array.shape[1:]).mean(axis=1, dtype=np.float32)
    return mean


def _reconstruct(
    hounsfield: FloatArray, grid: CtGrid, kernel: Kernel, noise: float, random: np.random.Generator
) -> NDArray[np.int16]:
    """Apply kernel and noise slice by slice; return whole Hounsfield units."""
    result = np.empty(grid.shape, np.int16)
    deviation = noise * _NOISE[kernel] / np.sqrt(grid.spacing_mm[0])
    for number, plane in enumerate(hounsfield):
        blurred = gaussian_filter(plane, 0.5 / grid.spacing_mm[1])
        if kernel == "lung":
            blurred = plane + np.float32(0.6) * (plane - gaussian_filter(plane, 0.9 / grid.spacing_mm[1]))
        if deviation > 0:
            grain = random.standard_normal(plane.shape, dtype=np.float32)
            if kernel == "soft":  # the kernel correlates the noise of neighbours
                grain = gaussian_filter(grain, 0.8) * np.float32(2.84)
            # More quanta arrive where less is in the way.
            blurred += grain * (
                np.float32(deviation) * np.clip((blurred + 1300.0) / 1350.0, 0.35, 1.3).astype(np.float32)
            )
        result[number] = np.rint(np.clip(blurred, _LEAST, _MOST)).astype(np.int16)
    return result
