"""What is asked of the networks about a map, and when a map must not be taken for a finding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explain.attribution import Attribution, Provenance
from explain.target import Target
from models.prediction import Box, Instance, Prediction, Side
from ptx_viewer.engine_process import failure_sentence
from ptx_viewer.explaining import below_cutoff, cache_folder, targets_of
from ptx_viewer.results import FAILED, MAP_FAILED, MAP_NO_MEMORY, NO_MEMORY

SHAPE = (20, 30)


def square(top: int, left: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[top : top + 4, left : left + 4] = True
    return mask


def prediction(score: float = 0.9, sides: tuple[Side, ...] = (Side.RIGHT,)) -> Prediction:
    probability = np.full(SHAPE, 0.1, np.float32)
    instances = []
    for place, side in enumerate(sides):
        mask = square(2, 2 + 6 * place)
        probability[mask] = 0.8
        instances.append(Instance(mask, Box.around(mask), 0.8, side))
    return Prediction("unet", "unet-1", probability, score, 0.41, 0.5, tuple(instances), 0.1, "cpu")


def made(effect: float = 2.0) -> Attribution:
    how = Provenance("captum", None, None, None, None, effect=effect, negligible=effect < 0.1)
    return Attribution("grad-cam", "unet", "image score", np.ones(SHAPE, np.float32), False, 0.1, how)


def test_the_image_score_is_held_against_the_model_s_threshold():
    assert below_cutoff(made(), Target.image_score(), prediction(0.41)) is None
    assert below_cutoff(made(), Target.image_score(), prediction(0.40)) == "score 0.40, cut-off 0.41"


def test_a_region_needs_one_pixel_at_the_pixel_threshold():
    image = prediction(score=0.2)
    assert below_cutoff(made(), Target.region(square(5, 5)), image) is None
    elsewhere = below_cutoff(made(), Target.region(square(12, 20)), image)
    assert elsewhere == "probability inside at most 0.10, cut-off 0.50"


def test_a_map_that_hardly_moves_the_score_shows_no_evidence_whatever_the_score():
    reason = below_cutoff(made(effect=0.05), Target.image_score(), prediction())
    assert reason == "everything on the film together moves the score by 0.05 logits"


def test_a_map_without_any_effect_says_so_instead_of_naming_a_nought():
    none = made(effect=0.0)
    reasons = [
        below_cutoff(replace(none, signed=each), Target.image_score(), prediction()) for each in (True, False)
    ]
    # An unsigned map knows what raises the score alone.
    assert reasons == ["nothing on the film moves the score", "nothing on the film raises the score"]


def test_without_an_answer_only_the_effect_counts():
    assert below_cutoff(made(), Target.image_score(), None) is None


def test_findings_on_one_side_are_numbered():
    answer = prediction(sides=(Side.RIGHT, Side.LEFT, Side.RIGHT))
    targets = targets_of("findings", answer)
    assert [target.description for target in targets] == [
        "finding (right 1)",
        "finding (left)",
        "finding (right 2)",
    ]
    for target, instance in zip(targets, answer.instances, strict=True):
        assert np.array_equal(target.mask, instance.mask)
    assert targets_of("findings", prediction(sides=())) == ()


def test_the_image_score_is_one_target():
    (target,) = targets_of("image-score", prediction())
    assert target.mask is None


def test_maps_are_kept_in_the_user_s_cache_folder_and_not_beside_the_films(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "explanations"
    assert "ptx_viewer" in cache_folder().parts


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        ("explain", MemoryError(), MAP_NO_MEMORY),
        (
            "check",
            RuntimeError("DefaultCPUAllocator: can't allocate memory"),
            MAP_NO_MEMORY,
        ),
        ("repeat", RuntimeError("CUDA out of memory."), MAP_NO_MEMORY),
        ("explain", RuntimeError("shapes do not match"), MAP_FAILED),
        ("analyse", RuntimeError("shapes do not match"), FAILED),
        ("analyse", MemoryError(), NO_MEMORY),
    ],
)
def test_what_went_wrong_with_a_map_is_one_sentence_about_the_map(call, error, sentence):
    assert failure_sentence(call, error) == sentence
