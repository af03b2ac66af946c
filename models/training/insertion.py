"""Insert a pneumothorax into a film without one, given its lung field.

The chest wall stays where it is; the lung retreats from it.  Outside the visceral pleural
line the vessels are taken away and the density falls as air would make it; inside, the
lung is compressed towards the hilum and a little denser; the line itself is a fine bright edge.
Nothing outside the lung field changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


@dataclass(frozen=True, eq=False)
class Inserted:
    """A film with an inserted pneumothorax.

    Attributes
    ----------
    image : ndarray of uint8, shape [H, W]
    mask : ndarray of bool, shape [H, W]
        The air between the chest wall and the visceral pleural line.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def pleural_depth(lung: NDArray[np.bool_], right: bool) -> NDArray[np.float32]:
    """Return each pixel's distance in pixels to the chest wall, float32 [H, W].

    The wall is the apex and the lateral edge of the lung, not the mediastinum or the base.

    Parameters
    ----------
    lung : ndarray of bool, shape [H, W]
        One lung field of a film in the usual display.
    right : bool
        Whether it is the patient's right lung, which lies at the film's left.
    """
    rows = np.flatnonzero(lung.any(axis=1))
    edge = lung & ~ndimage.binary_erosion(lung)
    wall = np.zeros_like(lung)
    width = max(int(lung.any(axis=0).sum()), 1)
    for row in rows:
        columns = np.flatnonzero(lung[row])
        outermost = columns[0] if right else columns[-1]
        wall[row, outermost] = True
    # The cupola belongs to the wall as far as the apex; beyond it begins the mediastinum, from
    # which a lung does not fall away.
    apex = float(np.flatnonzero(lung[rows[0]]).mean())
    for column in np.flatnonzero(lung.any(axis=0)):
        top = int(np.argmax(lung[:, column]))
        lateral = column <= apex + 0.06 * width if right else column >= apex - 0.06 * width
        if lateral and top < rows[0] + 0.5 * width:
            wall[top, column] = True
    wall &= edge
    depth = ndimage.distance_transform_edt(~wall)
    return np.asarray(depth, dtype=np.float32)


def insert_pneumothorax(
    image: NDArray[np.uint8],
    lung: NDArray[np.bool_],
    right: bool,
    rng: np.random.Generator,
    profiles: NDArray[np.float32] | None = None,
) -> Inserted | None:
    """Insert one pneumothorax of random extent; None where the lung field is too small for one.

    Parameters
    ----------
    image : ndarray of uint8, shape [H, W]
        A film in the usual display, about 250 to 600 pixels high.
    lung : ndarray of bool, shape [H, W]
    right : bool
        Whether `lung` is the patient's right lung.
    rng : numpy.random.Generator
    profiles : ndarray of float32, shape [N, L], or None
        Thickness of real pneumothoraces from apex to base in lung widths
        (:func:`models.training.shapes.retreat_profiles`); they shape two of three insertions.
    """
    rows = np.flatnonzero(lung.any(axis=1))
    if rows.size < 0.2 * image.shape[0] or lung.sum() < 0.02 * lung.size:
        return None
    scale = image.shape[0] / 384.0
    depth = pleural_depth(lung, right)
    if profiles is not None and rng.random() < 2 / 3:
        thickness = _real_thickness(lung, rows, profiles[int(rng.integers(len(profiles)))], rng)
    else:
        thickness = _thickness(lung, rows, rng)
    # Annotators' outlines waver by a pixel or two; so does the pleura over the ribs.
    wavering = _waves(lung.shape, 9, rng) * 1.2 * scale * (thickness > 0)
    thickness = np.maximum(thickness + wavering, np.float32(0))
    # A film's finest crescents are drawn by nobody: too small an insert would only be noise.
    air = _largest(ndimage.binary_opening(lung & (depth < thickness), iterations=1))
    if air.sum() < 150 * scale**2 or air.sum() > 0.75 * lung.sum():
        return None
    grey = image.astype(np.float32) / 255.0
    lung_left = lung & ~air
    # Ribs and soft tissue stay where they are; only what belongs to the lung moves with it.
    chest_wall = _without_vessels(grey, scale)
    texture = grey - chest_wall
    grain = np.clip(grey - cv2.GaussianBlur(grey, (0, 0), 0.8 * scale), -0.015, 0.015)
    moved = _compress(texture, depth, thickness, rng)
    density = rng.uniform(0.0, 0.05) * min(1.0, 3.0 * air.sum() / lung.sum())
    inside = cv2.GaussianBlur(lung_left.astype(np.float32), (0, 0), 1.2 * scale) * lung
    compressed = chest_wall + moved + density * (1 - chest_wall)
    result = grey * (1 - inside) + compressed * inside
    darker = rng.uniform(0.01, 0.07) * (0.4 + 0.6 * chest_wall)
    empty = chest_wall + grain * rng.uniform(0.3, 1.0) - darker
    weight = cv2.GaussianBlur(air.astype(np.float32), (0, 0), rng.uniform(0.5, 1.2) * scale) * lung
    # A little lung in front or behind still shows.
    weight = weight * rng.uniform(0.75, 1.0)
    result = result * (1 - weight) + empty * weight
    result += _pleural_line(air, lung_left, scale, rng)
    result = np.where(lung, result, grey)
    return Inserted(np.round(np.clip(result, 0, 1) * 255).astype(np.uint8), air)


def _real_thickness(
    lung: NDArray[np.bool_], rows: NDArray[np.int64], profile: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Lay one real profile along this lung, in pixels [H, W]; stretched and scaled a little."""
    height, width = rows[-1] - rows[0] + 1, int(lung.any(axis=0).sum())
    level = (np.arange(lung.shape[0]) - rows[0]) / height
    stretch = rng.uniform(0.85, 1.2)
    centres = (np.arange(profile.size) + 0.5) / profile.size * stretch
    thickness = np.interp(level, centres, profile) * width * rng.uniform(0.8, 1.25)
    smooth = ndimage.gaussian_filter1d(thickness, 0.02 * height)
    return np.repeat(smooth[:, None], lung.shape[1], axis=1).astype(np.float32)


def _thickness(
    lung: NDArray[np.bool_], rows: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw how far the lung has retreated at each pixel, in pixels [H, W]."""
    height, width = rows[-1] - rows[0] + 1, int(lung.any(axis=0).sum())
    level = (np.arange(lung.shape[0], dtype=np.float32)[:, None] - rows[0]) / height
    reach = float(np.exp(rng.uniform(np.log(0.05), np.log(0.55)))) * width
    end = rng.uniform(0.3, 1.3)  # how far down it goes, as a share of the lung's height
    if rng.random() < 0.12:  # basal instead of apical
        level = 1.0 - level
    profile = np.clip(1.0 - (np.clip(level, 0, None) / end) ** rng.uniform(0.7, 2.5), 0.0, None)
    return np.asarray(reach * profile * (1.0 + rng.uniform(0, 0.25) * _waves(lung.shape, 6, rng)), np.float32)


def _waves(shape: tuple[int, ...], nodes: int, rng: np.random.Generator) -> NDArray[np.float32]:
    lattice = rng.normal(0, 1, (nodes, 3)).astype(np.float32)
    return np.asarray(cv2.resize(lattice, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _compress(
    texture: NDArray[np.float32],
    depth: NDArray[np.float32],
    thickness: NDArray[np.float32],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Move the lung's own texture inwards: what touched the wall now touches the pleural line."""
    smooth = cv2.GaussianBlur(depth, (0, 0), 3.0)
    down, across = np.gradient(smooth)
    length = np.maximum(np.hypot(down, across), 1e-3)
    beyond = np.maximum(depth - thickness, 0.0)
    relaxation = rng.uniform(2.0, 4.0) * thickness + 8.0
    shift = thickness * np.exp(-beyond / relaxation)
    y, x = np.mgrid[: texture.shape[0], : texture.shape[1]].astype(np.float32)
    return np.asarray(
        cv2.remap(
            texture,
            (x - across / length * shift).astype(np.float32),
            (y - down / length * shift).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )


def _without_vessels(grey: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """Smooth away fine bright vessels; ribs and their edges stay."""
    vessels = max(3, round(5 * scale)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (vessels, vessels))
    opened = cv2.morphologyEx(grey, cv2.MORPH_OPEN, kernel)
    smooth = cv2.bilateralFilter(opened, d=0, sigmaColor=0.06, sigmaSpace=3.0 * scale)
    # Opening takes the brighter half of the grain: give its mean back.
    lost = cv2.GaussianBlur(grey - smooth, (0, 0), 6.0 * scale)
    return np.asarray(smooth + 0.5 * lost, np.float32)


def _pleural_line(
    air: NDArray[np.bool_], lung_left: NDArray[np.bool_], scale: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw the visceral pleura: a fine bright line where air meets lung, often faint, often interrupted."""
    border = air & ndimage.binary_dilation(lung_left, iterations=1)
    line = cv2.GaussianBlur(border.astype(np.float32), (0, 0), rng.uniform(0.4, 0.8) * scale)
    fade = cv2.resize(rng.uniform(-0.4, 1.0, (7, 5)).astype(np.float32), air.shape[::-1])
    strength = float(np.exp(rng.uniform(np.log(0.02), np.log(0.1))))
    return np.asarray(line * np.clip(fade, 0.0, 1.0) * strength, np.float32)


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())[1:]
    return np.asarray(labels == 1 + int(np.argmax(sizes)))
