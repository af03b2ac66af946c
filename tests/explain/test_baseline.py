from __future__ import annotations

import numpy as np
import pytest
import torch

from explain.baseline import blurred

#: An eighth of 40 pixels, made odd.
WIDTH = 5


def test_a_bright_point_becomes_the_square_of_a_box() -> None:
    """Two means over 5 x 5 pixels: along each axis the weights are 1, 2, 3, 4, 5, 4, 3, 2, 1 of 25."""
    film = np.zeros((40, 40), np.float32)
    film[20, 17] = 1.0
    soft = blurred(torch.from_numpy(film)[None, None], np.ones((40, 40), np.bool_))[0, 0].numpy()
    along = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1]) / WIDTH**2
    expected = np.zeros((40, 40))
    expected[16:25, 13:22] = np.outer(along, along)
    np.testing.assert_allclose(soft, expected, atol=1e-7)


def test_an_even_film_stays_as_it_is_up_to_its_edge_and_so_does_the_padding() -> None:
    content = np.zeros((40, 40), np.bool_)
    content[:, 8:32] = True
    film = np.where(content, np.float32(0.3), np.float32(-1.0))
    soft = blurred(torch.from_numpy(film)[None, None], content)[0, 0].numpy()
    np.testing.assert_allclose(soft, film, atol=1e-6)


@pytest.mark.parametrize("share", [1 / 4, 1 / 16])
def test_the_wider_the_blur_the_less_is_left(share: float) -> None:
    film = np.random.default_rng(0).standard_normal((40, 40)).astype(np.float32)
    everywhere = np.ones((40, 40), np.bool_)
    spread = [
        float(blurred(torch.from_numpy(film)[None, None], everywhere, each).std())
        for each in (share, 2 * share)
    ]
    assert spread[1] < spread[0] < film.std()
