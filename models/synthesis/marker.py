"""The lead letter that tells the film's sides apart."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from .geometry import Projection

#: Of the font; a letter is a little lower.
_HEIGHT_MM: Final = 13.0
_STROKE_MM: Final = 2.2
_OPTICAL_DEPTH: Final = 3.5
_EDGE_MM: Final = 0.25
#: Where its middle may lie: from the upper and from its own side's edge, as shares of the film.
_DOWN: Final = (0.035, 0.16)
_ACROSS: Final = (0.035, 0.11)
_TILT_DEGREES: Final = 7.0
_FONT: Final = cv2.FONT_HERSHEY_DUPLEX


def lead_marker(projection: Projection, random: np.random.Generator) -> NDArray[np.float32]:
    """Return the optical depth of an L or an R beside the shoulder of that side, [rows, columns].

    Parameters
    ----------
    projection : Projection
    random : numpy.random.Generator
        Which of the two, where it was put down, and how straight.
    """
    letter = "L" if random.random() < 0.5 else "R"
    down, across = random.uniform(*_DOWN), random.uniform(*_ACROSS)
    middle = (
        projection.columns * (1.0 - across if letter == "L" else across),
        projection.rows * down,
    )
    tilt = random.uniform(-_TILT_DEGREES, _TILT_DEGREES)
    stroke = max(1, round(_STROKE_MM / projection.pixel_mm))
    scale = cv2.getFontScaleFromHeight(_FONT, max(3, round(_HEIGHT_MM / projection.pixel_mm)), stroke)
    (width, height), _ = cv2.getTextSize(letter, _FONT, scale, stroke)
    canvas = np.zeros(projection.shape, np.uint8)
    start = (round(middle[0] - width / 2), round(middle[1] + height / 2))
    cv2.putText(canvas, letter, start, _FONT, scale, 255, stroke, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D(middle, tilt, 1.0)
    lead = canvas.astype(np.float32) * np.float32(_OPTICAL_DEPTH / 255)
    turned = cv2.warpAffine(lead, turn, projection.shape[::-1], flags=cv2.INTER_LINEAR)
    result: NDArray[np.float32] = np.asarray(
        cv2.GaussianBlur(turned, (0, 0), max(_EDGE_MM / projection.pixel_mm, 0.2)), dtype=np.float32
    )
    return result
