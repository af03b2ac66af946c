from __future__ import annotations

import numpy as np

from models.training.drains import draw_drain

SIZE = 256


def lung() -> np.ndarray:
    rows, columns = np.indices((SIZE, SIZE))
    return ((rows - 128) / 90) ** 2 + ((columns - 75) / 45) ** 2 <= 1


def drawn(right: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    film = np.full((SIZE, SIZE), 80, np.uint8)
    field = lung() if right else lung()[:, ::-1]
    return draw_drain(film, field, right, np.random.default_rng(seed)).astype(int) - film, field


def test_a_drain_is_a_bright_line_that_reaches_the_lung_from_its_own_side() -> None:
    for right in (True, False):
        for seed in range(20):
            change, field = drawn(right, seed)
            touched = np.abs(change) > 3
            assert 50 < touched.sum() < 0.06 * SIZE**2  # a line, not an area
            assert change.max() >= 5
            assert (touched & field).any()
            other = touched[:, SIZE // 2 :] if right else touched[:, : SIZE // 2]
            assert not other.any()


def test_a_film_without_a_lung_field_stays_as_it_is() -> None:
    film = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE)).astype(np.uint8)
    nothing = np.zeros((SIZE, SIZE), bool)
    np.testing.assert_array_equal(draw_drain(film, nothing, True, np.random.default_rng(0)), film)
