"""Draw a chest drain: on films with and without a pneumothorax alike, so that it tells nothing.

In the film collections a drain stands beside most treated pneumothoraces; a network that sees
it there alone learns the treatment instead of the disease (Oakden-Rayner et al. 2020).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def draw_drain(
    image: NDArray[np.uint8], lung: NDArray[np.bool_], right: bool, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return the film with one drain from the lateral chest wall into the pleural space.

    A tube's walls are seen as two fine lines, brighter than its inside; many carry a
    radio-opaque stripe, interrupted at the last side hole.

    Parameters
    ----------
    image : ndarray of uint8, shape [H, W]
        A film in the usual display.
    lung : ndarray of bool, shape [H, W]
        The lung field at whose side the drain lies; a film without one comes back as it was.
    right : bool
        Whether it is the patient's right lung, which lies at the film's left.
    rng : numpy.random.Generator
    """
    rows, columns = np.flatnonzero(lung.any(axis=1)), np.flatnonzero(lung.any(axis=0))
    if rows.size < 20 or columns.size < 10:
        return image
    scale = image.shape[0] / 384.0
    points = _course(rows, columns, right, rng)
    coverage = _stroke(points, image.shape, rng.uniform(2.5, 6.0) * scale)
    bore = _stroke(points, image.shape, max(1.0, rng.uniform(0.4, 0.65) * 4.0 * scale))
    tube = coverage - rng.uniform(0.3, 1.0) * np.minimum(bore, coverage)
    if rng.random() < 0.6:
        hole = int(rng.uniform(0.8, 0.93) * len(points))
        stripe = _stroke(points[:hole], image.shape, max(1.0, 1.1 * scale))
        tube = tube + rng.uniform(0.5, 1.5) * stripe
    seen = np.asarray(cv2.GaussianBlur(tube, (0, 0), rng.uniform(0.4, 0.8) * scale), np.float32)
    grey = image.astype(np.float32) / 255.0
    # Attenuation adds where detector response is linear; near white little is left to add.
    grey += rng.uniform(0.05, 0.22) * seen * (1.15 - grey)
    return np.asarray(np.round(np.clip(grey, 0, 1) * 255), np.uint8)


def _course(
    rows: NDArray[np.int64], columns: NDArray[np.int64], right: bool, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return points (x, y) of a cubic Bezier curve from outside the chest to the tip."""
    height, width = rows[-1] - rows[0], columns[-1] - columns[0]
    outward = -1.0 if right else 1.0
    lateral = float(columns[0] if right else columns[-1])

    def at(inward: float, down: float) -> NDArray[np.float64]:
        return np.array([lateral - outward * inward * width, rows[0] + down * height])

    entry = rng.uniform(0.35, 0.85)
    start = at(rng.uniform(-0.5, -0.2), entry + rng.uniform(-0.05, 0.4))
    first = at(rng.uniform(0.0, 0.3), entry)
    if rng.random() < 0.75:  # towards the apex, where the air goes
        tip = at(rng.uniform(0.2, 0.8), rng.uniform(0.02, 0.3))
        second = at(rng.uniform(0.0, 0.6), entry - 0.3)
    else:
        tip = at(rng.uniform(0.3, 0.9), rng.uniform(0.6, 0.95))
        second = at(rng.uniform(0.2, 0.6), entry + 0.1)
    t = np.linspace(0.0, 1.0, 80)[:, None]
    curve = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t**2 * second + t**3 * tip
    return np.asarray(curve, np.float32)


def _stroke(points: NDArray[np.float32], shape: tuple[int, ...], width: float) -> NDArray[np.float32]:
    canvas = np.zeros(shape, np.uint8)
    fixed = np.round(points * 16).astype(np.int32)[:, None]
    cv2.polylines(canvas, [fixed], False, 255, max(1, round(width)), cv2.LINE_AA, shift=4)
    return canvas.astype(np.float32) / 255.0
