from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np

from models.evaluation.curves import threshold_points, write_curves

POSITIVE = np.array([True, True, False, False, False])
SCORE = np.array([0.9, 0.4, 0.5, 0.2, 0.1])


def test_threshold_points_by_hand() -> None:
    points = threshold_points(POSITIVE, SCORE)
    at = {point["threshold"]: point for point in points}
    assert at[0.0] == {"threshold": 0.0, "sensitivity": 1.0, "specificity": 0.0, "precision": 2 / 5}
    assert at[0.45] == {"threshold": 0.45, "sensitivity": 0.5, "specificity": 2 / 3, "precision": 0.5}
    assert at[0.95]["sensitivity"] == 0.0
    assert np.isnan(at[0.95]["precision"])


def test_curves_are_written_as_table_and_picture(tmp_path: Path) -> None:
    table, picture = write_curves(POSITIVE, SCORE, 0.45, "siim", tmp_path)
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 101
    assert rows[45]["sensitivity"] == "0.5"
    drawn = cv2.imread(str(picture))
    assert drawn is not None
    # Five panels side by side; the curves' blue and orange are on it.
    assert drawn.shape[1] > 4 * drawn.shape[0]
    for blue, green, red in ((178, 114, 0), (0, 159, 230)):
        close = np.abs(drawn.astype(int) - (blue, green, red)).max(axis=2) < 12
        assert close.sum() > 50
