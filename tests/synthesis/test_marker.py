"""The lead letter: on its own side, the right way round."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.synthesis.geometry import Projection
from models.synthesis.marker import lead_marker

FILM = Projection(820, 820, 0.5)


def letter(seed: int) -> NDArray[np.bool_]:
    return lead_marker(FILM, np.random.default_rng(seed)) > 1.0


def test_both_letters_occur_each_beside_its_own_shoulder() -> None:
    """The patient's left is on the right of the film, so that is where an L lies."""
    on_the_right = []
    for seed in range(40):
        rows, columns = np.nonzero(letter(seed))
        assert 20 <= np.ptp(rows) + 1 <= 36
        assert rows.max() < 0.25 * FILM.rows
        assert columns.max() < 0.2 * FILM.columns or columns.min() > 0.8 * FILM.columns
        on_the_right.append(columns.min() > 410)
    assert 10 < sum(on_the_right) < 30


@pytest.mark.parametrize("seed", range(12))
def test_it_is_not_mirrored(seed: int) -> None:
    """An L has its foot to the right of its stem; an R has its bowl there, and is closed above."""
    shown = letter(seed)
    rows, columns = np.nonzero(shown)
    box = shown[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    quarter = box.shape[1] // 4
    left, right = box[:, :quarter].any(axis=1), box[:, -quarter:].any(axis=1)
    assert left.mean() > right.mean()  # the stem
    upper = np.array_split(right, 2)[0]
    assert upper.any() == (columns.min() < 410)  # the bowl


def test_where_it_lies_follows_from_the_generator() -> None:
    assert np.array_equal(letter(3), letter(3))
    assert not np.array_equal(letter(3), letter(4))
