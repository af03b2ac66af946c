from __future__ import annotations

import numpy as np
import pytest

from explain.audit.localisation import localise


def grid(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)


TRUTH = np.array([[True, True, False, False]])


def test_the_figures_by_hand() -> None:
    """Falling order: in, out, in, out.  Precision 1 at recall 1/2, 2/3 at recall 1."""
    result = localise(grid([0.9, 0.5, 0.8, 0.1]), TRUTH)
    assert result.auprc == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert result.hit == 1.0
    # At .45 and above: the first three pixels, of which two are true.
    assert result.iou == pytest.approx(2 / 3)


def test_a_perfect_map_and_its_opposite() -> None:
    perfect = localise(grid([1.0, 1.0, 0.0, 0.0]), TRUTH)
    assert (perfect.hit, perfect.iou, perfect.auprc) == (1.0, 1.0, 1.0)
    opposite = localise(grid([0.0, 0.0, 1.0, 1.0]), TRUTH)
    # All false ones first, then both true ones at once: precision 2/4 at recall 1.
    assert (opposite.hit, opposite.iou, opposite.auprc) == (0.0, 0.0, 0.5)


def test_pointing_at_a_superpixel_hits_as_far_as_it_lies_inside() -> None:
    assert localise(grid([0.2, 0.7, 0.7, 0.7]), TRUTH).hit == pytest.approx(1 / 3)


def test_evidence_against_is_no_evidence_for() -> None:
    signed, positive = grid([0.4, -0.9, 0.2, -0.1]), grid([0.4, 0.0, 0.2, 0.0])
    assert localise(signed, TRUTH) == localise(positive, TRUTH)


def test_a_map_that_says_nothing_scores_as_chance_does() -> None:
    for heatmap in (np.zeros((1, 4), np.float32), grid([-1, -1, -1, -1])):
        result = localise(heatmap, TRUTH)
        assert (result.hit, result.iou, result.auprc) == (0.0, 0.0, 0.5)


def test_probabilities_are_cut_at_the_models_own_threshold() -> None:
    probability = grid([0.4, 0.31, 0.31, 0.1])
    assert localise(probability, TRUTH, threshold=0.35).iou == pytest.approx(1 / 2)
    assert localise(probability, TRUTH, threshold=0.3).iou == pytest.approx(2 / 3)
    assert localise(probability, TRUTH, threshold=0.5).iou == 0.0


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        localise(np.zeros((2, 4), np.float32), TRUTH)
    with pytest.raises(ValueError, match="empty"):
        localise(np.zeros((1, 4), np.float32), ~TRUTH & TRUTH)
    with pytest.raises(ValueError, match="finite"):
        localise(grid([np.nan, 0, 0, 0]), TRUTH)
