"""The shipped networks on a film that lies as films do in real files: mirrored, upside down, on its side."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.geometry import turn_to_standard
from models.lung_fields import LungFieldModel
from models.pneumothorax import PneumothoraxModel
from models.prediction import LungFields, Side

Film = NDArray[np.float32]

#: PatientOrientation, and the same film stored that way, written out by hand.
STORED = {
    ("R", "F"): lambda film: film[:, ::-1],
    ("L", "H"): lambda film: film[::-1],
    ("R", "H"): lambda film: film[::-1, ::-1],
    ("F", "L"): lambda film: film.T,
    ("F", "R"): lambda film: film[:, ::-1].T,
    ("H", "L"): lambda film: film[::-1].T,
    ("H", "R"): lambda film: film[::-1, ::-1].T,
}


@pytest.fixture
def free_model(pneumothorax_model: PneumothoraxModel) -> Iterator[PneumothoraxModel]:
    """Return the model; its thresholds may be changed and are set back."""
    kept = pneumothorax_model.threshold, pneumothorax_model.mask_threshold
    yield pneumothorax_model
    pneumothorax_model.threshold, pneumothorax_model.mask_threshold = kept


@pytest.mark.parametrize("directions", STORED, ids="\\".join)
def test_a_film_stored_otherwise_gets_the_same_prediction_in_its_own_grid(
    pneumothorax_model: PneumothoraxModel, sample_film: Film, directions: tuple[str, str]
) -> None:
    store = STORED[directions]
    upright = pneumothorax_model.predict(sample_film)
    lying = pneumothorax_model.predict(
        np.ascontiguousarray(store(sample_film)), turn_to_standard(*directions)
    )
    assert lying.probability.shape == store(sample_film).shape
    np.testing.assert_allclose(lying.probability, store(upright.probability), atol=1e-3)
    assert lying.score == pytest.approx(upright.score, abs=1e-3)


@pytest.mark.parametrize("directions", STORED, ids="\\".join)
def test_lung_fields_keep_the_patients_sides_however_the_film_is_stored(
    lung_model: LungFieldModel, sample_film: Film, directions: tuple[str, str]
) -> None:
    store = STORED[directions]
    upright = lung_model.predict(sample_film)
    lying = lung_model.predict(np.ascontiguousarray(store(sample_film)), turn_to_standard(*directions))
    for side in (Side.RIGHT, Side.LEFT):
        np.testing.assert_array_equal(lying.lungs.of(side), store(upright.lungs.of(side)))
    assert lying.frontal_logit == pytest.approx(upright.frontal_logit, abs=1e-3)


def test_the_right_lung_lies_at_the_left_of_the_usual_display(
    lung_model: LungFieldModel, sample_film: Film
) -> None:
    lungs = lung_model.predict(sample_film).lungs
    right, left = (np.argwhere(field)[:, 1].mean() for field in (lungs.right, lungs.left))
    assert right < sample_film.shape[1] / 2 < left
    assert not (lungs.right & lungs.left).any()
    for field in (lungs.right, lungs.left):
        assert 0.05 < field.mean() < 0.3
    np.testing.assert_array_equal(lungs.of(Side.UNKNOWN), lungs.right | lungs.left)


def test_a_mirrored_film_without_its_orientation_swaps_the_sides(
    lung_model: LungFieldModel, sample_film: Film
) -> None:
    """Nothing in the pixels says which side is which: the header must."""
    upright = lung_model.predict(sample_film).lungs
    mirrored = lung_model.predict(np.ascontiguousarray(sample_film[:, ::-1])).lungs
    overlap = (mirrored.right & upright.left[:, ::-1]).sum() / upright.left.sum()
    assert overlap > 0.9
    assert (mirrored.right & upright.right[:, ::-1]).sum() < 0.1 * upright.right.sum()


def test_the_network_knows_no_side(pneumothorax_model: PneumothoraxModel, sample_film: Film) -> None:
    def difference(film: Film) -> float:
        upright = pneumothorax_model.predict(film)
        mirrored = pneumothorax_model.predict(np.ascontiguousarray(film[:, ::-1]))
        return float(np.abs(mirrored.probability[:, ::-1] - upright.probability).max())

    # Two pixels of the film to each of the grid's: both ways round give the same numbers.
    edge = 2 * pneumothorax_model.card.size
    assert difference(np.asarray(cv2.resize(sample_film, (edge, edge)), np.float32)) < 1e-5
    # Elsewhere the last bit of a resampled pixel may differ, and half precision makes more of it.
    assert difference(sample_film) < 0.01


def test_the_score_is_the_mean_logit_of_the_film_and_its_mirror_image(
    pneumothorax_model: PneumothoraxModel, sample_film: Film
) -> None:
    grid, transform = pneumothorax_model.prepare(sample_film)
    assert grid.shape == (1, 1, transform.size, transform.size)
    with torch.inference_mode():
        logits = pneumothorax_model.score(torch.cat([grid, grid.flip(-1)]))
    assert logits.shape == (2,)
    prediction = pneumothorax_model.predict(sample_film)
    # Half precision on processors with matrix units: three digits.
    assert prediction.score == pytest.approx(float(torch.sigmoid(logits.mean())), abs=0.02)
    assert 0 <= prediction.score <= 1
    assert prediction.card_id == pneumothorax_model.card.card_id


def test_the_score_can_be_explained_by_gradients(
    pneumothorax_model: PneumothoraxModel, sample_film: Film
) -> None:
    grid, _ = pneumothorax_model.prepare(sample_film)
    grid.requires_grad_(True)
    pneumothorax_model.score(grid).sum().backward()
    assert torch.isfinite(grid.grad).all()
    assert float(grid.grad.abs().max()) > 0
    assert all(not parameter.requires_grad for parameter in pneumothorax_model.network.parameters())


def test_a_score_below_the_threshold_means_an_empty_mask(
    free_model: PneumothoraxModel, sample_film: Film
) -> None:
    free_model.threshold, free_model.mask_threshold = 1.1, 0.0
    prediction = free_model.predict(sample_film)
    assert not prediction.present
    assert prediction.instances == ()
    assert not prediction.mask.any()
    assert prediction.notices == ()


def test_a_positive_film_without_a_certain_region_says_so(
    free_model: PneumothoraxModel, sample_film: Film
) -> None:
    free_model.threshold, free_model.mask_threshold = 0.0, 1.1
    prediction = free_model.predict(sample_film)
    assert prediction.present
    assert prediction.instances == ()
    assert prediction.notices == (
        "Attention U-Net: the image score is above its threshold, but no region is certain enough to be "
        "outlined.",
    )


def test_findings_take_their_sides_from_the_lung_fields(
    free_model: PneumothoraxModel, sample_film: Film
) -> None:
    halves = np.zeros((2, *sample_film.shape), np.bool_)
    halves[0, :, :235], halves[1, :, 235:] = True, True
    free_model.threshold, free_model.mask_threshold = 0.0, 0.0
    prediction = free_model.predict(sample_film, lungs=LungFields(halves[0], halves[1], "drawn"))
    assert {i.side for i in prediction.instances} == {Side.RIGHT, Side.LEFT}
    assert prediction.mask.all()
    for instance in prediction.instances:
        assert instance.score == pytest.approx(float(prediction.probability[instance.mask].max()))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_pixels_that_are_no_numbers_are_refused(
    pneumothorax_model: PneumothoraxModel, lung_model: LungFieldModel, bad: float
) -> None:
    pixels = np.random.default_rng(0).random((80, 90)).astype(np.float32)
    pixels[3, 4] = bad
    for model in (pneumothorax_model, lung_model):
        with pytest.raises(ValueError, match="not finite"):
            model.predict(pixels)


@pytest.mark.parametrize("squashed", [True, False], ids=["half the rows", "half the columns"])
def test_a_film_with_unequal_pixel_spacing_is_seen_undistorted(
    lung_model: LungFieldModel, pneumothorax_model: PneumothoraxModel, sample_film: Film, squashed: bool
) -> None:
    step = (2, 1) if squashed else (1, 2)
    stored = np.ascontiguousarray(sample_film[:: step[0], :: step[1]])
    turn = turn_to_standard("L", "F", step[0] / step[1])
    whole, view = lung_model.predict(sample_film), lung_model.predict(stored, turn)
    assert view.frontal_logit > 0
    assert view.frontal_logit == pytest.approx(whole.frontal_logit, rel=0.1)
    for side in (Side.RIGHT, Side.LEFT):
        mask, expected = view.lungs.of(side), whole.lungs.of(side)[:: step[0], :: step[1]]
        assert mask.shape == expected.shape
        assert 2 * (mask & expected).sum() / (mask.sum() + expected.sum()) > 0.98
    upright, found = pneumothorax_model.predict(sample_film), pneumothorax_model.predict(stored, turn)
    assert found.score == pytest.approx(upright.score, abs=0.05)
    assert np.abs(found.probability - upright.probability[:: step[0], :: step[1]]).mean() < 0.01
    # As it lies in the file, squashed or narrow, it is another film to the networks.
    distorted = pneumothorax_model.predict(stored).score
    assert abs(distorted - upright.score) > 2 * abs(found.score - upright.score)
    if not squashed:
        assert lung_model.predict(stored).frontal_logit < 0
