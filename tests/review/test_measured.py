from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.prediction import Side
from ptx_viewer.measure.area import NAME as AREA
from ptx_viewer.measure.film import measure_film
from ptx_viewer.measure.hemithorax import NAME as SHARE
from ptx_viewer.measure.tension import SHIFT
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.edits import accept, add_finding, reject, repaint
from ptx_viewer.review.from_analysis import review_from_analysis
from ptx_viewer.review.measured import current_measurements
from ptx_viewer.review.review import ImageReview
from ptx_viewer.study.spacing import Spacing, SpacingBasis

Rectangle = Callable[[int, int, int, int], np.ndarray]
# 1 mm × 1 mm: pixels are square millimetres.  Suggested: right 80 px, left 30 px; fields 600 px each.
MM = Spacing(1.0, 1.0, SpacingBasis.PATIENT)


def values(review: ImageReview, analysis: ImageAnalysis | None) -> dict[tuple[str, str, str], float | None]:
    short = {AREA: "area", SHARE: "share"}
    return {
        (m.model, m.side, short[m.name]): m.value
        for m in current_measurements(review, analysis, MM)
        if m.name in short
    }


def test_untouched_it_is_what_the_analysis_measured(analysis: ImageAnalysis) -> None:
    masks = {i.side: i.mask for i in analysis.predictions[0].instances}
    prediction = analysis.predictions[0]
    expected = measure_film(
        masks,
        analysis.lung_fields,
        MM,
        "attention-unet",
        probability=prediction.probability,
        mask_threshold=prediction.mask_threshold,
    )
    review = review_from_analysis(analysis)
    assert current_measurements(review, analysis, MM) == expected
    assert values(review, analysis) == {
        ("attention-unet", "right", "area"): 80.0,
        ("attention-unet", "right", "share"): pytest.approx(100 * 80 / 600),
        ("attention-unet", "left", "area"): 30.0,
        ("attention-unet", "left", "share"): pytest.approx(5.0),
    }


def test_accepting_changes_no_number(analysis: ImageAnalysis) -> None:
    review = review_from_analysis(analysis)
    assert values(accept(review, "attention-unet-1"), analysis) == values(review, analysis)


def test_rejecting_takes_the_finding_out(analysis: ImageAnalysis) -> None:
    review = reject(review_from_analysis(analysis), "attention-unet-1")
    assert set(values(review, analysis)) == {
        ("attention-unet", "left", "area"),
        ("attention-unet", "left", "share"),
    }


def test_an_edited_finding_is_the_readers(analysis: ImageAnalysis, rectangle: Rectangle) -> None:
    review = repaint(review_from_analysis(analysis), "attention-unet-1", rectangle(5, 5, 6, 20))
    assert values(review, analysis) == {
        ("attention-unet", "left", "area"): 30.0,
        ("attention-unet", "left", "share"): pytest.approx(5.0),
        ("reader", "right", "area"): 120.0,
        ("reader", "right", "share"): pytest.approx(20.0),
    }


def test_painting_back_to_the_suggestion_gives_it_back_to_the_model(
    analysis: ImageAnalysis, rectangle: Rectangle
) -> None:
    start = review_from_analysis(analysis)
    edited = repaint(start, "attention-unet-1", rectangle(5, 5, 6, 20))
    back = repaint(edited, "attention-unet-1", rectangle(5, 5, 4, 20))
    assert values(back, analysis) == values(start, analysis)


def test_the_readers_total_holds_what_was_accepted_on_that_side(
    analysis: ImageAnalysis, rectangle: Rectangle
) -> None:
    # Drawn: rows 7..12, 6 × 20 = 120 px, of which 2 × 20 overlap the suggestion's rows 5..8.
    start = add_finding(review_from_analysis(analysis), rectangle(7, 5, 6, 20), Side.RIGHT)
    assert values(start, analysis)["reader", "right", "area"] == 120.0
    accepted = accept(accept(start, "attention-unet-1"), "attention-unet-2")
    found = values(accepted, analysis)
    assert found["reader", "right", "area"] == 80 + 120 - 40
    assert found["attention-unet", "right", "area"] == 80.0
    # Nothing was edited on the left: the model's line says it all.
    assert ("reader", "left", "area") not in found


def test_a_rejected_edit_is_not_measured(analysis: ImageAnalysis, rectangle: Rectangle) -> None:
    review = repaint(review_from_analysis(analysis), "attention-unet-1", rectangle(5, 5, 6, 20))
    review = reject(add_finding(review, rectangle(7, 5, 6, 20), Side.RIGHT), "reader-1")
    review = reject(review, "attention-unet-1")
    assert set(values(review, analysis)) == {
        ("attention-unet", "left", "area"),
        ("attention-unet", "left", "share"),
    }


def test_a_finding_painted_to_nothing_is_not_measured(analysis: ImageAnalysis) -> None:
    review = repaint(review_from_analysis(analysis), "attention-unet-1", np.zeros((40, 60), dtype=bool))
    assert set(values(review, analysis)) == {
        ("attention-unet", "left", "area"),
        ("attention-unet", "left", "share"),
    }


def test_each_model_is_measured_for_itself(make_analysis: Callable[..., ImageAnalysis]) -> None:
    analysis = make_analysis("attention-unet", "mask-rcnn")
    one, two = analysis.predictions
    # Each outlines one side, so that both are put to the reader.
    one, two = replace(one, instances=one.instances[:1]), replace(two, instances=two.instances[1:])
    analysis = replace(analysis, predictions=(one, two))
    review = review_from_analysis(analysis)
    areas = {key: value for key, value in values(review, analysis).items() if key[2] == "area"}
    assert areas == {("attention-unet", "right", "area"): 80.0, ("mask-rcnn", "left", "area"): 30.0}
    rest = values(reject(review, "mask-rcnn-1"), analysis)
    assert {key[:2] for key in rest} == {("attention-unet", "right")}


def test_air_that_another_source_outlines_switches_the_hints_at_tension_off(
    make_analysis: Callable[..., ImageAnalysis],
) -> None:
    """No side is left to compare with, whoever found the air there."""
    analysis = make_analysis("attention-unet", "mask-rcnn")
    one, two = analysis.predictions
    one, two = replace(one, instances=one.instances[:1]), replace(two, instances=two.instances[1:])
    analysis = replace(analysis, predictions=(one, two))
    review = review_from_analysis(analysis)

    def reasons(review: ImageReview) -> dict[str, str | None]:
        found = current_measurements(review, analysis, MM)
        return {m.model: m.why_not for m in found if m.name == SHIFT}

    both = "there is air on both sides: no side to compare with"
    assert reasons(review) == {"attention-unet": both, "mask-rcnn": both}
    assert reasons(reject(review, "mask-rcnn-1")) == {"attention-unet": None}
    moved = np.roll(review.findings[1].mask, 1, axis=0)
    assert reasons(repaint(review, "mask-rcnn-1", moved)) == {"attention-unet": both, "reader": both}


def test_without_analysis_a_drawn_finding_has_an_area_but_no_share(rectangle: Rectangle) -> None:
    review = add_finding(ImageReview("1#0"), rectangle(0, 0, 4, 5), Side.LEFT)
    area, share = current_measurements(review, None, None)[:2]
    assert (area.model, area.value, area.unit) == ("reader", 20.0, "px²")
    assert (share.valid, share.why_not) == (False, "the lung fields were not outlined")
