from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.realism import crop_around, told_apart


def test_a_crop_is_centred_on_the_air_with_a_margin() -> None:
    image = np.zeros((200, 200), np.uint8)
    mask = np.zeros((200, 200), bool)
    mask[80:120, 90:110] = True
    image[80:120, 90:110] = 200
    crop = crop_around(image, mask)
    assert crop.shape == (128, 128)
    assert crop.mean() == pytest.approx(0, abs=1e-4)
    # 39 rows of 200: the least edge, a fifth of the film, times 1.3 = 52; the air is 40 of them.
    assert (crop[:, 64] > 0).sum() == pytest.approx(40 / 52 * 128, abs=3)
    rows = np.flatnonzero(crop[:, 64] > 0)
    assert rows.mean() == pytest.approx(63.5, abs=4)


def test_a_crop_at_the_border_stays_on_the_film() -> None:
    image = np.random.default_rng(0).integers(0, 255, (100, 100)).astype(np.uint8)
    mask = np.zeros((100, 100), bool)
    mask[:10, :10] = True
    assert crop_around(image, mask).std() == pytest.approx(1, abs=1e-2)
    with pytest.raises(ValueError, match="empty mask"):
        crop_around(image, ~np.ones((100, 100), bool))


def test_different_kinds_are_told_apart_and_equal_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.normal(0, 1, (80, 40)).astype(np.float32), rng.normal(0, 1, (80, 40)).astype(np.float32)
    groups = [str(i) for i in range(160)]
    assert told_apart(one, two, groups).auc == pytest.approx(0.5, abs=0.15)
    # A shift by two deviations along every feature: hardly to be missed.
    assert told_apart(one, two + 2, groups).auc > 0.98
