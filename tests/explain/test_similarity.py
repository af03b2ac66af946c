from __future__ import annotations

import numpy as np
import pytest

from explain.similarity import jaccard, rank_correlation, shrink, structural_likeness, top_of_map, visible


def grid(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_rank_correlation_by_hand() -> None:
    """Ranks 1 2 3 4 5 against 2 1 4 3 5: 1 - 6 * (1 + 1 + 1 + 1) / (5 * 24) = .8."""
    first = grid([0.1, 0.2, 0.5, 0.7, 0.9])
    assert rank_correlation(first, grid([3.0, 1.0, 9.0, 8.0, 90.0])) == pytest.approx(0.8)
    assert rank_correlation(first, first**3) == pytest.approx(1.0)
    assert rank_correlation(first, -first) == pytest.approx(-1.0)


def test_ties_share_their_mean_rank() -> None:
    """Ranks 1.5 1.5 3 and 1 2 3: covariance 1.5, spreads 1.5 and 2."""
    assert rank_correlation(grid([0, 0, 1]), grid([0, 1, 2])) == pytest.approx(1.5 / np.sqrt(1.5 * 2))


def test_a_map_without_contrast_is_like_no_other() -> None:
    blank, other = np.zeros((4, 4), np.float32), np.eye(4, dtype=np.float32)
    assert rank_correlation(blank, other) == 0.0
    assert rank_correlation(blank, blank) == 0.0


def test_the_order_of_nothings_does_not_count_once_rounded() -> None:
    """Rounded to a tenth of the peak only the last pixel stands out in both."""
    first, second = grid([0.01, 0.02, 0.03, 1.0]), grid([0.3, 0.2, 0.1, 10.0])
    assert rank_correlation(first, second) == pytest.approx(1 - 6 * 8 / 60)
    assert rank_correlation(visible(first, 0.1), visible(second, 0.1)) == pytest.approx(1.0)
    assert visible(grid([0.04, 0.06, -0.26, 1.0]), 0.1) == pytest.approx(grid([0.0, 0.1, -0.3, 1.0]))
    assert not visible(np.zeros((2, 2), np.float32), 0.1).any()


def test_large_maps_are_averaged_over_areas_and_small_ones_left_alone() -> None:
    large = np.zeros((256, 512), np.float32)
    large[:4, :4] = 1.0
    small = shrink(large, edge=128)
    assert small.shape == (64, 128)
    assert small[0, 0] == pytest.approx(1.0)
    assert small.sum() == pytest.approx(1.0)
    assert shrink(small, edge=128) is small


def test_structural_likeness_of_flat_maps_by_hand() -> None:
    """Flat maps a and b have (2 a b + c) / (a^2 + b^2 + c) with c = (.01 L)^2."""
    flat = [np.full((16, 16), value, np.float32) for value in (0.2, 0.6)]
    assert structural_likeness(*flat) == pytest.approx((0.24 + 1e-4) / (0.40 + 1e-4), abs=1e-5)
    assert structural_likeness(*flat, signed=True) == pytest.approx((0.24 + 4e-4) / (0.40 + 4e-4), abs=1e-5)
    assert structural_likeness(flat[0], flat[0]) == pytest.approx(1.0)


def test_the_strongest_regions_are_those_of_the_highest_mean() -> None:
    regions = np.array([[0, 0, 1, 1], [2, 2, 3, 3], [-1, -1, -1, -1]], np.int32)
    heatmap = grid([0.5, 0.7, 0.9, 0.1], [0.55, 0.55, -0.2, -0.2], [9, 9, 9, 9])
    # Means .6, .5, .55, -.2; what lies in no region does not count.
    assert np.array_equal(top_of_map(heatmap, regions, 1), regions == 0)
    assert np.array_equal(top_of_map(heatmap, regions, 2), np.isin(regions, (0, 2)))
    # Evidence against is never among the strongest evidence for.
    assert np.array_equal(top_of_map(heatmap, regions, 4), np.isin(regions, (0, 1, 2)))


def test_without_regions_the_strongest_pixels_count() -> None:
    heatmap = np.arange(100, dtype=np.float32).reshape(10, 10)
    assert np.flatnonzero(top_of_map(heatmap)).tolist() == [95, 96, 97, 98, 99]
    assert not top_of_map(-heatmap).any()


def test_jaccard_by_hand() -> None:
    first, second = np.array([True, True, False, False]), np.array([False, True, True, False])
    assert jaccard(first, second) == pytest.approx(1 / 3)
    assert jaccard(first, ~first) == 0.0
    assert jaccard(first & ~first, first & ~first) == 1.0


def test_maps_of_different_films_cannot_be_compared() -> None:
    small, large = np.zeros((4, 4), np.float32), np.zeros((4, 5), np.float32)
    for compare in (rank_correlation, structural_likeness):
        with pytest.raises(ValueError, match=r"\(4, 4\) and \(4, 5\)"):
            compare(small, large)
