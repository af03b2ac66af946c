"""The whole pass over one image: what is refused and why, and what a scored film comes with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import resources
from explain.methods import METHODS
from explain.target import Target
from models.cards import main_models
from ptx_viewer.analysis import Analyser, check_options
from ptx_viewer.eligibility import header_refusal
from ptx_viewer.explaining import below_cutoff
from ptx_viewer.progress import Cancelled
from ptx_viewer.results import AnalysisOptions
from ptx_viewer.study.image import Acquisition, Image2D
from ptx_viewer.study.read import read_image
from ptx_viewer.study.scan import scan

SAMPLE = Path(resources.__file__).parent / "sample_study" / "current-with-pneumothorax.dcm"
ONE = ("attention-unet",)
QUICK = AnalysisOptions(ONE, explain=())


@pytest.fixture(scope="module")
def film() -> Image2D:
    """The sample film, smaller and a little wider than it was: its areas are not those of a chest."""
    (entry,) = scan([SAMPLE]).instances()
    image = read_image(entry)
    small = cv2.resize(image.pixels, (560, 512), interpolation=cv2.INTER_AREA)
    return replace(image, pixels=small, raw=small)


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser("cpu")


@pytest.fixture(scope="module")
def analysis(analyser, film):
    return analyser.analyse(film, AnalysisOptions(ONE))


def taken(film: Image2D, **values: object) -> Image2D:
    return replace(film, acquisition=replace(film.acquisition, **values))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"modality": "CT"}, "a CT slice"),
        ({"modality": "CT", "image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "a CT localiser"),
        ({"modality": "MR"}, "the modality is MR"),
        ({"modality": "MG"}, "the modality is MG"),
        ({"body_part": "HAND"}, "another body part (hand)"),
        ({"body_part": "ABDOMEN"}, "another body part (abdomen)"),
        ({"view_position": "LL"}, "a lateral view"),
        ({"view_position": " ll "}, "a lateral view"),
        ({"view_position": "LATERAL"}, "a lateral view"),
        ({"number_of_frames": 12}, "a sequence of 12 frames"),
    ],
)
def test_what_the_header_rules_out_is_refused_unseen(analyser, film, values, words):
    steps = []
    analysis = analyser.analyse(taken(film, **values), progress=lambda _f, message: steps.append(message))
    assert words in analysis.refused
    assert analysis.image_key == film.reference.key
    assert (analysis.predictions, analysis.attributions, analysis.measurements) == ((), (), ())
    assert analysis.lung_fields is None
    assert steps == ["Checking the view"]


@pytest.mark.parametrize(
    "values",
    [
        *({"modality": modality} for modality in ("CR", "DX", "RG", "SC", "OT", "")),
        *({"body_part": part} for part in ("", "CHEST", "Chest PA", "THORAX", "LUNG", "RIBS")),
        *({"view_position": view} for view in ("", "PA", "AP")),
    ],
)
def test_no_frontal_chest_film_and_no_silent_header_is_ruled_out(film, values):
    assert header_refusal(taken(film, **values)) is None


def test_colour_is_refused(analyser, film):
    coloured = replace(film, colour=np.zeros((*film.shape, 3), dtype=np.uint8))
    assert "colour" in analyser.analyse(coloured).refused


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.full((300, 300), 0.4, dtype=np.float32), "blank"),
        (np.indices((300, 300)).sum(axis=0).astype(np.float32) % 2, "few grey levels"),
        (np.linspace(0, 1, 3000, dtype=np.float32).reshape(60, 50), "50 × 60 pixels"),
    ],
)
def test_a_picture_that_holds_nothing_is_refused(analyser, film, pixels, words):
    analysis = analyser.analyse(replace(film, pixels=pixels, raw=pixels))
    assert words in analysis.refused
    assert analysis.predictions == ()


def test_noise_is_no_chest(analyser, film):
    noise = np.random.default_rng(0).random((400, 400), dtype=np.float32)
    analysis = analyser.analyse(replace(film, pixels=noise, raw=noise))
    assert analysis.refused
    assert analysis.predictions == ()


def test_a_negative_is_refused(analyser, film):
    negative = 1.0 - film.pixels
    assert analyser.analyse(replace(film, pixels=negative, raw=negative)).refused


def test_a_reader_who_overrides_gets_results_and_keeps_the_reason(analyser, film):
    lateral = taken(film, view_position="LL")
    analysis = analyser.analyse(lateral, replace(QUICK, override_refusal=True))
    assert "a lateral view" in analysis.refused
    (prediction,) = analysis.predictions
    assert prediction.probability.shape == film.shape


def test_a_scored_film_comes_with_lungs_outline_reason_and_measures(analysis, film):
    assert analysis.refused is None
    (prediction,) = analysis.predictions
    assert prediction.model == "attention-unet"
    assert prediction.probability.dtype == np.float32
    assert prediction.probability.shape == film.shape
    assert 0 <= prediction.probability.min() <= prediction.probability.max() <= 1
    assert prediction.present == (prediction.score >= prediction.threshold)
    if not prediction.present:
        assert prediction.instances == ()
    for instance in prediction.instances:
        assert (prediction.probability[instance.mask] >= prediction.mask_threshold).all()
        assert instance.score == pytest.approx(prediction.probability[instance.mask].max())
    assert sum(i.mask.sum() for i in prediction.instances) == prediction.mask.sum()
    (attribution,) = analysis.attributions
    assert attribution.heatmap.shape == film.shape
    assert attribution.heatmap.min() >= 0
    assert attribution.heatmap.max() == pytest.approx(1.0, abs=1e-6) or not attribution.heatmap.any()
    assert attribution.faithfulness.verdict in {"yes", "weakly", "no"}
    assert {m.side for m in analysis.measurements} == {i.side.value for i in prediction.instances}


def test_the_main_models_answer_unless_told_otherwise(analyser, film):
    answers = analyser.analyse(film, AnalysisOptions(explain=())).predictions
    assert [answer.model for answer in answers] == list(main_models())


def test_findings_are_explained_each_and_a_film_without_one_says_so(analyser, film, analysis):
    made = analyser.analyse(film, AnalysisOptions(ONE, target="findings"))
    (prediction,) = made.predictions
    assert len(made.attributions) == len(prediction.instances)
    assert all(attribution.target.startswith("finding (") for attribution in made.attributions)
    sentence = "attention-unet outlined no finding, so there is none to explain."
    assert (sentence in made.notices) == (not prediction.instances)


def test_a_map_s_reason_is_held_against_the_answer_of_its_own_model(analysis):
    (prediction,), (attribution,) = analysis.predictions, analysis.attributions
    reason = below_cutoff(attribution, Target.image_score(), prediction)
    assert attribution.below_cutoff == reason
    if not prediction.present:
        assert reason


def test_the_patient_s_right_lung_is_at_the_left_of_the_film(analysis):
    right, left = analysis.lung_fields.right, analysis.lung_fields.left
    assert right.any()
    assert left.any()
    assert not (right & left).any()
    assert np.flatnonzero(right.any(axis=0)).mean() < np.flatnonzero(left.any(axis=0)).mean()


def test_the_same_film_gives_the_same_answer(analyser, film, analysis):
    again = analyser.analyse(film, AnalysisOptions(ONE))
    assert again.predictions[0].score == analysis.predictions[0].score
    assert np.array_equal(again.predictions[0].probability, analysis.predictions[0].probability)
    assert np.array_equal(again.attributions[0].heatmap, analysis.attributions[0].heatmap)
    assert again.attributions[0].faithfulness == analysis.attributions[0].faithfulness
    assert again.measurements == analysis.measurements


def test_progress_only_grows_and_cancelling_ends_the_pass(analyser, film):
    seen = []
    analyser.analyse(film, QUICK, lambda fraction, message: seen.append((fraction, message)))
    fractions = [fraction for fraction, _message in seen]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)

    def cancel(_fraction: float, message: str) -> None:
        if "attention-unet" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        analyser.analyse(film, QUICK, cancel)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (AnalysisOptions(models=("unet-9",)), "unknown model 'unet-9'; there are: attention-unet"),
        (AnalysisOptions(explain=("astrology",)), "unknown explanation 'astrology'; there are: grad-cam"),
        (
            AnalysisOptions(target="everything"),
            "unknown target 'everything'; there are: image-score, findings",
        ),
    ],
)
def test_unknown_names_are_answered_with_the_choices(analyser, film, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_options(options)
    with pytest.raises(ValueError, match=sentence):
        analyser.analyse(film, options)


def test_what_is_run_by_default_is_known():
    check_options(AnalysisOptions(models=main_models(), explain=METHODS))
    check_options(AnalysisOptions())


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="unknown device 'abacus'"):
        Analyser("abacus")


def test_the_sample_is_taken_as_the_film_that_it_is(film):
    assert isinstance(film.acquisition, Acquisition)
    assert film.acquisition.modality == "DX"
    assert (film.acquisition.body_part, film.acquisition.view_position) == ("CHEST", "PA")


@pytest.mark.parametrize(("down", "across"), [(2, 1), (1, 2)], ids=["half the rows", "half the columns"])
def test_unequal_pixel_spacing_changes_neither_the_answer_nor_a_millimetre(analyser, down, across):
    """The sample film with every second row, or column, left out and the spacing doubled along it."""
    (entry,) = scan([SAMPLE]).instances()
    whole = read_image(entry)
    pixels = np.ascontiguousarray(whole.pixels[::down, ::across])
    spacing = replace(
        whole.spacing,
        row_mm=whole.spacing.row_mm * down,
        column_mm=whole.spacing.column_mm * across,
    )
    stored = replace(whole, pixels=pixels, raw=pixels, spacing=spacing)
    assert stored.pixel_height == down / across
    before, after = (
        analyser.analyse(image, AnalysisOptions(ONE, explain=("grad-cam",))) for image in (whole, stored)
    )
    assert before.refused is None
    assert after.refused is None
    assert after.predictions[0].score == pytest.approx(before.predictions[0].score, abs=0.02)
    (finding,), (expected,) = (analysis.predictions[0].instances for analysis in (before, after))
    assert expected.mask.shape == pixels.shape
    assert finding.side is expected.side
    kept, there = finding.mask[::down, ::across], expected.mask
    assert 2 * (kept & there).sum() / (kept.sum() + there.sum()) > 0.98
    heatmap, other = before.attributions[0].heatmap, after.attributions[0].heatmap
    assert other.shape == pixels.shape
    assert np.abs(other - heatmap[::down, ::across]).mean() < 0.02
    shown = {(m.name, m.side): m for m in after.measurements}
    assert len(shown) == len(before.measurements)
    measured = [m for m in before.measurements if m.valid and m.unit in ("mm", "mm²", "%")]
    assert len(measured) >= 6
    for was in measured:
        now = shown[was.name, was.side]
        assert now.value == pytest.approx(was.value, rel=0.03, abs=2.0), was.name
        if was.construction is not None:
            for one, two in zip(was.construction.segments, now.construction.segments, strict=True):
                assert two.length(spacing) == pytest.approx(one.length(whole.spacing), rel=0.03, abs=2.0)
