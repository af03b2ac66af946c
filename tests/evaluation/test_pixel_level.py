from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.pixel_level import pixel_figures, size_class


def test_figures_of_two_overlapping_masks_by_hand() -> None:
    predicted, reference = np.zeros((4, 5), dtype=bool), np.zeros((4, 5), dtype=bool)
    predicted[0, :4] = True
    reference[0, 2:] = True
    figures = pixel_figures(predicted, reference)
    assert figures.dice == pytest.approx(2 * 2 / 7)
    assert figures.iou == pytest.approx(2 / 5)
    assert figures.accuracy == pytest.approx(17 / 20)
    assert figures.false_positive_share == pytest.approx(2 / 20)
    assert figures.reference_share == pytest.approx(3 / 20)


def test_two_empty_masks_agree() -> None:
    empty = np.zeros((3, 3), dtype=bool)
    figures = pixel_figures(empty, empty)
    assert (figures.dice, figures.iou, figures.accuracy, figures.false_positive_share) == (1, 1, 1, 0)


def test_size_classes_meet_at_their_bounds() -> None:
    assert [size_class(share) for share in (0.001, 0.0051, 0.0133, 0.0134, 0.2)] == [
        "small", "medium", "medium", "large", "large",
    ]  # fmt: skip
