"""Transplant one hemithorax into another chest: real air, real pleural lines, another patient's film.

Copying outlined objects between pictures is the strongest augmentation where outlines are few (Ghiasi et al.
2021).  Here it also parts the disease from its surroundings: what a film's processing, its devices and its
collection look like no longer tells whether a pneumothorax is on it.  Healthy lungs are transplanted just so,
so that a seam says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.insertion import Inserted

#: The donor's hemithorax is stretched by no more than this, along one axis or against the other.
LARGEST_STRETCH = 1.7
LARGEST_DISTORTION = 1.4
#: The two fields, laid upon each other, share at least this much of the larger one.
LEAST_COMMON = 0.75


@dataclass(frozen=True, eq=False)
class Hemithorax:
    """One side of a chest film in the usual display.

    Attributes
    ----------
    image : ndarray of uint8, shape [S, S]
    field : ndarray of bool, shape [S, S]
        Its lung field, a pneumothorax included.
    other : ndarray of bool, shape [S, S]
        The lung field of the other side, by which brightness is judged.
    mask : ndarray of bool, shape [S, S]
        The pneumothorax within; empty on a healthy side.
    right : bool
        Whether it is the patient's right.
    """

    image: NDArray[np.uint8]
    field: NDArray[np.bool_]
    other: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    right: bool


def transplant(donor: Hemithorax, host: Hemithorax) -> Inserted | None:
    """Lay the donor's hemithorax into the host's, mirrored where the sides differ.

    Nothing changes farther from the host's lung field than the seam is wide.

    Parameters
    ----------
    donor, host : Hemithorax
        In grids of the same size.

    Returns
    -------
    Inserted or None
        None where the two differ too much in shape, or where hardly any of the air lands inside.
    """
    sampling = _sampling(donor, host)
    if sampling is None:
        return None
    scale = host.image.shape[0] / 384.0
    image = _moved(donor.image.astype(np.float32), sampling, cv2.INTER_LINEAR)
    field = _moved(donor.field.astype(np.float32), sampling, cv2.INTER_LINEAR) >= 0.5
    mask = _moved(donor.mask.astype(np.float32), sampling, cv2.INTER_LINEAR) >= 0.5
    common = (host.field & field).astype(np.uint8)
    if common.sum() < LEAST_COMMON * max(host.field.sum(), field.sum()):
        return None
    # The seam runs in the chest wall, where ribs hide it, not along the pleura.
    reach = max(1, round(4 * scale))
    grown = cv2.dilate(common, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))
    weight = cv2.GaussianBlur(grown.astype(np.float32), (0, 0), 2.5 * scale)
    mask &= weight > 0.5
    if donor.mask.any() and mask.sum() < 50 * scale**2:
        return None
    blended = _as_bright(image, donor, host) * weight + host.image * (1.0 - weight)
    return Inserted(np.clip(np.round(blended), 0, 255).astype(np.uint8), mask)


def _sampling(donor: Hemithorax, host: Hemithorax) -> NDArray[np.float32] | None:
    """Return the affine map from the host's pixels to the donor's, by the boxes around their fields."""
    if not all(area.any() for side in (donor, host) for area in (side.field, side.other)):
        return None
    x_from, y_from, width_from, height_from = cv2.boundingRect(donor.field.astype(np.uint8))
    x_to, y_to, width_to, height_to = cv2.boundingRect(host.field.astype(np.uint8))
    across, down = width_from / width_to, height_from / height_to
    stretches = (across, 1 / across, down, 1 / down)
    if max(stretches) > LARGEST_STRETCH or max(across / down, down / across) > LARGEST_DISTORTION:
        return None
    if donor.right == host.right:
        return np.array(
            [[across, 0, x_from - across * x_to], [0, down, y_from - down * y_to]], dtype=np.float32
        )
    last = x_from + width_from - 1
    return np.array([[-across, 0, last + across * x_to], [0, down, y_from - down * y_to]], dtype=np.float32)


def _moved(
    values: NDArray[np.float32], sampling: NDArray[np.float32], interpolation: int
) -> NDArray[np.float32]:
    moved = cv2.warpAffine(
        values, sampling, values.shape[::-1],
        flags=interpolation | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(moved, np.float32)


def _as_bright(image: NDArray[np.float32], donor: Hemithorax, host: Hemithorax) -> NDArray[np.float32]:
    """Give the donor's film the host's brightness and contrast.

    Two points fix the line: the mean of the other lung, and that of the chest outside both lungs.  The
    transplanted side itself is no measure: its air would be brightened away.
    """
    (dark, bright), (host_dark, host_bright) = (_levels(side) for side in (donor, host))
    gain = float(np.clip((host_bright - host_dark) / max(1.0, bright - dark), 0.6, 1.6))
    return (image - np.float32(dark)) * np.float32(gain) + np.float32(host_dark)


def _levels(side: Hemithorax) -> tuple[float, float]:
    lungs = side.field | side.other
    left, top, width, height = cv2.boundingRect(lungs.astype(np.uint8))
    chest = ~lungs[top : top + height, left : left + width]
    outside = side.image[top : top + height, left : left + width][chest]
    return float(side.image[side.other].mean()), float(outside.mean())
