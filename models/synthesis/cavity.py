"""The two pleural cavities and what bounds them: rib cage, diaphragm, heart and mediastinum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Anatomy, Side, cage_profile, sign
from .fields import Depth, FloatArray, capsule, ellipsoid, superellipse_column, tilted_ellipsoid, union


@dataclass(frozen=True, eq=False)
class Cavities:
    """Signed distances in mm on one coronal plane, positive inside, each [H, W].

    Attributes
    ----------
    cage : ndarray
        Inside the ribs.
    mediastinum : ndarray
        Heart, great vessels, spine and what lies between the lungs.
    abdomen : ndarray
        Below the diaphragm.
    pleural : ndarray
        Inside either pleural cavity: cage without mediastinum and abdomen.
    """

    cage: FloatArray
    mediastinum: FloatArray
    abdomen: FloatArray
    pleural: FloatArray


def spine_x(anatomy: Anatomy, z: FloatArray) -> FloatArray:
    """Sideways position of the spine's axis at heights `z`."""
    return (anatomy.spine_curve_mm * np.sin(z / 90.0 + 0.4)).astype(np.float32)


def spine_y(anatomy: Anatomy, z: FloatArray) -> FloatArray:
    """Front-to-back position of the vertebral bodies' axis at heights `z` (thoracic kyphosis)."""
    cage = cage_profile(anatomy, z)
    return cage.centre_y + cage.half_depth - np.float32(34.0) + np.maximum(z - 90.0, 0.0) * np.float32(0.1)


def dome_z(anatomy: Anatomy, side: Side) -> float:
    """Height of the dome of the diaphragm; the right stands higher."""
    return (-92.0 if side == "right" else -104.0) * anatomy.height - anatomy.inspiration_mm


def _diaphragm(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
    cage = cage_profile(anatomy, np.full((1, 1), -120.0, np.float32))
    half_width, half_depth = float(cage.half_width[0, 0]), float(cage.half_depth[0, 0])
    # The highest point lies in front of the middle, so that the lung reaches deepest at the back.
    forward = np.float32(y + 22.0)
    depth = forward / np.where(forward > 0, half_depth + 26.0, half_depth - 16.0).astype(np.float32)
    across = np.abs(x) - np.float32(0.44 * half_width)
    reach = np.where(across > 0, 0.60 * half_width, 0.98 * half_width).astype(np.float32)
    radius2 = (across / reach) ** 2 + depth * depth
    dome = np.where(x > 0, dome_z(anatomy, "left"), dome_z(anatomy, "right")).astype(np.float32)
    surface = dome - np.float32(46.0) * radius2 ** np.float32(1.15)
    slope = np.sqrt(radius2) * np.float32(46.0 * 2.3) / reach
    return (surface - z) / np.sqrt(np.float32(1.0) + slope * slope)


def _mediastinum(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> FloatArray:
    h, w = anatomy.heart, anatomy.width
    dome = 0.5 * (dome_z(anatomy, "right") + dome_z(anatomy, "left"))
    low = dome + 98.0  # the heart rests on the diaphragm
    shapes = [
        # left ventricle, right atrium, right ventricle, left atrium
        tilted_ellipsoid(x, y, z, (27.0 * w, -22.0, low - 58.0), (58.0 * h, 44.0 * h, 41.0 * h), 38.0),
        ellipsoid(x, y, z, (-11.0 * w, -16.0, low - 50.0), (31.0 * h, 38.0 * h, 50.0 * h)),
        tilted_ellipsoid(x, y, z, (10.0 * w, -42.0, low - 66.0), (56.0 * h, 32.0 * h, 36.0 * h), 20.0),
        ellipsoid(x, y, z, (6.0 * w, 18.0, low - 20.0), (38.0 * h, 24.0 * h, 30.0 * h)),
        # pulmonary trunk and left appendage, ascending aorta, superior vena cava
        capsule(x, y, z, (20.0 * w, -30.0, low - 20.0), (27.0 * w, -8.0, low + 24.0), (20.0 * h, 14.0 * h)),
        capsule(x, y, z, (-6.0 * w, -28.0, low - 20.0), (-14.0 * w, -18.0, 55.0), (19.0, 16.0)),
        capsule(x, y, z, (-22.0 * w, -8.0, low - 15.0), (-17.0 * w, 0.0, 100.0), (11.0, 13.0)),
        # aortic arch and descending aorta
        capsule(x, y, z, (-12.0 * w, -14.0, 56.0), (18.0 * w, 22.0, 56.0), (15.0, 14.5)),
        capsule(x, y, z, (18.0 * w, 24.0, 57.0), (21.0 * w, 42.0, 20.0), (14.5, 12.5)),
        capsule(x, y, z, (21.0 * w, 42.0, 20.0), (8.0 * w, 52.0, -160.0), (12.5, 11.0)),
        # neck vessels, flaring towards the inlet, and the fat between them
        capsule(x, y, z, (12.0 * w, 8.0, 60.0), (25.0 * w, 14.0, 150.0), (13.0, 16.0)),
        capsule(x, y, z, (-14.0 * w, 2.0, 70.0), (-25.0 * w, 14.0, 150.0), (12.0, 16.0)),
    ]
    # The septum between the lungs: narrow in front, wider around oesophagus and spine.
    spine = spine_y(anatomy, z)
    behind = np.clip((np.float32(y) - spine + 45.0) / 30.0, 0.0, 1.0)
    level = z[:, 0] / anatomy.height
    front = np.interp(level, [-120.0, 20.0, 50.0, 85.0, 115.0, 140.0], [6.0, 4.0, 8.0, 18.0, 24.0, 31.0])
    width = np.maximum(front[:, None], 18.0 * behind)
    septum = width - np.abs(x - spine_x(anatomy, z))
    return union([*shapes, septum.astype(np.float32)])


def cavities(anatomy: Anatomy, x: FloatArray, y: Depth, z: FloatArray) -> Cavities:
    """Evaluate the cavities on the coronal plane at `y`; x is [1, W], z is [H, 1], in mm."""
    profile = cage_profile(anatomy, z)
    cage = superellipse_column(
        x, y, profile.half_width, profile.half_depth, profile.centre_y, profile.width_slope, 2.3
    )
    cage = np.minimum(cage, np.float32(142.0 * anatomy.height) - z)
    mediastinum = _mediastinum(anatomy, x, y, z)
    abdomen = _diaphragm(anatomy, x, y, z)
    pleural = np.minimum(np.minimum(cage, -mediastinum), -abdomen)
    return Cavities(cage, mediastinum, abdomen, pleural)
