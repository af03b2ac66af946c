"""All measurements of a film of 3,000², air on both sides, on one processor core."""

from __future__ import annotations

import time

import cv2
import numpy as np

from models.prediction import LungFields, Side
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.view import FilmView, Posture, Projection
from ptx_viewer.study.spacing import Spacing, SpacingBasis

EDGE = 3000
RUNS = 7


def lung(middle: int) -> np.ndarray:
    row, column = np.ogrid[:EDGE, :EDGE]
    return ((row - 1500) / 1150) ** 2 + ((column - middle) / 560) ** 2 < 1


def test_all_measurements_of_a_film(figure):
    lungs = LungFields(lung(850), lung(2150), "lungs")
    masks = {
        Side.RIGHT: lungs.right & ~np.roll(lungs.right, (150, 200), axis=(0, 1)),
        Side.LEFT: lungs.left & ~np.roll(lungs.left, (150, -200), axis=(0, 1)),
    }
    probability = cv2.GaussianBlur((masks[Side.RIGHT] | masks[Side.LEFT]).astype(np.float32), (0, 0), 12)
    spacing = Spacing(0.14, 0.14, SpacingBasis.ERMF)
    view = FilmView(Projection.PA, Posture.ERECT)
    seconds = []
    for _ in range(RUNS):
        began = time.process_time()
        found = measure_film(masks, lungs, spacing, "model", view, probability, 0.5)
        seconds.append(time.process_time() - began)
    assert sum(m.valid for m in found) > 20
    figure(
        "all measurements of a film, 3,000², both sides, one core",
        sorted(seconds)[RUNS // 2],
        "s",
        at_most=0.3,
    )
