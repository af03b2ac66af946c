"""A chest of ellipsoids in Hounsfield units, whose volumes are known from their axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import sparse

from models.ct.wall import DEPTHS_MM, Wall

#: Slices, rows, columns; the axes of the chest cavity in mm.
CAVITY = (100.0, 70.0, 48.0)
MIDDLE = {"right": -62.0, "left": 62.0}


@dataclass(frozen=True)
class Chest:
    hounsfield: np.ndarray
    spacing_mm: tuple[float, float, float]
    air_ml: float
    lung_ml: dict[str, float]


def ellipsoid_ml(axes: tuple[float, float, float]) -> float:
    return 4 / 3 * np.pi * float(np.prod(axes)) / 1000


def make_chest(
    *,
    shrink_mm: float = 0.0,
    side: str = "right",
    spacing_mm: tuple[float, float, float] = (3.0, 1.5, 1.5),
    lung: float = -850.0,
    noise: float = 12.0,
    stomach: bool = True,
    skin_air: bool = False,
) -> Chest:
    """Lungs of `lung` HU in a trunk of muscle; on one side the lung is smaller by `shrink_mm` all around."""
    dz, dy, dx = spacing_mm
    z = (np.arange(round(240 / dz)) * dz - 120 + dz / 2)[:, None, None]
    y = (np.arange(round(250 / dy)) * dy - 125 + dy / 2)[None, :, None]
    x = (np.arange(round(330 / dx)) * dx - 165 + dx / 2)[None, None, :]
    width = (dz * dy * dx) ** (1 / 3)

    def share(distance: np.ndarray) -> np.ndarray:
        return np.clip(distance / width + 0.5, 0, 1)

    def ellipsoid(centre: tuple[float, float, float], axes: tuple[float, float, float]) -> np.ndarray:
        """Distance inside an ellipsoid, to first order."""
        parts = [(z - centre[0]) / axes[0], (y - centre[1]) / axes[1], (x - centre[2]) / axes[2]]
        level = np.sqrt(sum(part**2 for part in parts))
        slope = np.sqrt(sum((part / axis) ** 2 for part, axis in zip(parts, axes, strict=True)))
        return (1 - level) * level / np.maximum(slope, 1e-9)

    hounsfield = np.full(np.broadcast_shapes(z.shape, y.shape, x.shape), -1000.0)

    def put(part: np.ndarray, value: float) -> None:
        hounsfield[...] += part * (value - hounsfield)

    put(share((1 - np.sqrt((y / 100) ** 2 + (x / 140) ** 2)) * 100), 40)
    for name, middle in MIDDLE.items():
        put(share(ellipsoid((0, 0, middle), CAVITY)), -1000 if name == side and shrink_mm else lung)
        if name == side and shrink_mm:
            axes = tuple(axis - shrink_mm for axis in CAVITY)
            inner = ellipsoid((0, 0, middle), axes)
            put(share(inner), lung)
            # The visceral pleura: half a millimetre of tissue on the lung's surface.
            put(np.clip(1 - np.abs(inner) / width, 0, 1) * min(0.5 / width, 1.0), 40)
    trachea = share(8 - np.sqrt(x**2 + (y - 20) ** 2)) * (z < 10)
    put(trachea, -1000)
    if stomach:
        put(share(ellipsoid((112, -30, 70), (6, 25, 30))), -1000)
    if skin_air:
        put(share(ellipsoid((-20, 0, 122), (30, 14, 4))), -1000)
    values = hounsfield + np.random.default_rng(1).normal(0, noise, hounsfield.shape)
    whole = ellipsoid_ml(CAVITY)
    small = ellipsoid_ml(tuple(axis - shrink_mm for axis in CAVITY))
    return Chest(
        np.rint(np.clip(values, -1024, 3000)).astype(np.int16),
        spacing_mm,
        whole - small,
        {name: small if name == side else whole for name in MIDDLE},
    )


@pytest.fixture(scope="session")
def chest() -> Callable[..., Chest]:
    made: dict[str, Chest] = {}

    def make(**values: object) -> Chest:
        return made.setdefault(repr(sorted(values.items())), make_chest(**values))

    return make


def make_wall(side: int, pitch_mm: float, normals: np.ndarray, profiles: np.ndarray | None = None) -> Wall:
    """Return `side` x `side` points in the plane of rows and columns, `pitch_mm` apart."""
    count = side * side
    one = sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(side, side))
    alone = sparse.eye_array(side)
    joined = sparse.csr_array(((sparse.kron(one, alone) + sparse.kron(alone, one)) > 0).astype(np.float32))
    scale = sparse.diags_array((1.0 / joined.sum(axis=1)).astype(np.float32))
    rows, columns = np.divmod(np.arange(count), side)
    return Wall(
        np.stack([np.zeros(count), pitch_mm * rows, pitch_mm * columns], axis=1).astype(np.float32),
        normals.astype(np.float32),
        np.full(count, pitch_mm**2),
        sparse.csr_array(scale @ joined),
        np.ones(count, np.bool_),
        np.zeros((count, len(DEPTHS_MM)), np.float32) if profiles is None else profiles,
    )


@pytest.fixture(scope="session")
def flat_wall() -> Callable[..., Wall]:
    return make_wall
