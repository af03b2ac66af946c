from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.lung_fields import ChestView, LungFieldModel
from models.prediction import LungFields
from models.training import films
from models.training.lungs import lung_films
from models.view_gate import blank_reason, refusal_reason

Film = NDArray[np.float32]


def view(right: float, left: float, logit: float) -> ChestView:
    """Return a view whose lung fields cover the given shares of 10,000 pixels."""
    fields = np.zeros((2, 100, 100), np.bool_)
    for field, share in zip(fields, (right, left), strict=True):
        field.flat[: round(share * 10_000)] = True
    return ChestView(LungFields(fields[0], fields[1], "drawn"), logit)


def noise(seed: int, cells: int) -> Film:
    coarse = np.random.default_rng(seed).random((cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (400, 400), interpolation=cv2.INTER_LINEAR), np.float32)


def test_rules_by_hand() -> None:
    assert refusal_reason(view(0.1, 0.1, 0.0)) is None
    assert "upright frontal" in refusal_reason(view(0.1, 0.1, -0.001))
    assert refusal_reason(view(0.02, 0.02, 5.0)) is None
    assert "two lung fields" in refusal_reason(view(0.02, 0.0199, 5.0))
    # One opaque lung is a reason to read the film, none to refuse it.
    assert refusal_reason(view(0.1, 0.004, 5.0)) is None
    assert "two lung fields" in refusal_reason(view(0.1, 0.0039, 5.0))


def test_blank_and_tiny_pictures() -> None:
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
    assert blank_reason(ramp) is None
    assert blank_reason(ramp[:, :63]) == "the picture is only 63 × 64 pixels"
    assert blank_reason(ramp[:1]) == "the picture is only 64 × 1 pixels"
    for level in (0.0, 0.5, 1.0):
        assert "blank" in blank_reason(np.full((300, 300), level, np.float32))
    steps = np.round(ramp * 10) / 10  # eleven grey levels
    assert "few grey levels" in blank_reason(steps)


def test_the_frontal_sample_film_is_accepted(lung_model: LungFieldModel, sample_film: Film) -> None:
    assert blank_reason(sample_film) is None
    assert refusal_reason(lung_model.predict(sample_film)) is None


@pytest.mark.parametrize("cells", [3, 12, 40, 400])
def test_noise_is_refused(lung_model: LungFieldModel, cells: int) -> None:
    assert refusal_reason(lung_model.predict(noise(cells, cells))) is not None


@pytest.mark.parametrize(
    "change",
    [lambda f: 1 - f, lambda f: f[::-1, ::-1], lambda f: f.T, np.rot90, lambda f: f[:170, :160]],
    ids=["inverted", "upside down", "transposed", "on its side", "a corner"],
)
def test_a_changed_sample_film_is_refused(lung_model: LungFieldModel, sample_film: Film, change) -> None:
    changed = np.ascontiguousarray(change(sample_film))
    assert refusal_reason(lung_model.predict(changed)) is not None


def shown(film: films.Film) -> Film:
    return films.read_grey(film.image).astype(np.float32) / 255.0


def refused(model: LungFieldModel, pixels: Film) -> bool:
    return blank_reason(pixels) is not None or refusal_reason(model.predict(pixels)) is not None


def test_nine_in_ten_held_out_lateral_films_are_refused(
    lung_model: LungFieldModel, shared_data: Path
) -> None:
    laterals = lung_films(shared_data)["test-other"]
    assert len(laterals) == 10
    assert sum(refused(lung_model, shown(film)) for film in laterals) >= 9


def test_no_frontal_film_is_refused_and_turned_or_inverted_it_is(
    lung_model: LungFieldModel, shared_data: Path
) -> None:
    parts = lung_films(shared_data)
    frontal = (
        parts["test-jsrt"][::8]
        + parts["test-outside"][::8]
        + films.siim(shared_data / "siim")[::13]
        + films.nih(shared_data / "nih")[1::60]
    )
    assert len(frontal) >= 30
    pictures = [shown(film) for film in frontal]
    assert [f.film_id for f, p in zip(frontal, pictures, strict=True) if refused(lung_model, p)] == []
    inverted = [refused(lung_model, 1 - p) for p in pictures[::8]]
    quarters = [np.ascontiguousarray(np.rot90(p, k)) for k in (1, 2, 3) for p in pictures[::16]]
    turned = [refused(lung_model, picture) for picture in quarters]
    assert np.mean(inverted) >= 0.9
    assert np.mean(turned) >= 0.9
