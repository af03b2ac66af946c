"""What scanners, tubes and markers leave on a film: drawn for training, or taken away."""

from __future__ import annotations

import string

import cv2
import numpy as np
from numpy.typing import NDArray

_FONT = cv2.FONT_HERSHEY_SIMPLEX


def grid_lines(image: NDArray[np.uint8], strength: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Add the fine parallel lines of a stationary anti-scatter grid, perhaps aliased by resampling.

    Parameters
    ----------
    image : ndarray of uint8, shape [S, S]
    strength : float
        Largest amplitude as a share of the grey range.
    rng : numpy.random.Generator
    """
    size = image.shape[0]
    period, phase = rng.uniform(2.2, 12.0), rng.uniform(0, 2 * np.pi)
    wave = np.sin(2 * np.pi * np.arange(size) / period + phase) * rng.uniform(0.2, 1.0) * strength * 255
    lines = wave[:, None] if rng.random() < 0.5 else wave[None, :]
    return np.asarray(np.clip(image + lines, 0, 255), np.uint8)


def collimation(
    image: NDArray[np.uint8], mask: NDArray[np.uint8], depth: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Shut the collimator's shutters: a black or pale border that never covers a labelled pixel.

    Parameters
    ----------
    image, mask : ndarray of uint8, shape [S, S]
    depth : float
        Largest share of the edge that a shutter covers.
    rng : numpy.random.Generator
    """
    size = image.shape[0]
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    limits = [depth * size] * 4
    if rows.size:
        free = (rows[0], size - 1 - rows[-1], columns[0], size - 1 - columns[-1])
        limits = [min(limit, float(room)) for limit, room in zip(limits, free, strict=True)]
    shutters = rng.random(4) < 0.5
    top, bottom, left, right = (
        int(rng.uniform(0, limit)) if shut else 0 for limit, shut in zip(limits, shutters, strict=True)
    )
    grey = int(rng.choice([0, 0, 0, 200, 255]))
    covered = image.copy()
    covered[:top], covered[:, :left] = grey, grey
    covered[size - bottom :], covered[:, size - right :] = grey, grey
    return covered


def letters(image: NDArray[np.uint8], most: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Burn letters and numbers into the outer quarter of the film, with or without a box around them.

    The texts are random: only where they stand, not what they say, may be learned.

    Parameters
    ----------
    image : ndarray of uint8, shape [S, S]
    most : int
        Largest number of texts.
    rng : numpy.random.Generator
    """
    size = image.shape[0]
    marked = image.copy()
    signs = list(string.ascii_uppercase + string.digits)
    for _ in range(int(rng.integers(0, most + 1))):
        text = "".join(rng.choice(signs, int(rng.integers(1, 8))))
        scale = float(rng.uniform(0.25, 0.8)) * size / 352
        thickness = max(1, round(scale * 2))
        (width, height), below = cv2.getTextSize(text, _FONT, scale, thickness)
        height += below
        edge = int(rng.integers(0, max(1, size // 4 - height)))
        row = edge if rng.random() < 0.7 else size - height - edge
        column = int(rng.integers(0, max(1, size // 4)))
        column = column if rng.random() < 0.5 else max(0, size - width - column)
        grey = int(rng.integers(170, 256))
        if rng.random() < 0.3:
            cv2.rectangle(marked, (column - 3, row - 3), (column + width + 3, row + height + 3), grey, 1)
        origin = (column, row + height - below)
        cv2.putText(marked, text, origin, _FONT, scale, grey, thickness, cv2.LINE_AA)
    return marked


def device_mask(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the pixels of wires, tubes, electrodes and burnt-in labels: brighter than both sides, and thin.

    They stand out in the white top-hat.  Kept are long ridges much thinner than a rib or the chest wall's
    rim, and small very bright marks.  A faint drain may be missed.

    Parameters
    ----------
    image : ndarray of uint8, shape [S, S]
    """
    size = image.shape[0]
    width = max(3, round(size / 45)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    framed = cv2.copyMakeBorder(image, width, width, width, width, cv2.BORDER_REFLECT)
    ridge = cv2.morphologyEx(framed, cv2.MORPH_TOPHAT, kernel)[width:-width, width:-width]
    bright = (ridge > 28).astype(np.uint8)
    # A film's own frame is a ridge too.
    edge = max(1, round(size / 120))
    bright[:edge], bright[-edge:], bright[:, :edge], bright[:, -edge:] = 0, 0, 0, 0
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(bright, connectivity=8)
    found = np.zeros(image.shape, np.bool_)
    for label in range(1, count):
        extent = float(np.hypot(boxes[label, cv2.CC_STAT_WIDTH], boxes[label, cv2.CC_STAT_HEIGHT]))
        piece = labels == label
        is_line = extent > size / 8 and boxes[label, cv2.CC_STAT_AREA] / extent < size / 70
        is_mark = extent < size / 6 and float(np.percentile(ridge[piece], 80)) > 60
        if is_line or is_mark:
            found |= piece
    return np.asarray(cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def without_devices(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fill drains, wires and labels from their surroundings (Telea 2004).

    A network that learned "drain means pneumothorax" loses its hint; the outline and the label stay true.
    """
    found = device_mask(image)
    if not found.any() or found.mean() > 0.1:
        return image
    return np.asarray(cv2.inpaint(image, found.astype(np.uint8), 3, cv2.INPAINT_TELEA), np.uint8)
