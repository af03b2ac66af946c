from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.prediction import Side
from ptx_viewer.results import ImageAnalysis
from ptx_viewer.review.edits import accept, add_finding, reject, repaint, set_impression, set_verdict, sign
from ptx_viewer.review.from_analysis import review_from_analysis
from ptx_viewer.review.review import Decision, ImageReview, Verdict
from ptx_viewer.review.store import ImageStatus, ReviewStore, StoreError

MakeAnalysis = Callable[..., ImageAnalysis]


def test_a_review_comes_back_after_a_restart(path: Path, analysis: ImageAnalysis) -> None:
    painted = np.zeros((40, 60), dtype=bool)
    painted[3:9, 7:31:2] = True
    review = repaint(review_from_analysis(analysis), "attention-unet-1", painted)
    review = add_finding(accept(review, "attention-unet-2"), painted[:, ::-1], Side.LEFT)
    review = set_verdict(set_impression(review, "Apical, 右側. \ud83e lone surrogate"), Verdict.PNEUMOTHORAX)
    review = sign(review, "A. Reader")
    with ReviewStore(path) as store:
        store.save(review)
    with ReviewStore(path) as store:
        loaded = store.load("1.2.3#0")
    assert loaded is not None
    assert replace(loaded, findings=()).__dict__ == replace(review, findings=()).__dict__
    for found, expected in zip(loaded.findings, review.findings, strict=True):
        assert (found.finding_id, found.source, found.side, found.score, found.decision, found.edited) == (
            expected.finding_id,
            expected.source,
            expected.side,
            expected.score,
            expected.decision,
            expected.edited,
        )
        np.testing.assert_array_equal(found.mask, expected.mask)
        if expected.suggested is None:
            assert found.suggested is None
        else:
            np.testing.assert_array_equal(found.suggested, expected.suggested)


def test_an_analysis_comes_back_with_exact_masks(path: Path, make_analysis: MakeAnalysis) -> None:
    analysis = make_analysis("attention-unet", "mask-rcnn")
    with ReviewStore(path) as store:
        store.save_analysis(analysis)
    with ReviewStore(path) as store:
        loaded = store.load_analysis("1.2.3#0")
    assert loaded is not None
    assert loaded.measurements == analysis.measurements
    assert loaded.notices == analysis.notices
    assert loaded.lung_fields is not None
    assert analysis.lung_fields is not None
    np.testing.assert_array_equal(loaded.lung_fields.left, analysis.lung_fields.left)
    for found, expected in zip(loaded.predictions, analysis.predictions, strict=True):
        assert (found.model, found.score, found.present) == (expected.model, expected.score, True)
        assert found.notices == expected.notices
        np.testing.assert_array_equal(found.mask, expected.mask)
        assert [i.box for i in found.instances] == [i.box for i in expected.instances]
        np.testing.assert_allclose(found.probability, expected.probability, atol=0.5 / 65535 + 1e-7)
    (heatmap,), (expected_heatmap,) = loaded.attributions, analysis.attributions
    assert heatmap.provenance == expected_heatmap.provenance
    assert heatmap.faithfulness == expected_heatmap.faithfulness
    np.testing.assert_allclose(heatmap.heatmap, expected_heatmap.heatmap, atol=0.5 / 32767 + 1e-7)
    assert np.all(heatmap.heatmap[0, :10] == 0)


def test_what_was_never_saved_is_none(store: ReviewStore) -> None:
    assert store.load("9#0") is None
    assert store.load_analysis("9#0") is None


def test_saving_again_replaces_the_earlier_review_and_its_masks(
    store: ReviewStore, analysis: ImageAnalysis
) -> None:
    review = add_finding(review_from_analysis(analysis), np.ones((40, 60), dtype=bool), Side.LEFT)
    store.save(review)
    shorter = replace(review, findings=review.findings[:1])
    store.save(shorter)
    loaded = store.load(review.image_key)
    assert loaded is not None
    assert [f.finding_id for f in loaded.findings] == ["attention-unet-1"]
    with sqlite3.connect(store.path) as reader:
        assert reader.execute("SELECT count(*) FROM review_array").fetchone() == (1,)
    reader.close()


def test_an_image_and_another_frame_of_it_are_kept_apart(store: ReviewStore) -> None:
    store.save(ImageReview("1.2.3#0", impression="first"))
    store.save(ImageReview("1.2.3#1", impression="second"))
    first, second = store.load("1.2.3#0"), store.load("1.2.3#1")
    assert first is not None
    assert second is not None
    assert (first.impression, second.impression) == ("first", "second")


def test_what_cannot_be_kept_is_refused_and_the_earlier_stays(
    store: ReviewStore, analysis: ImageAnalysis
) -> None:
    store.save_analysis(analysis)
    prediction = analysis.predictions[0]
    bad_map = replace(prediction, probability=np.full((40, 60), np.nan, dtype=np.float32))
    with pytest.raises(StoreError, match="cannot be saved: a map with values that are not numbers"):
        store.save_analysis(replace(analysis, predictions=(bad_map,)))
    with pytest.raises(StoreError, match="cannot be saved"):
        store.save_analysis(replace(analysis, predictions=(replace(prediction, score=float("nan")),)))
    loaded = store.load_analysis(analysis.image_key)
    assert loaded is not None
    assert loaded.predictions[0].score == 0.93


def test_statuses(store: ReviewStore, make_analysis: MakeAnalysis) -> None:
    def analysed(key: str, *, found: bool = True) -> ImageAnalysis:
        analysis = make_analysis("attention-unet", image_key=key, found=found)
        store.save_analysis(analysis)
        return analysis

    analysed("found")
    analysed("clear", found=False)
    store.save_analysis(ImageAnalysis("refused", refused="This is a lateral view."))
    review = review_from_analysis(analysed("rejected"))
    store.save(reject(reject(review, "attention-unet-1"), "attention-unet-2"))
    signed = set_verdict(review_from_analysis(analysed("signed")), Verdict.PNEUMOTHORAX)
    store.save(sign(signed, "A. Reader"))
    drawn = add_finding(
        review_from_analysis(analysed("drawn", found=False)), np.ones((40, 60), bool), Side.LEFT
    )
    store.save(drawn)
    emptied = repaint(drawn, "reader-1", np.zeros((40, 60), dtype=bool))
    store.save(replace(emptied, image_key="emptied", verdict=Verdict.NONE_FOUND))

    keys = ["signed", "found", "clear", "refused", "rejected", "drawn", "emptied", "never seen"]
    assert store.statuses(keys) == {
        "signed": ImageStatus(True, False, True, Verdict.PNEUMOTHORAX, True),
        "found": ImageStatus(analysed=True, finding=True),
        "clear": ImageStatus(analysed=True),
        "refused": ImageStatus(analysed=True, refused=True),
        "rejected": ImageStatus(analysed=True),
        "drawn": ImageStatus(analysed=True, finding=True),
        "emptied": ImageStatus(verdict=Verdict.NONE_FOUND),
        "never seen": ImageStatus(),
    }
    assert list(store.statuses(keys)) == keys
    assert store.statuses([]) == {}


def test_who_answered_is_known_without_loading_the_maps(
    store: ReviewStore, make_analysis: MakeAnalysis
) -> None:
    store.save_analysis(make_analysis("attention-unet", "mask-rcnn", image_key="two"))
    store.save_analysis(make_analysis("unet", image_key="one"))
    store.save_analysis(ImageAnalysis("refused", refused="This is a lateral view."))
    two = make_analysis("attention-unet", "mask-rcnn").answered_by
    assert [model for model, _card in two] == ["attention-unet", "mask-rcnn"]
    assert store.answered_by(["two", "refused", "never seen"]) == {"two": two}
    assert store.answered_by([]) == {}


def test_a_thousand_statuses_take_one_query(store: ReviewStore) -> None:
    for number in range(0, 1000, 100):
        store.save(ImageReview(f"1.2.{number}#0", verdict=Verdict.NONE_FOUND))
    assert store._connection is not None
    queries: list[str] = []
    store._connection.set_trace_callback(queries.append)
    statuses = store.statuses(f"1.2.{number}#0" for number in range(1000))
    store._connection.set_trace_callback(None)
    assert len(queries) == 1
    assert len(statuses) == 1000
    assert sum(status.verdict is Verdict.NONE_FOUND for status in statuses.values()) == 10


def test_decisions_survive(store: ReviewStore, analysis: ImageAnalysis) -> None:
    review = reject(accept(review_from_analysis(analysis), "attention-unet-1"), "attention-unet-2")
    store.save(review)
    loaded = store.load(review.image_key)
    assert loaded is not None
    assert [f.decision for f in loaded.findings] == [Decision.ACCEPTED, Decision.REJECTED]
    assert loaded.audit == review.audit
