"""Reviews of CT series: sliced masks, edits with their trail, undo, the store, and what is measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from models.ct import CtSegmentation, Label, air_label
from models.prediction import Side
from ptx_viewer.measure.annotation import AnnotationKind
from ptx_viewer.measure.volume import LUNG, SHARE, VOLUME, measure_volume
from ptx_viewer.results import VolumeAnalysis
from ptx_viewer.review.annotating import add_plane_annotation, move_annotation, remove_annotation
from ptx_viewer.review.edits import ReviewLocked, accept, reject, reopen, set_impression, sign, unsign
from ptx_viewer.review.history import EditHistory
from ptx_viewer.review.review import Decision, Verdict
from ptx_viewer.review.store import ReviewStore
from ptx_viewer.review.volume import VolumeMask, VolumeReview, series_key
from ptx_viewer.review.volume_edits import (
    add_volume_finding,
    review_from_volume_analysis,
    update_from_volume_analysis,
)
from ptx_viewer.review.volume_measured import (
    VolumeMeter,
    current_volume_measurements,
    reviewed_labels,
)
from ptx_viewer.review.volume_painting import fill_between, repaint_section, repaint_slice
from ptx_viewer.study.image import Acquisition, ImageReference, PatientIdentity, Window
from ptx_viewer.study.planes import Plane
from ptx_viewer.study.volume import Volume

SHAPE = (6, 20, 30)
RIGHT = "ct-threshold-right"
#: Air in slices 1 to 4 at the right, 4 x 5 pixels of 2 x 2 mm, slices 5 mm apart: 4 x 20 x 20 mm³ = 1.6 mL.
AIR = np.s_[1:5, 4:8, 2:7]


@pytest.fixture
def volume() -> Volume:
    values = np.full(SHAPE, 40, np.int16)
    values[:, 4:16, 2:12] = -850
    values[AIR] = -1000
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = (0, 0, -5), (0, 2, 0), (2, 0, 0)
    references = tuple(ImageReference("a", "a", "1", "2", f"3.{i}", "4") for i in range(SHAPE[0]))
    return Volume(
        values, affine, np.arange(6) * 5.0, references, Acquisition("CT"), PatientIdentity(), Window(40, 400)
    )


@pytest.fixture
def analysis(volume) -> VolumeAnalysis:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, 4:16, 2:12] = Label.RIGHT_LUNG
    labels[AIR] = Label.RIGHT_PNEUMOTHORAX
    found = CtSegmentation(labels, -1000.0, {Side.RIGHT: -850.0, Side.LEFT: -850.0})
    measured = measure_volume(
        volume.hounsfield,
        {side: found.of(air_label(side)) for side in (Side.RIGHT, Side.LEFT)},
        {Side.RIGHT: found.right_lung, Side.LEFT: found.left_lung},
        volume.positions_mm, (2.0, 2.0), -1000.0, "ct-threshold",
    )  # fmt: skip
    return VolumeAnalysis("2", segmentation=found, measurements=measured, notices=("Read twice.",), seconds=3)


@pytest.fixture
def review(analysis) -> VolumeReview:
    return review_from_volume_analysis(analysis)


def value(measurements, name, side="right") -> float | None:
    return next((m.value for m in measurements if (m.name, m.side) == (name, side)), None)


def test_a_mask_is_kept_slice_by_slice_and_comes_back():
    dense = np.zeros(SHAPE, np.bool_)
    dense[AIR] = True
    mask = VolumeMask.of(dense)
    assert [plane is None for plane in mask.slices] == [True, False, False, False, False, True]
    assert (mask.shape, mask.voxels) == (SHAPE, 80)
    assert np.array_equal(mask.dense(), dense)
    changed = mask.with_plane(2, np.zeros(SHAPE[1:], np.bool_))
    assert changed.slices[2] is None
    assert changed.slices[1] is mask.slices[1]
    assert not changed.same_as(mask)
    assert changed.with_plane(2, mask.plane(2)).same_as(mask)


def test_an_analysis_becomes_one_suggested_finding_a_side(review):
    (finding,) = review.findings
    assert (finding.finding_id, finding.side, finding.decision) == (RIGHT, Side.RIGHT, Decision.SUGGESTED)
    assert finding.mask.voxels == 80
    assert not finding.edited
    assert review.audit[-1].detail == "pleural air: right"


def test_a_repainted_slice_marks_the_finding_edited_and_shares_the_others(review):
    plane = review.findings[0].mask.plane(2).copy()
    plane[4:8, 7] = True
    painted = repaint_slice(review, RIGHT, 2, plane)
    (finding,) = painted.findings
    assert finding.edited
    assert finding.mask.voxels == 84
    assert finding.mask.slices[3] is review.findings[0].mask.slices[3]
    assert painted.audit[-1].detail == f"{RIGHT}, slice 3: 20 to 24 voxels"
    # The brush goes on in its own array.
    plane[:] = False
    assert finding.mask.voxels == 84
    assert repaint_slice(painted, RIGHT, 2, finding.mask.plane(2)) is painted


def test_one_finding_is_not_painted_over_another(review):
    both = add_volume_finding(review, Side.LEFT, SHAPE)
    everywhere = np.ones(SHAPE[1:], np.bool_)
    painted = repaint_slice(both, "reader-1", 2, everywhere)
    assert painted.findings[1].mask.voxels == 20 * 30 - 20
    assert painted.findings[0].mask.voxels == 80
    freed = repaint_slice(reject(both, RIGHT), "reader-1", 2, everywhere)
    assert freed.findings[1].mask.voxels == 20 * 30


@pytest.mark.parametrize(
    ("index", "plane", "message"),
    [
        (2, np.zeros(SHAPE[1:], np.uint8), "boolean"),
        (2, np.zeros((3, 3), np.bool_), "a slice must be"),
        (6, np.ones(SHAPE[1:], np.bool_), "there is no slice 6 among 6"),
    ],
)
def test_a_slice_that_does_not_fit_is_refused(review, index, plane, message):
    with pytest.raises(ValueError, match=message):
        repaint_slice(review, RIGHT, index, plane)


def test_a_signed_review_refuses_every_change(review):
    signed = sign(accept(review, RIGHT), "Dr. Test")
    for change in (
        lambda: repaint_slice(signed, RIGHT, 2, np.zeros(SHAPE[1:], np.bool_)),
        lambda: reject(signed, RIGHT),
        lambda: add_volume_finding(signed, Side.LEFT, SHAPE),
        lambda: add_plane_annotation(signed, Plane.AXIAL, 1, AnnotationKind.RULER, ((0, 0), (1, 1))),
    ):
        with pytest.raises(ReviewLocked):
            change()
    assert reject(unsign(signed), RIGHT).findings[0].decision is Decision.REJECTED


def test_every_step_can_be_undone_and_redone(review):
    history = EditHistory(review)
    empty = np.zeros(SHAPE[1:], np.bool_)
    history.push(repaint_slice(history.current, RIGHT, 2, empty))
    history.push(accept(history.current, RIGHT))
    history.push(
        add_plane_annotation(history.current, Plane.CORONAL, 7, AnnotationKind.RULER, ((0, 0), (0, 9)))
    )
    history.push(set_impression(history.current, "small"))
    for _ in range(4):
        history.undo()
    assert not history.can_undo
    assert not history.current.findings[0].edited
    assert history.current.annotations == ()
    for _ in range(4):
        history.redo()
    assert history.current.findings[0].mask.voxels == 60
    assert history.current.impression == "small"
    assert history.current.annotations[0].annotation_id == "ruler-1"


def test_a_hundred_strokes_share_what_they_do_not_change(review):
    history = EditHistory(review, max_bytes=SHAPE[0] * 600 * 3)
    plane = np.zeros(SHAPE[1:], np.bool_)
    for column in range(10):
        plane[10, column] = True
        history.push(repaint_slice(history.current, RIGHT, 2, plane))
    for _ in range(9):
        history.undo()
    assert history.current.findings[0].mask.plane(2).sum() == 1


def test_a_new_analysis_keeps_what_the_reader_touched(review, analysis):
    nothing = replace(analysis, segmentation=None, measurements=())
    assert update_from_volume_analysis(review, nothing).findings == ()
    accepted = accept(review, RIGHT)
    assert update_from_volume_analysis(accepted, nothing).findings == accepted.findings
    drawn = add_volume_finding(review, Side.LEFT, SHAPE)
    (left,) = update_from_volume_analysis(drawn, nothing).findings
    assert left.finding_id == "reader-1"
    with pytest.raises(ValueError, match="the review of 2"):
        update_from_volume_analysis(review, replace(nothing, series_instance_uid="9"))


def test_measurements_in_planes_move_and_go(review):
    drawn = add_plane_annotation(review, Plane.SAGITTAL, 3, AnnotationKind.ELLIPSE, ((1, 1), (4, 5)))
    (one,) = drawn.annotations
    assert (one.annotation_id, one.plane, one.index) == ("ellipse-1", Plane.SAGITTAL, 3)
    (moved,) = move_annotation(drawn, "ellipse-1", ((2, 2), (5, 6))).annotations
    assert (moved.points, moved.plane, moved.index) == (((2, 2), (5, 6)), Plane.SAGITTAL, 3)
    assert remove_annotation(drawn, "ellipse-1").annotations == ()


def test_the_store_gives_back_review_and_analysis_as_they_were(review, analysis, tmp_path):
    plane = review.findings[0].mask.plane(2).copy()
    plane[4:8, 7] = True
    kept = repaint_slice(accept(review, RIGHT), RIGHT, 2, plane)
    kept = add_plane_annotation(kept, Plane.CORONAL, 7, AnnotationKind.RULER, ((0.5, 0), (0, 9.25)))
    kept = sign(
        set_impression(kept, "klein, rechts"), "Dr. Test", clock=lambda: datetime(2026, 1, 2, tzinfo=UTC)
    )
    with ReviewStore(tmp_path / "reviews.sqlite3") as store:
        store.save_volume(kept)
        store.save_volume_analysis(analysis)
    with ReviewStore(tmp_path / "reviews.sqlite3") as store:
        back, again = store.load_volume("2"), store.load_volume_analysis("2")
        status = store.statuses([series_key("2")])[series_key("2")]
        assert store.load_volume("3") is None
        assert store.load("2") is None
    assert back is not None
    assert again is not None
    (finding,) = back.findings
    assert finding.mask.same_as(kept.findings[0].mask)
    assert finding.suggested.same_as(kept.findings[0].suggested)
    # What is shared stays shared: an untouched slice takes memory once.
    assert finding.mask.slices[1] is finding.suggested.slices[1]
    assert replace(back, findings=()).content == replace(kept, findings=()).content
    assert (back.signed_by, back.signed_at, back.audit) == (kept.signed_by, kept.signed_at, kept.audit)
    assert np.array_equal(again.segmentation.labels, analysis.segmentation.labels)
    assert again.segmentation.lung_hounsfield == analysis.segmentation.lung_hounsfield
    assert (again.measurements, again.notices) == (analysis.measurements, analysis.notices)
    assert (status.analysed, status.finding, status.signed) == (True, True, True)
    assert status.verdict is Verdict.OPEN


def test_an_untouched_review_measures_what_the_analysis_did(review, analysis, volume):
    assert current_volume_measurements(accept(review, RIGHT), analysis, volume) == analysis.measurements
    assert reviewed_labels(review, analysis.segmentation) is analysis.segmentation.labels


def test_an_erased_slice_is_neither_air_nor_lung(review, analysis, volume):
    erased = repaint_slice(review, RIGHT, 2, np.zeros(SHAPE[1:], np.bool_))
    before, after = analysis.measurements, current_volume_measurements(erased, analysis, volume)
    # One of four equal slices is gone.
    assert value(after, VOLUME) == pytest.approx(0.75 * value(before, VOLUME))
    assert value(after, LUNG) == value(before, LUNG)
    air, lung = value(after, VOLUME), value(after, LUNG)
    assert value(after, SHARE) == pytest.approx(100 * air / (air + lung))
    assert {m.name: m.model for m in after if m.side == "right"} == {
        VOLUME: "reader", SHARE: "reader", LUNG: "ct-threshold",
    }  # fmt: skip


def test_painting_over_lung_takes_it_from_the_lung(review, analysis, volume):
    plane = review.findings[0].mask.plane(2).copy()
    plane[8:12, 2:7] = True
    painted = repaint_slice(review, RIGHT, 2, plane)
    after = current_volume_measurements(painted, analysis, volume)
    # 20 voxels of 2 x 2 x 5 mm.
    assert value(analysis.measurements, LUNG) - value(after, LUNG) == pytest.approx(0.4)
    assert value(after, VOLUME) > value(analysis.measurements, VOLUME) + 0.3


def test_a_rejected_finding_is_not_measured_and_comes_back(review, analysis, volume):
    rejected = reject(review, RIGHT)
    after = current_volume_measurements(rejected, analysis, volume)
    assert [m.name for m in after] == [LUNG, LUNG]
    assert current_volume_measurements(reopen(rejected, RIGHT), analysis, volume) == analysis.measurements


def test_a_drawn_finding_is_measured_on_its_side(review, analysis, volume):
    drawn = add_volume_finding(review, Side.LEFT, SHAPE)
    assert current_volume_measurements(drawn, analysis, volume) == analysis.measurements
    plane = np.zeros(SHAPE[1:], np.bool_)
    plane[4:8, 22:26] = True
    painted = repaint_slice(drawn, "reader-1", 3, plane)
    after = current_volume_measurements(painted, analysis, volume)
    assert value(after, VOLUME, "left") is not None
    share = next(m for m in after if (m.name, m.side) == (SHARE, "left"))
    assert (share.valid, share.why_not) == (False, "no aerated lung was found on this side")
    assert next(m for m in after if (m.name, m.side) == (VOLUME, "right")).model == "ct-threshold"
    with pytest.raises(ValueError, match="choose right or left"):
        add_volume_finding(review, Side.UNKNOWN, SHAPE)


def test_a_stroke_counts_its_own_slice_anew_and_gives_what_the_whole_gives(volume, analysis, monkeypatch):
    from ptx_viewer.review import volume_measured

    counted = []
    count = volume_measured.count_pixels

    def watched(*planes):
        counted.append(1)
        return count(*planes)

    monkeypatch.setattr(volume_measured, "count_pixels", watched)
    review = review_from_volume_analysis(analysis)
    meter = VolumeMeter(analysis, volume)
    assert meter.measure(review) == analysis.measurements
    assert not counted
    for index, slices in ((2, SHAPE[0]), (3, 1), (2, 1)):
        plane = review.findings[0].mask.plane(index).copy()
        plane[5, 3:5] ^= True
        review = repaint_slice(review, RIGHT, index, plane)
        counted.clear()
        measured = meter.measure(review)
        # Both sides of every slice that changed.
        assert len(counted) == 2 * slices
        assert measured == current_volume_measurements(review, analysis, volume)


def drawn_on(slices: dict[int, np.ndarray]) -> VolumeReview:
    """A review with one finding that the reader drew on some slices."""
    review = add_volume_finding(VolumeReview("1.2"), Side.LEFT, SHAPE)
    for index, plane in slices.items():
        review = repaint_slice(review, "reader-1", index, plane)
    return review


def box(rows: slice, columns: slice) -> np.ndarray:
    plane = np.zeros(SHAPE[1:], np.bool_)
    plane[rows, columns] = True
    return plane


@pytest.mark.parametrize(("plane", "index", "width"), [(Plane.CORONAL, 5, 30), (Plane.SAGITTAL, 4, 20)])
def test_a_plane_across_the_slices_is_painted_row_by_row(analysis, plane, index, width):
    review = review_from_volume_analysis(analysis)
    before = review.findings[0].mask
    section = np.zeros((SHAPE[0], width), np.bool_)
    section[2:4, 10:12] = True
    painted = repaint_section(review, RIGHT, plane, index, section)
    after = painted.findings[0].mask
    dense = after.dense()
    assert np.array_equal(dense[:, index] if plane is Plane.CORONAL else dense[:, :, index], section)
    # Everything beside the plane is as it was, and a slice that did not change is the same array.
    others = np.delete(dense, index, axis=1 if plane is Plane.CORONAL else 2)
    assert np.array_equal(others, np.delete(before.dense(), index, axis=1 if plane is Plane.CORONAL else 2))
    assert after.slices[0] is before.slices[0]
    name = "coronal" if plane is Plane.CORONAL else "sagittal"
    assert painted.audit[-1].detail.startswith(f"{RIGHT}, {name} plane {index + 1}: 80 to ")
    assert repaint_section(painted, RIGHT, plane, index, section) is painted


def test_a_section_leaves_the_voxels_of_other_findings_alone(analysis):
    review = add_volume_finding(review_from_volume_analysis(analysis), Side.RIGHT, SHAPE)
    everything = np.ones((SHAPE[0], SHAPE[2]), np.bool_)
    painted = repaint_section(review, "reader-1", Plane.CORONAL, 5, everything)
    own, other = painted.findings[1].mask.dense(), painted.findings[0].mask.dense()
    assert not (own & other).any()
    assert own[:, 5].sum() == everything.sum() - 4 * 5


@pytest.mark.parametrize(
    ("plane", "index", "shape", "words"),
    [
        (Plane.CORONAL, 20, (6, 30), "no coronal plane 20"),
        (Plane.SAGITTAL, 4, (6, 30), r"a section must be boolean and of \(6, 20\)"),
        (Plane.AXIAL, 0, (20, 30), "no axial plane 0 across the slices"),
    ],
)
def test_senseless_sections_are_refused(analysis, plane, index, shape, words):
    review = review_from_volume_analysis(analysis)
    with pytest.raises(ValueError, match=words):
        repaint_section(review, RIGHT, plane, index, np.zeros(shape, np.bool_))


def test_between_two_squares_of_different_size_the_side_grows_evenly():
    review = drawn_on({1: box(np.s_[8:12], np.s_[8:12]), 5: box(np.s_[4:16], np.s_[4:16])})
    filled = fill_between(review, "reader-1", np.arange(6) * 5.0, (1.0, 1.0))
    mask = filled.findings[0].mask
    # Sides of 4 and 12 pixels, four steps apart: 6, 8 and 10 between, straight across the middle.
    for index, side in ((2, 6), (3, 8), (4, 10)):
        assert mask.plane(index)[10].sum() == side
    assert mask.slices[0] is None
    assert mask.slices[1] is review.findings[0].mask.slices[1]
    assert len(filled.audit) == len(review.audit) + 1


def test_uneven_slices_are_filled_by_their_positions():
    review = drawn_on({0: box(np.s_[8:12], np.s_[8:12]), 2: box(np.s_[4:16], np.s_[4:16])})
    near = fill_between(review, "reader-1", np.array([0.0, 1.0, 4.0, 5, 6, 7]), (1.0, 1.0))
    far = fill_between(review, "reader-1", np.array([0.0, 3.0, 4.0, 5, 6, 7]), (1.0, 1.0))
    assert near.findings[0].mask.plane(1)[10].sum() == 6
    assert far.findings[0].mask.plane(1)[10].sum() == 10


def test_without_an_empty_slice_between_nothing_is_filled(analysis):
    review = review_from_volume_analysis(analysis)
    assert fill_between(review, RIGHT, np.arange(6) * 5.0, (2.0, 2.0)) is review
    signed = sign(accept(review, RIGHT), "Reader")
    with pytest.raises(ReviewLocked):
        fill_between(signed, RIGHT, np.arange(6) * 5.0, (2.0, 2.0))
