from __future__ import annotations

from pathlib import Path

import numpy as np

from models.training import digital
from models.training.digital import digital_films


def test_every_second_film_has_a_pneumothorax_with_its_mask(tmp_path: Path) -> None:
    bank = digital_films(2, 48, tmp_path / "digital.npz")
    assert bank.images.shape == (2, 48, 48)
    assert bank.images.dtype == np.uint8
    assert bank.positive.tolist() == [True, False]
    assert bank.masks[0].sum() > 5
    assert bank.masks[1].sum() == 0
    assert {film.source for film in bank.films} == {"digital"}
    # Kept films are read again, not made again: a mark on the file comes back.
    np.savez_compressed(tmp_path / "digital.npz", images=bank.images // 2, masks=bank.masks)
    np.testing.assert_array_equal(digital_films(2, 48, tmp_path / "digital.npz").images, bank.images // 2)


def test_all_kinds_are_asked_for_and_all_fit_their_chests() -> None:
    requests = [digital._request(index) for index in range(64)]
    asked = [request for request in requests if request is not None]
    assert len(asked) == 32
    assert {request.side for request in asked} == {"right", "left"}
    assert {request.kind for request in asked} == {"apical", "lateral", "basal", "loculated", "tension"}
    assert sum(request.kind == "apical" for request in asked) > 10
